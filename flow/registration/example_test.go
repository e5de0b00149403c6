package registration_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/registration"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A client registers itself, is an application from then on, and takes itself
// away again.
func Example() {
	server := httptest.NewUnstartedServer(nil)
	provider, err := flow.New(flow.Config{
		Issuer:      "http://" + server.Listener.Addr().String(),
		Store:       memory.New(),
		CurrentUser: func(*http.Request) (*flow.User, error) { return nil, nil },
		LoginURL:    func(string) string { return "/login" },
		Scopes:      []flow.Scope{{Name: "read", Description: "Read your domains", Default: true}},
		Extensions:  []flow.Extension{registration.New(registration.Config{Open: true})},
	})
	if err != nil {
		log.Fatal(err)
	}
	server.Config.Handler = provider
	server.Start()
	defer server.Close()

	answer, err := http.Post(server.URL+registration.Path, "application/json", strings.NewReader(`{
		"client_name": "Notes",
		"redirect_uris": ["http://127.0.0.1/callback"],
		"token_endpoint_auth_method": "none"
	}`))
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	var client struct {
		ClientID                string `json:"client_id"`
		RegistrationClientURI   string `json:"registration_client_uri"`
		RegistrationAccessToken string `json:"registration_access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&client); err != nil {
		log.Fatal(err)
	}
	ctx, registry := context.Background(), provider.Registry()
	app, err := registry.ApplicationByClientID(ctx, oauthapp.AnyOwner, client.ClientID)
	fmt.Printf("%d %s is %s, of owner %q, error %v\n", answer.StatusCode, app.Name, app.Type, app.Owner, err)

	r, err := http.NewRequest(http.MethodDelete, client.RegistrationClientURI, nil)
	if err != nil {
		log.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+client.RegistrationAccessToken)
	answer, err = http.DefaultClient.Do(r)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	_, err = registry.ApplicationByClientID(ctx, oauthapp.AnyOwner, client.ClientID)
	fmt.Println(answer.StatusCode, err)
	// Output:
	// 201 Notes is public, of owner "", error <nil>
	// 204 oauthapp: not found
}
