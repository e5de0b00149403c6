package guides

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dashboard"
	"github.com/oauthapps/oauthapps/flow/device"
)

// # Under a router
//
// Provider.Mount registers each endpoint with an http.ServeMux. Where your
// router is another one, such as chi, gin or echo, put such a mux in front:
//
//	mux := http.NewServeMux()
//	provider.Mount(mux)
//	mux.Handle("/accounts/", pages)
//	mux.Handle("/", router)
//
// or behind, where the middleware of the router is to see these requests too.
// This is how chi does so:
//
//	router.NotFound(mux.ServeHTTP)
//
// Patterns such as /oauth/* in your router are not enough. Capabilities have
// paths beside them, such as /device and /accounts/{account}/api_tokens; the
// documentation of package flow lists them, and Mount registers them all.
//
// # Below a path
//
// An Issuer with a path, such as https://example.com/api, puts the endpoints
// below it: /api/oauth/token. The metadata is at the root all the same, at
// /.well-known/oauth-authorization-server/api, as RFC 8414 wants it. Mount
// registers both.
//
// The pages of package dashboard have a path of their own, which has nothing to
// do with Issuer: dashboard.Config.Prefix. With "/api" there, register them as
// the example does. Neither handler wants http.StripPrefix.
//
// flow.ParseReturnTo leads to "/" whoever opened your page to sign in by
// itself. Send them to your own first page instead, if that is below a path.
//
// # Behind a proxy
//
// Issuer is the URL that clients see, whatever the proxy makes of it; nothing
// is taken from Host or X-Forwarded headers. The proxy must not rewrite paths.
// To see that all of it gets through, ask for the metadata from outside: none of
// the URLs in it answers 404.
//
// Config.RemoteAddr tells the address of the caller, for events and limits.
// Without it, all callers have the address of the proxy, and one limit. Take
// what your proxy appends, from the right, and believe it from the proxy alone.
// A proxy may add a header line of its own: Header.Get returns the first line,
// which anybody can send, and Header.Values has all.
func Example_mounting() {
	cfg := service()
	cfg.Issuer = "https://service.example/api"
	cfg.Extensions = []flow.Extension{device.New(device.Config{})}
	cfg.RemoteAddr = func(r *http.Request) string {
		peer, _, _ := net.SplitHostPort(r.RemoteAddr)
		if peer != "192.0.2.1" { // our one proxy
			return peer
		}
		all := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
		last := strings.TrimSpace(all[strings.LastIndex(all, ",")+1:])
		if last == "" {
			return peer // a health check of the proxy itself
		}
		return last
	}
	provider := must(flow.New(cfg))

	pages := must(dashboard.New(dashboard.Config{Provider: provider, Prefix: "/api"}))

	router := http.NotFoundHandler() // yours
	mux := http.NewServeMux()
	provider.Mount(mux)
	mux.Handle("/api/accounts/", pages)
	mux.Handle("/", router)
	for _, path := range []string{
		"/api/oauth/style.css", "/.well-known/oauth-authorization-server/api", "/api/device", pages.Path("7"), "/api/tasks",
	} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		fmt.Println(path, w.Code, w.Header().Get("Content-Type"))
	}

	r := httptest.NewRequest(http.MethodPost, "/api/oauth/token", nil)
	r.RemoteAddr = "192.0.2.1:4711"
	r.Header.Add("X-Forwarded-For", "203.0.113.99") // which the client sent
	r.Header.Add("X-Forwarded-For", "198.51.100.7") // which the proxy added, in a line of its own or in the same
	fmt.Println(cfg.RemoteAddr(r))
	// Output:
	// /api/oauth/style.css 200 text/css; charset=utf-8
	// /.well-known/oauth-authorization-server/api 200 application/json
	// /api/device 200 text/html; charset=utf-8
	// /api/accounts/7/oauth_applications 200 text/html; charset=utf-8
	// /api/tasks 404 text/plain; charset=utf-8
	// 198.51.100.7
}
