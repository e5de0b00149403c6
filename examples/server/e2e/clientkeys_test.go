package e2e

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

// Published clients authenticate with keys that the owner of the application
// pasted into its form, at every endpoint.
func TestNodeClientsWithKeys(t *testing.T) {
	t.Parallel()
	s := start(t)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	rsa2048, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	for _, client := range []string{"oauth4webapi", "openid-client"} {
		for algorithm, test := range map[string]struct {
			key any
			web string // of the Web Cryptography API
		}{
			"ES256": {ec, `{"name":"ECDSA","namedCurve":"P-256"}`},
			"EdDSA": {ed, `{"name":"Ed25519"}`},
			"PS256": {rsa2048, `{"name":"RSA-PSS","hash":"SHA-256"}`},
			"RS256": {rsa2048, `{"name":"RSASSA-PKCS1-v1_5","hash":"SHA-256"}`},
		} {
			t.Run(client+" "+algorithm, func(t *testing.T) {
				t.Parallel()
				node := nodeClient(t, client)
				b := signIn(t, s, alice)
				app := b.register(alice.account, client+" "+algorithm, "confidential", "https://app.example.com/callback")
				key := jose.JSONWebKey{Key: test.key, KeyID: "key-1", Algorithm: algorithm}
				private, err := json.Marshal(key)
				require.NoError(t, err)
				public, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}})
				require.NoError(t, err)
				form := b.get(home(alice.account) + "/" + app.ID + "/edit").form(home(alice.account) + "/" + app.ID)
				require.Less(t, form.set("jwks", string(public)).submit().Status, 300)

				app.ClientSecret = ""
				node.start(s, app, map[string]string{"auth": "key", "key": string(private), "algorithm": test.web})
				steps := node.login(b, alice.account)
				require.Equal(t, 1, steps.WhoAmI.Data.User.ID)
				require.True(t, steps.Rotated)
				require.Equal(t, "invalid_token", steps.Refused)
				require.Equal(t, app.ClientID, steps.Introspection["client_id"])
				require.Equal(t, map[string]any{"active": false}, steps.IntrospectionRevoked)
			})
		}
	}
}
