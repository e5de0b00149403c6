package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

var revocationRules = []rule{
	{"revocation/one session", "EndSession ends that session alone, and once more is no error", revocationOneSession},
	{"revocation/all tokens", "RevokeTokens ends every grant and session of the application, and nothing else of it or of others", revocationAllTokens},
	{"revocation/again", "what begins after a revocation lives until the next one", revocationAgain},
	{"revocation/racing begin", "however they overlap: no session begun before RevokeTokens survives it, every session begun after it lives", revocationRacingBegin},
	{"revocation/racing issue", "once an end has returned, no token that was being issued meanwhile is accepted", revocationRacingIssue},
	{"revocation/racing return", "a user who authorizes again while the grant is revoked has a live grant or none, never old sessions", revocationRacingReturn},
	{"revocation/racing again", "what begins without asking while the grant ends does not survive it, and brings no grant back", revocationRacingAgain},
	{"revocation/racing delete", "once DeleteApplication has returned, nothing is left of it, whatever was under way", revocationRacingDelete},
}

func revocationOneSession(t *trial) {
	app := t.application("alice")
	session, device, other := t.signIn(app, "u", "a", "read"), t.signIn(app, "u", "a", "read"), t.signIn(app, "v", "a", "read")
	for range 2 {
		t.must(t.EndSession(t.ctx, session.ID), "EndSession")
		t.isDead(session, "ended")
		t.isLive(device, "on another device of the same user")
		t.isLive(other, "of another user")
		t.hasGrant(grantOf(device), "after one of its sessions was ended")
	}
}

func revocationAllTokens(t *trial) {
	app, secret := t.confidential()
	other := t.application("alice")
	var sessions []store.Session
	for i := range 5 {
		user := fmt.Sprint("user-", i)
		sessions = append(sessions, t.begin(app, user, "a", "read"), t.signIn(app, user, "a", "read"), t.rotate(t.signIn(app, user, "b", "read")))
	}
	bystander := t.signIn(other, "user-0", "a", "read")

	_, err := t.RevokeTokens(t.ctx, oauthapp.OwnedBy("alice"), app.ID, 1)
	t.must(err, "RevokeTokens")
	for _, session := range sessions {
		t.isDead(session, "after all tokens were revoked")
		_, err := t.grantTo(app.ID, session.UserID, session.AccountID)
		t.want(store.ErrNotFound, err, "Grant after all tokens were revoked")
		_, err = t.RevokeGrant(t.ctx, oauthapp.GrantsToApplication(app.ID), session.GrantID)
		t.want(store.ErrNotFound, err, "RevokeGrant after all tokens were revoked")
	}
	list, err := t.Grants(t.ctx, oauthapp.GrantsToApplication(app.ID), oauthapp.Page{})
	t.must(err, "Grants")
	t.same(list, oauthapp.List[oauthapp.Grant]{}, "Grants after all tokens were revoked")
	t.isLive(bystander, "of another application")
	t.same(t.stored(app), app, "Application after all its tokens were revoked")
	t.hasSecrets(app, start, secret)
	t.isLive(t.signIn(app, "user-0", "a", "read"), "begun after all tokens were revoked")
}

func revocationAgain(t *trial) {
	app := t.application("alice")
	var dead []store.Session
	for i := range 5 {
		session := t.signIn(app, "u", "a", "read")
		t.isLive(session, "begun after %d revocations", i)
		_, err := t.RevokeTokens(t.ctx, oauthapp.OwnedBy("alice"), app.ID, plenty)
		t.must(err, "RevokeTokens")
		dead = append(dead, session)
		for _, session := range dead {
			t.isDead(session, "after %d revocations", i+1)
		}
	}
	_, err := t.RevokeTokens(t.ctx, oauthapp.OwnedBy("alice"), app.ID, plenty)
	t.must(err, "RevokeTokens of an application without tokens")
}

