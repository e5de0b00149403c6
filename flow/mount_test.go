package flow_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/store/memory"
)

func newMountable(t *testing.T, issuer string) *flow.Provider {
	t.Helper()
	p, err := flow.New(flow.Config{
		Issuer:      issuer,
		Resource:    "https://api.example/v2/",
		Store:       memory.New(),
		CurrentUser: func(*http.Request) (*flow.User, error) { return nil, nil },
		LoginURL:    func(string) string { return "/login" },
		Scopes:      []flow.Scope{{Name: "read", Default: true}},
	})
	require.NoError(t, err)
	return p
}

func ask(handler http.Handler, method, path string) (*httptest.ResponseRecorder, string) {
	r := httptest.NewRequest(method, path, nil)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w, r.Pattern
}

// An endpoint is found by its full path, in a mux that it was mounted on and by
// the provider itself.
func TestMount(t *testing.T) {
	for _, base := range []string{"", "/tenants/1"} {
		p := newMountable(t, "https://id.example"+base)
		host := http.NewServeMux()
		p.Mount(host)
		for name, handler := range map[string]http.Handler{"mux": host, "provider": p} {
			for _, step := range []struct {
				method, path string
				want         int
			}{
				{"GET", base + "/oauth/authorize", 400}, {"POST", base + "/oauth/authorize", 400},
				{"POST", base + "/oauth/token", 400}, {"POST", base + "/oauth/revoke", 400}, {"POST", base + "/oauth/introspect", 400},
				{"GET", base + "/oauth/style.css", 200},
				{"GET", "/.well-known/oauth-authorization-server" + base, 200}, {"GET", "/.well-known/oauth-protected-resource/v2/", 200},
				{"OPTIONS", base + "/oauth/token", 204}, {"OPTIONS", base + "/oauth/revoke", 204},
				{"OPTIONS", "/.well-known/oauth-authorization-server" + base, 204}, {"OPTIONS", "/.well-known/oauth-protected-resource/v2/", 204},
			} {
				w, pattern := ask(handler, step.method, step.path)
				require.Equal(t, step.want, w.Code, "%s %s %s", name, step.method, step.path)
				require.Contains(t, pattern, step.method+" ", step.path)
			}
			for _, path := range []string{base + "/oauth/", base + "/oauth/token/", base + "/oauth%2Ftoken", base + "/oauth/TOKEN", "/"} {
				for _, method := range []string{"POST", "GET"} {
					w, _ := ask(handler, method, path)
					require.Equal(t, http.StatusNotFound, w.Code, path)
					if name == "provider" {
						requireError(t, w, http.StatusNotFound, flow.InvalidRequest)
					}
				}
			}
		}
	}
}

// Whatever the method, an endpoint answers in JSON, mounted or not, and also
// where the service serves everything else.
func TestMethodsOfEndpoints(t *testing.T) {
	for _, base := range []string{"", "/tenants/1"} {
		p := newMountable(t, "https://id.example"+base)
		mounted, catching := http.NewServeMux(), http.NewServeMux()
		p.Mount(mounted)
		p.Mount(catching)
		for _, pattern := range []string{"/", "GET /"} {
			catching.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })
		}
		for path, allow := range map[string]string{
			base + "/oauth/authorize": "GET, HEAD, POST", base + "/oauth/style.css": "GET, HEAD",
			base + "/oauth/token": "OPTIONS, POST", base + "/oauth/revoke": "OPTIONS, POST", base + "/oauth/introspect": "OPTIONS, POST",
			"/.well-known/oauth-authorization-server" + base: "GET, HEAD, OPTIONS", "/.well-known/oauth-protected-resource/v2/": "GET, HEAD, OPTIONS",
		} {
			refused := func(handler http.Handler, method string) {
				w, _ := ask(handler, method, path)
				requireError(t, w, http.StatusMethodNotAllowed, flow.InvalidRequest)
				require.Equal(t, allow, w.Header().Get("Allow"), "%s %s", method, path)
				if method != "POST" { // from no page
					require.Equal(t, strings.Contains(allow, "OPTIONS"), w.Header().Get("Access-Control-Allow-Origin") == "*")
				}
			}
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} {
				for _, handler := range []http.Handler{p, mounted, catching} {
					if !slices.Contains(strings.Split(allow, ", "), method) {
						refused(handler, method)
					} else if method == "HEAD" {
						w, _ := ask(handler, method, path)
						require.NotEqual(t, http.StatusMethodNotAllowed, w.Code, path)
					}
				}
			}
			for _, method := range []string{"CONNECT", "PROPFIND", "get", "X"} {
				refused(p, method)
			}
		}
	}
}

// What a service serves everywhere is no obstacle.
func TestMountBesideCatchAlls(t *testing.T) {
	p := newMountable(t, "https://id.example")
	for _, patterns := range [][]string{{"/", "/oauth/"}, {"/", "GET /", "POST /oauth/", "GET /oauth/{page}"}} {
		host := http.NewServeMux()
		for _, pattern := range patterns {
			host.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })
		}
		p.Mount(host)
		for _, step := range []struct {
			method, path string
			want         int
		}{
			{"GET", "/oauth/authorize", 400}, {"POST", "/oauth/token", 400}, {"HEAD", "/oauth/style.css", 200},
			{"HEAD", "/.well-known/oauth-authorization-server", 200},
			{"GET", "/oauth/token", http.StatusMethodNotAllowed}, {"PUT", "/oauth/token", http.StatusMethodNotAllowed}, {"POST", "/oauth/other", http.StatusTeapot},
		} {
			w, _ := ask(host, step.method, step.path)
			require.Equal(t, step.want, w.Code, "%s %s", step.method, step.path)
		}
		require.Panics(t, func() { p.Mount(host) }, "a second time")
	}
	host := http.NewServeMux()
	host.HandleFunc("HEAD /", http.NotFound)
	require.Panics(t, func() { p.Mount(host) }, "HEAD is answered with GET, and everywhere")
}
