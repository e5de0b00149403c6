package sqlite

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// session reads sessionColumns.
func (r *row) session() store.Session {
	s := store.Session{
		GrantID: r.id(), ApplicationID: r.id(), UserID: r.text(), AccountID: r.text(), GrantUsedAt: r.time(),
		ID: r.id(), CreatedAt: r.time(), ExpiresAt: r.time(), Scopes: r.scopes(),
	}
	s.Code = store.Code{
		Digest:        r.digest(),
		ExpiresAt:     r.time(),
		RedeemedAt:    r.time(),
		RedirectURI:   r.text(),
		CodeChallenge: r.text(),
		State:         r.digest(),
	}
	s.Access = r.accessToken(s.Scopes)
	s.PreviousAccess = r.accessToken(s.Scopes)
	s.Refresh = store.RefreshToken{Digest: r.digest(), ExpiresAt: r.time()}
	s.PreviousRefresh = r.digest()
	s.RefreshFamily = r.digest()
	s.RotatedAt = r.time()
	if s.RotatedAt.IsZero() && !s.PreviousRefresh.IsZero() {
		s.RotatedAt = s.Access.IssuedAt
	}
	r.bytes(s.RotationSalt[:])
	s.Extra = r.blob()
	return s
}

// accessToken reads the columns of an access token. Its scopes are those of the
// session where the column is NULL.
func (r *row) accessToken(session []string) store.AccessToken {
	t := store.AccessToken{Digest: r.digest(), IssuedAt: r.time(), ExpiresAt: r.time()}
	inherits := r.absent()
	t.Scopes = r.scopes()
	switch {
	case t.Digest.IsZero():
		return store.AccessToken{}
	case inherits:
		t.Scopes = session
	}
	return t
}

// Client implements [store.Store].
func (s *Store) Client(ctx context.Context, clientID string, session uuid.UUID, now time.Time) (client store.Client, err error) {
	err = s.read(ctx, "client", func(c *conn) error {
		client = store.Client{}
		rows := 0
		return c.some(selectClient, func(r *row) {
			rows++
			if rows == 1 { // all have the same but for the secret
				client.Application = r.application()
				client.Application.LastUsedAt = time.Time{}
			} else {
				r.skip(applicationWidth)
			}
			if r.absent() {
				r.skip(secretWidth)
			} else {
				client.Secrets = append(client.Secrets, r.secret())
			}
			if rows == 1 {
				client.Session = r.sessionOf(clientID)
			}
		}, text(clientID), blob(session[:]), instant(now))
	})
	return orZero(client, err)
}

// sessionOf reads sessionColumns, of a client's session or of none.
func (r *row) sessionOf(clientID string) *store.Session {
	if r.absent() {
		return nil
	}
	session := r.session()
	session.ClientID = clientID
	return &session
}

// Session implements [store.Store].
func (s *Store) Session(ctx context.Context, id uuid.UUID) (store.Session, error) {
	read := func(r *row) store.Session {
		session := r.session()
		session.ClientID = r.text()
		return session
	}
	return readOne(ctx, s, "session", read, selectSession, blob(id[:]))
}

// BeginSession implements [store.Store].
func (s *Store) BeginSession(ctx context.Context, b store.SessionStart) (g oauthapp.Grant, err error) {
	err = s.write(ctx, "begin session", func(c *conn) error {
		under, key, own, err := authorize(c, &b)
		if err != nil {
			return err
		}
		g = under
		session, code, access := &b.Session, &b.Session.Code, &b.Session.Access
		inserted, err := c.exec(insertSession, blob(session.ID[:]), number(key), instant(session.CreatedAt), instant(session.ExpiresAt),
			scopesValue(session.Scopes), digestValue(&code.Digest), timeValue(code.ExpiresAt),
			textValue(code.RedirectURI), textValue(code.CodeChallenge), digestValue(&code.State),
			digestValue(&access.Digest), timeValue(access.IssuedAt), timeValue(access.ExpiresAt), scopesValue(access.Scopes),
			digestValue(&session.Refresh.Digest), timeValue(session.Refresh.ExpiresAt), digestValue(&session.RefreshFamily), blobValue(session.Extra),
			own, idValue(&b.SecretID))
		if err == nil && inserted == 0 {
			return store.ErrExists
		}
		return err
	})
	return orZero(g, err)
}

