package flow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/pkce"

	"github.com/oauthapps/oauthapps/store"
)

// An engine runs the grants of the protocol. It is the only part of this package
// that knows fosite: requests go in as a [unit], answers come out of it, and every
// endpoint parses, authenticates clients and writes by itself.
//
// Fosite asks its questions of the adapter, which answers from what the unit has
// read already and turns what fosite wants kept into the one verb of the store.
// Nothing is issued that fosite does not agree to, nor anything that the unit refuses.
//
// Requests for tokens are put to the handlers of their grant themselves. What fosite does around those, which is
// to parse the request, find its client and ask every handler it knows, is done already.
type engine struct {
	authorizations *fosite.Fosite
	codes          []fosite.TokenEndpointHandler // of the grant authorization_code, in this order
	refresh        []fosite.TokenEndpointHandler // of the grant refresh_token
}

func newEngine(p *Provider) engine {
	var (
		storage  = adapter{p}
		strategy = tokenStrategy{p.credentials}
		config   = newFositeConfig()
	)
	config.EnforcePKCE = p.cfg.RequirePKCE
	code := &oauth2.AuthorizeExplicitGrantHandler{
		AccessTokenStrategy:    strategy,
		RefreshTokenStrategy:   strategy,
		AuthorizeCodeStrategy:  strategy,
		CoreStorage:            storage,
		TokenRevocationStorage: storage,
		Config:                 config,
	}
	// After the code handler, whose code it looks for.
	proof := &pkce.Handler{AuthorizeCodeStrategy: strategy, Storage: storage, Config: config}
	config.AuthorizeEndpointHandlers = fosite.AuthorizeEndpointHandlers{code, proof}
	refresh := &oauth2.RefreshTokenGrantHandler{
		AccessTokenStrategy:    strategy,
		RefreshTokenStrategy:   strategy,
		TokenRevocationStorage: storage,
		Config:                 config,
	}
	return engine{
		authorizations: &fosite.Fosite{Store: storage, Config: config},
		codes:          []fosite.TokenEndpointHandler{code, proof},
		refresh:        []fosite.TokenEndpointHandler{refresh},
	}
}

// newFositeConfig sets what fosite would otherwise fill in lazily, and unsynchronized,
// while requests run, and turns every lenience off. Lifetimes are the unit's affair.
func newFositeConfig() *fosite.Config {
	return &fosite.Config{
		ScopeStrategy:               fosite.ExactScopeStrategy,
		AudienceMatchingStrategy:    fosite.ExactAudienceMatchingStrategy,
		ClientSecretsHasher:         noSecretHashes{},
		JWKSFetcherStrategy:         noKeys{},
		EnforcePKCEForPublicClients: true,
		// A client gets refresh tokens if its view has the grant, whatever its scopes.
		RefreshTokenScopes:            []string{},
		DisableRefreshTokenValidation: true,
		OmitRedirectScopeParam:        true,
		MinParameterEntropy:           1,
		// What the session keeps of an authorization request. The literal has no spare
		// capacity, which fosite would append to from concurrent requests.
		SanitationWhiteList: []string{"redirect_uri", "code_challenge", "code_challenge_method"},
	}
}

// unstated stands for the state, which is opaque, optional and echoed by our own
// writer, while fosite demands one.
const unstated = "-"

// begin issues an authorization code for a consent that was given, and returns it.
func (e engine) begin(ctx context.Context, u *unit) (code string, refusal *Error) {
	ctx = context.WithValue(ctx, unitKey{}, u)
	form := url.Values{
		"client_id":     {u.client.Application.ClientID},
		"response_type": {"code"},
		"state":         {unstated},
	}
	for _, name := range []string{"redirect_uri", "code_challenge", "code_challenge_method"} {
		if value := u.params.Get(name); value != "" {
			form.Set(name, value)
		}
	}
	request, err := e.authorizations.NewAuthorizeRequest(ctx, fositeRequest(ctx, form))
	if err != nil {
		return "", u.explain(err)
	}
	for _, scope := range u.scopes {
		request.AppendRequestedScope(scope)
		request.GrantScope(scope)
	}
	response, err := e.authorizations.NewAuthorizeResponse(ctx, request, session{})
	if err != nil {
		return "", u.explain(err)
	}
	if !u.done {
		return "", internal(errors.New("flow: a code was made but not kept"))
	}
	return response.GetCode(), nil
}

