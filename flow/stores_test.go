package flow_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
	"github.com/oauthapps/oauthapps/store/postgres"
	"github.com/oauthapps/oauthapps/store/sqlite"
)

// eachStore runs a test over every store. That over PostgreSQL is skipped where
// there is none.
func eachStore(t *testing.T, test func(t *testing.T, s store.Store)) {
	t.Run("memory", func(t *testing.T) { test(t, memory.New()) })
	t.Run("sqlite", func(t *testing.T) {
		s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "oauthapps.db"))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		test(t, s)
	})
	t.Run("postgres", func(t *testing.T) {
		s, err := postgres.Open(t.Context(), postgresSchema(t))
		require.NoError(t, err)
		t.Cleanup(func() { s.Close() })
		test(t, s)
	})
}

// refreshed refreshes tokens, and reports whether there are new ones. What is
// neither an answer nor the end of the session fails the test.
func (h *host) refreshed(of grantedTokens) (grantedTokens, bool) {
	w := h.post("/oauth/token", h.refreshing(h.app, of.RefreshToken))
	var next grantedTokens
	switch w.Code {
	case http.StatusOK:
		if err := json.Unmarshal(w.Body.Bytes(), &next); err != nil {
			h.t.Error(err)
		}
		return next, true
	case http.StatusBadRequest:
		return of, false
	}
	h.t.Errorf("a refresh was answered %d: %s", w.Code, w.Body)
	return of, false
}

// Clients that go on refreshing while all access of their user is ended have
// nothing that works once that has returned.
func TestEndAccessAgainstRefreshes(t *testing.T) {
	eachStore(t, func(t *testing.T, s store.Store) {
		h := newHost(t, func(cfg *flow.Config) { cfg.Store = s })
		const clients = 6
		var held [clients]grantedTokens
		for i := range held {
			held[i] = h.login(h.app)
		}
		var refreshing, done sync.WaitGroup
		refreshing.Add(clients)
		for i := range held {
			done.Go(func() {
				underWay := sync.OnceFunc(refreshing.Done)
				defer underWay()
				for ok := true; ok; underWay() {
					held[i], ok = h.refreshed(held[i])
				}
			})
		}
		refreshing.Wait()
		ended, err := h.Registry().EndAccess(t.Context(), oauthapp.GrantsOfUser("1"), nil)
		require.NoError(t, err)
		require.Equal(t, 1, ended.Grants)
		done.Wait() // each has met a refusal
		for _, tokens := range held {
			require.False(t, h.accepts(tokens.AccessToken))
			_, ok := h.refreshed(tokens)
			require.False(t, ok)
		}
		count, more, err := h.Registry().CountGrants(t.Context(), oauthapp.GrantsOfUser("1"))
		require.NoError(t, err)
		require.False(t, more)
		require.Zero(t, count)
	})
}

// Codes that are exchanged while their application is suspended give tokens
// that work once it is reinstated, or stay as they were. In between nothing
// works.
func TestSuspensionAgainstRedemptions(t *testing.T) {
	eachStore(t, func(t *testing.T, s store.Store) {
		h := newHost(t, func(cfg *flow.Config) { cfg.Store = s })
		const codes = 12
		var forms [codes]map[string][]string
		for i := range forms {
			forms[i] = h.redemption(h.app, h.code(request(h.app), "1"))
		}
		var suspended atomic.Bool
		var answers [codes]grantedTokens
		var all sync.WaitGroup
		for i, form := range forms {
			all.Go(func() {
				late := suspended.Load()
				w := h.post("/oauth/token", form)
				switch {
				case w.Code == http.StatusOK && !late:
					if err := json.Unmarshal(w.Body.Bytes(), &answers[i]); err != nil {
						t.Error(err)
					}
				case w.Code != http.StatusBadRequest:
					t.Errorf("an exchange was answered %d, begun after the suspension: %t", w.Code, late)
				}
			})
		}
		h.suspend(h.app, true)
		suspended.Store(true)
		all.Wait()
		for _, got := range answers {
			if got.AccessToken != "" {
				require.False(t, h.accepts(got.AccessToken))
				_, ok := h.refreshed(got)
				require.False(t, ok)
			}
		}
		for _, form := range forms {
			requireError(t, h.post("/oauth/token", form), http.StatusBadRequest, flow.InvalidGrant)
		}
		h.suspend(h.app, false)
		for i, got := range answers {
			if got.AccessToken == "" {
				got = h.tokens(forms[i])
			}
			require.True(t, h.accepts(got.AccessToken))
			_, ok := h.refreshed(got)
			require.True(t, ok)
		}
	})
}

// While the host cannot tell what users may do, no request is answered by a no
// that a client would take for the loss of its tokens, and none by a yes.
func TestOutageOfMayAct(t *testing.T) {
	eachStore(t, func(t *testing.T, s store.Store) {
		p := &people{}
		p.may("read")
		h := newHost(t, func(cfg *flow.Config) { cfg.MayAct, cfg.Store = p.mayAct, s })
		code := h.redemption(h.app, h.code(request(h.app), "1"))
		const clients = 8
		var held [clients]grantedTokens
		for i := range held {
			held[i] = h.login(h.app)
		}
		var over atomic.Bool
		var all sync.WaitGroup
		for i := range held {
			all.Go(func() {
				for !over.Load() {
					w := h.post("/oauth/token", h.refreshing(h.app, held[i].RefreshToken))
					switch w.Code {
					case http.StatusOK:
						if err := json.Unmarshal(w.Body.Bytes(), &held[i]); err != nil {
							t.Error(err)
						}
					case http.StatusServiceUnavailable:
					default:
						t.Errorf("a refresh was answered %d: %s", w.Code, w.Body)
						return
					}
				}
			})
		}
		for range 5 {
			p.set(nil, errors.New("the directory is down"))
			for range 3 {
				requireError(t, h.post("/oauth/token", code), http.StatusServiceUnavailable, flow.TemporarilyUnavailable)
			}
			p.may("read")
		}
		over.Store(true)
		all.Wait()
		require.Contains(t, h.log.String(), "flow: Config.MayAct: the directory is down", "the operator is told")
		h.tokens(code)
		for _, tokens := range held {
			_, ok := h.refreshed(tokens)
			require.True(t, ok)
		}
	})
}
