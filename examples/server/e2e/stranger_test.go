package e2e

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// An MCP client that nobody registered signs in, calls the API and refreshes:
// by its metadata document where the server reads those, and else by
// registering itself, with a secret or without. By its metadata document it
// also pushes its request, and signs in on another device.
func TestMCPStranger(t *testing.T) {
	const callback = "http://127.0.0.1:49321/callback"
	origin := newDocumentServer(t)
	documentURL := origin.URL + "/oauth/client.json"
	origin.serve("/oauth/client.json", map[string]any{
		"client_id": documentURL, "client_name": "Stranger", "redirect_uris": []string{callback, "stranger://callback"},
		"grant_types":                []string{"authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"},
		"token_endpoint_auth_method": "none", "logo_uri": origin.URL + "/logo.png",
	})
	t.Setenv("SSL_CERT_FILE", origin.roots) // of the server, in the place of the system's

	dir := nodePackage(t, "mcp", "@modelcontextprotocol/sdk")
	for name, test := range map[string]struct {
		documentURL, auth string
		args              []string
		byDocument        bool
	}{
		"metadata document":     {documentURL, "none", nil, true},
		"registers itself":      {"", "none", nil, false},
		"registers with secret": {"", "client_secret_post", nil, false},
		"registers instead":     {documentURL, "none", []string{"-without", "clientmetadata"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, test.args...)
			b := signIn(t, s, alice)
			node := newNode(t, dir, "stranger.mjs")
			node.start(s, application{Callback: callback}, map[string]string{"metadata_url": test.documentURL, "auth": test.auth})
			authorize := node.question()
			page := b.get(authorize)
			require.Equal(t, http.StatusOK, page.Status, page.Body)
			require.Contains(t, page.Body, "Authorize <bdi>Stranger</bdi>")
			require.NotContains(t, page.Body, "logo.png")
			if test.byDocument {
				require.Contains(t, page.Body, "from <bdi>"+origin.Listener.Addr().String()+"</bdi>")
			} else {
				require.Contains(t, page.Body, "registered itself")
			}
			node.write(b.authorize(authorize, alice.account).String())
			var result struct {
				Steps struct {
					nodeSteps
					ClientID string `json:"client_id"`
				}
			}
			node.read(&result)
			node.wait()
			steps := result.Steps
			require.Equal(t, test.byDocument, steps.ClientID == documentURL, steps.ClientID)
			require.Equal(t, 1, steps.WhoAmI.Data.User.ID)
			require.Equal(t, steps.WhoAmI, steps.WhoAmIRefreshed)
			require.True(t, steps.Rotated)
		})
	}
	t.Run("pushes and asks on another device", func(t *testing.T) {
		s := start(t)
		b := signIn(t, s, alice)
		verifier := newVerifier()
		request := query(t, s.authorizeURL(application{ClientID: documentURL, Callback: callback}, verifier, "scope", "read"))
		pushed := s.post(t, "/oauth/par", request)
		require.Equal(t, http.StatusCreated, pushed.Status, pushed.Body)
		location := b.authorize(s.URL+"/oauth/authorize?"+url.Values{"client_id": {documentURL}, "request_uri": {pushed.str("request_uri")}}.Encode(), alice.account)
		exchanged := s.post(t, "/oauth/token", url.Values{
			"grant_type": {"authorization_code"}, "code": {location.Query().Get("code")}, "redirect_uri": {callback}, "code_verifier": {verifier}, "client_id": {documentURL},
		})
		require.Equal(t, http.StatusOK, exchanged.Status, exchanged.Body)

		s = start(t) // where nobody knows the client yet
		b = signIn(t, s, alice)
		device := s.post(t, "/oauth/device_authorization", url.Values{"client_id": {documentURL}, "scope": {"read"}})
		require.Equal(t, http.StatusOK, device.Status, device.Body)
		poll := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {device.str("device_code")}, "client_id": {documentURL}}
		require.Equal(t, "authorization_pending", s.post(t, "/oauth/token", poll).str("error"))
		b.decideOnDevice(device.str("user_code"), "authorize", alice.account)
		granted := s.post(t, "/oauth/token", poll)
		require.Equal(t, http.StatusOK, granted.Status, granted.Body)
	})
	t.Run("has a key", func(t *testing.T) {
		public, private, err := ed25519.GenerateKey(nil)
		require.NoError(t, err)
		keyedURL := origin.URL + "/keyed.json"
		origin.serve("/keyed.json", map[string]any{
			"client_id": keyedURL, "client_name": "Keyed", "redirect_uris": []string{callback}, "token_endpoint_auth_method": "private_key_jwt",
			"jwks": map[string]any{"keys": []any{map[string]any{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(public)}}},
		})
		s := start(t)
		b := signIn(t, s, alice)
		verifier := newVerifier()
		location := b.authorize(s.authorizeURL(application{ClientID: keyedURL, Callback: callback}, verifier, "scope", "read"), alice.account)
		exchange := url.Values{
			"grant_type": {"authorization_code"}, "code": {location.Query().Get("code")}, "redirect_uri": {callback}, "code_verifier": {verifier}, "client_id": {keyedURL},
		}
		require.Equal(t, "invalid_client", s.post(t, "/oauth/token", exchange).str("error"))
		exchange.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		exchange.Set("client_assertion", assertion(t, private, keyedURL, s.URL))
		granted := s.post(t, "/oauth/token", exchange)
		require.Equal(t, http.StatusOK, granted.Status, granted.Body)
	})
	t.Run("cannot", func(t *testing.T) {
		s := start(t, "-without", "clientmetadata,registration")
		node := newNode(t, dir, "stranger.mjs")
		node.start(s, application{Callback: callback}, map[string]string{"metadata_url": documentURL, "auth": "none"})
		require.Error(t, node.cmd.Wait())
		require.Contains(t, node.stderr.String(), "does not support dynamic client registration")
	})
}

// assertion is what a client authenticates with that has a key (RFC 7523,
// section 3).
func assertion(t *testing.T, key ed25519.PrivateKey, client, issuer string) string {
	t.Helper()
	now := time.Now().Unix()
	claims, err := json.Marshal(map[string]any{"iss": client, "sub": client, "aud": issuer, "jti": newVerifier(), "iat": now, "exp": now + 60})
	require.NoError(t, err)
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"EdDSA","typ":"JWT"}`)) + "." + encode(claims)
	return signed + "." + encode(ed25519.Sign(key, []byte(signed)))
}
