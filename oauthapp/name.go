package oauthapp

import (
	"strings"
	"unicode"

	"github.com/oauthapps/oauthapps/oauthapp/internal/ucd"
)

// SameName reports whether two names are the same to somebody who types one of
// them to confirm it. It ignores the kind and number of spaces, the encoding of
// accents, and joiners, which many keyboards lack. Upper and lower case differ.
func SameName(a, b string) bool { return typed(a) == typed(b) }

func typed(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case isJoiner(r):
			return -1
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, ucd.Decompose(name))
	return strings.Join(strings.Fields(name), " ")
}
