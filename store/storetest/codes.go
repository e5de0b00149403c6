package storetest

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

var codeRules = []rule{
	{"codes/begin", "Session and Client return a session as BeginSession was given it", codesBegin},
	{"codes/none", "a session may begin with its tokens: it has no code to redeem, and lives, rotates and ends like others", codesNone},
	{"codes/client", "Client returns a session only to its own application", codesClient},
	{"codes/taken", "a session's ID, or a new grant's, in use is ErrExists and changes nothing", codesTaken},
	{"codes/redeem", "RedeemCode keeps the tokens and forgets what only the code needed", codesRedeem},
	{"codes/without refresh", "a code may be redeemed for an access token alone", codesWithoutRefresh},
	{"codes/replay", "a redeemed code is ErrUsed, for as long as the session lives, and changes nothing", codesReplay},
	{"codes/wrong digest", "a code that does not fit is ErrNotFound, before and after the redemption", codesWrongDigest},
	{"codes/expiry", "a code is good until just before its expiry time, and expired at it", codesExpiry},
	{"codes/dead session", "the code of a session that is not live is ErrNotFound, redeemed or not", codesDeadSession},
	{"codes/one winner", "of 50 concurrent redemptions of a code exactly one succeeds, all others are ErrUsed", codesOneWinner},
	{"codes/others", "redeeming one code leaves other sessions as they were", codesOthers},
}

func codesBegin(t *trial) {
	app := t.application("alice")
	t.isLive(t.begin(app, "u", "a", "write", "read"), "just begun")

	bare := t.sessionStart(app, "u", "a")
	bare.Session.Code.RedirectURI, bare.Session.Code.CodeChallenge, bare.Session.Code.State = "", "", credential.Digest{}
	t.isLive(t.beginAs(app, bare), "begun without what is optional")

	late := t.sessionStart(app, "u", "a", "read")
	late.Session.CreatedAt = start.Add(10 * sessionTTL)
	late.Session.ExpiresAt = late.Session.CreatedAt.Add(codeTTL)
	late.Session.Code.ExpiresAt = late.Session.CreatedAt.Add(codeTTL)
	t.isLive(t.beginAs(app, late), "begun when others are long expired")

	expired := t.sessionStart(app, "u", "a", "read")
	expired.Session.ExpiresAt = start.Add(-time.Hour)
	t.isLive(t.beginAs(app, expired), "expired already, which is for the caller to judge")
}

// issued returns what begins a session with its tokens.
func (t *trial) issued(app oauthapp.Application, user, account string, scopes ...string) store.SessionStart {
	b := t.sessionStart(app, user, account, scopes...)
	session := &b.Session
	session.Code = store.Code{}
	session.ExpiresAt = start.Add(sessionTTL)
	session.Access = store.AccessToken{Digest: t.digest(), IssuedAt: start, ExpiresAt: start.Add(accessTTL), Scopes: slices.Clone(scopes)}
	session.Refresh = store.RefreshToken{Digest: t.digest(), ExpiresAt: start.Add(refreshTTL)}
	session.RefreshFamily = t.digest()
	return b
}

func codesNone(t *trial) {
	app := t.application("alice")
	narrow := t.issued(app, "u", "a", "read", "write")
	narrow.Session.Access.Scopes = []string{"read"}
	alone := t.issued(app, "v", "a", "read")
	alone.Session.Refresh, alone.Session.RefreshFamily = store.RefreshToken{}, credential.Digest{}
	alone.Session.ExpiresAt = alone.Session.Access.ExpiresAt
	for name, b := range map[string]store.SessionStart{"tokens": t.issued(app, "w", "a", "read"), "a narrower access token": narrow, "an access token alone": alone} {
		session := t.beginAs(app, b)
		t.isLive(session, "begun with %s", name)
		t.hasGrant(grantOf(session), "begun with %s", name)
		for _, code := range []credential.Digest{{}, t.digest(), session.Access.Digest, session.Refresh.Digest} {
			r := t.redemption(session)
			r.Code = code
			t.want(store.ErrNotFound, t.RedeemCode(t.ctx, r), "RedeemCode of a session that began with %s", name)
		}
		t.cleanUp(start.Add(accessTTL - tick))
		t.isLive(session, "begun with %s, after a clean-up", name)
		if session.Refresh.Digest.IsZero() {
			t.want(store.ErrNotFound, t.RotateRefreshToken(t.ctx, t.rotation(session)), "RotateRefreshToken of a session that began with %s", name)
		} else {
			session = t.rotate(session)
			t.isLive(session, "begun with %s and rotated", name)
			keeping := t.keeping(session)
			t.must(t.RotateRefreshToken(t.ctx, keeping), "RotateRefreshToken without a successor")
			session = kept(session, keeping)
			t.isLive(session, "begun with %s and refreshed", name)
		}
		t.must(t.EndSession(t.ctx, session.ID), "EndSession")
		t.isDead(session, "begun with %s and ended", name)
	}

	expired := t.beginAs(app, t.issued(app, "x", "a", "read"))
	t.cleanUp(expired.ExpiresAt)
	t.isFree(app, expired, "begun with tokens, which expired")
}

