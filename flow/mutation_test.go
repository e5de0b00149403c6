package flow_test

import (
	"context"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/store"
)

// mutations returns a credential with every byte in turn replaced by others,
// left out and doubled.
func mutations(credential string) []string {
	var mutated []string
	for i, c := range []byte(credential) {
		before, after := credential[:i], credential[i+1:]
		others := []byte{'0', '9', 'A', 'Z', 'a', 'z', '_', '-', '.', ' ', '+', '%', 0, '\n', 0x7f, 0xff}
		for bit := range 8 {
			others = append(others, c^1<<bit)
		}
		for _, other := range others {
			if other != c {
				mutated = append(mutated, before+string([]byte{other})+after)
			}
		}
		mutated = append(mutated, before+credential[i:i+1]+credential[i:])
		if i == 0 || credential[i-1] != c { // else it is the one before left out
			mutated = append(mutated, before+after)
		}
	}
	return append(mutated, credential+"\x00", credential+"=", " "+credential, credential+credential)
}

// lookups are what a store was asked about sessions.
type lookups struct {
	store.Store
	sessions int
}

func (s *lookups) Client(ctx context.Context, clientID string, session uuid.UUID, now time.Time) (store.Client, error) {
	if session != uuid.Nil {
		s.sessions++
	}
	return s.Store.Client(ctx, clientID, session, now)
}

func (s *lookups) Session(ctx context.Context, id uuid.UUID) (store.Session, error) {
	s.sessions++
	return s.Store.Session(ctx, id)
}

// TestEveryMutationIsRefused: at every endpoint, a code or token of which any
// byte is another is refused, and no session is looked up for it: the client's
// own credentials are all that the store is asked about. A client secret is
// refused in the same way.
func TestEveryMutationIsRefused(t *testing.T) {
	var asked *lookups
	h := newHost(t, func(cfg *flow.Config) {
		asked = &lookups{Store: cfg.Store}
		cfg.Store, cfg.Limiter = asked, unlimited{}
	})
	code := h.code(request(h.app), "1")
	granted := h.login(h.app)
	refused := func(w *httptest.ResponseRecorder) bool { return w.Code == 400 }
	inactive := func(w *httptest.ResponseRecorder) bool {
		return w.Code == 400 || w.Code == 200 && w.Body.String() == `{"active":false}`
	}
	ignored := func(w *httptest.ResponseRecorder) bool {
		return w.Code == 400 || w.Code == 200 && w.Body.String() == `{}`
	}
	for _, tt := range []struct {
		name, path, param, credential string
		form                          url.Values
		refused                       func(*httptest.ResponseRecorder) bool
	}{
		{"code", "/oauth/token", "code", code, h.redemption(h.app, code), refused},
		{"refresh token", "/oauth/token", "refresh_token", granted.RefreshToken, h.refreshing(h.app, granted.RefreshToken), refused},
		{"introspected access token", "/oauth/introspect", "token", granted.AccessToken, credentialsOf(h.app, h.secret), inactive},
		{"introspected refresh token", "/oauth/introspect", "token", granted.RefreshToken, with(credentialsOf(h.app, h.secret), "token_type_hint", "refresh_token"), inactive},
		{"revoked access token", "/oauth/revoke", "token", granted.AccessToken, credentialsOf(h.app, h.secret), ignored},
		{"revoked refresh token", "/oauth/revoke", "token", granted.RefreshToken, credentialsOf(h.app, h.secret), ignored},
		{"client secret", "/oauth/revoke", "client_secret", h.secret, with(credentialsOf(h.app, h.secret), "token", "x"), func(w *httptest.ResponseRecorder) bool {
			return w.Code == 400 || w.Code == 401
		}},
	} {
		asked.sessions = 0
		h.store.reset()
		for _, mutated := range mutations(tt.credential) {
			w := h.post(tt.path, with(tt.form, tt.param, mutated))
			require.True(t, tt.refused(w), "%s: %q: %d %s", tt.name, mutated, w.Code, w.Body)
		}
		require.Zero(t, asked.sessions, tt.name)
		for method := range h.store.counted() {
			require.Contains(t, []string{"Client", "Touch"}, method, tt.name)
		}
	}
	require.True(t, h.accepts(granted.AccessToken), "nothing was ended")
	h.tokens(h.refreshing(h.app, granted.RefreshToken))
	h.tokens(h.redemption(h.app, code))
}
