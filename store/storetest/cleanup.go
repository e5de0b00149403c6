package storetest

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

var cleanUpRules = []rule{
	{"clean-up/live", "CleanUp removes nothing that is live: sessions with anything unexpired, grants, secrets, applications", cleanUpLive},
	{"clean-up/sessions", "CleanUp removes sessions ended, expired, with nothing left unexpired, or under a dead grant or application", cleanUpSessions},
	{"clean-up/grants", "CleanUp removes grants that are dead", cleanUpGrants},
	{"clean-up/secrets", "CleanUp removes secrets that are expired", cleanUpSecrets},
	{"clean-up/records", "CleanUp removes one-time records that are expired, and no others", cleanUpRecords},
	{"clean-up/batches", "one call removes about as many rows as its limit, and the calls come to an end", cleanUpBatches},
	{"clean-up/at once", "any number of clean-ups may run, at once with everything else, and nothing live is lost", cleanUpAtOnce},
}

// cleanUp calls CleanUp until a whole pass removes nothing.
func (t *trial) cleanUp(now time.Time) { t.cleanUpBy(now, 100) }

// cleanUpBy does it in batches of limit, and returns how many rows went.
func (t *trial) cleanUpBy(now time.Time, limit int) (removed int) {
	for range 10 {
		pass := 0
		for cursor, calls := "", 0; ; calls++ {
			next, n, err := t.CleanUp(t.ctx, now, cursor, limit)
			t.must(err, "CleanUp")
			t.isBatch(n, limit)
			pass += n
			if next == "" {
				break
			}
			if next == cursor && n == 0 || calls > 10_000 {
				t.failf("CleanUp does not come to an end")
			}
			cursor = next
		}
		if pass == 0 {
			return removed
		}
		removed += pass
	}
	t.failf("CleanUp goes on removing rows though there are no new ones")
	return removed
}

// isBatch fails unless what one CleanUp removed is about its limit.
func (t *trial) isBatch(removed, limit int) {
	if removed < 0 || removed > 4*max(limit, 1) {
		t.failf("one CleanUp with limit %d removed %d rows", limit, removed)
	}
}

func cleanUpLive(t *trial) {
	app, secret := t.confidential()
	later := t.secret(app)
	now := start.Add(time.Hour)
	t.must(t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), later, now.Add(tick), plenty), "AddSecret")
	secret.ExpiresAt = now.Add(tick)
	t.must(t.CreateApplication(t.ctx, t.draft("idle"), nil, plenty), "CreateApplication")

	// Each session has one thing that is just unexpired.
	var sessions []store.Session
	code := t.sessionStart(app, "code", "a", "read")
	code.Session.Code.ExpiresAt = now.Add(tick)
	code.Session.ExpiresAt = now.Add(tick)
	sessions = append(sessions, t.beginAs(app, code))
	for name, expires := range map[string]struct{ access, refresh, previous time.Duration }{
		"access":   {tick, 0, 0},
		"refresh":  {0, tick, 0},
		"previous": {0, 0, tick},
	} {
		session := t.begin(app, name, "a", "read")
		issue := t.redemption(session)
		issue.At = start
		issue.Access.ExpiresAt = now.Add(expires.access)
		issue.Refresh.ExpiresAt = now.Add(expires.refresh)
		issue.ExpiresAt = now.Add(tick)
		if expires.previous > 0 {
			issue.Access.ExpiresAt = now.Add(expires.previous)
			issue.Refresh.ExpiresAt = now.Add(tick)
		}
		t.must(t.RedeemCode(t.ctx, issue), "RedeemCode")
		session = redeemed(session, issue)
		if expires.previous > 0 {
			r := t.rotation(session)
			r.At = start.Add(time.Minute)
			r.Access.ExpiresAt, r.Refresh.ExpiresAt = now, now
			t.must(t.RotateRefreshToken(t.ctx, r), "RotateRefreshToken")
			session = rotated(session, r)
		}
		sessions = append(sessions, session)
	}
	withoutRefresh := t.begin(app, "without refresh", "a", "read")
	issue := t.redemption(withoutRefresh)
	issue.Refresh, issue.Family = store.RefreshToken{}, credential.Digest{}
	t.must(t.RedeemCode(t.ctx, issue), "RedeemCode")
	sessions = append(sessions, redeemed(withoutRefresh, issue))

	consent := t.signIn(app, "consent", "a", "read") // a grant outlives its sessions
	t.must(t.EndSession(t.ctx, consent.ID), "EndSession")

	for _, limit := range []int{1, 2, 1000} {
		t.cleanUpBy(now, limit)
		for _, session := range sessions {
			t.isLive(session, "of the user %q, after a clean-up", session.UserID)
			t.hasGrant(grantOf(session), "after a clean-up")
		}
		t.hasGrant(grantOf(consent), "whose only session was ended, after a clean-up")
		t.hasSecrets(app, now, later, secret)
		t.same(t.stored(app), app, "Application after a clean-up")
	}
}

