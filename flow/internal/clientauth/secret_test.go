package clientauth

import (
	"encoding/base64"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/internal/wire"
)

func TestParseBasic(t *testing.T) {
	encode := func(pair string) string { return base64.StdEncoding.EncodeToString([]byte(pair)) }
	awkward := "%+:/= \"é&"
	for _, tt := range []struct {
		name, encoded, id, secret string
		ok                        bool
	}{
		{"plain", encode("id:secret"), "id", "secret", true},
		{"form-encoded", encode(url.QueryEscape("a:b") + ":" + url.QueryEscape(awkward)), "a:b", awkward, true},
		{"plus is a space", encode("id:a+b"), "id", "a b", true},
		{"colon in the secret", encode("id:a:b"), "id", "a:b", true},
		{"no secret", encode("id:"), "id", "", true},
		{"several spaces before", "   " + encode("id:secret"), "id", "secret", true},
		{"no id", encode(":secret"), "", "", false},
		{"no colon", encode("id"), "", "", false},
		{"no colon but an encoded one", encode("id%3Asecret"), "", "", false},
		{"nothing", "", "", "", false},
		{"no base64", "id:secret", "", "", false},
		{"base64url", base64.URLEncoding.EncodeToString([]byte("id:\xff\xfe?>")), "", "", false},
		{"without padding", "aWQ6c2VjcmV0MQ", "", "", false},
		{"second encoding of one text", "aWQ6c2VjcmV0MR==", "", "", false},
		{"bad escape in the id", encode("%zz:secret"), "", "", false},
		{"bad escape in the secret", encode("id:50%"), "", "", false},
		{"control character", encode("id:a%0ab"), "", "", false},
		{"NUL in the id", encode("i\x00d:a"), "", "", false},
		{"invalid UTF-8", encode("id:\xff"), "", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			id, secret, ok := parseBasic(tt.encoded)
			require.Equal(t, tt.ok, ok)
			require.Equal(t, tt.id, id)
			require.Equal(t, tt.secret, secret)
		})
	}
}

// FuzzParseBasic takes text both as it comes and as what is encoded.
func FuzzParseBasic(f *testing.F) {
	for _, seed := range []string{
		"", "aWQ6c2VjcmV0", "aWQ6", "OnNlY3JldA==", " aWQ6c2VjcmV0", "aWQlen06eA==", "id:secret", "a%3Ab:c+d", "id:%", "%:id", ":a", "i;d:a:b", "id:\x7f", "\xff:a",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, encoded := range []string{text, base64.StdEncoding.EncodeToString([]byte(text))} {
			id, secret, ok := parseBasic(encoded)
			if !ok {
				require.Empty(t, id+secret)
				continue
			}
			require.NotEmpty(t, id)
			require.True(t, wire.IsText(id) && wire.IsText(secret))
			pair := url.QueryEscape(id) + ":" + url.QueryEscape(secret)
			id2, secret2, ok := parseBasic(base64.StdEncoding.EncodeToString([]byte(pair)))
			require.True(t, ok)
			require.Equal(t, []string{id, secret}, []string{id2, secret2})
		}
	})
}
