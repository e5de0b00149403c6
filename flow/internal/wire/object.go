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
	members := map[string]json.RawMessage{}
	refusal := eachMember(body, func(name string, value json.RawMessage) *Error {
		if members[name] != nil {
			return Refuse(InvalidRequest, "the body has a member twice")
		}
		members[name] = value
		return nil
	})
	if refusal != nil {
		return nil, refusal
	}
	return members, nil
}

// eachMember reads one JSON object and calls member with each of its members,
// in the order in which they came. A refusal of a member ends the reading.
// Values stay undecoded: a number may be one that no type of Go holds.
func eachMember(body string, member func(name string, value json.RawMessage) *Error) *Error {
	malformed := Refuse(InvalidRequest, "the body must be one JSON object")
	decoder := json.NewDecoder(strings.NewReader(body))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return malformed
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return malformed
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return malformed
		}
		name, _ := key.(string) // the decoder admits nothing else as a key
		if refusal := member(name, value); refusal != nil {
			return refusal
		}
	}
	if end, err := decoder.Token(); err != nil || end != json.Delim('}') {
		return malformed
	}
	if _, err := decoder.Token(); err != io.EOF {
		return malformed
	}
	return nil
}
