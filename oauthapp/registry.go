package oauthapp

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
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

	// ReservedName reports whether an application of owner may not be called name, as
	// users would take it for the service's own or for somebody else's. [Imitates]
	// compares names as they look. An application that has its name already keeps it.
	// Defaults to no name.
	ReservedName func(owner, name string) bool

	// CredentialPrefix brands client secrets. Defaults to credential.DefaultPrefix.
	CredentialPrefix string

	// Events receives every change after it is durable, in the goroutine that made
	// it. It cannot veto. Defaults to none.
	Events func(context.Context, Event)

	// Now tells the time. Defaults to time.Now.
	Now func() time.Time
}

// A Registry administers applications and grants. It is safe for concurrent use.
//
// Methods for applications take an owner and answer [ErrNotFound] for an application
// of another one; [AnyOwner] stands for all, for the host's own administrators. An
// empty owner is always refused, so that a host that forgot to look up who is
// signed in reaches nothing. Methods for grants take a [GrantFilter] instead.
type Registry struct {
	cfg    Config
	format credential.Format
}

// NewRegistry returns a Registry, or an error that names the field of cfg that is
// wrong.
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
			return nil, fmt.Errorf("oauthapp: Config.Scopes: %q is no scope of RFC 6749, section 3.3", scope)
		}
		if slices.Contains(cfg.Scopes[:i], scope) {
			return nil, fmt.Errorf("oauthapp: Config.Scopes: %q is listed twice", scope)
		}
	}
	cfg.Scopes = slices.Clone(cfg.Scopes)
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

// Register registers an application and returns it with its client secret, which
// is zero for a public application and can never be seen again. It returns a
// [*ValidationError] that names everything wrong with reg, and [ErrLimit] when
// owner has as many applications as Config.MaxApplications, and [ErrExists] when
// reg.ClientID is or was in use, by whomever. Nothing can be registered to [AnyOwner].
func (r *Registry) Register(ctx context.Context, owner string, reg Registration) (Application, credential.Plaintext, error) {
	if err := checkOwner(owner); err != nil {
		return Application{}, credential.Plaintext{}, err
	}
	if owner == AnyOwner {
		return Application{}, credential.Plaintext{}, errors.New("oauthapp: an application needs an owner of its own, not AnyOwner")
	}
	if reg.Type == "" {
		reg.Type = Confidential
	}
	reg, problems := reg.normalize(r.cfg.Scopes)
	problems = r.checkReserved(problems, owner, reg.Name)
	if reg.ClientID != "" && !isClientID(reg.ClientID) {
		problems = append(problems, FieldError{"client_id", "Client ID must be 20 hexadecimal digits in lower case."})
	}
	if len(problems) > 0 {
		return Application{}, credential.Plaintext{}, &ValidationError{problems}
	}
	now := r.now()
	app := Application{ClientID: reg.ClientID, Owner: owner, Type: reg.Type, CreatedAt: now}
	app.edit(reg, now)
	plaintext, err := r.create(ctx, &app)
	if err != nil {
		return Application{}, credential.Plaintext{}, err
	}
	r.report(ctx, ApplicationCreated, now, app)
	return app, plaintext, nil
}

// checkReserved adds to the problems of a registration that its name is reserved.
func (r *Registry) checkReserved(problems []FieldError, owner, name string) []FieldError {
	if r.cfg.ReservedName == nil || name == "" || !r.cfg.ReservedName(owner, name) {
		return problems
	}
	return append(problems, FieldError{"name", "Name is too much like one that users know; choose another, so that nobody takes your application for somebody else's."})
}

// attempts bounds how often the store is asked again after it refused a change.
const attempts = 20

// create names the application, as far as its registration does not, and keeps it
// with its first secret. IDs made here are random, so a collision is next to impossible;
// it costs another try, no more.
func (r *Registry) create(ctx context.Context, app *Application) (plaintext credential.Plaintext, err error) {
	named := app.ClientID != ""
	for range attempts {
		app.ID = newID()
		if !named {
			app.ClientID = NewClientID()
		}
		var secret *Secret
		if app.Type == Confidential {
			secret = new(Secret)
			*secret, plaintext = r.newSecret(app.ID, app.CreatedAt)
		}
		err = r.cfg.Store.CreateApplication(ctx, *app, secret, r.cfg.MaxApplications)
		if !errors.Is(err, ErrExists) || named {
			break
		}
	}
	if err != nil {
		return credential.Plaintext{}, err
	}
	return plaintext, nil
}

