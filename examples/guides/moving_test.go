package guides

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// # Move from another provider
//
// Registry.Import takes an application over with the client ID and the client
// secret that it has, so that it goes on working as it is deployed. Read the
// tables of the other system, and import each row:
//
//   - Doorkeeper has them in oauth_applications, with a PlainSecret, or a
//     SHA256Secret or BcryptSecret where it hashes.
//   - django-oauth-toolkit has them in oauth2_provider_application, with a
//     PBKDF2Secret, or an Argon2Secret where Django hashes so.
//   - Laravel Passport has them in oauth_clients, with a BcryptSecret, or an
//     Argon2Secret where Laravel hashes so, and a PlainSecret in earlier
//     versions.
//   - Ory Hydra has them in hydra_client, with a BcryptSecret or a
//     PBKDF2Secret.
//
// Doorkeeper keeps all callback URLs of an application in redirect_uri, one a
// line. One that is not confidential there has the Type oauthapp.Public here,
// and no Secret, whatever the table has. Without a Type it is confidential.
//
// An import that is repeated changes nothing, so run it before the switch, and
// once more after it.
//
// Callback URLs that are not safe, such as those with a wildcard, are left out
// and returned in Refused: tell the developers. An application of which none is
// left cannot be imported. Where it is a public one with a callback URL such as
// myapp://app/callback, name the scheme "myapp" in
// Config.Applications.PrivateUseSchemes. The path is needed: myapp://callback
// has none, and is refused. One that has urn:ietf:wg:oauth:2.0:oob alone, with
// which a page shows the code, moves to a loopback URL such as
// http://127.0.0.1/callback, or to package device.
//
// An application that acts for itself alone (client_credentials) has no
// callback URL there. Import it with one that nobody can receive, such as
// https://unused.invalid/, and with what it may do in Registration.Extra:
//
//	Extra: map[string]any{
//		clientcredentials.Name: clientcredentials.Settings{Scopes: []string{"read"}},
//	}
//
// The account is one of yours. Doorkeeper's owner_id and the user_id of
// django-oauth-toolkit name an owner there: translate it.
//
// Tokens are not moved. Users are asked for their consent once more; to spare
// them that for an application of your own, set Standing.Trusted.
//
// Set SecretIsRandom where the other system made the secrets at random, and
// nobody could type one instead, as the form of django-oauth-toolkit lets them.
// One that a person may have chosen keeps its slow hash, and attempts are
// limited.
//
// Doorkeeper has a table oauth_applications, and so has the library: in one
// database, give the library a schema of its own, as postgres_test.go does.
//
// examples/import does all that for the tables of the four.
func Example_moving() {
	rows := []oauthapp.Import{ // SELECT uid, name, secret, redirect_uri, confidential FROM oauth_applications
		{
			Registration: oauthapp.Registration{
				ClientID: "aBcD1234", Name: "Zonewatch", HomepageURL: "https://zonewatch.example",
				CallbackURLs: []string{"https://zonewatch.example/callback", "https://*.zonewatch.example/"},
			},
			Secret: "correct horse battery staple", SecretForm: oauthapp.PlainSecret,
		},
		{Registration: oauthapp.Registration{ClientID: "eFgH5678", Name: "", CallbackURLs: []string{"javascript:alert(1)"}}},
	}
	provider := must(flow.New(service()))
	for _, row := range rows {
		imported, err := provider.Registry().Import(context.Background(), "7", row)
		if invalid, ok := errors.AsType[*oauthapp.ValidationError](err); ok {
			fmt.Println(row.ClientID, "cannot be imported:", len(invalid.Fields), "problems")
			continue
		}
		check(err)
		fmt.Println(imported.Application.ClientID, imported.Application.CallbackURLs, "refused:", len(imported.Refused))
	}
	// Output:
	// aBcD1234 [https://zonewatch.example/callback] refused: 1
	// eFgH5678 cannot be imported: 3 problems
}

// # Keep the URLs that clients know
//
// The endpoints are at /oauth/authorize, /oauth/token, /oauth/revoke and
// /oauth/introspect, as those of Doorkeeper and Passport are. Where a path was
// another, hand what comes to it on to the provider under the new one: a client
// that is deployed notices nothing. A redirect would not do, as most clients
// send a POST to no other URL.
func Example_movedURLs() {
	provider := must(flow.New(service()))
	mux := http.NewServeMux()
	provider.Mount(mux)
	for was, is := range map[string]string{ // of django-oauth-toolkit
		"/o/authorize/": "/oauth/authorize", "/o/token/": "/oauth/token",
		"/o/revoke_token/": "/oauth/revoke", "/o/introspect/": "/oauth/introspect",
	} {
		mux.HandleFunc(was+"{$}", func(w http.ResponseWriter, r *http.Request) {
			moved := r.Clone(r.Context())
			moved.URL.Path, moved.URL.RawPath = is, ""
			provider.ServeHTTP(w, moved)
		})
	}

	r := httptest.NewRequest(http.MethodPost, "/o/token/", strings.NewReader("grant_type=refresh_token&refresh_token=x&client_id=unknown"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Print(w.Code, " ", w.Body)
	// Output: 401 {"error":"invalid_client","error_description":"client authentication failed"}
}
