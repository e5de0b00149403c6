package flow_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
)

func getJSON(t *testing.T, s *service, path string) map[string]any {
	t.Helper()
	w := s.get(path)
	require.Equal(t, http.StatusOK, w.Code, path)
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	require.Equal(t, "*", w.Header().Get("Access-Control-Allow-Origin"))
	require.Equal(t, "public, max-age=300", w.Header().Get("Cache-Control"))
	var document map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &document))
	return document
}

func TestServerMetadata(t *testing.T) {
	for _, tt := range []struct{ issuer, path string }{
		{"https://id.example", "/.well-known/oauth-authorization-server"},
		{"https://id.example:8443", "/.well-known/oauth-authorization-server"},
		{"https://id.example/tenants/1", "/.well-known/oauth-authorization-server/tenants/1"}, // RFC 8414, section 3.1
	} {
		t.Run(tt.issuer, func(t *testing.T) {
			s := newService(t, func(cfg *flow.Config) {
				cfg.Issuer, cfg.Pages.Files, cfg.Pages.Languages = tt.issuer, dutch, []string{"en", "nl"}
			})
			require.Equal(t, map[string]any{
				"issuer":                                         tt.issuer,
				"authorization_endpoint":                         tt.issuer + "/oauth/authorize",
				"token_endpoint":                                 tt.issuer + "/oauth/token",
				"revocation_endpoint":                            tt.issuer + "/oauth/revoke",
				"introspection_endpoint":                         tt.issuer + "/oauth/introspect",
				"scopes_supported":                               []any{"read", "write"},
				"response_types_supported":                       []any{"code"},
				"response_modes_supported":                       []any{"query"},
				"grant_types_supported":                          []any{"authorization_code", "refresh_token"},
				"token_endpoint_auth_methods_supported":          []any{"client_secret_basic", "client_secret_post", "none"},
				"revocation_endpoint_auth_methods_supported":     []any{"client_secret_basic", "client_secret_post", "none"},
				"introspection_endpoint_auth_methods_supported":  []any{"client_secret_basic", "client_secret_post"},
				"code_challenge_methods_supported":               []any{"S256"},
				"authorization_response_iss_parameter_supported": true,
				"ui_locales_supported":                           []any{"en", "nl"},
			}, getJSON(t, s, tt.path))
		})
	}
}

// TestEveryAdvertisedEndpointAnswers: what the metadata names is there, and
// refuses an empty request in the words of the protocol.
func TestEveryAdvertisedEndpointAnswers(t *testing.T) {
	for _, issuer := range []string{"https://id.example", "https://id.example/tenants/1"} {
		s := newService(t, func(cfg *flow.Config) { cfg.Issuer = issuer })
		document := getJSON(t, s, "/.well-known/oauth-authorization-server"+strings.TrimPrefix(issuer, "https://id.example"))
		for _, name := range []string{"token_endpoint", "revocation_endpoint", "introspection_endpoint"} {
			endpoint := strings.TrimPrefix(document[name].(string), "https://id.example")
			w := s.post(endpoint, credentialsOf(s.app, s.secret))
			requireError(t, w, http.StatusBadRequest, flow.InvalidRequest)
		}
		authorize := strings.TrimPrefix(document["authorization_endpoint"].(string), "https://id.example")
		require.Equal(t, http.StatusBadRequest, s.get(authorize).Code)
	}
}

func TestResourceMetadata(t *testing.T) {
	for _, tt := range []struct{ resource, path string }{
		{"", "/.well-known/oauth-protected-resource"},
		{"https://api.example", "/.well-known/oauth-protected-resource"},
		{"https://api.example/", "/.well-known/oauth-protected-resource"},
		{"https://api.example/v2", "/.well-known/oauth-protected-resource/v2"},
		{"https://api.example/v2/", "/.well-known/oauth-protected-resource/v2/"},
	} {
		t.Run(tt.resource, func(t *testing.T) {
			s := newService(t, func(cfg *flow.Config) { cfg.Resource = tt.resource })
			resource, host := tt.resource, "https://api.example"
			if resource == "" {
				resource, host = "https://id.example", "https://id.example"
			}
			require.Equal(t, map[string]any{
				"resource":                 resource,
				"authorization_servers":    []any{"https://id.example"},
				"scopes_supported":         []any{"read", "write"},
				"bearer_methods_supported": []any{"header"},
			}, getJSON(t, s, tt.path))
			require.Contains(t, s.guarded("", "read").Header().Get("WWW-Authenticate"), `resource_metadata="`+host+tt.path+`"`)
		})
	}
}

func TestMetadataIsCacheable(t *testing.T) {
	s := newService(t)
	for _, path := range []string{"/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource"} {
		first := s.get(path)
		etag := first.Header().Get("ETag")
		require.NotEmpty(t, etag)
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("If-None-Match", etag)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		require.Equal(t, http.StatusNotModified, w.Code)
		require.Empty(t, w.Body.String())
		require.NotEqual(t, etag, newService(t, func(cfg *flow.Config) {
			cfg.Scopes = cfg.Scopes[:1]
		}).get(path).Header().Get("ETag"), "another document has another tag")
	}
}

func TestNoOpenIDConfiguration(t *testing.T) {
	s := newService(t)
	requireError(t, s.get("/.well-known/openid-configuration"), http.StatusNotFound, flow.InvalidRequest)
}

func TestOriginsOfBrowserClients(t *testing.T) {
	s := newService(t)
	send := func(method, path string, form url.Values) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "https://id.example"+path, strings.NewReader(form.Encode()))
		r.Header.Set("Origin", "https://spa.example")
		if method == http.MethodOptions {
			r.Header.Set("Access-Control-Request-Method", http.MethodPost)
		} else {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
	for _, path := range []string{
		"/oauth/token", "/oauth/revoke", "/oauth/introspect",
		"/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource",
	} {
		w := send(http.MethodOptions, path, nil)
		require.Equal(t, http.StatusNoContent, w.Code, path)
		require.Equal(t, "*", w.Header().Get("Access-Control-Allow-Origin"))
		require.Contains(t, w.Header().Get("Access-Control-Allow-Methods"), "POST")
		// Those that browsers allow with "*" alone, and what older ones need by
		// name.
		require.Equal(t, []string{"*", "Accept", "Authorization", "Content-Type", "MCP-Protocol-Version"},
			strings.Split(w.Header().Get("Access-Control-Allow-Headers"), ", "))
		require.Empty(t, w.Header().Get("Access-Control-Allow-Credentials"))
	}
	for _, form := range []url.Values{with(credentialsOf(s.public, ""), "token", unissued), nil} {
		w := send(http.MethodPost, "/oauth/revoke", form)
		require.Equal(t, "*", w.Header().Get("Access-Control-Allow-Origin"), "a refusal is readable too")
		require.Contains(t, w.Header().Get("Access-Control-Expose-Headers"), "Retry-After")
		require.Empty(t, w.Header().Get("Access-Control-Allow-Credentials"))
		for name := range s.post("/oauth/revoke", form).Header() {
			require.NotContains(t, name, "Access-Control", "nobody asks without an origin, and no cache keeps the answer")
		}
	}
	for _, method := range []string{http.MethodOptions, http.MethodGet, http.MethodPost} {
		w := send(method, "/oauth/authorize", nil)
		require.Empty(t, w.Header().Get("Access-Control-Allow-Origin"), method)
		if method == http.MethodOptions {
			require.Equal(t, http.StatusMethodNotAllowed, w.Code)
		}
	}
}
