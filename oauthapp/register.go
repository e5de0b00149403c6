package oauthapp

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// Register registers an application of an account and returns it with its
// client secret. The secret can never be seen again; it is zero for a public
// application. It returns a [*ValidationError] that names everything wrong with
// reg, [ErrLimit] if the account has Config.MaxApplications applications
// already, and [ErrExists] if reg.ClientID is or was in use by anybody.
func (r *Registry) Register(ctx context.Context, account string, reg Registration) (Application, credential.Plaintext, error) {
	if err := checkOwner(OwnedBy(account)); err != nil {
		return Application{}, credential.Plaintext{}, err
	}
	return r.register(ctx, account, reg)
}

// RegisterOwnerless registers an application that nobody owns, as one that
// registers itself (RFC 7591). It returns what [Registry.Register] does, but
// for ErrLimit: whoever calls it bounds how many there are. Config.ReservedName
// is asked for the owner "". [AnyOwner] alone reaches the application.
func (r *Registry) RegisterOwnerless(ctx context.Context, reg Registration) (Application, credential.Plaintext, error) {
	return r.register(ctx, "", reg)
}

func (r *Registry) register(ctx context.Context, owner string, reg Registration) (Application, credential.Plaintext, error) {
	reg, problems := r.check(owner, reg)
	if len(problems) > 0 {
		return Application{}, credential.Plaintext{}, &ValidationError{problems}
	}
	now := r.now()
	app := Application{ClientID: reg.ClientID, Owner: owner, Type: reg.Type, CreatedAt: now}
	app.edit(reg, now)
	if err := app.setExtras(reg.Extra); err != nil {
		return Application{}, credential.Plaintext{}, err
	}
	plaintext, err := r.create(ctx, &app)
	if err != nil {
		return Application{}, credential.Plaintext{}, err
	}
	r.report(ctx, ApplicationCreated, now, app)
	return app, plaintext, nil
}

// check returns a registration of owner as it is kept, and everything that is
// wrong with it.
func (r *Registry) check(owner string, reg Registration) (Registration, []FieldError) {
	if reg.Type == "" {
		reg.Type = Confidential
	}
	reg, problems := reg.normalize(r.cfg.rulesFor(owner))
	problems = r.checkReserved(problems, owner, reg.Name)
	if r.cfg.ConfidentialOnly && reg.Type == Public {
		problems = append(problems, wrong("client_type.confidential_only", `must be "confidential": public applications cannot be registered here.`).about("client_type", "Client type"))
	}
	if reg.ClientID != "" && !isClientID(reg.ClientID) && !(owner == "" && isForeignClientID(reg.ClientID)) {
		problems = append(problems, wrong("client_id.form", "must be 20 hexadecimal digits in lower case; leave it out to get a new one.").about("client_id", "Client ID"))
	}
	return reg, problems
}

// checkReserved adds a problem if the name is reserved.
func (r *Registry) checkReserved(problems []FieldError, owner, name string) []FieldError {
	if r.cfg.ReservedName == nil || name == "" || !r.cfg.ReservedName(owner, name) {
		return problems
	}
	return append(problems, wrong("name.reserved", "looks like one that users know already; choose another, so that nobody takes your application for somebody else's.").about("name", "Name"))
}

// maxTries bounds how often the store is asked again after it refused a change.
const maxTries = 20

// create gives the application its ID, and its client ID unless it has one, and
// keeps it with its first secret. IDs made here are random, so a collision is
// next to impossible and costs another try.
func (r *Registry) create(ctx context.Context, app *Application) (plaintext credential.Plaintext, err error) {
	named := app.ClientID != ""
	for range maxTries {
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

// newID returns an ID that is greater than those before it in this process, so
// that lists by ID are lists by age.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// NewClientID returns a client ID for a [Registration]: 20 hexadecimal digits.
// It is not secret. It is random, so that it tells nothing and is never reused.
func NewClientID() string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program where it has no randomness
	return hex.EncodeToString(b[:])
}

func isClientID(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 10 && s == strings.ToLower(s)
}
