package flow

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// Config configures a [Provider]. Issuer, Store, CurrentUser, LoginURL and
// Scopes are required; everything else has a safe default.
type Config struct {
	// Issuer is the external URL of the service, the issuer identifier of RFC
	// 8414: https, or http for a loopback host; no query, no fragment, no
	// trailing slash. Its path, if any, stands before the path of every
	// endpoint.
	Issuer string

	// Store keeps applications, grants and sessions.
	Store store.Store

	// CurrentUser tells who is signed in; nil means nobody. An error is an
	// outage and answered 503, and so is a user whose ID, or the ID of an
	// account of theirs, is none: see [User] and [Account].
	CurrentUser func(r *http.Request) (*User, error)

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

	// NeedsApproval reports whether the service has to approve an application
	// before strangers can authorize it: until Registry.ChangeStanding sets
	// Standing.Approved, only users of the account that registered it can. One
	// without an Owner, which registered itself or is known by the URL of its
	// metadata, is open to nobody until then, unless NeedsApproval says that it
	// needs none. What was authorized before goes on. It is called by many
	// goroutines at once. Defaults to no approval:
	//
	//	NeedsApproval: func(oauthapp.Application) bool { return true },
	NeedsApproval func(app oauthapp.Application) bool

	// LoginURL returns where a user signs in and is then sent to returnTo,
	// which is always a path on this service, with its query. What an
	// authorization request tells the login page, such as login_hint, is in
	// there: see [ParseReturnTo]. LoginURL is also asked where nobody is sent
	// there yet: by New, and for the Content-Security-Policy of pages with a
	// form. Where it returns "", the answer is 503.
	LoginURL func(returnTo string) string

	// Scopes are what applications can ask for.
	Scopes []Scope

	// IgnoredScopes are names that requests may have in scope without effect,
	// for clients that ask for them everywhere, such as "openid" and
	// "offline_access". A request for nothing else counts as one without scope.
	// None of them is in Scopes. Defaults to none: such a request is refused
	// with invalid_scope.
	IgnoredScopes []string

	// Keys sign forms, and take part in the tokens of a refresh, so that a
	// repeated one can be answered. Each has 32 bytes or more; the first signs,
	// all verify. Nodes that serve the same users share them; the package
	// documentation says how to replace one. Whoever has a key can forge
	// consent; it opens no token. Defaults to a random key: forms that are open
	// during a restart must be reopened, and a refresh cannot be repeated
	// across it. Use it for one node only.
	Keys [][]byte

	// Lifetimes are how long codes, tokens and consents are good.
	Lifetimes Lifetimes

	// RequirePKCE demands PKCE of confidential clients too. Public clients
	// always need it, and a challenge that was sent is always verified.
	RequirePKCE bool

	// ResourceServers are the client IDs of confidential applications that may
	// introspect every token. Others can introspect their own. [Provider.Check]
	// tells which of them the store does not know. Defaults to none.
	ResourceServers []string

	// Resource is the identifier of the protected API (RFC 9728), which every
	// token is for: https, or http for a loopback host; no query, no fragment.
	// A client that asks for one for another, with "resource" (RFC 8707), is
	// refused. Of several APIs it is the default one, which tokens are for
	// where the client names none. Defaults to Issuer.
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

	// Extensions are the capabilities beyond the authorization code flow, such
	// as dnsimple.New of package dnsimple. Defaults to none.
	Extensions []Extension

	// MaxApplications is how many applications one owner may have. Defaults to
	// 100.
	MaxApplications int

	// ReservedName reports whether an application of owner may not be called
	// name, as users would take it for the service's own: oauthapp.Imitates
	// compares names as they look. Defaults to no name.
	ReservedName func(owner, name string) bool

	// CredentialPrefix brands client secrets, codes and tokens: 1 to 16
	// lower-case letters and digits. Choose it once. Defaults to
	// credential.DefaultPrefix.
	CredentialPrefix string

	// Pages are what people see of the library.
	Pages Pages

	// Limiter bounds failed client authentication. Defaults to a limiter in
	// this process: one client ID can fail 64 times from one network address,
	// and then once every 10 seconds; all client IDs together 512 times from
	// one network address, and then once a second. A client that authenticates
	// is not counted and never refused. Each node counts for itself, in 10
	// megabytes at most: the addresses that failed last are remembered.
	Limiter Limiter

	// RemoteAddr returns the address of the caller, for events and the Limiter.
	// Defaults to the host of r.RemoteAddr. Behind a proxy that is the proxy's,
	// for everyone together: take what the proxy vouches for. Where it is not
	// set, and headers of a proxy arrive, the Logger gets a warning, once.
	RemoteAddr func(r *http.Request) string

	// Events receives every change after it is durable, in the goroutine that
	// made it. It cannot veto, and a panic is logged. Each request that an
	// endpoint refuses has an event, with the error code, the reason and the
	// client that it names; so has one to the API whose access token names a
	// session. A request to a page has one once the application is known.
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

	// Now tells the time. Defaults to time.Now.
	Now func() time.Time
}

