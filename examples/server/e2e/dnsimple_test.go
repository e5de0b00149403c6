package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

const compatible = "/v2/oauth/access_token"

// The bodies that the published DNSimple clients send, byte for byte in shape.
func TestDNSimpleBodies(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(acme, "Compatible", "confidential", "https://app.example.com/callback")
	native := b.register(acme, "Command line", "public", "http://127.0.0.1/callback")

	asJSON := func(fields url.Values) string {
		object := map[string]string{}
		for name := range fields {
			object[name] = fields.Get(name)
		}
		body, err := json.Marshal(object)
		require.NoError(t, err)
		return string(body)
	}
	for _, c := range []struct {
		name, contentType, authorization string
		app                              application
		encode                           func(url.Values) string
		without                          []string
	}{
		{"JSON", "application/json", "", app, asJSON, nil},
		{"JSON with charset", "application/json; charset=utf-8", "", app, asJSON, nil},
		{"JSON, meaningless bearer", "application/json", "Bearer undefined", app, asJSON, nil},
		{"JSON, empty bearer", "application/json", "Bearer ", app, asJSON, nil},
		{"JSON, no state", "application/json", "", app, asJSON, []string{"state"}},
		{"form", formType, "", app, url.Values.Encode, nil},
		{"form labelled JSON", "application/json", "Bearer None", app, url.Values.Encode, nil},
		{"public with PKCE", "application/json", "", native, asJSON, []string{"state", "client_secret"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			verifier := newVerifier()
			if !c.app.public() {
				verifier = ""
			}
			callback := b.in(t).authorize(s.authorizeURL(c.app, verifier, "state", "xyz", "account_id", acme), acme)
			fields := c.app.as(redemption(c.app, callback.Query().Get("code"), verifier))
			fields.Set("state", "xyz")
			for _, name := range c.without {
				fields.Del(name)
			}
			a := s.request(t, http.MethodPost, compatible, c.encode(fields), func(r *http.Request) {
				r.Header.Set("Content-Type", c.contentType)
				if c.authorization != "" {
					r.Header.Set("Authorization", c.authorization)
				}
			})
			require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
			require.Equal(t, "Bearer", a.str("token_type"))
			require.Contains(t, a.Body, `"account_id":2`) // a JSON integer
			require.NotContains(t, a.JSON, "refresh_token")
			if scope, found := a.JSON["scope"]; found {
				require.Equal(t, "read", scope)
			}
			require.Equal(t, "no-store", a.Header.Get("Cache-Control"))
			rateLimited(t, a)
			require.Equal(t, http.StatusOK, s.whoami(t, a.str("access_token")).Status)
		})
	}
}

func TestDNSimpleErrors(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(acme, "Compatible", "confidential", "https://app.example.com/callback")
	verifier := newVerifier()
	code := b.authorize(s.authorizeURL(app, verifier, "state", "xyz"), acme).Query().Get("code")
	body := func(changes ...string) string {
		object := map[string]string{"grant_type": "authorization_code", "code": code, "client_id": app.ClientID, "client_secret": app.ClientSecret,
			"redirect_uri": app.Callback, "state": "xyz", "code_verifier": verifier}
		for i := 0; i+1 < len(changes); i += 2 {
			if changes[i+1] == "" {
				delete(object, changes[i])
			} else {
				object[changes[i]] = changes[i+1]
			}
		}
		encoded, err := json.Marshal(object)
		require.NoError(t, err)
		return string(encoded)
	}
	post := func(body string) answer {
		return s.request(t, http.MethodPost, compatible, body, func(r *http.Request) { r.Header.Set("Content-Type", "application/json") })
	}
	for _, c := range []struct {
		name, body string
		status     int
		code       string
	}{
		{"state", body("state", "abc"), 400, "invalid_request"},
		{"redirect_uri", body("redirect_uri", "https://app.example.com/other"), 400, "invalid_request"},
		{"grant_type", body("grant_type", "refresh_token"), 400, "invalid_request"},
		{"no grant_type", body("grant_type", ""), 400, "invalid_request"},
		{"no code", body("code", ""), 400, "invalid_request"},
		{"code", body("code", "nonsense"), 400, "invalid_grant"},
		{"wrong verifier", body("code_verifier", newVerifier()), 400, "invalid_grant"},
		{"secret", body("client_secret", "wrong"), 401, "invalid_client"},
		{"no secret", body("client_secret", ""), 401, "invalid_client"},
		{"client", body("client_id", "nobody"), 401, "invalid_client"},
		{"empty", "", 400, "invalid_request"},
		{"array", "[" + body() + "]", 400, "invalid_request"},
		{"number", `{"grant_type":1}`, 400, "invalid_request"},
		{"two objects", body() + body(), 400, "invalid_request"},
		{"member twice", `{"state":"xyz",` + body()[1:], 400, "invalid_request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := post(c.body)
			require.Equal(t, c.status, a.Status, "%s", a.Body)
			require.Equal(t, c.code, a.str("error"), "%s", a.Body)
			require.Contains(t, a.Header.Get("Content-Type"), "application/json")
		})
	}
	require.Equal(t, `Invalid "state": value doesn't match the "state" in the authorization request`, post(body("state", "abc")).str("error_description"))
	require.Equal(t, http.StatusMethodNotAllowed, s.request(t, http.MethodGet, compatible, "", nil).Status)
	require.Equal(t, http.StatusOK, post(body()).Status, "no error used up the code")
}
