package e2e

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The identity provider of Acme signs Alice out, as Okta does: her tokens end,
// and nobody gets new ones before she has signed in again. It reaches nobody
// who is not of Acme.
func TestGlobalRevocation(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	encode := base64.RawURLEncoding.EncodeToString
	idp := newDocumentServer(t)
	idp.serve("/oauth2/v1/keys", map[string]any{"keys": []any{map[string]any{"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": encode(public)}}})

	s := start(t, "-identity-provider", idp.URL, "-metadata-ca", idp.roots)
	metadata := s.request(t, http.MethodGet, "/.well-known/oauth-authorization-server", "", nil)
	endpoint := metadata.str("global_token_revocation_endpoint")
	require.Equal(t, s.URL+"/oauth/global-token-revocation", endpoint)
	revoke := func(subject string) int {
		t.Helper()
		now := time.Now().Unix()
		claims, err := json.Marshal(map[string]any{"iss": idp.URL, "sub": "0oa1", "aud": endpoint, "jti": newVerifier(), "iat": now, "nbf": now - 300, "exp": now + 300})
		require.NoError(t, err)
		signed := encode([]byte(`{"alg":"EdDSA","kid":"1","typ":"global-token-revocation+jwt"}`)) + "." + encode(claims)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint, strings.NewReader(`{"sub_id":`+subject+`}`))
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+signed+"."+encode(ed25519.Sign(private, []byte(signed))))
		r.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		resp.Body.Close()
		return resp.StatusCode
	}

	b := signIn(t, s, alice)
	app := b.register(acme, "Survivor", "confidential", "https://app.example.com/callback")
	tokens := s.tokens(t, b, app, acme)
	require.Equal(t, http.StatusNotFound, revoke(`{"format":"email","email":"carol@example.com"}`))
	require.Equal(t, http.StatusOK, s.whoami(t, tokens.str("access_token")).Status)

	require.Equal(t, http.StatusNoContent, revoke(`{"format":"email","email":"Alice@Example.com"}`))
	require.Equal(t, http.StatusUnauthorized, s.whoami(t, tokens.str("access_token")).Status)
	require.Equal(t, "invalid_grant", s.refresh(t, app, tokens.str("refresh_token")).str("error"))
	require.Contains(t, b.get(s.authorizeURL(app, newVerifier())).Body, `name="password"`, "she is signed out")

	b = signIn(t, s, alice)
	again := s.tokens(t, b, app, acme)
	require.Equal(t, http.StatusNoContent, revoke(`{"format":"iss_sub","iss":"`+idp.URL+`","sub":"1"}`))
	require.Equal(t, http.StatusUnauthorized, s.whoami(t, again.str("access_token")).Status)

	off := start(t, "-identity-provider", idp.URL, "-without", "globalrevocation")
	require.NotContains(t, off.request(t, http.MethodGet, "/.well-known/oauth-authorization-server", "", nil).Body, "global_token_revocation")
}
