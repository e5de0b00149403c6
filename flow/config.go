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
	// repeated one can be answered. Each has 32 bytes or more; the first signs,
	// all verify. Nodes that serve the same users share them; the package
	// documentation says how to replace one. Whoever has a key can forge
	// consent; it opens no token. Defaults to a random key: forms that are open
	// during a restart must be reopened, and a refresh cannot be repeated
	// across it. Use it for one node only.
	Keys [][]byte

	// SigningKeys sign what others verify, for the capabilities that do so,
	// such as package signedintrospection. All are published, 20 at most, and
	// of each algorithm the first signs. The ID of a key is its thumbprint (RFC
	// 7638). Nodes share them; package signedintrospection says how to replace
	// one. Without such a capability they have no effect. Defaults to none.
	SigningKeys []SigningKey

	// CredentialPrefix brands client secrets, codes and tokens: 1 to 16
	// lower-case letters and digits. Choose it once. Defaults to
	// credential.DefaultPrefix.
	CredentialPrefix string

	// CurrentUser tells who is signed in; nil means nobody. An error is an
	// outage and answered 503. So is a user without an ID, or with an account
	// whose ID is not as [Account] says.
	CurrentUser func(r *http.Request) (*User, error)

	// LoginURL returns where a user signs in and is then sent to returnTo,
	// which is always a path on this service, with its query. The page has it
	// from a browser, and so from anybody: [ParseReturnTo] tells where it may
	// send the user, and what an authorization request says of the sign-in,
	// such as login_hint. LoginURL is also asked where nobody is sent there
	// yet: by New, and for the Content-Security-Policy of pages with a form.
	// Where it returns "", the answer is 503.
	LoginURL func(returnTo string) string

	// MayAct returns which of Scopes a user may still give applications for an
	// account: none for a user who left the account, was suspended or is gone.
	// It is asked at every code exchange, every refresh, and every consent,
	// remembered or not; by [Provider.Require] and introspection for tokens
	// that nothing refreshes; and at every call behind a [Guard] with Current.
	// So what a user may not do any more ends, or narrows, with the next
	// refresh, after Lifetimes.AccessToken at most; a refresh that is repeated
	// within Lifetimes.RotationGrace gets the same tokens again, unless the
	// user may give nothing by then. Where package tokens lets users make API
	// tokens, it is asked at each use of one, with the account "" for a token
	// that is not for one account: which scopes the user may use at all, none
	// for one who is suspended or gone. A user who may give nothing ends the
	// session, or the API token, with an event. An error is an outage and
	// answered 503. Defaults to all scopes for everyone: what a user granted
	// outlives their place in the account, until somebody revokes it or
	// Lifetimes.Session is over.
	MayAct func(ctx context.Context, user, account string) (scopes []string, err error)

	// Scopes are what applications can ask for.
	Scopes []Scope

	// IgnoredScopes are names that requests may have in scope without effect,
	// for clients that ask for them everywhere, such as "openid" and
	// "offline_access". A request for nothing else counts as one without scope.
	// None of them is in Scopes. Defaults to none: such a request is refused
	// with invalid_scope.
	IgnoredScopes []string

	// Resource is the identifier of the protected API (RFC 9728): https, or
	// http for a loopback host; no query, no fragment. Every token is for that
	// API. A client that asks for a token for another one, with "resource" (RFC
	// 8707), is refused. If Resources names further APIs, this is the default
	// one: tokens are for it where the client names none. Defaults to Issuer.
	Resource string

	// Resources are further APIs of the service. A client asks its user for one
	// or several of them, at most 8, with "resource", and gets access tokens
	// that no other API takes: [Guard] says which one a handler serves. At the
	// token endpoint "resource" narrows what the user authorized; without it,
	// an access token is for all of that. A Resource whose Identifier is
	// Config.Resource describes the default API. A consent to others than the
	// default one is not remembered. Tokens for an API that is taken out are
	// refused. Tokens for the default API open whichever API Config.Resource
	// names later, so it must not name one that they are not to open. Defaults
	// to none.
	Resources []Resource

	// ResourceServers are the client IDs of confidential applications that may
	// introspect every token. Those of a [Resource] may introspect those for
	// it, and others their own. [Provider.Check] tells which of them the store
	// does not know. Defaults to none.
	ResourceServers []string

	// Applications are the rules for what developers register.
	Applications Applications

	// RequirePKCE demands PKCE of confidential clients too. Public clients
	// always need it, and a challenge that was sent is always verified.
	RequirePKCE bool

	// Profile is what the service is held to as a whole: [FAPI2], [OAuth21] or
	// [MCP]. New fails, naming the clause, where the configuration lacks what
	// the profile demands, and everything else is narrowed to it: each profile
	// says how. Defaults to none.
	Profile Profile

	// Lifetimes are how long codes, tokens and consents are good.
	Lifetimes Lifetimes

	// Pages are what people see of the library.
	Pages Pages

	// Extensions are the capabilities beyond the authorization code flow, such
	// as dnsimple.New of package dnsimple. Defaults to none.
	Extensions []Extension

	// Events receives every change after it is durable, in the goroutine that
	// made it. It cannot veto, and a panic is logged. Its context is not
	// cancelled with the request, which waits for it: set a deadline. Each
	// request that an endpoint refuses has an event, with the error code, the
	// reason and the client that it names; so has one to the API whose access
	// token is of a live session, which nobody has revoked and whose
	// application is not suspended. A request to a page has one once the
	// application is known.
	// Outages have none: they are in the log. Refusals, which anybody can cause
	// as often as they like, are reported 100 times for one network address,
	// and then once every 10 seconds; each type of event is counted for itself,
	// in 5 megabytes at most. Text that a caller sent, such as the
	// User-Agent, has at most 256 bytes, and question marks for control
	// characters. Defaults to none.
	Events func(context.Context, oauthapp.Event)

	// Logger receives outages and internal errors, never a secret, code or
	// token. Defaults to slog.Default().
	Logger *slog.Logger

	// Limiter bounds failed client authentication. Defaults to a limiter in
	// this process: one client ID can fail 64 times from one network address,
	// and then once every 10 seconds; all client IDs together 512 times from
	// one network address, and then once a second. A client that authenticates
	// is not counted and never refused. Each node counts for itself, in 10
	// megabytes at most: the addresses that failed last are remembered.
	Limiter Limiter

	// RemoteAddr returns the address of the caller, for events and the Limiter.
	// Defaults to the host of r.RemoteAddr. Behind a proxy that is the address
	// of the proxy, the same for everyone: return the address that the proxy
	// vouches for. If RemoteAddr is not set and headers of a proxy arrive, the
	// Logger gets a warning, once.
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
	// name, as users would take it for the service's own: oauthapp.Imitates
	// compares names as they look. Defaults to no name.
	ReservedName func(owner, name string) bool

	// PrivateUseSchemes are schemes without a period that callback URLs of
	// public applications may have, such as "cursor", which is all that the
	// editor of that name has: 2 to 32 lower-case letters and digits, the first
	// a letter. RFC 8252, section 8.4, advises against them: of the programs on
	// a user's device that claim one, any may receive the code, which is of no
	// use to it without the verifier. Defaults to none.
	PrivateUseSchemes []string

	// NeedsApproval reports whether the service has to approve an application
	// before strangers can authorize it: until Registry.ChangeStanding sets
	// Standing.Approved, only users of the account that registered it can. One
	// without an Owner, which registered itself or is known by the URL of its
	// metadata, is open to nobody until then, unless NeedsApproval says that it
	// needs none. What was authorized before goes on. It is called by many
	// goroutines at once. Defaults to no approval. This asks for it for every
	// application:
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

	// RotationGrace is how long after a refresh the same refresh gets the same
	// tokens again, for clients that lose answers or race themselves. At most 1
	// minute. With [FAPI2], which keeps refresh tokens, it means nothing.
	// Defaults to 10 seconds.
	RotationGrace time.Duration
}

