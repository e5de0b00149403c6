package guides

import (
	"context"
	"errors"
	"fmt"

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
// has none, and is refused.
//
// Tokens are not moved. Users are asked for their consent once more; to spare
// them that for an application of your own, set Standing.Trusted.
//
// Set SecretIsRandom where the other system made the secrets at random, and
// nobody could type one instead, as the form of django-oauth-toolkit lets them.
// One that a person may have chosen keeps its slow hash, and attempts are
// limited.
//
// examples/import does all that for the tables of the four.
//
// Point the other system's URLs at the new ones: clients that know
// /oauth/authorize and /oauth/token notice nothing.
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
