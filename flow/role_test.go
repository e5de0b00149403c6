package flow_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
)

// The consent page offers the accounts that the user may authorize applications
// for, and none is authorized otherwise.
func TestWhoMayNotAuthorize(t *testing.T) {
	h := newHost(t)
	before := h.open(request(h.app))
	h.tokens(h.redemption(h.app, h.code(request(h.app), "2")))
	h.user.Accounts[1].Role = flow.NoAuthorize | flow.Administrator

	page := h.open(request(h.app))
	require.Contains(t, page.Body.String(), "Alice")
	require.NotContains(t, page.Body.String(), "Acme Inc")
	require.Equal(t, flow.AccessDenied, h.answer(h.open(change(request(h.app), "account_id", "2"))).Get("error"), "not for what was granted before either")
	require.Equal(t, flow.InvalidRequest, h.answer(h.open(change(request(h.app), "account_id", "9"))).Get("error"))
	w := h.decide(before, "authorize", "2")
	requirePage(t, w, http.StatusBadRequest)
	require.Empty(t, w.Header().Get("Location"))
	h.tokens(h.redemption(h.app, h.code(request(h.app), "1")))

	h.user.Accounts = h.user.Accounts[1:]
	require.Equal(t, flow.AccessDenied, h.answer(h.open(request(h.app))).Get("error"))
	require.Equal(t, flow.AccessDenied, h.answer(h.decide(before, "authorize", "2")).Get("error"))
}

func TestRole(t *testing.T) {
	require.True(t, flow.Administrator.Has(flow.RevokeGrants) && flow.Administrator.Has(flow.ManageApplications))
	require.True(t, flow.RevokeGrants.Has(flow.SeeGrants))
	require.False(t, flow.SeeGrants.Has(flow.RevokeGrants))
	require.False(t, flow.Administrator.Has(flow.NoAuthorize))
	require.True(t, flow.SeeGrants.Has(flow.Member))
}
