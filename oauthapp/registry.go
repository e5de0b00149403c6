package oauthapp

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// Config configures a [Registry].
type Config struct {
	// Store keeps everything. Required.
	Store Store

	// Scopes are all the scopes that the service offers. Required if applications
	// may be restricted to some of them.
	Scopes []string

	// MaxApplications is how many applications one owner may have. Defaults to 100.
	MaxApplications int

	// CredentialPrefix brands client secrets. Defaults to credential.DefaultPrefix.
	CredentialPrefix string

	// Events receives every change after it is durable, in the goroutine that made
	// it. It cannot veto. Defaults to none.
	Events func(context.Context, Event)

	// Now tells the time. Defaults to time.Now.
	Now func() time.Time
}

// A Registration is what a developer fills in to register or edit an application.
type Registration struct {
	Name         string
	Description  string
	HomepageURL  string
	CallbackURLs []string
	Type         ClientType // "" means Confidential when registering, unchanged when editing
	Scopes       []string   // nil means every scope that the service offers
}

// A Registry administers applications and grants. It is safe for concurrent use.
type Registry struct{ cfg Config }

var errTODO = errors.New("not built yet")

func NewRegistry(cfg Config) (*Registry, error) { return nil, errTODO }

// Register registers an application and returns it with its client secret, which
// is zero for a public application and can never be seen again.
func (r *Registry) Register(ctx context.Context, owner string, reg Registration) (Application, credential.Plaintext, error) {
	return Application{}, credential.Plaintext{}, errTODO
}

func (r *Registry) Application(ctx context.Context, owner string, id uuid.UUID) (Application, error) {
	return Application{}, errTODO
}

func (r *Registry) Applications(ctx context.Context, owner string, page Page) (List[Application], error) {
	return List[Application]{}, errTODO
}

func (r *Registry) Update(ctx context.Context, owner string, id uuid.UUID, reg Registration) (Application, error) {
	return Application{}, errTODO
}

func (r *Registry) Delete(ctx context.Context, owner string, id uuid.UUID) error { return errTODO }

// Secrets lists the live secrets, newest first.
func (r *Registry) Secrets(ctx context.Context, owner string, id uuid.UUID) ([]Secret, error) {
	return nil, errTODO
}

// ResetSecret makes a new secret; the old ones end after overlap (0: now).
func (r *Registry) ResetSecret(ctx context.Context, owner string, id uuid.UUID, overlap time.Duration) (credential.Plaintext, error) {
	return credential.Plaintext{}, errTODO
}

func (r *Registry) RevokeSecret(ctx context.Context, owner string, id, secret uuid.UUID) error {
	return errTODO
}

func (r *Registry) Usage(ctx context.Context, owner string, id uuid.UUID) (Usage, error) {
	return Usage{}, errTODO
}

// RevokeTokens is "Revoke all user tokens".
func (r *Registry) RevokeTokens(ctx context.Context, owner string, id uuid.UUID) (Usage, error) {
	return Usage{}, errTODO
}

func (r *Registry) Grants(ctx context.Context, filter GrantFilter, page Page) (List[Grant], error) {
	return List[Grant]{}, errTODO
}

func (r *Registry) RevokeGrant(ctx context.Context, filter GrantFilter, id uuid.UUID) error {
	return errTODO
}

// MatchCallback reports whether an authorization request may use redirectURI.
func MatchCallback(registered []string, redirectURI string) bool { return false }

// MatchSecret finds the live secret with a digest, comparing all in constant time.
func MatchSecret(secrets []Secret, presented credential.Digest, now time.Time) (Secret, bool) {
	return Secret{}, false
}
