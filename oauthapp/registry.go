package oauthapp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// Config configures a [Registry].
type Config struct {
	// Store keeps everything. Required.
	Store Store

	// Scopes are all scopes that the service offers. Required if applications
	// may be restricted to some of them.
	Scopes []string

	// MaxApplications is how many applications one owner may have. Defaults to
	// 100.
	MaxApplications int

	// ReservedName reports whether an application of owner may not be called
	// name, because users would take it for the service's own or for somebody
	// else's. [Imitates] compares names by how they look. It is not asked when
	// an edit keeps the name. Defaults to accepting every name.
	ReservedName func(owner, name string) bool

	// PrivateUseSchemes are schemes without a period that callback URLs of
	// public applications may have, such as "cursor": 2 to 32 lower-case
	// letters and digits, the first a letter. RFC 8252, section 8.4, advises
	// against them: if several programs on a user's device claim one, any of
	// them may receive the code. PKCE makes the code useless to it. List only
	// schemes of applications that have no other callback URL. Defaults to
	// none.
	PrivateUseSchemes []string

	// ConfidentialOnly refuses to register public applications. Those that were
	// registered before stay. Defaults to admitting both types.
	ConfidentialOnly bool

	// CredentialPrefix is the prefix of client secrets: 1 to 16 lower-case
	// letters and digits, the first a letter. Defaults to
	// credential.DefaultPrefix.
	CredentialPrefix string

	// Events receives every change after it is durable, in the goroutine that
	// made it: many goroutines call it at once, and the call that made the
	// change waits for it. It cannot veto. A panic in it goes to that caller.
	// Defaults to none.
	Events func(context.Context, Event)

	// Now tells the time, which is kept in UTC and microseconds. Defaults to
	// time.Now.
	Now func() time.Time
}

// A Registry administers applications and grants. It is safe for concurrent
// use.
//
// Methods for applications take an [Owner] and return [ErrNotFound] for an
// application that it does not reach. They refuse the zero Owner. Methods for
// grants take a [GrantFilter] instead, and refuse one with an empty criterion.
type Registry struct {
	cfg    Config
	format credential.Format
}

// NewRegistry returns a Registry, or an error that names the wrong field of
// cfg.
func NewRegistry(cfg Config) (*Registry, error) {
	if cfg.Store == nil {
		return nil, errors.New("oauthapp: Config.Store is required")
	}
	if cfg.MaxApplications < 0 {
		return nil, fmt.Errorf("oauthapp: Config.MaxApplications is %d; it must be positive, or 0 for the default", cfg.MaxApplications)
	}
	if cfg.MaxApplications == 0 {
		cfg.MaxApplications = 100
	}
	for i, scope := range cfg.Scopes {
		if !isScope(scope) {
			return nil, fmt.Errorf("oauthapp: Config.Scopes: %q is not a scope; write printable ASCII without spaces, double quotes and backslashes (RFC 6749, section 3.3)", scope)
		}
		if slices.Contains(cfg.Scopes[:i], scope) {
			return nil, fmt.Errorf("oauthapp: Config.Scopes: %q is listed twice; remove one", scope)
		}
	}
	cfg.Scopes = slices.Clone(cfg.Scopes)
	for _, scheme := range cfg.PrivateUseSchemes {
		if !listableScheme.MatchString(scheme) || slices.Contains(knownSchemes, scheme) {
			return nil, fmt.Errorf("oauthapp: Config.PrivateUseSchemes: %q is not a scheme that an application can have for itself; list 2 to 32 lower-case letters and digits, the first a letter, that mean nothing to browsers", scheme)
		}
	}
	cfg.PrivateUseSchemes = slices.Clone(cfg.PrivateUseSchemes)
	format, err := credential.NewFormat(cfg.CredentialPrefix)
	if err != nil {
		return nil, fmt.Errorf("oauthapp: Config.CredentialPrefix: %w", err)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Registry{cfg, format}, nil
}

// isScope reports whether s is a scope-token of RFC 6749, section 3.3.
func isScope(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\' {
			return false
		}
	}
	return s != ""
}

// Application returns an application of owner.
func (r *Registry) Application(ctx context.Context, owner Owner, id uuid.UUID) (Application, error) {
	if err := checkOwner(owner); err != nil {
		return Application{}, err
	}
	return r.cfg.Store.Application(ctx, owner, id)
}

// ApplicationByClientID returns an application of owner by its client ID.
func (r *Registry) ApplicationByClientID(ctx context.Context, owner Owner, clientID string) (Application, error) {
	if err := checkOwner(owner); err != nil {
		return Application{}, err
	}
	return r.cfg.Store.ApplicationByClientID(ctx, owner, clientID)
}

// Applications lists the applications of owner, newest first. It returns a
// [*ValidationError] of field after if Page.After does not come from a list.
func (r *Registry) Applications(ctx context.Context, owner Owner, page Page) (List[Application], error) {
	if err := checkOwner(owner); err != nil {
		return List[Application]{}, err
	}
	return r.cfg.Store.Applications(ctx, owner, page)
}

