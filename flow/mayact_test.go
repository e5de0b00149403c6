package flow_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// people says what users may still do for accounts.
type people struct {
	mu     sync.Mutex
	scopes []string
	err    error
	asked  [][2]string
}

func (p *people) may(scopes ...string) { p.set(scopes, nil) }

func (p *people) set(scopes []string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.scopes, p.err, p.asked = scopes, err, nil
}

func (p *people) mayAct(_ context.Context, user, account string) ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, [2]string{user, account})
	return p.scopes, p.err
}

func newPeople(t *testing.T) (*host, *people) {
	p := &people{}
	h := newHost(t, func(cfg *flow.Config) { cfg.MayAct = p.mayAct })
	p.may("read", "write")
	return h, p
}

var errDirectory = errors.New("the directory is down")

// A refresh gets what the user may still give. Less narrows the access token
// alone; nothing ends the session, and an outage is neither.
func TestRefreshFollowsTheUser(t *testing.T) {
	h, p := newPeople(t)
	granted := h.login(h.app, "scope", "read write")
	refresh := func() *httptest.ResponseRecorder {
		return h.post("/oauth/token", h.refreshing(h.app, granted.RefreshToken))
	}

	p.may("read")
	granted = h.granted(refresh())
	require.Equal(t, "read", granted.Scope)
	require.Equal(t, [][2]string{{"1", "1"}}, p.asked)
	p.may("write", "read", "more")
	granted = h.granted(refresh())
	require.Equal(t, "read write", granted.Scope, "what the user granted stays with the session")

	p.set(nil, errDirectory)
	requireError(t, refresh(), http.StatusServiceUnavailable, "temporarily_unavailable")
	require.True(t, h.accepts(granted.AccessToken))
	h.eventTypes()

	p.may()
	requireError(t, h.post("/oauth/token", h.refreshing(h.app, garbage(granted.RefreshToken))), http.StatusBadRequest, "invalid_grant")
	require.True(t, h.accepts(granted.AccessToken), "who has no token of the session cannot end it")
	h.eventTypes()
	requireError(t, refresh(), http.StatusBadRequest, "invalid_grant")
	require.Equal(t, []oauthapp.EventType{oauthapp.UserAccessEnded}, h.eventTypes())
	require.False(t, h.accepts(granted.AccessToken))
	p.may("read", "write")
	requireError(t, refresh(), http.StatusBadRequest, "invalid_grant")
}

// A repeat is asked about as well, and changes no token: where the user may
// give less than when the first one was answered, it gets the same all the
// same, and the next refresh gets less.
func TestRepeatFollowsTheUser(t *testing.T) {
	h, p := newPeople(t)
	first := h.login(h.app, "scope", "read write")
	refresh := func() *httptest.ResponseRecorder {
		return h.post("/oauth/token", h.refreshing(h.app, first.RefreshToken))
	}
	second := h.granted(refresh())
	p.may("read")
	repeated := h.granted(refresh())
	require.Equal(t, []string{second.AccessToken, "read write"}, []string{repeated.AccessToken, repeated.Scope})
	requireError(t, h.post("/oauth/token", h.refreshing(h.app, first.RefreshToken, "scope", "read")), http.StatusBadRequest, "invalid_scope")
	requireError(t, h.post("/oauth/token", h.refreshing(h.app, first.RefreshToken, "scope", "write")), http.StatusBadRequest, "invalid_scope")
	p.set(nil, errDirectory)
	requireError(t, refresh(), http.StatusServiceUnavailable, "temporarily_unavailable")
	p.may("read", "write")
	require.Equal(t, second.AccessToken, h.granted(refresh()).AccessToken)
	p.may("read")
	third := h.granted(h.post("/oauth/token", h.refreshing(h.app, second.RefreshToken)))
	require.Equal(t, "read", third.Scope)
	p.may("read", "write")
	wider := h.post("/oauth/token", h.refreshing(h.app, second.RefreshToken))
	requireError(t, wider, http.StatusBadRequest, "invalid_scope")
	p.may("read")
	require.Equal(t, third.AccessToken, h.granted(h.post("/oauth/token", h.refreshing(h.app, second.RefreshToken))).AccessToken)
	refresh = func() *httptest.ResponseRecorder {
		return h.post("/oauth/token", h.refreshing(h.app, second.RefreshToken))
	}
	p.may()
	requireError(t, refresh(), http.StatusBadRequest, "invalid_grant")
	require.False(t, h.accepts(second.AccessToken))
}

// A code is as good as its user when it is exchanged.
func TestCodeFollowsTheUser(t *testing.T) {
	h, p := newPeople(t)
	code := h.code(request(h.app, "scope", "read write"), "1")
	p.set(nil, errDirectory)
	requireError(t, h.post("/oauth/token", h.redemption(h.app, code)), http.StatusServiceUnavailable, "temporarily_unavailable")
	p.may("write")
	require.Equal(t, "write", h.tokens(h.redemption(h.app, code)).Scope, "an outage used up nothing")

	p.may("read")
	code = h.code(request(h.app), "1")
	p.may()
	h.eventTypes()
	requireError(t, h.post("/oauth/token", h.redemption(h.app, code)), http.StatusBadRequest, "invalid_grant")
	require.Equal(t, []oauthapp.EventType{oauthapp.UserAccessEnded}, h.eventTypes())
}

