package dashboard_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dashboard"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// Owners see what the service decided about their application; users who
// authorized it see what concerns them.
func TestStanding(t *testing.T) {
	s := newSite(t, func(cfg *flow.Config, _ *dashboard.Config) {
		cfg.Applications.NeedsApproval = func(oauthapp.Application) bool { return true }
	})
	app, _ := s.register("1")
	s.authorize(app, "1", "1", "read")
	change := func(change func(*oauthapp.Standing)) {
		_, err := s.provider.Registry().ChangeStanding(t.Context(), oauthapp.AnyOwner, app.ID, change)
		require.NoError(t, err)
	}
	list, page := "/accounts/1/oauth_applications", "/accounts/1/oauth_applications/"+app.ID.String()

	require.Contains(t, s.open(list).text(), "awaiting approval")
	require.Contains(t, s.open(page).text(), "Awaiting approval")
	change(func(s *oauthapp.Standing) { s.Approved, s.Verified = true, true })
	require.NotContains(t, s.open(list).text(), "awaiting approval")
	require.NotContains(t, s.open(page).text(), "Awaiting approval")
	require.Contains(t, s.open(list).text(), "verified")
	require.Contains(t, s.open(page).text(), "verified")

	const reason = "It sent <spam>."
	change(func(s *oauthapp.Standing) { s.Suspended, s.Reason = true, reason })
	require.Contains(t, s.open(page).text(), "This application is suspended")
	require.Contains(t, s.open(page).text(), reason)
	require.Equal(t, 2, strings.Count(s.open(list).text(), reason), "in either list: for its owner, and for who authorized it")
	change(func(s *oauthapp.Standing) { s.Suspended = false })
	require.NotContains(t, s.open(page).text(), reason)
	require.NotContains(t, s.open(list).text(), reason)
}
