package wire

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// ReadObject reads the body of a request, which must be one JSON object of at
// most [MaxBody] bytes, without a member twice. The members may be anything.
func ReadObject(w http.ResponseWriter, r *http.Request) (map[string]json.RawMessage, *Error) {
	_, body, refusal := readBody(w, r, nil, JSONType)
	if refusal != nil {
		return nil, refusal
	}
	return ParseObject(body)
}

// Text reads a member that is a string. It reports false for anything else.
func Text(member json.RawMessage) (string, bool) {
	var s *string
	if member == nil || json.Unmarshal(member, &s) != nil || s == nil {
		return "", false
	}
	return *s, true
}

// ParseObject reads one JSON object without a member twice. The members may be
// anything.
func ParseObject(body string) (map[string]json.RawMessage, *Error) {
	malformed := Refuse(InvalidRequest, "the body must be one JSON object")
	decoder := json.NewDecoder(strings.NewReader(body))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, malformed
	}
	members := map[string]json.RawMessage{}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, malformed
		}
		var member json.RawMessage
		if err := decoder.Decode(&member); err != nil {
			return nil, malformed
		}
		name, _ := key.(string) // the decoder admits nothing else as a key
		if members[name] != nil {
			return nil, Refuse(InvalidRequest, "the body has a member twice")
		}
		members[name] = member
	}
	if end, err := decoder.Token(); err != nil || end != json.Delim('}') {
		return nil, malformed
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, malformed
	}
	return members, nil
}
