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
	accountPages       []AccountPage
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
	all.addNamed(name, c)
	all.addFuncs(c)
	for _, requirement := range c.Meets {
		all.meets[requirement] = true
	}
	all.extra[name] = c.ClaimsExtra
	return nil
}

// addNamed adds what has a name or a path of its own.
func (all *Contributions) addNamed(name string, c Contribution) {
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
	if c.ApplicationField != nil {
		field := *c.ApplicationField
		field.Capability = name
		all.applicationFields = append(all.applicationFields, field)
	}
	if c.AccountPage != nil {
		all.accountPages = append(all.accountPages, *c.AccountPage)
	}
	all.leakable = append(all.leakable, c.Leakable...)
	maps.Copy(all.Metadata, c.Metadata)
	maps.Copy(all.ResourceMetadata, c.ResourceMetadata)
	all.exposed = append(all.exposed, c.ExposedHeaders...)
	if c.Pages.Files != nil {
		all.Pages = append(all.Pages, c.Pages)
	}
}

// addFuncs adds the functions and sources that are there.
func (all *Contributions) addFuncs(c Contribution) {
	if c.JudgeAuthorization != nil {
		all.judgeAuthorization = append(all.judgeAuthorization, c.JudgeAuthorization)
	}
	if c.Requests != nil {
		all.Requests = c.Requests
	}
	if c.Tokens != nil {
		all.tokenSource = c.Tokens
	}
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
	if c.JudgeTokenRequest != nil {
		all.judgeTokenRequest = append(all.judgeTokenRequest, c.JudgeTokenRequest)
	}
	if c.AnswerHeader != nil {
		all.answerHeaders = append(all.answerHeaders, c.AnswerHeader)
	}
	if c.TokenMembers != nil {
		all.TokenMembers = append(all.TokenMembers, c.TokenMembers)
	}
	if c.IntrospectionMembers != nil {
		all.IntrospectionMembers = append(all.IntrospectionMembers, c.IntrospectionMembers)
	}
	if c.WriteIntrospection != nil {
		all.WriteIntrospection = c.WriteIntrospection
	}
	if c.Observe != nil {
		all.Observers = append(all.Observers, c.Observe)
	}
}

// claim notes what a capability adds that can be there once.
func (all *Contributions) claim(name string, c Contribution) error {
	claims := append(c.claims(), "a capability of the name "+name)
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

// claims are the things in a contribution that can be there once.
func (c Contribution) claims() (claims []string) {
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
		claims = append(claims, "pushed authorization requests")
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
	return claims
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
