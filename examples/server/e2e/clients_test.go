package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/dnsimple/dnsimple-go/v9/dnsimple"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
)

// dnsimple-go completes a login as it is published; only its base URL is set.
func TestDNSimpleGo(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(acme, "dnsimple-go", "confidential", "https://app.example.com/callback")

	clients := map[string]*http.Client{
		"plain":            {},
		"with some bearer": dnsimple.StaticTokenHTTPClient(t.Context(), "left-from-before"),
	}
	for name, httpClient := range clients {
		for _, withRedirectURI := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, redirect_uri %t", name, withRedirectURI), func(t *testing.T) {
				b := b.in(t)
				client := dnsimple.NewClient(httpClient)
				client.BaseURL = s.URL
				redirectURI := ""
				if withRedirectURI {
					redirectURI = app.Callback
				}
				callback := b.authorize(client.Oauth.AuthorizeURL(app.ClientID, &dnsimple.AuthorizationOptions{
					RedirectURI: redirectURI, State: "the state & more",
				}), acme)
				require.Equal(t, "the state & more", callback.Query().Get("state"))

				request := dnsimple.ExchangeAuthorizationRequest{
					Code: callback.Query().Get("code"), ClientID: app.ClientID, ClientSecret: app.ClientSecret,
					RedirectURI: redirectURI, State: "another state", GrantType: dnsimple.AuthorizationCodeGrant,
				}
				_, err := client.Oauth.ExchangeAuthorizationForToken(&request)
				refused := &dnsimple.ExchangeAuthorizationError{}
				require.ErrorAs(t, err, &refused)
				require.Equal(t, http.StatusBadRequest, refused.HTTPResponse.StatusCode)
				require.Equal(t, "invalid_request", refused.ErrorCode)
				require.Equal(t, `Invalid "state": value doesn't match the "state" in the authorization request`, refused.ErrorDescription)

				// The refusal did not use up the code.
				request.State = "the state & more"
				token, err := client.Oauth.ExchangeAuthorizationForToken(&request)
				require.NoError(t, err)
				require.Equal(t, "Bearer", token.Type)
				require.EqualValues(t, 2, token.AccountID)

				api := dnsimple.NewClient(dnsimple.StaticTokenHTTPClient(t.Context(), token.Token))
				api.BaseURL = s.URL
				whoami, err := api.Identity.Whoami(t.Context())
				require.NoError(t, err)
				require.EqualValues(t, 1, whoami.Data.User.ID)
				require.Equal(t, alice.email, whoami.Data.User.Email)
				require.EqualValues(t, 2, whoami.Data.Account.ID)
				require.Positive(t, whoami.RateLimit())
				require.Less(t, whoami.RateLimitRemaining(), whoami.RateLimit())
				require.True(t, whoami.RateLimitReset().After(time.Now()), "%s", whoami.RateLimitReset())
			})
		}
	}
}

// An e-mail and password are no credentials of this API, nor of its clients.
func TestDNSimpleGoWithBasicAuthentication(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(alice.account, "dnsimple-go", "confidential", "https://app.example.com/callback")
	client := dnsimple.NewClient(dnsimple.BasicAuthHTTPClient(t.Context(), alice.email, alice.password))
	client.BaseURL = s.URL

	_, err := client.Identity.Whoami(t.Context())
	refused := &dnsimple.ErrorResponse{}
	require.ErrorAs(t, err, &refused)
	require.Equal(t, http.StatusUnauthorized, refused.HTTPResponse.StatusCode)

	callback := b.authorize(client.Oauth.AuthorizeURL(app.ClientID, &dnsimple.AuthorizationOptions{State: "s"}), alice.account)
	_, err = client.Oauth.ExchangeAuthorizationForToken(&dnsimple.ExchangeAuthorizationRequest{
		Code: callback.Query().Get("code"), ClientID: app.ClientID, ClientSecret: app.ClientSecret,
		State: "s", GrantType: dnsimple.AuthorizationCodeGrant,
	})
	failed := &dnsimple.ExchangeAuthorizationError{}
	require.ErrorAs(t, err, &failed)
	require.Contains(t, []string{"invalid_request", "invalid_client"}, failed.ErrorCode)
}

// golang.org/x/oauth2 completes a login, refreshes, and learns of a revocation,
// whichever way it authenticates the client.
func TestXOAuth2(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	styles := map[string]oauth2.AuthStyle{
		"auto":   oauth2.AuthStyleAutoDetect,
		"header": oauth2.AuthStyleInHeader,
		"params": oauth2.AuthStyleInParams,
	}
	for _, clientType := range []string{"confidential", "public"} {
		for style, authStyle := range styles {
			t.Run(clientType+" "+style, func(t *testing.T) {
				b := b.in(t)
				callbackURL := "https://app.example.com/callback"
				if clientType == "public" {
					callbackURL = "http://127.0.0.1/callback"
				}
				app := b.register(alice.account, "x/oauth2 "+style, clientType, callbackURL)
				config := oauth2.Config{
					ClientID: app.ClientID, ClientSecret: app.ClientSecret, RedirectURL: callbackURL,
					Scopes:   []string{"read", "write"},
					Endpoint: oauth2.Endpoint{AuthURL: s.URL + "/oauth/authorize", TokenURL: s.URL + "/oauth/token", AuthStyle: authStyle},
				}
				if clientType == "public" { // a native application listens on a port of its own (RFC 8252, section 7.3)
					config.RedirectURL = "http://127.0.0.1:49321/callback"
				}
				verifier := oauth2.GenerateVerifier()
				callback := b.authorize(config.AuthCodeURL("some state", oauth2.S256ChallengeOption(verifier)), alice.account)
				require.Equal(t, "some state", callback.Query().Get("state"))
				require.Equal(t, s.URL, callback.Query().Get("iss"))

				token, err := config.Exchange(t.Context(), callback.Query().Get("code"), oauth2.VerifierOption(verifier))
				require.NoError(t, err)
				require.Equal(t, "Bearer", token.Type())
				require.NotEmpty(t, token.RefreshToken)
				require.WithinDuration(t, time.Now().Add(time.Hour), token.Expiry, time.Minute)
				require.Equal(t, http.StatusOK, status(t, config.Client(t.Context(), token), s.URL+"/v2/whoami"))

				old := *token
				old.Expiry = time.Now().Add(-time.Minute) // x/oauth2 now takes it for expired
				refreshed, err := config.TokenSource(t.Context(), &old).Token()
				require.NoError(t, err)
				require.NotEqual(t, token.AccessToken, refreshed.AccessToken)
				require.NotEqual(t, token.RefreshToken, refreshed.RefreshToken)
				require.Equal(t, http.StatusOK, status(t, config.Client(t.Context(), refreshed), s.URL+"/v2/whoami"))

				revoked := s.post(t, "/oauth/revoke", app.as(url.Values{"token": {refreshed.RefreshToken}}))
				require.Equal(t, http.StatusOK, revoked.Status, "%s", revoked.Body)
				require.Equal(t, http.StatusUnauthorized, status(t, config.Client(t.Context(), refreshed), s.URL+"/v2/whoami"))
				refreshed.Expiry = time.Now().Add(-time.Minute)
				_, err = config.TokenSource(t.Context(), refreshed).Token()
				refused := &oauth2.RetrieveError{}
				require.ErrorAs(t, err, &refused)
				require.Equal(t, "invalid_grant", refused.ErrorCode)
			})
		}
	}
}

func status(t *testing.T, client *http.Client, url string) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	return resp.StatusCode
}
