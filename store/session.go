package store

import (
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// A Session is one run of the authorization code flow: from the code, through
// its exchange, to the last refresh token. It is one row that keeps the digests
// of all tokens outstanding, so that issuing, rotating and ending are each one
// conditional update of that row.
//
// A session is live until it is ended, its grant or its application's tokens
// are revoked, or its application is deleted. Of those of an application itself
// only the newest MaxOwnSessions are live. While its application is suspended,
// a live session is not accepted. Stores judge all of this. Callers judge
// ExpiresAt and the other expiry times, as they hold the clock.
type Session struct {
	ID            uuid.UUID // version 7; part of every code and token of the session
	ApplicationID uuid.UUID
	GrantID       uuid.UUID
	ClientID      string    // of the application
	UserID        string    // of the grant; "" for a session of the application itself
	AccountID     string    // of the grant; "" for a session of the application itself
	GrantUsedAt   time.Time // LastUsedAt of the grant, for [Store.Touch]

	Scopes    []string // granted by the user
	CreatedAt time.Time
	ExpiresAt time.Time // the absolute end of the session and all its tokens; see SessionStart.SecretID

	Code            Code
	Access          AccessToken       // the newest access token
	PreviousAccess  AccessToken       // the one before, which stays valid after a refresh
	Refresh         RefreshToken      // the live refresh token
	PreviousRefresh credential.Digest // of the refresh token before
	RefreshFamily   credential.Digest // of what all refresh tokens of the session share
	RotatedAt       time.Time         // of the last rotation; zero if there was none
	RotationSalt    Salt              // of the last rotation; zero if there was none

	// Extra holds what the capabilities of package flow keep with the session:
	// at most MaxExtra bytes. A store keeps and returns it unchanged.
	Extra []byte
}

// MaxExtra is the greatest length of Session.Extra, in bytes.
const MaxExtra = 1 << 10

// MaxOwnSessions is how many sessions of an application itself, without a user,
// are live at a time: those that began last.
const MaxOwnSessions = 1000

// A Salt is 16 random bytes from which, with a key, the tokens of a rotation
// are derived. A salt alone grants no access.
type Salt [16]byte

// A Code is what is kept of an authorization code. Digest, RedeemedAt and
// CodeChallenge remain after it is redeemed.
type Code struct {
	Digest     credential.Digest // zero: the session began with its tokens
	ExpiresAt  time.Time
	RedeemedAt time.Time // zero until it is redeemed

	// As the authorization request sent them; "" if it did not.
	RedirectURI   string
	CodeChallenge string            // of the method S256
	State         credential.Digest // of state, for the capability that compares it
}

// An AccessToken is what is kept of an access token.
type AccessToken struct {
	Digest    credential.Digest // zero: there is none
	IssuedAt  time.Time
	ExpiresAt time.Time
	Scopes    []string // never more than the session's
}

// A RefreshToken is what is kept of the live refresh token.
type RefreshToken struct {
	Digest    credential.Digest // zero: there is none
	ExpiresAt time.Time         // when it expires unused; a rotation moves it
}

// A Client is an application as the token endpoint needs it.
type Client struct {
	Application oauthapp.Application // LastUsedAt is zero
	Secrets     []oauthapp.Secret    // the live ones, newest first
	Session     *Session             // nil unless asked for, live, and of this application
}

// A SessionStart begins a session.
type SessionStart struct {
	// Session is the session as it begins: with a code and no tokens, or with
	// its first tokens and no code. The first tokens are an access token, and
	// either a refresh token with its family or no refresh token. It was never
	// rotated. The store fills GrantID, ClientID and GrantUsedAt.
	Session Session
	// GrantID is the ID of a new grant, for when the user has none for this
	// application and account. It is zero if the user is not asked, because
	// they consented before to all that the session may reach. A session of the
	// application itself needs it.
	GrantID uuid.UUID
	// SecretID is a client secret of the application: the session ends when
	// that does. Zero is for none. It is for a session that begins with an
	// access token and gets no other. The store then reads ExpiresAt of the
	// session as that of the secret if that is earlier, and as CreatedAt once
	// there is no such secret.
	SecretID uuid.UUID
}

// A Redemption exchanges an authorization code for the session's first tokens.
type Redemption struct {
	SessionID uuid.UUID
	Code      credential.Digest // of the code presented
	Access    AccessToken
	Refresh   RefreshToken      // zero digest: none is issued
	Family    credential.Digest // zero: no refresh token is issued
	// ExpiresAt becomes the session's ExpiresAt.
	ExpiresAt time.Time
	Extra     []byte // becomes the session's Extra
	At        time.Time
}

// A Rotation exchanges the live refresh token for its successor, or keeps it.
type Rotation struct {
	SessionID uuid.UUID
	Presented credential.Digest // of the refresh token presented
	// Replaces is the digest of the access token that the session had when the
	// caller read it and decided on Extra. If Refresh has a digest, Replaces
	// may be zero.
	Replaces credential.Digest
	Access   AccessToken
	// Refresh is the successor. If its digest is zero, the token presented
	// stays live and gets the ExpiresAt of Refresh.
	Refresh RefreshToken
	Salt    Salt   // becomes RotationSalt, if there is a successor
	Extra   []byte // becomes the session's Extra
	At      time.Time
}

// A Use tells that a grant, a client secret or an API token was used. A zero ID
// means that nothing of its kind was used.
type Use struct {
	GrantID       uuid.UUID // also counts as a use of its application
	ApplicationID uuid.UUID // of SecretID
	SecretID      uuid.UUID
	APITokenID    uuid.UUID
	At            time.Time
}
