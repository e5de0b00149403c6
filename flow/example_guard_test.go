package flow_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"golang.org/x/oauth2"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// A service has an MCP server beside its API. A client asks for a token for one
// of them, and the other refuses that.
func ExampleConfig_resources() {
	const mcp = "https://service.example/mcp"
	cfg := serviceConfig()
	cfg.Resources = []flow.Resource{{Identifier: mcp, Name: "Service MCP"}}
	provider, err := flow.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "welcome") })
	mux := http.NewServeMux()
	mux.Handle("/api", provider.Require("read")(handler))
	mux.Handle("/mcp", provider.Guard(flow.Guard{Resource: mcp, Scopes: []string{"read"}})(handler))

	token := accessToken(provider, oauth2.SetAuthURLParam("resource", mcp))
	fmt.Println(statusOf(mux, "/mcp", token), statusOf(mux, "/api", token))
	// Output: 200 401
}

// Ann leaves the account. A guard with Current refuses her applications from
// then on. Require does so once their access tokens have to be refreshed.
func ExampleGuard() {
	member := true
	cfg := serviceConfig()
	cfg.MayAct = func(_ context.Context, user, account string) (scopes []string, err error) {
		if member {
			return []string{"read"}, nil
		}
		return nil, nil
	}
	provider, err := flow.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "done") })
	mux := http.NewServeMux()
	mux.Handle("/domains", provider.Require("read")(handler))
	mux.Handle("/payments", provider.Guard(flow.Guard{Scopes: []string{"read"}, Current: true})(handler))

	token := accessToken(provider)
	fmt.Println("member:", statusOf(mux, "/domains", token), statusOf(mux, "/payments", token))
	member = false
	fmt.Println("left:  ", statusOf(mux, "/domains", token), statusOf(mux, "/payments", token))
	// Output:
	// member: 200 200
	// left:   200 401
}

// statusOf is the status of a call of an API.
func statusOf(api http.Handler, path, token string) int {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w.Code
}

// accessToken has Ann authorize a new application, and returns its access
// token. The options are parameters of the authorization request.
func accessToken(provider *flow.Provider, options ...oauth2.AuthCodeOption) string {
	server := httptest.NewServer(provider)
	defer server.Close()
	ctx := context.Background()
	app, secret, err := provider.Registry().Register(ctx, "7", oauthapp.Registration{
		Name: "Zonewatch", HomepageURL: "https://zonewatch.example", CallbackURLs: []string{"https://zonewatch.example/callback"},
	})
	if err != nil {
		log.Fatal(err)
	}
	client := oauth2.Config{
		ClientID: app.ClientID, ClientSecret: secret.Reveal(),
		Endpoint: oauth2.Endpoint{AuthURL: server.URL + "/oauth/authorize", TokenURL: server.URL + "/oauth/token"},
	}
	token, err := client.Exchange(ctx, authorize(client.AuthCodeURL("af0ifjsldkj", options...)))
	if err != nil {
		log.Fatal(err)
	}
	return token.AccessToken
}
