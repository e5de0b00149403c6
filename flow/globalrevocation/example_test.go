package globalrevocation_test

import (
	"context"
	"crypto/subtle"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"golang.org/x/oauth2"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/globalrevocation"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// The security team of Acme ends everything that one of its users gave access
// to: the next call of an application with the user's token is refused.
func Example() {
	ann := &flow.User{ID: "1", Name: "ann@acme.example", Accounts: []flow.Account{{ID: "7", Name: "Acme"}}}
	provider, err := flow.New(flow.Config{
		Issuer:      "http://localhost",
		Store:       memory.New(),
		CurrentUser: func(*http.Request) (*flow.User, error) { return ann, nil },
		LoginURL:    func(string) string { return "/login" },
		Scopes:      []flow.Scope{{Name: "read", Description: "Read your domains", Default: true}},
		Extensions: []flow.Extension{globalrevocation.New(globalrevocation.Config{
			BearerToken: func(_ context.Context, token string) (tenant string, ok bool, err error) {
				return "acme", subtle.ConstantTimeCompare([]byte(token), []byte("token-of-acme")) == 1, nil
			},
			User: func(_ context.Context, tenant string, subject globalrevocation.Subject) (userID string, err error) {
				if tenant == "acme" && subject.Format == globalrevocation.Email && strings.EqualFold(subject.Email, ann.Name) {
					return ann.ID, nil
				}
				return "", nil
			},
			SignOut: func(_ context.Context, userID string) error {
				fmt.Println("sessions of user", userID, "ended")
				return nil
			},
		})},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	provider.Mount(mux)
	mux.Handle("GET /api/domains", provider.Require("read")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {})))
	server := httptest.NewServer(mux)
	defer server.Close()
	token := authorize(provider, server.URL)

	send := func(method, path, token, body string) int {
		r, err := http.NewRequest(method, server.URL+path, strings.NewReader(body))
		if err != nil {
			log.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			log.Fatal(err)
		}
		defer answer.Body.Close()
		return answer.StatusCode
	}
	fmt.Println(send(http.MethodGet, "/api/domains", token, ""))
	fmt.Println(send(http.MethodPost, globalrevocation.Path, "token-of-acme", `{"sub_id": {"format": "email", "email": "Ann@acme.example"}}`))
	fmt.Println(send(http.MethodGet, "/api/domains", token, ""))
	// Output:
	// 200
	// sessions of user 1 ended
	// 204
	// 401
}

// authorize has the user who is signed in authorize an application, and
// returns its access token. The service trusts the application, so that no
// consent page is needed.
func authorize(provider *flow.Provider, service string) string {
	ctx, registry := context.Background(), provider.Registry()
	app, secret, err := registry.Register(ctx, "account-1", oauthapp.Registration{
		Name: "Zonewatch", HomepageURL: "https://zonewatch.example", CallbackURLs: []string{"https://zonewatch.example/callback"},
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := registry.ChangeStanding(ctx, oauthapp.AnyOwner, app.ID, func(s *oauthapp.Standing) { s.Trusted = true }); err != nil {
		log.Fatal(err)
	}
	client := oauth2.Config{
		ClientID: app.ClientID, ClientSecret: secret.Reveal(),
		Endpoint: oauth2.Endpoint{AuthURL: service + "/oauth/authorize", TokenURL: service + "/oauth/token"},
	}
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := browser.Get(client.AuthCodeURL("af0ifjsldkj"))
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	callback, err := answer.Location()
	if err != nil {
		log.Fatal(err)
	}
	token, err := client.Exchange(ctx, callback.Query().Get("code"))
	if err != nil {
		log.Fatal(err)
	}
	return token.AccessToken
}
