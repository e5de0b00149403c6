package memory

import (
	"slices"
	"strings"
	"unique"
)

// scopes is a list of scopes in one pointer: equal lists are kept once, for as
// long as any row has them. A scope holds no space (RFC 6749, section 3.3).
type scopes struct{ joined unique.Handle[string] }

func scopesOf(list []string) scopes { return scopes{unique.Make(strings.Join(list, " "))} }

// list returns a list of the caller's own, nil if it is empty.
func (s scopes) list() []string {
	joined := s.joined.Value()
	if joined == "" {
		return nil
	}
	return strings.Split(joined, " ")
}

// with returns the list with what is added to it, each once, after what it has.
func (s scopes) with(added []string) scopes {
	list := s.list()
	for _, scope := range added {
		if !slices.Contains(list, scope) {
			list = append(list, scope)
		}
	}
	return scopesOf(list)
}