// Pages are how the pages look, and what they call accounts and users. Every
// field is optional.
type Pages struct {
	// Files overrides pages, the stylesheet and messages file by file, and adds
	// pages for [Provider.WritePage] and languages; see package dashboard for
	// their names. A page that does not parse makes New fail, and so does one
	// of the library's that does not execute, one that says a message that
	// there is not, and a file of messages that is broken. Defaults to the
	// pages of the library.
	Files fs.FS

	// Languages are those that the pages are in, as tags of BCP 47. The first
	// is for those who want none of them. Defaults to those of the library,
	// English first, and those that Files adds.
	Languages []string

	// Language returns the language that the host knows somebody to want, such
	// as by a setting of theirs, their cookie or the host's address: a tag of
	// BCP 47, or several as in an Accept-Language header. Where it returns "",
	// or nothing that the pages are in, they are in the first language that
	// ui_locales of the authorization request names, or else the browser's
	// Accept-Language, and that there is. It is called for each page by many
	// goroutines at once. Defaults to "".
	Language func(r *http.Request) string

	// TimeZone returns the time zone that the host knows somebody to be in,
	// such as by a setting of theirs: the times on pages are in it, and say how
	// it differs from UTC, as in "4 Mar 2026, 13:05 UTC+1". Where it returns
	// nil they are in UTC. Programs find them in UTC. It is called for each page with a time by many
	// goroutines at once. Defaults to nil.
	TimeZone func(r *http.Request) *time.Location

	// Documentation is the URL of the documentation of the service's API, which
	// the page of an application links once it is registered. Defaults to none.
	Documentation string

	// Support is the URL of where the service helps people, which the pages of
	// errors link. It may be one of mailto. Defaults to none.
	Support string

	// Data returns what the host's own layout needs, as .Host. Defaults to nil.
	Data func(r *http.Request) any

	// AccountName returns the name of an account, for the owner of an
	// application: users of other accounts see it on the consent page. An error
	// is an outage and answered 503; "" is for an account that is gone, and
	// shows its ID. Defaults to "".
	AccountName func(ctx context.Context, account string) (string, error)

	// UserName returns the name of a user, for whom of an account's users
	// authorized an application. An error is an outage and answered 503; "" is
	// for a user who is gone. Defaults to "", which shows the user's ID.
	UserName func(ctx context.Context, user string) (string, error)
}