func revocationRacingBegin(t *trial) {
	for range 3 {
		app := t.application("alice")
		revoke := func(t *trial) {
			_, err := t.RevokeTokens(t.ctx, oauthapp.OwnedBy("alice"), app.ID, plenty)
			t.must(err, "RevokeTokens")
		}
		began := t.beginAround(8, 12, func(t *trial, worker, i int) store.Session {
			// Half the workers are one user, who authorizes again and again.
			user := fmt.Sprintf("user-%d-%d", worker, i)
			if worker%2 == 0 {
				user = "user"
			}
			return t.begin(app, user, "a", "read")
		}, revoke)
		for _, session := range began.before {
			t.isDead(session, "begun before RevokeTokens was called")
		}
		for _, session := range began.after {
			t.isLive(session, "begun after RevokeTokens had returned")
		}
		for _, session := range began.during { // either, but wholly
			_, err := t.Session(t.ctx, session.ID)
			grant, grantErr := t.grantTo(app.ID, session.UserID, session.AccountID)
			if err == nil && (grantErr != nil || grant.ID != session.GrantID) {
				t.failf("a session begun during RevokeTokens lives without its grant")
			}
			if err != nil {
				t.isDead(session, "begun during RevokeTokens, not found")
			}
		}
		revoke(t)
		for _, session := range began.all() {
			t.isDead(session, "after the next revocation")
		}
	}
}

func revocationRacingIssue(t *trial) {
	const sessions = 10
	for _, ending := range endings {
		app := t.application("alice")
		var codes, live [sessions]store.Session
		for i := range sessions {
			codes[i], live[i] = t.begin(app, "u", "a", "read"), t.signIn(app, "u", "a", "read")
		}
		all := slices.Concat(codes[:], live[:])
		var underWay sync.WaitGroup
		underWay.Add(sessions)
		t.together(2*sessions+1, func(i int) error {
			t := t.node(i)
			switch {
			case i < sessions:
				if err := t.RedeemCode(t.ctx, t.redemption(codes[i])); err != nil {
					t.want(store.ErrNotFound, err, "RedeemCode while %s", ending.name)
				}
			case i < 2*sessions:
				first := sync.OnceFunc(underWay.Done)
				defer first()
				session := t.rotate(live[i-sessions])
				first()
				for range 3 {
					r := t.rotation(session)
					err := t.RotateRefreshToken(t.ctx, r)
					if err != nil {
						t.want(store.ErrNotFound, err, "RotateRefreshToken while %s", ending.name)
						break
					}
					session = rotated(session, r)
				}
				live[i-sessions] = session
			default:
				underWay.Wait()
				for _, session := range all { // one may be enough to end the others
					if _, err := t.Session(t.ctx, session.ID); err == nil {
						ending.end(t, session)
					}
				}
			}
			return nil
		})
		for i := range sessions {
			t.isDead(codes[i], "redeemed while %s", ending.name)
			t.isDead(live[i], "rotated while %s", ending.name)
		}
	}
}

func revocationRacingReturn(t *trial) {
	app := t.application("alice")
	var old []store.Session
	for range 10 {
		session := t.signIn(app, "u", "a", "read", "write")
		var anew [4]store.Session
		t.together(len(anew)+1, func(i int) error {
			if i < len(anew) {
				anew[i] = t.node(i).begin(app, "u", "a", "admin")
				return nil
			}
			_, err := t.RevokeGrant(t.ctx, oauthapp.GrantsOfUser("u"), session.GrantID)
			t.must(err, "RevokeGrant while the user authorizes again")
			return nil
		})
		old = append(old, session)
		for _, session := range old {
			t.isDead(session, "whose grant was revoked while the user authorized again")
		}
		grant, err := t.grantTo(app.ID, "u", "a")
		alive := 0
		for _, session := range anew {
			if _, err := t.Session(t.ctx, session.ID); err == nil {
				alive++
			} else {
				t.want(store.ErrNotFound, err, "Session")
			}
		}
		switch {
		case errors.Is(err, store.ErrNotFound) && alive == 0:
		case err == nil && alive > 0:
			t.same(grant.Scopes, []string{"admin"}, "Scopes of the grant that began anew")
			_, err = t.RevokeGrant(t.ctx, oauthapp.GrantsOfUser("u"), grant.ID)
			t.must(err, "RevokeGrant")
		default:
			t.failf("%d sessions begun during RevokeGrant live, and Grant returned %s", alive, describe(err))
		}
		for _, session := range anew {
			t.isDead(session, "after its grant was revoked")
		}
	}
}

