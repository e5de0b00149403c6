package kernel

import (
	"context"
	"crypto"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/ticket"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// The endpoints of RFC 6749, sections 3.1 and 3.2, below the issuer's path.
const (
	AuthorizePath = "/oauth/authorize"
	TokenPath     = "/oauth/token"
)

// A Kernel is what a provider lends its capabilities. Its functions are safe
// for concurrent use.
type Kernel struct {
	Profile     Profile  // that the service is held to; a capability narrows itself to it
	Issuer      string   // the issuer identifier
	BasePath    string   // its path, such as "/id", or ""; see [Route]
	Resource    string   // the identifier of the protected API, the default one of several
	TakenScopes []string // those that Resource takes
	Store       store.Store
	Registry    *oauthapp.Registry
	Credentials credential.Format
	Issue       *Issuance
	SigningKeys []SigningKey // of each algorithm the first signs

	// Now is the time of a request, as stores keep it.
	Now func() time.Time

	// Emit delivers an event that a request caused, once what it tells of is
	// durable. It fills in the time, where that is zero, and the actor but for
	// their user.
	Emit func(r *http.Request, e oauthapp.Event)

	// Refusals returns what requests of an application were refused for in the
	// last 7 days, the latest first: each refusal once, 20 at most. Anybody can
	// send a request that names an application.
	Refusals func(ctx context.Context, application uuid.UUID) ([]Refusal, error)

	// AuthenticateClient finds out which client sent a request and whether it
	// is that client, and in the same read takes the session named, or none. It
	// refuses the client of a suspended application.
	AuthenticateClient func(r *http.Request, params wire.Params, session uuid.UUID) (store.Client, *wire.Error)

	// HasGrant reports whether the token endpoint has a grant type, which a
	// capability may add.
	HasGrant func(grantType string) bool

	// HasClientAuthentication reports whether clients can authenticate with a
	// method, which a capability may add; "none" is that of public clients.
	HasClientAuthentication func(method string) bool

	// ClientParams are the parameters of client authentication, for what reads
	// the body of a request before AuthenticateClient. They are there from the
	// first request on.
	ClientParams []string

	// AllowedScopes returns what an application may ask for now, and
	// RequestedScopes what a parameter scope of its asks for, at any of some
	// resources: the default scopes where it is "", and a refusal where the
	// application may not ask for it there. Without resources it is at any that
	// the service has. GrantedScopes returns what the access token of a token
	// request may reach: what the user granted the session presented, as far as
	// the application may ask for it now and capabilities let it.
	AllowedScopes func(app oauthapp.Application) []string
	GrantedScopes func(t *TokenRequest) []string

	RequestedScopes func(app oauthapp.Application, scope string, resources []string) ([]string, *wire.Error)

	// SplitScopes takes a parameter scope apart, without those that the service
	// ignores.
	SplitScopes func(scope string) []string

	// StillGiven returns which of some scopes a user may still give for an
	// account, "" for what they do for themselves. An error is an outage.
	StillGiven func(ctx context.Context, user, account string, scopes []string) ([]string, *wire.Error)

	// RevokeLeaked ends a credential that was found where everybody can read
	// it, whatever it is, and returns an event for each that was ended, which
	// the caller emits. There is none for a string that is no live credential.
	RevokeLeaked func(r *http.Request, text string) ([]oauthapp.Event, error)

	// AgreeClientCredentials asks the engine for its opinion of a request that
	// was judged good, of a client for tokens for itself (RFC 6749, section
	// 4.4): of the scopes granted to the client, the token gets these.
	AgreeClientCredentials func(t *TokenRequest, granted, scopes []string) *wire.Error

	// RequestedResources returns the identifiers of the resources that a
	// request names (RFC 8707), the default one where it names none, and
	// refuses one that the service does not have. KeptResources is what a
	// session keeps of them, which begins with a user's consent to them.
	RequestedResources func(params wire.Params) ([]string, *wire.Error)
	KeptResources      func(resources []string) Extra

	// AuthorizationParams are the names of what the authorization endpoint acts
	// on. JudgePushed judges an authorization request that its authenticated
	// client pushes (RFC 9126): it refuses, in the same words, all that the
	// authorization endpoint would refuse whoever the user is. It returns the
	// parameters to act on, with the scopes asked for. AskCapabilities judges a
	// request that has come another way, by what capabilities say of it alone.
	AuthorizationParams func() []string
	JudgePushed         func(r *http.Request, client store.Client, params wire.Params) (wire.Params, *wire.Error)
	AskCapabilities     func(a *AuthorizationRequest) *wire.Error

	// SignIn sends a user to sign in and from there to returnTo, a path of this
	// service with its query. It begins with BasePath.
	SignIn func(w http.ResponseWriter, r *http.Request, returnTo string)

	// FindClient returns the client of an ID, also one that nobody registered.
	// signedIn tells that a user who is signed in waits for it. Until then, a
	// client that nobody registered may be zero. The client of a suspended
	// application is refused. KeepClient sees to it that the store has a client
	// that was found. It is called after the user's yes, before anything is
	// issued.
	FindClient func(r *http.Request, clientID string, signedIn bool) (store.Client, *wire.Error)
	KeepClient func(r *http.Request, client store.Client) (store.Client, *wire.Error)

	// AskConsent shows a consent page. ReadConsent takes its form apart, whose
	// request may have parameters of these names; action is that of the
	// question. The form is that of [ConsentParams] as wire.ReadFormUnchecked
	// reads it; wire.ReadForm refuses a form with two boxes ticked. ReadConsent
	// checks it, and that it comes from this origin. The capability then judges
	// the request anew, as everything may have changed meanwhile, and Decide
	// returns the answer. ReadConsent and Decide report false where they have
	// answered the request: with a refusal, or with the page once more.
	//
	// Nothing is carried out by then. The capability claims what it asked
	// about, so that one decision counts. After a yes it calls KeepClient,
	// keeps what was authorized, and emits oauthapp.GrantCreated; after a no it
	// emits oauthapp.GrantDenied with the Error access_denied. See
	// [ConsentQuestion.Event].
	AskConsent  func(w http.ResponseWriter, r *http.Request, q ConsentQuestion)
	ReadConsent func(w http.ResponseWriter, r *http.Request, action string, form wire.Params, names []string) (*ConsentForm, bool)
	Decide      func(w http.ResponseWriter, r *http.Request, form *ConsentForm, q ConsentQuestion) (Decision, bool)

	// ManageURL returns where users take back what they authorized, "" where
	// there is no such page. Package dashboard sets it.
	ManageURL    func() string
	SetManageURL func(url string)

	// AccountPages are the pages that each account has: that of package
	// dashboard, which sets it, and those of capabilities.
	AccountPages   func() []AccountPage
	SetAccountPage func(AccountPage)

	// ApplicationFields are the fields that capabilities add to the form of an
	// application.
	ApplicationFields func() []ApplicationField

	// OwnScopes are the scopes that an application may have for itself, without
	// a user.
	OwnScopes func(app oauthapp.Application) []string

	// Exchange answers a token request on the terms of an endpoint: it
	// authenticates the client and hands the request to its grant.
	Exchange func(r *http.Request, params wire.Params, terms Terms) (*TokenRequest, Tokens, *wire.Error)

	// WriteJSON answers a request that is granted, and WriteError one that is
	// not.
	WriteJSON  func(w http.ResponseWriter, r *http.Request, answer any)
	WriteError func(w http.ResponseWriter, r *http.Request, e *wire.Error)

	// Samples are data for every page, by the name of its file, that shows it
	// in each of its states. Languages are those that the pages are in.
	Samples   func() map[string][]page.Sample
	Languages func() []string

	// Moments returns what makes times of a page as its reader sees them.
	Moments func(r *http.Request) func(at time.Time) page.Moment

	// WritePage answers with a page of the library, of [Contribution.Pages] or
	// of the host. The answer to a form of the page may lead to formActions,
	// which are sources of the Content-Security-Policy.
	// WritePageError answers with the page of an error and notes it in the
	// [Outcome]. The page says of status 403 that the form is not of the user's
	// session, of an outage that nothing was changed, and of all else that the
	// application made a mistake. What a user can mend, such as a typing error,
	// a page of the capability says.
	WritePage      func(w http.ResponseWriter, r *http.Request, status int, name string, data any, formActions ...string)
	WritePageError func(w http.ResponseWriter, r *http.Request, e *wire.Error)

	Host
}

// ScopesWithin returns what a client that registers itself may ask for: the
// scopes that it names, as far as the service has them and they are among most,
// or all of most if it names none of those. An empty most is no limit.
func (k *Kernel) ScopesWithin(named string, most []string) []string {
	var both []string
	for scope := range strings.FieldsSeq(named) {
		_, offered := k.Scopes[scope]
		if offered && (len(most) == 0 || slices.Contains(most, scope)) {
			both = append(both, scope)
		}
	}
	if len(both) == 0 {
		return slices.Clone(most)
	}
	return both
}

// A SigningKey is a key pair of the service for one JWS algorithm. Nobody has
// checked that it is.
type SigningKey struct {
	Signer    crypto.Signer
	Algorithm string
}

// A Host is what the host's configuration says, for a capability that has
// pages. Its functions are safe for concurrent use.
type Host struct {
	// User returns who is signed in, nil for nobody. An error is an outage.
	User func(r *http.Request) (*User, error)
	// LoginURL returns where a user signs in and is then sent to returnTo, a
	// path of this service; "" is an outage.
	LoginURL func(returnTo string) string
	// UserName returns the name of a user by ID, "" where it has none.
	UserName func(ctx context.Context, user string) (string, error)
	// AccountName returns the name of an account by ID.
	AccountName func(ctx context.Context, account string) (string, error)

	// Tickets sign what forms bring back, FormSession tells what they are bound
	// to beside their user, and CheckOrigin refuses a form that a page of
	// another origin sent.
	Tickets     ticket.Keys
	FormSession ticket.Session
	CheckOrigin func(r *http.Request) error

	// AwaitsApproval reports whether an application is for the users of its
	// owner's account alone, until the service approves it.
	AwaitsApproval func(app oauthapp.Application) bool

	// Actor is who sent a request. The user is "" where that is not known.
	Actor func(r *http.Request, user string) oauthapp.Actor

	Scopes          map[string]*page.Message // the description of each by its name, nil for none
	MaxApplications int                      // of one owner
	Logger          *slog.Logger
}

// A User is who is signed in.
type User struct {
	ID, Name string
	Session  string // at the host; "" where it names none, see [Host.FormSession]
	Accounts []Account
	// Memberships are the IDs of all their accounts, also of those that a
	// question leaves out.
	Memberships []string

	AuthenticatedAt time.Time // when they last signed in; zero where the host does not tell
}

// IsOf reports whether an account is one of the user's.
func (u *User) IsOf(account string) bool { return slices.Contains(u.Memberships, account) }

// An Account is one that a user may act for.
type Account struct {
	ID, Name string

	// What the user may do there:
	Manages    bool // register and administer applications
	SeesGrants bool // see what others authorized
	EndsGrants bool // revoke what others authorized
	Authorizes bool // authorize applications
}

// Authorizing returns the user with those accounts alone for which they may
// authorize applications.
func (u *User) Authorizing() *User {
	if u == nil {
		return nil
	}
	user := *u
	user.Accounts = slices.DeleteFunc(slices.Clone(u.Accounts), func(a Account) bool { return !a.Authorizes })
	return &user
}

// Account returns the user's account with an ID.
func (u *User) Account(id string) (Account, bool) {
	i := slices.IndexFunc(u.Accounts, func(a Account) bool { return a.ID == id })
	if i < 0 {
		return Account{}, false
	}
	return u.Accounts[i], true
}
