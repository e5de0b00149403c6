package storetest

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

var durabilityRules = []rule{
	{"durability/everything", "what a call acknowledged is there after the store was closed and opened again", durabilityEverything},
	{"durability/nothing back", "what was ended, used or deleted stays so after the store was closed and opened again", durabilityNothingBack},
	{"durability/cursors", "a list goes on where it was after the store was closed and opened again", durabilityCursors},
	{"durability/again", "a store can be closed and opened again any number of times", durabilityAgain},
}

func durabilityEverything(t *trial) {
	app, secret := t.confidential()
	native := t.draft("bob")
	native.Type, native.Scopes, native.Description = oauthapp.Public, nil, ""
	t.must(t.CreateApplication(t.ctx, native, nil, plenty), "CreateApplication")
	second := t.secret(app)
	t.must(t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), second, start.Add(time.Hour), plenty), "AddSecret")
	secret.ExpiresAt = start.Add(time.Hour)
	app.Name, app.CallbackURLs = "Renamed", []string{"https://example.com/2", "https://example.com/1"}
	t.must(t.UpdateApplication(t.ctx, oauthapp.OwnedBy("alice"), app), "UpdateApplication")
	app.Version++

	sessions := []store.Session{
		t.begin(app, "u", "a", "read"),
		t.signIn(app, "v", "a", "read", "write"),
		t.rotate(t.rotate(t.signIn(native, "u", "b"))),
	}
	t.must(t.Touch(t.ctx, store.Use{GrantID: sessions[1].GrantID, ApplicationID: app.ID, SecretID: second.ID, At: start.Add(time.Minute)}), "Touch")
	record, replaced := t.keep(), t.keep()
	token := t.makeAPIToken("u", "a")
	old := replaced.Value
	replaced.Value = []byte{0, 0xff}
	t.must(t.Replace(t.ctx, replaced, old, start), "Replace")
	sessions[1].GrantUsedAt, second.LastUsedAt, app.LastUsedAt = start.Add(time.Minute), start.Add(time.Minute), start.Add(time.Minute)

	t.reopen()
	t.same(t.stored(app), app, "Application, reopened")
	t.same(t.stored(native), native, "Application, reopened")
	t.hasSecrets(app, start, second, secret)
	t.hasSecrets(native, start)
	for _, session := range sessions {
		t.isLive(session, "reopened")
		t.hasGrant(grantOf(session), "reopened")
	}
	t.has(record, start, "reopened")
	t.hasAPIToken(token, start, "reopened")
	t.has(replaced, start, "replaced and reopened")
	t.isLive(t.rotate(t.redeem(sessions[0])), "redeemed and rotated after it was reopened")
	t.isLive(t.rotate(sessions[2]), "rotated after it was reopened")
	t.want(store.ErrConflict, t.UpdateApplication(t.ctx, oauthapp.OwnedBy("alice"), oauthapp.Application{ID: app.ID, Version: app.Version - 1}), "UpdateApplication from an older version, reopened,")
}

func durabilityNothingBack(t *trial) {
	deleted, _ := t.confidential()
	revoked, secret := t.confidential()
	app := t.application("alice")
	dead := []store.Session{
		t.signIn(deleted, "u", "a", "read"), t.signIn(revoked, "u", "a", "read"),
		t.signIn(app, "u", "a", "read"), t.signIn(app, "v", "a", "read"),
	}
	_, err := t.DeleteApplication(t.ctx, oauthapp.OwnedBy("alice"), deleted.ID, start)
	t.must(err, "DeleteApplication")
	_, err = t.RevokeTokens(t.ctx, oauthapp.OwnedBy("alice"), revoked.ID, plenty)
	t.must(err, "RevokeTokens")
	_, err = t.RevokeGrant(t.ctx, oauthapp.GrantsOfUser("u"), dead[2].GrantID)
	t.must(err, "RevokeGrant")
	t.must(t.EndSession(t.ctx, dead[3].ID), "EndSession")
	_, err = t.RevokeSecret(t.ctx, oauthapp.OwnedBy("alice"), revoked.ID, secret.ID, start)
	t.must(err, "RevokeSecret")
	session := t.begin(app, "w", "a", "read")
	used := t.redemption(session)
	t.must(t.RedeemCode(t.ctx, used), "RedeemCode")
	session = redeemed(session, used)
	old := t.rotation(session)
	t.must(t.RotateRefreshToken(t.ctx, old), "RotateRefreshToken")
	session = rotated(session, old)
	taken := t.keep()
	_, err = t.Take(t.ctx, taken.Kind, taken.Digest, start)
	t.must(err, "Take")

	t.reopen()
	t.hasNot(taken, start, "taken and reopened")
	for _, session := range dead {
		t.isDead(session, "reopened")
	}
	for name, err := range t.onApplication(oauthapp.OwnedBy("alice"), deleted) {
		t.want(store.ErrNotFound, err, "%s of a deleted application, reopened,", name)
	}
	again := t.draft("alice")
	again.ClientID = deleted.ClientID
	t.want(store.ErrExists, t.CreateApplication(t.ctx, again, nil, plenty), "CreateApplication with the client ID of a deleted application, reopened,")
	t.hasSecrets(revoked, start)
	t.want(store.ErrUsed, t.RedeemCode(t.ctx, used), "RedeemCode of a redeemed code, reopened,")
	t.want(store.ErrUsed, t.RotateRefreshToken(t.ctx, old), "RotateRefreshToken of a rotated token, reopened,")
	t.isLive(session, "reopened")
	t.isLive(t.signIn(revoked, "u", "a", "read"), "begun after it was reopened")
	t.isDead(dead[1], "reopened, though the user authorized again")
}

func durabilityCursors(t *trial) {
	t.turnsPages("reopened", func() *trial { t.reopen(); return t })
}

// turnsPages gets the first page of lists and, from the trial that other
// returns, their second.
func (t *trial) turnsPages(when string, other func() *trial) {
	app := t.application("bob")
	var apps, grants []uuid.UUID
	for i := range 5 {
		apps = append(apps, t.application("alice").ID)
		grants = append(grants, t.grant(app, "u", string(rune('a'+i)), t.id()))
	}
	slices.Reverse(apps)
	slices.Reverse(grants)
	lists := func(t *trial) []pager {
		return []pager{t.applicationsOf(oauthapp.OwnedBy("alice")), t.grantsOf(oauthapp.GrantsOfUser("u"))}
	}
	var cursors []string
	for _, list := range lists(t) {
		_, next, err := list.page(oauthapp.Page{Limit: 2})
		t.must(err, "%s", list.name)
		cursors = append(cursors, next)
	}
	for i, list := range lists(other()) {
		rest, next, err := list.page(oauthapp.Page{After: cursors[i]})
		t.must(err, "%s, %s,", list.name, when)
		t.same(rest, [][]uuid.UUID{apps, grants}[i][2:], "%s, %s, second page", list.name, when)
		if next != "" {
			t.failf("%s, %s, has a third page", list.name, when)
		}
	}
}

func durabilityAgain(t *trial) {
	app := t.application("alice")
	session := t.signIn(app, "u", "a", "read")
	for i := range 3 {
		t.reopen()
		t.isLive(session, "reopened %d times", i+1)
		session = t.rotate(session)
		t.cleanUp(start)
	}
	t.isLive(session, "rotated each time the store was reopened")
}
