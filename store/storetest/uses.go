package storetest

import (
	"time"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

var useRules = []rule{
	{"uses/grant", "Touch moves LastUsedAt of a grant and its application forward, and never back", usesGrant},
	{"uses/secret", "Touch moves LastUsedAt of a secret forward, and never back", usesSecret},
	{"uses/at once", "after many uses at once, LastUsedAt is the latest", usesAtOnce},
	{"uses/nothing else", "Touch changes no version and revives nothing", usesNothingElse},
}

func usesGrant(t *trial) {
	app := t.application("alice")
	session, other := t.signIn(app, "u", "a", "read"), t.signIn(app, "v", "a", "read")
	steps := []struct{ at, want time.Duration }{
		{time.Minute, time.Minute}, {time.Hour, time.Hour}, {time.Minute, time.Hour}, {time.Hour - tick, time.Hour},
		{time.Hour + tick, time.Hour + tick}, {time.Hour, time.Hour + tick},
	}
	for _, step := range steps {
		t.must(t.Touch(t.ctx, store.Use{GrantID: session.GrantID, At: start.Add(step.at)}), "Touch")
		session.GrantUsedAt = start.Add(step.want)
		app.LastUsedAt = start.Add(step.want)
		t.hasGrant(grantOf(session), "used")
		t.isLive(session, "whose grant was used")
		t.same(t.stored(app), app, "Application that was used")
	}
	// The application is ahead of its other grant.
	t.must(t.Touch(t.ctx, store.Use{GrantID: other.GrantID, At: start.Add(time.Minute)}), "Touch")
	other.GrantUsedAt = start.Add(time.Minute)
	t.hasGrant(grantOf(other), "used")
	t.hasGrant(grantOf(session), "not used by another's use")
	t.same(t.stored(app), app, "Application whose latest use is another grant's")

	t.must(t.Touch(t.ctx, store.Use{GrantID: session.GrantID}), "Touch at no time")
	t.hasGrant(grantOf(session), "used at no time")
}

func usesSecret(t *trial) {
	app, first := t.confidential()
	second := t.secret(app)
	t.must(t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), second, start.Add(time.Hour), plenty), "AddSecret")
	first.ExpiresAt = start.Add(time.Hour)
	for _, step := range []struct{ at, want time.Duration }{{time.Minute, time.Minute}, {time.Second, time.Minute}, {time.Hour, time.Hour}} {
		t.must(t.Touch(t.ctx, store.Use{ApplicationID: app.ID, SecretID: first.ID, At: start.Add(step.at)}), "Touch")
		first.LastUsedAt = start.Add(step.want)
		t.hasSecrets(app, start, second, first)
	}
	t.same(t.stored(app), app, "Application whose secret was used")

	session := t.signIn(app, "u", "a", "read")
	t.must(t.Touch(t.ctx, store.Use{GrantID: session.GrantID, ApplicationID: app.ID, SecretID: second.ID, At: start}), "Touch of both")
	second.LastUsedAt, session.GrantUsedAt = start, start
	t.hasSecrets(app, start, second, first)
	t.hasGrant(grantOf(session), "used together with a secret")
}

func usesAtOnce(t *trial) {
	app, secret := t.confidential()
	session := t.signIn(app, "u", "a", "read")
	t.together(crowd, func(i int) error {
		at := start.Add(time.Duration((i*7)%crowd+1) * time.Minute)
		t.must(t.Touch(t.ctx, store.Use{GrantID: session.GrantID, ApplicationID: app.ID, SecretID: secret.ID, At: at}), "Touch")
		return nil
	})
	latest := start.Add(crowd * time.Minute)
	session.GrantUsedAt, secret.LastUsedAt, app.LastUsedAt = latest, latest, latest
	t.hasGrant(grantOf(session), "after many uses at once")
	t.hasSecrets(app, start, secret)
	t.same(t.stored(app), app, "Application after many uses at once")
}

func usesNothingElse(t *trial) {
	app, secret := t.confidential()
	session := t.signIn(app, "u", "a", "read")
	use := store.Use{GrantID: session.GrantID, ApplicationID: app.ID, SecretID: secret.ID, At: start}
	t.must(t.Touch(t.ctx, use), "Touch")
	t.must(t.UpdateApplication(t.ctx, oauthapp.OwnedBy("alice"), app), "UpdateApplication after a use")

	_, err := t.RevokeSecret(t.ctx, oauthapp.OwnedBy("alice"), app.ID, secret.ID, start)
	t.must(err, "RevokeSecret")
	for _, ending := range endings[1:] {
		session := t.signIn(app, "u", "a", "read")
		ending.end(t, session)
		use.GrantID, use.At = session.GrantID, use.At.Add(time.Hour)
		t.must(t.Touch(t.ctx, use), "Touch after %s", ending.name)
		t.isDead(session, "used after %s", ending.name)
		_, err := t.grantTo(app.ID, "u", "a")
		t.want(store.ErrNotFound, err, "Grant used after %s", ending.name)
	}
	_, err = t.Application(t.ctx, oauthapp.AnyOwner, app.ID)
	t.want(store.ErrNotFound, err, "Application used after it was deleted")
}