// isFree fails unless nothing is left of a session: its ID can be used again.
func (t *trial) isFree(app oauthapp.Application, dead store.Session, format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	_, err := t.Session(t.ctx, dead.ID)
	t.want(store.ErrNotFound, err, "Session %s, after the clean-up,", what)
	again := t.sessionStart(app, "again", "a", "read")
	again.Session.ID = dead.ID
	_, err = t.BeginSession(t.ctx, again)
	t.must(err, "BeginSession with the ID of a session %s, after the clean-up,", what)
}

func cleanUpSessions(t *trial) {
	const each = 3
	now := start.Add(time.Hour)
	dead := map[string][]store.Session{}
	add := func(kind string, s store.Session) { dead[kind] = append(dead[kind], s) }
	app, revoked, deleted := t.application("alice"), t.application("alice"), t.application("alice")
	for i := range each {
		user := fmt.Sprint("user-", i)
		add("with an expired code", t.begin(app, user, "a", "read"))
		exact := t.sessionStart(app, user, "a", "read")
		exact.Session.Code.ExpiresAt, exact.Session.ExpiresAt = now, now
		add("with a code that expires now", t.beginAs(app, exact))

		session := t.begin(app, user, "a", "read")
		issue := t.redemption(session)
		issue.ExpiresAt = now // though its tokens live on
		t.must(t.RedeemCode(t.ctx, issue), "RedeemCode")
		add("past its expiry time", redeemed(session, issue))

		late := t.sessionStart(app, user, "a", "read")
		late.Session.Code.ExpiresAt = now.Add(time.Hour) // but it is redeemed
		session = t.beginAs(app, late)
		issue = t.redemption(session)
		issue.Access.ExpiresAt, issue.Refresh.ExpiresAt = now, now
		t.must(t.RedeemCode(t.ctx, issue), "RedeemCode")
		add("with nothing unexpired", redeemed(session, issue))

		ended, code := t.signIn(app, user, "a", "read"), t.begin(app, user, "a", "read")
		t.must(t.EndSession(t.ctx, ended.ID), "EndSession")
		t.must(t.EndSession(t.ctx, code.ID), "EndSession")
		add("that was ended", ended)
		add("that was ended", code)

		session = t.signIn(app, user, "withdrawn", "read")
		add("whose grant was revoked", session)
		_, err := t.RevokeGrant(t.ctx, oauthapp.GrantsOfUser(user), session.GrantID)
		t.must(err, "RevokeGrant")
		session = t.signIn(app, user, "returned", "read")
		add("whose grant was revoked and given again", session)
		_, err = t.RevokeGrant(t.ctx, oauthapp.GrantsOfUser(user), session.GrantID)
		t.must(err, "RevokeGrant")
		t.signIn(app, user, "returned", "read")

		add("of an application whose tokens were revoked", t.signIn(revoked, user, "a", "read"))
		add("of a deleted application", t.signIn(deleted, user, "a", "read"))
	}
	_, err := t.RevokeTokens(t.ctx, oauthapp.OwnedBy("alice"), revoked.ID, plenty)
	t.must(err, "RevokeTokens")
	_, err = t.DeleteApplication(t.ctx, oauthapp.OwnedBy("alice"), deleted.ID, start)
	t.must(err, "DeleteApplication")
	live := t.signIn(app, "live", "a", "read")
	live = t.rotate(live)

	if removed := t.cleanUpBy(now, 2); removed < 4*each {
		t.failf("CleanUp says that it removed %d rows; it had at least %d to remove", removed, 4*each)
	}
	for kind, sessions := range dead {
		for _, session := range sessions {
			t.isFree(app, session, "%s", kind)
		}
	}
	t.isLive(live, "among the dead, after the clean-up")
}

