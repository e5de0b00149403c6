package leaks_test

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/leaks"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A scanner finds a client secret in a public repository and reports it. The
// secret is revoked, and the service tells the owner.
func Example() {
	provider, err := flow.New(flow.Config{
		Issuer:      "http://localhost",
		Store:       memory.New(),
		CurrentUser: func(*http.Request) (*flow.User, error) { return nil, nil },
		LoginURL:    func(string) string { return "/login" },
		Scopes:      []flow.Scope{{Name: "read", Description: "Read your domains", Default: true}},
		Events: func(_ context.Context, e oauthapp.Event) {
			if e.Type == oauthapp.CredentialLeaked {
				fmt.Println("Mail to", e.Owner+": a secret of", e.ApplicationName, "has leaked, says", e.Reporter)
			}
		},
		Extensions: []flow.Extension{leaks.New(leaks.Config{
			Reporter: func(_ context.Context, token string) (string, error) {
				if subtle.ConstantTimeCompare([]byte(token), []byte("token-of-the-scanner")) == 1 {
					return "the scanner", nil
				}
				return "", nil
			},
		})},
	})
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(provider)
	defer server.Close()
	ctx := context.Background()
	app, secret, err := provider.Registry().Register(ctx, "account-1", oauthapp.Registration{
		Name: "Zonewatch", HomepageURL: "https://zonewatch.example", CallbackURLs: []string{"https://zonewatch.example/callback"},
	})
	if err != nil {
		log.Fatal(err)
	}

	report := `[{"token": "` + secret.Reveal() + `", "type": "service_secret", "url": "https://git.example/zonewatch/config.yml"}]`
	r, err := http.NewRequest(http.MethodPost, server.URL+leaks.Path, strings.NewReader(report))
	if err != nil {
		log.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer token-of-the-scanner")
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	var labels []struct{ Label string }
	if err := json.NewDecoder(answer.Body).Decode(&labels); err != nil {
		log.Fatal(err)
	}
	secrets, err := provider.Registry().Secrets(ctx, oauthapp.OwnedBy("account-1"), app.ID)
	fmt.Println(labels[0].Label, "and", len(secrets), "secrets left", err)
	// Output:
	// Mail to account-1: a secret of Zonewatch has leaked, says the scanner
	// true_positive and 0 secrets left <nil>
}
