package oauthapp

import (
	"strings"
	"unicode"

	"github.com/oauthapps/oauthapps/oauthapp/internal/ucd"
)

// Imitates reports whether a name holds another one, as far as people can see: in any
// case, with whatever spaces and punctuation, accents, typographic forms, look-alike
// letters of other alphabets, and digits for letters. So "Ехаmple-C1oud Support" imitates
// "Example Cloud", and so does "Backup for Example Cloud": whoever wants to allow the
// latter leaves that ending out before asking.
//
// It is meant for long names: a short one is found in the middle of others, as "Acme" is
// in "Mac Mechanic". A host with such a name lets its Config.ReservedName admit those.
//
// Which characters look alike is told by Unicode Technical Standard 39, version 17.0.0.
// Letters of scripts that the other name does not have are taken for ornaments.
func Imitates(name, other string) bool {
	// Some letters look like one in upper case and like another one in lower case.
	for _, seen := range []func(string) string{strings.Clone, strings.ToLower, strings.ToUpper} {
		s := skeleton(seen(other))
		if s != "" && strings.Contains(inScriptsOf(s, skeleton(seen(name))), s) {
			return true
		}
	}
	return false
}

// skeleton returns what is left of a text once everything that looks alike is the same:
// the skeleton of Unicode Technical Standard 39, section 4, without what people do not
// read.
func skeleton(text string) string {
	var b strings.Builder
	for _, r := range ucd.Decompose(text) {
		b.WriteString(ucd.LookAlike(r))
	}
	return b.String()
}

// inScriptsOf returns a skeleton without the letters of scripts that another one lacks.
func inScriptsOf(other, s string) string {
	var scripts []*unicode.RangeTable
	for _, script := range unicode.Scripts {
		if strings.ContainsFunc(other, func(r rune) bool { return unicode.Is(script, r) }) {
			scripts = append(scripts, script)
		}
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) && !unicode.In(r, scripts...) {
			return -1
		}
		return r
	}, s)
}