func cleanUpGrants(t *trial) {
	app, deleted := t.application("alice"), t.application("alice")
	var dead []store.Session
	for i := range 3 {
		session := t.signIn(app, fmt.Sprint("user-", i), "a", "read")
		_, err := t.RevokeGrant(t.ctx, oauthapp.GrantsOfUser(session.UserID), session.GrantID)
		t.must(err, "RevokeGrant")
		dead = append(dead, session, t.signIn(app, fmt.Sprint("user-", i), "b", "read"), t.signIn(deleted, fmt.Sprint("user-", i), "a", "read"))
	}
	_, err := t.RevokeTokens(t.ctx, oauthapp.OwnedBy("alice"), app.ID, plenty)
	t.must(err, "RevokeTokens")
	_, err = t.DeleteApplication(t.ctx, oauthapp.OwnedBy("alice"), deleted.ID, start)
	t.must(err, "DeleteApplication")
	live := t.signIn(app, "live", "a", "read")
	t.cleanUpBy(start, 2)
	for i, session := range dead {
		t.grant(app, fmt.Sprint("new-", i), "a", session.GrantID) // its ID is free
	}
	t.isLive(live, "among the dead, after the clean-up")
	t.hasGrant(grantOf(live), "among the dead, after the clean-up")
}

func cleanUpSecrets(t *trial) {
	var apps []oauthapp.Application
	var latest []oauthapp.Secret
	now := start.Add(time.Hour)
	for range 5 {
		app, first := t.confidential()
		second, third := t.secret(app), t.secret(app)
		t.must(t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), second, now, plenty), "AddSecret") // the first expires now
		t.must(t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), third, now.Add(tick), plenty), "AddSecret")
		first.ExpiresAt, second.ExpiresAt = now, now.Add(tick)
		t.hasSecrets(app, start, third, second, first)
		apps, latest = append(apps, app), append(latest, third, second)
	}
	t.cleanUpBy(now, 2)
	for i, app := range apps {
		t.hasSecrets(app, start, latest[2*i], latest[2*i+1]) // asked as of before the first expired
	}
	t.cleanUpBy(start.Add(10*sessionTTL), 1000)
	for i, app := range apps {
		t.hasSecrets(app, start, latest[2*i])
	}
}

func cleanUpRecords(t *trial) {
	const n = 20
	now := start.Add(time.Hour)
	var dead, live []store.Record
	for i := range n {
		r := t.record()
		r.Kind = []string{"first", "second", "third"}[i%3]
		r.ExpiresAt = now.Add(-time.Duration(i%2) * time.Minute)
		dead = append(dead, r)
		r.Digest, r.ExpiresAt = t.digest(), now.Add(tick)
		live = append(live, r)
		t.must(t.Keep(t.ctx, dead[i], start), "Keep")
		t.must(t.Keep(t.ctx, live[i], start), "Keep")
	}
	if removed := t.cleanUpBy(now, 3); removed < n {
		t.failf("CleanUp says that it removed %d rows; %d records were expired", removed, n)
	}
	for i := range n {
		t.hasNot(dead[i], start, "asked for as of before it expired, after the clean-up") // as if it had never been
		t.has(live[i], now, "after the clean-up")
	}
}

