package e2e

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A server on SQLite is killed again and again while clients exchange, rotate
// and revoke. Whatever it had answered holds after each restart: tokens that it
// gave work, tokens that it replaced or revoked do not. What was under way when
// it died may have happened or not.
func TestKillUnderLoad(t *testing.T) {
	t.Parallel()
	const (
		rounds  = 5
		workers = 6
		changes = 400 // at least so many answered ones before each kill
	)
	args := []string{"-store", sqlite(t), "-rotation-grace", grace.String()}
	s := start(t, args...)
	b := signIn(t, s, alice)
	app := b.register(acme, "Steady", "confidential", "https://app.example.com/callback")
	swept := b.register(acme, "Swept", "confidential", "https://app.example.com/callback")
	s.tokens(t, b, app, acme) // the consent, remembered from here on

	for round := range rounds {
		var (
			wg       sync.WaitGroup
			sessions [workers][]*session
			answered atomic.Int64
		)
		for worker := range workers {
			c := &caller{server: s, cookies: b.client.Jar, app: app, answered: &answered}
			wg.Go(func() {
				for n := worker; ; n++ {
					one, err := c.run(n)
					if one != nil {
						sessions[worker] = append(sessions[worker], one)
					}
					if errors.Is(err, errGone) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}

		// Meanwhile all tokens of another application are revoked at once.
		var ended []*session
		for range 3 {
			tokens := s.tokens(t, b, swept, acme, "account_id", acme)
			ended = append(ended, &session{app: swept, access: tokens.str("access_token"), refresh: tokens.str("refresh_token"), revoked: true})
		}
		p := b.get(swept.path("revoke")).form(swept.path("revoke")).submit()
		require.Less(t, p.Status, 300, "%s", p.Body)
		require.Eventually(t, func() bool { return answered.Load() >= changes || t.Failed() }, patience, time.Millisecond)
		s.kill()
		wg.Wait()

		s = start(t, args...)
		b = signIn(t, s, alice)
		counts := map[string]int{}
		for _, some := range append(sessions[:], ended) {
			for _, one := range some {
				one.check(t, s, counts)
			}
		}
		t.Logf("round %d: %d changes answered; held: %v", round+1, answered.Load(), counts)
		for _, kind := range []string{"live", "revoked", "replaced"} {
			require.Positive(t, counts[kind], "the load left no %s token", kind)
		}
		for _, a := range []application{app, swept} {
			require.Equal(t, a.ClientID, b.get(a.path()).byID("client-id"))
		}
	}
}

var (
	// errGone is an answer that never came: the server was killed.
	errGone = errors.New("the server is gone")
	// errUnavailable is an answer that says neither yes nor no: what was asked
	// for may have happened or not.
	errUnavailable = errors.New("the service is unavailable")
)

// grace is how long a refresh can be repeated at the servers of loads: the
// longest there is.
const grace = time.Minute

// A session is what one run of the flow has left its client with, going by the
// answers that the client got.
type session struct {
	app             application
	access, refresh string   // the newest
	replaced        []string // refresh tokens before it
	revoked         bool     // a revocation was answered

	rotating time.Time // when a refresh was sent that was not answered
	revoking bool      // a revocation was under way when the server died
}

// A caller is a client with a user who has authorized it.
type caller struct {
	server   *server
	cookies  http.CookieJar
	app      application
	answered *atomic.Int64
	patience func() time.Duration // after which it hangs up; nil: never
}

// run runs one session: a code and its exchange and then, by n, some rotations
// and perhaps a revocation. It returns what it has, if it has anything, also
// with an error.
func (c *caller) run(n int) (*session, error) {
	verifier := newVerifier()
	code, err := c.authorize(verifier)
	if err != nil {
		return nil, err
	}
	tokens, err := c.post("/oauth/token", redemption(c.app, code, verifier))
	if err != nil {
		return nil, err
	}
	one := &session{app: c.app, access: tokens.str("access_token"), refresh: tokens.str("refresh_token")}
	for range n % 4 {
		if err := c.use(one); err != nil {
			return one, err
		}
		one.rotating = time.Now()
		tokens, err = c.post("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {one.refresh}})
		if err != nil {
			return one, err
		}
		one.replaced = append(one.replaced, one.refresh)
		one.access, one.refresh, one.rotating = tokens.str("access_token"), tokens.str("refresh_token"), time.Time{}
	}
	if n%3 == 0 {
		one.revoking = true
		if _, err = c.post("/oauth/revoke", url.Values{"token": {one.refresh}}); err != nil {
			return one, err
		}
		one.revoked, one.revoking = true, false
	}
	return one, nil
}

// use uses an access token that works, at the API and at the introspection
// endpoint.
func (c *caller) use(one *session) error {
	req, err := http.NewRequest(http.MethodGet, c.server.URL+"/v2/whoami", nil)
	if err != nil {
		return err
	}
	bearer(one.access)(req)
	if _, err := c.send(req, http.StatusOK); err != nil {
		return err
	}
	a, err := c.post("/oauth/introspect", url.Values{"token": {one.access}})
	if err == nil && a.JSON["active"] != true {
		return fmt.Errorf("a token that works is said not to: %s", a.Body)
	}
	return err
}

// authorize gets a code by the remembered consent.
func (c *caller) authorize(verifier string) (string, error) {
	a, err := c.ask(verifier, http.StatusSeeOther)
	return a.code(err)
}

// ask opens the page that a client sends its user to.
func (c *caller) ask(verifier string, statuses ...int) (answer, error) {
	req, err := http.NewRequest(http.MethodGet, c.server.authorizeURL(c.app, verifier, "account_id", acme), nil)
	if err != nil {
		return answer{}, err
	}
	for _, cookie := range c.cookies.Cookies(req.URL) {
		req.AddCookie(cookie)
	}
	return c.send(req, statuses...)
}

// code is the code that a user is sent back with, unless there was an error.
func (a answer) code(err error) (string, error) {
	if err != nil {
		return "", err
	}
	target, err := url.Parse(a.Header.Get("Location"))
	if err != nil || target.Query().Get("code") == "" {
		return "", fmt.Errorf("no code: %d %s %s", a.Status, a.Header.Get("Location"), a.Body)
	}
	return target.Query().Get("code"), nil
}

// post sends a form as the client. Every answer but success is an error.
func (c *caller) post(path string, fields url.Values) (answer, error) {
	req, err := http.NewRequest(http.MethodPost, c.server.URL+path, strings.NewReader(c.app.as(fields).Encode()))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", formType)
	a, err := c.send(req, http.StatusOK)
	if err == nil {
		c.answered.Add(1)
	}
	return a, err
}

// send sends a request. Every answer but one with a status wanted is an error.
func (c *caller) send(req *http.Request, statuses ...int) (answer, error) {
	if c.patience != nil {
		ctx, cancel := context.WithTimeout(req.Context(), c.patience())
		defer cancel()
		req = req.WithContext(ctx)
	}
	a, err := send(req)
	switch {
	case err != nil:
		return answer{}, fmt.Errorf("%w: %w", errGone, err)
	case a.Status == http.StatusBadGateway: // which a proxy says of a server that is gone
		return answer{}, errGone
	case a.Status == http.StatusServiceUnavailable:
		return answer{}, cmp.Or(a.checkUnavailable(), errUnavailable)
	case !slices.Contains(statuses, a.Status):
		return answer{}, fmt.Errorf("%s %s: %d %s", req.Method, req.URL.Path, a.Status, a.Body)
	}
	return a, nil
}

// check asserts that all that was answered holds, and counts what it asserted.
func (one *session) check(t *testing.T, s *server, counts map[string]int) {
	t.Helper()
	switch {
	case one.revoked:
		require.Equal(t, http.StatusUnauthorized, s.whoami(t, one.access).Status, "a revoked access token works")
		require.Equal(t, "invalid_grant", s.refresh(t, one.app, one.refresh).str("error"), "a revoked refresh token works")
		counts["revoked"]++
	case one.revoking:
		s.refresh(t, one.app, one.refresh) // so that those before it are two rotations back
	default:
		// An access token outlives one rotation, so it works in any case. So
		// does a refresh token: the refresh that was not answered is repeated,
		// if it happened.
		require.Equal(t, http.StatusOK, s.whoami(t, one.access).Status, "an access token is lost")
		a := s.refresh(t, one.app, one.refresh)
		if one.rotating.IsZero() || time.Since(one.rotating) < grace-patience {
			require.Equal(t, http.StatusOK, a.Status, "a refresh token is lost: %s", a.Body)
		}
		counts["live"]++
	}
	for _, token := range one.replaced {
		require.Equal(t, "invalid_grant", s.refresh(t, one.app, token).str("error"), "a replaced refresh token works")
		counts["replaced"]++
	}
}
