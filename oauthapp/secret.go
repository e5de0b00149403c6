package oauthapp

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// A Secret is what is kept of a client secret. An application may have several
// live secrets, so that a deployed one can be replaced without an outage.
type Secret struct {
	ID            uuid.UUID // version 7
	ApplicationID uuid.UUID
	Digest        credential.Digest
	Hint          string // the last 4 characters of its random part, or [ImportedHint]
	CreatedAt     time.Time
	LastUsedAt    time.Time // to within a few minutes; zero if never used
	ExpiresAt     time.Time // it is refused from then on; zero if it does not expire

	// Hash is the hash of an imported secret that has no digest, see
	// [Import].SecretIsRandom; Digest is zero then. It is "" for every other
	// secret. A store keeps and returns it unchanged.
	Hash string
}

// Live reports whether the secret is accepted at the time given.
func (s Secret) Live(now time.Time) bool {
	return s.ExpiresAt.IsZero() || now.Before(s.ExpiresAt)
}

// MatchSecret returns the live secret that has the digest presented. It
// compares every secret in constant time, so that its duration tells nothing
// about them. A zero digest matches nothing.
func MatchSecret(secrets []Secret, presented credential.Digest, now time.Time) (Secret, bool) {
	found := -1
	for i := range secrets {
		// The comparison comes first, so that it is never left out.
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
	maxSecrets = 10 // live secrets of one application
	maxOverlap = 30 * 24 * time.Hour
)

// Secrets lists the live secrets of an application, newest first. A public
// application has none.
func (r *Registry) Secrets(ctx context.Context, owner Owner, id uuid.UUID) ([]Secret, error) {
	if err := checkOwner(owner); err != nil {
		return nil, err
	}
	return r.cfg.Store.Secrets(ctx, owner, id, r.now())
}

// ResetSecret makes a new client secret and returns it; it can never be seen
// again. The older secrets stay valid for the duration overlap, 0 to 30 days,
// unless they expire sooner. With 0 they end now. Tokens of users stay valid.
// A token that the application got for itself, with package clientcredentials,
// ends with the secret that it was got with.
//
// It returns a [*ValidationError] of field overlap, or of field client_type for
// a public application, which has no secret. It returns [ErrLimit] if more than
// 10 secrets would be live.
func (r *Registry) ResetSecret(ctx context.Context, owner Owner, id uuid.UUID, overlap time.Duration) (credential.Plaintext, error) {
	if overlap < 0 || overlap > maxOverlap {
		problem := wrong("overlap.range", "must be from 0 to 30 days; 0 ends the old secrets now.")
		return credential.Plaintext{}, &ValidationError{[]FieldError{problem.about("overlap", "Overlap")}}
	}
	app, err := r.Application(ctx, owner, id)
	if err != nil {
		return credential.Plaintext{}, err
	}
	if app.Type == Public {
		problem := wrong("client_type.no_secret", "A public application has no client secret and needs none; register a confidential application to have one.")
		return credential.Plaintext{}, &ValidationError{[]FieldError{problem.of("client_type")}}
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

// RevokeSecret ends one live secret now, and with it the tokens that the
// application got for itself with that secret. Tokens of users stay valid.
// Without its last secret the application cannot authenticate until ResetSecret
// makes a new one, unless it has another way to, such as a key.
// It returns [ErrNotFound] for a secret that is not one of the application's
// live secrets.
func (r *Registry) RevokeSecret(ctx context.Context, owner Owner, id, secret uuid.UUID) error {
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

// newSecret makes a secret and returns it, with what is kept of it.
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