// Consent, remembered or given now, is for what the user may give.
func TestConsentFollowsTheUser(t *testing.T) {
	h, p := newPeople(t)
	both := request(h.app, "scope", "read write", "account_id", "1")
	h.login(h.app, "scope", "read write")
	p.may("read")
	code := h.answer(h.open(both)).Get("code")
	require.NotEmpty(t, code, "remembered")
	p.may("read", "write")
	require.Equal(t, "read", h.tokens(h.redemption(h.app, code)).Scope)
	page := h.open(change(both, "prompt", "consent"))
	p.may()
	require.Equal(t, "access_denied", h.answer(h.open(both)).Get("error"))
	require.Equal(t, "access_denied", h.answer(h.decide(page, "authorize", "1")).Get("error"))
	p.set(nil, errDirectory)
	require.Equal(t, http.StatusServiceUnavailable, h.open(both).Code)
}

// The event of a consent has the scopes that the user could give, and not those
// that they were asked for.
func TestConsentEventFollowsTheUser(t *testing.T) {
	h, p := newPeople(t)
	p.may("read")
	require.NotEmpty(t, h.code(request(h.app, "scope", "read write"), "1"))
	events := h.events.take()
	require.Len(t, events, 1)
	require.Equal(t, []string{"read"}, events[0].Scopes)
}

// The consent page asks for all that the application asks for, as the user may
// choose an account for which they can give it.
func TestConsentPageAsksForAll(t *testing.T) {
	h, p := newPeople(t)
	p.may("read")
	page := h.open(request(h.app, "scope", "read write", "account_id", "1"))
	require.Contains(t, h.form(page).Get("request"), "read+write")
	p.may("read", "write")
	code := h.answer(h.decide(page, "authorize", "2")).Get("code")
	require.Equal(t, "read write", h.tokens(h.redemption(h.app, code)).Scope)
}

// lasting issues a token of the user that nothing refreshes.
func (h *host) lasting(scopes ...string) string {
	k := h.Kernel()
	issued, refusal := k.Issue.Tokens(&kernel.TokenRequest{
		HTTP: httptest.NewRequest(http.MethodPost, "/", nil), Now: k.Now(), Client: store.Client{Application: h.app},
	}, kernel.Consent{UserID: "1", AccountID: "1", Scopes: scopes}, false)
	require.Nil(h.t, refusal)
	return issued.Access
}

// The API asks about tokens that nothing refreshes, and about all where a
// handler wants that.
func TestAPIFollowsTheUser(t *testing.T) {
	h, p := newPeople(t)
	call := func(g flow.Guard, token string) int {
		r := httptest.NewRequest(http.MethodGet, "https://id.example/api", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		h.Guard(g)(http.NotFoundHandler()).ServeHTTP(w, r)
		return w.Code
	}
	write := flow.Guard{Scopes: []string{"write"}}
	refreshed := h.login(h.app, "scope", "read write").AccessToken
	lasting := h.lasting("read", "write")
	introspected := func() string {
		return h.post("/oauth/introspect", with(credentialsOf(h.app, h.secret), "token", lasting)).Body.String()
	}

	require.Equal(t, http.StatusNotFound, call(write, lasting))
	p.may("read")
	require.Equal(t, http.StatusForbidden, call(write, lasting))
	require.Contains(t, introspected(), `"scope":"read"`)
	p.set(nil, errDirectory)
	require.Equal(t, http.StatusServiceUnavailable, call(write, lasting))
	require.Equal(t, http.StatusServiceUnavailable, h.post("/oauth/introspect", with(credentialsOf(h.app, h.secret), "token", lasting)).Code)
	require.Equal(t, http.StatusNotFound, call(write, refreshed), "it is refreshed: the next refresh asks")
	require.Empty(t, p.asked[min(2, len(p.asked)):])
	require.Equal(t, http.StatusServiceUnavailable, call(flow.Guard{Current: true}, refreshed))
	r := httptest.NewRequest(http.MethodGet, "https://id.example/api", nil)
	r.Header.Set("Authorization", "Bearer "+refreshed)
	var refusal *flow.Error
	_, err := h.Authenticate(r, flow.Guard{Current: true})
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, http.StatusServiceUnavailable, refusal.Status, "for a host that answers by itself, too")

	p.may()
	h.eventTypes()
	require.Equal(t, http.StatusNotFound, call(write, refreshed))
	require.Equal(t, http.StatusUnauthorized, call(flow.Guard{Current: true}, refreshed))
	require.Contains(t, introspected(), `{"active":false}`)
	require.Equal(t, []oauthapp.EventType{oauthapp.UserAccessEnded, oauthapp.UserAccessEnded}, h.eventTypes(), "one for each session, and none beside")
	p.may("read", "write")
	require.Equal(t, http.StatusUnauthorized, call(write, refreshed), "the session has ended")
	require.Equal(t, http.StatusUnauthorized, call(write, lasting))
}

// However many refreshes come while the user leaves, none outlives it.
func TestRefreshesWhileTheUserLeaves(t *testing.T) {
	h, p := newPeople(t)
	for range 20 {
		p.may("read")
		granted := h.login(h.app)
		var left sync.WaitGroup
		left.Go(func() { p.may() })
		answers := h.concurrently(8, h.refreshing(h.app, granted.RefreshToken))
		left.Wait()
		requireError(t, h.post("/oauth/token", h.refreshing(h.app, granted.RefreshToken)), http.StatusBadRequest, "invalid_grant")
		for _, w := range answers {
			if w.Code == http.StatusOK {
				require.False(t, h.accepts(h.granted(w).AccessToken))
			}
		}
	}
}
