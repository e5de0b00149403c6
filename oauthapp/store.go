package oauthapp

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// AnyOwner, given as an owner to a Registry or Store, stands for every owner. It is
// for the host's own administrators. No application can be registered to it.
const AnyOwner = "*"

// A Store keeps applications, secrets and grants for a [Registry]. Package store
// extends it with what the flow needs; its backends implement both.
//
// Every method is atomic: it happens as a whole or, with an error, not at all.
// Where a method changes something, it is durable and seen by every later call, on
// any node, when the method returns nil. Where a context ends or a connection
// breaks during a call, what it did may stay unknown, but is whole all the same. An
// owner that is not the application's makes a method return ErrNotFound, as does a
// deleted application; [AnyOwner] matches every owner. Times come from the caller,
// in UTC and whole microseconds; a store reads no clock. Texts are any UTF-8
// without NUL; scopes are as in RFC 6749, section 3.3. Slices handed in or out are
// never shared; an empty one and nil are the same.
//
// Methods are safe for concurrent use. They return the errors named on them,
// for errors.Is; any other error means that the store failed. Where several apply,
// ErrNotFound goes before ErrExists, and that before ErrLimit.
type Store interface {
	// CreateApplication keeps a new application and its first secret; secret is
	// nil for a public application. It returns ErrLimit when the owner already has
	// limit applications, however many are created at once, and ErrExists when the ID or
	// client ID is in use or was used by an application deleted since.
	CreateApplication(ctx context.Context, app Application, secret *Secret, limit int) error

	// Application returns one application, or ErrNotFound.
	Application(ctx context.Context, owner string, id uuid.UUID) (Application, error)

	// Applications lists the owner's applications, newest first (by ID, descending).
	// A Page.After that no store can have made returns a *ValidationError of field
	// after. A Page.Limit below 1 means 50, and one above 200 means 200.
	Applications(ctx context.Context, owner string, page Page) (List[Application], error)

	// UpdateApplication replaces Name, Description, HomepageURL, CallbackURLs,
	// Scopes and UpdatedAt of the application app.ID of owner, and adds one to its
	// Version, if the stored Version equals app.Version; otherwise it returns
	// ErrConflict. What else app holds is ignored. It returns ErrNotFound.
	UpdateApplication(ctx context.Context, owner string, app Application) error

	// DeleteApplication deletes an application and returns what it was. From then
	// on the application, its secrets, grants, sessions, codes and tokens are found
	// by no method; its client ID stays taken for ever. The cost does not depend on how
	// many there are: their rows are left to the clean-up. It returns ErrNotFound.
	DeleteApplication(ctx context.Context, owner string, id uuid.UUID, at time.Time) (Application, error)

	// Secrets lists an application's secrets that are live at now, newest first (by
	// ID, descending). It returns ErrNotFound for the application.
	Secrets(ctx context.Context, owner string, id uuid.UUID, now time.Time) ([]Secret, error)

	// AddSecret keeps a new secret of the application secret.ApplicationID and
	// makes every older one expire at othersExpireAt, unless it expires sooner. It
	// returns ErrNotFound for the application, also if it is public, and ErrLimit if
	// it would then have more than limit secrets live at secret.CreatedAt; with
	// othersExpireAt at or before secret.CreatedAt there is only the new one. A time
	// before it, the zero time too, counts as secret.CreatedAt.
	AddSecret(ctx context.Context, owner string, secret Secret, othersExpireAt time.Time, limit int) error

	// RevokeSecret makes one live secret expire now, and returns it as it was. It
	// returns ErrNotFound for the application, and for a secret that is not one of its
	// live ones.
	RevokeSecret(ctx context.Context, owner string, id, secret uuid.UUID, at time.Time) (Secret, error)

	// Usage tells how many users have a live grant, counting up to bound, which is
	// positive, and when the application was last used. It returns ErrNotFound.
	Usage(ctx context.Context, owner string, id uuid.UUID, bound int) (Usage, error)

	// RevokeTokens ends every grant and session of an application: no access token,
	// refresh token or code issued before is accepted once it has returned, nor
	// one whose session began before it, even if its issuing is still under way.
	// The application and its secrets stay as they are. One row is written, however
	// many sessions there are. It returns the Usage that it ended, and ErrNotFound.
	RevokeTokens(ctx context.Context, owner string, id uuid.UUID, bound int) (Usage, error)

	// Grants lists the live grants that a filter selects, newest first (by ID,
	// descending), with their applications. A zero filter selects none; AnyOwner in
	// a filter matches every owner. Page is as for Applications.
	Grants(ctx context.Context, filter GrantFilter, page Page) (List[Grant], error)

	// RevokeGrant ends a live grant and all its sessions, by writing one row, and
	// returns what it was, with its application. It returns ErrNotFound for a
	// grant that is not live or that the filter does not select.
	RevokeGrant(ctx context.Context, filter GrantFilter, id uuid.UUID) (Grant, error)
}
