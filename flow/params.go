package flow

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

const (
	maxBody   = 64 << 10 // bytes; no request of the protocol comes near
	usualBody = 4 << 10  // bytes that few requests exceed
	maxParams = 64
)

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// protocolParams are what a POST endpoint acts on. They are never read from the
// query string, which ends up in logs and histories; a client that puts them there
// is told so instead of being answered as if it had sent nothing.
var protocolParams = []string{
	"grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "scope", "state",
	"client_id", "client_secret", "client_assertion", "client_assertion_type",
	"token", "token_type_hint", "access_token",
}

// parameters are those of one request. They are few, so that to look through them all takes less than to hash a name.
type parameters []parameter

type parameter struct{ name, value string }

// Get returns the value of a parameter, or "" where there is none.
func (p parameters) Get(name string) string {
	for i := range p {
		if p[i].name == name {
			return p[i].value
		}
	}
	return ""
}

// Has reports whether there is a parameter.
func (p parameters) Has(name string) bool { return p.Count(name) > 0 }

// Count tells how often there is a parameter.
func (p parameters) Count(name string) (n int) {
	for i := range p {
		if p[i].name == name {
			n++
		}
	}
	return n
}

// Values returns the parameters as other packages take them.
func (p parameters) Values() url.Values {
	values, all := make(url.Values, len(p)), make([]string, len(p))
	for i, param := range p {
		all[i] = param.value
		if before, found := values[param.name]; found {
			values[param.name] = append(before, param.value)
		} else {
			values[param.name] = all[i : i+1 : i+1]
		}
	}
	return values
}

// sent drops those that were sent empty, which count as omitted (RFC 6749, section 3.2).
func (p parameters) sent() parameters {
	return slices.DeleteFunc(p, func(p parameter) bool { return p.value == "" })
}

// readForm reads the parameters of a POST request: a bounded
// application/x-www-form-urlencoded body and nothing else. Every parameter
// appears once and has a value; one sent empty counts as omitted (RFC 6749,
// section 3.2). Only "resource" may repeat (RFC 8707, section 2).
func readForm(w http.ResponseWriter, r *http.Request) (parameters, *Error) {
	mediaType, refusal := contentType(r)
	if refusal != nil {
		return nil, refusal
	}
	if mediaType != formType {
		return nil, refuse(InvalidRequest, "the content type must be "+formType)
	}
	body, refusal := readBody(w, r)
	if refusal != nil {
		return nil, refusal
	}
	return parseForm(body)
}

// readDNSimpleParams reads the parameters of the DNSimple-compatible token
// endpoint: a form, a JSON object whose members are all strings, or a form that a
// published client labels application/json.
func readDNSimpleParams(w http.ResponseWriter, r *http.Request) (parameters, *Error) {
	mediaType, refusal := contentType(r)
	if refusal != nil {
		return nil, refusal
	}
	if mediaType != formType && mediaType != jsonType {
		return nil, refuse(InvalidRequest, "the content type must be "+jsonType+" or "+formType)
	}
	body, refusal := readBody(w, r)
	if refusal != nil {
		return nil, refusal
	}
	if mediaType == jsonType && !looksLikeForm(body) {
		return parseJSON(body)
	}
	return parseForm(body)
}

// looksLikeForm tells a form from JSON: the name of a parameter begins with a
// letter, and no JSON text holds a "=" outside a string.
func looksLikeForm(body string) bool {
	name, _, found := strings.Cut(body, "=")
	return found && len(name) > 0 && (name[0]|0x20 >= 'a' && name[0]|0x20 <= 'z')
}

// contentType returns the media type of a request's body, having made sure that
// nothing the endpoint acts on is in the query string.
func contentType(r *http.Request) (string, *Error) {
	if r.URL.RawQuery != "" {
		query := r.URL.Query()
		for _, name := range protocolParams {
			if query.Has(name) {
				return "", refuse(InvalidRequest, "parameters must be in the body, not in the query string")
			}
		}
	}
	if encodings := r.Header["Content-Encoding"]; len(encodings) > 0 && encodings[0] != "" && !strings.EqualFold(encodings[0], "identity") {
		return "", &Error{
			Code:        InvalidRequest,
			Description: "the body must not have a content encoding",
			Status:      http.StatusUnsupportedMediaType,
		}
	}
	types := r.Header["Content-Type"]
	switch {
	case len(types) > 1:
		return "", refuse(InvalidRequest, "more than one content type")
	case len(types) == 1 && types[0] == formType:
		return formType, nil // as nearly every client sends it
	}
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return "", refuse(InvalidRequest, "the content type is missing or malformed")
	}
	return mediaType, nil
}

