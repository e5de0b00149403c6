package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// readSecret reads secretColumns.
func readSecret(row *columns, c *oauthapp.Secret) {
	row.id(&c.ID)
	row.id(&c.ApplicationID)
	row.digest(&c.Digest)
	row.text(&c.Hint)
	row.time(&c.CreatedAt)
	row.time(&c.LastUsedAt)
	row.time(&c.ExpiresAt)
	row.text(&c.Hash)
}

// Secrets implements [oauthapp.Store].
func (s *Store) Secrets(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, now time.Time) ([]oauthapp.Secret, error) {
	if !isText(owner.Account()) {
		return nil, store.ErrNotFound
	}
	secrets, err := all(ctx, s.reading("secrets"), forAny, readSecret, selectSecrets, idValue(id), ownerValue(owner), instant(now))
	switch {
	case err != nil:
		return nil, err
	case len(secrets) == 0:
		return nil, store.ErrNotFound
	case secrets[0].ID == uuid.Nil: // the application alone
		return nil, nil
	}
	return secrets, nil
}

// FindSecret implements [oauthapp.Store].
func (s *Store) FindSecret(ctx context.Context, digest credential.Digest, now time.Time) (oauthapp.Secret, error) {
	if digest.IsZero() { // that of every imported secret
		return oauthapp.Secret{}, store.ErrNotFound
	}
	return one(ctx, s.reading("find secret"), readSecret, findSecret, digest[:], instant(now))
}

// AdoptSecret implements [oauthapp.Store].
func (s *Store) AdoptSecret(ctx context.Context, application, secret uuid.UUID, hash string, digest credential.Digest) error {
	none := func(context.Context, *pgx.Conn) error { return store.ErrNotFound }
	if !isText(hash) {
		return store.ErrNotFound
	}
	return change(ctx, s.writing("adopt secret"), none, adoptSecret, idValue(application), idValue(secret), hash, digest[:])
}

// AddSecret implements [oauthapp.Store].
func (s *Store) AddSecret(ctx context.Context, owner oauthapp.Owner, secret oauthapp.Secret, othersExpireAt time.Time, limit int) error {
	if !isText(owner.Account()) {
		return store.ErrNotFound
	}
	if othersExpireAt.Before(secret.CreatedAt) {
		othersExpireAt = secret.CreatedAt // a zero time above all must not stand for "never"
	}
	err := s.writing("add secret").run(ctx, func(ctx context.Context, c *pgx.Conn) error {
		found, added, err := afterLock(ctx, c,
			statement{lockConfidential, []any{idValue(secret.ApplicationID), ownerValue(owner)}},
			statement{addSecret, []any{idValue(secret.ApplicationID), ownerValue(owner), instant(secret.CreatedAt), instant(othersExpireAt), int64(limit),
				idValue(secret.ID), secret.Digest[:], secret.Hint, timeValue(secret.LastUsedAt), timeValue(secret.ExpiresAt), textValue(secret.Hash)}})
		switch {
		case err != nil:
			return err
		case found == 0:
			return store.ErrNotFound
		case added == 0:
			return store.ErrLimit
		}
		return nil
	})
	return orExists(err)
}

// RevokeSecret implements [oauthapp.Store].
func (s *Store) RevokeSecret(ctx context.Context, owner oauthapp.Owner, id, secret uuid.UUID, at time.Time) (oauthapp.Secret, error) {
	if !isText(owner.Account()) {
		return oauthapp.Secret{}, store.ErrNotFound
	}
	return one(ctx, s.writing("revoke secret"), readSecret, revokeSecret, idValue(id), ownerValue(owner), instant(at), idValue(secret))
}
