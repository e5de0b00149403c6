package flow_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
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
			return &flow.User{ID: "1", Name: "Ann", Session: "s-1", Accounts: []flow.Account{{ID: "7", Name: "Ann's account"}}}, nil
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

// A footer of the service's own stands under every page of the library, and
// the pages are in the language that the host knows its user to want.
func ExamplePages() {
	cfg := serviceConfig()
	cfg.Pages.Files = fstest.MapFS{ // embed.FS in a program
		"footer.html": {Data: []byte(`<footer>{{.Host}}</footer>`)},
	}
	cfg.Pages.Data = func(*http.Request) any { return "Service Ltd" }
	cfg.Pages.Language = func(*http.Request) string { return "de" }
	provider, err := flow.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	w := httptest.NewRecorder()
	provider.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/oauth/authorize", nil)) // a page that tells of an error
	fmt.Println(w.Code)
	fmt.Println(strings.Contains(w.Body.String(), `<html lang="de"`))
	fmt.Println(strings.Contains(w.Body.String(), "<footer>Service Ltd</footer>"))
	// Output:
	// 400
	// true
	// true
}

// The page to sign in on has the look of the library's pages. It learns from
// the authorization request who is expected.
func ExampleProvider_WritePage() {
	cfg := serviceConfig()
	cfg.LoginURL = func(returnTo string) string { return "/login?return_to=" + url.QueryEscape(returnTo) }
	cfg.Pages.Files = fstest.MapFS{"login.html": {Data: []byte(`
		{{define "title"}}Sign in{{end}}
		{{define "main"}}<h1>Welcome</h1>
		<form method="post" action="/login">
			<input type="hidden" name="return_to" value="{{.Page.ReturnTo}}">
			<input name="email" value="{{.Page.Hint}}">
			<input name="password" type="password">
			<button>Sign in</button>
		</form>{{end}}`)}}
	provider, err := flow.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	login := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		provider.WritePage(w, r, http.StatusOK, "login.html", flow.ParseReturnTo(r.FormValue("return_to")))
	})

	// An application sent Ann to the service, and that sent her here.
	w := httptest.NewRecorder()
	login.ServeHTTP(w, httptest.NewRequest(http.MethodGet, cfg.LoginURL("/oauth/authorize?client_id=zonewatch&login_hint=ann%40mail.example"), nil))
	fmt.Println(w.Code)
	fmt.Println(strings.Contains(w.Body.String(), `name="email" value="ann@mail.example"`))
	// Output:
	// 200
	// true
}

// An API that is no http.Handler, such as one over another protocol, asks what
// a token stands for, and answers in its own way.
func ExampleProvider_Authenticate() {
	provider, err := flow.New(serviceConfig())
	if err != nil {
		log.Fatal(err)
	}
	for _, token := range []string{accessToken(provider), "of-somebody-else"} {
		r := httptest.NewRequest(http.MethodPost, "/rpc", nil)
		r.Header.Set("Authorization", "Bearer "+token)

		authorization, err := provider.Authenticate(r, flow.Guard{Scopes: []string{"read"}})
		if refusal, ok := errors.AsType[*flow.Error](err); ok {
			fmt.Println(refusal.Status, refusal.Code)
			continue
		}
		if err != nil {
			log.Fatal(err) // a mistake of the configuration
		}
		fmt.Println("user", authorization.UserID, "account", authorization.AccountID, authorization.Scopes)
	}
	// Output:
	// user 1 account 7 [read]
	// 401 invalid_token
}

// The support desk finds out why a developer's application does not work.
func ExampleProvider_Refusals() {
	provider, err := flow.New(serviceConfig())
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	app, _, err := provider.Registry().Register(ctx, "7", oauthapp.Registration{
		Name: "Zonewatch", HomepageURL: "https://zonewatch.example", CallbackURLs: []string{"https://zonewatch.example/callback"},
	})
	if err != nil {
		log.Fatal(err)
	}
	request := url.Values{"response_type": {"code"}, "client_id": {app.ClientID}, "redirect_uri": {"https://zonewatch.example/callback/"}}
	provider.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/oauth/authorize?"+request.Encode(), nil))

	refusals, err := provider.Refusals(ctx, app.ID)
	if err != nil {
		log.Fatal(err)
	}
	for _, refusal := range refusals {
		fmt.Println(refusal.Endpoint, refusal.Error+":", refusal.Reason)
	}
	// Output: /oauth/authorize invalid_request: redirect_uri: the application has not registered it as a callback URL
}

// A service that is held to OAuth 2.1 asks every client for PKCE. One that is
// to be held to FAPI 2.0 does not start before it has what that demands.
func ExampleConfig_profile() {
	cfg := serviceConfig()
	cfg.Profile = flow.OAuth21
	provider, err := flow.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	app, _, err := provider.Registry().Register(context.Background(), "7", oauthapp.Registration{
		Name: "Zonewatch", HomepageURL: "https://zonewatch.example", CallbackURLs: []string{"https://zonewatch.example/callback"},
	})
	if err != nil {
		log.Fatal(err)
	}
	request := url.Values{"response_type": {"code"}, "client_id": {app.ClientID}} // without a code_challenge
	w := httptest.NewRecorder()
	provider.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/oauth/authorize?"+request.Encode(), nil))
	callback, err := w.Result().Location()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(callback.Query().Get("error_description"))

	cfg.Profile = flow.FAPI2
	_, err = flow.New(cfg)
	fmt.Println(err)
	// Output:
	// code_challenge is missing: this service needs PKCE
	// flow: Config.Profile: FAPI 2.0 Security Profile, section 5.3.2.1, item 4: Access tokens are issued that are bound to no key, and good for whoever steals them. Add package dpop to Extensions, with its Config.RequireBinding or with Profile set to flow.FAPI2.
}