func cleanUpBatches(t *trial) {
	const n = 60
	app, revoked := t.application("alice"), t.application("alice")
	live := t.signIn(app, "live", "a", "read")
	for i := range n {
		t.begin(app, "u", "a", "read")
		t.begin(revoked, fmt.Sprint("user-", i), "a", "read")
	}
	_, err := t.RevokeTokens(t.ctx, oauthapp.OwnedBy("alice"), revoked.ID, plenty)
	t.must(err, "RevokeTokens")
	now := start.Add(time.Hour)

	_, removed, err := t.CleanUp(t.ctx, now, "", 1)
	t.must(err, "CleanUp")
	t.isBatch(removed, 1)
	rest := t.cleanUpBy(now, 7)
	if removed+rest < 3*n {
		t.failf("CleanUp says that it removed %d rows; %d sessions and %d grants were dead", removed+rest, 2*n, n)
	}
	if removed := t.cleanUpBy(now, 1000); removed != 0 {
		t.failf("CleanUp removed %d rows where none was dead", removed)
	}
	t.isLive(live, "among the dead, after the clean-up")

	for _, limit := range []int{0, -1} { // means 1: slow, but it gets there
		session := t.begin(app, "u", "a", "read")
		t.cleanUpBy(now, limit)
		t.isFree(app, session, "with an expired code")
		t.cleanUpBy(now, 1000)
	}
}

func cleanUpAtOnce(t *trial) {
	const workers, rounds = 6, 6
	app, doomed := t.application("alice"), t.application("alice")
	now := start.Add(time.Minute)
	for i := range 30 {
		expired := t.sessionStart(app, fmt.Sprint("expired-", i), "a", "read")
		expired.Session.Code.ExpiresAt, expired.Session.ExpiresAt = start, start
		t.beginAs(app, expired)
		t.begin(doomed, fmt.Sprint("doomed-", i), "a", "read")
	}
	var (
		working atomic.Int64
		kept    [workers][]store.Session
		ended   [workers][]store.Session
	)
	working.Store(workers)
	t.together(workers+3, func(i int) error {
		t := t.node(i)
		if i >= workers { // the clean-ups
			for last := false; !last; {
				last = working.Load() == 0
				for cursor := ""; ; {
					next, _, err := t.CleanUp(t.ctx, now, cursor, i-workers+1)
					t.must(err, "CleanUp, at once with everything,")
					if cursor = next; cursor == "" {
						break
					}
				}
			}
			return nil
		}
		defer working.Add(-1)
		for round := range rounds {
			user := fmt.Sprintf("user-%d-%d", i, round)
			session := t.rotate(t.signIn(app, user, "a", "read"))
			kept[i] = append(kept[i], session)
			withdrawn := t.signIn(app, user, "b", "read")
			_, err := t.RevokeGrant(t.ctx, oauthapp.GrantsOfUser(user), withdrawn.GrantID)
			t.must(err, "RevokeGrant, at once with clean-ups,")
			kept[i] = append(kept[i], t.signIn(app, user, "b", "write"))
			gone := t.signIn(app, user, "a", "read")
			t.must(t.EndSession(t.ctx, gone.ID), "EndSession, at once with clean-ups,")
			ended[i] = append(ended[i], withdrawn, gone)
			if i == 0 {
				_, err := t.RevokeTokens(t.ctx, oauthapp.OwnedBy("alice"), doomed.ID, plenty)
				t.must(err, "RevokeTokens, at once with clean-ups,")
				kept[i] = append(kept[i], t.signIn(t.application("bob"), user, "a", "read"))
			}
		}
		return nil
	})
	t.cleanUp(now)
	for i := range workers {
		for _, session := range kept[i] {
			t.isLive(session, "after clean-ups that ran meanwhile")
			if _, err := t.grantTo(session.ApplicationID, session.UserID, session.AccountID); err != nil {
				t.failf("the grant of a live session is gone after clean-ups that ran meanwhile")
			}
		}
		for _, session := range ended[i] {
			t.isDead(session, "after clean-ups that ran meanwhile")
		}
	}
	if _, err := t.Client(t.ctx, app.ClientID, uuid.Nil, start); err != nil {
		t.failf("the application is gone after clean-ups that ran meanwhile")
	}
}