// Lifetimes are how long codes, tokens and consents are good. Each is 1 second
// or more; one that is zero has its default.
type Lifetimes struct {
	// Code is how long an authorization code lives, at most 10 minutes (RFC
	// 6749, section 4.1.2). Defaults to 5 minutes.
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
	// minute. Defaults to 10 seconds.
	RotationGrace time.Duration
}

// Pages are how the pages look, and what they call accounts and users. Every
// field is optional.
type Pages struct {
	// Files overrides pages and the stylesheet file by file, and adds pages for
	// [Provider.WritePage]; see package dashboard for their names. A page that
	// does not parse makes New fail, and so does one of the library's that does
	// not execute. Defaults to the pages of the library.
	Files fs.FS

	// Data returns what the host's own layout needs, as .Host. Defaults to nil.
	Data func(r *http.Request) any

	// AccountName returns the name of an account, for the owner of an
	// application. Defaults to the account's ID.
	AccountName func(ctx context.Context, account string) (string, error)

	// UserName returns the name of a user, for whom of an account's users
	// authorized an application. An error is an outage and answered 503; "" is
	// for a user who is gone. Defaults to "", which shows the user's ID.
	UserName func(ctx context.Context, user string) (string, error)
}

// A User is who is signed in, as the host knows them.
type User struct {
	ID   string // opaque, unique, never reused, never ""
	Name string // shown on pages: a name or an e-mail address
	// Session identifies the user's session at the host: forms are good only in
	// the session they were made for. It is hashed, never shown. Without it,
	// forms are good only in the browser they were made for: the pages with a
	// form then set a cookie.
	Session string
	// AuthenticatedAt is when the user last signed in, with a password or
	// whatever else the host asks for; going on with a session is not signing
	// in. It is to be as exact as a second, and its clock at most a minute
	// behind that of [Config.Now]. A request with prompt=login or max_age goes
	// on once this is recent enough: the user is sent to [Config.LoginURL]
	// until then, once, with SignIn.Anew. With the zero time nothing can show
	// that, and such a request ends with the error login_required. Optional.
	AuthenticatedAt time.Time
	// Accounts are those the user may act for. The first is preselected.
	Accounts []Account
}

// checkUsers returns the host's CurrentUser, without users and accounts whose
// ID would stand for anybody where stores look for grants, or make a path that
// leads elsewhere.
func checkUsers(currentUser func(*http.Request) (*User, error)) func(*http.Request) (*User, error) {
	return func(r *http.Request) (*User, error) {
		user, err := currentUser(r)
		if user == nil || err != nil {
			return nil, err
		}
		if err := user.check(); err != nil {
			return nil, fmt.Errorf("flow: Config.CurrentUser returned %w", err)
		}
		return user, nil
	}
}

func (u *User) check() error {
	if u.ID == "" {
		return errors.New("a user without an ID")
	}
	for _, account := range u.Accounts {
		switch id := account.ID; {
		case id == "":
			return errors.New("an account without an ID")
		case id == "." || id == ".." || strings.Contains(id, "/"):
			return fmt.Errorf("an account with the ID %q, which is no segment of a path", id)
		}
	}
	return nil
}

// An Account is what an application reaches once a user authorizes it.
type Account struct {
	// ID is opaque, unique and never reused. It is a segment of the paths of
	// package dashboard: not "", "." or "..", and without a slash.
	ID   string
	Name string
	// Role is what the user may do there. Defaults to that of a [Member], who
	// manages what they authorized themselves and nothing else. The pages of
	// package dashboard, and the consent page, show and do what it allows.
	Role Role
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
	// Group puts the scope beside others of the same Group on the consent page,
	// under that heading, such as "Domains". Optional.
	Group string
	// Risk is what an application can do with the scope at worst, in words that
	// the consent page shows beside the description: "It can spend your money."
	// Optional.
	Risk string
}

// The defaults and limits of Config.
const (
	defaultCodeLifetime         = 5 * time.Minute
	maxCodeLifetime             = 10 * time.Minute // RFC 6749, section 4.1.2
	defaultAccessTokenLifetime  = time.Hour
	defaultRefreshTokenLifetime = 30 * 24 * time.Hour
	defaultSessionLifetime      = 365 * 24 * time.Hour
	defaultRotationGrace        = 10 * time.Second
	maxRotationGrace            = time.Minute
	defaultMaxApplications      = 100
	minKeySize                  = 32
)

