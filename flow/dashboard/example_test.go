package dashboard_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dashboard"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// Ann sees the applications of her account, and none of another one. A
// developer of the account registers them on the same pages.
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
		log.Fatal(err)
	}
	pages, err := dashboard.New(dashboard.Config{Provider: provider})
	if err != nil {
		log.Fatal(err)
	}

	mux := http.NewServeMux()
	provider.Mount(mux)
	mux.Handle("/accounts/", pages)

	_, _, err = provider.Registry().Register(context.Background(), "7", oauthapp.Registration{
		Name: "Zonewatch", HomepageURL: "https://zonewatch.example", CallbackURLs: []string{"https://zonewatch.example/callback"},
	})
	if err != nil {
		log.Fatal(err)
	}

	for _, account := range []string{"7", "8"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, pages.Path(account), nil))
		fmt.Println(pages.Path(account), w.Code, strings.Contains(w.Body.String(), "Zonewatch"))
	}
	// Output:
	// /accounts/7/oauth_applications 200 true
	// /accounts/8/oauth_applications 404 false
}
