package flow_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// suspend suspends an application, or reinstates it.
func (h *host) suspend(app oauthapp.Application, suspended bool) {
	h.t.Helper()
	_, err := h.Registry().ChangeStanding(h.t.Context(), oauthapp.AnyOwner, app.ID, func(s *oauthapp.Standing) { *s = oauthapp.Standing{Suspended: suspended, Reason: "It sent <spam>."} })
	require.NoError(h.t, err)
}

// A suspended application gets nothing at the token endpoint, and an answer
// that does not have its client throw its registration away. It is the client
// all the same: its secret is no guess.
func TestSuspendedAtTheTokenEndpoint(t *testing.T) {
	h := newHost(t)
	tokens := h.login(h.app)
	exchange := h.redemption(h.app, h.code(request(h.app), "1"))
	refresh := h.refreshing(h.app, tokens.RefreshToken)

	h.suspend(h.app, true)
	h.eventTypes()
	for range 40 {
		for _, form := range []url.Values{exchange, refresh} {
			w := h.post("/oauth/token", form)
			requireError(t, w, http.StatusBadRequest, flow.InvalidGrant)
			require.Contains(t, w.Body.String(), "suspended")
			require.NotContains(t, w.Body.String(), "spam", "the reason is for people")
		}
	}
	for _, event := range h.eventTypes() {
		require.Equal(t, oauthapp.RequestRefused, event, "nothing was guessed, replayed or issued")
	}
	requireError(t, h.post("/oauth/token", change(refresh, "client_secret", "wrong")), http.StatusUnauthorized, flow.InvalidClient)

	h.suspend(h.app, false)
	h.tokens(exchange)
	h.tokens(refresh)
}

// At the API and at introspection, the tokens of a suspended application are
// not valid. It can revoke them.
func TestSuspendedTokens(t *testing.T) {
	h := newHost(t)
	tokens := h.login(h.app)
	introspect := func() string {
		return h.post("/oauth/introspect", with(credentialsOf(h.app, h.secret), "token", tokens.AccessToken)).Body.String()
	}
	require.True(t, h.accepts(tokens.AccessToken))
	require.Contains(t, introspect(), `"active":true`)

	h.suspend(h.app, true)
	require.False(t, h.accepts(tokens.AccessToken))
	require.JSONEq(t, `{"active":false}`, introspect())
	w := h.post("/oauth/revoke", with(credentialsOf(h.app, h.secret), "token", tokens.RefreshToken))
	require.Equal(t, http.StatusOK, w.Code, w.Body)

	h.suspend(h.app, false)
	require.False(t, h.accepts(tokens.AccessToken), "it was revoked")
	require.JSONEq(t, `{"active":false}`, introspect())
}

// A user who is sent to authorize a suspended application sees a page with the
// reason, and is not sent back.
func TestSuspendedAtTheAuthorizationEndpoint(t *testing.T) {
	h := newHost(t)
	before := h.open(request(h.app))
	h.suspend(h.app, true)
	asked, decided := h.open(request(h.app)), h.decide(before, "authorize", "1")
	requirePage(t, asked, http.StatusBadRequest)
	requirePage(t, decided, http.StatusBadRequest)
	require.Contains(t, asked.Body.String(), "This application is suspended")
	require.Contains(t, asked.Body.String(), "It sent &lt;spam&gt;.")
	require.Contains(t, decided.Body.String(), "This application is suspended", "also where the page was open before")
	require.Empty(t, asked.Header().Get("Location")+decided.Header().Get("Location"))

	h.suspend(h.app, false)
	h.code(request(h.app), "1")
}
