package oauthapp

import "github.com/oauthapps/oauthapps/oauthapp/internal/ucd"

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
	before, after := i-1, i+1
	for before >= 0 && ucd.Transparent(text[before]) {
		before--
	}
	for after < len(text) && ucd.Transparent(text[after]) {
		after++
	}
	return before >= 0 && after < len(text) && ucd.JoinsNext(text[before]) && ucd.JoinsPrevious(text[after])
}
