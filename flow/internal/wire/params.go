package wire

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const MaxBody = 64 << 10 // bytes; no request of the protocol comes near

const (
	FormType = "application/x-www-form-urlencoded"
	JSONType = "application/json"
)

// Params are those of one request that its endpoint acts on, in the order in
// which they came. One sent empty is left out, as it counts as omitted (RFC
// 6749, section 3.1), unless it was sent more than once.
type Params []Param

type Param struct{ Name, Value string }

// Get returns the value of a parameter, or "" where there is none.
func (p Params) Get(name string) string {
	for _, param := range p {
		if param.Name == name {
			return param.Value
		}
	}
	return ""
}

// Has reports whether there is a parameter.
func (p Params) Has(name string) bool { return p.Count(name) > 0 }

// Count tells how often there is a parameter.
func (p Params) Count(name string) (n int) {
	for _, param := range p {
		if param.Name == name {
			n++
		}
	}
	return n
}

// Values returns the parameters as other packages take them.
func (p Params) Values() url.Values {
	values := make(url.Values, len(p))
	for _, param := range p {
		values.Add(param.Name, param.Value)
	}
	return values
}

// Only returns the parameters of these names.
func (p Params) Only(names []string) Params {
	return slices.DeleteFunc(slices.Clone(p), func(p Param) bool { return !slices.Contains(names, p.Name) })
}

// Without returns the parameters but for that of a name.
func (p Params) Without(name string) Params {
	return slices.DeleteFunc(slices.Clone(p), func(p Param) bool { return p.Name == name })
}

// repeatable is the only parameter that may be sent more than once (RFC 8707,
// section 2).
const repeatable = "resource"

// Check refuses what is wrong with the parameters of these names: one that was
// sent more than once, where only "resource" may be, and one that is no text. A
// "state" belongs to the client and may hold any bytes.
func (p Params) Check(names []string) *Error {
	for i, param := range p {
		switch {
		case !slices.Contains(names, param.Name):
		case param.Name != repeatable && p[:i].Has(param.Name):
			return Refuse(InvalidRequest, "parameter sent more than once: "+param.Name)
		case param.Name != "state" && !IsText(param.Value):
			return Refuse(malformedCode(param.Name), "parameter with invalid characters: "+param.Name)
		}
	}
	return nil
}

// malformedCode is the error code of a parameter that is no text.
func malformedCode(name string) string {
	switch name {
	case "scope":
		return InvalidScope // RFC 6749, sections 4.1.2.1 and 5.2
	case repeatable:
		return InvalidTarget // RFC 8707, section 2
	}
	return InvalidRequest
}

// sent leaves out the parameters that count as omitted.
func (p Params) sent() Params {
	isEmpty := func(p Param) bool { return p.Value == "" }
	if !slices.ContainsFunc(p, isEmpty) {
		return p
	}
	times := map[string]int{} // counted once, as there can be very many
	for _, param := range p {
		times[param.Name]++
	}
	return slices.DeleteFunc(p, func(p Param) bool {
		return isEmpty(p) && (p.Name == repeatable || times[p.Name] == 1)
	})
}

// ReadForm reads the parameters of these names from the body of a POST request,
// which must be a form of at most [MaxBody] bytes, and checks them.
func ReadForm(w http.ResponseWriter, r *http.Request, names []string) (Params, *Error) {
	params, refusal := ReadFormUnchecked(w, r, names)
	if refusal == nil {
		refusal = params.Check(names)
	}
	if refusal != nil {
		return nil, refusal
	}
	return params, nil
}

// ReadFormUnchecked is [ReadForm] for an endpoint that checks the parameters
// itself, because it answers different ones in different ways.
func ReadFormUnchecked(w http.ResponseWriter, r *http.Request, names []string) (Params, *Error) {
	_, body, refusal := readBody(w, r, names, FormType)
	if refusal != nil {
		return nil, refusal
	}
	return ParseForm(body, names)
}

// ReadFormOrJSON is [ReadForm] for an endpoint that also takes a JSON object,
// and a form that a published client labels application/json.
func ReadFormOrJSON(w http.ResponseWriter, r *http.Request, names []string) (Params, *Error) {
	mediaType, body, refusal := readBody(w, r, names, JSONType, FormType)
	if refusal != nil {
		return nil, refusal
	}
	parse := ParseForm
	if mediaType == JSONType && !looksLikeForm(body) {
		parse = ParseJSON
	}
	params, refusal := parse(body, names)
	if refusal == nil {
		refusal = params.Check(names)
	}
	if refusal != nil {
		return nil, refusal
	}
	return params, nil
}

