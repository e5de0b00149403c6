package store

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
)

// The errors of package oauthapp that stores return.
var (
	ErrNotFound = oauthapp.ErrNotFound
	ErrExists   = oauthapp.ErrExists
	ErrConflict = oauthapp.ErrConflict
	ErrLimit    = oauthapp.ErrLimit
)

// ErrUsed is returned for a code that was redeemed before, or a refresh token
// that was rotated before: it was stolen, or its client repeats a request.
var ErrUsed = errors.New("store: already used")

// A Store keeps applications, grants, sessions and one-time records. Each
// method is one atomic step of the protocol. Nothing that must happen together
// is split over two calls, so each method can be one statement or one
// transaction.
//
// The rules of [oauthapp.Store] for atomicity, durability, owners, times,
// slices, concurrency and errors hold for every method.
type Store interface {
	oauthapp.Store
	Records

	// Client returns the application with a client ID, and its secrets that are
	// live at now. If session is not the zero UUID, it also returns that
	// session if it is live and belongs to the application; otherwise
	// Client.Session is nil. It returns both of a suspended application too, so
	// that callers can say so, and revoke tokens. It returns ErrNotFound for
	// the application.
	Client(ctx context.Context, clientID string, session uuid.UUID, now time.Time) (Client, error)

	// Session returns a live session by its primary key, or ErrNotFound, also
	// for one of a suspended application. It does not look at expiry times or
	// the state of tokens.
	Session(ctx context.Context, id uuid.UUID) (Session, error)

	// BeginSession keeps a new session, with its code or its first tokens, and
	// the grant that it is under. It returns the grant, without its
	// application.
	//
	// If the user has a live grant for the application and account, the
	// session's scopes are added to it. Otherwise the grant begins anew: it has
	// exactly the session's scopes and was never used. Its ID is b.GrantID, or
	// that of an earlier grant that was revoked, as the store likes. Either way
	// AuthorizedAt of the grant becomes CreatedAt of the session.
	//
	// If b.GrantID is zero, the user is not asked. The session begins under the
	// user's live grant for the application and account, and the grant stays
	// exactly as it is. It returns ErrNotFound if there is no such grant or the
	// grant lacks a scope of the session.
	//
	// A revocation of the grant, or of the application's tokens, that takes
	// effect before this call does not touch the new session. One that takes
	// effect after it ends the session, however the two overlap.
	//
	// The session of an application itself has neither user nor account. It
	// begins under the application's own grant, which is kept like others. With
	// it, the one that began MaxOwnSessions before it under that grant ends,
	// however many begin at once. Without b.GrantID it returns ErrNotFound.
	//
	// It returns ErrNotFound if the application is unknown, deleted or
	// suspended. It returns ErrExists if the session's ID is in use, or
	// b.GrantID is needed and in use.
	BeginSession(ctx context.Context, b SessionStart) (oauthapp.Grant, error)

	// RedeemCode marks the code of a live session redeemed and keeps the tokens
	// issued for it. The digest must be that of the code, and the code must be
	// unredeemed and unexpired at r.At; a time equal to the expiry time is
	// expired. However many callers redeem a code at once, one gets nil.
	//
	// RedirectURI, State and ExpiresAt of the code are forgotten: they are zero
	// from then on. CodeChallenge stays, so that a replay by the code's own
	// client can be told from one by somebody else.
	//
	// It returns ErrUsed if the digest is that of the code and the code was
	// redeemed. It returns ErrNotFound if there is no such live session, its
	// application is suspended, the session has no code, the digest is another,
	// or the code expired unredeemed.
	RedeemCode(ctx context.Context, r Redemption) error

	// RotateRefreshToken replaces the live refresh token of a session. The
	// digest presented must be that token's, and the token and the session must
	// be unexpired at r.At. However many callers present a token at once, one
	// gets nil. The access token becomes PreviousAccess, the digest presented
	// becomes PreviousRefresh, r.At becomes RotatedAt and r.Salt becomes
	// RotationSalt.
	//
	// If the digest of r.Refresh is zero, the token presented stays live, and
	// PreviousRefresh, RotatedAt and RotationSalt stay as they are.
	//
	// It returns ErrNotFound if there is no such live session, its application
	// is suspended, the session has no refresh token, or the session or its
	// live token has expired. Otherwise it returns ErrUsed if the digest is not
	// that of the live refresh token. Otherwise it returns ErrConflict if the
	// session's access token is not the one that r.Replaces names, as another
	// refresh kept the refresh token meanwhile: the caller reads the session
	// and decides anew. However many callers keep a token at once, one gets
	// nil.
	RotateRefreshToken(ctx context.Context, r Rotation) error

	// EndSession ends a session: its code and tokens are refused from then on.
	// Ending a session that is not live is no error.
	EndSession(ctx context.Context, id uuid.UUID) error

	// Touch moves LastUsedAt of a grant and its application, of a secret, or of
	// an API token forward to u.At. It never moves it back. It returns nil if
	// there is nothing to move. Callers touch each at most once every few
	// minutes.
	Touch(ctx context.Context, u Use) error

	// CleanUp removes rows that no method needs any more. It never removes what
	// is live. Rows are removed in this order:
	//
	//   - sessions that are ended, have passed the ExpiresAt that they were
	//     given at now, have nothing unexpired left (an unredeemed code, an
	//     access token, the refresh token), are under a dead grant or
	//     application, or are older than the newest MaxOwnSessions of an
	//     application itself;
	//   - dead grants;
	//   - expired secrets, records and API tokens, and what a deleted
	//     application left, except its IDs.
	//
	// A removed row is as if it had never been: the ID of a session or a grant
	// is free again.
	//
	// One call examines or removes about limit rows, so that it is short; a
	// limit below 1 counts as 1. The cursor is "" for the first call, and then
	// what the call before returned, until that is "" again. Any number of
	// nodes may clean up at once.
	CleanUp(ctx context.Context, now time.Time, cursor string, limit int) (next string, removed int, err error)
}
