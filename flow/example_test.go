package flow_test

import (
	"context"
	"fmt"
	"html"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/oauth2"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A service tells who is signed in and where everything is kept, and has a
// provider. Ann authorizes an application, which then calls the API for her.
func Example() {
	server := httptest.NewUnstartedServer(nil)
	provider, err := flow.New(flow.Config{
		Issuer: "http://" + server.Listener.Addr().String(), // such as https://service.example
		Store:  memory.New(),                                // or that of package sqlite or postgres
		Scopes: []flow.Scope{{Name: "read", Description: "Read your domains", Default: true}},
		CurrentUser: func(r *http.Request) (*flow.User, error) {
			// Ask the service's own sessions here; nil is for nobody.
			return &flow.User{ID: "1", Name: "Ann", Session: "s-1", Accounts: []flow.Account{{ID: "7", Name: "Ann's account"}}}, nil
		},
		LoginURL: func(returnTo string) string { return "/login?return_to=" + url.QueryEscape(returnTo) },
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	provider.Mount(mux)
	mux.Handle("GET /api/domains", provider.Require("read")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization, _ := flow.AuthorizationFrom(r.Context())
		fmt.Fprintf(w, "domains of account %s, for user %s", authorization.AccountID, authorization.UserID)
	})))
	server.Config.Handler = mux
	server.Start()
	defer server.Close()

	// A developer registers an application. Package dashboard has the pages.
	ctx := context.Background()
	app, secret, err := provider.Registry().Register(ctx, "account-1", oauthapp.Registration{
		Name: "Zonewatch", HomepageURL: "https://zonewatch.example", CallbackURLs: []string{"https://zonewatch.example/callback"},
	})
	if err != nil {
		log.Fatal(err)
	}

	// The application sends Ann to the service, gets a code and redeems it.
	client := oauth2.Config{
		ClientID: app.ClientID, ClientSecret: secret.Reveal(),
		Endpoint: oauth2.Endpoint{AuthURL: server.URL + "/oauth/authorize", TokenURL: server.URL + "/oauth/token"},
	}
	verifier := oauth2.GenerateVerifier()
	code := authorize(client.AuthCodeURL("af0ifjsldkj", oauth2.S256ChallengeOption(verifier)))
	token, err := client.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(fetch(client.Client(ctx, token).Get(server.URL + "/api/domains")))
	// Output: domains of account 7, for user 1
}

// authorize does what Ann and her browser do: it opens the consent page, sends
// its form and returns the code of the redirect.
func authorize(authorizationURL string) (code string) {
	page := fetch(http.Get(authorizationURL))
	form := url.Values{"decision": {"authorize"}, "account_id": {"7"}}
	for _, field := range regexp.MustCompile(`type="hidden" name="(\w+)" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		form.Set(field[1], html.UnescapeString(field[2]))
	}
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	action, _, _ := strings.Cut(authorizationURL, "?")
	answer, err := browser.PostForm(action, form)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	callback, err := answer.Location()
	if err != nil {
		log.Fatal(err)
	}
	return callback.Query().Get("code")
}

// fetch returns the body of an answer.
func fetch(answer *http.Response, err error) string {
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		log.Fatal(err)
	}
	return string(body)
}