// looksLikeForm tells a form from JSON: the name of a parameter begins with a
// letter, and no JSON text holds a "=" outside a string.
func looksLikeForm(body string) bool {
	name, _, found := strings.Cut(body, "=")
	return found && len(name) > 0 && (name[0]|0x20 >= 'a' && name[0]|0x20 <= 'z')
}

// readBody reads the body of a POST request, which has one of these media
// types, to an endpoint that acts on the parameters of these names. None of
// them may be in the query string, which ends up in logs and histories: a
// client that puts one there is told so instead of being answered as if it had
// sent nothing.
func readBody(w http.ResponseWriter, r *http.Request, names []string, mediaTypes ...string) (mediaType, body string, refusal *Error) {
	if query, refusal := ParseForm(r.URL.RawQuery, names); refusal != nil || len(query) > 0 {
		return "", "", Refuse(InvalidRequest, "parameters must be in the body, not in the query string")
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return "", "", &Error{
			Code:        InvalidRequest,
			Description: "the body must not have a content encoding",
			Status:      http.StatusUnsupportedMediaType,
		}
	}
	if len(r.Header["Content-Type"]) > 1 {
		return "", "", Refuse(InvalidRequest, "more than one content type")
	}
	// The parameters of the type mean nothing: a form is UTF-8, and so is JSON.
	mediaType, _, _ = strings.Cut(r.Header.Get("Content-Type"), ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	if !slices.Contains(mediaTypes, mediaType) {
		return "", "", Refuse(InvalidRequest, "the content type must be "+strings.Join(mediaTypes, " or "))
	}
	body, refusal = readAll(w, r)
	return mediaType, body, refusal
}

func readAll(w http.ResponseWriter, r *http.Request) (string, *Error) {
	if r.ContentLength > MaxBody {
		return "", errBodyTooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return "", errBodyTooLarge
	}
	if err != nil {
		return "", Refuse(InvalidRequest, "the body could not be read")
	}
	return string(body), nil
}

var errBodyTooLarge = &Error{
	Code:        InvalidRequest,
	Description: "the body is too large",
	Status:      http.StatusRequestEntityTooLarge,
}

// ParseForm takes the parameters of these names out of a query string or the
// body of a form, as WHATWG URL, section 5.1, has it: "&" alone separates them.
// One of them whose percent-encoding is broken is refused.
func ParseForm(raw string, names []string) (Params, *Error) {
	var params Params
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil || !slices.Contains(names, name) {
			continue
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, Refuse(InvalidRequest, "parameter with a malformed percent-encoding: "+name)
		}
		params = append(params, Param{name, value})
	}
	return params.sent(), nil
}

// ParseJSON takes the parameters of these names out of one JSON object, where
// they must be strings. One that may be sent more than once can be an array of
// strings. Other members may be anything.
func ParseJSON(body string, names []string) (Params, *Error) {
	var params Params
	refusal := eachMember(body, func(name string, value json.RawMessage) *Error {
		if !slices.Contains(names, name) {
			return nil
		}
		values, ok := jsonStrings(value, name == repeatable)
		if !ok {
			return Refuse(InvalidRequest, "parameter that is no string: "+name)
		}
		for _, value := range values {
			params = append(params, Param{name, value})
		}
		return nil
	})
	if refusal != nil {
		return nil, refusal
	}
	return params.sent(), nil
}

// jsonStrings reads a string, or several where an array of them may be.
func jsonStrings(member json.RawMessage, orArray bool) (values []string, ok bool) {
	one := []*string{new(string)}
	if err := json.Unmarshal(member, &one[0]); err != nil && (!orArray || json.Unmarshal(member, &one) != nil) {
		return nil, false
	}
	for _, value := range one {
		if value == nil { // null
			return nil, false
		}
		values = append(values, *value)
	}
	return values, true
}

// IsText reports whether s is UTF-8 without control characters, and without the
// replacement character, which is what decoders leave of something that is no
// text.
func IsText(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r == utf8.RuneError
	}) < 0
}

// IsUnreserved reports whether s has unreserved characters only (RFC 3986,
// section 2.3).
func IsUnreserved(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z':
		case c == '-', c == '.', c == '_', c == '~':
		default:
			return false
		}
	}
	return true
}
