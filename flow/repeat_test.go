package flow_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// Within the grace a refresh that comes again gets the same tokens, however the
// client authenticates, and their lifetime is counted from now.
func TestRepeatedRefresh(t *testing.T) {
	h := newHost(t)
	for _, app := range []oauthapp.Application{h.app, h.public} {
		granted := h.login(app, "scope", "read write")
		next := h.tokens(h.refreshing(app, granted.RefreshToken))
		h.events.reset()
		h.store.reset()

		h.clock.advance(4 * time.Second)
		again := h.tokens(h.refreshing(app, granted.RefreshToken))
		require.EqualValues(t, 3596, again.ExpiresIn)
		again.ExpiresIn = next.ExpiresIn
		require.Equal(t, next, again)
		require.Equal(t, map[string]int{"Client": 1}, h.store.counted(), "nothing is written")
		events := h.events.take()
		require.Len(t, events, 1)
		require.Equal(t, oauthapp.RefreshRepeated, events[0].Type)
		require.Equal(t, app.ClientID, events[0].ClientID)
		require.Equal(t, "1", events[0].UserID)
		require.NotZero(t, events[0].SessionID)

		if app.Type == oauthapp.Confidential {
			byHeader := h.tokens(h.refreshing(app, granted.RefreshToken, "client_id", "", "client_secret", ""), basic(app.ClientID, h.secret))
			require.Equal(t, next.RefreshToken, byHeader.RefreshToken)
		}
		require.True(t, h.accepts(next.AccessToken))
		require.NotEqual(t, next.RefreshToken, h.tokens(h.refreshing(app, next.RefreshToken)).RefreshToken)
	}
}

// The grace counts from the rotation and no repeat renews it. After it, and
// from the next rotation on, a replaced refresh token ends the session.
func TestRefreshTokenReuse(t *testing.T) {
	h := newHost(t)
	for name, test := range map[string]struct {
		rotations int             // after the one that replaces the token presented
		repeats   []time.Duration // after the rotations, each answered
		wait      time.Duration
		ends      bool
	}{
		"at once":                  {0, nil, 0, false},
		"within the grace":         {0, nil, 10*time.Second - time.Microsecond, false},
		"after the grace":          {0, nil, 10 * time.Second, true},
		"after repeats":            {0, []time.Duration{0, 5 * time.Second, 4 * time.Second}, time.Second, true},
		"much later":               {0, nil, 24 * time.Hour, true},
		"the one before, at once":  {1, nil, 0, true},
		"long before":              {3, nil, time.Second, true},
		"the one before, in grace": {1, nil, 5 * time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			granted := h.login(h.app)
			newest := h.tokens(h.refreshing(h.app, granted.RefreshToken))
			for range test.rotations {
				newest = h.tokens(h.refreshing(h.app, newest.RefreshToken))
			}
			for _, wait := range test.repeats {
				h.clock.advance(wait)
				require.Equal(t, newest.RefreshToken, h.tokens(h.refreshing(h.app, granted.RefreshToken)).RefreshToken)
			}
			h.clock.advance(test.wait)
			h.events.reset()
			w := h.post("/oauth/token", h.refreshing(h.app, granted.RefreshToken))
			if !test.ends {
				require.Equal(t, newest.RefreshToken, h.granted(w).RefreshToken)
				require.Equal(t, []oauthapp.EventType{oauthapp.RefreshRepeated}, h.eventTypes())
				h.tokens(h.refreshing(h.app, newest.RefreshToken))
				return
			}
			requireError(t, w, 400, "invalid_grant")
			require.Equal(t, []oauthapp.EventType{oauthapp.RefreshTokenReused}, h.eventTypes())
			require.False(t, h.accepts(newest.AccessToken))
			requireError(t, h.post("/oauth/token", h.refreshing(h.app, newest.RefreshToken)), 400, "invalid_grant")
		})
	}
}

// A repeat that would not be the same request is refused, and harms nothing.
func TestRefusedRepeat(t *testing.T) {
	h := newHost(t)
	other, otherSecret := h.register(oauthapp.Confidential)
	granted := h.login(h.app, "scope", "read write")
	next := h.tokens(h.refreshing(h.app, granted.RefreshToken, "scope", "write"))
	h.events.reset()
	for name, test := range map[string]struct {
		pairs  []string
		status int
		code   string
	}{
		"more scope":     {nil, 400, "invalid_scope"},
		"other scope":    {[]string{"scope", "read"}, 400, "invalid_scope"},
		"unknown scope":  {[]string{"scope", "write zzz"}, 400, "invalid_scope"},
		"other client":   {[]string{"scope", "write", "client_id", other.ClientID, "client_secret", otherSecret}, 400, "invalid_grant"},
		"other resource": {[]string{"scope", "write", "resource", "https://elsewhere.example"}, 400, "invalid_target"},
	} {
		t.Run(name, func(t *testing.T) {
			requireError(t, h.post("/oauth/token", h.refreshing(h.app, granted.RefreshToken, test.pairs...)), test.status, test.code)
			require.True(t, h.accepts(next.AccessToken))
		})
	}
	requireError(t, h.post("/oauth/token", h.refreshing(h.app, granted.RefreshToken, "scope", "write", "client_secret", "wrong")), 401, "invalid_client")
	require.NotContains(t, h.eventTypes(), oauthapp.RefreshTokenReused)
	require.Equal(t, next, h.tokens(h.refreshing(h.app, granted.RefreshToken, "scope", "write write")))
}

