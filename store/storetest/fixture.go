package storetest

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// start is when every trial begins: far from any real clock, since a store
// reads none, and with every digit that a store keeps.
var start = time.Date(2031, time.February, 3, 4, 5, 6, 789_012_000, time.UTC)

// How long after start things end.
const (
	codeTTL    = 5 * time.Minute
	accessTTL  = time.Hour
	refreshTTL = 30 * 24 * time.Hour
	sessionTTL = 365 * 24 * time.Hour

	tick = time.Microsecond // the least that times differ by
)

// plenty is a limit that no rule reaches unless it is about limits.
const plenty = 1000

// id returns a UUID of version 7, greater than all before it in the trial.
func (t *trial) id() uuid.UUID { return idAt(t.node(0).serial.Add(1)) }

// idAt returns a UUID of version 7 whose place in the order is n.
func idAt(n int64) uuid.UUID {
	id := uuid.UUID(make([]byte, 16))
	var millis [8]byte
	binary.BigEndian.PutUint64(millis[:], uint64(start.UnixMilli()+n))
	copy(id[:6], millis[2:])
	_, _ = rand.Read(id[6:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

// digest returns the digest of a credential that nobody else has.
func (t *trial) digest() credential.Digest { return credential.DigestOf(t.id().String()) }

func (t *trial) salt() store.Salt { return store.Salt(t.id()) }

// draft returns an application that is not in the store yet.
func (t *trial) draft(owner string) oauthapp.Application {
	id := t.id()
	return oauthapp.Application{
		ID:           id,
		ClientID:     "client-" + id.String(),
		Owner:        owner,
		Name:         "Example",
		Description:  "Does what examples do.",
		HomepageURL:  "https://example.com/" + id.String(),
		CallbackURLs: []string{"https://example.com/callback", "http://127.0.0.1/callback"},
		Type:         oauthapp.Confidential,
		Scopes:       []string{"read", "write"},
		Standing:     oauthapp.Standing{Reason: "The reason.", Approved: true, Trusted: true},
		Extra:        []byte("kept\x00\xff"),
		CreatedAt:    start,
		UpdatedAt:    start,
		Version:      1,
	}
}

// secret returns a secret, not in the store yet, of an application.
func (t *trial) secret(app oauthapp.Application) oauthapp.Secret {
	return oauthapp.Secret{ID: t.id(), ApplicationID: app.ID, Digest: t.digest(), Hint: "x7Qz", CreatedAt: start}
}

// application registers a confidential application without a secret.
func (t *trial) application(owner string) oauthapp.Application {
	app := t.draft(owner)
	t.must(t.CreateApplication(t.ctx, app, nil, plenty), "CreateApplication")
	return app
}

// sessionStart returns what begins a session: Session is all that the store
// will keep but for what it fills in itself.
func (t *trial) sessionStart(app oauthapp.Application, user, account string, scopes ...string) store.SessionStart {
	return store.SessionStart{
		Session: store.Session{
			ID:            t.id(),
			ApplicationID: app.ID,
			UserID:        user,
			AccountID:     account,
			Scopes:        scopes,
			CreatedAt:     start,
			ExpiresAt:     start.Add(codeTTL),
			Code: store.Code{
				Digest:        t.digest(),
				ExpiresAt:     start.Add(codeTTL),
				RedirectURI:   "https://example.com/callback",
				CodeChallenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
				State:         t.digest(),
			},
			Extra: []byte("began\x00\xff"),
		},
		GrantID: t.id(),
	}
}

// begin begins a session and returns what the store must now have of it.
func (t *trial) begin(app oauthapp.Application, user, account string, scopes ...string) store.Session {
	return t.beginAs(app, t.sessionStart(app, user, account, scopes...))
}

func (t *trial) beginAs(app oauthapp.Application, b store.SessionStart) store.Session {
	grant, err := t.BeginSession(t.ctx, b)
	t.must(err, "BeginSession")
	session := cloneSession(b.Session)
	session.GrantID = grant.ID
	session.ClientID = app.ClientID
	session.GrantUsedAt = grant.LastUsedAt
	return session
}

// redemption returns the exchange of a session's code, a minute after it began.
func (t *trial) redemption(session store.Session) store.Redemption {
	now := start.Add(time.Minute)
	return store.Redemption{
		SessionID: session.ID,
		Code:      session.Code.Digest,
		Access:    store.AccessToken{Digest: t.digest(), IssuedAt: now, ExpiresAt: now.Add(accessTTL), Scopes: slices.Clone(session.Scopes)},
		Refresh:   store.RefreshToken{Digest: t.digest(), ExpiresAt: now.Add(refreshTTL)},
		Family:    t.digest(),
		ExpiresAt: start.Add(sessionTTL),
		Extra:     []byte("redeemed\x00\xff"),
		At:        now,
	}
}

// redeem redeems a session's code and returns what the store must now have.
func (t *trial) redeem(session store.Session) store.Session {
	r := t.redemption(session)
	t.must(t.RedeemCode(t.ctx, r), "RedeemCode")
	return redeemed(session, r)
}

// redeemed is a session after its code was exchanged.
func redeemed(session store.Session, r store.Redemption) store.Session {
	session.Code = store.Code{Digest: session.Code.Digest, RedeemedAt: r.At, CodeChallenge: session.Code.CodeChallenge}
	session.Access = r.Access
	session.Refresh = r.Refresh
	session.RefreshFamily = r.Family
	session.ExpiresAt = r.ExpiresAt
	session.Extra = r.Extra
	return cloneSession(session)
}

// signIn is begin and redeem.
func (t *trial) signIn(app oauthapp.Application, user, account string, scopes ...string) store.Session {
	return t.redeem(t.begin(app, user, account, scopes...))
}

// rotation returns the exchange of a session's refresh token, an hour after it
// began.
func (t *trial) rotation(session store.Session) store.Rotation {
	now := start.Add(time.Hour)
	return store.Rotation{
		SessionID: session.ID,
		Presented: session.Refresh.Digest,
		Replaces:  session.Access.Digest,
		Access:    store.AccessToken{Digest: t.digest(), IssuedAt: now, ExpiresAt: now.Add(accessTTL), Scopes: slices.Clone(session.Scopes)},
		Refresh:   store.RefreshToken{Digest: t.digest(), ExpiresAt: now.Add(refreshTTL)},
		Salt:      t.salt(),
		Extra:     []byte("rotated\x00\xff"),
		At:        now,
	}
}

// rotate rotates a session's refresh token and returns what the store must now
// have.
func (t *trial) rotate(session store.Session) store.Session {
	r := t.rotation(session)
	t.must(t.RotateRefreshToken(t.ctx, r), "RotateRefreshToken")
	return rotated(session, r)
}

// rotated is a session after its refresh token was exchanged.
func rotated(session store.Session, r store.Rotation) store.Session {
	session.PreviousAccess = session.Access
	session.Access = r.Access
	session.PreviousRefresh = session.Refresh.Digest
	session.Refresh = r.Refresh
	session.RotatedAt = r.At
	session.RotationSalt = r.Salt
	session.Extra = r.Extra
	return cloneSession(session)
}

func cloneSession(s store.Session) store.Session {
	s.Scopes = slices.Clone(s.Scopes)
	s.Access.Scopes = slices.Clone(s.Access.Scopes)
	s.PreviousAccess.Scopes = slices.Clone(s.PreviousAccess.Scopes)
	s.Extra = slices.Clone(s.Extra)
	return s
}

// grantOf returns the grant as the store must have it after a first session.
func grantOf(session store.Session) oauthapp.Grant {
	return oauthapp.Grant{
		ID:            session.GrantID,
		ApplicationID: session.ApplicationID,
		UserID:        session.UserID,
		AccountID:     session.AccountID,
		Scopes:        session.Scopes,
		AuthorizedAt:  session.CreatedAt,
		LastUsedAt:    session.GrantUsedAt,
	}
}

// sorted returns a grant with its scopes sorted: how the store orders their
// union is its own affair.
func sorted(g oauthapp.Grant) oauthapp.Grant {
	g.Scopes = slices.Sorted(slices.Values(g.Scopes))
	return g
}

// isLive fails unless the store has exactly this of a live session.
func (t *trial) isLive(want store.Session, format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	for _, t := range t.everywhere() {
		got, err := t.Session(t.ctx, want.ID)
		t.must(err, "Session, %s,", what)
		t.same(got, want, "Session, %s", what)
		client, err := t.Client(t.ctx, want.ClientID, want.ID, start)
		t.must(err, "Client, %s,", what)
		if client.Session == nil {
			t.failf("Client has no session, %s", what)
		}
		t.same(*client.Session, want, "Client.Session, %s", what)
	}
}

// isDead fails unless nothing of a session is found or accepted any more.
func (t *trial) isDead(s store.Session, format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	for _, t := range t.everywhere() {
		_, err := t.Session(t.ctx, s.ID)
		t.want(store.ErrNotFound, err, "Session, %s,", what)
		client, err := t.Client(t.ctx, s.ClientID, s.ID, start)
		if err == nil && client.Session != nil {
			t.failf("Client has the session, %s", what)
		}
		t.want(store.ErrNotFound, t.RedeemCode(t.ctx, t.redemption(s)), "RedeemCode, %s,", what)
		t.want(store.ErrNotFound, t.RotateRefreshToken(t.ctx, t.rotation(s)), "RotateRefreshToken, %s,", what)
		old := t.rotation(s)
		old.Presented = t.digest()
		t.want(store.ErrNotFound, t.RotateRefreshToken(t.ctx, old), "RotateRefreshToken with another token, %s,", what)
	}
}

// stored returns an application as the store has it, for its owner and for its
// client.
func (t *trial) stored(app oauthapp.Application) oauthapp.Application {
	got, err := t.Application(t.ctx, oauthapp.AnyOwner, app.ID)
	t.must(err, "Application")
	want := got
	want.LastUsedAt = time.Time{}
	for _, t := range t.everywhere() {
		client, err := t.Client(t.ctx, got.ClientID, uuid.Nil, start)
		t.must(err, "Client")
		t.same(client.Application, want, "Client.Application, by what Application returned,")
	}
	return got
}

// secretsAt returns the secrets of an application that are live.
func (t *trial) secretsAt(app oauthapp.Application, now time.Time) []oauthapp.Secret {
	secrets, err := t.Secrets(t.ctx, oauthapp.OwnedBy(app.Owner), app.ID, now)
	t.must(err, "Secrets")
	return secrets
}
