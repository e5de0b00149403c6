package e2e

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// The example of RFC 7636, appendix B, and verifiers of every length and
// character that section 4.1 allows, with either kind of client.
func TestVerifiers(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	for _, clientType := range []string{"confidential", "public"} {
		app := b.register(acme, "Verified "+clientType, clientType, "http://127.0.0.1/callback")
		code := b.authorize(s.authorizeURL(app, "", "code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method", "S256"), acme).Query().Get("code")
		require.Equal(t, http.StatusOK, s.exchange(t, app, code, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").Status)

		for name, c := range map[string]struct {
			verifier string
			valid    bool
		}{
			"shortest":       {strings.Repeat("a", 43), true},
			"longest":        {strings.Repeat("Z", 128), true},
			"all characters": {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", true},
			"too short":      {strings.Repeat("a", 42), false},
			"too long":       {strings.Repeat("Z", 129), false},
			"reserved":       {strings.Repeat("a", 42) + "+", false},
			"not ASCII":      {strings.Repeat("a", 42) + "é", false},
		} {
			code := b.authorize(s.authorizeURL(app, c.verifier), acme).Query().Get("code")
			a := s.exchange(t, app, code, c.verifier)
			if c.valid {
				require.Equal(t, http.StatusOK, a.Status, "%s: %s", name, a.Body)
			} else {
				require.Equal(t, http.StatusBadRequest, a.Status, "%s: %s", name, a.Body)
				require.Equal(t, "invalid_grant", a.str("error"), name)
			}
		}
	}

	// A proof key is no client authentication: RFC 9700, section 2.5.
	app := b.register(acme, "Proven", "confidential", "https://app.example.com/callback")
	verifier := newVerifier()
	code := b.authorize(s.authorizeURL(app, verifier), acme).Query().Get("code")
	without := app
	without.ClientSecret = ""
	a := s.exchange(t, without, code, verifier)
	require.Equal(t, http.StatusUnauthorized, a.Status)
	require.Equal(t, "invalid_client", a.str("error"))
	require.Equal(t, http.StatusOK, s.exchange(t, app, code, verifier).Status)
}

// A request object that is named by its address is refused and never fetched.
func TestRequestURIIsNotFetched(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(acme, "By address", "confidential", "https://app.example.com/callback")
	var connections atomic.Int32
	elsewhere := httptest.NewUnstartedServer(http.NotFoundHandler())
	elsewhere.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	elsewhere.Start()
	defer elsewhere.Close()
	for _, name := range []string{"request_uri", "logo_uri", "jwks_uri", "sector_identifier_uri", "resource"} {
		b.get(s.authorizeURL(app, newVerifier(), name, elsewhere.URL+"/"))
	}
	require.Equal(t, "request_uri_not_supported", b.get(s.authorizeURL(app, newVerifier(), "request_uri", elsewhere.URL+"/")).redirect().Query().Get("error"))
	require.Zero(t, connections.Load())
}
