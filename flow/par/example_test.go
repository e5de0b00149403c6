package par_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/par"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A client pushes its authorization request, and sends the browser with a short
// URL. Requests that were not pushed are refused here.
func Example() {
	provider, err := flow.New(flow.Config{
		Issuer: "http://localhost",
		Store:  memory.New(),
		CurrentUser: func(*http.Request) (*flow.User, error) {
			return &flow.User{ID: "1", Name: "Ann", Accounts: []flow.Account{{ID: "7", Name: "Ann's account"}}}, nil
		},
		LoginURL:   func(returnTo string) string { return "/login" },
		Scopes:     []flow.Scope{{Name: "read", Description: "Read your data", Default: true}},
		Extensions: []flow.Extension{par.New(par.Config{Required: true})},
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
	fmt.Println(answer.Status, "good for", pushed.ExpiresIn, "seconds")

	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, request := range []url.Values{
		{"client_id": {app.ClientID}, "request_uri": {pushed.RequestURI}},
		{"client_id": {app.ClientID}, "response_type": {"code"}, "state": {"af0ifjsldkj"}},
	} {
		answer, err := browser.Get(server.URL + "/oauth/authorize?" + request.Encode())
		if err != nil {
			log.Fatal(err)
		}
		defer answer.Body.Close()
		page, err := io.ReadAll(answer.Body)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(answer.Status)
		fmt.Println("- consent page:", strings.Contains(string(page), "Authorize Backups"))
		if callback, err := answer.Location(); err == nil {
			fmt.Println("- error:", callback.Query().Get("error"))
		}
	}
	// Output:
	// 201 Created good for 60 seconds
	// 200 OK
	// - consent page: true
	// 303 See Other
	// - consent page: false
	// - error: invalid_request
}
