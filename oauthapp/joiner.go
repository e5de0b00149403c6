package oauthapp

import (
	"slices"

	"github.com/oauthapps/oauthapps/oauthapp/internal/ucd"
)

const zeroWidthNonJoiner, zeroWidthJoiner = 0x200c, 0x200d

func isJoiner(r rune) bool { return r == zeroWidthNonJoiner || r == zeroWidthJoiner }

// hasLooseJoiners reports whether a text has a joiner where its script needs
// none. Such a joiner is invisible.
func hasLooseJoiners(text string) bool {
	runes := []rune(text)
	for i, r := range runes {
		if isJoiner(r) && !joinerFits(runes, i) {
			return true
		}
	}
	return false
}

// joinerFits reports whether the joiner text[i] shows (RFC 5892, appendix A.1
// and A.2). Either joiner shows after a virama, the sign with which Indic
// scripts join consonants. The non-joiner also shows between two letters that
// would be joined without it, as in Persian.
func joinerFits(text []rune, i int) bool {
	if i > 0 && ucd.Class(text[i-1]) == ucd.Virama {
		return true
	}
	if text[i] == zeroWidthJoiner {
		return false
	}
	letter := func(r rune) bool { return !ucd.Transparent(r) }
	before := slices.IndexFunc(reversed(text[:i]), letter)
	after := slices.IndexFunc(text[i+1:], letter)
	return before >= 0 && after >= 0 && ucd.JoinsNext(text[i-1-before]) && ucd.JoinsPrevious(text[i+1+after])
}

func reversed(text []rune) []rune {
	text = slices.Clone(text)
	slices.Reverse(text)
	return text
}
