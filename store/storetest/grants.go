package storetest

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

var grantRules = []rule{
	{"grants/kept", "BeginSession keeps a grant for each application, user and account", grantsKept},
	{"grants/union", "authorizing again adds the session's scopes to the live grant, which keeps its ID", grantsUnion},
	{"grants/union at once", "of many authorizations at once by one user, none's scopes are lost and one grant remains", grantsUnionAtOnce},
	{"grants/again", "a session whose user is not asked begins under their live grant as it is, or not at all", grantsAgain},
	{"grants/anew", "after a revocation the grant begins anew, with exactly the new scopes, and revives nothing", grantsAnew},
	{"grants/filter", "a filter selects the live grants that match every field set; a zero filter selects none", grantsFilter},
	{"grants/revoke", "RevokeGrant ends a live grant that the filter selects, all its sessions, and nothing else", grantsRevoke},
	{"grants/revoke at once", "of many revocations of a grant at once, one gets it", grantsRevokeAtOnce},
	{"grants/usage", "Usage counts users with a live grant, each once, exactly up to the bound", grantsUsage},
	{"grants/usage of many", "however many users there are, and grants of one, Usage and RevokeTokens count exactly up to the bound", grantsUsageOfMany},
}

// grantTo returns the live grant of a user for an account to an application,
// without the application, or ErrNotFound.
func (t *trial) grantTo(application uuid.UUID, user, account string) (oauthapp.Grant, error) {
	list, err := t.Grants(t.ctx, oauthapp.GrantsOfUser(user).ForAccount(account).ToApplication(application), oauthapp.Page{})
	switch {
	case err != nil:
		return oauthapp.Grant{}, err
	case len(list.Items) == 0:
		return oauthapp.Grant{}, store.ErrNotFound
	case len(list.Items) > 1:
		t.failf("Grants lists %d of one application, user and account", len(list.Items))
	}
	grant := list.Items[0]
	grant.Application = oauthapp.Application{}
	return grant, nil
}

// hasGrant fails unless this is the live grant, with its scopes in any order.
func (t *trial) hasGrant(want oauthapp.Grant, format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	list, err := t.Grants(t.ctx, oauthapp.GrantsOfUser(want.UserID).ForAccount(want.AccountID).ToApplication(want.ApplicationID), oauthapp.Page{})
	t.must(err, "Grants, %s,", what)
	if len(list.Items) != 1 {
		t.failf("Grants lists %d of one application, user and account, %s", len(list.Items), what)
	}
	want.Application = t.stored(oauthapp.Application{ID: want.ApplicationID})
	t.same(sorted(list.Items[0]), sorted(want), "Grants, %s", what)
}

func grantsKept(t *trial) {
	app, other := t.application("alice"), t.application("bob")
	sessions := []store.Session{
		t.begin(app, "u", "a", "read"),
		t.begin(app, "u", "b", "write", "read"),
		t.begin(app, "v", "a"),
		t.begin(other, "u", "a", "admin"),
	}
	seen := map[uuid.UUID]bool{}
	for _, session := range sessions {
		t.hasGrant(grantOf(session), "after the first session")
		if seen[session.GrantID] {
			t.failf("two grants have one ID")
		}
		seen[session.GrantID] = true
	}
	_, err := t.grantTo(app.ID, "v", "b")
	t.want(store.ErrNotFound, err, "Grant for an account that the user did not authorize")
	_, err = t.grantTo(other.ID, "v", "a")
	t.want(store.ErrNotFound, err, "Grant to an application that the user did not authorize")

	b := t.sessionStart(app, "w", "a", "read")
	grant, err := t.BeginSession(t.ctx, b)
	t.must(err, "BeginSession")
	t.same(grant, oauthapp.Grant{
		ID: b.GrantID, ApplicationID: app.ID, UserID: "w", AccountID: "a", Scopes: []string{"read"}, AuthorizedAt: start,
	}, "what BeginSession returned for a user without a grant")
}