func codesClient(t *trial) {
	app, other := t.application("alice"), t.application("alice")
	session := t.signIn(app, "u", "a", "read")
	t.isLive(session, "asked for by its own client")
	for name, id := range map[string]uuid.UUID{"another client's session": session.ID, "an unknown session": t.id(), "no session": uuid.Nil} {
		client, err := t.Client(t.ctx, other.ClientID, id, start)
		t.must(err, "Client with %s", name)
		t.same(client, store.Client{Application: other}, "Client with %s", name)
	}
}

func codesTaken(t *trial) {
	app, other := t.application("alice"), t.application("alice")
	session := t.signIn(app, "u", "a", "read")
	again := t.sessionStart(other, "v", "b", "write")
	again.Session.ID = session.ID
	_, err := t.BeginSession(t.ctx, again)
	t.want(store.ErrExists, err, "BeginSession with a session's ID that is in use")
	_, err = t.grantTo(other.ID, "v", "b")
	t.want(store.ErrNotFound, err, "Grant of a session that was refused")

	again = t.sessionStart(app, "u", "a", "write")
	again.Session.ID = session.ID
	_, err = t.BeginSession(t.ctx, again)
	t.want(store.ErrExists, err, "BeginSession with a session's ID that is in use")
	t.hasGrant(grantOf(session), "after another session was refused")

	again = t.sessionStart(app, "v", "a", "write")
	again.GrantID = session.GrantID
	_, err = t.BeginSession(t.ctx, again)
	t.want(store.ErrExists, err, "BeginSession with a grant's ID that is in use")
	_, err = t.Session(t.ctx, again.Session.ID)
	t.want(store.ErrNotFound, err, "Session that was refused")

	t.hasGrant(grantOf(session), "after another grant was refused")
	t.isLive(session, "after others tried its IDs")
}

func codesRedeem(t *trial) {
	app := t.application("alice")
	session := t.begin(app, "u", "a", "read", "write")
	r := t.redemption(session)
	r.Access.Scopes = []string{"read"}
	t.must(t.RedeemCode(t.ctx, r), "RedeemCode")
	t.isLive(redeemed(session, r), "after its code was redeemed")
	t.hasGrant(grantOf(session), "after a code was redeemed")
}

func codesWithoutRefresh(t *trial) {
	app := t.application("alice")
	session := t.begin(app, "u", "a", "read")
	r := t.redemption(session)
	r.Refresh, r.Family = store.RefreshToken{}, credential.Digest{}
	r.ExpiresAt = r.Access.ExpiresAt
	t.must(t.RedeemCode(t.ctx, r), "RedeemCode")
	session = redeemed(session, r)
	t.isLive(session, "redeemed for an access token alone")

	for _, presented := range []credential.Digest{{}, t.digest(), session.Access.Digest, session.Code.Digest} {
		rotation := t.rotation(session)
		rotation.Presented = presented
		t.want(store.ErrNotFound, t.RotateRefreshToken(t.ctx, rotation), "RotateRefreshToken of a session that has none")
	}
	t.isLive(session, "redeemed for an access token alone")
}

func codesReplay(t *trial) {
	app := t.application("alice")
	session := t.begin(app, "u", "a", "read")
	used := t.redemption(session)
	t.must(t.RedeemCode(t.ctx, used), "RedeemCode")
	session = redeemed(session, used)

	for _, after := range []time.Duration{time.Minute, codeTTL - tick, codeTTL, codeTTL + tick, 10 * sessionTTL} {
		again := t.redemption(session)
		again.At = start.Add(after)
		t.want(store.ErrUsed, t.RedeemCode(t.ctx, again), "RedeemCode of a redeemed code, %v after it was issued,", after)
	}
	t.want(store.ErrUsed, t.RedeemCode(t.ctx, used), "RedeemCode, the same call again,")
	t.isLive(session, "after its code was replayed")
	session = t.rotate(session)
	t.want(store.ErrUsed, t.RedeemCode(t.ctx, used), "RedeemCode of a redeemed code, after a rotation,")
	t.isLive(session, "after its code was replayed")
}

