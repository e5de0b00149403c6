package kernel

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

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
	// Requests finds authorization requests that clients handed in before.
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

	// Metadata are members of the authorization server metadata (RFC 8414), for
	// JSON. Grant types and client authentication methods are there by
	// themselves. ResourceMetadata are members of that of the protected API
	// (RFC 9728).
	Metadata         map[string]any
	ResourceMetadata map[string]any

	// JudgeTokenRequest is asked about every token request whose client was
	// authenticated, before its grant judges and issues, repeats of a refresh
	// included; with [TokenRequest.Again] it is asked about one once more. A
	// refusal is the answer. It may change the capability's own
	// entry with [TokenRequest.Keep], and narrow what the access token reaches
	// with [TokenRequest.Limit]. Nothing has proven yet that the code or
	// refresh token presented is that of the session.
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

// Contributions are what the capabilities of a provider add together.
type Contributions struct {
	Routes               []Route
	Grants               map[string]Grant // by grant type
	ClientAuthentication []clientauth.Method
	AuthorizationParams  []AuthorizationParam
	Metadata             map[string]any
	ResourceMetadata     map[string]any
	TokenMembers         []func(t *TokenRequest, issued *Tokens) map[string]any
	IntrospectionMembers []func(s *store.Session, token credential.Digest) map[string]any
	Pages                []page.Further
	Observers            []func(ctx context.Context, r *http.Request, endpoint string) (context.Context, func(*Outcome))

	// Nil where nobody adds one:
	Requests           *RequestSource
	WriteIntrospection func(w http.ResponseWriter, r *http.Request, client store.Client, answer any) bool

	keySet             []byte
	tokenSource        *TokenSource
	leakable           []Leakable
	judgeAuthorization []func(a *AuthorizationRequest) *wire.Error
	clientSources      []*ClientSource
	applicationFields  []ApplicationField
	clientBadges       []func(app oauthapp.Application) *page.Message
	limitScopes        []func(app oauthapp.Application) []string
	ownScopes          []func(app oauthapp.Application) []string
	judgeTokenRequest  []func(t *TokenRequest) *wire.Error
	answerHeaders      []func(h http.Header, r *http.Request)
	exposed            []string // headers

	schemes []Scheme // in the order of their names
	meets   map[Requirement]bool
	owners  map[string]string // of what can be added once
	extra   map[string]bool   // the names that claim entries of Extra
}