// exchange issues the tokens of a token request.
func (e engine) exchange(ctx context.Context, u *unit) (tokens, *Error) {
	ctx = context.WithValue(ctx, unitKey{}, u)
	grantType, handlers := u.params.Get("grant_type"), e.codes
	if grantType == refreshTokenGrant {
		handlers = e.refresh
	}
	request := &accessRequest{fosite.AccessRequest{
		GrantTypes: fosite.Arguments{grantType},
		Request:    fosite.Request{RequestedAt: u.now, Client: u.view(), Form: u.params.Values(), Session: session{}},
	}}
	for _, handler := range handlers {
		if err := handler.HandleTokenEndpointRequest(ctx, request); err != nil {
			return tokens{}, u.explain(err)
		}
	}
	var response accessResponse
	for _, handler := range handlers {
		if err := handler.PopulateTokenEndpointResponse(ctx, request, &response); err != nil {
			return tokens{}, u.explain(err)
		}
	}
	if !u.done || response.AccessToken == "" {
		return tokens{}, internal(errors.New("flow: tokens were made but not kept"))
	}
	return tokens{access: response.AccessToken, refresh: response.refresh}, nil
}

// An accessRequest is a token request as fosite's handlers see it.
type accessRequest struct{ fosite.AccessRequest }

// Sanitize is for those who keep requests. Of this one nothing is kept but what it grants.
func (r *accessRequest) Sanitize([]string) fosite.Requester { return r }

// An accessResponse takes the tokens that fosite's handlers have made. What else they tell of them is the unit's
// to say.
type accessResponse struct {
	fosite.AccessResponse
	refresh string
}

func (r *accessResponse) SetExpiresIn(time.Duration) {}
func (r *accessResponse) SetScopes(fosite.Arguments) {}

func (r *accessResponse) SetExtra(name string, value any) {
	if name == "refresh_token" {
		r.refresh, _ = value.(string)
	}
}

// fositeRequest dresses the parameters of an authorization request, which are parsed and checked, as the request
// that fosite takes them from. It has neither body nor query that fosite could parse anew.
func fositeRequest(ctx context.Context, params url.Values) *http.Request {
	r := &http.Request{Method: http.MethodPost, URL: new(url.URL), Header: http.Header{}, Form: params, PostForm: params}
	return r.WithContext(ctx)
}

// explain finds the answer to a request that fosite gave up on. The truth is with
// the unit, which was there when the store or a check of ours failed; fosite's own
// reasons count where there is no other.
func (u *unit) explain(err error) *Error {
	switch {
	case u.failure != nil && !errors.Is(u.failure, store.ErrNotFound) && !errors.Is(u.failure, store.ErrUsed):
		return outage(u.failure)
	case u.refusal != nil:
		return u.refusal
	case u.failure != nil:
		return refuse(InvalidGrant, "the code or token is not valid")
	}
	var reason *fosite.RFC6749Error
	if !errors.As(err, &reason) || reason.CodeField >= http.StatusInternalServerError {
		return internal(fmt.Errorf("flow: %w", err))
	}
	switch reason.ErrorField {
	case InvalidGrant, InvalidScope, UnauthorizedClient, UnsupportedResponseType:
		return refuse(reason.ErrorField, "the request is not allowed")
	default:
		return refuse(InvalidRequest, "the request is malformed")
	}
}

// noKeys says that no client has public keys.
type noKeys struct{ fosite.JWKSFetcherStrategy }

// noSecretHashes refuses every secret: fosite authenticates no client.
type noSecretHashes struct{}

var errNoSecretHashes = errors.New("flow: client secrets are not fosite's to check")

func (noSecretHashes) Compare(context.Context, []byte, []byte) error { return errNoSecretHashes }
func (noSecretHashes) Hash(context.Context, []byte) ([]byte, error)  { return nil, errNoSecretHashes }
