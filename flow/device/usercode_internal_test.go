package device

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/width"

	"github.com/oauthapps/oauthapps/flow/internal/ticket"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// Codes have 8 letters, each letter is drawn equally often, and none comes
// twice.
func TestNewUserCode(t *testing.T) {
	const codes = 5000
	drawn, seen := map[byte]int{}, map[userCode]bool{}
	for range codes {
		code := newUserCode()
		require.Len(t, code, userCodeLen)
		require.False(t, seen[code])
		seen[code] = true
		for i := range len(code) {
			drawn[code[i]]++
		}
		require.Regexp(t, "^[A-Z]{4}-[A-Z]{4}$", code.String())
	}
	require.Len(t, drawn, len(alphabet))
	for letter, n := range drawn {
		require.Contains(t, alphabet, string(letter))
		require.InDelta(t, codes*userCodeLen/len(alphabet), n, 300, "%c, of which 7 standard deviations are 300", letter)
	}
	require.NotContains(t, alphabet, "I")
	require.NotContains(t, alphabet, "O")
}

func TestParseUserCode(t *testing.T) {
	const code userCode = "WDJBMJHT"
	for _, typed := range []string{
		"WDJB-MJHT", "WDJBMJHT", "wdjb-mjht", "wdjbMJHT", " WDJB MJHT ", "W D J B M J H T", "WDJB–MJHT", "WDJB—MJHT", "WDJB‐MJHT",
		"WDJB - MJHT", "\tWDJB\n-MJHT\r\n", "--WDJBMJHT--", "WDJB\u00a0MJHT", "\u200eWDJB-MJHT\u200f", "WDJB\u00adMJHT",
		"ＷＤＪＢ－ＭＪＨＴ", "ｗｄｊｂ－ｍｊｈｔ", "ＷＤＪＢ　ＭＪＨＴ", "ＷＤＪＢーＭＪＨＴ", "WDJB\u2212MJHT",
	} {
		parsed, ok := parseUserCode(typed)
		require.True(t, ok, "%q", typed)
		require.Equal(t, code, parsed, "%q", typed)
	}
	for _, typed := range []string{
		"", "-", "WDJB-MJH", "WDJB-MJHTT", "WDJB-MJHTB", "WDJB-MJHA", "WDJB-MJH1", "WDJB_MJHT", "WDJB.MJHT", "WDJB+MJHT", "ＡDJB-MJHT", "WDJB＿MJHT", "ſDJB-MJHT",
		"WDJB-MJHT\x00", "WDJB-MJHT\xff", "\u0412DJB-MJHT", "WDJB-MJH\u212a", strings.Repeat("W", 10_000),
	} {
		parsed, ok := parseUserCode(typed)
		require.False(t, ok, "%q", typed)
		require.Empty(t, parsed.String())
	}
}

func FuzzParseUserCode(f *testing.F) {
	for _, typed := range []string{"WDJB-MJHT", "wdjb mjht", "WDJB–MJHT", "", "ſDJBMJHT", "\xff", "WDJB-MJHTB", "ＷＤＪＢ－ＭＪＨＴ"} {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := parseUserCode(typed)
		if !ok {
			require.Empty(t, code)
			return
		}
		require.Len(t, code, userCodeLen)
		for _, letter := range code {
			require.Contains(t, alphabet, string(letter))
			require.Contains(t, strings.ToUpper(width.Narrow.String(typed)), string(letter))
		}
		again, ok := parseUserCode(code.String())
		require.True(t, ok)
		require.Equal(t, code, again, "what is shown can be typed")
	})
}

// Nobody who has a store's digest finds the code by trying all, without a key.
func TestDigestsOfUserCodesAreKeyed(t *testing.T) {
	const code userCode = "WDJBMJHT"
	keys := ticket.Keys{[]byte(strings.Repeat("a", 32)), []byte(strings.Repeat("b", 32))}
	digests, err := newCodeDigests(keys)
	require.NoError(t, err)
	require.Len(t, digests, len(keys))
	require.NotEqual(t, digests[0].of(code), digests[1].of(code))
	require.NotEqual(t, digests[0].of(code), digests[0].of("WDJBMJHB"))
	for _, plain := range []string{string(code), code.String()} {
		require.NotEqual(t, credential.DigestOf(plain), digests[0].of(code))
	}
	again, err := newCodeDigests(keys[1:])
	require.NoError(t, err)
	require.Equal(t, digests[1].of(code), again[0].of(code), "on every node")
}
