package device_test

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/device"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
	"github.com/oauthapps/oauthapps/store/sqlite"
)

// Each step is on a node of its own, which has just started: nothing is kept in
// between but in the store.
func TestEveryStepOnAnotherNode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	open := func() store.Store {
		backend, err := sqlite.Open(t.Context(), path)
		require.NoError(t, err)
		return backend
	}
	backend := open()
	s := newService(t, backend, device.Config{})
	restart := func() {
		require.NoError(t, backend.(interface{ Close() error }).Close())
		backend = open()
		s.store = backend
		s = s.other()
	}
	c := s.ask()
	restart()
	s.requirePoll(c, "authorization_pending")
	restart()
	form := consentForm(t, s.enter("ada", c.user))
	restart()
	w := s.postForm(device.Path, "ada", append(form, "decision", "authorize", "account_id", "11")...)
	require.Contains(t, w.Body.String(), "Your device is connected")
	restart()
	tokens := s.requirePoll(c, "")
	restart()
	require.Equal(t, http.StatusNoContent, s.call(tokens))
	s.requirePoll(c, "invalid_grant")

	c = s.ask()
	s.answer("ada", c.user, "deny", "")
	restart()
	s.requirePoll(c, "access_denied")
	require.NoError(t, backend.(interface{ Close() error }).Close())
}

// A watched store tells all that is written of records and sessions, and fails
// where it is told to.
type watched struct {
	store.Store
	written []string
	fail    map[string]bool // by method
}

var errDown = errors.New("the database is down")

func (s *watched) failing(method string) error {
	if s.fail[method] {
		return errDown
	}
	return nil
}

func (s *watched) Keep(ctx context.Context, r store.Record, now time.Time) error {
	s.written = append(s.written, string(r.Digest[:]), string(r.Value))
	return errors.Join(s.failing("Keep"), s.Store.Keep(ctx, r, now))
}

func (s *watched) Look(ctx context.Context, kind string, d credential.Digest, now time.Time) (store.Record, error) {
	if err := s.failing("Look"); err != nil {
		return store.Record{}, err
	}
	return s.Store.Look(ctx, kind, d, now)
}

func (s *watched) Replace(ctx context.Context, r store.Record, old []byte, now time.Time) error {
	if err := s.failing("Replace"); err != nil {
		return err
	}
	s.written = append(s.written, string(r.Value))
	return s.Store.Replace(ctx, r, old, now)
}

func (s *watched) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	if err := s.failing("BeginSession"); err != nil {
		return oauthapp.Grant{}, err
	}
	return s.Store.BeginSession(ctx, b)
}

func (s *watched) RedeemCode(ctx context.Context, r store.Redemption) error {
	if err := s.failing("RedeemCode"); err != nil {
		return err
	}
	return s.Store.RedeemCode(ctx, r)
}

func (s *watched) EndSession(ctx context.Context, id uuid.UUID) error {
	if err := s.failing("EndSession"); err != nil {
		return err
	}
	return s.Store.EndSession(ctx, id)
}

func (s *watched) Client(ctx context.Context, id string, session uuid.UUID, now time.Time) (store.Client, error) {
	if err := s.failing("Client"); err != nil {
		return store.Client{}, err
	}
	return s.Store.Client(ctx, id, session, now)
}

// The store has neither code, nor a plain hash of the short one.
func TestOnlyDigestsAreKept(t *testing.T) {
	w := &watched{Store: memory.New()}
	s := newService(t, w, device.Config{})
	c := s.ask()
	s.authorize(c)
	s.requirePoll(c, "")
	bare := strings.ReplaceAll(c.user, "-", "")
	all := strings.Join(w.written, "\n")
	require.Len(t, w.written, 5, "two records, of which one is replaced")
	plain, hyphened := credential.DigestOf(bare), credential.DigestOf(c.user)
	for _, secret := range []string{c.device, c.device[6:], c.user, bare, string(plain[:]), string(hyphened[:])} {
		require.NotContains(t, all, secret)
	}
}

// An outage is no answer, and nothing is lost by it.
func TestOutages(t *testing.T) {
	w := &watched{Store: memory.New(), fail: map[string]bool{}}
	s := newService(t, w, device.Config{})
	c := s.ask()
	form := append(consentForm(t, s.enter("ada", c.user)), "account_id", "11")
	during := func(method string, call func() int) {
		t.Helper()
		w.fail[method] = true
		require.Equal(t, http.StatusServiceUnavailable, call(), method)
		delete(w.fail, method)
	}
	ask := func() int {
		return s.postForm(device.AuthorizationPath, "", "client_id", s.public.ClientID).Code
	}
	poll := func() int { status, _, _ := s.poll(c); return status }
	enter := func() int { return s.enter("ada", c.user).Code }
	decide := func(decision string) func() int {
		return func() int { return s.postForm(device.Path, "ada", append(form, "decision", decision)...).Code }
	}
	during("Client", ask)
	during("Keep", ask)
	during("Client", poll)
	during("Look", poll)
	during("Look", enter)
	during("Client", enter)
	during("Look", decide("authorize"))
	during("BeginSession", decide("authorize"))
	during("Replace", decide("deny"))
	s.requirePoll(c, "authorization_pending")
	require.Empty(t, flowGrants(t, s))

	during("Replace", decide("authorize"))
	require.Equal(t, http.StatusOK, decide("authorize")(), "who tries again gets on")
	during("RedeemCode", poll)
	s.requirePoll(c, "")
}

// A node that ends between the two writes of a yes has lost nothing.
func TestYesThatIsHalfKept(t *testing.T) {
	w := &watched{Store: memory.New(), fail: map[string]bool{}}
	s := newService(t, w, device.Config{})
	c, denied := s.ask(), s.ask()
	yes := func(c codes, person string, account string) int {
		return s.answer(person, c.user, "authorize", account).Code
	}
	w.fail["Replace"] = true
	require.Equal(t, http.StatusServiceUnavailable, yes(c, "ada", "11"))
	require.Equal(t, http.StatusServiceUnavailable, yes(denied, "ada", "11"))
	delete(w.fail, "Replace")
	require.Contains(t, s.answer("bob", c.user, "authorize", "20").Body.String(), "used already")
	s.requirePoll(c, "")

	require.Contains(t, s.answer("ada", denied.user, "deny", "").Body.String(), "Access denied")
	s.requirePoll(denied, "access_denied")
}
