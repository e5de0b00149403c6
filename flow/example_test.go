package flow_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A service tells who is signed in and where everything is kept, and has a
// provider.
func Example() {
	provider, err := flow.New(flow.Config{
		Issuer: "https://service.example",
		Store:  memory.New(),
		Scopes: []flow.Scope{{Name: "read", Description: "Read your domains", Default: true}},
		CurrentUser: func(r *http.Request) (*flow.User, error) {
			return nil, nil // whoever the service's own session says
		},
		LoginURL: func(returnTo string) string { return "/login?return_to=" + url.QueryEscape(returnTo) },
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	provider.Mount(mux)
	mux.Handle("/api/", provider.Require("read")(http.NotFoundHandler()))

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/domains", nil))
	fmt.Println(w.Code)
	// Output: 401
}
