package storetest

import (
	"fmt"
	"slices"
	"sync"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// Two handles on the same data are what two nodes behind a load balancer have,
// which sends every request to any of them.
var nodeRules = []rule{
	{"nodes/seen", "what a call through one handle changed, the very next call through the other finds changed", nodesSeen},
	{"nodes/ended", "what is ended through one handle is accepted through neither, and what begins afterwards lives", nodesEnded},
	{"nodes/cursors", "a list begun through one handle goes on through the other", nodesCursors},
	{"nodes/taken", "of many applications created at once with one client ID, through two handles, one is kept", overTwo(applicationsTakenAtOnce)},
	{"nodes/limits", "however many applications and secrets are created at once, through two handles, the limits hold", overTwo(applicationsLimitAtOnce, secretsLimitAtOnce)},
	{"nodes/clients", "a client asked for through either handle is what the last change through either made of it", overTwo(secretsSeenAtOnce, secretsOverlap, secretsRevoke, applicationsUpdate, usesSecret)},
	{"nodes/updates", "of many updates at once, through two handles, none is lost", overTwo(applicationsUpdateAtOnce)},
	{"nodes/consent", "of many authorizations at once by one user, through two handles, none's scopes are lost and one grant remains", overTwo(grantsUnionAtOnce)},
	{"nodes/standing", "a suspension through one handle holds through both, however many redeem and rotate meanwhile", overTwo(standingKept, standingSuspended, standingAtOnce)},
	{"nodes/own sessions", "of the sessions of an application itself that begin at once, through two handles, the newest are live, and end with their secrets", overTwo(ownAtOnce, ownSecret)},
	{"nodes/codes", "of 50 concurrent redemptions of a code, through two handles, exactly one succeeds, all others are ErrUsed", overTwo(codesOneWinner)},
	{"nodes/refresh", "of 50 concurrent rotations of a refresh token, through two handles, exactly one succeeds, all others are ErrUsed", overTwo(refreshOneWinner)},
	{"nodes/keeping", "of callers who keep a refresh token at once, through two handles, exactly one succeeds, and the others once they decide anew", overTwo(refreshKeepsAtOnce)},
	{"nodes/records", "however many keep, replace or take a one-time record at once, through two handles, one succeeds", overTwo(recordsOneKeeper, recordsOneReplacer, recordsOneTaker, recordsAfterExpiry)},
	{"nodes/racing begin", "no session begun through either handle before RevokeTokens survives it, every session begun after it lives", overTwo(revocationRacingBegin)},
	{"nodes/ending", "no session begun through either handle before EndGrants survives it; transfers through either keep the limit", overTwo(endingRacingBegin, transferLimitAtOnce)},
	{"nodes/transfer", "what was transferred through one handle is so through both", overTwo(transferLists)},
	{"nodes/racing issue", "once an end through one handle has returned, no token that was being issued through either is accepted", overTwo(revocationRacingIssue)},
	{"nodes/racing return", "a user who authorizes again through either handle while the grant is revoked has a live grant or none, never old sessions", overTwo(revocationRacingReturn)},
	{"nodes/racing again", "what begins without asking through either handle while the grant ends does not survive it, and brings no grant back", overTwo(revocationRacingAgain)},
	{"nodes/racing delete", "once DeleteApplication has returned, nothing is left of it, whatever was under way through either handle", overTwo(revocationRacingDelete)},
	{"nodes/clean-up", "clean-ups through both handles at once, and at once with everything else, lose nothing live", overTwo(cleanUpAtOnce)},
}

// These need a way for one of the handles to end.
var restartRules = []rule{
	{"nodes/restart", "while one handle is closed and opened again, the other works on, and nothing acknowledged by either is lost", nodesRestart},
}

// overTwo tries rules that spread their calls with node.
func overTwo(rules ...func(*trial)) func(*trial) {
	return func(t *trial) {
		t.split()
		for _, holds := range rules {
			holds(t)
		}
	}
}

func nodesSeen(t *trial) {
	t.split()
	for name, change := range changes {
		for i := range 2 {
			here, there := t.node(i), t.node(i+1)
			w := here.world()
			before := there.look(w) // whatever a handle keeps for itself, it has now
			t.must(change(t.ctx, here, w), "%s", name)
			after := there.look(w)
			if !slices.Contains(effect(before, after), true) {
				t.failf("%s through one handle changed nothing that the other returns", name)
			}
			if slices.Contains(effect(after, here.look(w)), true) {
				t.failf("%s through one handle changed what the other still returns as it was", name)
			}
		}
	}
}

func nodesEnded(t *trial) {
	t.split()
	for _, ending := range endings {
		for i := range 2 {
			here, there := t.node(i), t.node(i+1)
			app := here.application("alice")
			session, code := there.rotate(here.signIn(app, "u", "a", "read")), there.begin(app, "u", "a", "read")
			t.isLive(session, "rotated through another handle than it was begun through")
			t.isLive(code, "begun through one handle")
			for _, s := range []store.Session{session, code} {
				if _, err := here.Session(t.ctx, s.ID); err == nil {
					ending.end(here, s)
				}
				there.isDead(s, "after %s through one handle", ending.name)
			}
			if _, err := there.Application(t.ctx, oauthapp.OwnedBy("alice"), app.ID); err == nil {
				t.isLive(there.signIn(app, "u", "a", "read"), "begun through one handle after %s through the other", ending.name)
			}
		}
	}
}

func nodesCursors(t *trial) { t.turnsPages("through another handle", t.split) }

func nodesRestart(t *trial) {
	const most = 50 // sessions that each of the two begins
	other := t.split()
	app := t.application("alice")
	var (
		kept, ended []store.Session
		failed      error
		stop        = make(chan struct{})
		working     sync.WaitGroup
	)
	working.Go(func() {
		failed = t.failureOf(func() {
			for i := range most {
				select {
				case <-stop:
					return
				default:
				}
				user := fmt.Sprint("working-", i)
				kept = append(kept, other.rotate(other.signIn(app, user, "a", "read")))
				gone := other.signIn(app, user, "a", "read")
				t.must(other.EndSession(t.ctx, gone.ID), "EndSession while another handle is closed and opened again")
				ended = append(ended, gone)
			}
		})
	})
	finish := sync.OnceFunc(func() {
		close(stop)
		working.Wait()
	})
	defer finish()
	var restarted []store.Session
	for i := range 3 {
		before := t.signIn(app, fmt.Sprint("before-", i), "a", "read")
		t.reopen()
		restarted = append(restarted, other.rotate(before), t.signIn(app, fmt.Sprint("after-", i), "a", "read"))
	}
	finish()
	if failed != nil {
		t.failf("while another handle was closed and opened again: %w", failed)
	}
	for _, session := range slices.Concat(kept, restarted) {
		t.isLive(session, "after one handle was closed and opened again")
	}
	for _, session := range ended {
		t.isDead(session, "after one handle was closed and opened again")
	}
}
