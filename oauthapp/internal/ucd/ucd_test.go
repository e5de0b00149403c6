package ucd

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

// Every character that package norm knows is decomposed as it does it.
func TestDecompose(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) || unicode.Is(unicode.Han, r) || r > 0xac80 && unicode.Is(unicode.Hangul, r) || !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z) {
			continue
		}
		for _, s := range []string{string(r), string(r) + "\u0301\u0323\u0327", "a\u0301" + string(r)} {
			if norm.NFD.String(s) != Decompose(s) {
				require.Equal(t, norm.NFD.String(s), Decompose(s), "%U", r)
			}
		}
	}
}

func FuzzDecompose(f *testing.F) {
	f.Add("e\u0301\u0323 한글 ǭ")
	f.Fuzz(func(t *testing.T, s string) {
		if utf8.ValidString(s) {
			once := Decompose(s)
			require.Equal(t, once, Decompose(once))
			require.Equal(t, once, Decompose(norm.NFC.String(s)))
		}
	})
}

// What is not composed is what package norm leaves as it is.
func TestComposes(t *testing.T) {
	for r, parts := range decompositions() {
		pair := []rune(parts)
		if len(pair) == 2 && unicode.In(r, unicode.L, unicode.M) && ValidInHosts(r) {
			require.Equal(t, string(r), norm.NFC.String(parts), "%U", r)
		}
	}
	require.True(t, Composes('u', 0x308))
	require.False(t, Composes('q', 0x308))
	require.False(t, Composes(0x915, 0x93c), "excluded from composition")
}

func TestTables(t *testing.T) {
	for name, set := range map[string]ranges{
		"joinsNext": joinsNext, "joinsPrevious": joinsPrevious, "transparent": transparent,
		"validInHosts": validInHosts, "rightToLeft": rightToLeft, "arabicNumbers": arabicNumbers,
	} {
		require.NotEmpty(t, set, name)
		require.Zero(t, len(set)%2, name)
		for i := range set[1:] {
			require.LessOrEqual(t, set[i], set[i+1], name)
		}
	}
	require.EqualValues(t, Virama, Class(0x94d))
	require.EqualValues(t, 230, Class(0x301))
	require.True(t, JoinsNext('ی') && JoinsPrevious('ا') && !JoinsNext('ا') && Transparent(0x64e))
	require.True(t, RightToLeft('א') && ArabicNumber('٣') && !RightToLeft('a'))
	require.True(t, ValidInHosts('ü') && ValidInHosts('ß') && !ValidInHosts('Ü') && !ValidInHosts('ﬁ'))
	require.Len(t, decompositions(), 2081)
	require.Greater(t, len(lookAlikes()), 6000)
	require.Equal(t, "o", LookAlike('౦'))
}
