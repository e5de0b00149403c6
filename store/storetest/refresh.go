package storetest

import (
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

var refreshRules = []rule{
	{"refresh/rotate", "RotateRefreshToken keeps the new tokens, and of the old what the interface says", refreshRotate},
	{"refresh/old", "whatever is not the live refresh token is ErrUsed and changes nothing", refreshOld},
	{"refresh/expiry", "a refresh token is good until just before its own and the session's expiry times", refreshExpiry},
	{"refresh/unredeemed", "a session whose code is not redeemed has no refresh token: ErrNotFound", refreshUnredeemed},
	{"refresh/one winner", "of 50 concurrent rotations of a refresh token exactly one succeeds, all others are ErrUsed", refreshOneWinner},
	{"refresh/keeps", "RotateRefreshToken without a successor keeps the refresh token, moves its expiry time, and replaces the access token", refreshKeeps},
	{"refresh/keeps at once", "of 50 concurrent callers who keep a refresh token exactly one succeeds, all others are ErrConflict, and succeed once they decide anew", refreshKeepsAtOnce},
	{"refresh/whole", "a session read while it is rotated is as it was before or after, never between", refreshWhole},
}

func refreshRotate(t *trial) {
	app := t.application("alice")
	session := t.signIn(app, "u", "a", "read", "write")
	for i := range 3 {
		r := t.rotation(session)
		r.At = start.Add(time.Duration(i+1) * time.Hour)
		r.Access.Scopes = []string{"write"}
		r.Refresh.ExpiresAt = r.At.Add(refreshTTL)
		t.must(t.RotateRefreshToken(t.ctx, r), "RotateRefreshToken")
		session = rotated(session, r)
		t.isLive(session, "after rotation %d", i+1)
	}
}

func refreshOld(t *trial) {
	app := t.application("alice")
	session, other := t.signIn(app, "u", "a", "read"), t.signIn(app, "u", "a", "read")
	oldest := session.Refresh.Digest
	session = t.rotate(t.rotate(session))
	near := session.Refresh.Digest
	near[0] ^= 0x80
	for name, digest := range map[string]credential.Digest{
		"the previous refresh token": session.PreviousRefresh, "the oldest refresh token": oldest,
		"an unknown refresh token": t.digest(), "no refresh token": {}, "one that differs in a bit": near,
		"another session's refresh token": other.Refresh.Digest,
		"its family":                      session.RefreshFamily, "its access token": session.Access.Digest, "its code": session.Code.Digest,
	} {
		r := t.rotation(session)
		r.Presented = digest
		t.want(store.ErrUsed, t.RotateRefreshToken(t.ctx, r), "RotateRefreshToken with %s", name)
		t.isLive(session, "after %s was tried", name)
	}
	t.isLive(t.rotate(session), "rotated with its live refresh token")
}

func refreshExpiry(t *trial) {
	app := t.application("alice")
	for _, c := range []struct {
		refresh, session time.Duration // when they expire
		at               time.Duration
		want             error
	}{
		{refreshTTL, sessionTTL, refreshTTL - tick, nil},
		{refreshTTL, sessionTTL, refreshTTL, store.ErrNotFound},
		{refreshTTL, sessionTTL, refreshTTL + tick, store.ErrNotFound},
		{sessionTTL + time.Hour, sessionTTL, sessionTTL - tick, nil},
		{sessionTTL + time.Hour, sessionTTL, sessionTTL, store.ErrNotFound},
		{sessionTTL + time.Hour, sessionTTL, sessionTTL + tick, store.ErrNotFound},
	} {
		session := t.begin(app, "u", "a", "read")
		issue := t.redemption(session)
		issue.Refresh.ExpiresAt = start.Add(c.refresh)
		issue.ExpiresAt = start.Add(c.session)
		t.must(t.RedeemCode(t.ctx, issue), "RedeemCode")
		session = redeemed(session, issue)

		r := t.rotation(session)
		r.At = start.Add(c.at)
		if c.want != nil {
			wrong := r
			wrong.Presented = t.digest()
			t.want(c.want, t.RotateRefreshToken(t.ctx, wrong), "RotateRefreshToken with another token, when the live one is expired,")
		}
		t.want(c.want, t.RotateRefreshToken(t.ctx, r),
			"RotateRefreshToken %v after the start, where the token lives %v and the session %v,", c.at, c.refresh, c.session)
		if c.want == nil {
			session = rotated(session, r)
		}
		t.isLive(session, "after its refresh token was tried")
	}
}

func refreshUnredeemed(t *trial) {
	app := t.application("alice")
	session := t.begin(app, "u", "a", "read")
	for _, digest := range []credential.Digest{{}, session.Code.Digest, t.digest()} {
		r := t.rotation(session)
		r.Presented, r.At = digest, start.Add(time.Minute)
		t.want(store.ErrNotFound, t.RotateRefreshToken(t.ctx, r), "RotateRefreshToken before the code was redeemed")
	}
	t.isLive(session, "before its code was redeemed")
}

func refreshOneWinner(t *trial) {
	app := t.application("alice")
	session := t.signIn(app, "u", "a", "read")
	for range 4 {
		rotations := make([]store.Rotation, crowd)
		for i := range rotations {
			rotations[i] = t.rotation(session)
		}
		results := t.together(crowd, func(i int) error { return t.node(i).RotateRefreshToken(t.ctx, rotations[i]) })
		t.winners(1, store.ErrUsed, results, "RotateRefreshToken of one refresh token")
		session = rotated(session, rotations[slices.Index(results, nil)])
		t.isLive(session, "with the tokens of the one rotation that succeeded")
	}
}

// keeping returns a refresh of a session that keeps its refresh token.
func (t *trial) keeping(session store.Session) store.Rotation {
	r := t.rotation(session)
	r.Refresh.Digest = credential.Digest{}
	r.Extra = []byte("kept\x00")
	return r // with a salt, which is nobody's
}

// kept is a session after a refresh that kept its refresh token.
func kept(session store.Session, r store.Rotation) store.Session {
	session.PreviousAccess = session.Access
	session.Access = r.Access
	session.Refresh.ExpiresAt = r.Refresh.ExpiresAt
	session.Extra = r.Extra
	return cloneSession(session)
}

func refreshKeeps(t *trial) {
	app := t.application("alice")
	session := t.signIn(app, "u", "a", "read", "write")
	for i := range 6 {
		at := start.Add(time.Duration(i+1) * time.Hour)
		r := t.keeping(session)
		r.At, r.Access.IssuedAt, r.Access.ExpiresAt, r.Refresh.ExpiresAt = at, at, at.Add(accessTTL), at.Add(refreshTTL)
		r.Access.Scopes = []string{"write"}
		if i%3 == 1 {
			r.Extra = nil
		}
		t.must(t.RotateRefreshToken(t.ctx, r), "RotateRefreshToken without a successor")
		session = kept(session, r)
		t.isLive(session, "after refresh %d, which kept the token", i+1)
		if i == 2 {
			rotation := t.rotation(session)
			rotation.At, rotation.Access.IssuedAt = at, at
			t.must(t.RotateRefreshToken(t.ctx, rotation), "RotateRefreshToken")
			session = rotated(session, rotation)
			t.isLive(session, "rotated after its token was kept")
		}
	}
	for _, c := range []struct {
		presented credential.Digest
		at        time.Time
		want      error
	}{
		{session.PreviousRefresh, start, store.ErrUsed},
		{t.digest(), start, store.ErrUsed},
		{credential.Digest{}, start, store.ErrUsed},
		{session.Refresh.Digest, session.Refresh.ExpiresAt, store.ErrNotFound},
		{session.Refresh.Digest, session.ExpiresAt, store.ErrNotFound},
	} {
		r := t.keeping(session)
		r.Presented, r.At = c.presented, c.at
		t.want(c.want, t.RotateRefreshToken(t.ctx, r), "RotateRefreshToken without a successor")
	}
	for name, replaces := range map[string]credential.Digest{
		"no access token": {}, "the access token before": session.PreviousAccess.Digest, "an unknown access token": t.digest(),
	} {
		r := t.keeping(session)
		r.Replaces = replaces
		t.want(store.ErrConflict, t.RotateRefreshToken(t.ctx, r), "RotateRefreshToken without a successor, that replaces %s", name)
		t.isLive(session, "after a refresh that was to replace %s", name)
		if r = t.rotation(session); !replaces.IsZero() {
			r.Replaces = replaces
			t.want(store.ErrConflict, t.RotateRefreshToken(t.ctx, r), "RotateRefreshToken that replaces %s", name)
			t.isLive(session, "after a rotation that was to replace %s", name)
		}
	}
	t.isLive(t.rotate(session), "rotated after its token was kept")

	last := t.signIn(app, "u", "a", "read")
	t.must(t.EndSession(t.ctx, last.ID), "EndSession")
	t.want(store.ErrNotFound, t.RotateRefreshToken(t.ctx, t.keeping(last)), "RotateRefreshToken without a successor, of a session that was ended,")
}

func refreshKeepsAtOnce(t *trial) {
	app := t.application("alice")
	session := t.signIn(app, "u", "a", "read")
	for range 4 {
		keepings := make([]store.Rotation, crowd)
		for i := range keepings {
			keepings[i] = t.keeping(session)
		}
		results := t.together(crowd, func(i int) error { return t.node(i).RotateRefreshToken(t.ctx, keepings[i]) })
		t.winners(1, store.ErrConflict, results, "RotateRefreshToken without a successor")
		session = kept(session, keepings[slices.Index(results, nil)])
		t.isLive(session, "after refreshes at once that kept its token")
	}

	// One that decides anew whenever another one was faster gets through.
	const callers = 8
	results := t.together(callers, func(i int) error {
		for {
			read, err := t.node(i).Session(t.ctx, session.ID)
			if err != nil {
				return err
			}
			if err := t.node(i).RotateRefreshToken(t.ctx, t.keeping(read)); !errors.Is(err, store.ErrConflict) {
				return err
			}
		}
	})
	t.winners(callers, store.ErrConflict, results, "RotateRefreshToken without a successor, again after each ErrConflict,")
	session, err := t.Session(t.ctx, session.ID)
	t.must(err, "Session")

	rotation := t.rotation(session)
	racing := make([]store.Rotation, callers)
	for i := range racing {
		racing[i] = t.keeping(session)
	}
	racing[callers/2] = rotation
	results = t.together(callers, func(i int) error { return t.node(i).RotateRefreshToken(t.ctx, racing[i]) })
	winner := slices.Index(results, nil)
	if winner < 0 || slices.Contains(results[winner+1:], nil) {
		t.failf("RotateRefreshToken of one access token, with and without a successor at once, has not one winner: %v", results)
	}
	for i, err := range results {
		if i != winner && !errors.Is(err, store.ErrConflict) && (winner != callers/2 || !errors.Is(err, store.ErrUsed)) {
			t.failf("RotateRefreshToken of an access token that another one replaced returned %v", err)
		}
	}
	if winner == callers/2 {
		t.isLive(rotated(session, rotation), "rotated, at once with refreshes that keep its token")
	} else {
		t.isLive(kept(session, racing[winner]), "kept, at once with a rotation")
	}
}

func refreshWhole(t *trial) {
	app := t.application("alice")
	session := t.signIn(app, "u", "a", "read")
	versions := []store.Session{session}
	rotations := make([]store.Rotation, 40)
	for i := range rotations {
		rotations[i] = t.rotation(versions[i])
		versions = append(versions, rotated(versions[i], rotations[i]))
	}
	var done atomic.Int64
	ended := make(chan struct{})
	t.together(4, func(i int) error {
		if i == 0 {
			defer close(ended)
			for _, r := range rotations {
				t.must(t.RotateRefreshToken(t.ctx, r), "RotateRefreshToken while others read")
				done.Add(1)
			}
			return nil
		}
		for {
			atLeast := done.Load()
			got, err := t.Session(t.ctx, session.ID)
			t.must(err, "Session while it is rotated")
			is := slices.IndexFunc(versions, func(v store.Session) bool { return v.Access.Digest == got.Access.Digest })
			if is < int(atLeast) {
				t.failf("Session is as of rotation %d, after rotation %d had returned", is, atLeast)
			}
			t.same(got, versions[is], "Session while it is rotated")
			select {
			case <-ended:
				return nil
			default:
			}
		}
	})
}
