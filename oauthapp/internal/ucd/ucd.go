// Package ucd knows what package oauthapp needs of the Unicode Character
// Database and of Unicode Technical Standards 39 (which characters look alike)
// and 46 (which ones the names of hosts may have): tables of version 17.0.0
// that gen.go makes from Unicode's own files. They are under the licence in
// LICENSE-UNICODE.
package ucd

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

//go:generate go run gen.go ucd

//go:embed decompositions.txt
var decompositionLines string

//go:embed lookalikes.txt
var lookAlikeLines string

var (
	decompositions = sync.OnceValue(func() map[rune]string { return parse(decompositionLines) })
	lookAlikes     = sync.OnceValue(func() map[rune]string { return parse(lookAlikeLines) })
)

// parse reads lines of a character and what belongs to it.
func parse(text string) map[rune]string {
	table := map[rune]string{}
	for line := range strings.Lines(text) {
		if r, size := utf8.DecodeRuneInString(line); !strings.HasPrefix(line, "# ") {
			table[r] = strings.TrimSuffix(line[size:], "\n")
		}
	}
	return table
}

// LookAlike returns the small letters and numbers that a character looks like,
// "" for one that is neither or invisible. A character with a canonical
// decomposition looks like what [Decompose] makes of it.
func LookAlike(r rune) string {
	if s, ok := lookAlikes()[r]; ok {
		return s
	}
	if !unicode.IsLetter(r) && !unicode.IsNumber(r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) {
		return ""
	}
	return string(unicode.ToLower(r))
}

// Decompose returns the canonical decomposition of a text, in canonical order
// (NFD).
func Decompose(s string) string {
	var all []rune
	for _, r := range s {
		all = decompose(all, r)
	}
	for i := 0; i < len(all); {
		if Class(all[i]) == 0 {
			i++
			continue
		}
		j := i
		for j < len(all) && Class(all[j]) != 0 {
			j++
		}
		slices.SortStableFunc(all[i:j], func(a, b rune) int { return int(Class(a)) - int(Class(b)) })
		i = j
	}
	return string(all)
}

func decompose(to []rune, r rune) []rune {
	// Hangul syllables, as in chapter 3.12 of the Unicode Standard.
	const syllables, lead, vowel, trail, vowels, trails = 0xac00, 0x1100, 0x1161, 0x11a7, 21, 28
	if n := r - syllables; 0 <= n && n < 19*vowels*trails {
		to = append(to, lead+n/(vowels*trails), vowel+n%(vowels*trails)/trails)
		if n%trails != 0 {
			to = append(to, trail+n%trails)
		}
		return to
	}
	parts, ok := decompositions()[r]
	if !ok {
		return append(to, r)
	}
	for _, part := range parts {
		to = decompose(to, part)
	}
	return to
}

var compositions = sync.OnceValue(func() map[string]bool {
	pairs := map[string]bool{}
	for r, parts := range decompositions() {
		if ValidInHosts(r) { // others are never composed
			pairs[parts] = true
		}
	}
	return pairs
})

// Composes reports whether NFC makes one character of two in the name of a
// host.
func Composes(a, b rune) bool {
	isJamo := func(r rune) bool { return 0x1100 <= r && r <= 0x11ff }
	return isJamo(b) || compositions()[string([]rune{a, b})]
}

// Virama is the canonical combining class of signs that join two consonants.
const Virama = 9

// Class returns the canonical combining class of a character, 0 for most.
func Class(r rune) uint8 {
	if r < 0x300 {
		return 0
	}
	for class, set := range classes {
		if set.has(r) {
			return class
		}
	}
	return 0
}

// JoinsNext reports whether a letter is joined to the next one, as in Arabic.
func JoinsNext(r rune) bool { return joinsNext.has(r) }

// JoinsPrevious reports whether a letter is joined to the one before.
func JoinsPrevious(r rune) bool { return joinsPrevious.has(r) }

// Transparent reports whether letters are joined across a character.
func Transparent(r rune) bool { return transparent.has(r) }

// ValidInHosts reports whether every URL parser accepts a character in the name
// of a host, as it is. Characters that came with Unicode 10 or later are not
// known to all.
func ValidInHosts(r rune) bool { return validInHosts.has(r) }

// RightToLeft reports whether a character is of a script that is written from
// right to left.
func RightToLeft(r rune) bool { return rightToLeft.has(r) }

// ArabicNumber reports whether a character is a number that is written with
// such scripts.
func ArabicNumber(r rune) bool { return arabicNumbers.has(r) }

// ranges are the first and last of each run of a set, in order.
type ranges []rune

func (set ranges) has(r rune) bool {
	i, found := slices.BinarySearch(set, r)
	return found || i%2 == 1
}
