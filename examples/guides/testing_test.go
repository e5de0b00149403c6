package guides

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/flowtest"
)

// # Test your API
//
// flowtest.New gives a provider that keeps everything in memory. ActingAs is an
// HTTP client with an access token of any user, account and scopes, without a
// browser and without a login.
//
// Hand flowtest.New your own flow.Config to test with your scopes, your MayAct
// and your pages: write a function that returns it and takes the store, which
// is nil for a test. The application of flowtest is of the account "developer",
// which your Pages.AccountName does not know: it returns "" for such an account.
// The users and accounts of ActingAs are those that your MayAct knows.
func TestAPI(t *testing.T) {
	provider := flowtest.New(t, flow.Config{Scopes: service().Scopes})
	domains := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {})
	api := httptest.NewServer(provider.Require("write")(domains))
	defer api.Close()

	require.Equal(t, 200, status(t, provider.ActingAs("ann", "7", "write"), api.URL))
	require.Equal(t, 403, status(t, provider.ActingAs("ann", "7", "read"), api.URL))
	require.Equal(t, 401, status(t, http.DefaultClient, api.URL))
}

// # Test one of several APIs
//
// At gives tokens for another API of Config.Resources than the default one, so
// that a test proves which of them a handler serves.
func TestAnotherAPI(t *testing.T) {
	const reports = "https://reports.example"
	provider := flowtest.New(t, flow.Config{Scopes: service().Scopes, Resources: []flow.Resource{{Identifier: reports}}})
	guard := provider.Guard(flow.Guard{Resource: reports, Scopes: []string{"read"}})
	api := httptest.NewServer(guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {})))
	defer api.Close()

	require.Equal(t, 200, status(t, provider.At(reports).ActingAs("ann", "7", "read"), api.URL))
	require.Equal(t, 401, status(t, provider.ActingAs("ann", "7", "read"), api.URL))
}

// # Test the way through consent
//
// Authorize is the user's browser: it opens the URL that a client sends it to,
// answers the consent page, and returns the URL at the client that it is sent
// back to.
func TestConsent(t *testing.T) {
	provider := flowtest.New(t, flow.Config{Scopes: service().Scopes})
	server := httptest.NewServer(provider)
	defer server.Close()
	client := oauth2.Config{
		ClientID: provider.Application.ClientID, ClientSecret: provider.ClientSecret,
		RedirectURL: provider.Application.CallbackURLs[0],
		Endpoint:    oauth2.Endpoint{AuthURL: server.URL + "/oauth/authorize", TokenURL: server.URL + "/oauth/token"},
	}
	ann := flow.User{ID: "ann", Name: "Ann", Accounts: []flow.Account{{ID: "7", Name: "Ann's account"}}}
	verifier := oauth2.GenerateVerifier()
	loginURL := client.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier))

	denied := provider.Authorize(ann, loginURL, flowtest.Answer{Deny: true})
	require.Equal(t, "access_denied", denied.Query().Get("error"))

	callback := provider.Authorize(ann, loginURL, flowtest.Answer{})
	token, err := client.Exchange(t.Context(), callback.Query().Get("code"), oauth2.VerifierOption(verifier))
	require.NoError(t, err)
	require.NotEmpty(t, token.RefreshToken)
}
