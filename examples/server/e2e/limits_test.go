package e2e

import (
	"net"
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// A hundred wrong secrets at each endpoint that takes one: from the 65th on
// they are answered 429, which tells when to try again, as they are for a
// client that does not exist. The client itself, from elsewhere or at work
// there already, and every other client are served as before.
func TestGuessingIsLimited(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/oauth/token", "/oauth/revoke", "/oauth/introspect", "/v2/oauth/access_token"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			b := signIn(t, s, alice)
			app := b.register(acme, "Guessed at", "confidential", "https://app.example.com/callback")
			working := b.register(acme, "Working", "confidential", "https://app.example.com/callback")
			other := b.register(acme, "Bystander", "confidential", "https://app.example.com/callback")
			send := func(app application, secret, from string) answer {
				fields := url.Values{"client_id": {app.ClientID}, "client_secret": {secret}, "token": {"x"}, "code": {"x"}, "grant_type": {"authorization_code"}}
				return s.postFrom(t, from, path, fields)
			}
			served := func(a answer) {
				t.Helper()
				require.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, a.Status, "%s", a.Body) // 400 for the code "x"
				require.NotEqual(t, "invalid_client", a.str("error"))
			}
			const here, elsewhere = "127.0.0.1", "127.0.0.2"
			served(send(working, working.ClientSecret, here))

			nobody := application{ClientID: "nobody"}
			for i := range 100 {
				for _, guessed := range []application{app, working, nobody} {
					a := send(guessed, "wrong"+strconv.Itoa(i), here)
					if i < 64 {
						require.Equal(t, http.StatusUnauthorized, a.Status, "%d: %s", i, a.Body)
						require.Equal(t, "invalid_client", a.str("error"))
						continue
					}
					require.Equal(t, http.StatusTooManyRequests, a.Status, "%d: %s", i, a.Body)
					require.Equal(t, "temporarily_unavailable", a.str("error"))
					seconds, err := strconv.Atoi(a.Header.Get("Retry-After"))
					require.NoError(t, err)
					require.Positive(t, seconds)
					require.LessOrEqual(t, seconds, 10)
				}
			}
			served(send(app, app.ClientSecret, here))
			served(send(working, working.ClientSecret, here))
			served(send(other, other.ClientSecret, here))
			served(send(app, app.ClientSecret, elsewhere))
			require.Contains(t, s.stderr.String(), "token.client_authentication_limited")
			require.NotContains(t, s.stderr.String(), "wrong1")
		})
	}
}

// postFrom posts a form from an address of the loopback network.
func (s *server) postFrom(t *testing.T, address, path string, fields url.Values) answer {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	client := &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
	req, err := http.NewRequest(http.MethodPost, s.URL+path, formBody(fields))
	require.NoError(t, err)
	req.Header.Set("Content-Type", formType)
	a, err := sendBy(client, req)
	if err != nil && address != "127.0.0.1" {
		missing(t, "the address "+address, "give it to the loopback interface, which has it on Linux")
	}
	require.NoError(t, err)
	return a
}
