package memory

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// liveSecrets returns a copy of the secrets accepted at a time, newest first.
func (a *application) liveSecrets(now time.Time) []oauthapp.Secret {
	var live []oauthapp.Secret
	for _, secret := range a.secrets {
		if secret.Live(now) {
			live = append(live, secret)
		}
	}
	return live
}

// Secrets implements [oauthapp.Store].
func (s *Store) Secrets(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, now time.Time) ([]oauthapp.Secret, error) {
	if err := done(ctx); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()

	a, err := s.find(owner, id)
	if err != nil {
		return nil, err
	}
	return a.liveSecrets(now), nil
}

// FindSecret implements [oauthapp.Store]. It looks through all applications, as
// it is asked about leaked secrets alone.
func (s *Store) FindSecret(ctx context.Context, digest credential.Digest, now time.Time) (oauthapp.Secret, error) {
	if err := done(ctx); err != nil {
		return oauthapp.Secret{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()

	for _, a := range s.applications {
		if a == nil {
			continue
		}
		for _, secret := range a.secrets {
			if secret.Live(now) && secret.Digest.Equal(digest) {
				return secret, nil
			}
		}
	}
	return oauthapp.Secret{}, store.ErrNotFound
}

// AdoptSecret implements [oauthapp.Store].
func (s *Store) AdoptSecret(ctx context.Context, application, secret uuid.UUID, hash string, digest credential.Digest) error {
	if err := done(ctx); err != nil {
		return err
	}
	s.lock()
	defer s.mu.Unlock()

	if a := s.applications[application]; a != nil {
		for i := range a.secrets {
			if found := &a.secrets[i]; found.ID == secret && found.Hash == hash && hash != "" {
				found.Hash, found.Digest = "", digest
				return nil
			}
		}
	}
	return store.ErrNotFound
}

// AddSecret implements [oauthapp.Store].
func (s *Store) AddSecret(ctx context.Context, owner oauthapp.Owner, secret oauthapp.Secret, othersExpireAt time.Time, limit int) error {
	if err := done(ctx); err != nil {
		return err
	}
	s.lock()
	defer s.mu.Unlock()

	a, err := s.find(owner, secret.ApplicationID)
	if err != nil {
		return err
	}
	if a.Type == oauthapp.Public {
		return store.ErrNotFound
	}
	now := secret.CreatedAt
	if othersExpireAt.Before(now) {
		othersExpireAt = now // above all no zero time, which would make them live for ever
	}
	live := 1
	for _, other := range a.secrets {
		if other.ID == secret.ID {
			return store.ErrExists
		}
		if other.Live(now) && othersExpireAt.After(now) {
			live++
		}
	}
	if live > limit {
		return store.ErrLimit
	}

	for i := range a.secrets {
		if other := &a.secrets[i]; other.Live(othersExpireAt) {
			other.ExpiresAt = othersExpireAt
		}
	}
	a.secrets = append(a.secrets, secret)
	slices.SortFunc(a.secrets, func(a, b oauthapp.Secret) int { return compareID(b.ID, a.ID) })
	return nil
}

// RevokeSecret implements [oauthapp.Store].
func (s *Store) RevokeSecret(ctx context.Context, owner oauthapp.Owner, id, secret uuid.UUID, at time.Time) (oauthapp.Secret, error) {
	if err := done(ctx); err != nil {
		return oauthapp.Secret{}, err
	}
	s.lock()
	defer s.mu.Unlock()

	a, err := s.find(owner, id)
	if err != nil {
		return oauthapp.Secret{}, err
	}
	for i, was := range a.secrets {
		if was.ID == secret && was.Live(at) {
			a.secrets[i].ExpiresAt = at
			return was, nil
		}
	}
	return oauthapp.Secret{}, store.ErrNotFound
}
