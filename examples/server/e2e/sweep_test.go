//go:build unix

package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// A sweep is a developer who revokes all user tokens of an application again
// and again, through outages, by the button of its page, and the users, who
// authorize it anew each time. A revocation that was acknowledged holds from
// then on at every node and what is issued after it works. One that was not has
// ended all tokens or none.
type sweep struct {
	cluster *cluster
	app     application
	people  []*browser // of whom the first owns the application
	users   []*caller  // the same people
	button  url.Values // a form that stays open, as its page does
	begun   chan struct{}
	over    func() bool // whether the load has ended

	acknowledged atomic.Int64
	unanswered   int        // revocations that may have happened or not, or may still
	happened     int        // those of them that are known to have
	revoked      []*session // for certain
	doubtful     []*session // all of them were revoked or none
}

// errOver is what one gets who waits for an answer when the load ends.
var errOver = errors.New("the load has ended")

func newSweep(t *testing.T, c *cluster, owner *browser, patience func() time.Duration, over func() bool) *sweep {
	t.Helper()
	s := &sweep{cluster: c, people: []*browser{owner, signIn(t, c.server, bob)}, begun: make(chan struct{}), over: over}
	s.app = owner.register(acme, "Swept", "confidential", callback)
	for _, b := range s.people {
		s.users = append(s.users, &caller{server: c.server, cookies: b.client.Jar, app: s.app, answered: new(atomic.Int64), patience: patience})
	}
	s.button = owner.get(s.app.path("revoke")).form(s.app.path("revoke")).fields
	return s
}

// run goes on until the load ends or something does not hold.
func (s *sweep) run() error {
	for !s.over() {
		if err := s.round(); err != nil && !errors.Is(err, errOver) {
			return err
		}
	}
	return nil
}

// round gets tokens and revokes them.
func (s *sweep) round() error {
	issued, ended, err := s.issue()
	if err != nil {
		return err
	}
	live, err := s.accepted(issued)
	if err != nil {
		return err
	}
	if ended || len(live) < len(issued) {
		if err := s.late(); err != nil {
			return err
		}
	}
	if len(live) == 0 {
		return nil
	}
	code, verifier, err := s.authorized(s.users[0])
	if err != nil {
		return err
	}
	for s.doubtful = live; s.doubtful != nil; {
		acknowledged, err := s.press()
		if err != nil {
			return err
		}
		if acknowledged {
			s.acknowledged.Add(1)
			s.revoked, s.doubtful = append(s.revoked, live...), nil
			left, err := s.accepted(live)
			if err == nil && len(left) > 0 {
				err = errors.New("a token works that was issued before an acknowledged revocation")
			}
			if err != nil {
				return err
			}
			continue
		}
		s.unanswered++
		left, err := s.accepted(live)
		if err == nil && len(left) > 0 && len(left) < len(live) { // unless it happened as they were looked at, one by one
			if left, err = s.accepted(live); err == nil && len(left) > 0 {
				err = errors.New("a revocation ended some tokens and not others")
			}
		}
		if err != nil {
			return err
		}
		if len(left) == 0 {
			s.happened++
			s.revoked, s.doubtful = append(s.revoked, live...), nil
		}
	}
	return s.refused(code, verifier)
}

// late accounts for tokens that were ended though nobody pressed the button
// since they were issued: a revocation that was not answered may still happen,
// but once.
func (s *sweep) late() error {
	if s.happened++; s.happened > s.unanswered {
		return errors.New("a token does not work that was issued after the last revocation")
	}
	return nil
}

// press presses the button and reports whether it was acknowledged that all is
// revoked.
func (s *sweep) press() (acknowledged bool, err error) {
	select {
	case s.begun <- struct{}{}:
	default:
	}
	ctx := context.Background()
	if s.users[0].patience != nil && rand.IntN(2) == 0 { // it is but one of very many requests, which are not often hung up on
		var hangUp context.CancelFunc
		ctx, hangUp = context.WithTimeout(ctx, rand.N(5*time.Millisecond))
		defer hangUp()
	}
	a, err := s.users[0].submitWith(ctx, s.app.path("revoke"), s.button)
	switch {
	case errors.Is(err, errGone), errors.Is(err, errUnavailable):
		return false, nil
	case err == nil && !strings.HasPrefix(a.Header.Get("Location"), s.app.path()+"?"):
		err = fmt.Errorf("the button leads to %s", a.Header.Get("Location"))
	}
	return err == nil, err
}

