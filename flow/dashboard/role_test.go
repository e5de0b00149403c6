package dashboard_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// A role decides what the list of an account shows, and to whom.
func TestRolesOnTheList(t *testing.T) {
	s := newSite(t)
	app, _ := s.register("2")
	mine, theirs := s.authorize(app, "2", "2", "read"), s.authorize(app, "3", "2", "read")
	for _, test := range []struct {
		name                   string
		role                   flow.Role
		sees, revokes, manages bool
	}{
		{"member", flow.Member, false, false, false},
		{"sees", flow.SeeGrants, true, false, false},
		{"revokes", flow.RevokeGrants, true, true, false},
		{"manages", flow.ManageApplications, false, false, true},
		{"administers", flow.Administrator, true, true, true},
		{"may not authorize", flow.NoAuthorize, false, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.user = &flow.User{ID: "2", Name: "bob@example.com", Session: "bob", Accounts: []flow.Account{{ID: "2", Name: "Acme Inc", Role: test.role}}}
			page := s.open(list("2"))
			revoke := func(g oauthapp.Grant) string {
				return "/accounts/2/authorized_applications/" + g.ID.String() + "/revoke"
			}
			require.Contains(t, page.Body, revoke(mine), "everybody takes back what they gave")
			require.Equal(t, test.sees, strings.Contains(page.text(), "user 3"))
			require.Equal(t, test.revokes, strings.Contains(page.Body, revoke(theirs)))
			require.Equal(t, test.manages, strings.Contains(page.text(), "Developer applications"))
			require.Equal(t, test.manages, strings.Contains(page.Body, app.ID.String()))
		})
	}
}

// Every page and every form of an account's applications is for those who may
// manage them. It makes no difference whether there is such an application.
func TestMembersManageNothing(t *testing.T) {
	s := newSite(t)
	app, _ := s.register("2")
	grant := s.authorize(app, "3", "2", "read")
	places := s.places(app, grant)
	forms := map[string]url.Values{}
	for name, p := range places {
		forms[name] = s.filled(p, app)
	}
	for _, role := range []flow.Role{flow.Member, flow.RevokeGrants, flow.NoAuthorize} {
		s.user.Accounts[1].Role = role
		for name, p := range places {
			if strings.Contains(p.action, "authorized_applications") {
				continue
			}
			s.events = nil
			a := s.do(http.MethodPost, p.action, forms[name])
			require.Equal(t, []oauthapp.EventType{oauthapp.ApplicationFormRefused}, s.eventTypes())
			require.Equal(t, http.StatusForbidden, a.Status, "%s: %s", name, a.text())
			require.Contains(t, a.text(), "You may not manage the applications of this account")
		}
		one := list("2") + "/" + app.ID.String()
		for _, path := range []string{
			list("2") + "/new", one, one + "/edit", one + "/secrets", one + "/secrets/" + s.secrets(app)[0].ID.String() + "/revoke",
			one + "/revoke", one + "/transfer", one + "/delete", list("2") + "/receive", list("2") + "/" + grant.ID.String(),
		} {
			require.Equal(t, http.StatusForbidden, s.get(path).Status, path)
		}
	}
	kept, err := s.provider.Registry().Application(t.Context(), oauthapp.OwnedBy("2"), app.ID)
	require.NoError(t, err)
	require.Equal(t, app.Version, kept.Version)
	require.Equal(t, 1, len(s.secrets(app)))
}

// Who may not withdraw what others authorized cannot do so with the form of
// when they could, nor with one that is made up.
func TestMembersRevokeTheirOwn(t *testing.T) {
	s := newSite(t)
	app, _ := s.register("2")
	mine, theirs := s.authorize(app, "1", "2", "read"), s.authorize(app, "3", "2", "read")
	action := func(g oauthapp.Grant) string {
		return "/accounts/2/authorized_applications/" + g.ID.String() + "/revoke"
	}
	before := s.open(list("2")).form(action(theirs))
	for _, role := range []flow.Role{flow.Member, flow.SeeGrants, flow.ManageApplications} {
		s.user.Accounts[1].Role = role
		require.Equal(t, http.StatusNotFound, s.do(http.MethodPost, action(theirs), before).Status)
		require.Equal(t, http.StatusNotFound, s.do(http.MethodPost, action(theirs), url.Values{"ticket": {"no"}}).Status)
	}
	s.user.Accounts[1].Role = flow.Member
	s.follow(s.submit(list("2"), action(mine)))
	left, err := s.provider.Registry().Grants(t.Context(), oauthapp.GrantsForAccount("2"), oauthapp.Page{})
	require.NoError(t, err)
	require.Len(t, left.Items, 1)
	require.Equal(t, theirs.ID, left.Items[0].ID)
}
