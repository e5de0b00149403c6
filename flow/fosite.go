package flow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

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
type engine struct {
	codes   *fosite.Fosite // authorization requests, and the exchange of their codes
	refresh *fosite.Fosite // the exchange of refresh tokens
}

func newEngine(p *Provider) engine {
	var (
		storage  = adapter{p}
		strategy = tokenStrategy{p.credentials}
		codes    = newFositeConfig()
		refresh  = newFositeConfig()
	)
	codes.EnforcePKCE = p.cfg.RequirePKCE
	code := &oauth2.AuthorizeExplicitGrantHandler{
		AccessTokenStrategy:    strategy,
		RefreshTokenStrategy:   strategy,
		AuthorizeCodeStrategy:  strategy,
		CoreStorage:            storage,
		TokenRevocationStorage: storage,
		Config:                 codes,
	}
	// After the code handler, whose code it looks for.
	proof := &pkce.Handler{AuthorizeCodeStrategy: strategy, Storage: storage, Config: codes}
	codes.AuthorizeEndpointHandlers = fosite.AuthorizeEndpointHandlers{code, proof}
	codes.TokenEndpointHandlers = fosite.TokenEndpointHandlers{code, proof}
	refresh.TokenEndpointHandlers = fosite.TokenEndpointHandlers{
		&oauth2.RefreshTokenGrantHandler{
			AccessTokenStrategy:    strategy,
			RefreshTokenStrategy:   strategy,
			TokenRevocationStorage: storage,
			Config:                 refresh,
		},
	}
	return engine{
		codes:   fosite.NewOAuth2Provider(storage, codes),
		refresh: fosite.NewOAuth2Provider(storage, refresh),
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
		// Clients were authenticated before fosite is asked.
		ClientAuthenticationStrategy: func(ctx context.Context, _ *http.Request, _ url.Values) (fosite.Client, error) {
			return unitFrom(ctx).view(), nil
		},
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
	request, err := e.codes.NewAuthorizeRequest(ctx, fositeRequest(ctx, form))
	if err != nil {
		return "", u.explain(err)
	}
	for _, scope := range u.scopes {
		request.AppendRequestedScope(scope)
		request.GrantScope(scope)
	}
	response, err := e.codes.NewAuthorizeResponse(ctx, request, session{})
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
	provider := e.codes
	if u.params.Get("grant_type") == refreshTokenGrant {
		provider = e.refresh
	}
	request, err := provider.NewAccessRequest(ctx, fositeRequest(ctx, u.params), session{})
	if err != nil {
		return tokens{}, u.explain(err)
	}
	response, err := provider.NewAccessResponse(ctx, request)
	if err != nil {
		return tokens{}, u.explain(err)
	}
	if !u.done {
		return tokens{}, internal(errors.New("flow: tokens were made but not kept"))
	}
	refresh, _ := response.GetExtra("refresh_token").(string)
	return tokens{access: response.GetAccessToken(), refresh: refresh}, nil
}

// fositeRequest dresses parameters, which are parsed and checked, as the request
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
