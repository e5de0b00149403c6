package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const signedIntrospection = "application/token-introspection+jwt"

// introspectSigned asks about a token for a signed answer.
func (s *server) introspectSigned(t *testing.T, app application, token string) answer {
	t.Helper()
	a := s.request(t, http.MethodPost, "/oauth/introspect", app.as(url.Values{"token": {token}}).Encode(), func(r *http.Request) {
		r.Header.Set("Content-Type", formType)
		r.Header.Set("Accept", signedIntrospection)
	})
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	require.Equal(t, signedIntrospection, a.Header.Get("Content-Type"))
	return a
}

// Published clients ask for signed answers, and verify them with the keys that
// the metadata leads to.
func TestSignedIntrospectionClients(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(alice.account, "Signed", "confidential", "https://app.example.com/callback")
	live := s.tokens(t, b, app, alice.account, "scope", "read write").str("access_token")
	revoked := s.tokens(t, b, app, alice.account).str("access_token")
	require.Equal(t, http.StatusOK, s.post(t, "/oauth/revoke", app.as(url.Values{"token": {revoked}})).Status)
	for _, test := range []struct{ client, algorithm string }{
		{"oauth4webapi", ""},
		{"oauth4webapi", "ES256"},
		{"openid-client", "ES256"},
	} {
		t.Run(test.client+" "+test.algorithm, func(t *testing.T) {
			t.Parallel()
			ask := func(token string) map[string]any {
				node := newNode(t, nodePackage(t, "node", test.client), "signed-introspection.mjs")
				node.start(s, app, map[string]string{"client": test.client, "algorithm": test.algorithm, "access_token": token})
				var result struct{ Steps map[string]any }
				node.read(&result)
				node.wait()
				return result.Steps
			}
			answer := ask(live)
			require.Equal(t, true, answer["active"])
			require.Equal(t, app.ClientID, answer["client_id"])
			require.Equal(t, "read write", answer["scope"])
			require.Equal(t, s.URL, answer["iss"])
			require.Equal(t, map[string]any{"active": false}, ask(revoked))
		})
	}
}

// A signed answer is taken for no other JWT, wherever the server reads one (RFC
// 9701, section 8.1).
func TestSignedAnswerIsNothingElse(t *testing.T) {
	t.Parallel()
	const operator = "operator-token-of-the-test"
	s := start(t, "-operator-token", operator)
	b := signIn(t, s, alice)
	app := b.register(alice.account, "Signed", "confidential", "https://app.example.com/callback")
	tokens := s.tokens(t, b, app, alice.account)
	signed := s.introspectSigned(t, app, tokens.str("access_token")).Body
	require.Len(t, strings.Split(signed, "."), 3)

	with := func(header, value string, form url.Values) func(path string) answer {
		return func(path string) answer {
			return s.request(t, http.MethodPost, path, form.Encode(), func(r *http.Request) {
				r.Header.Set("Content-Type", formType)
				if header != "" {
					r.Header.Set(header, value)
				}
			})
		}
	}
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.str("refresh_token")}}
	assertion := url.Values{
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {signed},
		"grant_type": {"client_credentials"},
	}
	for name, test := range map[string]struct {
		answer answer
		status int
		says   string
	}{
		"access token":     {s.whoami(t, signed), http.StatusUnauthorized, "invalid_token"},
		"client assertion": {with("", "", assertion)("/oauth/token"), http.StatusUnauthorized, "invalid_client"},
		"DPoP proof":       {with("DPoP", signed, app.as(refresh))("/oauth/token"), http.StatusBadRequest, "invalid_dpop_proof"},
		"refresh token":    {s.post(t, "/oauth/token", app.as(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {signed}})), http.StatusBadRequest, "invalid_grant"},
		"code":             {s.post(t, "/oauth/token", app.as(url.Values{"grant_type": {"authorization_code"}, "code": {signed}, "redirect_uri": {app.Callback}})), http.StatusBadRequest, "invalid_grant"},
		"operator":         {with("Authorization", "Bearer "+signed, nil)("/oauth/leaks"), http.StatusUnauthorized, ""},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.status, test.answer.Status, test.answer.Body)
			require.Contains(t, test.answer.Body, test.says)
		})
	}
	require.Contains(t, s.post(t, "/oauth/introspect", app.as(url.Values{"token": {signed}})).Body, `"active":false`)
	require.Equal(t, http.StatusOK, s.post(t, "/oauth/token", app.as(refresh)).Status, "nothing of that ended the session")
}
