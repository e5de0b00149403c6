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
				private := b.pasteKey(&app, test.key, algorithm)
				node.start(s, app, map[string]string{"auth": "key", "key": private, "algorithm": test.web})
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

// pasteKey has an application authenticate with a key, and returns that. The
// application has no secret any more.
func (b *browser) pasteKey(app *application, key any, algorithm string) (private string) {
	b.t.Helper()
	private, public := webKey(b.t, key, algorithm)
	form := b.get(home(alice.account) + "/" + app.ID + "/edit").form(home(alice.account) + "/" + app.ID)
	require.Less(b.t, form.set("jwks", public).submit().Status, 300)
	app.ClientSecret = ""
	return private
}

// webKey returns a key as a JWK, and the JWK Set of its public half.
func webKey(t testing.TB, key any, algorithm string) (private, public string) {
	t.Helper()
	jwk := jose.JSONWebKey{Key: key, KeyID: "key-1", Algorithm: algorithm}
	one, err := json.Marshal(jwk)
	require.NoError(t, err)
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{jwk.Public()}})
	require.NoError(t, err)
	return string(one), string(set)
}
