package flow

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The error codes of an [Error]: all that this package ever sends.
const (
	// RFC 6749, sections 4.1.2.1 and 5.2.
	InvalidRequest          = "invalid_request"
	InvalidClient           = "invalid_client"
	InvalidGrant            = "invalid_grant"
	InvalidScope            = "invalid_scope"
	UnauthorizedClient      = "unauthorized_client"
	UnsupportedGrantType    = "unsupported_grant_type"
	UnsupportedResponseType = "unsupported_response_type"
	AccessDenied            = "access_denied"
	ServerError             = "server_error"
	TemporarilyUnavailable  = "temporarily_unavailable"

	// RFC 8707, section 2.
	InvalidTarget = "invalid_target"

	// OpenID Connect Core 1.0, section 3.1.2.6. The last two were taken over by RFC 9101.
	LoginRequired            = "login_required"
	ConsentRequired          = "consent_required"
	AccountSelectionRequired = "account_selection_required"
	InteractionRequired      = "interaction_required"
	RequestNotSupported      = "request_not_supported"
	RequestURINotSupported   = "request_uri_not_supported"

	// RFC 6750, section 3.1.
	InvalidToken      = "invalid_token"
	InsufficientScope = "insufficient_scope"
)

// An Error is a refusal in the words of the protocol. Code, Description and Status
// are for whoever sent the request and hold no internals; what the operator needs
// to know is the cause, which errors.Is and errors.As find through Unwrap.
type Error struct {
	// Code is one of the constants above. It is empty only where RFC 6750 asks for
	// none: a request for a protected resource that carries no access token.
	Code string
	// Description is a phrase for the developer of the client. Outside the
	// DNSimple-compatible endpoint it keeps to the characters of RFC 6749, section 5.2.
	Description string
	// Status is the HTTP status of the answer.
	Status int

	retryAfter time.Duration // when it is worth trying again; 0 for a refusal that stands
	cause      error
	body       []byte // of the answer, where it was made beforehand
}

// Error returns the code, the description and the cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("flow: " + strconv.Itoa(e.Status))
	for _, part := range []string{e.Code, e.Description} {
		if part != "" {
			b.WriteString(": " + part)
		}
	}
	if e.cause != nil {
		b.WriteString(": " + e.cause.Error())
	}
	return b.String()
}

// Unwrap returns what made an outage or an internal error, nil for a refusal.
func (e *Error) Unwrap() error { return e.cause }

// refuse makes the answer to a request that is at fault itself.
func refuse(code, description string) *Error {
	status := http.StatusBadRequest
	switch code {
	case InvalidClient, InvalidToken:
		status = http.StatusUnauthorized
	case InsufficientScope:
		status = http.StatusForbidden
	}
	return &Error{Code: code, Description: plainText(description), Status: status}
}

// refuseOften is refuse for what is made once and sent often.
func refuseOften(code, description string) *Error {
	e := refuse(code, description)
	e.body = errorBody(e.Code, e.Description)
	return e
}

// outage makes the answer to a request that could not be judged because the
// store, or the host, failed: neither yes nor no.
func outage(cause error) *Error {
	return &Error{
		Code:        TemporarilyUnavailable,
		Description: "the service is temporarily unavailable",
		Status:      http.StatusServiceUnavailable,
		retryAfter:  outageRetryAfter,
		cause:       cause,
	}
}

// internal makes the answer to a request that met a fault of ours.
func internal(cause error) *Error {
	return &Error{
		Code:        ServerError,
		Description: "the service met an internal error",
		Status:      http.StatusInternalServerError,
		cause:       cause,
	}
}

const maxDescription = 200

// plainText replaces what RFC 6749, section 5.2, does not allow in an
// error_description, so that a phrase may quote what a client sent.
func plainText(s string) string {
	if len(s) > maxDescription {
		s = s[:maxDescription]
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"' || r == '\\':
			return '\''
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, s)
}

// outageRetryAfter is how long a client should wait when it is answered 503.
const outageRetryAfter = 5 * time.Second

// writeError answers a protocol endpoint's client as RFC 6749, section 5.2, says.
func (p *Provider) writeError(w http.ResponseWriter, r *http.Request, e *Error) {
	if e.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="`+p.cfg.Issuer+`", charset="UTF-8"`)
	}
	p.writeErrorBody(w, r, e)
}

// writeErrorBody writes an error without a challenge, and tells the operator of an
// outage or an internal error.
func (p *Provider) writeErrorBody(w http.ResponseWriter, r *http.Request, e *Error) {
	if e.Status >= http.StatusInternalServerError {
		p.logFailure(r, "request failed", e)
	}
	if e.retryAfter > 0 {
		seconds := int((e.retryAfter + time.Second - 1) / time.Second) // never too early
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
	}
	body := e.body
	if body == nil {
		body = errorBody(e.Code, e.Description)
	}
	writeBody(w, e.Status, body)
}

// errorBody is the body of RFC 6749, section 5.2.
func errorBody(code, description string) []byte {
	b, _ := json.Marshal(struct { // strings always marshal
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}{code, description})
	return b
}

// logFailure tells the operator what failed behind a request. A client that went
// away is no failure: what it cancelled fails by that alone.
func (p *Provider) logFailure(r *http.Request, message string, err error) {
	if errors.Is(r.Context().Err(), context.Canceled) {
		return
	}
	// The path alone: a query may hold a code.
	p.cfg.Logger.ErrorContext(r.Context(), message, "error", err, "method", r.Method, "path", r.URL.Path)
}

// writeJSON answers a request that is granted.
func (p *Provider) writeJSON(w http.ResponseWriter, answer any) {
	body, err := json.Marshal(answer)
	if err != nil {
		p.cfg.Logger.Error("answer cannot be written", "error", err)
		writeBody(w, http.StatusInternalServerError, errorBody(ServerError, "the service met an internal error"))
		return
	}
	writeBody(w, http.StatusOK, body)
}

// setPragma has caches of HTTP/1.0 keep no answer of a token endpoint, either (RFC 6749, section 5.1).
func setPragma(w http.ResponseWriter) { w.Header().Set("Pragma", "no-cache") }

func writeBody(w http.ResponseWriter, status int, body []byte) {
	setJSONHeader(w.Header())
	if len(body) > 1<<10 {
		// Of what is shorter net/http tells the length itself, what is longer it would send in chunks.
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails only when the client has gone
}

// setJSONHeader sets the header of an answer that no cache may keep.
func setJSONHeader(h http.Header) {
	values := []string{"application/json", "no-store", "nosniff"}
	for i, name := range [...]string{"Content-Type", "Cache-Control", "X-Content-Type-Options"} {
		h[name] = values[i : i+1 : i+1]
	}
}
