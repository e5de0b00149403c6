package storetest

import (
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

var standingRules = []rule{
	{"standing/kept", "SetStanding replaces the standing alone and returns the application as it was; an update leaves the standing", standingKept},
	{"standing/replaced", "SetStanding replaces the standing that its caller has read, and no other; of a crowd that read the same, one does", standingReplaced},
	{"standing/suspended", "of a suspended application nothing is accepted or issued; it is read, listed, revoked and ended as ever", standingSuspended},
	{"standing/reinstated", "a reinstated application has the sessions that it had, clean-ups meanwhile or not", standingReinstated},
	{"standing/at once", "once a suspension has returned, nothing is accepted, however many redeem and rotate meanwhile", standingAtOnce},
	{"standing/ownerless", "an application without an owner is not limited, and is reached by AnyOwner alone", standingOwnerless},
	{"standing/own sessions", "an application's own sessions live as others do; their grant is in no list and counts as no user", standingOwnSessions},
}

func (t *trial) setStanding(app *oauthapp.Application, standing oauthapp.Standing) {
	was, err := t.SetStanding(t.ctx, oauthapp.AnyOwner, app.ID, app.Standing, standing)
	t.must(err, "SetStanding")
	was.LastUsedAt = app.LastUsedAt
	t.same(was, *app, "what SetStanding returned")
	app.Standing = standing
}

var suspended = oauthapp.Standing{Suspended: true, Reason: "It sent \"spam\"\n— twice.", Verified: true}

func standingKept(t *trial) {
	app, other := t.application("alice"), t.application("alice")
	session := t.signIn(app, "u", "a", "read")
	for _, standing := range []oauthapp.Standing{
		{Approved: true}, {Verified: true}, {Trusted: true}, {Reason: "Why"}, suspended, {Approved: true, Verified: true, Trusted: true}, {},
	} {
		t.setStanding(&app, standing)
		t.same(t.stored(app), app, "Application after SetStanding")
		list, err := t.Grants(t.ctx, oauthapp.GrantsOfUser("u"), oauthapp.Page{})
		t.must(err, "Grants")
		if len(list.Items) != 1 {
			t.failf("Grants lists %d after SetStanding, not 1", len(list.Items))
		}
		t.same(list.Items[0].Application, app, "Application of a grant after SetStanding")
		update := app
		update.Standing = oauthapp.Standing{Reason: "ignored"}
		t.must(t.UpdateApplication(t.ctx, oauthapp.OwnedBy("alice"), update), "UpdateApplication")
		app.Version++
		t.same(t.stored(app), app, "Application after an update")
	}
	for _, owner := range []oauthapp.Owner{oauthapp.OwnedBy("bob"), {}} {
		_, err := t.SetStanding(t.ctx, owner, app.ID, app.Standing, suspended)
		t.want(store.ErrNotFound, err, "SetStanding as %v of an application of alice", owner)
	}
	_, err := t.SetStanding(t.ctx, oauthapp.AnyOwner, t.id(), oauthapp.Standing{}, suspended)
	t.want(store.ErrNotFound, err, "SetStanding of an unknown application")
	t.isLive(session, "after its application's standing was set")
	t.same(t.stored(other), other, "another Application after SetStanding")
}

func standingReplaced(t *trial) {
	app := t.application("alice")
	for _, was := range []oauthapp.Standing{{Suspended: true}, {Approved: true}, {Verified: true}, {Trusted: true}, {Reason: "Another"}} {
		_, err := t.SetStanding(t.ctx, oauthapp.AnyOwner, app.ID, was, suspended)
		t.want(store.ErrConflict, err, "SetStanding of what was never %+v", was)
	}
	t.same(t.stored(app), app, "Application after refused calls of SetStanding")
	t.setStanding(&app, suspended)
	_, err := t.SetStanding(t.ctx, oauthapp.AnyOwner, app.ID, oauthapp.Standing{}, oauthapp.Standing{Verified: true})
	t.want(store.ErrConflict, err, "SetStanding of what was suspended meanwhile")
	t.same(t.stored(app), app, "Application after a refused SetStanding")

	reasons := []string{"even", "odd"}
	results := t.together(crowd, func(i int) error {
		t := t.node(i)
		_, err := t.SetStanding(t.ctx, oauthapp.AnyOwner, app.ID, suspended, oauthapp.Standing{Reason: reasons[i%2]})
		return err
	})
	t.winners(1, store.ErrConflict, results, "SetStanding of one standing")
	app.Standing = oauthapp.Standing{Reason: reasons[slices.Index(results, nil)%2]}
	t.same(t.stored(app), app, "Application after a crowd")
}

// isSuspended fails unless nothing of a live session is accepted, and its
// client still has it.
func (t *trial) isSuspended(s store.Session, what string) {
	for _, t := range t.everywhere() {
		_, err := t.Session(t.ctx, s.ID)
		t.want(store.ErrNotFound, err, "Session, %s,", what)
		t.want(store.ErrNotFound, t.RedeemCode(t.ctx, t.redemption(s)), "RedeemCode, %s,", what)
		t.want(store.ErrNotFound, t.RotateRefreshToken(t.ctx, t.rotation(s)), "RotateRefreshToken, %s,", what)
		old := t.rotation(s)
		old.Presented = t.digest()
		t.want(store.ErrNotFound, t.RotateRefreshToken(t.ctx, old), "RotateRefreshToken with another token, %s,", what)
		client, err := t.Client(t.ctx, s.ClientID, s.ID, start)
		t.must(err, "Client, %s,", what)
		if client.Session == nil || !client.Application.Standing.Suspended {
			t.failf("Client lacks the session or the standing, %s", what)
		}
		t.same(*client.Session, s, "Client.Session, %s,", what)
	}
}

func standingSuspended(t *trial) {
	app, secret := t.confidential()
	other := t.application("alice")
	bystander := t.signIn(other, "u", "a", "read")
	code, session := t.begin(app, "u", "a", "read"), t.rotate(t.signIn(app, "v", "a", "read"))
	t.setStanding(&app, suspended)
	t.isSuspended(code, "of a suspended application")
	t.isSuspended(session, "of a suspended application")
	_, err := t.BeginSession(t.ctx, t.sessionStart(app, "w", "a", "read"))
	t.want(store.ErrNotFound, err, "BeginSession of a suspended application")
	again := t.sessionStart(app, "u", "a", "read")
	again.GrantID = uuid.Nil
	_, err = t.BeginSession(t.ctx, again)
	t.want(store.ErrNotFound, err, "BeginSession of a suspended application, without asking,")
	t.isLive(bystander, "while another application is suspended")

	t.hasSecrets(app, start, secret)
	t.hasGrant(grantOf(code), "while its application is suspended")
	usage, err := t.Usage(t.ctx, oauthapp.OwnedBy("alice"), app.ID, plenty)
	t.must(err, "Usage of a suspended application")
	if usage.Users != 2 {
		t.failf("a suspended application has %d users, not 2", usage.Users)
	}
	t.must(t.EndSession(t.ctx, code.ID), "EndSession of a suspended application")
	_, err = t.RevokeGrant(t.ctx, oauthapp.GrantsOfUser("v"), session.GrantID)
	t.must(err, "RevokeGrant of a suspended application")
	t.setStanding(&app, oauthapp.Standing{})
	t.isDead(code, "ended while its application was suspended")
	t.isDead(session, "revoked while its application was suspended")
	t.hasGrant(grantOf(code), "after one of its sessions was ended")
}

func standingReinstated(t *trial) {
	app := t.application("alice")
	code, session := t.begin(app, "u", "a", "read"), t.signIn(app, "v", "a", "read")
	for range 2 {
		t.setStanding(&app, suspended)
		t.cleanUp(start)
		t.setStanding(&app, oauthapp.Standing{Approved: true})
		t.isLive(code, "reinstated")
		t.isLive(session, "reinstated")
	}
	t.isLive(t.redeem(code), "redeemed after it was reinstated")
	t.isLive(t.rotate(session), "rotated after it was reinstated")
	t.isLive(t.begin(app, "w", "a", "read"), "begun after it was reinstated")
}

func standingAtOnce(t *trial) {
	for range 3 {
		app := t.application("alice")
		code, session := t.begin(app, "u", "a", "read"), t.signIn(app, "v", "a", "read")
		redemptions, rotations := make([]store.Redemption, crowd), make([]store.Rotation, crowd)
		for i := range crowd {
			redemptions[i], rotations[i] = t.redemption(code), t.rotation(session)
		}
		var suspendedYet atomic.Bool
		results := t.together(crowd+1, func(i int) error {
			t := t.node(i)
			if i == crowd {
				_, err := t.SetStanding(t.ctx, oauthapp.OwnedBy("alice"), app.ID, app.Standing, suspended)
				t.must(err, "SetStanding")
				suspendedYet.Store(true)
				return nil
			}
			late := suspendedYet.Load()
			var err error
			if i%2 == 0 {
				err = t.RedeemCode(t.ctx, redemptions[i])
			} else {
				err = t.RotateRefreshToken(t.ctx, rotations[i])
			}
			if late {
				t.want(store.ErrNotFound, err, "a call after the suspension")
			}
			return err
		})
		won := [2]int{}
		for i, err := range results[:crowd] {
			switch {
			case err != nil && !errors.Is(err, store.ErrUsed) && !errors.Is(err, store.ErrNotFound):
				t.failf("a call at once with the suspension returned %s", describe(err))
			case err != nil:
			case i%2 == 0:
				won[0]++
				code = redeemed(code, redemptions[i])
			default:
				won[1]++
				session = rotated(session, rotations[i])
			}
		}
		if won[0] > 1 || won[1] > 1 {
			t.failf("%d redemptions of one code and %d rotations of one token succeeded", won[0], won[1])
		}
		t.isSuspended(code, "after a suspension at once with 50 calls")
		t.isSuspended(session, "after a suspension at once with 50 calls")
		app.Standing = suspended
		t.setStanding(&app, oauthapp.Standing{})
		t.isLive(code, "reinstated after a suspension at once with 50 calls")
		t.isLive(session, "reinstated after a suspension at once with 50 calls")
	}
}

func standingOwnerless(t *trial) {
	var apps []oauthapp.Application
	for range 3 {
		app := t.draft("")
		secret := t.secret(app)
		t.must(t.CreateApplication(t.ctx, app, &secret, 1), "CreateApplication without an owner, beyond the limit of owners,")
		t.same(t.stored(app), app, "Application without an owner")
		apps = append(apps, app)
	}
	t.application("alice")
	taken := t.draft("")
	taken.ClientID = apps[0].ClientID
	t.want(store.ErrExists, t.CreateApplication(t.ctx, taken, nil, plenty), "CreateApplication without an owner, with a client ID in use,")

	app := apps[0]
	session := t.signIn(app, "u", "a", "read")
	for _, owner := range []oauthapp.Owner{{}, oauthapp.OwnedBy("alice")} {
		for name, err := range t.onApplication(owner, app) {
			t.want(store.ErrNotFound, err, "%s as %v of an application without an owner", name, owner)
		}
	}
	list, err := t.Applications(t.ctx, oauthapp.Owner{}, oauthapp.Page{})
	t.must(err, "Applications")
	t.same(list, oauthapp.List[oauthapp.Application]{}, "Applications of nobody")
	t.isLive(session, "of an application without an owner")
	t.hasGrant(grantOf(session), "of an application without an owner")
	_, err = t.DeleteApplication(t.ctx, oauthapp.AnyOwner, app.ID, start)
	t.must(err, "DeleteApplication of an application without an owner")
	t.isDead(session, "after its application without an owner was deleted")
}

func standingOwnSessions(t *trial) {
	app := t.application("alice")
	own := t.beginAs(app, t.issued(app, "", "", "read"))
	t.isLive(own, "of an application itself")
	second := t.rotate(t.signIn(app, "", "", "write"))
	t.isLive(second, "of an application itself, rotated")
	if second.GrantID != own.GrantID {
		t.failf("an application has two grants of its own")
	}
	again := t.sessionStart(app, "", "", "read", "write")
	again.GrantID = uuid.Nil
	_, err := t.BeginSession(t.ctx, again)
	t.want(store.ErrNotFound, err, "BeginSession of an application itself, without asking,")
	user := t.signIn(app, "u", "a", "read")

	want := grantOf(user)
	want.Application = app
	for _, filter := range []oauthapp.GrantFilter{oauthapp.GrantsToOwner(oauthapp.AnyOwner), oauthapp.GrantsToOwner(oauthapp.OwnedBy("alice")), oauthapp.GrantsToApplication(app.ID), oauthapp.GrantsToApplication(app.ID).ToOwner(oauthapp.OwnedBy("alice"))} {
		list, err := t.Grants(t.ctx, filter, oauthapp.Page{})
		t.must(err, "Grants")
		t.same(list.Items, []oauthapp.Grant{want}, "Grants of %+v, beside the application's own", filter)
		_, err = t.RevokeGrant(t.ctx, filter, own.GrantID)
		t.want(store.ErrNotFound, err, "RevokeGrant of the application's own")
	}
	for _, bound := range []int{1, 2, plenty} {
		usage, err := t.Usage(t.ctx, oauthapp.OwnedBy("alice"), app.ID, bound)
		t.must(err, "Usage")
		t.same(usage, oauthapp.Usage{Users: 1, Itself: oauthapp.OwnUsage{Tokens: 2, IssuedAt: start}}, "Usage up to %d, beside the application's own grant", bound)
	}
	at := start.Add(time.Minute)
	t.must(t.Touch(t.ctx, store.Use{GrantID: own.GrantID, At: at}), "Touch of the application's own grant")
	own.GrantUsedAt = at
	t.isLive(own, "of an application itself, touched")
	t.cleanUp(start)
	t.isLive(own, "of an application itself, after a clean-up")

	usage, err := t.RevokeTokens(t.ctx, oauthapp.OwnedBy("alice"), app.ID, plenty)
	t.must(err, "RevokeTokens")
	t.same(usage, oauthapp.Usage{Users: 1, LastUsedAt: at, Itself: oauthapp.OwnUsage{Tokens: 2, IssuedAt: start, LastUsedAt: at}}, "what RevokeTokens returned")
	t.isDead(own, "of an application itself, after all tokens were revoked")
	t.isDead(user, "after all tokens were revoked")
	usage, err = t.Usage(t.ctx, oauthapp.OwnedBy("alice"), app.ID, plenty)
	t.must(err, "Usage")
	t.same(usage, oauthapp.Usage{LastUsedAt: at}, "Usage after all tokens were revoked")
	t.isLive(t.beginAs(app, t.issued(app, "", "", "read")), "of an application itself, after all tokens were revoked")
	usage, err = t.Usage(t.ctx, oauthapp.OwnedBy("alice"), app.ID, plenty)
	t.must(err, "Usage")
	t.same(usage, oauthapp.Usage{LastUsedAt: at, Itself: oauthapp.OwnUsage{Tokens: 1, IssuedAt: start}}, "Usage of an application with its own grant alone")
}
