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

// Config configures a [Provider]. Issuer, Store, CurrentUser, LoginURL and
// Scopes are required; everything else has a safe default. The fields are in
// the order of these questions: what the service is, who is signed in, what
// applications can ask for, what is demanded of them, how long access lasts,
// what people see, what capabilities there are, and how operators watch it.
type Config struct {
	// Issuer is the external URL of the service, the issuer identifier of RFC
	// 8414: https, or http for a loopback host; no query, no fragment, no
	// trailing slash. Its path, if any, stands before the path of every
	// endpoint.
	Issuer string

	// Store keeps applications, grants and sessions.
	Store store.Store

	// Keys sign forms, and take part in the tokens of a refresh, so that a
	// repeated refresh can be answered. Each has 32 random bytes or more. The
	// first signs, all verify. Nodes that serve the same users share them; the
	// package documentation says how to replace one. Whoever has a key can
	// forge consent, but can use nobody's token.
	//
	// Defaults to a random key, which is for a service of one node: forms that
	// are open during a restart must be reopened, and a refresh cannot be
	// repeated across it.
	Keys [][]byte

	// SigningKeys sign what others verify, for capabilities such as package
	// signedintrospection. There are at most 20. All are published; the first
	// of each algorithm signs. The ID of a key is its thumbprint (RFC 7638).
	// Nodes share them; package signedintrospection says how to replace one.
	// Without a capability that signs they have no effect. Defaults to none.
	SigningKeys []SigningKey

	// CredentialPrefix brands client secrets, codes and tokens: 1 to 16
	// lower-case letters and digits, the first a letter. Choose it once: with
	// another prefix, whatever was issued before is refused. Defaults to
	// credential.DefaultPrefix, "oa".
	CredentialPrefix string

	// CurrentUser tells who is signed in; nil means nobody. Many goroutines
	// call it at once. An error is an outage and answered 503. So is a user
	// without an ID, or with an account whose ID is not as [Account] says.
	CurrentUser func(r *http.Request) (*User, error)

	// LoginURL returns the URL of the page on which a user signs in. That page
	// then sends the user to returnTo, which is always a path on this service,
	// with its query. It gets returnTo back from a browser, so anybody may have
	// written it: [ParseReturnTo] tells where the page may send the user, and
	// what an authorization request says of the sign-in, such as login_hint.
	//
	// LoginURL is called more often than users are sent there: also by New, and
	// for the Content-Security-Policy of pages with a form. If it returns "",
	// the answer is 503.
	LoginURL func(returnTo string) string

	// MayAct returns which of Scopes a user may still give applications for an
	// account: none for a user who left the account, was suspended or is gone.
	// Many goroutines call it at once. An error is an outage and answered 503.
	//
	// It is asked at every code exchange, every refresh, and every consent,
	// remembered or not. [Provider.Require] and introspection ask it about
	// tokens that nothing refreshes. A [Guard] with Current asks it at every
	// call. So a token reaches less, or nothing, from the next refresh on,
	// which is after Lifetimes.AccessToken at most. A refresh that is repeated
	// within Lifetimes.RotationGrace gets the same tokens again, unless the
	// user may give nothing by then.
	//
	// API tokens, which package tokens lets users make, have it asked at each
	// use. For a token that is not for one account, the account is "", and the
	// answer is which scopes the user may use at all.
	//
	// If a user may give nothing, the session or the API token ends, with an
	// event.
	//
	// Defaults to all scopes for everyone: what a user granted outlives their
	// place in the account, until somebody revokes it or Lifetimes.Session is
	// over.
	MayAct func(ctx context.Context, user, account string) (scopes []string, err error)

	// Scopes are what applications can ask for. At least one is a default.
	Scopes []Scope

	// IgnoredScopes are names that requests may have in scope without effect,
	// for clients that ask for them everywhere, such as "openid" and
	// "offline_access". A request for nothing else counts as one without scope.
	// None of them is in Scopes. Defaults to none: such a request is refused
	// with invalid_scope.
	IgnoredScopes []string

	// Resource is the identifier of the protected API (RFC 9728), a URL: https,
	// or http for a loopback host; no query, no fragment. Without Resources,
	// every token is for that API, and a client that names another one with the
	// parameter "resource" (RFC 8707) is refused. With Resources, this is the
	// default API: tokens are for it where the client names none. Defaults to
	// Issuer.
	Resource string

	// Resources are further APIs of the service. A client asks its user for one
	// or several of them, at most 8, with the parameter "resource", and gets
	// access tokens that no other API takes: [Guard] says which API a handler
	// serves. At the token endpoint, "resource" narrows what the user
	// authorized; without it, an access token is for all of that. A Resource
	// whose Identifier is Config.Resource describes the default API. A consent
	// to any API but the default one is not remembered, so the user is asked
	// each time.
	//
	// Tokens for an API that is taken out are refused. Tokens for the default
	// API are not tied to its identifier: they open the API that
	// Config.Resource names at the time. So do not change that to an API which
	// they must not open. Defaults to none.
	Resources []Resource

	// ResourceServers are the client IDs of confidential applications that may
	// introspect every token. Those of a [Resource] may introspect the tokens
	// for that API. Every other client may introspect its own tokens.
	// [Provider.Check] tells which of them the store does not know;
	// Registry.Import registers one with an ID that the host chooses. Defaults
	// to none.
	ResourceServers []string

	// Applications are the rules for what developers register.
	Applications Applications

	// RequirePKCE demands PKCE of confidential clients too. Public clients
	// always need it, and a challenge that was sent is always verified.
	// Defaults to leaving it to confidential clients.
	RequirePKCE bool

	// Profile is what the service is held to as a whole: [FAPI2], [OAuth21] or
	// [MCP]. New fails, naming the clause, if the configuration lacks what the
	// profile demands. Whatever the library can narrow to the profile by
	// itself, it narrows: the constants say what. Defaults to none.
	Profile Profile

	// Lifetimes are how long codes, tokens and consents are good.
	Lifetimes Lifetimes

	// Pages are what people see of the library.
	Pages Pages

	// Extensions are the capabilities beyond the authorization code flow, such
	// as dnsimple.New of package dnsimple. Defaults to none.
	Extensions []Extension

	// Events receives every change after it is durable, in the goroutine that
	// made it, so many goroutines call it at once. It cannot veto, and a panic
	// is logged. The request waits for it, and its context is not cancelled
	// with the request: set a deadline.
	//
	// Refusals have events, too, with the error code, the reason and the client
	// that the request names. An endpoint reports each request that it refuses.
	// A page does so once the application is known. The API does so where the
	// access token is of a live session, whose application is not suspended.
	// Outages have no event: they are in the log.
	//
	// Anybody can cause refusals, so they are limited: each node reports 100 of
	// one type from one network, and then one every 10 seconds. It counts in 5
	// megabytes at most. Text that a caller sent, such as the User-Agent, has
	// at most 256 bytes, and question marks for control characters.
	//
	// Defaults to none.
	Events func(context.Context, oauthapp.Event)

	// Logger receives outages and internal errors, never a secret, code or
	// token. Defaults to slog.Default().
	Logger *slog.Logger

	// Limiter bounds failed client authentication. A client that authenticates
	// is not counted and never refused. Defaults to a limiter in this process.
	// From one network, one client ID can fail 64 times, and then once every 10
	// seconds; all client IDs together can fail 512 times, and then once a
	// second. Each node counts for itself, in 10 megabytes at most: it forgets
	// the networks that failed longest ago.
	Limiter Limiter

	// RemoteAddr returns the IP address of the caller, without a port, for
	// events and the limits on callers. Defaults to the host of r.RemoteAddr.
	// Behind a proxy that is the address of the proxy, the same for everyone:
	// return the address that the proxy vouches for. If RemoteAddr is not set
	// and headers of a proxy arrive, the Logger gets a warning, once. A panic
	// of it is logged, and the default holds.
	RemoteAddr func(r *http.Request) string

	// Now tells the time. Defaults to time.Now.
	Now func() time.Time
}

