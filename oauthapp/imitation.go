package oauthapp

import (
	"strings"
	"unicode"

	"github.com/oauthapps/oauthapps/oauthapp/internal/ucd"
)

// Imitates reports whether name contains other, as far as people can see. It
// ignores upper and lower case, spaces, punctuation, accents and typographic
// forms, and takes look-alike letters of other alphabets and digits for the
// letters that they look like. "Ехаmple-C1oud Support" imitates "Example
// Cloud", and so does "Backup for Example Cloud". To allow an ending such as
// "for Example Cloud", cut it off before the call.
//
// Use it for long names. A short name is found inside others: "Acme" is in "Mac
// Mechanic". If the host's own name is short, let Config.ReservedName admit
// such names.
//
// Unicode Technical Standard 39, version 17.0.0, says which characters look
// alike. Letters of scripts that other does not have are ignored, as ornaments.
func Imitates(name, other string) bool {
	// A letter may look like one letter in lower case and like another in upper
	// case.
	for _, seen := range []func(string) string{strings.Clone, strings.ToLower, strings.ToUpper} {
		s := skeleton(seen(other))
		if s != "" && strings.Contains(inScriptsOf(s, skeleton(seen(name))), s) {
			return true
		}
	}
	return false
}

// skeleton returns a text in which all characters that look alike are the same.
// It is the skeleton of Unicode Technical Standard 39, section 4, without the
// characters that people do not read.
func skeleton(text string) string {
	var b strings.Builder
	for _, r := range ucd.Decompose(text) {
		b.WriteString(ucd.LookAlike(r))
	}
	return b.String()
}

// inScriptsOf returns the skeleton s without the letters of scripts that other
// lacks.
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