// Update replaces the fields of an application that a developer can edit by
// those of reg, and returns the application as updated. Tokens stay valid.
// Removed callback URLs and scopes have their effect from the next
// authorization on.
//
// It returns a [*ValidationError] that names everything wrong with reg, such as
// a Type other than the application's. It returns a [*ConflictError] if the
// application has been updated since reg.Version, so that neither of two
// simultaneous edits undoes the other unseen. An edit that changes nothing,
// such as one that is sent twice, returns the application, whatever its
// version.
func (r *Registry) Update(ctx context.Context, owner Owner, id uuid.UUID, reg Registration) (Application, error) {
	if err := checkOwner(owner); err != nil {
		return Application{}, err
	}
	at, tried := r.now(), false
	for range maxTries {
		app, err := r.cfg.Store.Application(ctx, owner, id)
		if err != nil {
			return Application{}, err
		}
		kept, problems := reg.normalizeFor(app, r.cfg.rulesFor(app.Owner))
		if kept.Name != app.Name {
			problems = r.checkReserved(problems, app.Owner, kept.Name)
		}
		if len(problems) > 0 {
			return Application{}, &ValidationError{problems}
		}
		edited := app
		edited.edit(kept, at)
		if err := edited.setExtras(reg.Extra); err != nil {
			return Application{}, err
		}
		if reg.Version != app.Version {
			if len(app.Changes(kept)) > 0 || !bytes.Equal(edited.Extra, app.Extra) {
				return Application{}, &ConflictError{app}
			}
			if tried { // the store made the change, and its answer was lost
				r.report(ctx, ApplicationUpdated, at, app)
			}
			return app, nil
		}
		tried = true
		app, err = r.save(ctx, owner, edited, at)
		if !errors.Is(err, ErrConflict) { // else the next reading tells what changed
			return app, err
		}
	}
	return Application{}, ErrConflict
}

// save keeps an application that was changed, unless somebody else updated it
// meanwhile, and reports it.
func (r *Registry) save(ctx context.Context, owner Owner, app Application, at time.Time) (Application, error) {
	if err := r.cfg.Store.UpdateApplication(ctx, owner, app); err != nil {
		return Application{}, err
	}
	app.Version++
	r.report(ctx, ApplicationUpdated, at, app)
	return app, nil
}

// Delete deletes an application with its secrets and grants. When it has
// returned, the client ID is unknown everywhere, and no code or token of the
// application is accepted. The client ID is never used again.
func (r *Registry) Delete(ctx context.Context, owner Owner, id uuid.UUID) error {
	if err := checkOwner(owner); err != nil {
		return err
	}
	now := r.now()
	app, err := r.cfg.Store.DeleteApplication(ctx, owner, id, now)
	if err != nil {
		return err
	}
	r.report(ctx, ApplicationDeleted, now, app)
	return nil
}

// usageBound is up to how many users are counted.
const usageBound = 1000

// Usage tells what RevokeTokens and Delete would cut off, for a warning
// beforehand. It counts up to 1000 users.
func (r *Registry) Usage(ctx context.Context, owner Owner, id uuid.UUID) (Usage, error) {
	if err := checkOwner(owner); err != nil {
		return Usage{}, err
	}
	return r.cfg.Store.Usage(ctx, owner, id, usageBound)
}

// RevokeTokens ends the grants of every user. When it has returned, no code,
// access token or refresh token issued to the application before is accepted,
// and users are asked anew. The application and its secrets stay usable. The
// duration does not depend on the number of tokens. It returns the Usage that
// it ended.
func (r *Registry) RevokeTokens(ctx context.Context, owner Owner, id uuid.UUID) (Usage, error) {
	app, err := r.Application(ctx, owner, id)
	if err != nil {
		return Usage{}, err
	}
	now := r.now()
	usage, err := r.cfg.Store.RevokeTokens(ctx, owner, id, usageBound)
	if err != nil {
		return Usage{}, err
	}
	r.report(ctx, ApplicationTokensRevoked, now, app, func(e *Event) { e.Users = usage.Users })
	return usage, nil
}

// now returns the time in the precision that every store keeps.
func (r *Registry) now() time.Time { return r.cfg.Now().UTC().Truncate(time.Microsecond) }

// report delivers an event about an application. The change has happened, so
// the event is delivered even if the request that caused it is cancelled.
func (r *Registry) report(ctx context.Context, typ EventType, at time.Time, app Application, details ...func(*Event)) {
	if r.cfg.Events == nil {
		return
	}
	event := Event{
		Type: typ, Time: at, Actor: ActorFrom(ctx),
		ApplicationID: app.ID, ApplicationName: app.Name, ClientID: app.ClientID, Owner: app.Owner,
	}
	for _, detail := range details {
		detail(&event)
	}
	r.cfg.Events(context.WithoutCancel(ctx), event)
}
