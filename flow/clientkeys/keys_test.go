package clientkeys_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientkeys"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// What nobody could use is not kept, and the error says what is wrong with it.
func TestUnusableKeysAreRefused(t *testing.T) {
	h := newHost(t, flow.Config{}, clientkeys.Config{})
	key := newSigner("one")
	private, _ := json.Marshal(gojose.JSONWebKey{Key: key.key})
	for name, test := range map[string]struct {
		keys        clientkeys.Keys
		field, says string
	}{
		"nothing":         {clientkeys.Keys{}, "jwks", "Give a JSON Web Key Set"},
		"no JSON":         {clientkeys.Keys{Set: json.RawMessage("x")}, "jwks", "malformed"},
		"a key":           {clientkeys.Keys{Set: key.public()}, "jwks", "no array keys"},
		"no keys":         {clientkeys.Keys{Set: json.RawMessage(`{"keys":[]}`)}, "jwks", "is empty"},
		"private":         {clientkeys.Keys{Set: json.RawMessage(`{"keys":[` + string(private) + `]}`)}, "jwks", "private or symmetric"},
		"same kid":        {clientkeys.Keys{Set: setOf(key, newSigner("one"))}, "jwks", "same kid"},
		"too long":        {clientkeys.Keys{Set: json.RawMessage(`{"keys":[],"x":"` + strings.Repeat("x", 16<<10) + `"}`)}, "jwks", "longer than"},
		"both":            {clientkeys.Keys{Set: setOf(key), URI: "https://client.example/jwks.json"}, "jwks_uri", "not both"},
		"http":            {clientkeys.Keys{URI: "http://client.example/jwks.json"}, "jwks_uri", "https"},
		"no host":         {clientkeys.Keys{URI: "https:///jwks.json"}, "jwks_uri", "https"},
		"user":            {clientkeys.Keys{URI: "https://user@client.example/jwks.json"}, "jwks_uri", "without a user"},
		"fragment":        {clientkeys.Keys{URI: "https://client.example/jwks.json#"}, "jwks_uri", "fragment"},
		"long URL":        {clientkeys.Keys{URI: "https://client.example/" + strings.Repeat("x", 2000)}, "jwks_uri", "https"},
		"control in host": {clientkeys.Keys{URI: "https://client.example\n/"}, "jwks_uri", "https"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.Registry().SetExtra(t.Context(), oauthapp.OwnedBy("developer"), h.Application.ID, clientkeys.Name, test.keys)
			var invalid *oauthapp.ValidationError
			require.True(t, errors.As(err, &invalid), err)
			require.Contains(t, invalid.Message(test.field), test.says)
			require.NotContains(t, invalid.Message(test.field), "keys[0]: keys")
		})
	}
	_, _, err := h.Registry().Register(t.Context(), "developer", oauthapp.Registration{
		Name: "Other", HomepageURL: "https://other.example", CallbackURLs: []string{"https://other.example/callback"},
		Extra: map[string]any{clientkeys.Name: clientkeys.Keys{}},
	})
	var invalid *oauthapp.ValidationError
	require.True(t, errors.As(err, &invalid), err)
}

func TestParseKeys(t *testing.T) {
	set := setOf(newSigner("one"))
	parsed, err := clientkeys.ParseKeys("\r\n " + string(set) + "\n")
	require.NoError(t, err)
	require.JSONEq(t, string(set), string(parsed.Set))
	parsed, err = clientkeys.ParseKeys(" https://client.example/jwks.json\r\n")
	require.NoError(t, err)
	require.Equal(t, clientkeys.Keys{URI: "https://client.example/jwks.json"}, parsed)
	for _, text := range []string{"", "x", "http://client.example/jwks.json", "https://"} {
		_, err := clientkeys.ParseKeys(text)
		var invalid *oauthapp.ValidationError
		require.True(t, errors.As(err, &invalid), text)
		require.NotEmpty(t, invalid.Message("jwks"))
	}

	for _, keys := range []clientkeys.Keys{{Set: set}, {URI: "https://client.example/jwks.json"}} {
		data, err := json.Marshal(keys)
		require.NoError(t, err)
		var again clientkeys.Keys
		require.NoError(t, json.Unmarshal(data, &again))
		require.Equal(t, keys.URI, again.URI)
		require.Equal(t, string(keys.Set), string(again.Set))
	}
}
