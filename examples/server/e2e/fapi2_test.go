package e2e

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Published clients go through all of FAPI 2.0 with a service that is held to
// it: they push their requests, authenticate with a key, and bind their tokens
// with DPoP.
func TestFAPI2Clients(t *testing.T) {
	t.Parallel()
	s := start(t, "-profile", "fapi2")
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	rsa2048, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	for _, test := range []struct {
		client, algorithm string
		key               crypto.Signer
		web               string // of the Web Cryptography API
		proofs            string
	}{
		{"openid-client", "ES256", ec, `{"name":"ECDSA","namedCurve":"P-256"}`, "ES256"},
		{"openid-client", "PS256", rsa2048, `{"name":"RSA-PSS","hash":"SHA-256"}`, "PS256"},
		{"oauth4webapi", "ES256", ec, `{"name":"ECDSA","namedCurve":"P-256"}`, "PS256"},
		{"oauth4webapi", "EdDSA", ed, `{"name":"Ed25519"}`, "ES256"},
	} {
		t.Run(test.client+" "+test.algorithm, func(t *testing.T) {
			t.Parallel()
			node := newNode(t, nodePackage(t, "node", test.client), "dpop-"+test.client+".mjs")
			b := signIn(t, s, alice)
			app := b.register(alice.account, test.client+" "+test.algorithm, "", "https://app.example.com/callback")
			node.start(s, app, map[string]string{
				"auth": "key", "key": b.pasteKey(&app, test.key, test.algorithm), "algorithm": test.web, "alg": test.proofs, "clock_skew": "0", "push": "true",
			})
			question := node.question()
			require.Contains(t, question, "request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A")
			require.NotContains(t, question, "scope=")
			steps := node.dpop(b, question)
			require.False(t, steps.Rotated)
			require.Equal(t, steps.Thumbprint, steps.Introspection.Confirmation.JKT)
			require.Equal(t, "invalid_token", steps.Refused)
		})
	}
}

// The demo is held to a profile by a flag.
func TestProfileOfTheDemo(t *testing.T) {
	t.Parallel()
	metadata := func(profile string) (document map[string]any) {
		r, err := http.Get(start(t, "-profile", profile).URL + "/.well-known/oauth-authorization-server")
		require.NoError(t, err)
		defer r.Body.Close()
		require.NoError(t, json.NewDecoder(r.Body).Decode(&document))
		return document
	}
	require.Equal(t, []any{"private_key_jwt"}, metadata("fapi2")["token_endpoint_auth_methods_supported"])
	require.Contains(t, metadata("mcp")["token_endpoint_auth_methods_supported"], "none")
}
