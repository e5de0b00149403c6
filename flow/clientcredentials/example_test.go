package clientcredentials_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	client "golang.org/x/oauth2/clientcredentials"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientcredentials"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A program without a user gets a token for itself and calls the API with it.
// The operator of the service granted it the scope.
func Example() {
	provider, err := flow.New(flow.Config{
		Issuer:      "https://service.example",
		Store:       memory.New(),
		CurrentUser: func(*http.Request) (*flow.User, error) { return nil, nil },
		LoginURL:    func(string) string { return "/login" },
		Scopes:      []flow.Scope{{Name: "read", Description: "Read your domains", Default: true}},
		Extensions:  []flow.Extension{clientcredentials.New(clientcredentials.Config{})},
	})
	if err != nil {
		log.Fatal(err)
	}
	// Only a guard with Applications takes tokens that stand for no user.
	guard := provider.Guard(flow.Guard{Scopes: []string{"read"}, Applications: true})
	mux := http.NewServeMux()
	provider.Mount(mux)
	mux.Handle("GET /api/statistics", guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization, _ := flow.AuthorizationFrom(r.Context())
		fmt.Fprint(w, "for an application itself: ", authorization.IsApplication())
	})))
	server := httptest.NewServer(mux)
	defer server.Close()

	ctx, owner := context.Background(), oauthapp.OwnedBy("account-1")
	app, secret, err := provider.Registry().Register(ctx, "account-1", oauthapp.Registration{
		Name: "Statistics", HomepageURL: "https://statistics.example", CallbackURLs: []string{"https://statistics.example/callback"},
	})
	if err != nil {
		log.Fatal(err)
	}
	_, err = provider.Registry().SetExtra(ctx, owner, app.ID, clientcredentials.Name, clientcredentials.Settings{Scopes: []string{"read"}})
	if err != nil {
		log.Fatal(err)
	}

	// The program gets tokens as it needs them, with golang.org/x/oauth2.
	program := client.Config{ClientID: app.ClientID, ClientSecret: secret.Reveal(), TokenURL: server.URL + "/oauth/token"}
	answer, err := program.Client(ctx).Get(server.URL + "/api/statistics")
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	fmt.Println(answer.StatusCode, string(body))
	// Output: 200 for an application itself: true
}
