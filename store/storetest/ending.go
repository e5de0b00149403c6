package storetest

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

var endingRules = []rule{
	{"transfer/lists", "a transferred application is the new owner's in every list and the former owner's in none, with all that is its own", transferLists},
	{"transfer/limit", "an owner with as many applications as allowed is given none", transferLimit},
	{"transfer/limit at once", "however many applications are transferred and created at once, the new owner's limit holds", transferLimitAtOnce},
	{"ending/filters", "EndGrants ends what its filter selects, in steps of any length, and nothing else", endingFilters},
	{"ending/own", "ending an application's tokens ends its own sessions too; ending a user's does not", endingOwn},
	{"ending/racing begin", "no session begun before EndGrants was first called survives it, every session begun after it lives", endingRacingBegin},
}

func transferLists(t *trial) {
	app, secret := t.confidential()
	other := t.application("alice")
	before := t.signIn(other, "u", "a", "read")
	session := t.signIn(app, "u", "a", "read")
	after := t.signIn(t.application("bob"), "v", "a", "read")
	alice, bob := oauthapp.OwnedBy("alice"), oauthapp.OwnedBy("bob")
	t.setStanding(&app, oauthapp.Standing{Approved: true, Verified: true, Trusted: true, Reason: "Kept"})

	t.want(store.ErrNotFound, t.TransferApplication(t.ctx, bob, app.ID, "bob", plenty), "TransferApplication by another")
	t.must(t.TransferApplication(t.ctx, alice, app.ID, "alice", 1), "TransferApplication to its owner")
	t.same(t.stored(app), app, "Application given to its owner")
	t.must(t.TransferApplication(t.ctx, alice, app.ID, "bob", plenty), "TransferApplication")
	app.Owner, app.Standing = "bob", oauthapp.Standing{Reason: "Kept"}
	t.same(t.stored(app), app, "Application, transferred")
	t.hasSecrets(app, start, secret)
	t.isLive(session, "of a transferred application")
	for owner, want := range map[oauthapp.Owner][]uuid.UUID{alice: {before.GrantID}, bob: {after.GrantID, session.GrantID}} {
		for _, t := range t.everywhere() {
			t.same(t.all(t.grantsOf(oauthapp.GrantsToOwner(owner)), 1), want, "Grants of %v after a transfer", owner)
		}
	}
	t.same(t.all(t.grantsOf(oauthapp.GrantsOfUser("u").ToOwner(bob)), 50), []uuid.UUID{session.GrantID}, "Grants of a user to the new owner")
	t.same(t.all(t.applicationsOf(alice), 50), []uuid.UUID{other.ID}, "Applications of the former owner")
	if got := t.all(t.applicationsOf(bob), 1); len(got) != 2 || got[1] != app.ID {
		t.failf("Applications of the new owner lists %v", got)
	}
	for name, err := range t.onApplication(alice, app) {
		t.want(store.ErrNotFound, err, "%s as the former owner", name)
	}
	_, err := t.RevokeGrant(t.ctx, oauthapp.GrantsToOwner(alice), session.GrantID)
	t.want(store.ErrNotFound, err, "RevokeGrant as the former owner")
	_, err = t.RevokeGrant(t.ctx, oauthapp.GrantsToOwner(bob), session.GrantID)
	t.must(err, "RevokeGrant as the new owner")
	t.isDead(session, "after the new owner revoked its grant")

	orphan := t.draft("")
	t.must(t.CreateApplication(t.ctx, orphan, nil, plenty), "CreateApplication")
	t.must(t.TransferApplication(t.ctx, oauthapp.AnyOwner, orphan.ID, "alice", plenty), "TransferApplication of one without an owner")
	_, err = t.Application(t.ctx, alice, orphan.ID)
	t.must(err, "Application that had no owner before")
}

func transferLimit(t *trial) {
	app, full := t.application("alice"), t.application("bob")
	alice := oauthapp.OwnedBy("alice")
	t.want(store.ErrLimit, t.TransferApplication(t.ctx, alice, app.ID, "bob", 1), "TransferApplication at the limit")
	t.same(t.stored(app), app, "Application that was not transferred")
	t.want(store.ErrNotFound, t.TransferApplication(t.ctx, alice, t.id(), "bob", 1), "TransferApplication of an unknown application, at the limit,")
	_, err := t.DeleteApplication(t.ctx, oauthapp.OwnedBy("bob"), full.ID, start)
	t.must(err, "DeleteApplication")
	t.must(t.TransferApplication(t.ctx, alice, app.ID, "bob", 1), "TransferApplication after another was deleted")
}

func transferLimitAtOnce(t *trial) {
	const limit = 7
	apps := make([]oauthapp.Application, crowd)
	for i := range apps {
		apps[i] = t.application("alice")
	}
	results := t.together(crowd, func(i int) error {
		t := t.node(i)
		if i%3 == 0 {
			return t.CreateApplication(t.ctx, t.draft("bob"), nil, limit)
		}
		return t.TransferApplication(t.ctx, oauthapp.AnyOwner, apps[i].ID, "bob", limit)
	})
	t.winners(limit, store.ErrLimit, results, "TransferApplication and CreateApplication")
	if got := t.all(t.applicationsOf(oauthapp.OwnedBy("bob")), 50); len(got) != limit {
		t.failf("the owner has %d applications, not %d", len(got), limit)
	}
}

// endGrants ends what a filter selects, in steps.
func (t *trial) endGrants(filter oauthapp.GrantFilter, limit int) (ended oauthapp.Ended) {
	cursor := ""
	for range 1000 {
		next, step, err := t.EndGrants(t.ctx, filter, cursor, limit)
		t.must(err, "EndGrants of %+v", filter)
		ended.Grants += step.Grants
		ended.Applications += step.Applications
		if next == "" {
			return ended
		}
		cursor = next
	}
	t.failf("EndGrants of %+v does not come to an end", filter)
	return ended
}

