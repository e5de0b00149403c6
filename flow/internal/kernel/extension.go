package kernel

import (
	"context"
	"net/http"

	"github.com/oauthapps/oauthapps/flow/internal/clientauth"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// An Extension is a capability that a host lists in its configuration. It lives
// in a package of its own, which imports this one and no other capability, and
// nothing imports it: its folder can be deleted.
type Extension interface {
	// Name is the name of the capability, that of its package: 1 to 32 of a-z,
	// 0-9, "." and "-". Its entries of Extra have that name, and its one-time
	// records kinds that begin with it.
	Name() string

	// Findings reviews how the capability is configured.
	Findings() []Finding

	// Contribute returns what the capability adds to a provider. It is called
	// once, while the provider is made; an error keeps it from being made. The
	// kernel can be kept; its functions work from the first request on.
	Contribute(k *Kernel) (Contribution, error)
}

// A Finding is something about a configuration that a host should know of.
type Finding struct {
	Warning   bool    // not fit for a service that others rely on; or else it could be safer
	Field     string  // of the configuration
	Message   string  // what follows from it and what to do about it, in full sentences
	Reference string  // where that is recommended
	Unless    Profile // the one that settles it; optional
	Public    bool    // only where others than this machine reach the service
}

// A Contribution is what a capability adds. What it leaves out it does not add.
// Two that add the same keep the provider from being made: a name, route, grant
// type, client authentication method, scheme, parameter of authorization
// requests or of client authentication, application field, metadata member or
// page. So does what cannot work, such as a name that the RFCs do not allow or
// that the library uses itself, or a missing function that is not optional.
type Contribution struct {
	Routes               []Route
	Grants               []Grant
	ClientAuthentication []clientauth.Method
	AuthorizationParams  []AuthorizationParam
	Schemes              []Scheme

	// JudgeAuthorization refuses authorization requests that are in order
	// otherwise, whether a browser brings them, the client pushes them or a
	// device makes them.
	JudgeAuthorization func(a *AuthorizationRequest) *wire.Error
	// Requests finds authorization requests that clients pushed before.
	Requests *RequestSource
	// Tokens knows access tokens that belong to no session.
	Tokens *TokenSource
	// Leakable are the kinds of credentials that whoever found one can end.
	Leakable []Leakable
	// Clients knows clients that nobody has registered.
	Clients *ClientSource
	// LimitScopes returns the most that an application may ask for as the
	// capability has it, or nil where it sets no limit.
	LimitScopes func(app oauthapp.Application) []string
	// ClientBadge is what the pages say beside the name of an application, in a
	// few words, such as that it registered itself; nil for nothing.
	ClientBadge func(app oauthapp.Application) *page.Message

	// OwnScopes returns the scopes that the capability lets an application have
	// for itself, without a user: its page tells its owner.
	OwnScopes func(app oauthapp.Application) []string

	// ApplicationField is what the owner of an application says of it for the
	// capability, in the form of package dashboard.
	ApplicationField *ApplicationField

	// AccountPage is a page of the capability that each account has.
	AccountPage *AccountPage

	// Metadata are members of the authorization server metadata (RFC 8414), for
	// JSON. Grant types and client authentication methods are there by
	// themselves. ResourceMetadata are members of that of the protected API
	// (RFC 9728).
	Metadata         map[string]any
	ResourceMetadata map[string]any

	// JudgeTokenRequest is asked about every token request whose client was
	// authenticated, before its grant judges and issues, repeats of a refresh
	// included; with [TokenRequest.Again] it is asked about one once more. A
	// refusal is the answer. It may change the capability's own entry with
	// [TokenRequest.Keep], and narrow what the access token reaches with
	// [TokenRequest.Limit]. Nothing has proven yet that the code or refresh
	// token presented is that of the session.
	JudgeTokenRequest func(t *TokenRequest) *wire.Error

	// AnswerHeader adds to the header of every answer of a [Route] that issues
	// tokens and of Require, before the request is judged.
	AnswerHeader func(h http.Header, r *http.Request)
	// ExposedHeaders are headers of answers that scripts of other origins may
	// read.
	ExposedHeaders []string

	// TokenMembers returns further members of a successful answer of the token
	// endpoint, and IntrospectionMembers of one that says that a token is
	// active. A member that is there already stays as it is.
	TokenMembers         func(t *TokenRequest, issued *Tokens) map[string]any
	IntrospectionMembers func(s *store.Session, token credential.Digest) map[string]any

	// WriteIntrospection answers a client that may introspect, in a form of its
	// own: with what is said otherwise in JSON, answer. It reports false, and
	// writes nothing, where the request does not ask for that form.
	WriteIntrospection func(w http.ResponseWriter, r *http.Request, client store.Client, answer any) bool

	// KeySet is the JWK Set (RFC 7517) of the public keys of
	// [Kernel.SigningKeys], of a capability that signs with them. It is then
	// published. All that contribute one contribute the same.
	KeySet []byte

	// Pages are written by their names with [Kernel.WritePage], and can be
	// overridden by the host like every page. Each defines the templates
	// "title" and "main", which find their data as .Page. Each has a name that
	// no other page has, and a sample of every kind of data that it is written
	// with. Of files that are embedded in a folder, Files is the fs.Sub.
	Pages page.Further

	// Observe is told of each request at an endpoint and by the API, before it
	// is judged, and returns the context that it goes on with and what is
	// called with its outcome.
	Observe func(ctx context.Context, r *http.Request, endpoint string) (context.Context, func(*Outcome))

	// Meets are what the capability, as it is configured, sees to for the
	// clauses of a profile.
	Meets []Requirement

	// ClaimsExtra says that the capability judges whatever [Extra] has under
	// its name. A session with an entry that nobody claims is refused
	// everywhere.
	ClaimsExtra bool
}

// A Route is an endpoint.
type Route struct {
	Method string // GET, POST, PUT or DELETE
	// Path is a pattern of [http.ServeMux] that begins with "/" and matches no
	// request that another route's path matches. It is below the path of the
	// issuer, as the Action of a [ConsentQuestion] is. What a browser is told,
	// such as the action of a form and where to return to, is [Kernel.BasePath]
	// and the path; metadata has [Kernel.Issuer] and the path.
	Path      string
	Handler   http.HandlerFunc
	AnyOrigin bool // scripts of other origins may read the answers; there is no cookie in it
	// IssuesTokens tells that it answers token requests: see
	// [Contribution.AnswerHeader]. No cache keeps the answers.
	IssuesTokens bool
}

// An AuthorizationParam is a parameter of authorization requests. It survives
// signing in and consent.
type AuthorizationParam struct {
	Name string
	// Check refuses a value, which is never empty. Optional.
	Check func(value string) *wire.Error
	// Keep returns what the session keeps of it in [Extra] under the
	// capability's name, for JSON, or nil. A capability has one parameter that
	// is kept. Optional.
	Keep func(value string) any

	owner string
}
