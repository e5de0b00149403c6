package flow_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// A room is a capability that judges what it keeps with a session.
type room struct{}

func (room) Name() string               { return "room" }
func (room) Findings() []kernel.Finding { return nil }
func (room) Contribute(*kernel.Kernel) (kernel.Contribution, error) {
	return kernel.Contribution{ClaimsExtra: true}, nil
}

// extraStore begins every session with something of the room.
type extraStore struct{ store.Store }

func (s extraStore) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	b.Session.Extra = []byte(`{"room":1}`)
	return s.Store.BeginSession(ctx, b)
}

// A session that needs a capability is refused everywhere while that is left
// out, so that leaving it out never widens a token.
func TestSessionsNeedTheirCapabilities(t *testing.T) {
	h := newHost(t, func(cfg *flow.Config) {
		faulty := cfg.Store.(*faultyStore)
		faulty.Store = extraStore{faulty.Store}
		cfg.Extensions = []flow.Extension{room{}}
	})
	granted := h.login(h.app)
	asked := with(credentialsOf(h.app, h.secret), "token", granted.AccessToken)
	require.True(t, h.accepts(granted.AccessToken))
	require.Contains(t, h.post("/oauth/introspect", asked).Body.String(), `"active":true`)

	cfg := h.Resolved()
	cfg.Extensions = nil
	without, err := flow.New(cfg)
	require.NoError(t, err)
	h.Provider.Provider = without
	require.False(t, h.accepts(granted.AccessToken))
	requireInactive(t, h.post("/oauth/introspect", asked))
	requireInactive(t, h.post("/oauth/introspect", refreshOf(credentialsOf(h.app, h.secret), granted.RefreshToken)))
	requireError(t, h.post("/oauth/token", h.refreshing(h.app, granted.RefreshToken)), http.StatusBadRequest, "invalid_grant")
	require.Equal(t, http.StatusOK, h.post("/oauth/revoke", asked).Code, "what is not trusted can be ended")
}
