package jose

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSource(t *testing.T) {
	const public = `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"iPSsWokFMLs9Ikx6UXhU91YTeVCLxhhSC490gIZv1lc"}]}`
	require.NoError(t, Source{Set: json.RawMessage(public)}.Check())
	require.NoError(t, Source{URI: "https://client.example/jwks.json"}.Check())
	for name, s := range map[string]Source{
		"nothing":   {},
		"both":      {Set: json.RawMessage(public), URI: "https://client.example/jwks.json"},
		"http":      {URI: "http://client.example/jwks.json"},
		"no set":    {Set: json.RawMessage(`"x"`)},
		"empty set": {Set: json.RawMessage(`{"keys":[]}`)},
		"shared":    {Set: json.RawMessage(`{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`)},
		"private":   {Set: json.RawMessage(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"iPSsWokFMLs9Ikx6UXhU91YTeVCLxhhSC490gIZv1lc","d":"x"}]}`)},
	} {
		require.Error(t, s.Check(), name)
	}
}
