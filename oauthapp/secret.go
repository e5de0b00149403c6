package oauthapp

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// A Secret is what is kept of a client secret. Several live at once, so that a
// deployed secret can be replaced without an outage.
type Secret struct {
	ID            uuid.UUID // version 7
	ApplicationID uuid.UUID
	Digest        credential.Digest
	Hint          string // the last characters of its random part
	CreatedAt     time.Time
	LastUsedAt    time.Time // within a few minutes; zero if never used
	ExpiresAt     time.Time // from then on it is refused; zero if it does not expire
}

// Live reports whether the secret is accepted at the time given.
func (s Secret) Live(now time.Time) bool {
	return s.ExpiresAt.IsZero() || now.Before(s.ExpiresAt)
}

// MatchSecret finds the live secret with the digest presented. It compares all of
// secrets, each in constant time, so that the time it takes tells nothing of them. A
// zero digest matches nothing.
func MatchSecret(secrets []Secret, presented credential.Digest, now time.Time) (Secret, bool) {
	found := -1
	for i := range secrets {
		// In this order: the comparison is never left out.
		if secrets[i].Digest.Equal(presented) && secrets[i].Live(now) {
			found = i
		}
	}
	if found < 0 {
		return Secret{}, false
	}
	return secrets[found], true
}

const (
	maxSecrets = 10 // live ones of one application
	maxOverlap = 30 * 24 * time.Hour
)

// Secrets lists the live secrets of an application, newest first; none for a public
// one.
func (r *Registry) Secrets(ctx context.Context, owner string, id uuid.UUID) ([]Secret, error) {
	if err := checkOwner(owner); err != nil {
		return nil, err
	}
	return r.cfg.Store.Secrets(ctx, owner, id, r.now())
}

// ResetSecret makes a new client secret and returns it; it can never be seen again. The
// older ones are accepted for overlap longer, at most 30 days, unless they expire
// sooner; with 0 they end now. Tokens stay valid.
//
// It returns a [*ValidationError] of field overlap, or of client_type for a public
// application, which has no secret; and [ErrLimit] if more than 10 secrets would be live.
func (r *Registry) ResetSecret(ctx context.Context, owner string, id uuid.UUID, overlap time.Duration) (credential.Plaintext, error) {
	if overlap < 0 || overlap > maxOverlap {
		message := "Overlap must be from 0, to end the old secrets now, to 30 days."
		return credential.Plaintext{}, &ValidationError{[]FieldError{{"overlap", message}}}
	}
	app, err := r.Application(ctx, owner, id)
	if err != nil {
		return credential.Plaintext{}, err
	}
	if app.Type == Public {
		message := "A public application has no client secret."
		return credential.Plaintext{}, &ValidationError{[]FieldError{{"client_type", message}}}
	}
	now := r.now()
	secret, plaintext := r.newSecret(id, now)
	othersExpireAt := now.Add(overlap).Truncate(time.Microsecond)
	if err := r.cfg.Store.AddSecret(ctx, owner, secret, othersExpireAt, maxSecrets); err != nil {
		return credential.Plaintext{}, err
	}
	r.report(ctx, ClientSecretReset, now, app, func(e *Event) { e.SecretID = secret.ID })
	return plaintext, nil
}

// RevokeSecret ends one live secret now, be it the last: until a reset the
// application cannot authenticate then. It returns [ErrNotFound] for a secret that
// is not one of the application's live ones. Tokens stay valid.
func (r *Registry) RevokeSecret(ctx context.Context, owner string, id, secret uuid.UUID) error {
	app, err := r.Application(ctx, owner, id)
	if err != nil {
		return err
	}
	now := r.now()
	if _, err := r.cfg.Store.RevokeSecret(ctx, owner, id, secret, now); err != nil {
		return err
	}
	r.report(ctx, ClientSecretRevoked, now, app, func(e *Event) { e.SecretID = secret })
	return nil
}

// newSecret makes a secret, and what is kept of it.
func (r *Registry) newSecret(application uuid.UUID, at time.Time) (Secret, credential.Plaintext) {
	plaintext := r.format.NewClientSecret()
	return Secret{
		ID:            newID(),
		ApplicationID: application,
		Digest:        plaintext.Digest(),
		Hint:          plaintext.Hint(),
		CreatedAt:     at,
	}, plaintext
}