func grantsUnion(t *trial) {
	app := t.application("alice")
	first := t.begin(app, "u", "a", "read")
	b := t.sessionStart(app, "u", "a", "write", "admin")
	b.Session.CreatedAt = start.Add(time.Hour)
	got, err := t.BeginSession(t.ctx, b)
	t.must(err, "BeginSession")
	want := grantOf(first)
	want.Scopes = []string{"read", "write", "admin"}
	want.AuthorizedAt = b.Session.CreatedAt
	t.same(sorted(got), sorted(want), "what BeginSession returned for a user with a grant")
	t.hasGrant(want, "after a second session")
	t.isLive(first, "after a second session")

	third := t.sessionStart(app, "u", "a", "read")
	third.Session.CreatedAt = start.Add(2 * time.Hour)
	want.AuthorizedAt = third.Session.CreatedAt
	session := t.beginAs(app, third)
	t.hasGrant(want, "after a session with fewer scopes")
	t.isLive(session, "with fewer scopes than the grant")
}

func grantsUnionAtOnce(t *trial) {
	app := t.application("alice")
	ids := make([]uuid.UUID, crowd)
	sessions := make([]store.Session, crowd)
	t.together(crowd, func(i int) error {
		sessions[i] = t.node(i).begin(app, "u", "a", "read", fmt.Sprint("scope-", i))
		ids[i] = sessions[i].GrantID
		return nil
	})
	want := grantOf(sessions[0])
	want.Scopes = []string{"read"}
	for i := range crowd {
		want.Scopes = append(want.Scopes, fmt.Sprint("scope-", i))
		if ids[i] != ids[0] {
			t.failf("sessions begun at once by one user are under different grants")
		}
		t.isLive(sessions[i], "begun at once with others")
	}
	t.hasGrant(want, "after many sessions begun at once")
}

// again is sessionStart for a session whose user consented before, and is not
// asked.
func (t *trial) again(app oauthapp.Application, user, account string, scopes ...string) store.SessionStart {
	b := t.sessionStart(app, user, account, scopes...)
	b.Session.CreatedAt = start.Add(time.Hour)
	b.GrantID = uuid.Nil
	return b
}

func grantsAgain(t *trial) {
	app, other := t.application("alice"), t.application("alice")
	session := t.begin(app, "u", "a", "read", "write")
	t.must(t.Touch(t.ctx, store.Use{GrantID: session.GrantID, At: start.Add(time.Minute)}), "Touch")
	session.GrantUsedAt = start.Add(time.Minute)
	want := grantOf(session)
	for _, scopes := range [][]string{{"read", "write"}, {"write"}, {}} {
		b := t.again(app, "u", "a", scopes...)
		got, err := t.BeginSession(t.ctx, b)
		t.must(err, "BeginSession without asking, with %d of the 2 scopes granted,", len(scopes))
		t.same(sorted(got), sorted(want), "what BeginSession without asking returned")
		t.hasGrant(want, "after a session began under it")
		b.Session.GrantID, b.Session.ClientID, b.Session.GrantUsedAt = got.ID, app.ClientID, got.LastUsedAt
		t.isLive(b.Session, "begun without asking")
	}

	elsewhere, admin := t.begin(app, "u", "b", "read"), t.begin(other, "v", "a", "read", "write")
	refused := func(b store.SessionStart, why string) {
		_, err := t.BeginSession(t.ctx, b)
		t.want(store.ErrNotFound, err, "BeginSession without asking, %s,", why)
		_, err = t.Session(t.ctx, b.Session.ID)
		t.want(store.ErrNotFound, err, "Session that was to begin without asking, %s,", why)
	}
	refused(t.again(app, "u", "a", "read", "admin"), "for more scopes")
	refused(t.again(app, "u", "b", "read", "write"), "for more scopes than of another account")
	refused(t.again(app, "u", "c", "read"), "for an account without a grant")
	refused(t.again(app, "v", "a", "read"), "for a user without a grant to the application")
	refused(t.again(other, "u", "a", "read"), "for an application without a grant of the user")
	refused(t.again(oauthapp.Application{ID: t.id()}, "u", "a", "read"), "for an application that is not there")
	t.hasGrant(want, "after sessions that were refused")
	t.hasGrant(grantOf(elsewhere), "after sessions that were refused")
	t.hasGrant(grantOf(admin), "after sessions that were refused")

	for _, ending := range endings[1:] { // those that end the grant
		session := t.begin(app, "w", "a", "read")
		ending.end(t, session)
		refused(t.again(app, "w", "a", "read"), "though "+ending.name)
		_, err := t.grantTo(app.ID, "w", "a")
		t.want(store.ErrNotFound, err, "Grant, though %s,", ending.name)
	}
}

