package oauthapp

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// A Store keeps applications, secrets and grants for a [Registry]. Package
// store extends it with what the flow needs. The backends of package store
// implement both.
//
// Every method is atomic: it happens as a whole, or it returns an error and
// does not happen at all. A change is durable and seen by every later call, on
// any node, when the method returns nil. If the context ends or the connection
// breaks during a call, it may be unknown whether the change happened, but it
// never happened in part.
//
// A method returns ErrNotFound if the owner does not reach the application, as
// [Owner.Reaches] says, or the application is deleted. Times come from the
// caller, in UTC and whole microseconds; a store reads no clock. Texts are any
// UTF-8 without NUL. Scopes are scope-tokens of RFC 6749, section 3.3. A store
// shares no slice that is handed in or out. An empty slice and nil mean the
// same.
//
// Methods are safe for concurrent use. They return the errors named on them,
// for errors.Is. Any other error means that the store failed. If several errors
// apply, ErrNotFound takes precedence over ErrExists, and ErrExists over
// ErrLimit.
type Store interface {
	APITokenStore

	// CreateApplication keeps a new application and its first secret; secret is
	// nil for a public application. It returns ErrLimit if the owner has limit
	// applications already, however many are created at once. Applications
	// whose Owner is "" are not limited. It returns ErrExists if the ID or
	// client ID is in use, or was used by an application that is deleted.
	CreateApplication(ctx context.Context, app Application, secret *Secret, limit int) error

	// Application returns one application, or ErrNotFound.
	Application(ctx context.Context, owner Owner, id uuid.UUID) (Application, error)

	// ApplicationByClientID returns the application with a client ID, or
	// ErrNotFound.
	ApplicationByClientID(ctx context.Context, owner Owner, clientID string) (Application, error)

	// Applications lists the owner's applications, newest first (by ID,
	// descending). It returns a *ValidationError of field after if Page.After
	// cannot come from a store. A Page.Limit below 1 means 50, and one above
	// 200 means 200.
	Applications(ctx context.Context, owner Owner, page Page) (List[Application], error)

	// UpdateApplication replaces Name, Description, HomepageURL, CallbackURLs,
	// Scopes, Extra and UpdatedAt of the application app.ID, and adds one to
	// its Version. The other fields of app are ignored. It returns ErrConflict,
	// and changes nothing, if the stored Version is not app.Version. It returns
	// ErrNotFound.
	UpdateApplication(ctx context.Context, owner Owner, app Application) error

	// SetStanding sets the standing of an application if the one that it has
	// equals was. It changes nothing else, and returns the application as it
	// was before. However many callers replace the same standing at once, one
	// gets nil. It returns ErrConflict if the application has another standing
	// than was. It returns ErrNotFound. A store obeys Standing.Suspended: from
	// the return on, and while it is set, the methods of package store that
	// accept or issue behave as if the application's sessions were not there. A
	// store only keeps the other fields.
	SetStanding(ctx context.Context, owner Owner, id uuid.UUID, was, standing Standing) (Application, error)

	// TransferApplication gives an application to the owner to, an account of
	// the host. Standing.Approved, Verified and Trusted become false, as they
	// were decided about the owner before. Everything else stays as it is: when
	// it has returned, every list of either owner tells so. It returns ErrLimit
	// if to has limit applications already, however many it is given at once.
	// It does nothing if to is the owner already. It returns ErrNotFound.
	TransferApplication(ctx context.Context, owner Owner, id uuid.UUID, to string, limit int) error

	// DeleteApplication deletes an application and returns it as it was. When
	// it has returned, no method finds the application, its secrets, grants,
	// sessions, codes or tokens. Its client ID stays taken for ever. The cost
	// does not depend on how many rows there are: the clean-up removes them
	// later. It returns ErrNotFound.
	DeleteApplication(ctx context.Context, owner Owner, id uuid.UUID, at time.Time) (Application, error)

	// Secrets lists the secrets of an application that are live at now, newest
	// first (by ID, descending). It returns ErrNotFound for the application.
	Secrets(ctx context.Context, owner Owner, id uuid.UUID, now time.Time) ([]Secret, error)

	// FindSecret returns the secret that has a digest and is live at now, of an
	// application that is not deleted, or ErrNotFound. The zero digest finds
	// none: an imported secret has it as long as it has a hash.
	FindSecret(ctx context.Context, digest credential.Digest, now time.Time) (Secret, error)

	// AdoptSecret gives an imported secret a digest in place of its hash, if it
	// has that hash. It returns ErrNotFound for the secret, also if it has
	// another hash or none.
	AdoptSecret(ctx context.Context, application, secret uuid.UUID, hash string, digest credential.Digest) error

	// AddSecret keeps a new secret of the application secret.ApplicationID.
	// Every older secret expires at othersExpireAt, unless it expires sooner.
	// An othersExpireAt before secret.CreatedAt, the zero time included, counts
	// as secret.CreatedAt: only the new secret is live then. It returns
	// ErrLimit if more than limit secrets would be live at secret.CreatedAt,
	// and ErrExists if the secret's ID is in use. It returns ErrNotFound for
	// the application, and for a public one.
	AddSecret(ctx context.Context, owner Owner, secret Secret, othersExpireAt time.Time, limit int) error

	// RevokeSecret ends one live secret at the time at, and returns it as it
	// was. It returns ErrNotFound for the application, and for a secret that is
	// not one of its live secrets.
	RevokeSecret(ctx context.Context, owner Owner, id, secret uuid.UUID, at time.Time) (Secret, error)

	// Usage tells how many users have a live grant, counted up to bound, when
	// the application was last used, and what it got for itself: as many tokens
	// as sessions began under its own live grant, whose AuthorizedAt and
	// LastUsedAt are the times. The bound is positive. It returns ErrNotFound.
	Usage(ctx context.Context, owner Owner, id uuid.UUID, bound int) (Usage, error)

	// RevokeTokens ends every grant and session of an application. When it has
	// returned, no code or token issued before is accepted, nor one of a
	// session that began before, even if that is still being issued. The
	// application and its secrets stay as they are. It writes one row, however
	// many sessions there are. It returns the Usage that it ended, and
	// ErrNotFound.
	RevokeTokens(ctx context.Context, owner Owner, id uuid.UUID, bound int) (Usage, error)

	// Grants lists the live grants that a filter selects, newest first (by ID,
	// descending), with their applications. A filter with an Err selects none.
	// The grant of an application itself, which has no user, is in no list.
	// Page is as for Applications.
	Grants(ctx context.Context, filter GrantFilter, page Page) (List[Grant], error)

	// RevokeGrant ends a live grant and all its sessions by writing one row. It
	// returns the grant as it was, with its application. It returns ErrNotFound
	// for a grant that is not live or that the filter does not select.
	RevokeGrant(ctx context.Context, filter GrantFilter, id uuid.UUID) (Grant, error)

	// EndGrants ends the grants that a filter selects, with their sessions, in
	// steps. The cursor is "" for the first call, and then what the call before
	// returned, until that is "" again. By then no code or token of a grant or
	// session that began before the first call is accepted. What began since
	// may be ended too. A cursor that no call returns is an error. Each call is
	// atomic and short: it examines about limit grants or applications; a limit
	// below 1 counts as 1.
	//
	// A filter without user and account selects whole applications: all their
	// tokens are revoked, as RevokeTokens does, those of the applications
	// themselves too, and no grant is read. The rows of dead grants of a user
	// or an account are removed on the way. A filter with an Err ends nothing.
	EndGrants(ctx context.Context, filter GrantFilter, cursor string, limit int) (next string, ended Ended, err error)
}