// resolve returns a copy of cfg that has every default and passed every check,
// and its issuer.
func (cfg Config) resolve() (Config, *url.URL, error) {
	issuer, err := parseIssuer(cfg.Issuer)
	if err != nil {
		return Config{}, nil, fmt.Errorf("flow: Config.Issuer: %w", err)
	}
	cfg.Keys = slices.Clone(cfg.Keys)
	cfg.Scopes = slices.Clone(cfg.Scopes)
	cfg.IgnoredScopes = slices.Clone(cfg.IgnoredScopes)
	cfg.ResourceServers = slices.Clone(cfg.ResourceServers)
	cfg.Resources = slices.Clone(cfg.Resources)
	cfg.Extensions = slices.Clone(cfg.Extensions)
	cfg.setDefaults()
	for _, check := range []struct {
		field string
		err   error
	}{
		{"Store", required(!isNil(cfg.Store))},
		{"CurrentUser", required(cfg.CurrentUser != nil)},
		{"LoginURL", checkLoginURL(cfg.LoginURL, issuer.Path+authorizePath)},
		{"Scopes", checkScopes(cfg.Scopes)},
		{"IgnoredScopes", checkIgnoredScopes(cfg.IgnoredScopes, cfg.Scopes)},
		{"Keys", checkKeys(cfg.Keys)},
		{"Lifetimes.Code", checkLifetime(cfg.Lifetimes.Code, maxCodeLifetime)},
		{"Lifetimes.AccessToken", checkLifetime(cfg.Lifetimes.AccessToken, 0)},
		{"Lifetimes.RefreshToken", checkLifetime(cfg.Lifetimes.RefreshToken, 0)},
		{"Lifetimes.Session", checkSession(cfg.Lifetimes.Session, cfg.Lifetimes.Code)},
		{"Lifetimes.RotationGrace", checkLifetime(cfg.Lifetimes.RotationGrace, maxRotationGrace)},
		{"Resource", checkResource(cfg.Resource)},
		{"Limiter", optional(cfg.Limiter)},
		{"Pages.Files", optional(cfg.Pages.Files)},
	} {
		if check.err != nil {
			return Config{}, nil, fmt.Errorf("flow: Config.%s: %w", check.field, check.err)
		}
	}
	cfg.CurrentUser = checkUsers(cfg.CurrentUser)
	cfg.Events = guardEvents(&cfg)
	return cfg, issuer, nil
}

// setDefaults fills in what is zero.
func (cfg *Config) setDefaults() {
	setDefault(&cfg.Lifetimes.Code, defaultCodeLifetime)
	setDefault(&cfg.Lifetimes.AccessToken, defaultAccessTokenLifetime)
	setDefault(&cfg.Lifetimes.RefreshToken, defaultRefreshTokenLifetime)
	setDefault(&cfg.Lifetimes.Session, max(defaultSessionLifetime, cfg.Lifetimes.RefreshToken))
	setDefault(&cfg.Lifetimes.RotationGrace, defaultRotationGrace)
	setDefault(&cfg.Resource, cfg.Issuer)
	setDefault(&cfg.MaxApplications, defaultMaxApplications)
	setDefault(&cfg.CredentialPrefix, credential.DefaultPrefix)
	if len(cfg.Keys) == 0 {
		key := make([]byte, minKeySize)
		_, _ = rand.Read(key) // never fails
		cfg.Keys = [][]byte{key}
	}
	if cfg.Pages.AccountName == nil {
		cfg.Pages.AccountName = func(_ context.Context, account string) (string, error) { return account, nil }
	}
	if cfg.Pages.UserName == nil {
		cfg.Pages.UserName = func(context.Context, string) (string, error) { return "", nil }
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.RemoteAddr == nil {
		cfg.RemoteAddr = connectionAddr(cfg.Logger)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// registry is the part of the configuration that administers applications.
func (cfg Config) registry() oauthapp.Config {
	names := make([]string, len(cfg.Scopes))
	for i, scope := range cfg.Scopes {
		names[i] = scope.Name
	}
	return oauthapp.Config{
		Store:            cfg.Store,
		Scopes:           names,
		MaxApplications:  cfg.MaxApplications,
		ReservedName:     cfg.ReservedName,
		CredentialPrefix: cfg.CredentialPrefix,
		Events:           cfg.Events,
		Now:              cfg.Now,
	}
}

func required(given bool) error {
	if !given {
		return errors.New("is required")
	}
	return nil
}

// optional refuses an interface that is not nil, and holds nothing.
func optional(value any) error {
	if value != nil && isNil(value) {
		return errors.New("holds a nil pointer: leave it out, or set it to something")
	}
	return nil
}

// isNil reports whether an interface holds nothing, or a nil pointer or
// function.
func isNil(value any) bool {
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Func:
		return v.IsNil()
	}
	return false
}

// checkLoginURL asks for the URL to return to a sample path from.
func checkLoginURL(loginURL func(string) string, returnTo string) (err error) {
	if loginURL == nil {
		return required(false)
	}
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("panicked when it was called with %q: %v", returnTo, problem)
		}
	}()
	if loginURL(returnTo) == "" {
		return fmt.Errorf("returned no URL for %q", returnTo)
	}
	return nil
}

