package storetest

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

var ownSessionRules = []rule{
	{"own sessions/newest", "of the sessions of an application itself the newest MaxOwnSessions are live, those of others aside", ownNewest},
	{"own sessions/at once", "when a crowd begins sessions of an application itself, as many of the oldest end, and no other", ownAtOnce},
	{"own sessions/first at once", "however many sessions of an application itself begin at once as the first ones, no two take one place", ownFirstAtOnce},
	{"own sessions/anew", "once its tokens were revoked, an application itself has as many sessions as ever", ownAnew},
	{"own sessions/clean-up", "CleanUp removes the sessions of an application itself that are older, and no others", ownCleanUp},
	{"own sessions/secret", "a session that begins with a secret ends when that is revoked, and no other does", ownSecret},
	{"own sessions/secret overlap", "a session that begins with a secret ends when that expires, as it was reset", ownSecretOverlap},
	{"own sessions/secret gone", "a session whose secret was cleaned up, or never was its application's, has ended", ownSecretGone},
}

// own returns what begins a session of an application itself, with an access
// token alone.
func (t *trial) own(app oauthapp.Application) store.SessionStart {
	b := t.issued(app, "", "", "read")
	b.Session.Refresh, b.Session.RefreshFamily = store.RefreshToken{}, credential.Digest{}
	b.Session.ExpiresAt = b.Session.Access.ExpiresAt
	return b
}

// beginOwn begins sessions of an application itself, one after the other.
func (t *trial) beginOwn(app oauthapp.Application, n int) (begun []store.Session) {
	for range n {
		begun = append(begun, t.beginAs(app, t.own(app)))
	}
	return begun
}

// beginOwnAtOnce begins them as a crowd does.
func (t *trial) beginOwnAtOnce(app oauthapp.Application, n int) []store.Session {
	starts := make([]store.SessionStart, n)
	for i := range starts {
		starts[i] = t.own(app)
	}
	begun := make([]store.Session, n)
	t.together(n, func(i int) error {
		begun[i] = t.node(i).beginAs(app, starts[i])
		return nil
	})
	return begun
}

// fill begins sessions of an application itself, mostly a crowd at a time.
func (t *trial) fill(app oauthapp.Application, n int) (begun []store.Session) {
	begun = t.beginOwn(app, n%crowd)
	for len(begun) < n {
		begun = append(begun, t.beginOwnAtOnce(app, crowd)...)
	}
	return begun
}

// areLive fails unless exactly those of some sessions of an application itself
// are live.
func (t *trial) areLive(live, dead []store.Session, what string) {
	for i, s := range live {
		if i%97 == 0 || i < crowd || i >= len(live)-2 {
			t.isLive(s, "of an application itself, %d of the live ones, %s", i, what)
			continue
		}
		_, err := t.Session(t.ctx, s.ID)
		t.must(err, "Session of an application itself, %d of the live ones, %s,", i, what)
	}
	for i, s := range dead {
		t.isDead(s, "of an application itself, %d of the oldest, %s", i, what)
	}
}

func ownNewest(t *trial) {
	app, other := t.application("alice"), t.application("alice")
	user, beside := t.signIn(app, "u", "a", "read"), t.beginOwn(other, 2)
	oldest := t.beginOwn(app, 3)
	rest := t.fill(app, store.MaxOwnSessions-3)
	t.areLive(slices.Concat(oldest, rest), nil, "as many as there may be")
	for i := range oldest {
		rest = append(rest, t.beginAs(app, t.own(app)))
		t.areLive(oldest[i+1:], oldest[:i+1], "after one more")
	}
	t.areLive(rest, oldest, "after all")
	t.areLive(beside, nil, "after another application began many")
	t.isLive(user, "after its application began many sessions itself")
	t.must(t.EndSession(t.ctx, oldest[0].ID), "EndSession of one that is over")
	t.areLive(rest, oldest, "after one that is over was ended")
}

func ownAtOnce(t *trial) {
	app := t.application("alice")
	oldest := t.beginOwn(app, crowd+10)
	rest := t.fill(app, store.MaxOwnSessions-len(oldest))
	rest = append(rest, t.beginOwnAtOnce(app, crowd)...)
	t.areLive(slices.Concat(oldest[crowd:], rest), oldest[:crowd], "after 50 at once")
}

