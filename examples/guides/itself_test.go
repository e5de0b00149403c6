package guides

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	client "golang.org/x/oauth2/clientcredentials"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientcredentials"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// # Let an application act for itself
//
// A service in the background has no user who could authorize it. List package
// clientcredentials, and decide who grants an application scopes for itself:
// the host with Registry.SetExtra, the owner on the application's form with
// Config.OwnerScopes, or both. By default it has none. The owner sees on the
// application's page what it has, how many tokens it got and when they were
// last used, takes scopes away and turns it off.
//
// Provider.Require refuses its tokens, as the handler would find no user.
// Provider.Guard with Applications lets them through. The handler asks
// IsApplication, and decides what an application reaches that acts for nobody:
// often what its owner's account has. Look that up by ApplicationID in the
// Registry.
//
// # End it
//
// A token ends with the client secret that it was got with: revoke the secret,
// or reset it with an overlap. It ends with Registry.RevokeTokens, as those of
// users do, while the application is suspended, and when it is deleted. The
// newest 1,000 tokens of an application are good.
func Example_itself() {
	config := service()
	config.Extensions = []flow.Extension{clientcredentials.New(clientcredentials.Config{OwnerScopes: []string{"read"}})}
	provider := must(flow.New(config))
	mux := http.NewServeMux()
	provider.Mount(mux)
	mux.Handle("GET /domains", provider.Guard(flow.Guard{Scopes: []string{"read"}, Applications: true})(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			authorization, _ := flow.AuthorizationFrom(r.Context())
			account := authorization.AccountID
			if authorization.IsApplication() {
				app, err := provider.Registry().Application(r.Context(), oauthapp.AnyOwner, authorization.ApplicationID)
				if err != nil {
					http.Error(w, "Try again later.", http.StatusServiceUnavailable)
					return
				}
				account = app.Owner
			}
			_, _ = fmt.Fprint(w, "domains of account ", account)
		})))

	// The operator of the service grants it, in place of its owner.
	app := zonewatch(provider)
	ctx, registry, owner := context.Background(), provider.Registry(), oauthapp.OwnedBy("7")
	must(registry.SetExtra(ctx, owner, app.ID, clientcredentials.Name, clientcredentials.Settings{Scopes: []string{"read"}}))
	secret := must(registry.ResetSecret(ctx, owner, app.ID, 0))

	server := httptest.NewServer(mux)
	defer server.Close()
	credentials := client.Config{ClientID: app.ClientID, ClientSecret: secret.Reveal(), TokenURL: server.URL + "/oauth/token"}
	worker := credentials.Client(ctx)
	call := func() {
		answer := must(worker.Get(server.URL + "/domains"))
		body := must(io.ReadAll(answer.Body))
		fmt.Println(answer.StatusCode, strings.TrimSpace(string(body)))
	}
	call()
	must(registry.ResetSecret(ctx, owner, app.ID, 0)) // the secret was seen in a log
	call()
	// Output:
	// 200 domains of account 7
	// 401 {"error":"invalid_token","error_description":"the access token is not valid"}
}