func endingFilters(t *trial) {
	for i, limit := range []int{0, 1, 3, plenty} {
		mine, theirs := fmt.Sprint("mine-", i), fmt.Sprint("theirs-", i)
		u, v, a, b := fmt.Sprint("u-", i), fmt.Sprint("v-", i), fmt.Sprint("a-", i), fmt.Sprint("b-", i)
		apps := []oauthapp.Application{t.application(mine), t.application(mine), t.application(theirs)}
		var sessions []store.Session
		begin := func() {
			sessions = nil
			for _, app := range apps {
				for _, user := range []string{u, v} {
					for _, account := range []string{a, b} {
						sessions = append(sessions, t.begin(app, user, account, "read"), t.signIn(app, user, account, "read"))
					}
				}
			}
		}
		for _, filter := range []oauthapp.GrantFilter{
			oauthapp.GrantsOfUser(u), oauthapp.GrantsForAccount(a), oauthapp.GrantsOfUser(u).ForAccount(a),
			oauthapp.GrantsToApplication(apps[0].ID), oauthapp.GrantsToOwner(oauthapp.OwnedBy(mine)),
			oauthapp.GrantsOfUser(u).ToApplication(apps[1].ID), oauthapp.GrantsForAccount(b).ToOwner(oauthapp.OwnedBy(theirs)),
			oauthapp.GrantsToApplication(apps[0].ID).ToOwner(oauthapp.OwnedBy(theirs)), oauthapp.GrantsToOwner(oauthapp.AnyOwner),
			{}, oauthapp.GrantsOfUser(u).ForAccount(""), oauthapp.GrantsOfUser(""),
		} {
			begin()
			selected, applications := 0, 0
			isSelected := func(s store.Session) bool {
				owner := mine
				if s.ApplicationID == apps[2].ID {
					owner = theirs
				}
				return filter.Selects(s.UserID, s.AccountID, s.ApplicationID, owner)
			}
			for _, session := range sessions {
				if isSelected(session) {
					selected++
				}
			}
			whole := filter.UserID() == "" && filter.AccountID() == ""
			for _, app := range apps {
				if filter.Selects("any", "any", app.ID, app.Owner) && whole {
					applications++
				}
			}
			ended := t.endGrants(filter, limit)
			if want := selected / 2; !whole && (ended.Grants != want || ended.Applications != 0) { // two sessions each
				t.failf("EndGrants of %+v in steps of %d says %+v, not %d grants", filter, limit, ended, want)
			}
			if whole && (ended.Applications < applications || !filter.Owner().IsAny() && ended.Applications != applications) {
				t.failf("EndGrants of %+v in steps of %d says %+v, not %d applications", filter, limit, ended, applications)
			}
			for _, session := range sessions {
				if isSelected(session) {
					t.isDead(session, "ended by %+v", filter)
				} else {
					t.isLive(session, "not selected by %+v", filter)
				}
			}
			if got := t.all(t.grantsOf(filter), 50); filter.Err() == nil && len(got) > 0 {
				t.failf("Grants of %+v lists %d after all were ended", filter, len(got))
			}
			if again := t.endGrants(filter, limit); again.Grants != 0 {
				t.failf("EndGrants of %+v ended %d once more", filter, again.Grants)
			}
		}
	}
	_, _, err := t.EndGrants(t.ctx, oauthapp.GrantsOfUser("u"), "no cursor", 1)
	if err == nil {
		t.failf("EndGrants accepts a cursor that no call returned")
	}
}

func endingOwn(t *trial) {
	for _, filter := range []func(app oauthapp.Application) oauthapp.GrantFilter{
		func(app oauthapp.Application) oauthapp.GrantFilter { return oauthapp.GrantsToApplication(app.ID) },
		func(oauthapp.Application) oauthapp.GrantFilter {
			return oauthapp.GrantsToOwner(oauthapp.OwnedBy("alice"))
		},
		func(oauthapp.Application) oauthapp.GrantFilter { return oauthapp.GrantsToOwner(oauthapp.AnyOwner) },
	} {
		app := t.application("alice")
		own := t.beginAs(app, t.issued(app, "", "", "read"))
		t.signIn(app, "u", "a", "read")
		t.endGrants(oauthapp.GrantsOfUser("u"), 1)
		t.endGrants(oauthapp.GrantsForAccount("a"), 1)
		t.isLive(own, "of an application itself, after all of a user and an account was ended")
		t.endGrants(filter(app), 1)
		t.isDead(own, "of an application itself, after all its tokens were ended")
	}
}

func endingRacingBegin(t *trial) {
	for _, filter := range []oauthapp.GrantFilter{
		oauthapp.GrantsOfUser("u"), oauthapp.GrantsForAccount("a"), oauthapp.GrantsOfUser("u").ForAccount("a"), oauthapp.GrantsToOwner(oauthapp.OwnedBy("alice")),
	} {
		apps := []oauthapp.Application{t.application("alice"), t.application("alice"), t.application("alice")}
		began := t.beginAround(6, 12, func(t *trial, worker, i int) store.Session {
			return t.begin(apps[(worker+i)%len(apps)], "u", "a", "read")
		}, func(t *trial) {
			t.endGrants(filter, 2)
		})
		for _, session := range began.before {
			t.isDead(session, "begun before EndGrants of %+v was called", filter)
		}
		for _, session := range began.after {
			t.isLive(session, "begun after EndGrants of %+v had returned", filter)
		}
		t.endGrants(filter, plenty)
		for _, session := range began.all() {
			t.isDead(session, "begun before EndGrants of %+v was called again", filter)
		}
	}
}
