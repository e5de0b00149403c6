package oauthapp

import (
	"strings"
	"unicode"

	"github.com/oauthapps/oauthapps/oauthapp/internal/ucd"
)

// SameName reports whether somebody who typed one name meant the other: whatever spaces
// there are, however accents are encoded, and with or without joiners, which many
// keyboards lack. It is for confirming what a page shows; upper and lower case differ.
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
