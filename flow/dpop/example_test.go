package dpop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dpop"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

func config() flow.Config {
	return flow.Config{
		Issuer:      "https://id.example",
		Store:       memory.New(),
		CurrentUser: func(*http.Request) (*flow.User, error) { return nil, nil },
		LoginURL:    func(returnTo string) string { return "/login?return_to=" + returnTo },
		Scopes:      []flow.Scope{{Name: "read", Description: "Read your data", Default: true}},
	}
}

// A service turns the capability on and guards its API as before: Require takes
// bound tokens with a proof alone, and bearer tokens of clients that send none.
func ExampleNew() {
	cfg := config()
	cfg.Extensions = []flow.Extension{dpop.New(dpop.Config{})}
	provider, err := flow.New(cfg)
	if err != nil {
		panic(err)
	}
	api := provider.Require("read")(http.NotFoundHandler())

	w := httptest.NewRecorder()
	api.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/whoami", nil))
	for _, challenge := range w.Header().Values("WWW-Authenticate") {
		fmt.Println(challenge)
	}
	// Output:
	// Bearer realm="https://id.example", scope="read", resource_metadata="https://id.example/.well-known/oauth-protected-resource"
	// DPoP realm="https://id.example", scope="read", resource_metadata="https://id.example/.well-known/oauth-protected-resource", algs="ES256 EdDSA Ed25519 PS256"
}

// An API behind a proxy that strips a prefix tells the URL that clients use.
func ExampleConfig_requestURL() {
	cfg := config()
	cfg.Extensions = []flow.Extension{dpop.New(dpop.Config{
		RequestURL: func(r *http.Request) string { return "https://www.example/api" + r.URL.EscapedPath() },
	})}
	_, err := flow.New(cfg)
	fmt.Println(err)
	// Output: <nil>
}

// A service demands bound tokens of one application.
func ExampleApplication() {
	cfg := config()
	cfg.Extensions = []flow.Extension{dpop.New(dpop.Config{})}
	provider, err := flow.New(cfg)
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	app, _, err := provider.Registry().Register(ctx, "developer", oauthapp.Registration{
		Name: "Banking", HomepageURL: "https://bank.example", CallbackURLs: []string{"https://bank.example/callback"},
	})
	if err != nil {
		panic(err)
	}
	app, err = provider.Registry().SetExtra(ctx, oauthapp.OwnedBy("developer"), app.ID, dpop.Name, dpop.Application{BoundAccessTokens: true})
	var kept map[string]any
	_ = json.Unmarshal(app.Extra, &kept)
	fmt.Println(kept, err)
	// Output: map[dpop:map[dpop_bound_access_tokens:true]] <nil>
}
