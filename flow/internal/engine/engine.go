// Package engine asks fosite for its opinion of a request. It is the only
// package that knows fosite.
//
// A request is put to fosite's own handlers once, after everything else about
// it was judged, and nothing is issued that they do not agree to. They get
// facts and give an opinion: the engine reads no store, writes nothing and
// makes no tokens. What it takes for true is that the code or refresh token
// presented is the session's own, and unexpired.
package engine

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/pkce"

	"github.com/oauthapps/oauthapps/flow/internal/wire"
)

// The grant types of RFC 6749, sections 4.1.3, 4.4.2 and 6.
const (
	AuthorizationCode = "authorization_code"
	ClientCredentials = "client_credentials"
	RefreshToken      = "refresh_token"
)

// A Client is the client of a request.
type Client struct {
	ID     string
	Public bool
	// RedirectURI is the one that a registered callback URL was matched with:
	// fosite has no other to find.
	RedirectURI string
	Scopes      []string // that this request may grant
}

// A Session is what an authorization request left for the token requests after
// it.
type Session struct {
	ClientID      string
	RedirectURI   string // as sent in the authorization request, "" where it was not
	CodeChallenge string // of the method S256, "" where there was none
	Scopes        []string
	Used          bool // what is presented was used before
}

// A Refusal is fosite's no, with the error code of RFC 6749 that it gives.
type Refusal struct {
	Code  string
	cause error
}

// Error tells what fosite said. It may quote the request: it is for tests, and
// for nobody outside.
func (r *Refusal) Error() string { return "engine: " + r.Code + ": " + r.cause.Error() }

// An Engine is safe for concurrent use.
type Engine struct {
	authorizations *fosite.Fosite
	grants         map[string][]fosite.TokenEndpointHandler
}

// New returns an engine. With requirePKCE, confidential clients need PKCE too.
func New(requirePKCE bool) *Engine {
	config := &fosite.Config{
		// What fosite would otherwise fill in lazily, and unsynchronized.
		ScopeStrategy:            fosite.ExactScopeStrategy,
		AudienceMatchingStrategy: fosite.ExactAudienceMatchingStrategy,
		ClientSecretsHasher:      noSecrets{},
		JWKSFetcherStrategy:      noKeys{},

		EnforcePKCE:                 requirePKCE,
		EnforcePKCEForPublicClients: true,
		RefreshTokenScopes:          []string{}, // whatever the scopes
		OmitRedirectScopeParam:      true,
		MinParameterEntropy:         1,
		// The literal has no spare capacity, which fosite would append to from
		// concurrent requests.
		SanitationWhiteList: []string{"redirect_uri"},
	}
	code := &oauth2.AuthorizeExplicitGrantHandler{
		AuthorizeCodeStrategy:  strategy{},
		CoreStorage:            facts{},
		TokenRevocationStorage: facts{},
		Config:                 config,
	}
	// After the code handler, whose code it looks for.
	proof := &pkce.Handler{AuthorizeCodeStrategy: strategy{}, Storage: facts{}, Config: config}
	config.AuthorizeEndpointHandlers = fosite.AuthorizeEndpointHandlers{code, proof}
	refresh := &oauth2.RefreshTokenGrantHandler{RefreshTokenStrategy: strategy{}, TokenRevocationStorage: facts{}, Config: config}
	return &Engine{
		authorizations: &fosite.Fosite{Store: facts{}, Config: config},
		grants: map[string][]fosite.TokenEndpointHandler{
			AuthorizationCode: {code, proof},
			ClientCredentials: {&oauth2.ClientCredentialsGrantHandler{Config: config}},
			RefreshToken:      {refresh},
		},
	}
}

// unstated stands for the state, which is opaque and optional, while fosite
// demands one.
const unstated = "-"

// Authorize asks whether a code may be issued for an authorization request,
// whose redirect_uri, code_challenge and code_challenge_method are in params.
// The error is a [*Refusal], or tells that fosite met a fault.
func (e *Engine) Authorize(ctx context.Context, client Client, params wire.Params) error {
	ctx = context.WithValue(ctx, questionKey{}, &question{client: client})
	form := url.Values{"client_id": {client.ID}, "response_type": {"code"}, "state": {unstated}}
	for _, name := range []string{"redirect_uri", "code_challenge", "code_challenge_method"} {
		if value := params.Get(name); value != "" {
			form.Set(name, value)
		}
	}
	// It has neither body nor query that fosite could parse anew.
	r := &http.Request{Method: http.MethodPost, URL: new(url.URL), Header: http.Header{}, Form: form, PostForm: form}
	request, err := e.authorizations.NewAuthorizeRequest(ctx, r.WithContext(ctx))
	if err != nil {
		return opinion(err)
	}
	for _, scope := range client.Scopes {
		request.AppendRequestedScope(scope)
		request.GrantScope(scope)
	}
	_, err = e.authorizations.NewAuthorizeResponse(ctx, request, session{})
	return opinion(err)
}

// Exchange asks whether tokens may be issued for a token request of a grant
// type. The session is nil where what is presented belongs to none; for client
// credentials, which have none, it is what the request asks for. The error is
// as for Authorize.
func (e *Engine) Exchange(ctx context.Context, grantType string, client Client, s *Session, params wire.Params) error {
	ctx = context.WithValue(ctx, questionKey{}, &question{client: client, session: s})
	request := &fosite.AccessRequest{
		GrantTypes: fosite.Arguments{grantType},
		Request:    fosite.Request{Client: view{client}, Form: params.Values(), Session: session{}},
	}
	if grantType == ClientCredentials {
		request.RequestedScope = s.Scopes
	}
	for _, handler := range e.grants[grantType] {
		if err := handler.HandleTokenEndpointRequest(ctx, request); err != nil {
			return opinion(err)
		}
	}
	return nil
}

// opinion tells fosite's refusals from its faults.
func opinion(err error) error {
	if err == nil {
		return nil
	}
	reason, ok := errors.AsType[*fosite.RFC6749Error](err)
	if !ok || reason.CodeField >= http.StatusInternalServerError {
		return err
	}
	return &Refusal{Code: reason.ErrorField, cause: err}
}