func revocationRacingAgain(t *trial) {
	const workers, most = 6, 200
	for _, ending := range endings[1:] { // those that end the grant
		for range 3 {
			app := t.application("alice")
			session := t.signIn(app, "u", "a", "read")
			var begun [workers][]store.Session
			var underWay sync.WaitGroup
			underWay.Add(workers)
			t.together(workers+1, func(i int) error {
				if i == workers {
					underWay.Wait()
					ending.end(t, session)
					return nil
				}
				first := sync.OnceFunc(underWay.Done)
				defer first()
				for j := range most {
					b := t.again(app, "u", "a", "read")
					_, err := t.node(i).BeginSession(t.ctx, b)
					if j == 0 {
						t.must(err, "BeginSession without asking")
					}
					if err != nil {
						t.want(store.ErrNotFound, err, "BeginSession without asking while %s", ending.name)
						break
					}
					b.Session.ClientID = app.ClientID
					begun[i] = append(begun[i], b.Session)
					first()
				}
				return nil
			})
			_, err := t.grantTo(app.ID, "u", "a")
			t.want(store.ErrNotFound, err, "Grant after %s while sessions began under it", ending.name)
			for _, session := range slices.Concat(begun[:]...) {
				t.isDead(session, "begun without asking while %s", ending.name)
			}
		}
	}
}

func revocationRacingDelete(t *trial) {
	const before = 3 // calls of each kind
	for range 3 {
		app, secret := t.confidential()
		var sessions sync.Map // of store.Session
		busy := []func(t *trial, i int) error{
			func(t *trial, i int) error {
				b := t.sessionStart(app, fmt.Sprint("user-", i), "a", "read")
				session := cloneSession(b.Session)
				session.ClientID = app.ClientID
				sessions.Store(session.ID, session)
				_, err := t.BeginSession(t.ctx, b)
				if i < before {
					t.must(err, "BeginSession before the application is deleted")
				}
				if err != nil {
					return err
				}
				return t.RedeemCode(t.ctx, t.redemption(session))
			},
			func(t *trial, _ int) error {
				return t.AddSecret(t.ctx, oauthapp.OwnedBy("alice"), t.secret(app), start, plenty)
			},
			func(t *trial, _ int) error {
				_, err := t.RevokeSecret(t.ctx, oauthapp.OwnedBy("alice"), app.ID, secret.ID, start)
				return err
			},
			func(t *trial, _ int) error {
				_, err := t.RevokeTokens(t.ctx, oauthapp.OwnedBy("alice"), app.ID, plenty)
				return err
			},
			func(t *trial, _ int) error {
				seen, err := t.Application(t.ctx, oauthapp.OwnedBy("alice"), app.ID)
				if err == nil {
					err = t.UpdateApplication(t.ctx, oauthapp.OwnedBy("alice"), seen)
				}
				if errors.Is(err, store.ErrConflict) {
					return nil
				}
				return err
			},
			func(t *trial, _ int) error {
				_, err := t.Grants(t.ctx, oauthapp.GrantsToApplication(app.ID), oauthapp.Page{})
				return err
			},
			func(t *trial, _ int) error {
				_, err := t.Client(t.ctx, app.ClientID, uuid.Nil, start)
				return err
			},
		}
		var underWay sync.WaitGroup
		underWay.Add(len(busy))
		t.together(len(busy)+1, func(i int) error {
			if i == len(busy) {
				underWay.Wait()
				_, err := t.DeleteApplication(t.ctx, oauthapp.OwnedBy("alice"), app.ID, start)
				t.must(err, "DeleteApplication while it is in use")
				return nil
			}
			halfway := sync.OnceFunc(underWay.Done)
			defer halfway()
			for j := range 15 {
				if j == before {
					halfway()
				}
				if err := busy[i](t.node(i+j), j); err != nil {
					t.want(store.ErrNotFound, err, "a method called while the application was deleted")
				}
			}
			return nil
		})
		for _, t := range t.everywhere() {
			for name, err := range t.onApplication(oauthapp.OwnedBy("alice"), app) {
				t.want(store.ErrNotFound, err, "%s of an application deleted while it was in use", name)
			}
		}
		sessions.Range(func(_, session any) bool {
			t.isDead(session.(store.Session), "begun while its application was deleted")
			return true
		})
		list, err := t.Grants(t.ctx, oauthapp.GrantsToOwner(oauthapp.OwnedBy("alice")), oauthapp.Page{})
		t.must(err, "Grants")
		t.same(list, oauthapp.List[oauthapp.Grant]{}, "Grants of an application deleted while it was in use")
	}
}