// issue gets a session of each user, all after one another. Some may have been
// ended before they had tokens.
func (s *sweep) issue() (issued []*session, ended bool, err error) {
	for _, user := range s.users {
		for one := (*session)(nil); one == nil; {
			code, verifier, err := s.authorized(user)
			if err != nil {
				return nil, false, err
			}
			a, err := user.exchange(code, verifier)
			switch {
			case errors.Is(err, errGone), errors.Is(err, errUnavailable): // the code is used up, perhaps
			case err != nil:
				return nil, false, err
			case a.Status != http.StatusOK:
				ended = true
			default:
				one = &session{app: s.app, access: a.str("access_token"), refresh: a.str("refresh_token"), revoked: true}
				issued = append(issued, one)
			}
		}
	}
	return issued, ended, nil
}

// authorized gets a code by a user's consent.
func (s *sweep) authorized(user *caller) (code, verifier string, err error) {
	verifier = newVerifier()
	err = s.insist(func() error {
		code, err = user.consent(verifier)
		return err
	})
	return code, verifier, err
}

// refused asserts that a code from before a revocation is worth nothing.
func (s *sweep) refused(code, verifier string) error {
	return s.insist(func() error {
		a, err := s.users[0].exchange(code, verifier)
		if err == nil && a.Status == http.StatusOK {
			err = errors.New("a code works that was issued before a revocation")
		}
		return err
	})
}

// insist repeats a request until it is answered.
func (s *sweep) insist(request func() error) error {
	for {
		err := request()
		if !errors.Is(err, errGone) && !errors.Is(err, errUnavailable) {
			return err
		}
		if s.over() {
			return errOver
		}
		time.Sleep(time.Millisecond)
	}
}

// accepted returns those of some sessions whose tokens are good, at every node.
func (s *sweep) accepted(sessions []*session) (good []*session, err error) {
	for _, one := range sessions {
		var yes, no int
		for try := 0; try == 0 || try == 1 && yes > 0 && no > 0; try++ { // unless it ended as the nodes were asked, one by one
			err := s.insist(func() error {
				yes, no, err = s.ask(one)
				return err
			})
			if err != nil {
				return nil, err
			}
		}
		if yes > 0 && no > 0 {
			return nil, fmt.Errorf("%d answers say that a session's tokens are good, and %d that they are not", yes, no)
		}
		if yes > 0 {
			good = append(good, one)
		}
	}
	return good, nil
}

// ask asks every node that there is about the tokens of a session.
func (s *sweep) ask(one *session) (yes, no int, err error) {
	count := func(good bool) {
		if good {
			yes++
		} else {
			no++
		}
	}
	for _, address := range s.cluster.proxy.addresses() {
		node := &caller{server: &server{URL: "http://" + address}, app: s.app, answered: new(atomic.Int64)}
		status, err := node.whoami(one.access)
		if isDialError(err) { // it was killed
			continue
		}
		if err != nil {
			return 0, 0, err
		}
		count(status == http.StatusOK)
		a, err := node.post("/oauth/introspect", url.Values{"token": {one.refresh}, "token_type_hint": {"refresh_token"}})
		if err != nil {
			return 0, 0, err
		}
		count(a.JSON["active"] == true)
	}
	if yes+no == 0 {
		return 0, 0, errGone
	}
	return yes, no, nil
}

// whoami uses an access token at the API, which it opens or not.
func (c *caller) whoami(access string) (status int, err error) {
	req, err := http.NewRequest(http.MethodGet, c.server.URL+"/v2/whoami", nil)
	if err != nil {
		return 0, err
	}
	bearer(access)(req)
	a, err := c.send(req, http.StatusOK, http.StatusUnauthorized)
	return a.Status, err
}

