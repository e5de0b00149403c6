package flow

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// Config configures a [Provider]. Issuer, Store, CurrentUser, LoginURL and Scopes
// are required; everything else has a safe default.
type Config struct {
	// Issuer is the external URL of the service, the issuer identifier of RFC 8414:
	// https, or http for a loopback host; no query, no fragment, no trailing slash.
	// Its path, if any, stands before the path of every endpoint.
	Issuer string

	// Store keeps applications, grants and sessions.
	Store store.Store

	// CurrentUser tells who is signed in; nil means nobody. An error is an outage
	// and answered 503.
	CurrentUser func(r *http.Request) (*User, error)

	// LoginURL returns where a user signs in and is then sent to returnTo, which is
	// always a path on this service, with its query.
	LoginURL func(returnTo string) string

	// Scopes are what applications can ask for.
	Scopes []Scope

	// Keys sign forms, not tokens: each has 32 bytes or more; the first signs, all
	// verify. Nodes that serve the same users share them. Defaults to a random key,
	// which makes forms that are open during a restart be asked for again.
	Keys [][]byte

	// CodeTTL is how long an authorization code lives, at most 10 minutes
	// (RFC 6749, section 4.1.2). Defaults to 5 minutes.
	CodeTTL time.Duration
	// AccessTokenTTL is how long an access token lives. Defaults to 1 hour.
	AccessTokenTTL time.Duration
	// RefreshTokenTTL is how long a refresh token lives unused. Defaults to 30 days.
	RefreshTokenTTL time.Duration
	// SessionTTL is how long refreshing can go on before the user is asked again.
	// Defaults to 365 days, or RefreshTokenTTL where that is longer.
	SessionTTL time.Duration
	// RotationGrace is how long after a rotation the refresh token before it is
	// refused without ending the session, for an honest double submit. At most
	// 1 minute. Defaults to 10 seconds.
	RotationGrace time.Duration

	// RequirePKCE demands PKCE of confidential clients too. Public clients always
	// need it, and a challenge that was sent is always verified.
	RequirePKCE bool

	// ResourceServers are the client IDs of confidential applications that may
	// introspect every token. Others can introspect their own. Defaults to none.
	ResourceServers []string

	// Resource is the identifier of the protected API (RFC 9728). Defaults to Issuer.
	Resource string

	// DNSimple turns on the DNSimple-compatible token endpoint. Defaults to off.
	DNSimple *DNSimpleProfile

	// MaxApplications is how many applications one owner may have. Defaults to 100.
	MaxApplications int

	// CredentialPrefix brands client secrets, codes and tokens: 1 to 16 lower-case
	// letters and digits. Choose it once. Defaults to credential.DefaultPrefix.
	CredentialPrefix string

	// AccountName returns the name of an account, for the owner of an application.
	// Defaults to the account's ID.
	AccountName func(ctx context.Context, account string) (string, error)

	// Pages overrides pages and the stylesheet file by file; see package dashboard
	// for their names. A page that does not parse or execute makes New fail.
	// Defaults to the pages of the library.
	Pages fs.FS
	// PageData returns what the host's own layout needs, as .Host. Defaults to nil.
	PageData func(r *http.Request) any

	// RemoteAddr returns the address of the caller, for events. Defaults to the host of
	// r.RemoteAddr. Behind a proxy that is the proxy's: take what it vouches for.
	RemoteAddr func(r *http.Request) string

	// Events receives every change after it is durable, in the goroutine that made
	// it. It cannot veto. Defaults to none.
	Events func(context.Context, oauthapp.Event)

	// Logger receives outages and internal errors, never a secret, code or token.
	// Defaults to slog.Default().
	Logger *slog.Logger

	// Now tells the time. Defaults to time.Now.
	Now func() time.Time
}

// A User is who is signed in, as the host knows them.
type User struct {
	ID   string // opaque, unique, never reused
	Name string // shown on pages: a name or an e-mail address
	// Session identifies the user's session at the host: forms are good only in the
	// session they were made for. It is hashed, never shown. Optional.
	Session string
	// Accounts are those the user may act for. The first is preselected.
	Accounts []Account
}

// An Account is what an application reaches once a user authorizes it.
type Account struct {
	ID   string // opaque, unique, never reused
	Name string
}

// Account returns the user's account with an ID.
func (u *User) Account(id string) (Account, bool) {
	for _, a := range u.Accounts {
		if a.ID == id {
			return a, true
		}
	}
	return Account{}, false
}

// A Scope is something an application can ask for (RFC 6749, section 3.3).
type Scope struct {
	Name        string
	Description string // in words, on the consent page: "Read your domains"
	Default     bool   // granted to a request without scope. At least one scope is default.
}

// A DNSimpleProfile is the DNSimple-compatible token endpoint.
type DNSimpleProfile struct {
	// AccessTokenTTL is how long its access tokens live: it issues no refresh
	// tokens. Defaults to RefreshTokenTTL.
	AccessTokenTTL time.Duration
}
