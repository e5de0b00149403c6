package dashboard_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dashboard"
	"github.com/oauthapps/oauthapps/store/memory"
)

func Example() {
	provider, err := flow.New(flow.Config{
		Issuer: "https://service.example",
		Store:  memory.New(),
		Scopes: []flow.Scope{{Name: "read", Description: "Read your domains", Default: true}},
		CurrentUser: func(r *http.Request) (*flow.User, error) {
			// Ask the service's own sessions here.
			return &flow.User{ID: "1", Name: "Ann", Accounts: []flow.Account{{ID: "7", Name: "Ann's account", Role: flow.Administrator}}}, nil
		},
		LoginURL: func(returnTo string) string { return "/login?return_to=" + url.QueryEscape(returnTo) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	pages, err := dashboard.New(dashboard.Config{Provider: provider})
	if err != nil {
		fmt.Println(err)
		return
	}

	mux := http.NewServeMux()
	provider.Mount(mux)
	mux.Handle("/accounts/", pages)

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, pages.Path("7"), nil))
	fmt.Println(pages.Path("7"), w.Code)

	w = httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, pages.Path("8"), nil))
	fmt.Println(pages.Path("8"), w.Code)
	// Output:
	// /accounts/7/oauth_applications 200
	// /accounts/8/oauth_applications 404
}
