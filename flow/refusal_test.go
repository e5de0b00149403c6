package flow_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/store"
)

// A recordStore counts the writes of records, and makes them fail.
type recordStore struct {
	store.Store
	mu     sync.Mutex
	writes int
	err    error
}

func (s *recordStore) written() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	return s.err
}

func (s *recordStore) Keep(ctx context.Context, r store.Record, now time.Time) error {
	if err := s.written(); err != nil {
		return err
	}
	return s.Store.Keep(ctx, r, now)
}

func (s *recordStore) Replace(ctx context.Context, r store.Record, old []byte, now time.Time) error {
	if err := s.written(); err != nil {
		return err
	}
	return s.Store.Replace(ctx, r, old, now)
}

// newRecorded returns a host, and the writes of records at its store.
func newRecorded(t *testing.T) (*host, *recordStore) {
	records := &recordStore{}
	h := newHost(t, func(cfg *flow.Config) {
		records.Store, cfg.Store = cfg.Store, records
	})
	return h, records
}

// refusals are those that the developer of the application sees.
func (h *host) refusals() []flow.Refusal {
	refusals, err := h.Refusals(context.Background(), h.app.ID)
	require.NoError(h.t, err)
	return refusals
}

// The developer sees what was refused lately, each refusal once, with the last
// time, whichever node refused it.
func TestRecentRefusals(t *testing.T) {
	h, _ := newRecorded(t)
	other, err := flow.New(h.Resolved())
	require.NoError(t, err)
	require.Empty(t, h.refusals())
	began := h.clock.Now()

	h.post("/oauth/token", h.redemption(h.app, unissuedCode))
	h.clock.advance(time.Minute)
	h.post("/oauth/token", url.Values{"client_id": {h.app.ClientID}, "client_secret": {"wrong"}, "grant_type": {"refresh_token"}, "refresh_token": {"x"}})
	h.clock.advance(time.Minute)
	first := h.Provider.Provider
	h.Provider.Provider = other
	h.post("/oauth/token", credentialsOf(h.app, h.secret)) // before the client is known
	h.open(request(h.app, "redirect_uri", "https://other.example"))
	h.Provider.Provider = first

	code := flow.Refusal{At: began, Endpoint: "/oauth/token", Error: flow.InvalidGrant, Reason: "the authorization code is not valid"}
	secret := flow.Refusal{At: began.Add(time.Minute), Endpoint: "/oauth/token", Error: flow.InvalidClient, Reason: "wrong client secret"}
	grantType := flow.Refusal{At: began.Add(2 * time.Minute), Endpoint: "/oauth/token", Error: flow.InvalidRequest, Reason: "grant_type is missing"}
	callback := flow.Refusal{At: began.Add(2 * time.Minute), Endpoint: "/oauth/authorize", Error: flow.InvalidRequest,
		Reason: "redirect_uri: the application has not registered it as a callback URL"}
	require.Equal(t, []flow.Refusal{callback, grantType, secret, code}, h.refusals())

	h.clock.advance(time.Minute)
	h.post("/oauth/token", h.redemption(h.app, unissuedCode))
	code.At = began.Add(3 * time.Minute)
	require.Equal(t, []flow.Refusal{code, callback, grantType, secret}, h.refusals())

	h.clock.advance(7*24*time.Hour - time.Minute)
	require.Equal(t, []flow.Refusal{code}, h.refusals())
	h.clock.advance(time.Minute)
	require.Empty(t, h.refusals())
	h.post("/oauth/token", h.redemption(h.app, unissuedCode))
	require.Len(t, h.refusals(), 1)

	kept, err := h.Refusals(t.Context(), h.public.ID)
	require.NoError(t, err)
	require.Empty(t, kept, "another application")
}

// A request that is granted writes nothing for it, and one that is refused over
// and over once a minute.
func TestRefusalsAreWrittenAtAPace(t *testing.T) {
	h, records := newRecorded(t)
	granted := h.login(h.app)
	h.tokens(h.refreshing(h.app, granted.RefreshToken))
	require.True(t, h.accepts(granted.AccessToken))
	require.Zero(t, records.writes)

	for range 100 {
		h.post("/oauth/token", h.refreshing(h.app, "x"))
	}
	require.Equal(t, 1, records.writes)
	h.clock.advance(time.Minute - 1)
	h.post("/oauth/token", h.refreshing(h.app, "x"))
	require.Equal(t, 1, records.writes)
	h.clock.advance(1)
	h.post("/oauth/token", h.refreshing(h.app, "x"))
	h.post("/oauth/token", h.refreshing(h.app, "x"))
	require.Equal(t, 2, records.writes)

	for i := range 100 { // of no application
		h.post("/oauth/token", url.Values{"client_id": {fmt.Sprintf("%020x", i)}})
	}
	require.Equal(t, 2, records.writes)
}

// However many different refusals there are, the latest are kept.
func TestFewRefusalsAreKept(t *testing.T) {
	h, _ := newRecorded(t)
	names := []string{"response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method", "response_mode",
		"request", "request_uri", "prompt", "max_age", "login_hint", "ui_locales", "account_id"}
	for _, name := range names {
		h.clock.advance(time.Second)
		h.open(url.Values{"client_id": {h.app.ClientID}, "redirect_uri": {callback}, name: {"a", "b"}})
	}
	for _, name := range []string{"code", "redirect_uri", "code_verifier", "refresh_token", "scope", "grant_type", "client_secret"} {
		h.clock.advance(time.Second)
		h.post("/oauth/token", url.Values{name: {"a", "b"}, "client_id": {h.app.ClientID}}, basic(h.app.ClientID, h.secret))
	}
	kept := h.refusals()
	require.Len(t, kept, 20)
	require.Equal(t, "parameter sent more than once: client_secret", kept[0].Reason)
}

// None of the refusals that happen at once, on several nodes, is lost.
func TestConcurrentRefusals(t *testing.T) {
	h, _ := newRecorded(t)
	forms := []url.Values{
		credentialsOf(h.app, h.secret),
		with(credentialsOf(h.app, h.secret), "grant_type", "password"),
		with(credentialsOf(h.app, h.secret), "grant_type", "authorization_code"),
		with(credentialsOf(h.app, h.secret), "grant_type", "refresh_token"),
		h.refreshing(h.app, "x"),
	}
	var wg sync.WaitGroup
	for _, form := range forms {
		wg.Go(func() {
			node, err := flow.New(h.Resolved())
			if err != nil {
				t.Error(err)
				return
			}
			r := httptest.NewRequest(http.MethodPost, "https://id.example/oauth/token", strings.NewReader(form.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			node.ServeHTTP(httptest.NewRecorder(), r)
		})
	}
	wg.Wait()
	require.Len(t, h.refusals(), len(forms))
}

// What is not kept is logged, and the answer is the same.
func TestRefusalsThatCannotBeKept(t *testing.T) {
	h, records := newRecorded(t)
	records.err = errBroken
	requireError(t, h.post("/oauth/token", h.refreshing(h.app, "x")), 400, flow.InvalidGrant)
	require.Contains(t, h.log.String(), "refused request not kept")
	require.NotContains(t, h.log.String(), h.app.ClientID)
	records.err = nil
	require.Empty(t, h.refusals())
}