// Add adds what the capability of a name contributes. It fails, naming both,
// where another added the same before.
func (all *Contributions) Add(name string, c Contribution) error {
	if all.owners == nil {
		all.owners, all.extra, all.meets = map[string]string{}, map[string]bool{}, map[Requirement]bool{}
		all.Grants = map[string]Grant{}
		all.Metadata, all.ResourceMetadata = map[string]any{}, map[string]any{}
	}
	if !capabilityName.MatchString(name) {
		return fmt.Errorf("the name %q must have 1 to 32 of a-z, 0-9, \".\" and \"-\"", name)
	}
	if err := all.claim(name, c); err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := all.checkPaths(name, c); err != nil {
		return err
	}
	if c.KeySet != nil {
		if all.keySet != nil && !bytes.Equal(all.keySet, c.KeySet) {
			return fmt.Errorf("%s publishes other keys than the capabilities before it", name)
		}
		all.keySet = c.KeySet
	}
	all.Routes = append(all.Routes, c.Routes...)
	for _, grant := range c.Grants {
		all.Grants[grant.Type] = grant
	}
	all.ClientAuthentication = append(all.ClientAuthentication, c.ClientAuthentication...)
	for _, param := range c.AuthorizationParams {
		param.owner = name
		all.AuthorizationParams = append(all.AuthorizationParams, param)
	}
	for _, scheme := range c.Schemes {
		scheme.owner = name
		all.schemes = append(all.schemes, scheme)
	}
	slices.SortFunc(all.schemes, func(a, b Scheme) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	if c.JudgeAuthorization != nil {
		all.judgeAuthorization = append(all.judgeAuthorization, c.JudgeAuthorization)
	}
	if c.Requests != nil {
		all.Requests = c.Requests
	}
	if c.Tokens != nil {
		all.tokenSource = c.Tokens
	}
	all.leakable = append(all.leakable, c.Leakable...)
	if c.Clients != nil {
		all.clientSources = append(all.clientSources, c.Clients)
	}
	if c.LimitScopes != nil {
		all.limitScopes = append(all.limitScopes, c.LimitScopes)
	}
	if c.OwnScopes != nil {
		all.ownScopes = append(all.ownScopes, c.OwnScopes)
	}
	if c.ClientBadge != nil {
		all.clientBadges = append(all.clientBadges, c.ClientBadge)
	}
	if c.ApplicationField != nil {
		field := *c.ApplicationField
		field.Capability = name
		all.applicationFields = append(all.applicationFields, field)
	}
	maps.Copy(all.Metadata, c.Metadata)
	maps.Copy(all.ResourceMetadata, c.ResourceMetadata)
	if c.JudgeTokenRequest != nil {
		all.judgeTokenRequest = append(all.judgeTokenRequest, c.JudgeTokenRequest)
	}
	if c.AnswerHeader != nil {
		all.answerHeaders = append(all.answerHeaders, c.AnswerHeader)
	}
	all.exposed = append(all.exposed, c.ExposedHeaders...)
	if c.TokenMembers != nil {
		all.TokenMembers = append(all.TokenMembers, c.TokenMembers)
	}
	if c.IntrospectionMembers != nil {
		all.IntrospectionMembers = append(all.IntrospectionMembers, c.IntrospectionMembers)
	}
	if c.WriteIntrospection != nil {
		all.WriteIntrospection = c.WriteIntrospection
	}
	if c.Pages.Files != nil {
		all.Pages = append(all.Pages, c.Pages)
	}
	if c.Observe != nil {
		all.Observers = append(all.Observers, c.Observe)
	}
	for _, requirement := range c.Meets {
		all.meets[requirement] = true
	}
	all.extra[name] = c.ClaimsExtra
	return nil
}

// claim notes what a capability adds that can be there once.
func (all *Contributions) claim(name string, c Contribution) error {
	claims := []string{"a capability of the name " + name}
	for _, route := range c.Routes {
		claims = append(claims, claimOfRoute(route))
	}
	for _, grant := range c.Grants {
		claims = append(claims, "the grant type "+grant.Type)
	}
	for _, method := range c.ClientAuthentication {
		claims = append(claims, "the client authentication method "+method.Name)
		if method.Scheme != "" {
			claims = append(claims, "the scheme "+strings.ToLower(method.Scheme))
		}
		for _, param := range method.Params {
			claims = append(claims, "the parameter "+param)
		}
	}
	for _, param := range c.AuthorizationParams {
		claims = append(claims, "the parameter "+param.Name)
	}
	for _, scheme := range c.Schemes {
		claims = append(claims, "the scheme "+strings.ToLower(scheme.Name))
	}
	if c.Requests != nil {
		claims = append(claims, "authorization requests that were handed in before")
	}
	if c.WriteIntrospection != nil {
		claims = append(claims, "a form of the answers of the introspection endpoint")
	}
	if c.Tokens != nil {
		claims = append(claims, "access tokens that belong to no session")
	}
	for _, l := range c.Leakable {
		claims = append(claims, "leaked credentials of the kind "+string(l.Kind))
	}
	if c.ApplicationField != nil {
		claims = append(claims, "the application field "+c.ApplicationField.Name)
	}
	for member := range c.Metadata {
		claims = append(claims, "the metadata member "+member)
	}
	for member := range c.ResourceMetadata {
		claims = append(claims, "the member "+member+" of the metadata of the API")
	}
	slices.Sort(claims)
	for i, what := range claims {
		if i > 0 && what == claims[i-1] {
			return fmt.Errorf("%s adds %s twice", name, what)
		}
		if owner, taken := all.owners[what]; taken {
			return fmt.Errorf("%s and %s both add %s", owner, name, what)
		}
	}
	for _, what := range claims {
		all.owners[what] = name
	}
	return nil
}

func claimOfRoute(route Route) string { return "the route " + route.Method + " " + route.Path }

// JudgeTokenRequest refuses a token request for what capabilities say of it.
func (all *Contributions) JudgeTokenRequest(t *TokenRequest) *wire.Error {
	for _, judge := range all.judgeTokenRequest {
		if refusal := judge(t); refusal != nil {
			return refusal
		}
	}
	return nil
}

// Meets reports whether a capability sees to a requirement.
func (all *Contributions) Meets(requirement Requirement) bool { return all.meets[requirement] }

// AddAnswerHeader adds what capabilities add to the header of an answer.
func (all *Contributions) AddAnswerHeader(h http.Header, r *http.Request) {
	for _, add := range all.answerHeaders {
		add(h, r)
	}
}

// KeySet is the JWK Set that capabilities have published, nil where none has.
func (all *Contributions) KeySet() []byte { return all.keySet }

// ExposedHeaders are the headers of answers that scripts of other origins may
// read, as Access-Control-Expose-Headers has them.
func (all *Contributions) ExposedHeaders() string {
	return strings.Join(append([]string{wire.Exposed}, all.exposed...), ", ")
}

// AuthorizationParamNames are the names of all parameters of authorization
// requests that capabilities add.
func (all *Contributions) AuthorizationParamNames() (names []string) {
	for _, param := range all.AuthorizationParams {
		names = append(names, param.Name)
	}
	return names
}

// CheckAuthorization refuses an authorization request for what capabilities say
// of its parameters.
func (all *Contributions) CheckAuthorization(params wire.Params) *wire.Error {
	for _, param := range all.AuthorizationParams {
		if value := params.Get(param.Name); value != "" && param.Check != nil {
			if refusal := param.Check(value); refusal != nil {
				return refusal
			}
		}
	}
	return nil
}

// KeepOf returns what the session of an authorization request keeps of the
// parameters that capabilities add.
func (all *Contributions) KeepOf(params wire.Params) (Extra, error) {
	var extra Extra
	for _, param := range all.AuthorizationParams {
		value := params.Get(param.Name)
		if value == "" || param.Keep == nil {
			continue
		}
		kept := param.Keep(value)
		if kept == nil {
			continue
		}
		entry, err := json.Marshal(kept)
		if err != nil {
			return nil, err
		}
		if extra == nil {
			extra = Extra{}
		}
		extra[param.owner] = entry
	}
	return extra, nil
}