// ownFirstAtOnce counts, as nothing tells which of a crowd was first.
func ownFirstAtOnce(t *trial) {
	app := t.application("alice")
	first := t.beginOwnAtOnce(app, crowd)
	t.areLive(first, nil, "of the first 50 at once")
	rest := append(t.fill(app, store.MaxOwnSessions-crowd), t.beginOwnAtOnce(app, crowd/2)...)
	live := 0
	for _, s := range first {
		if _, err := t.Session(t.ctx, s.ID); err == nil {
			live++
		}
	}
	if live != crowd/2 {
		t.failf("%d of the first 50 sessions of an application itself are live after as many more as there may be and 25, not 25", live)
	}
	t.areLive(rest, nil, "after the first 50 at once")
}

func ownAnew(t *trial) {
	app := t.application("alice")
	before := t.fill(app, crowd+1)
	_, err := t.RevokeTokens(t.ctx, oauthapp.OwnedBy("alice"), app.ID, plenty)
	t.must(err, "RevokeTokens")
	after := append(t.beginOwn(app, 1), t.fill(app, store.MaxOwnSessions-1)...)
	t.areLive(after, before, "after all tokens were revoked")
	newest := t.beginOwn(app, 1)
	t.areLive(append(after[1:], newest...), after[:1], "one more after all tokens were revoked")
}

func ownCleanUp(t *trial) {
	app := t.application("alice")
	oldest := t.beginOwn(app, 4)
	rest := t.fill(app, store.MaxOwnSessions)
	t.cleanUp(start)
	t.areLive(rest, oldest, "after a clean-up")
	for _, s := range oldest {
		t.isFree(app, s, "that is older than the newest of an application itself")
	}
}

// withSecret begins a session that ends with a secret.
func (t *trial) withSecret(app oauthapp.Application, secret uuid.UUID) store.Session {
	b := t.own(app)
	b.SecretID = secret
	return t.beginAs(app, b)
}

// ends fails unless the store has a session that ends at a time.
func (t *trial) ends(s store.Session, at time.Time, what string) {
	s.ExpiresAt = at
	t.isLive(s, "of an application itself, %s", what)
}

func ownSecret(t *trial) {
	app, secret := t.confidential()
	second := t.secret(app)
	t.must(t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), second, start.Add(sessionTTL), plenty), "AddSecret")
	session, other, without := t.withSecret(app, secret.ID), t.withSecret(app, second.ID), t.withSecret(app, uuid.Nil)
	end := session.ExpiresAt
	t.ends(session, end, "whose secret lives longer")
	t.ends(other, end, "whose secret does not expire")

	at := start.Add(time.Minute)
	_, err := t.RevokeSecret(t.ctx, oauthapp.OwnedBy("alice"), app.ID, secret.ID, at)
	t.must(err, "RevokeSecret")
	t.ends(session, at, "whose secret was revoked")
	t.ends(other, end, "while another secret was revoked")
	t.ends(without, end, "without a secret, after one was revoked")
	t.ends(t.withSecret(app, secret.ID), at, "begun with a secret that is revoked already")
}

func ownSecretOverlap(t *trial) {
	app, secret := t.confidential()
	session := t.withSecret(app, secret.ID)
	end := session.ExpiresAt
	overlap := start.Add(10 * time.Minute)
	second := t.secret(app)
	t.must(t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), second, overlap, plenty), "AddSecret")
	t.ends(session, overlap, "whose secret was replaced, with an overlap")
	later := t.withSecret(app, second.ID)
	t.must(t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), t.secret(app), end.Add(tick), plenty), "AddSecret")
	t.ends(session, overlap, "whose secret was replaced before")
	t.ends(later, end, "whose secret lives longer by the least")
	t.must(t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), t.secret(app), end.Add(-tick), plenty), "AddSecret")
	t.ends(later, end.Add(-tick), "whose secret ends before by the least")
}

func ownSecretGone(t *trial) {
	app, secret := t.confidential()
	_, foreign := t.confidential()
	session, strange, unknown := t.withSecret(app, secret.ID), t.withSecret(app, foreign.ID), t.withSecret(app, t.id())
	at := start.Add(time.Minute)
	t.ends(strange, start, "with the secret of another application")
	t.ends(unknown, start, "with an unknown secret")
	_, err := t.RevokeSecret(t.ctx, oauthapp.OwnedBy("alice"), app.ID, secret.ID, at)
	t.must(err, "RevokeSecret")
	t.cleanUp(at)
	t.ends(session, start, "whose secret was cleaned up")
	t.cleanUp(session.ExpiresAt)
	t.isDead(session, "past the end that it was given, after a clean-up")
}