// Application returns an application of owner.
func (r *Registry) Application(ctx context.Context, owner string, id uuid.UUID) (Application, error) {
	if err := checkOwner(owner); err != nil {
		return Application{}, err
	}
	return r.cfg.Store.Application(ctx, owner, id)
}

// Applications lists the applications of owner, newest first. A Page.After that no
// list returned is a [*ValidationError] of field after.
func (r *Registry) Applications(ctx context.Context, owner string, page Page) (List[Application], error) {
	if err := checkOwner(owner); err != nil {
		return List[Application]{}, err
	}
	return r.cfg.Store.Applications(ctx, owner, page)
}

// Update replaces what a developer can edit of an application by reg, based on
// reg.Version, and returns the application as it is then. Tokens stay valid; removed
// callback URLs and scopes count from the next authorization on.
//
// It returns a [*ValidationError] that names everything wrong with reg, among it a
// Type other than the application's, and else a [*ConflictError] if the application
// has been updated since that version, so that of two edits made at the same time
// neither undoes the other unseen. An old edit that says what the application is
// already, as one that comes a second time does, returns it as it is.
func (r *Registry) Update(ctx context.Context, owner string, id uuid.UUID, reg Registration) (Application, error) {
	if err := checkOwner(owner); err != nil {
		return Application{}, err
	}
	at, tried := r.now(), false
	for range attempts {
		app, err := r.cfg.Store.Application(ctx, owner, id)
		if err != nil {
			return Application{}, err
		}
		kept, problems := reg.normalizeFor(app, r.cfg.Scopes)
		if kept.Name != app.Name {
			problems = r.checkReserved(problems, app.Owner, kept.Name)
		}
		if len(problems) > 0 {
			return Application{}, &ValidationError{problems}
		}
		if reg.Version != app.Version {
			if len(app.Changes(kept)) > 0 {
				return Application{}, &ConflictError{app}
			}
			if tried { // the store made the change, and its answer was lost
				r.report(ctx, ApplicationUpdated, at, app)
			}
			return app, nil
		}
		app.edit(kept, at)
		tried = true
		err = r.cfg.Store.UpdateApplication(ctx, owner, app)
		if errors.Is(err, ErrConflict) {
			continue // the next reading tells what changed
		}
		if err != nil {
			return Application{}, err
		}
		app.Version++
		r.report(ctx, ApplicationUpdated, at, app)
		return app, nil
	}
	return Application{}, ErrConflict
}

// Delete deletes an application with its secrets and grants. From its return on its client
// ID is unknown everywhere, and no code or token of it is accepted. The client ID is
// never used again.
func (r *Registry) Delete(ctx context.Context, owner string, id uuid.UUID) error {
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

// usageBound is how many users a warning counts exactly.
const usageBound = 1000

// Usage tells what RevokeTokens and Delete would cut off, counting up to 1000 users, for
// a warning beforehand.
func (r *Registry) Usage(ctx context.Context, owner string, id uuid.UUID) (Usage, error) {
	if err := checkOwner(owner); err != nil {
		return Usage{}, err
	}
	return r.cfg.Store.Usage(ctx, owner, id, usageBound)
}

// RevokeTokens ends the grants of every user: from its return on no code, access
// token or refresh token that the application got before is accepted, and users are asked
// anew. The application and its secrets stay usable. It takes the same time at ten
// tokens and ten million, and returns the Usage that it ended.
func (r *Registry) RevokeTokens(ctx context.Context, owner string, id uuid.UUID) (Usage, error) {
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

// errNoOwner is a mistake of the host's program, never of a user.
var errNoOwner = errors.New("oauthapp: owner is empty")

func checkOwner(owner string) error {
	if owner == "" {
		return errNoOwner
	}
	return nil
}

// now is in the precision that every store keeps.
func (r *Registry) now() time.Time { return r.cfg.Now().UTC().Truncate(time.Microsecond) }

// report delivers an event of an application. The change has happened, so that its
// report must not be lost because the request that caused it went away.
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

// newID is monotonic within the process, so that lists by ID are lists by age.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// NewClientID returns a client ID for a [Registration]: 20 hexadecimal digits. It is not
// secret; it is random so that it says nothing and is never reused.
func NewClientID() string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program where it has no randomness
	return hex.EncodeToString(b[:])
}

func isClientID(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 10 && s == strings.ToLower(s)
}
