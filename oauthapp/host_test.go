package oauthapp

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/idna"
)

func TestPunycode(t *testing.T) {
	for _, host := range []string{
		"xn--mller-kva", "xn--strae-oqa", "xn--bcher-kva.example", "xn--fiqs8s", "xn--80akhbyknj4f", "xn--mgbh0fb.xn--kgbechtv",
		"xn--4dbcagdahymbxekheh6e0a7fei0b", "xn--i1b6b1a6a2e", "xn--hgbk6aj7f53bba", "xn--9n2bp8q", "app.xn--4dbcagdahymbxekheh6e0a7fei0b",
	} {
		require.Empty(t, checkHost(host), host)
	}
	for _, host := range []string{
		"xn--a", "xn--", "xn--a-", "xn--zz", "xn--abc-", "xn---", "xn--99999999", "xn--a-zzzzzzzz", "app.xn--a.example",
		"xn--tda-ecd",     // u with a diaeresis in two characters
		"xn--mller-kvb0a", // whatever does not come back
		"1st.xn--4dbcagdahymbxekheh6e0a7fei0b",
		"xn--a-0hc", // a letter from the left beside one from the right
		"xn--ab-j1t",
	} {
		require.Contains(t, checkHost(host).text, "punycode", host)
	}
}

// FuzzPunycode: what is accepted is what package idna would write, and what
// that accepts without a doubt is accepted.
func FuzzPunycode(f *testing.F) {
	for _, seed := range []string{"xn--a", "xn--mller-kva", "xn--4dbcagdahymbxekheh6e0a7fei0b", "xn--i1b6b1a6a2e", "a_b.xn--fiqs8s"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, host string) {
		if !strings.Contains(host, "xn--") || checkHost(host) != nil || strings.HasPrefix(host, "[") {
			return
		}
		browser := idna.New(idna.MapForLookup(), idna.BidiRule(), idna.CheckJoiners(true), idna.Transitional(false),
			idna.StrictDomainName(false), idna.CheckHyphens(false))
		text, err := browser.ToUnicode(host)
		require.NoError(t, err, "%q is %q", host, text)
		back, err := browser.ToASCII(text)
		require.NoError(t, err)
		require.Equal(t, host, back)
	})
}

func TestDecodePunycode(t *testing.T) {
	for _, text := range []string{"müller", "bücher", "ü", "例え", "почемужеонинеговорятпорусски", "a😀b", "3年b組金八先生", "aé\U0010ffffz"} {
		encoded, err := idna.Punycode.ToASCII(text)
		require.NoError(t, err)
		decoded, ok := decodePunycode(strings.TrimPrefix(encoded, "xn--"))
		require.True(t, ok, encoded)
		require.True(t, slices.Equal([]rune(text), decoded), "%q", string(decoded))
	}
}