func checkLifetime(lifetime, limit time.Duration) error {
	switch {
	case lifetime < time.Second:
		return errors.New("must be 1 second or more")
	case limit > 0 && lifetime > limit:
		return fmt.Errorf("must be %s at most", limit)
	}
	return nil
}

// checkSession sees to it that no code outlives the session that it begins.
func checkSession(lifetime, code time.Duration) error {
	if lifetime < code {
		return errors.New("must be Lifetimes.Code or more")
	}
	return checkLifetime(lifetime, 0)
}

func checkKeys(keys [][]byte) error {
	for _, key := range keys {
		if len(key) < minKeySize {
			return fmt.Errorf("each key must have %d bytes or more", minKeySize)
		}
	}
	return nil
}

// issuerPath admits what needs no escaping in a URL and means nothing to a mux.
var issuerPath = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)*$`)

// parseIssuer checks an issuer identifier (RFC 8414, section 2), which clients
// compare byte for byte.
func parseIssuer(issuer string) (*url.URL, error) {
	if issuer == "" {
		return nil, errors.New("is required")
	}
	u, err := url.Parse(issuer)
	if err != nil {
		return nil, errors.New("must be a URL") // the parser's error would quote all of it
	}
	switch {
	case !isSecure(u):
		return nil, errors.New("must be an https URL, or an http URL of a loopback host")
	case u.Hostname() == "" || u.User != nil:
		return nil, errors.New("must have a host and no user")
	case !issuerPath.MatchString(u.EscapedPath()) || u.Path != "" && path.Clean(u.Path) != u.Path:
		return nil, errors.New("must have a path of letters, digits and ._~- without a trailing slash, or none")
	case u.String() != issuer || strings.ToLower(u.Host) != u.Host || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("must have no query and no fragment, and a scheme and host in lower case")
	}
	return u, nil
}

// isSecure reports whether what is sent to a URL can be read by nobody on the
// way.
func isSecure(u *url.URL) bool {
	host := u.Hostname()
	isLoopback := host == "localhost" || net.ParseIP(host).IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && isLoopback
}

// checkResource checks a resource identifier (RFC 9728, section 1.2), to which
// clients send access tokens.
func checkResource(resource string) error {
	u, err := url.Parse(resource)
	switch {
	case err != nil || u.Host == "" || u.Fragment != "" || u.RawQuery != "" || u.ForceQuery || u.User != nil || u.String() != resource:
		return errors.New("must be an absolute URL without user, query and fragment")
	case !isSecure(u):
		return errors.New("must be an https URL, or an http URL of a loopback host")
	case !issuerPath.MatchString(strings.TrimSuffix(u.EscapedPath(), "/")):
		return errors.New("must have a path of letters, digits and ._~-, or none")
	}
	return nil
}

// scopeName is the scope-token of RFC 6749, section 3.3.
var scopeName = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]{1,128}$`)

func checkScopes(scopes []Scope) error {
	seen := make(map[string]bool, len(scopes))
	hasDefault := false
	for _, scope := range scopes {
		switch {
		case !scopeName.MatchString(scope.Name):
			return fmt.Errorf("%q is no scope name: printable ASCII without space, quote and backslash", scope.Name)
		case seen[scope.Name]:
			return fmt.Errorf("%q is there twice", scope.Name)
		}
		seen[scope.Name] = true
		hasDefault = hasDefault || scope.Default
	}
	if !hasDefault {
		return errors.New("at least one scope must be a default")
	}
	return nil
}

func checkIgnoredScopes(ignored []string, scopes []Scope) error {
	for _, name := range ignored {
		switch {
		case !scopeName.MatchString(name):
			return fmt.Errorf("%q is no scope name: printable ASCII without space, quote and backslash", name)
		case slices.ContainsFunc(scopes, func(s Scope) bool { return s.Name == name }):
			return fmt.Errorf("%q is in Scopes", name)
		}
	}
	return nil
}