// exchange redeems a code, which is good or refused.
func (c *caller) exchange(code, verifier string) (answer, error) {
	req, err := http.NewRequest(http.MethodPost, c.server.URL+"/oauth/token", formBody(c.app.as(redemption(c.app, code, verifier))))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", formType)
	a, err := c.send(req, http.StatusOK, http.StatusBadRequest)
	if err == nil && a.Status != http.StatusOK && a.str("error") != "invalid_grant" {
		err = fmt.Errorf("a code was refused with %s", a.Body)
	}
	return a, err
}

// consent gets a code, by the page that asks the user, where one does.
func (c *caller) consent(verifier string) (string, error) {
	asked, err := c.ask(verifier, http.StatusOK, http.StatusSeeOther)
	if err != nil || asked.Status == http.StatusSeeOther {
		return asked.code(err)
	}
	root, err := html.Parse(strings.NewReader(asked.Body))
	if err != nil {
		return "", err
	}
	for n := range root.Descendants() {
		if n.Data == "form" && attr(n, "action") == "/oauth/authorize" {
			fields := fieldsOf(n)
			fields.Set("account_id", acme)
			fields.Set("decision", "authorize")
			a, err := c.submit("/oauth/authorize", fields)
			return a.code(err)
		}
	}
	return "", fmt.Errorf("no form to authorize: %s", asked.Body)
}

// submit sends a form of one of the server's pages, which leads elsewhere.
func (c *caller) submit(path string, fields url.Values) (answer, error) {
	return c.submitWith(context.Background(), path, fields)
}

func (c *caller) submitWith(ctx context.Context, path string, fields url.Values) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.server.URL+path, formBody(fields))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", formType)
	req.Header.Set("Origin", c.server.URL)
	for _, cookie := range c.cookies.Cookies(req.URL) {
		req.AddCookie(cookie)
	}
	return c.send(req, http.StatusSeeOther)
}

// check asserts, after the load, that everything acknowledged holds and that
// nothing is half done.
func (s *sweep) check(t *testing.T) {
	t.Helper()
	counts := map[string]int{}
	for _, one := range s.revoked {
		one.check(t, s.cluster.server, counts)
	}
	good, err := s.accepted(append(s.revoked[:len(s.revoked):len(s.revoked)], s.doubtful...))
	require.NoError(t, err)
	if len(good) > 0 {
		require.Equal(t, s.doubtful, good, "a revocation ended some tokens and not others, or did not hold")
	}
	t.Logf("%d revocations of all tokens acknowledged, %d not, of which %d happened; held: %v", s.acknowledged.Load(), s.unanswered, s.happened, counts)

	s.again(t)
}

// again asserts that the button works, where nothing else is under way.
func (s *sweep) again(t *testing.T) {
	t.Helper()
	before := s.tokens(t)
	s.requireAccepted(t, before, before)
	p := s.people[0].get(s.app.path("revoke")).form(s.app.path("revoke")).submit()
	require.Equal(t, http.StatusOK, p.Status, "%s", p.Body)
	require.Contains(t, p.text(), "All user tokens are revoked.")
	after := s.tokens(t)
	s.requireAccepted(t, append(before, after...), after)
}

// tokens gets a session of each user.
func (s *sweep) tokens(t *testing.T) (issued []*session) {
	t.Helper()
	for _, b := range s.people {
		a := s.cluster.tokens(t, b, s.app, acme)
		issued = append(issued, &session{app: s.app, access: a.str("access_token"), refresh: a.str("refresh_token"), revoked: true})
	}
	return issued
}

// requireAccepted asserts which of some sessions have tokens that are good.
func (s *sweep) requireAccepted(t *testing.T, sessions, want []*session) {
	t.Helper()
	good, err := s.accepted(sessions)
	require.NoError(t, err)
	require.Equal(t, want, good)
}
