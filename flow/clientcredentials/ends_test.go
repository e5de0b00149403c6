package clientcredentials_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientcredentials"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
	"github.com/oauthapps/oauthapps/store/sqlite"
)

// Whatever ends the tokens of an application ends its own.
func TestEnds(t *testing.T) {
	registry := func(end func(*oauthapp.Registry, uuid.UUID) error) func(*host, string) {
		return func(h *host, _ string) { require.NoError(h.t, end(h.Registry(), h.Application.ID)) }
	}
	for name, end := range map[string]func(h *host, token string){
		"revoke": registry(func(r *oauthapp.Registry, id uuid.UUID) error {
			_, err := r.RevokeTokens(context.Background(), oauthapp.AnyOwner, id)
			return err
		}),
		"suspend": registry(func(r *oauthapp.Registry, id uuid.UUID) error {
			_, err := r.ChangeStanding(context.Background(), oauthapp.AnyOwner, id, func(s *oauthapp.Standing) { *s = oauthapp.Standing{Suspended: true} })
			return err
		}),
		"delete": registry(func(r *oauthapp.Registry, id uuid.UUID) error {
			return r.Delete(context.Background(), oauthapp.AnyOwner, id)
		}),
		"the client": func(h *host, token string) { h.post("/oauth/revoke", "token", token) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, clientcredentials.Config{})
			h.grant(h.Application, "read")
			token := h.token()
			status, _, _ := h.call(own, token)
			require.Equal(t, http.StatusOK, status)
			end(h, token)
			status, _, _ = h.call(own, token)
			require.Equal(t, http.StatusUnauthorized, status)
			status, _ = h.post("/oauth/token", "grant_type", "client_credentials")
			require.Equal(t, name == "revoke" || name == "the client", status == http.StatusOK, "whether there are new ones")
		})
	}
}

// A token ends with the secret that it was got with, and no other does: when
// the secret is revoked, and when one that was replaced has expired.
func TestEndsWithItsSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t, clientcredentials.Config{})
		h.grant(h.Application, "read")
		is := func(want int, token, what string) {
			t.Helper()
			status, _, _ := h.call(own, token)
			require.Equal(t, want, status, what)
			_, answer := h.post("/oauth/introspect", "token", token)
			require.Equal(t, want == http.StatusOK, answer["active"], what)
		}
		first := h.token()
		user := h.AccessToken("1", "1", "read")
		second, err := h.Registry().ResetSecret(t.Context(), oauthapp.AnyOwner, h.Application.ID, 10*time.Minute)
		require.NoError(t, err)
		_, answer := h.post("/oauth/token", "grant_type", "client_credentials")
		require.Equal(t, 600.0, answer["expires_in"], "the client is told")
		late := answer["access_token"].(string)
		h.ClientSecret = second.Reveal()
		other := h.token()
		is(http.StatusOK, first, "during the overlap")
		_, described := h.post("/oauth/introspect", "token", first)
		require.Equal(t, 600.0, described["exp"].(float64)-float64(time.Now().Unix()), "introspection tells")
		time.Sleep(10*time.Minute - time.Second)
		is(http.StatusOK, first, "at its end")
		time.Sleep(time.Second)
		is(http.StatusUnauthorized, first, "after the overlap")
		is(http.StatusUnauthorized, late, "after the overlap")
		is(http.StatusOK, other, "of another secret")

		cleaner := store.Cleaner{Store: h.Kernel().Store}
		_, err = cleaner.Pass(t.Context())
		require.NoError(t, err)
		is(http.StatusUnauthorized, first, "after a clean-up")

		secrets, err := h.Registry().Secrets(t.Context(), oauthapp.AnyOwner, h.Application.ID)
		require.NoError(t, err)
		third, err := h.Registry().ResetSecret(t.Context(), oauthapp.AnyOwner, h.Application.ID, 24*time.Hour)
		require.NoError(t, err)
		h.ClientSecret = third.Reveal()
		is(http.StatusOK, other, "while its secret lives")
		require.NoError(t, h.Registry().RevokeSecret(t.Context(), oauthapp.AnyOwner, h.Application.ID, secrets[0].ID))
		is(http.StatusUnauthorized, other, "after its secret was revoked")
		status, _, _ := h.call(own, user)
		require.Equal(t, http.StatusOK, status, "the tokens of users live on")
	})
}

// A leaked token ends alone, and a leaked secret ends what was got with it.
func TestLeaks(t *testing.T) {
	h := newHost(t, clientcredentials.Config{})
	h.grant(h.Application, "read")
	leaked, token := h.token(), h.token()
	leak := func(text string) {
		events, refusal := h.Kernel().RevokeLeaked(httptest.NewRequest(http.MethodPost, "/", nil), text)
		require.Nil(t, refusal)
		require.Len(t, events, 1)
		require.Equal(t, []any{oauthapp.CredentialLeaked, h.Application.ID, ""}, []any{events[0].Type, events[0].ApplicationID, events[0].UserID})
	}
	leak(leaked)
	status, _, _ := h.call(own, leaked)
	require.Equal(t, http.StatusUnauthorized, status)
	status, _, _ = h.call(own, token)
	require.Equal(t, http.StatusOK, status)
	leak(h.ClientSecret)
	status, _, _ = h.call(own, token)
	require.Equal(t, http.StatusUnauthorized, status)
}

// An application that asks for more and more tokens keeps the newest: on every
// store, and with many requests at once.
func TestNewestAlone(t *testing.T) {
	for name, open := range map[string]func(*testing.T) store.Store{
		"memory": func(*testing.T) store.Store { return memory.New() },
		"sqlite": func(t *testing.T) store.Store {
			s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "oauthapps.db"))
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, s.Close()) })
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := &host{t: t}
			h.Provider = flowtest.New(t, flow.Config{
				Store:      open(t),
				Extensions: []flow.Extension{clientcredentials.New(clientcredentials.Config{})},
			})
			h.grant(h.Application, "read")
			is := func(want int, token string) {
				t.Helper()
				status, _, _ := h.call(own, token)
				require.Equal(t, want, status)
			}
			oldest, next, user := h.token(), h.token(), h.AccessToken("1", "1", "read")
			tokens := make([]string, store.MaxOwnSessions-2)
			var wg sync.WaitGroup
			for i := range tokens {
				wg.Go(func() { tokens[i] = h.token() })
			}
			wg.Wait()
			for _, token := range append(tokens, oldest, next) {
				is(http.StatusOK, token)
			}
			newest := h.token()
			is(http.StatusUnauthorized, oldest)
			is(http.StatusOK, next)
			is(http.StatusOK, newest)
			is(http.StatusOK, user)
			_, described := h.post("/oauth/introspect", "token", oldest)
			require.Equal(t, map[string]any{"active": false}, described)
		})
	}
}
