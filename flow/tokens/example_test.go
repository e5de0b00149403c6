package tokens_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/tokens"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store/memory"
)

// Ann makes a token on the page of her account, for a script of hers that
// calls the API.
func Example() {
	server := httptest.NewUnstartedServer(nil)
	provider, err := flow.New(flow.Config{
		Issuer: "http://" + server.Listener.Addr().String(),
		Store:  memory.New(),
		CurrentUser: func(*http.Request) (*flow.User, error) {
			return &flow.User{ID: "1", Name: "Ann", Session: "s-1", Accounts: []flow.Account{{ID: "7", Name: "Ann's account"}}}, nil
		},
		LoginURL:   func(string) string { return "/login" },
		Scopes:     []flow.Scope{{Name: "read", Description: "Read your domains", Default: true}},
		Extensions: []flow.Extension{tokens.New(tokens.Config{})},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	provider.Mount(mux)
	mux.Handle("GET /api/domains", provider.Require("read")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization, _ := flow.AuthorizationFrom(r.Context())
		fmt.Fprintf(w, "domains of user %s, with an API token: %t", authorization.UserID, authorization.IsAPIToken())
	})))
	server.Config.Handler = mux
	server.Start()
	defer server.Close()

	// What Ann's browser does.
	path := strings.Replace(tokens.Path, "{account}", "7", 1)
	form := url.Values{"name": {"Nightly backup"}, "kind": {"user"}, "scope": {"read"}, "expires_in": {"90"}}
	for _, field := range regexp.MustCompile(`name="(ticket|id)" value="([^"]*)"`).FindAllStringSubmatch(fetch(http.Get(server.URL+path)), -1) {
		form.Set(field[1], field[2])
	}
	shown := fetch(http.PostForm(server.URL+path, form))
	token := regexp.MustCompile(credential.Format{}.Pattern()).FindString(shown)

	// What her script does.
	r, err := http.NewRequest(http.MethodGet, server.URL+"/api/domains", nil)
	if err != nil {
		log.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	fmt.Println(fetch(http.DefaultClient.Do(r)))
	// Output: domains of user 1, with an API token: true
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