func grantsAnew(t *trial) {
	app := t.application("alice")
	end := map[string]func(store.Session){
		"the grant was revoked": func(s store.Session) {
			_, err := t.RevokeGrant(t.ctx, oauthapp.GrantsOfUser("u"), s.GrantID)
			t.must(err, "RevokeGrant")
		},
		"all tokens were revoked": func(store.Session) {
			_, err := t.RevokeTokens(t.ctx, oauthapp.OwnedBy("alice"), app.ID, plenty)
			t.must(err, "RevokeTokens")
		},
	}
	var dead []store.Session
	for range 3 { // again and again: an end must not undo the one before
		for why, revoke := range end {
			b := t.sessionStart(app, "u", "a", "read", "write")
			old := t.redeem(t.beginAs(app, b))
			t.must(t.Touch(t.ctx, store.Use{GrantID: old.GrantID, At: start.Add(time.Hour)}), "Touch")
			revoke(old)
			_, err := t.grantTo(app.ID, "u", "a")
			t.want(store.ErrNotFound, err, "Grant after %s", why)
			dead = append(dead, old)

			anew := t.begin(app, "u", "a", "admin")
			if !anew.GrantUsedAt.IsZero() {
				t.failf("a grant begun anew says that it was used before, after %s", why)
			}
			t.hasGrant(grantOf(anew), "begun anew after %s", why)
			t.isLive(anew, "after %s", why)
			for _, old := range dead {
				t.isDead(old, "though the user authorized again, after %s", why)
			}
			revoke(anew)
			dead = append(dead, anew)
		}
	}
}

func grantsFilter(t *trial) {
	type cell struct {
		owner         string
		app           oauthapp.Application
		user, account string
	}
	var cells []cell
	owners, users, accounts := []string{"alice", "bob"}, []string{"u", "v"}, []string{"a", "b"}
	var apps []oauthapp.Application
	for _, owner := range owners {
		for range 2 {
			app := t.application(owner)
			apps = append(apps, app)
			for _, user := range users {
				for _, account := range accounts {
					cells = append(cells, cell{owner, app, user, account})
					t.begin(app, user, account, "read")
				}
			}
		}
	}
	// Some are dead, one of them of each kind.
	cells = cells[1:]
	grant, err := t.grantTo(apps[0].ID, "u", "a")
	t.must(err, "Grant")
	_, err = t.RevokeGrant(t.ctx, oauthapp.GrantsOfUser("u"), grant.ID)
	t.must(err, "RevokeGrant")
	_, err = t.RevokeTokens(t.ctx, oauthapp.OwnedBy("alice"), apps[1].ID, plenty)
	t.must(err, "RevokeTokens")
	cells = append(cells[:3], cells[7:]...)

	const any = "anybody"
	for _, owner := range append(owners, "", any, "nobody") {
		for _, app := range append(apps, oauthapp.Application{}, t.draft("nobody")) {
			for _, user := range append(users, "", "nobody") {
				for _, account := range append(accounts, "", "nothing") {
					var filter oauthapp.GrantFilter
					if user != "" {
						filter = filter.OfUser(user)
					}
					if account != "" {
						filter = filter.ForAccount(account)
					}
					if app.ID != uuid.Nil {
						filter = filter.ToApplication(app.ID)
					}
					switch owner {
					case "":
					case any:
						filter = filter.ToOwner(oauthapp.AnyOwner)
					default:
						filter = filter.ToOwner(oauthapp.OwnedBy(owner))
					}
					var want []cell
					for i := len(cells) - 1; i >= 0 && filter.Err() == nil; i-- { // newest first
						c := cells[i]
						if (user == "" || user == c.user) && (account == "" || account == c.account) &&
							(app.ID == uuid.Nil || app.ID == c.app.ID) &&
							(owner == "" || owner == any || owner == c.owner) {
							want = append(want, c)
						}
					}
					list, err := t.Grants(t.ctx, filter, oauthapp.Page{})
					t.must(err, "Grants of %+v", filter)
					if len(list.Items) != len(want) {
						t.failf("Grants of %+v lists %d, not %d", filter, len(list.Items), len(want))
					}
					for i, got := range list.Items {
						c := want[i]
						t.same(got.Application, c.app, "Grants of %+v, Application", filter)
						if got.ApplicationID != c.app.ID || got.UserID != c.user || got.AccountID != c.account {
							t.failf("Grants of %+v has (%v, %s, %s) in place %d, not (%v, %s, %s)", filter,
								got.ApplicationID, got.UserID, got.AccountID, i, c.app.ID, c.user, c.account)
						}
					}
				}
			}
		}
	}
}