func codesWrongDigest(t *trial) {
	app := t.application("alice")
	session, other := t.begin(app, "u", "a", "read"), t.begin(app, "u", "a", "read")
	wrong := func(when string) {
		near := session.Code.Digest
		near[len(near)-1] ^= 1
		for name, digest := range map[string]credential.Digest{
			"an unknown code": t.digest(), "no code": {}, "another session's code": other.Code.Digest, "a code that differs in one bit": near,
		} {
			r := t.redemption(session)
			r.Code = digest
			t.want(store.ErrNotFound, t.RedeemCode(t.ctx, r), "RedeemCode with %s, %s the redemption,", name, when)
		}
	}
	wrong("before")
	t.isLive(session, "after others' codes were tried")
	session = t.redeem(session)
	wrong("after")
	t.isLive(session, "after others' codes were tried")

	none := t.sessionStart(app, "u", "a", "read")
	none.Session.Code.Digest = credential.Digest{}
	zero := t.redemption(t.beginAs(app, none))
	t.want(store.ErrNotFound, t.RedeemCode(t.ctx, zero), "RedeemCode with no code of a session that has none")
}

func codesExpiry(t *trial) {
	app := t.application("alice")
	for _, c := range []struct {
		after time.Duration
		want  error
	}{
		{codeTTL - tick, nil},
		{codeTTL, store.ErrNotFound},
		{codeTTL + tick, store.ErrNotFound},
		{10 * sessionTTL, store.ErrNotFound},
	} {
		session := t.begin(app, "u", "a", "read")
		r := t.redemption(session)
		r.At = start.Add(c.after)
		t.want(c.want, t.RedeemCode(t.ctx, r), "RedeemCode %v after the code was issued, which lives %v,", c.after, codeTTL)
		if c.want == nil {
			session = redeemed(session, r)
		}
		t.isLive(session, "after its code was tried")
	}
}

// An ending is a way for sessions to end.
type ending struct {
	name string
	end  func(t *trial, s store.Session)
}

var endings = []ending{
	{"its session was ended", func(t *trial, s store.Session) {
		t.must(t.EndSession(t.ctx, s.ID), "EndSession")
	}},
	{"its grant was revoked", func(t *trial, s store.Session) {
		_, err := t.RevokeGrant(t.ctx, oauthapp.GrantsOfUser(s.UserID), s.GrantID)
		t.must(err, "RevokeGrant")
	}},
	{"all tokens of its application were revoked", func(t *trial, s store.Session) {
		_, err := t.RevokeTokens(t.ctx, oauthapp.AnyOwner, s.ApplicationID, plenty)
		t.must(err, "RevokeTokens")
	}},
	{"all that its user gave was ended", func(t *trial, s store.Session) {
		t.endGrants(oauthapp.GrantsOfUser(s.UserID), 200)
	}},
	{"all tokens of the service were ended", func(t *trial, s store.Session) {
		t.endGrants(oauthapp.GrantsToOwner(oauthapp.AnyOwner), 200)
	}},
	{"its application was deleted", func(t *trial, s store.Session) {
		_, err := t.DeleteApplication(t.ctx, oauthapp.AnyOwner, s.ApplicationID, start)
		t.must(err, "DeleteApplication")
	}},
}

func codesDeadSession(t *trial) {
	for _, ending := range endings {
		app := t.application("alice")
		session, code := t.signIn(app, "u", "a", "read"), t.begin(app, "u", "a", "read")
		ending.end(t, session)
		if _, err := t.Session(t.ctx, code.ID); err == nil {
			ending.end(t, code) // another session of the same grant
		}
		t.isDead(session, "redeemed, after %s", ending.name)
		t.isDead(code, "unredeemed, after %s", ending.name)
		t.must(t.EndSession(t.ctx, session.ID), "EndSession after %s", ending.name)
		t.isDead(session, "redeemed, after %s", ending.name)
	}
}

func codesOneWinner(t *trial) {
	app := t.application("alice")
	for range 4 {
		session := t.begin(app, "u", "a", "read")
		redemptions := make([]store.Redemption, crowd)
		for i := range redemptions {
			redemptions[i] = t.redemption(session)
		}
		results := t.together(crowd, func(i int) error { return t.node(i).RedeemCode(t.ctx, redemptions[i]) })
		t.winners(1, store.ErrUsed, results, "RedeemCode of one code")
		t.isLive(redeemed(session, redemptions[slices.Index(results, nil)]), "with the tokens of the one redemption that succeeded")
	}
}

func codesOthers(t *trial) {
	app := t.application("alice")
	first, second := t.begin(app, "u", "a", "read"), t.begin(app, "u", "a", "read")
	first = t.redeem(first)
	t.isLive(second, "after another session's code was redeemed")
	second = t.rotate(t.redeem(second))
	t.isLive(first, "after another session's refresh token was rotated")
	t.isLive(second, "rotated")
}
