package flow

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/store/memory"
)

// Whether a request is served by an endpoint that was looked up or by way of the mux, it is answered alike.
func TestEndpointsAreServedAsByTheMux(t *testing.T) {
	for _, issuer := range []string{"https://id.example", "https://id.example/tenants/1"} {
		p, err := New(Config{
			Issuer:      issuer,
			Resource:    "https://api.example/v2/",
			Store:       memory.New(),
			Now:         func() time.Time { return time.Unix(1e9, 0) },
			CurrentUser: func(*http.Request) (*User, error) { return nil, nil },
			LoginURL:    func(string) string { return "/login" },
			Scopes:      []Scope{{Name: "read", Default: true}},
			DNSimple:    &DNSimpleProfile{},
		})
		require.NoError(t, err)
		serve := func(handler http.Handler, method, path string) (*httptest.ResponseRecorder, string) {
			r := httptest.NewRequest(method, path, nil)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			return w, r.Pattern
		}
		patterns := map[string]bool{}
		base := p.issuer.Path
		for _, path := range []string{
			base + authorizePath, base + tokenPath, base + revokePath, base + introspectPath, base + dnsimpleTokenPath,
			serverMetadataPath + base, resourceMetadataPath + "/v2/", resourceMetadataPath + "/v2/{$}", resourceMetadataPath + "/v2/%7B$%7D",
			base + tokenPath + "?client_secret=x", base + tokenPath + "/", base + "//oauth/token", base + "/x/../oauth/token", base + "/oauth/./token",
			base + "/oauth%2Ftoken", base + "/oauth/toke%6E", base + "/oauth/%74oken/", base + "/oauth", base + "/oauth/", base + "/oauth/TOKEN",
			base + "/oauth/token%20", base + "/oauth/token%00", "/", "/oauth/token", "*", "https://other.example:8443" + base + tokenPath,
		} {
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "post", "X"} {
				want, wantPattern := serve(p.mux, method, path)
				got, gotPattern := serve(p, method, path)
				require.Equal(t, want.Code, got.Code, "%s %s", method, path)
				require.Equal(t, want.Header(), got.Header(), "%s %s", method, path)
				require.Equal(t, want.Body.String(), got.Body.String(), "%s %s", method, path)
				require.Equal(t, wantPattern, gotPattern, "%s %s", method, path)
				patterns[gotPattern] = true
			}
		}
		require.NotEmpty(t, p.endpoints)
		for e := range p.endpoints {
			require.True(t, patterns[e.method+" "+e.path], "every endpoint is asked for")
		}
	}
}