// Nodes that share a key answer a repeat alike. Where the key has gone the
// repeat is refused, and the session goes on.
func TestRepeatedRefreshNeedsTheKey(t *testing.T) {
	one, two := []byte(strings.Repeat("1", 32)), []byte(strings.Repeat("2", 32))
	h := newHost(t, func(cfg *flow.Config) { cfg.Keys = [][]byte{one} })
	node := func(keys ...[]byte) *host { return h.node(func(cfg *flow.Config) { cfg.Keys = keys }) }
	granted := h.login(h.app)
	next := h.tokens(h.refreshing(h.app, granted.RefreshToken))
	h.events.reset()
	requireError(t, node(two).post("/oauth/token", h.refreshing(h.app, granted.RefreshToken)), 400, "invalid_grant")
	require.Equal(t, []oauthapp.EventType{oauthapp.RequestRefused}, h.eventTypes())
	require.True(t, h.accepts(next.AccessToken))
	require.Equal(t, next, node(two, one).tokens(h.refreshing(h.app, granted.RefreshToken)), "a key that is being replaced")
	require.Equal(t, next, node(one).tokens(h.refreshing(h.app, granted.RefreshToken)))
	require.NotEqual(t, next, node(two).tokens(h.refreshing(h.app, next.RefreshToken)))
}

// Tokens that have expired are not handed out again, and the session goes on.
func TestRepeatedRefreshOfExpiredTokens(t *testing.T) {
	h := newHost(t, func(cfg *flow.Config) { cfg.Lifetimes.AccessToken = 5 * time.Second })
	granted := h.login(h.app)
	next := h.tokens(h.refreshing(h.app, granted.RefreshToken))
	h.clock.advance(5*time.Second - time.Millisecond)
	require.EqualValues(t, 1, h.tokens(h.refreshing(h.app, granted.RefreshToken)).ExpiresIn)
	h.clock.advance(time.Millisecond)
	requireError(t, h.post("/oauth/token", h.refreshing(h.app, granted.RefreshToken)), 400, "invalid_grant")
	h.tokens(h.refreshing(h.app, next.RefreshToken))
}

// All of any number of requests with one refresh token get the same answer.
func TestConcurrentRefreshes(t *testing.T) {
	h := newHost(t)
	for range 5 {
		form := h.refreshing(h.app, h.login(h.app).RefreshToken)
		answers := h.concurrently(50, form)
		first := h.granted(answers[0])
		for _, w := range answers {
			require.Equal(t, first, h.granted(w))
		}
		require.True(t, h.accepts(first.AccessToken))
		h.tokens(h.refreshing(h.app, first.RefreshToken))
	}
}

// Two requests that both read the refresh token before either rotates it: the
// loser gets what the winner got. If the winner's token is gone by then, it
// ends the session.
func TestLostRaceForARefreshToken(t *testing.T) {
	h := newHost(t)
	for name, test := range map[string]struct {
		meanwhile func(w *httptest.ResponseRecorder)
		status    int
		events    []oauthapp.EventType
	}{
		"rotated once": {func(*httptest.ResponseRecorder) {}, 200,
			[]oauthapp.EventType{oauthapp.TokenRefreshed, oauthapp.RefreshRepeated}},
		"rotated twice": {func(w *httptest.ResponseRecorder) {
			h.tokens(h.refreshing(h.app, h.granted(w).RefreshToken))
		}, 400, []oauthapp.EventType{oauthapp.TokenRefreshed, oauthapp.TokenRefreshed, oauthapp.RefreshTokenReused}},
		"revoked": {func(w *httptest.ResponseRecorder) {
			form := with(credentialsOf(h.app, h.secret), "token", h.granted(w).AccessToken)
			require.Equal(t, 200, h.post("/oauth/revoke", form).Code)
		}, 400, []oauthapp.EventType{oauthapp.TokenRefreshed, oauthapp.TokenRevoked, oauthapp.RequestRefused}},
	} {
		t.Run(name, func(t *testing.T) {
			granted := h.login(h.app)
			h.events.reset()
			form := h.refreshing(h.app, granted.RefreshToken)
			var first *httptest.ResponseRecorder
			h.store.Store = overtaken{h.store.Store, func(backend store.Store) {
				h.store.Store = backend
				first = h.post("/oauth/token", form)
				test.meanwhile(first)
			}}
			w := h.post("/oauth/token", form)
			require.Equal(t, test.status, w.Code, w.Body.String())
			require.Equal(t, test.events, h.eventTypes())
			if test.status == http.StatusOK {
				require.JSONEq(t, first.Body.String(), w.Body.String())
				return
			}
			requireError(t, w, 400, "invalid_grant")
			require.False(t, h.accepts(h.granted(first).AccessToken))
		})
	}
}

// An overtaken store lets others act between the reading of a refresh token and
// its rotation, once.
type overtaken struct {
	store.Store
	meanwhile func(store.Store)
}

func (s overtaken) RotateRefreshToken(ctx context.Context, r store.Rotation) error {
	s.meanwhile(s.Store)
	return s.Store.RotateRefreshToken(ctx, r)
}

// The outage of a store in a lost race is no refusal.
func TestOutageInALostRace(t *testing.T) {
	h := newHost(t)
	granted := h.login(h.app)
	form := h.refreshing(h.app, granted.RefreshToken)
	h.store.Store = overtaken{h.store.Store, func(backend store.Store) {
		h.store.Store = backend
		h.tokens(form)
		h.store.fail(errBroken, "Session")
	}}
	requireOutage(t, h.post("/oauth/token", form))
	h.store.reset()
	h.tokens(form)
}
