package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/clientcache"
)

// readSession reads sessionColumns.
func readSession(row *columns, s *store.Session) {
	row.id(&s.ID)
	row.scopes(&s.Scopes)
	row.text(&s.Code.RedirectURI)
	row.text(&s.Code.CodeChallenge)
	row.scopes(&s.Access.Scopes)
	row.scopes(&s.PreviousAccess.Scopes)
	row.times(&s.CreatedAt, &s.ExpiresAt, &s.Code.ExpiresAt, &s.Code.RedeemedAt, &s.Access.IssuedAt, &s.Access.ExpiresAt,
		&s.PreviousAccess.IssuedAt, &s.PreviousAccess.ExpiresAt, &s.Refresh.ExpiresAt, &s.RotatedAt, &s.GrantUsedAt)
	row.binaries(&s.Code.Digest, &s.Code.State, &s.Access.Digest, &s.PreviousAccess.Digest, &s.Refresh.Digest, &s.PreviousRefresh, &s.RefreshFamily,
		&s.RotationSalt, &s.Extra)
	row.id(&s.GrantID)
	row.id(&s.ApplicationID)
	row.text(&s.UserID)
	row.text(&s.AccountID)
	orOfSession(&s.Access, s.Scopes)
	orOfSession(&s.PreviousAccess, s.Scopes)
}

// orOfSession gives one of the access tokens of a session the session's scopes,
// unless it has its own: an empty list of its own is not absent.
func orOfSession(token *store.AccessToken, ofSession []string) {
	if token.Scopes == nil && !token.Digest.IsZero() {
		token.Scopes = ofSession
	}
}

// readSessionOfClient reads selectSession.
func readSessionOfClient(row *columns, s *store.Session) {
	readSession(row, s)
	row.text(&s.ClientID)
}

// Client implements [store.Store].
func (s *Store) Client(ctx context.Context, clientID string, session uuid.UUID, now time.Time) (client store.Client, err error) {
	if !isText(clientID) {
		return store.Client{}, store.ErrNotFound
	}
	err = s.reading("client").run(ctx, func(ctx context.Context, c *pgx.Conn) error {
		var found *store.Session
		entry, known := s.clients.Get(clientID, now)
		if known {
			known = false // until the database says so
			err := s.query(ctx, c, forAny, func(row *columns) { known, found = true, readSessionOf(row, clientID) },
				selectSessionOfClient, idValue(entry.Application.ID), idValue(session), idValue(entry.Revision))
			if err != nil {
				return err
			}
		}
		if !known {
			entry = clientcache.Entry[uuid.UUID]{From: now, Read: time.Now()}
			if found, err = s.readClient(ctx, c, &entry, clientID, session); err != nil {
				return err
			}
			s.clients.Put(&entry)
		}
		client = entry.Client(found, now)
		return nil
	})
	if err != nil {
		return store.Client{}, err
	}
	return client, nil
}

// readClient reads a client as of entry.From, and its session if that is there.
func (s *Store) readClient(ctx context.Context, c *pgx.Conn, entry *clientcache.Entry[uuid.UUID], clientID string, session uuid.UUID) (found *store.Session, err error) {
	rows := 0
	err = s.query(ctx, c, forAny, func(row *columns) {
		if rows++; rows == 1 { // all have the same but for the secret
			row.id(&entry.Revision)
			found = readSessionOf(row, clientID)
			readRegistered(row, &entry.Application)
		} else {
			row.skip(1 + sessionWidth + registeredWidth)
		}
		if !row.isAbsent() {
			entry.Secrets = append(entry.Secrets, oauthapp.Secret{})
			readSecret(row, &entry.Secrets[len(entry.Secrets)-1])
		}
	}, selectClient, clientID, idValue(session), instant(entry.From))
	if err == nil && rows == 0 {
		return nil, store.ErrNotFound
	}
	return found, err
}

// readSessionOf reads sessionColumns, of a client's session or of none.
func readSessionOf(row *columns, clientID string) *store.Session {
	if row.isAbsent() {
		row.skip(sessionWidth)
		return nil
	}
	session := &store.Session{ClientID: clientID}
	readSession(row, session)
	return session
}

// Session implements [store.Store].
func (s *Store) Session(ctx context.Context, id uuid.UUID) (store.Session, error) {
	return one(ctx, s.reading("session"), readSessionOfClient, selectSession, idValue(id))
}

