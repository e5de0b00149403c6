package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
)

// A native application that has registered http://localhost/callback listens on
// whatever port is free (RFC 9700, section 4.1.3), and signs in with
// golang.org/x/oauth2 and a real browser.
func TestLocalhostHasAFreePort(t *testing.T) {
	t.Parallel()
	c := newChromium(t, true)
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(acme, "Native", "public", "http://localhost/callback")

	arrived := make(chan url.Values, 1)
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!DOCTYPE html><title>Native</title><h1>Back at the application</h1>")
		if r.URL.Path == "/callback" {
			arrived <- r.URL.Query()
		}
	}))
	defer listener.Close()
	port := listener.URL[strings.LastIndex(listener.URL, ":"):]
	config := oauth2.Config{
		ClientID: app.ClientID, RedirectURL: "http://localhost" + port + "/callback",
		Endpoint: oauth2.Endpoint{AuthURL: s.URL + "/oauth/authorize", TokenURL: s.URL + "/oauth/token"},
	}
	verifier := oauth2.GenerateVerifier()
	c.open(config.AuthCodeURL("native", oauth2.S256ChallengeOption(verifier)))
	c.signIn(alice)
	require.Equal(t, http.StatusOK, c.click(`button[name="decision"][value="authorize"]`))
	require.Equal(t, "Back at the application", c.text("h1"))
	answer := <-arrived
	require.Equal(t, "native", answer.Get("state"))

	_, err := config.Exchange(t.Context(), answer.Get("code"), oauth2.VerifierOption(verifier), oauth2.SetAuthURLParam("redirect_uri", app.Callback))
	refused := &oauth2.RetrieveError{}
	require.ErrorAs(t, err, &refused, "the exchange names the one that was used")
	require.Equal(t, "invalid_grant", refused.ErrorCode)
	token, err := config.Exchange(t.Context(), answer.Get("code"), oauth2.VerifierOption(verifier))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, s.whoami(t, token.AccessToken).Status)

	// The port alone is free, and for public clients alone.
	for _, other := range []string{
		"http://127.0.0.1" + port + "/callback", "http://[::1]" + port + "/callback", "http://LOCALHOST" + port + "/callback",
		"http://localhost." + port + "/callback", "http://localhost.evil.example" + port + "/callback", "https://localhost" + port + "/callback",
		"http://localhost" + port + "/callback/", "http://localhost" + port + "/callback?x=y", "http://localhost" + port + "/", "http://u@localhost" + port + "/callback",
	} {
		p := b.get(s.authorizeURL(app, newVerifier(), "redirect_uri", other))
		require.Equal(t, http.StatusBadRequest, p.Status, other)
		require.Empty(t, p.Header.Get("Location"), other)
	}
	confidential := b.register(acme, "Web", "confidential", "http://localhost/callback")
	require.Equal(t, http.StatusBadRequest, b.get(s.authorizeURL(confidential, newVerifier(), "redirect_uri", config.RedirectURL)).Status)
	require.Equal(t, http.StatusOK, b.get(s.authorizeURL(confidential, newVerifier())).Status)
}