// bodies are rooms to read the usual body in. What was read is wiped before the room is used again.
var bodies = sync.Pool{New: func() any { return new([usualBody]byte) }}

func readBody(w http.ResponseWriter, r *http.Request) (string, *Error) {
	if r.ContentLength > maxBody {
		return "", errBodyTooLarge
	}
	source := r.Body
	if r.ContentLength < 0 {
		source = http.MaxBytesReader(w, source, maxBody) // has the server close the connection, not read the rest
	}
	room := bodies.Get().(*[usualBody]byte)
	body := room[:0]
	defer func() {
		clear(room[:min(len(body), usualBody)])
		bodies.Put(room)
	}()
	for {
		n, err := source.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case len(body) > maxBody: // and longer than told, which net/http rules out, but not every host that replaces it
			return "", errBodyTooLarge
		case err == io.EOF:
			return string(body), nil
		case err != nil:
			return "", unreadable(err)
		case len(body) == cap(body):
			body = slices.Grow(body, bytes.MinRead)
		}
	}
}

func unreadable(err error) *Error {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return errBodyTooLarge
	}
	return refuse(InvalidRequest, "the body could not be read")
}

var errBodyTooLarge = &Error{
	Code:        InvalidRequest,
	Description: "the body is too large",
	Status:      http.StatusRequestEntityTooLarge,
}

// parseForm takes a form apart, to the letter of what [url.ParseQuery] makes of one: it refuses what that refuses.
func parseForm(body string) (parameters, *Error) {
	n := strings.Count(body, "&") + 1
	if n > maxParams {
		return nil, refuse(InvalidRequest, "too many parameters")
	}
	form := make(parameters, 0, n)
	for body != "" {
		var pair string
		pair, body, _ = strings.Cut(body, "&")
		if pair == "" {
			continue
		}
		name, value, refusal := parseParam(pair)
		if refusal != nil {
			return nil, refusal
		}
		if form.Has(name) && name != "resource" {
			return nil, refuse(InvalidRequest, "parameter sent more than once: "+name)
		}
		form = append(form, parameter{name, value})
	}
	return form.sent(), nil
}

func parseParam(pair string) (name, value string, refusal *Error) {
	name, value, _ = strings.Cut(pair, "=")
	if isPlain(pair) {
		return name, value, nil
	}
	name, nameErr := url.QueryUnescape(name)
	value, valueErr := url.QueryUnescape(value)
	if nameErr != nil || valueErr != nil || strings.Contains(pair, ";") {
		return "", "", refuse(InvalidRequest, "the body is no well-formed form")
	}
	if !isText(name) || !isText(value) {
		return "", "", refuse(InvalidRequest, "parameter with invalid characters: "+name)
	}
	return name, value, nil
}

// isPlain reports whether s is printable ASCII that a form has as it is, as nearly every parameter is: it has only to be
// looked at once.
func isPlain(s string) bool {
	for i := range len(s) {
		if !plain[s[i]] {
			return false
		}
	}
	return true
}

var plain = func() (t [256]bool) {
	for c := ' '; c <= '~'; c++ {
		t[c] = !strings.ContainsRune("%+;", c)
	}
	return t
}()

// parseJSON reads one JSON object of string members. A member that comes twice
// is refused, which encoding/json alone would not do.
func parseJSON(body string) (parameters, *Error) {
	malformed := refuse(InvalidRequest, "the body must be one JSON object whose members are all strings")
	tokens := json.NewDecoder(strings.NewReader(body))
	if start, err := tokens.Token(); err != nil || start != json.Delim('{') {
		return nil, malformed
	}
	var object parameters
	for tokens.More() {
		key, err := tokens.Token()
		if err != nil {
			return nil, malformed
		}
		member, err := tokens.Token()
		name, _ := key.(string) // the decoder admits nothing else as a key
		value, isString := member.(string)
		if err != nil || !isString {
			return nil, malformed
		}
		switch {
		case object.Has(name):
			return nil, refuse(InvalidRequest, "parameter sent more than once: "+name)
		case len(object) == maxParams:
			return nil, refuse(InvalidRequest, "too many parameters")
		case !isText(name) || !isText(value):
			return nil, refuse(InvalidRequest, "parameter with invalid characters: "+name)
		}
		object = append(object, parameter{name, value})
	}
	if end, err := tokens.Token(); err != nil || end != json.Delim('}') {
		return nil, malformed
	}
	if _, err := tokens.Token(); err != io.EOF {
		return nil, malformed
	}
	return object.sent(), nil
}

// isText reports whether s is UTF-8 without control characters, and without the
// replacement character, which is what decoders leave of something that is no text.
func isText(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r == utf8.RuneError
	}) < 0
}