func grantsRevoke(t *trial) {
	app, other := t.application("alice"), t.application("alice")
	session, again := t.signIn(app, "u", "a", "read"), t.begin(app, "u", "a", "read")
	bystanders := []store.Session{
		t.signIn(app, "u", "b", "read"), t.signIn(app, "v", "a", "read"), t.signIn(other, "u", "a", "read"),
	}
	for _, filter := range []oauthapp.GrantFilter{
		{}, oauthapp.GrantsOfUser(""), oauthapp.GrantsOfUser("u").ForAccount(""), oauthapp.GrantsOfUser("u").ToApplication(uuid.Nil), oauthapp.GrantsOfUser("u").ToOwner(oauthapp.Owner{}),
		oauthapp.GrantsOfUser("v"), oauthapp.GrantsForAccount("b"), oauthapp.GrantsToApplication(other.ID), oauthapp.GrantsToOwner(oauthapp.OwnedBy("bob")), oauthapp.GrantsOfUser("u").ForAccount("b"), oauthapp.GrantsOfUser("v").ForAccount("a"), oauthapp.GrantsOfUser("u").ToApplication(other.ID), oauthapp.GrantsOfUser("u").ToOwner(oauthapp.OwnedBy("bob"))} {
		_, err := t.RevokeGrant(t.ctx, filter, session.GrantID)
		t.want(store.ErrNotFound, err, "RevokeGrant with %+v, which does not select it,", filter)
	}
	t.isLive(session, "after revocations that did not select its grant")

	want := grantOf(session)
	want.Application = app
	for _, filter := range []oauthapp.GrantFilter{oauthapp.GrantsOfUser("u"), oauthapp.GrantsForAccount("a"), oauthapp.GrantsToApplication(app.ID), oauthapp.GrantsToOwner(oauthapp.OwnedBy("alice")), oauthapp.GrantsToOwner(oauthapp.AnyOwner), oauthapp.GrantsOfUser("u").ForAccount("a").ToApplication(app.ID).ToOwner(oauthapp.OwnedBy("alice"))} {
		was, err := t.RevokeGrant(t.ctx, filter, want.ID)
		t.must(err, "RevokeGrant with %+v", filter)
		t.same(was, want, "what RevokeGrant returned")
		t.isDead(session, "after its grant was revoked")
		t.isDead(again, "after its grant was revoked")
		_, err = t.RevokeGrant(t.ctx, filter, want.ID)
		t.want(store.ErrNotFound, err, "RevokeGrant of a revoked grant")
		for _, bystander := range bystanders {
			t.isLive(bystander, "after another grant was revoked")
		}
		session, again = t.signIn(app, "u", "a", "read"), t.begin(app, "u", "a", "read")
		want.ID = session.GrantID
	}
}

func grantsRevokeAtOnce(t *trial) {
	app := t.application("alice")
	session := t.signIn(app, "u", "a", "read")
	results := t.together(crowd, func(int) error {
		_, err := t.RevokeGrant(t.ctx, oauthapp.GrantsOfUser("u"), session.GrantID)
		return err
	})
	t.winners(1, store.ErrNotFound, results, "RevokeGrant")
}
