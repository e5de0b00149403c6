package dashboard_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dashboard"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// A page claims only what was done in this session, for a while.
func TestNoticesCannotBeMadeUp(t *testing.T) {
	s := newSite(t)
	app, _ := s.register("1")
	grant := s.authorize(app, "1", "1", "read")
	revoke := "/accounts/1/authorized_applications/" + grant.ID.String() + "/revoke"
	real := map[string]string{}
	for notice, a := range map[string]*answer{
		"The application is saved.":    s.submit(pathOf(app, "edit"), pathOf(app)),
		"The access that you gave":     s.submit(list("1"), revoke),
		"All user tokens are revoked.": s.submit(pathOf(app, "revoke"), pathOf(app, "revoke")),
		"The client secret is revoked.": func() *answer {
			p := pathOf(app, "secrets", s.secrets(app)[0].ID.String(), "revoke")
			return s.submit(p, p)
		}(),
	} {
		require.Contains(t, s.follow(a).text(), notice)
		real[notice] = a.Header.Get("Location")
	}
	for notice, location := range real {
		u, err := url.Parse(location)
		require.NoError(t, err)
		query := u.Query()
		code := query.Get("notice")
		silent := func(target string) {
			t.Helper()
			for notice := range real {
				require.NotContains(t, s.open(target).text(), notice, target)
			}
		}
		silent(u.Path + "?notice=" + code)
		silent(u.Path + "?notice=" + code + "&seal=" + strings.Repeat("A", 54))
		for _, other := range []string{list("2"), pathOf(app), list("1")} {
			if other != u.Path {
				silent(other + "?" + u.RawQuery)
			}
		}
		for _, other := range real {
			v, err := url.Parse(other)
			require.NoError(t, err)
			if mixed := v.Query(); mixed.Get("notice") != code {
				mixed.Set("notice", code)
				silent(v.Path + "?" + mixed.Encode())
			}
		}
		s.user.Session = "alice-2"
		silent(location)
		s.user = bob()
		s.user.Accounts = alice().Accounts
		silent(location)
		s.user = alice()
		require.Contains(t, s.open(location).text(), notice)
		s.pass(5 * time.Minute)
		silent(location)
		s.pass(-5 * time.Minute)
	}
}

// Revoking a grant says whose access to what was revoked, for others may have
// given the same application access to the same account.
func TestRevokedGrantIsNamed(t *testing.T) {
	s := newSite(t, func(cfg *flow.Config, _ *dashboard.Config) {
		cfg.Pages.UserName = func(_ context.Context, user string) (string, error) {
			return map[string]string{"2": "Bob <b@example.com>"}[user], nil
		}
	})
	s.user = bob()
	app, _ := s.register("3", "name", "Bob's <b>")
	s.user = alice()
	for user, by := range map[string]string{"1": "you", "2": "Bob <b@example.com>", "3": "user 3"} {
		grant := s.authorize(app, user, "2", "read")
		action := "/accounts/2/authorized_applications/" + grant.ID.String() + "/revoke"
		done := s.submit(list("2"), action)
		require.NotContains(t, done.Header.Get("Location"), "example.com", "URLs are logged")
		require.Contains(t, s.follow(done).text(), "The access that "+by+" gave Bob's <b> to the account Acme Inc is revoked.")
	}
	grant := s.authorize(app, "1", "2", "read")
	done := s.submit(list("2"), "/accounts/2/authorized_applications/"+grant.ID.String()+"/revoke")
	s.user = bob()
	s.submit(pathOf(app, "delete"), pathOf(app, "delete"), "confirm_name", app.Name)
	s.user = alice()
	require.Contains(t, s.follow(done).text(), "gave an application that is deleted to the account")
	s.store.down = "Application"
	require.Equal(t, http.StatusServiceUnavailable, s.get(done.Header.Get("Location")).Status)
	require.NotContains(t, s.eventTypes(), oauthapp.ApplicationFormRefused)
}
