package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// sessionTargets are for sessionColumns. What inherit says has to be done afterwards.
func sessionTargets(s *store.Session) []any {
	return []any{
		(*idColumn)(&s.ID), (*timeColumn)(&s.CreatedAt), (*timeColumn)(&s.ExpiresAt), &s.Scopes,
		(*digestColumn)(&s.Code.Digest), (*timeColumn)(&s.Code.ExpiresAt), (*timeColumn)(&s.Code.RedeemedAt),
		(*textColumn)(&s.Code.RedirectURI), (*textColumn)(&s.Code.CodeChallenge), (*digestColumn)(&s.Code.State),
		(*digestColumn)(&s.Access.Digest), (*timeColumn)(&s.Access.IssuedAt), (*timeColumn)(&s.Access.ExpiresAt), &s.Access.Scopes,
		(*digestColumn)(&s.PreviousAccess.Digest), (*timeColumn)(&s.PreviousAccess.IssuedAt), (*timeColumn)(&s.PreviousAccess.ExpiresAt), &s.PreviousAccess.Scopes,
		(*digestColumn)(&s.Refresh.Digest), (*timeColumn)(&s.Refresh.ExpiresAt),
		(*digestColumn)(&s.PreviousRefresh), (*digestColumn)(&s.RefreshFamily), (*timeColumn)(&s.RotatedAt),
		(*idColumn)(&s.GrantID), (*idColumn)(&s.ApplicationID), (*textColumn)(&s.UserID), (*textColumn)(&s.AccountID), (*timeColumn)(&s.GrantUsedAt),
	}
}

// inherit gives access tokens without scopes of their own (NULL, unlike an empty list) those of the session.
func inherit(s *store.Session) {
	for _, token := range []*store.AccessToken{&s.Access, &s.PreviousAccess} {
		if token.Scopes == nil && !token.Digest.IsZero() {
			token.Scopes = slices.Clone(s.Scopes)
		}
	}
}

func scanSession(row pgx.CollectableRow) (s store.Session, err error) {
	err = row.Scan(append(sessionTargets(&s), &s.ClientID)...)
	inherit(&s)
	return s, err
}

// A clientRow is the application with one of its secrets, or none, and the session, or none.
type clientRow struct {
	application oauthapp.Application
	secret      oauthapp.Secret
	session     store.Session
}

func scanClientRow(row pgx.CollectableRow) (r clientRow, err error) {
	err = row.Scan(slices.Concat(applicationTargets(&r.application), secretTargets(&r.secret), sessionTargets(&r.session))...)
	inherit(&r.session)
	r.session.ClientID = r.application.ClientID
	return r, err
}

// Client implements [store.Store].
func (s *Store) Client(ctx context.Context, clientID string, session uuid.UUID, now time.Time) (store.Client, error) {
	if !isText(clientID) {
		return store.Client{}, store.ErrNotFound
	}
	rows, err := all(ctx, s.reading("client"), scanClientRow, selectClient, clientID, idValue(session), instant(now))
	if err != nil {
		return store.Client{}, err
	}
	if len(rows) == 0 {
		return store.Client{}, store.ErrNotFound
	}
	client := store.Client{Application: rows[0].application}
	for _, row := range rows {
		if row.secret.ID != uuid.Nil {
			client.Secrets = append(client.Secrets, row.secret)
		}
	}
	if rows[0].session.ID != uuid.Nil {
		client.Session = &rows[0].session
	}
	return client, nil
}

// Session implements [store.Store].
func (s *Store) Session(ctx context.Context, id uuid.UUID) (store.Session, error) {
	return one(ctx, s.reading("session"), scanSession, selectSession, idValue(id))
}

// BeginSession implements [store.Store].
func (s *Store) BeginSession(ctx context.Context, b store.Beginning) (oauthapp.Grant, error) {
	session, code := b.Session, b.Session.Code
	query, args := beginSessionAgain, []any{
		idValue(session.ApplicationID), session.UserID, session.AccountID, listValue(session.Scopes), instant(session.CreatedAt),
		idValue(session.ID), instant(session.ExpiresAt), digestValue(code.Digest), timeValue(code.ExpiresAt),
		textValue(code.RedirectURI), textValue(code.CodeChallenge), digestValue(code.State),
	}
	if b.GrantID != uuid.Nil {
		query, args = beginSession, append(args, idValue(b.GrantID))
	}
	grant, err := one(ctx, s.writing("begin session"), scanGrant, query, args...)
	return grant, orExists(err)
}

// RedeemCode implements [store.Store].
func (s *Store) RedeemCode(ctx context.Context, r store.Redemption) error {
	why := func(ctx context.Context, c *pgx.Conn) error {
		v, err := readVerdict(ctx, c, r.SessionID)
		if err == nil && v.code.Equal(r.Code) && !v.redeemedAt.IsZero() {
			return store.ErrUsed
		}
		return orNotFound(err, store.ErrNotFound)
	}
	return change(ctx, s.writing("redeem code"), why, redeemCode, idValue(r.SessionID), digestValue(r.Code), instant(r.At), instant(r.ExpiresAt),
		digestValue(r.Access.Digest), timeValue(r.Access.IssuedAt), timeValue(r.Access.ExpiresAt), listValue(r.Access.Scopes),
		digestValue(r.Refresh.Digest), timeValue(r.Refresh.ExpiresAt), digestValue(r.Family))
}

// RotateRefreshToken implements [store.Store].
func (s *Store) RotateRefreshToken(ctx context.Context, r store.Rotation) error {
	why := func(ctx context.Context, c *pgx.Conn) error {
		v, err := readVerdict(ctx, c, r.SessionID)
		if err == nil && (v.refresh.IsZero() || !r.At.Before(v.refreshExpiresAt) || !r.At.Before(v.expiresAt)) {
			return store.ErrNotFound
		}
		return orNotFound(err, store.ErrUsed)
	}
	return change(ctx, s.writing("rotate refresh token"), why, rotateRefreshToken, idValue(r.SessionID), digestValue(r.Presented), instant(r.At),
		digestValue(r.Access.Digest), timeValue(r.Access.IssuedAt), timeValue(r.Access.ExpiresAt), listValue(r.Access.Scopes),
		digestValue(r.Refresh.Digest), timeValue(r.Refresh.ExpiresAt))
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
func readVerdict(ctx context.Context, c *pgx.Conn, session uuid.UUID) (v verdict, err error) {
	err = c.QueryRow(ctx, selectVerdict, idValue(session)).Scan((*digestColumn)(&v.code), (*timeColumn)(&v.redeemedAt),
		(*digestColumn)(&v.refresh), (*timeColumn)(&v.refreshExpiresAt), (*timeColumn)(&v.expiresAt))
	return v, err
}

// nothing is for changes that need not find anything.
func nothing(context.Context, *pgx.Conn) error { return nil }

// EndSession implements [store.Store].
func (s *Store) EndSession(ctx context.Context, id uuid.UUID, at time.Time) error {
	return change(ctx, s.writing("end session"), nothing, endSession, idValue(id))
}

// Touch implements [store.Store].
func (s *Store) Touch(ctx context.Context, u store.Use) error {
	return change(ctx, s.writing("touch"), nothing, touch, idValue(u.GrantID), instant(u.At), idValue(u.ApplicationID), idValue(u.SecretID))
}
