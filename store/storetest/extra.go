package storetest

import (
	"bytes"

	"github.com/oauthapps/oauthapps/store"
)

var extraRules = []rule{
	{"extra/kept", "Extra becomes what each of BeginSession, RedeemCode and RotateRefreshToken is given, any bytes up to MaxExtra", extraKept},
	{"extra/cleared", "no Extra at a redemption or a rotation leaves none", extraCleared},
	{"extra/slices", "changing an Extra after handing it in, or one handed out, changes nothing kept", extraSlices},
}

func extraKept(t *trial) {
	app := t.application("alice")
	for _, extra := range [][]byte{{0}, []byte("entry"), {0xff, 0, 0xfe}, bytes.Repeat([]byte{0xff, 0}, store.MaxExtra/2)} {
		b := t.sessionStart(app, "u", "a", "read")
		b.Session.Extra = extra
		session := t.beginAs(app, b)
		t.isLive(session, "begun with an Extra of %d bytes", len(extra))
		redemption := t.redemption(session)
		redemption.Extra = append([]byte("r"), extra[1:]...)
		t.must(t.RedeemCode(t.ctx, redemption), "RedeemCode")
		session = redeemed(session, redemption)
		t.isLive(session, "redeemed with an Extra of %d bytes", len(extra))
		rotation := t.rotation(session)
		rotation.Extra = extra
		t.must(t.RotateRefreshToken(t.ctx, rotation), "RotateRefreshToken")
		session = rotated(session, rotation)
		t.isLive(session, "rotated with an Extra of %d bytes", len(extra))

		rotation = t.rotation(session)
		rotation.Presented, rotation.Extra = t.digest(), []byte("refused")
		t.want(store.ErrUsed, t.RotateRefreshToken(t.ctx, rotation), "RotateRefreshToken with another token")
		t.isLive(session, "after another Extra was refused")
	}
}

func extraCleared(t *trial) {
	app := t.application("alice")
	bare := t.sessionStart(app, "u", "a", "read")
	bare.Session.Extra = nil
	t.isLive(t.beginAs(app, bare), "begun without an Extra")

	session := t.begin(app, "u", "a", "read")
	redemption := t.redemption(session)
	redemption.Extra = nil
	t.must(t.RedeemCode(t.ctx, redemption), "RedeemCode")
	session = redeemed(session, redemption)
	t.isLive(session, "redeemed without an Extra")
	session = t.rotate(session)
	rotation := t.rotation(session)
	rotation.Extra = nil
	t.must(t.RotateRefreshToken(t.ctx, rotation), "RotateRefreshToken")
	t.isLive(rotated(session, rotation), "rotated without an Extra")
}

func extraSlices(t *trial) {
	app := t.application("alice")
	b := t.sessionStart(app, "u", "a", "read")
	session := t.beginAs(app, b)
	spoilBytes(b.Session.Extra)
	t.isLive(session, "after its caller changed the Extra it had begun it with")
	redemption := t.redemption(session)
	t.must(t.RedeemCode(t.ctx, redemption), "RedeemCode")
	session = redeemed(session, redemption)
	spoilBytes(redemption.Extra)
	t.isLive(session, "after its caller changed the Extra it had redeemed it with")
	rotation := t.rotation(session)
	t.must(t.RotateRefreshToken(t.ctx, rotation), "RotateRefreshToken")
	session = rotated(session, rotation)
	spoilBytes(rotation.Extra)
	t.isLive(session, "after its caller changed the Extra it had rotated it with")
	got, err := t.Session(t.ctx, session.ID)
	t.must(err, "Session")
	spoilBytes(got.Extra)
	client, err := t.Client(t.ctx, app.ClientID, session.ID, start)
	t.must(err, "Client")
	if client.Session == nil {
		t.failf("Client has no session")
	}
	spoilBytes(client.Session.Extra)
	t.isLive(session, "after callers changed the Extra handed out")
}
