package wire

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// WriteJSON answers with JSON that no cache may keep. It returns an error, and
// writes nothing, where the answer is none of JSON's.
func WriteJSON(w http.ResponseWriter, status int, answer any) error {
	body, err := json.Marshal(answer)
	if err == nil {
		Write(w, status, body)
	}
	return err
}

// Write answers with JSON that no cache may keep.
func Write(w http.ResponseWriter, status int, body []byte) {
	WriteAs(w, status, "application/json", body)
}

// WriteAs answers with a content type that no cache may keep.
func WriteAs(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body))) // or else a long body is sent in chunks
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails only when the client has gone
}

// WriteError answers with an error as RFC 6749, section 5.2, says.
func WriteError(w http.ResponseWriter, e *Error) {
	SetRetryAfter(w, e)
	maps.Copy(w.Header(), e.Header)
	Write(w, e.Status, ErrorBody(e.Code, e.Description))
}

// SetRetryAfter tells when it is worth trying again after an error, if it ever
// is.
func SetRetryAfter(w http.ResponseWriter, e *Error) {
	if e.RetryAfter > 0 {
		seconds := int((e.RetryAfter + time.Second - 1) / time.Second) // never too early
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
	}
}

// ErrorBody is the body of RFC 6749, section 5.2.
func ErrorBody(code, description string) []byte {
	b, _ := json.Marshal(struct { // strings always marshal
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}{code, description})
	return b
}

// SetPragma has caches of HTTP/1.0 keep no answer of a token endpoint, either
// (RFC 6749, section 5.1).
func SetPragma(w http.ResponseWriter) { w.Header().Set("Pragma", "no-cache") }
