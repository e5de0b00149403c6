package sqlite

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// secret reads secretColumns.
func (r *row) secret() oauthapp.Secret {
	return oauthapp.Secret{
		ID:            r.id(),
		ApplicationID: r.id(),
		Digest:        r.digest(),
		Hint:          r.text(),
		CreatedAt:     r.time(),
		LastUsedAt:    r.time(),
		ExpiresAt:     r.time(),
		Hash:          r.text(),
	}
}

func addSecret(c *conn, secret oauthapp.Secret) error {
	inserted, err := c.exec(insertSecret, blob(secret.ID[:]), blob(secret.ApplicationID[:]), blob(secret.Digest[:]), text(secret.Hint),
		instant(secret.CreatedAt), timeValue(secret.LastUsedAt), timeValue(secret.ExpiresAt), textValue(secret.Hash))
	if err == nil && inserted == 0 {
		return store.ErrExists
	}
	return err
}

// Secrets implements [oauthapp.Store].
func (s *Store) Secrets(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, now time.Time) (secrets []oauthapp.Secret, err error) {
	err = s.read(ctx, "secrets", func(c *conn) error {
		secrets = nil
		return c.some(selectSecrets, func(r *row) {
			if !r.absent() {
				secrets = append(secrets, r.secret())
			}
		}, blob(id[:]), ownerValue(owner), instant(now))
	})
	return orZero(secrets, err)
}

// FindSecret implements [oauthapp.Store].
func (s *Store) FindSecret(ctx context.Context, digest credential.Digest, now time.Time) (oauthapp.Secret, error) {
	if digest.IsZero() { // that of every imported secret
		return oauthapp.Secret{}, store.ErrNotFound
	}
	return readOne(ctx, s, "find secret", (*row).secret, findSecret, blob(digest[:]), instant(now))
}

// AdoptSecret implements [oauthapp.Store].
func (s *Store) AdoptSecret(ctx context.Context, application, secret uuid.UUID, hash string, digest credential.Digest) error {
	return s.write(ctx, "adopt secret", func(c *conn) error {
		adopted, err := c.exec(adoptSecret, blob(application[:]), blob(secret[:]), text(hash), blob(digest[:]))
		if err == nil && adopted == 0 {
			return store.ErrNotFound
		}
		return err
	})
}

// AddSecret implements [oauthapp.Store].
func (s *Store) AddSecret(ctx context.Context, owner oauthapp.Owner, secret oauthapp.Secret, othersExpireAt time.Time, limit int) error {
	if othersExpireAt.Before(secret.CreatedAt) {
		othersExpireAt = secret.CreatedAt // a zero time above all must not stand for "never"
	}
	return s.write(ctx, "add secret", func(c *conn) error {
		var clientType oauthapp.ClientType
		var live int64
		err := c.must(lookUpSecrets, func(r *row) { clientType, live = oauthapp.ClientType(r.text()), r.int() },
			blob(secret.ApplicationID[:]), ownerValue(owner), instant(secret.CreatedAt))
		switch {
		case err != nil:
			return err
		case clientType == oauthapp.Public:
			return store.ErrNotFound
		case !othersExpireAt.After(secret.CreatedAt):
			live = 0
		}
		if live+1 > int64(limit) {
			return c.either(takenSecret, store.ErrExists, store.ErrLimit, blob(secret.ApplicationID[:]), blob(secret.ID[:]))
		}
		if _, err := c.exec(expireSecrets, blob(secret.ApplicationID[:]), instant(othersExpireAt)); err != nil {
			return err
		}
		return addSecret(c, secret)
	})
}

// RevokeSecret implements [oauthapp.Store].
func (s *Store) RevokeSecret(ctx context.Context, owner oauthapp.Owner, id, secret uuid.UUID, at time.Time) (was oauthapp.Secret, err error) {
	err = s.write(ctx, "revoke secret", func(c *conn) error {
		err := c.must(selectSecret, func(r *row) { was = r.secret() }, blob(id[:]), ownerValue(owner), instant(at), blob(secret[:]))
		if err != nil {
			return err
		}
		_, err = c.exec(expireSecret, blob(id[:]), blob(secret[:]), instant(at))
		return err
	})
	return orZero(was, err)
}
