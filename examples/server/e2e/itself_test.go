package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// Published clients act for themselves, without a user: they authenticate with
// a secret or a key, get a token for the scopes that the owner ticked, call the
// API, and learn that they get no others.
func TestNodeClientsThemselves(t *testing.T) {
	t.Parallel()
	s := start(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	private, public := webKey(t, key, "ES256")
	for _, client := range []string{"oauth4webapi", "openid-client"} {
		for _, auth := range []string{"basic", "post", "key", "key with DPoP"} {
			auth, dpop := strings.CutSuffix(auth, " with DPoP")
			if dpop && client != "oauth4webapi" {
				continue
			}
			t.Run(fmt.Sprintf("%s %s, DPoP %t", client, auth, dpop), func(t *testing.T) {
				t.Parallel()
				dir := nodePackage(t, "node", client)
				b := signIn(t, s, alice)
				app := b.register(alice.account, client+" "+auth, "confidential", "https://app.example.com/callback")
				b.letActItself(app, "jwks", map[bool]string{true: public}[auth == "key"])
				if auth == "key" {
					app.ClientSecret = ""
				}
				node := newNode(t, dir, client+"-itself.mjs")
				more := map[string]string{"auth": auth, "scope": "read", "key": private, "algorithm": `{"name":"ECDSA","namedCurve":"P-256"}`}
				tokenType := "bearer"
				if dpop {
					more["dpop"], tokenType = "true", "dpop"
				}
				node.start(s, app, more)
				var result struct {
					Steps struct {
						TokenType     string `json:"token_type"`
						Scope         string
						ExpiresIn     int    `json:"expires_in"`
						RefreshToken  string `json:"refresh_token"`
						Called        struct{ Data struct{ Application string } }
						Introspection map[string]any
						Wider         string
						Refused       string
					}
				}
				node.read(&result)
				node.wait()
				steps := result.Steps
				require.Equal(t, []any{tokenType, "read", 3600, ""}, []any{steps.TokenType, steps.Scope, steps.ExpiresIn, steps.RefreshToken})
				require.Equal(t, app.ClientID, steps.Called.Data.Application)
				require.Equal(t, []any{true, app.ClientID, nil}, []any{steps.Introspection["active"], steps.Introspection["client_id"], steps.Introspection["sub"]})
				require.Equal(t, []string{"invalid_scope", "invalid_token"}, []string{steps.Wider, steps.Refused})
			})
		}
	}
}

// letActItself has the owner of an application tick the scope read for it
// itself, and fill in another field.
func (b *browser) letActItself(app application, name, value string) {
	b.t.Helper()
	path := home(app.Account) + "/" + app.ID
	require.Less(b.t, b.get(path+"/edit").form(path).set("application_scopes", "read").set(name, value).submit().Status, 300)
}

// The client of x/oauth2 gets a token without a user. It ends with the client
// secret that it was got with, and the client gets the next one with another.
func TestGoClientItself(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(alice.account, "x/oauth2", "confidential", "https://app.example.com/callback")
	b.letActItself(app, "description", "Acts for itself")
	path := home(app.Account) + "/" + app.ID
	for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleAutoDetect, oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams} {
		config := clientcredentials.Config{ClientID: app.ClientID, ClientSecret: app.ClientSecret, TokenURL: s.URL + "/oauth/token", AuthStyle: style}
		token, err := config.Token(t.Context())
		require.NoError(t, err)
		require.Empty(t, token.RefreshToken)
		require.Equal(t, http.StatusOK, s.whoami(t, token.AccessToken).Status)

		// The secret is reset with no overlap.
		reset := b.get(path).form(path+"/secrets").set("overlap", "0").submit()
		require.Equal(t, http.StatusOK, reset.Status)
		require.Equal(t, http.StatusUnauthorized, s.whoami(t, token.AccessToken).Status)
		_, err = config.Token(t.Context())
		require.ErrorContains(t, err, "invalid_client")
		app.ClientSecret = reset.byID("client-secret")
	}
}