// BeginSession implements [store.Store].
func (s *Store) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	session, code, access, refresh := b.Session, b.Session.Code, b.Session.Access, b.Session.Refresh
	sql, args := beginSessionAgain, []any{
		idValue(session.ApplicationID), session.UserID, session.AccountID, listValue(session.Scopes), instant(session.CreatedAt),
		idValue(session.ID), instant(session.ExpiresAt), scopesValue(session.Scopes), session.Extra,
		digestValue(code.Digest), timeValue(code.ExpiresAt), textValue(code.RedirectURI), textValue(code.CodeChallenge), digestValue(code.State),
		digestValue(access.Digest), timeValue(access.IssuedAt), timeValue(access.ExpiresAt), tokenScopeValue(access),
		digestValue(refresh.Digest), timeValue(refresh.ExpiresAt), digestValue(session.RefreshFamily),
		idValue(b.SecretID),
	}
	if b.GrantID != uuid.Nil {
		sql, args = beginSession, append(args, idValue(b.GrantID))
	}
	grant, err := one(ctx, s.writing("begin session"), readGrant, sql, args...)
	return grant, orExists(err)
}

// RedeemCode implements [store.Store].
func (s *Store) RedeemCode(ctx context.Context, r store.Redemption) error {
	why := func(ctx context.Context, c *pgx.Conn) error {
		v, err := s.readVerdict(ctx, c, r.SessionID)
		if err == nil && v.code.Equal(r.Code) && !v.redeemedAt.IsZero() {
			return store.ErrUsed
		}
		return orNotFound(err, store.ErrNotFound)
	}
	return change(ctx, s.writing("redeem code"), why, redeemCode, idValue(r.SessionID), digestValue(r.Code), instant(r.At), instant(r.ExpiresAt),
		digestValue(r.Access.Digest), timeValue(r.Access.IssuedAt), timeValue(r.Access.ExpiresAt), scopesValue(r.Access.Scopes),
		digestValue(r.Refresh.Digest), timeValue(r.Refresh.ExpiresAt), digestValue(r.Family), r.Extra)
}

// RotateRefreshToken implements [store.Store].
func (s *Store) RotateRefreshToken(ctx context.Context, r store.Rotation) error {
	why := func(ctx context.Context, c *pgx.Conn) error {
		v, err := s.readVerdict(ctx, c, r.SessionID)
		switch {
		case err != nil:
			return orNotFound(err, store.ErrNotFound)
		case v.refresh.IsZero(), !r.At.Before(v.refreshExpiresAt), !r.At.Before(v.expiresAt):
			return store.ErrNotFound
		case v.refresh.Equal(r.Presented):
			return store.ErrConflict
		}
		return store.ErrUsed
	}
	return change(ctx, s.writing("rotate refresh token"), why, rotateRefreshToken, idValue(r.SessionID), digestValue(r.Presented), instant(r.At),
		digestValue(r.Access.Digest), timeValue(r.Access.IssuedAt), timeValue(r.Access.ExpiresAt), scopesValue(r.Access.Scopes),
		digestValue(r.Refresh.Digest), timeValue(r.Refresh.ExpiresAt), saltValue(r.Salt), r.Extra, digestValue(r.Replaces))
}

// A verdict is what tells why a session did not change.
type verdict struct {
	code             credential.Digest
	redeemedAt       time.Time
	refresh          credential.Digest
	refreshExpiresAt time.Time
	expiresAt        time.Time
}

// readVerdict returns pgx.ErrNoRows if there is no such live session.
func (s *Store) readVerdict(ctx context.Context, c *pgx.Conn, session uuid.UUID) (v verdict, err error) {
	found := false
	err = s.query(ctx, c, forAny, func(row *columns) {
		found = true
		row.digest(&v.code)
		row.time(&v.redeemedAt)
		row.digest(&v.refresh)
		row.time(&v.refreshExpiresAt)
		row.time(&v.expiresAt)
	}, selectVerdict, idValue(session))
	if err == nil && !found {
		err = pgx.ErrNoRows
	}
	return v, err
}

// nothing is for changes that need not find anything.
func nothing(context.Context, *pgx.Conn) error { return nil }

// EndSession implements [store.Store].
func (s *Store) EndSession(ctx context.Context, id uuid.UUID) error {
	return change(ctx, s.writing("end session"), nothing, endSession, idValue(id))
}

// Touch implements [store.Store].
func (s *Store) Touch(ctx context.Context, u store.Use) error {
	if u.APITokenID != uuid.Nil {
		if err := change(ctx, s.writing("touch"), nothing, touchAPIToken, idValue(u.APITokenID), instant(u.At)); err != nil {
			return err
		}
	}
	if u.GrantID == uuid.Nil && u.SecretID == uuid.Nil {
		return nil
	}
	return change(ctx, s.writing("touch"), nothing, touch, idValue(u.GrantID), instant(u.At), idValue(u.ApplicationID), idValue(u.SecretID))
}
