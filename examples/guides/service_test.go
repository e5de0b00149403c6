package guides

import (
	"context"
	"log"
	"net/http"
	"net/url"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// service is the configuration of the service in these guides, in which Ann is
// signed in.
func service() flow.Config {
	return flow.Config{
		Issuer: "https://service.example",
		Store:  memory.New(),
		CurrentUser: func(*http.Request) (*flow.User, error) {
			return &flow.User{ID: "ann", Name: "Ann", Accounts: []flow.Account{{ID: "7", Name: "Ann's account"}}}, nil
		},
		LoginURL: func(returnTo string) string { return "/login?return_to=" + url.QueryEscape(returnTo) },
		Scopes: []flow.Scope{
			{Name: "read", Description: "Read your domains", Default: true},
			{Name: "write", Description: "Change your domains"},
		},
	}
}

// zonewatch registers an application of the account 7.
func zonewatch(provider *flow.Provider) oauthapp.Application {
	app, _, err := provider.Registry().Register(context.Background(), "7", oauthapp.Registration{
		Name:         "Zonewatch",
		HomepageURL:  "https://zonewatch.example",
		CallbackURLs: []string{"https://zonewatch.example/callback"},
	})
	check(err)
	return app
}

// must and check end the program where it cannot go on.
func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
