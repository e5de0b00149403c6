package flow_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing/fstest"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// serviceConfig is the configuration of the service of these examples, in which
// Ann is signed in.
func serviceConfig() flow.Config {
	return flow.Config{
		Issuer: "https://service.example",
		Store:  memory.New(),
		Scopes: []flow.Scope{{Name: "read", Description: "Read your domains", Default: true}},
		CurrentUser: func(*http.Request) (*flow.User, error) {
			return &flow.User{ID: "1", Name: "Ann", Accounts: []flow.Account{{ID: "7", Name: "Ann's account"}}}, nil
		},
		LoginURL: func(string) string { return "/login" },
	}
}

// An audit log keeps every event. An event is durable when it is told, and
// names who caused it.
func ExampleConfig_events() {
	cfg := serviceConfig()
	cfg.Events = func(_ context.Context, e oauthapp.Event) {
		fmt.Println(e.Type, e.Owner, e.ApplicationName) // a row of the service's own table
	}
	provider, err := flow.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	app, _, err := provider.Registry().Register(ctx, "7", oauthapp.Registration{
		Name:         "Zonewatch",
		HomepageURL:  "https://zonewatch.example",
		CallbackURLs: []string{"https://zonewatch.example/callback"},
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := provider.Registry().ResetSecret(ctx, oauthapp.OwnedBy("7"), app.ID, 0); err != nil {
		log.Fatal(err)
	}
	// Output:
	// oauth_application.create 7 Zonewatch
	// oauth_application.reset_client_secret 7 Zonewatch
}

// A footer of the service's own stands under every page, and the sign-in page
// has the look of the others.
func ExamplePages() {
	cfg := serviceConfig()
	cfg.Pages.Files = fstest.MapFS{ // embed.FS in a program
		"footer.html": {Data: []byte(`<footer>{{.Host}}</footer>`)},
		"login.html":  {Data: []byte(`{{define "title"}}Sign in{{end}}{{define "main"}}<h1>Welcome to {{.Page}}</h1>{{end}}`)},
	}
	cfg.Pages.Data = func(*http.Request) any { return "Service Ltd" }
	provider, err := flow.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	login := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		provider.WritePage(w, r, http.StatusOK, "login.html", "our service")
	})
	w := httptest.NewRecorder()
	login.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/login", nil))
	fmt.Println(w.Code)
	fmt.Println(strings.Contains(w.Body.String(), "<h1>Welcome to our service</h1>"))
	fmt.Println(strings.Contains(w.Body.String(), "<footer>Service Ltd</footer>"))
	// Output:
	// 200
	// true
	// true
}

// An API that is no http.Handler, such as one over another protocol, asks what
// a token stands for, and answers in its own way.
func ExampleProvider_Authenticate() {
	provider, err := flow.New(serviceConfig())
	if err != nil {
		log.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/rpc", nil)
	r.Header.Set("Authorization", "Bearer something-else")
	_, err = provider.Authenticate(r, flow.Guard{})
	if refusal, ok := errors.AsType[*flow.Error](err); ok {
		fmt.Println(refusal.Status, refusal.Code)
	}
	// Output: 401 invalid_token
}