// Applications are the rules for what developers register. Every field is
// optional.
type Applications struct {
	// Max is how many applications one owner may have. Defaults to 100.
	Max int

	// ReservedName reports whether an application of owner may not be called
	// name, because users would take it for the service's own:
	// oauthapp.Imitates compares names by how they look. Many goroutines call
	// it at once. Defaults to accepting every name.
	ReservedName func(owner, name string) bool

	// PrivateUseSchemes are schemes without a period that callback URLs of
	// public applications may have, such as "cursor" of the editor of that
	// name: 2 to 32 lower-case letters and digits, the first a letter. RFC
	// 8252, section 8.4, advises against them: if several programs on a user's
	// device claim one, any of them may receive the code. PKCE makes the code
	// useless to it. Defaults to none.
	PrivateUseSchemes []string

	// NeedsApproval reports whether an application needs the approval of the
	// service, which Registry.ChangeStanding gives with Standing.Approved.
	// Until then only users of the account that registered it can authorize it.
	// An application without an Owner, which registered itself or is known by
	// the URL of its metadata, can be authorized by nobody until then. What was
	// authorized before goes on. Many goroutines call it at once. Defaults to
	// no approval. This demands it of every application:
	//
	//	NeedsApproval: func(oauthapp.Application) bool { return true },
	NeedsApproval func(app oauthapp.Application) bool
}

