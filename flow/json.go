package flow

import (
	"encoding/json"
	"strconv"
)

// An object is JSON in the making, as [encoding/json] writes it: for answers that are asked for so often that it matters
// what reflection costs. It is begun with its first member.
type object []byte

func (o object) boolean(name string, value bool) object {
	return strconv.AppendBool(o.name(name), value)
}

func (o object) number(name string, value int64) object {
	return strconv.AppendInt(o.name(name), value, 10)
}

// numberIfAny adds a member, unless it is 0.
func (o object) numberIfAny(name string, value int64) object {
	if value == 0 {
		return o
	}
	return o.number(name, value)
}

// textIfAny adds a member, unless it is empty.
func (o object) textIfAny(name, value string) object {
	if value == "" {
		return o
	}
	return o.text(name, value)
}

func (o object) text(name, value string) object {
	o = o.name(name)
	if !isVerbatim(value) {
		encoded, _ := json.Marshal(value) // a string always marshals
		return append(o, encoded...)
	}
	return append(append(append(o, '"'), value...), '"')
}

func (o object) name(name string) object {
	separator := byte(',')
	if len(o) == 0 {
		separator = '{'
	}
	return append(append(append(o, separator, '"'), name...), `":`...)
}

func (o object) end() []byte { return append(o, '}') }

// isVerbatim reports whether JSON has s as it is between quotes, as nearly everything that names something.
func isVerbatim(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}
