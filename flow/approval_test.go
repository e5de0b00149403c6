package flow_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

func needsApproval(cfg *flow.Config) {
	cfg.Applications.NeedsApproval = func(oauthapp.Application) bool { return true }
}

// changeStanding changes the standing of an application.
func (h *host) changeStanding(app oauthapp.Application, change func(*oauthapp.Standing)) {
	h.t.Helper()
	_, err := h.Registry().ChangeStanding(h.t.Context(), oauthapp.AnyOwner, app.ID, change)
	require.NoError(h.t, err)
}

func (h *host) approve(app oauthapp.Application, approved bool) {
	h.t.Helper()
	h.changeStanding(app, func(s *oauthapp.Standing) { s.Approved = approved })
}

// Until it is approved, an application works for the users of its owner's
// account, whatever account of theirs it is to reach, and for nobody else.
func TestApproval(t *testing.T) {
	h := newHost(t, needsApproval)
	h.approve(h.app, false) // which package flowtest has approved
	h.user = member(h.app.Owner)
	require.Contains(t, h.open(request(h.app)).Body.String(), ">awaiting approval</span>")
	tokens := h.tokens(h.redemption(h.app, h.code(request(h.app), "own")))

	h.user = bob()
	h.eventTypes()
	w := h.open(request(h.app))
	requirePage(t, w, http.StatusForbidden)
	require.Contains(t, w.Body.String(), "not open to you yet")
	require.Empty(t, w.Header().Get("Location"))
	require.Equal(t, []oauthapp.EventType{oauthapp.RequestRefused}, h.eventTypes())
	require.Equal(t, flow.AccessDenied, h.answer(h.open(change(request(h.app), "prompt", "none"))).Get("error"))

	h.approve(h.app, true)
	page := h.open(request(h.app))
	require.NotContains(t, page.Body.String(), "awaiting approval")
	h.approve(h.app, false)
	w = h.decide(page, "authorize", "3")
	requirePage(t, w, http.StatusForbidden)
	require.Empty(t, w.Header().Get("Location"), "a page that was open before is no way in")
	require.Equal(t, flow.AccessDenied, h.answer(h.decide(page, "deny", "3")).Get("error"), "who wants nothing may go back")

	h.approve(h.app, true)
	code := h.code(request(h.app), "3")
	h.approve(h.app, false)
	h.tokens(h.redemption(h.app, code))
	requirePage(t, h.open(change(request(h.app), "account_id", "3")), http.StatusForbidden)
	h.tokens(h.refreshing(h.app, tokens.RefreshToken))
}

// A trusted application that awaits approval asks nobody, and gets nothing.
func TestApprovalOfATrustedApplication(t *testing.T) {
	h := newHost(t, needsApproval)
	h.approve(h.app, false) // which package flowtest has approved
	h.changeStanding(h.app, func(s *oauthapp.Standing) { s.Trusted = true })
	h.user = bob()
	requirePage(t, h.open(change(request(h.app), "account_id", "3")), http.StatusForbidden)
	h.approve(h.app, true)
	require.NotEmpty(t, h.answer(h.open(change(request(h.app), "account_id", "3"))).Get("code"))
}

// What has no owner follows the rule of the host.
func TestApprovalWithoutAnOwner(t *testing.T) {
	for name, admitted := range map[string]bool{"all": false, "those with an owner": true} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, func(cfg *flow.Config) {
				cfg.Applications.NeedsApproval = func(app oauthapp.Application) bool { return !admitted || app.Owner != "" }
			})
			app, _, err := h.Registry().RegisterOwnerless(t.Context(), oauthapp.Registration{
				Name: "Stranger", HomepageURL: "https://stranger.example", CallbackURLs: []string{callback}, Type: oauthapp.Public,
			})
			require.NoError(t, err)
			if w := h.open(request(app)); admitted {
				require.Equal(t, http.StatusOK, w.Code)
			} else {
				requirePage(t, w, http.StatusForbidden)
				h.approve(app, true)
				require.Equal(t, http.StatusOK, h.open(request(app)).Code)
			}
		})
	}
}

// The consent page says that an application is verified, unless any program on
// the user's device could pose as it.
func TestVerified(t *testing.T) {
	h := newHost(t)
	const mark = `<span class="badge good">verified</span>`
	require.NotContains(t, h.open(request(h.app)).Body.String(), mark)
	for _, app := range []oauthapp.Application{h.app, h.public} {
		h.changeStanding(app, func(s *oauthapp.Standing) { s.Verified = true })
	}
	require.Contains(t, h.open(request(h.app)).Body.String(), mark)
	reg := h.public.Registration()
	reg.CallbackURLs = []string{callback, "http://127.0.0.1/callback"}
	_, err := h.Registry().Update(t.Context(), oauthapp.OwnedBy(h.public.Owner), h.public.ID, reg)
	require.NoError(t, err)
	require.Contains(t, h.open(request(h.public, "redirect_uri", callback)).Body.String(), mark)
	require.NotContains(t, h.open(request(h.public, "redirect_uri", "http://127.0.0.1:5000/callback")).Body.String(), mark)
}

// member is a user of an account, and of one of their own.
func member(account string) *flow.User {
	return &flow.User{ID: "member", Name: "member@example.com", Session: "member-session", Accounts: []flow.Account{
		{ID: "own", Name: "Own"}, {ID: account, Name: "Team"},
	}}
}