// Lifetimes are how long codes, tokens and consents are good. Each is 1 second
// or more; one that is zero has its default.
type Lifetimes struct {
	// Code is how long an authorization code lives, at most 10 minutes (RFC
	// 6749, section 4.1.2), or 1 minute with [FAPI2]. Defaults to 5 minutes, or
	// 1 minute.
	Code time.Duration

	// AccessToken is how long an access token lives. Defaults to 1 hour.
	AccessToken time.Duration

	// RefreshToken is how long a refresh token lives unused. Defaults to 30
	// days.
	RefreshToken time.Duration

	// Session is how long refreshing can go on before the user is asked again,
	// at least Code. Defaults to 365 days, or RefreshToken where that is
	// longer.
	Session time.Duration

	// RotationGrace is how long after a refresh a repeat of it gets the same
	// tokens again, for clients that lose answers or race themselves: at most 1
	// minute. It has no effect with [FAPI2], which keeps refresh tokens.
	// Defaults to 10 seconds.
	RotationGrace time.Duration
}

// Pages are how the pages look, and what they call accounts and users. Every
// field is optional. A panic of Language, TimeZone or Data is logged, and the
// page is shown as to somebody of whom the host knows nothing: what it tells
// may have happened already. A panic of AccountName or UserName is an error of
// it.
type Pages struct {
	// Files overrides pages, the stylesheet and messages file by file, and adds
	// pages for [Provider.WritePage] and languages; see package dashboard for
	// their names. A page that does not parse makes New fail, and so does one
	// of the library's that does not execute, one that says a message that
	// there is not, and a file of messages that is broken. Defaults to the
	// pages of the library.
	Files fs.FS

	// Languages are those that the pages are in, as tags of BCP 47. The first
	// is for people who want none of them. Defaults to those of the library,
	// English first, and those that Files adds.
	Languages []string

	// Language returns the language that the host knows somebody to want, such
	// as by a setting of theirs, their cookie or the host's address: a tag of
	// BCP 47, or several as in an Accept-Language header. If it returns "", or
	// no language that the pages are in, the page follows the parameter
	// ui_locales of the authorization request, then the browser's
	// Accept-Language, and is in the first of Languages if neither names one
	// that there is. Many goroutines call it, once for each page. Defaults to
	// "".
	Language func(r *http.Request) string

	// TimeZone returns the time zone that the host knows somebody to be in,
	// such as by a setting of theirs: the times on pages are in it, and say how
	// it differs from UTC, as in "4 Mar 2026, 13:05 UTC+1". For nil they are in
	// UTC. What programs read of a page is in UTC always. Many goroutines call
	// it, once for each page with a time. Defaults to UTC.
	TimeZone func(r *http.Request) *time.Location

	// Documentation is the URL of the documentation of the service's API, which
	// the page of an application links once it is registered. Defaults to none.
	Documentation string

	// Support is the URL at which the service helps people, which the pages of
	// errors link. It may be a mailto URL. Defaults to none.
	Support string

	// Data returns what the host's own templates receive as .Host. Many
	// goroutines call it, once for each page; New and dashboard.New call it
	// with a request of their own. Defaults to nil.
	Data func(r *http.Request) any

	// AccountName returns the name of the account that owns an application:
	// users of other accounts see it on the consent page. An error is an outage
	// and answered 503; "" is for an account that is gone, and shows its ID.
	// Many goroutines call it at once. Defaults to "".
	AccountName func(ctx context.Context, account string) (string, error)

	// UserName returns the name of a user, for lists that tell which user of an
	// account authorized an application. An error is an outage and answered
	// 503; "" is for a user who is gone, and shows the ID. Many goroutines call
	// it at once. Defaults to "".
	UserName func(ctx context.Context, user string) (string, error)
}
