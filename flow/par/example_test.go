package par_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/par"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A client pushes its authorization request, and has a short URL for the
// browser.
func Example() {
	provider, err := flow.New(flow.Config{
		Issuer:      "http://localhost",
		Store:       memory.New(),
		CurrentUser: func(*http.Request) (*flow.User, error) { return nil, nil },
		LoginURL:    func(returnTo string) string { return "/login" },
		Scopes:      []flow.Scope{{Name: "read", Description: "Read your data", Default: true}},
		Extensions:  []flow.Extension{par.New(par.Config{Required: true})},
	})
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(provider)
	defer server.Close()
	app, secret, err := provider.Registry().Register(context.Background(), "account-1", oauthapp.Registration{
		Name: "Backups", HomepageURL: "https://backups.example", CallbackURLs: []string{"https://backups.example/callback"},
	})
	if err != nil {
		log.Fatal(err)
	}

	answer, err := http.PostForm(server.URL+par.Path, url.Values{
		"client_id": {app.ClientID}, "client_secret": {secret.Reveal()}, "response_type": {"code"}, "state": {"af0ifjsldkj"},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	var pushed struct {
		RequestURI string `json:"request_uri"`
		ExpiresIn  int    `json:"expires_in"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&pushed); err != nil {
		log.Fatal(err)
	}
	browser := url.Values{"client_id": {app.ClientID}, "request_uri": {pushed.RequestURI}}
	fmt.Println(answer.Status, "good for", pushed.ExpiresIn, "seconds")
	fmt.Println(len("/oauth/authorize?"+browser.Encode()) < 150)
	// Output:
	// 201 Created good for 60 seconds
	// true
}
