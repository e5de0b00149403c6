package flow_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// trust has an application be the service's own, with callback URLs.
func (h *host) trust(app oauthapp.Application, callbacks ...string) {
	h.t.Helper()
	reg := app.Registration()
	reg.CallbackURLs = callbacks
	_, err := h.Registry().Update(h.t.Context(), oauthapp.OwnedBy(app.Owner), app.ID, reg)
	require.NoError(h.t, err)
	_, err = h.Registry().ChangeStanding(h.t.Context(), oauthapp.AnyOwner, app.ID, func(s *oauthapp.Standing) { *s = oauthapp.Standing{Trusted: true} })
	require.NoError(h.t, err)
}

// A user of a trusted application is not asked, and has a grant that they can
// see and take back.
func TestTrusted(t *testing.T) {
	h := newHost(t)
	h.trust(h.app, h.app.CallbackURLs...)
	h.eventTypes()
	code := h.answer(h.open(change(request(h.app), "account_id", "1"))).Get("code")
	require.NotEmpty(t, code)
	require.Equal(t, []oauthapp.EventType{oauthapp.GrantCreated}, h.eventTypes())
	h.tokens(h.redemption(h.app, code))
	grants, err := h.Registry().Grants(t.Context(), oauthapp.GrantsToApplication(h.app.ID), oauthapp.Page{})
	require.NoError(t, err)
	require.Len(t, grants.Items, 1)

	require.NotEmpty(t, h.answer(h.open(change(request(h.app), "account_id", "1", "prompt", "none"))).Get("code"))
	require.Equal(t, http.StatusOK, h.open(change(request(h.app), "account_id", "1", "prompt", "consent")).Code, "asks")
	refused := h.answer(h.open(change(request(h.app), "account_id", "1", "scope", "nonsense")))
	require.Equal(t, flow.InvalidScope, refused.Get("error"), "everything else is judged as ever")
}

// Users of a public application are asked where any program on their device
// could pose as it, trusted or not.
func TestTrustedPublic(t *testing.T) {
	for callback, unasked := range map[string]bool{
		"https://app.example/callback":   true,
		"http://127.0.0.1/callback":      false,
		"http://localhost:1234/callback": false,
		"https://localhost/callback":     false,
		"com.example.app:/callback":      false,
	} {
		t.Run(callback, func(t *testing.T) {
			h := newHost(t)
			h.trust(h.public, callback)
			w := h.open(change(request(h.public), "account_id", "1", "redirect_uri", callback))
			require.Equal(t, unasked, w.Code == http.StatusSeeOther || w.Code == http.StatusFound, w.Body.String())
		})
	}
}
