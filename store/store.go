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

// ErrUsed is returned for a code that was redeemed, or a refresh token that was
// rotated, before: whoever presents it has a copy, or is late.
var ErrUsed = errors.New("store: already used")

// A Store keeps applications, grants, sessions and one-time records. Its methods are the atomic
// steps of the protocol, one each: nothing that must happen together is split over
// two calls, so a backend can make each one statement or one transaction.
//
// What [oauthapp.Store] says of atomicity, durability, owners, times, slices,
// concurrency and errors holds for every method here.
type Store interface {
	oauthapp.Store
	Records

	// Client returns the application with a client ID and its secrets live at now.
	// Where session is not the zero UUID, it also returns that session, if it is
	// live and of this application: Client.Session is nil otherwise. It returns
	// ErrNotFound for the application.
	Client(ctx context.Context, clientID string, session uuid.UUID, now time.Time) (Client, error)

	// Session returns a live session by its primary key, whatever the state of its
	// tokens and its expiry times, or ErrNotFound.
	Session(ctx context.Context, id uuid.UUID) (Session, error)

	// BeginSession keeps a new session, with its code or its first tokens, and the
	// grant that it is under, and returns the grant, without its application. Where the user has a
	// live grant for the application and account already, its Scopes grow by those
	// of the session; otherwise the grant begins anew with exactly those and was
	// never used; where an earlier one was revoked, it has the ID of that one or
	// b.GrantID, as the store likes. AuthorizedAt becomes CreatedAt of the session.
	// A revocation of the application's tokens or of the grant that takes effect
	// before this call does not touch the new session; one that takes effect after
	// ends it, however the two overlap. It returns ErrNotFound when the application
	// is unknown or deleted, and ErrExists when the session's ID is in use, or
	// b.GrantID is needed and in use.
	//
	// With a zero b.GrantID, nobody is asked: the session begins under the user's live
	// grant for the application and account, which stays exactly as it is, or not at all.
	// It returns ErrNotFound, too, when there is no such grant, or it does not have all
	// scopes of the session.
	BeginSession(ctx context.Context, b Beginning) (oauthapp.Grant, error)

	// RedeemCode marks the code of a live session redeemed and keeps the tokens
	// issued for it, if the code's digest is the one presented, it is unexpired
	// at r.At (an expiry time itself is already expired), and it was not redeemed.
	// However many callers redeem a code at once, one gets nil. RedirectURI and State
	// are forgotten; CodeChallenge stays, so that a replay of the code by its own
	// client can be told from one by somebody else. It returns ErrUsed when the digest
	// fits but the code was redeemed, and ErrNotFound when there is no such live
	// session, it has no code, the digest does not fit or the code expired unredeemed.
	RedeemCode(ctx context.Context, r Redemption) error

	// RotateRefreshToken replaces the live refresh token, if its digest is the one
	// presented and it, and the session, are unexpired at r.At. The access token
	// becomes the previous one and the digest presented PreviousRefresh; RotatedAt
	// becomes r.At and RotationSalt r.Salt. However many callers present a refresh
	// token at once, one gets nil. Where r.Refresh has a zero digest, the token
	// presented stays live, for every caller, and PreviousRefresh, RotatedAt and
	// RotationSalt stay as they are. It returns ErrUsed when the session is live and the digest is not that
	// of its live refresh token, and ErrNotFound when there is no such live
	// session, it has no refresh token, or the live token or the session has
	// expired; where both apply, ErrNotFound.
	RotateRefreshToken(ctx context.Context, r Rotation) error

	// EndSession ends a session: from then on none of its code and tokens is
	// accepted. Ending one that is not live is no error.
	EndSession(ctx context.Context, id uuid.UUID) error

	// Touch moves LastUsedAt of a grant and its application, or of a secret, to
	// u.At, and never back. Nothing found is no error: it is only a note. Callers
	// see to it that this happens at most once per few minutes for each.
	Touch(ctx context.Context, u Use) error

	// CleanUp removes rows that no method needs any more: sessions that are ended,
	// past their ExpiresAt at now, or with nothing left unexpired (an unredeemed code,
	// the access tokens, the refresh token), or under a dead grant or application; then
	// dead grants, expired secrets and records, and what a deleted application left
	// except its IDs. What is removed is as if it had never been; a session's and a grant's ID
	// are free again. One call examines or removes about limit rows (below 1: one), so
	// that it is short. It goes on from a cursor: "" to begin, then what the call before
	// returned, until that is "" again. It never removes what is live, and any
	// number of nodes may clean up at once.
	CleanUp(ctx context.Context, now time.Time, cursor string, limit int) (next string, removed int, err error)
}
