package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

// A web application that signs its users in with better-auth has the demo as a
// provider like any other, however it authenticates, and without having been
// registered where it has a metadata document.
func TestBetterAuth(t *testing.T) {
	t.Parallel()
	const callback = "https://app.example.com/api/auth/callback/oauthapps"
	origin := newDocumentServer(t)
	s := start(t, "-metadata-ca", origin.roots)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	jwk := jose.JSONWebKey{Key: key, KeyID: "key-1", Algorithm: "ES256"}
	private, err := json.Marshal(jwk)
	require.NoError(t, err)
	keys := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{jwk.Public()}}
	for _, test := range []struct{ name, auth string }{
		{"secret in the header", "basic"}, {"secret in the body", "post"}, {"public", "none"},
		{"document", "none"}, {"document with a key", "key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			node := nodeClient(t, "better-auth")
			b := signIn(t, s, alice)
			app := application{ClientID: origin.URL + "/" + test.auth + ".json", Callback: callback}
			switch test.name {
			case "document", "document with a key":
				document := map[string]any{
					"client_id": app.ClientID, "client_name": "Stranger", "redirect_uris": []string{callback},
					"grant_types": []string{"authorization_code", "refresh_token"}, "token_endpoint_auth_method": "none",
				}
				if test.auth == "key" {
					document["token_endpoint_auth_method"], document["jwks"] = "private_key_jwt", keys
				}
				origin.serve("/"+test.auth+".json", document)
			case "public":
				app = b.register(alice.account, "better-auth", "public", callback)
			default:
				app = b.register(alice.account, "better-auth", "confidential", callback)
			}
			node.start(s, app, map[string]string{"auth": test.auth, "key": string(private), "algorithm": `{"name":"ECDSA","namedCurve":"P-256"}`})
			steps := node.login(b, alice.account)
			require.Equal(t, "read write", steps.Scope)
			require.InDelta(t, 3600, steps.ExpiresIn, 60)
			require.Equal(t, 1, steps.WhoAmI.Data.User.ID)
			require.Equal(t, steps.WhoAmI, steps.WhoAmIRefreshed)
			require.True(t, steps.Rotated)
		})
	}
}