// RedeemCode implements [store.Store].
func (s *Store) RedeemCode(ctx context.Context, r store.Redemption) error {
	return s.write(ctx, "redeem code", func(c *conn) error {
		redeemed, err := c.exec(redeemCode, blob(r.SessionID[:]), digestValue(&r.Code), instant(r.At), instant(r.ExpiresAt),
			digestValue(&r.Access.Digest), timeValue(r.Access.IssuedAt), timeValue(r.Access.ExpiresAt), scopesValue(r.Access.Scopes),
			digestValue(&r.Refresh.Digest), timeValue(r.Refresh.ExpiresAt), digestValue(&r.Family), blobValue(r.Extra))
		if err != nil || redeemed > 0 {
			return err
		}
		v, err := readVerdict(c, r.SessionID)
		if err != nil {
			return err
		}
		if v.code.Equal(r.Code) && !v.redeemedAt.IsZero() {
			return store.ErrUsed
		}
		return store.ErrNotFound
	})
}

// RotateRefreshToken implements [store.Store].
func (s *Store) RotateRefreshToken(ctx context.Context, r store.Rotation) error {
	return s.write(ctx, "rotate refresh token", func(c *conn) error {
		rotated, err := c.exec(rotateRefreshToken, blob(r.SessionID[:]), digestValue(&r.Presented), instant(r.At),
			digestValue(&r.Access.Digest), timeValue(r.Access.IssuedAt), timeValue(r.Access.ExpiresAt), scopesValue(r.Access.Scopes),
			digestValue(&r.Refresh.Digest), timeValue(r.Refresh.ExpiresAt), blob(r.Salt[:]), blobValue(r.Extra), digestValue(&r.Replaces))
		if err != nil || rotated > 0 {
			return err
		}
		v, err := readVerdict(c, r.SessionID)
		if err != nil {
			return err
		}
		switch {
		case v.refresh.IsZero(), !r.At.Before(v.refreshExpiresAt), !r.At.Before(v.expiresAt):
			return store.ErrNotFound
		case v.refresh.Equal(r.Presented):
			return store.ErrConflict
		}
		return store.ErrUsed
	})
}

// A verdict is what tells why a session did not change.
type verdict struct {
	code             credential.Digest
	redeemedAt       time.Time
	refresh          credential.Digest
	refreshExpiresAt time.Time
	expiresAt        time.Time
}

func readVerdict(c *conn, session uuid.UUID) (v verdict, err error) {
	err = c.must(selectVerdict, func(r *row) {
		v = verdict{code: r.digest(), redeemedAt: r.time(), refresh: r.digest(), refreshExpiresAt: r.time(), expiresAt: r.time()}
	}, blob(session[:]))
	return v, err
}

// EndSession implements [store.Store].
func (s *Store) EndSession(ctx context.Context, id uuid.UUID) error {
	return s.write(ctx, "end session", func(c *conn) error {
		_, err := c.exec(deleteSession, blob(id[:]))
		return err
	})
}

// Touch implements [store.Store].
func (s *Store) Touch(ctx context.Context, u store.Use) error {
	return s.write(ctx, "touch", func(c *conn) error {
		if u.GrantID != uuid.Nil {
			var application uuid.UUID
			found, err := c.one(touchGrant, func(r *row) { application = r.id() }, blob(u.GrantID[:]), instant(u.At))
			if err != nil {
				return err
			}
			if found {
				if _, err := c.exec(touchApplication, blob(application[:]), instant(u.At)); err != nil {
					return err
				}
			}
		}
		if u.SecretID != uuid.Nil {
			if _, err := c.exec(touchSecret, blob(u.ApplicationID[:]), blob(u.SecretID[:]), instant(u.At)); err != nil {
				return err
			}
		}
		if u.APITokenID != uuid.Nil {
			_, err := c.exec(touchAPIToken, blob(u.APITokenID[:]), instant(u.At))
			return err
		}
		return nil
	})
}
