package flow

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// authorizationParams are what the authorization endpoint acts on. Others are
// ignored (RFC 6749, section 3.1).
var authorizationParams = []string{
	"response_type", "client_id", "redirect_uri", "scope", "state", // RFC 6749
	"code_challenge", "code_challenge_method", // RFC 7636
	"response_mode", "request", "request_uri", // RFC 9101 and OAuth 2.0 Multiple Response Types
	"resource",                                      // RFC 8707
	"prompt", "max_age", "login_hint", localesParam, // OpenID Connect Core 1.0, section 3.1.2.1
	"account_id", loginTicketParam,
}

// localesParam has the languages of the user, as the application knows them.
const localesParam = "ui_locales"

// An authorizationRequest is an authorization request on its way through the
// checks.
type authorizationRequest struct {
	sent        wire.Params // by the browser, of authorizationParams
	params      wire.Params // to act on: those sent, or those that they stand for
	pushed      bool        // the client pushed the params before
	client      store.Client
	redirectURI string // where the answer goes: one that the application registered
	prompt      prompt // the zero prompt until it is checked, if it is malformed
	scopes      []string
	resources   []string // identifiers
}

// The bounds of an authorization request, in bytes of a query string of the
// parameters that are acted on. Clients keep much in state, but browsers bound
// the length of a URL. The request also comes back escaped once more, from the
// login page and from the consent page, whose form needs room for a ticket and
// an account as well.
const (
	maxAuthorizationRequest = 32 << 10
	maxEscapedRequest       = wire.MaxBody - 4<<10
)

func isLong(request string) bool {
	return len(request) > maxAuthorizationRequest || len(url.QueryEscape(request)) > maxEscapedRequest
}

var errLongRequest = wire.Refuse(InvalidRequest, "the authorization request is too long")

// findRequest returns the authorization request that a browser brings: with its
// own parameters, or with those that the client pushed before and request_uri
// stands for. Other parameters beside request_uri are then ignored (RFC 9126,
// section 4).
func (p *Provider) findRequest(w http.ResponseWriter, r *http.Request, sent wire.Params) (*authorizationRequest, *wire.Error) {
	a := &authorizationRequest{sent: sent, params: sent}
	if p.added.Requests == nil || !sent.Has("request_uri") {
		return a, nil
	}
	if refusal := sent.Check([]string{"client_id", "request_uri"}); refusal != nil {
		return nil, refusal
	}
	pushed, refusal := p.added.Requests.Find(w, r, sent)
	if pushed != nil {
		a.sent = sent.Only([]string{"client_id", "request_uri", loginTicketParam})
		a.params, a.pushed = pushed, true
	}
	return a, refusal
}

// identify finds the client and where to send its users back to. The client
// stays zero where it cannot be known before a user has signed in.
func (p *Provider) identify(r *http.Request, a *authorizationRequest, signedIn bool) *wire.Error {
	if refusal := a.params.Check([]string{"client_id", "redirect_uri"}); refusal != nil {
		return refusal
	}
	id := a.params.Get("client_id")
	if id == "" {
		return wire.Refuse(InvalidRequest, "client_id is missing")
	}
	var refusal *wire.Error
	if a.client, refusal = p.findClient(r, id, signedIn); refusal != nil {
		return refusal
	}
	a.prompt, _ = parsePrompt(a.params)
	if a.client.Application.ClientID == "" {
		return nil
	}
	return p.identifyRedirect(a)
}

// identifyRedirect finds where to send users back to (RFC 6749, section
// 3.1.2.3).
func (p *Provider) identifyRedirect(a *authorizationRequest) *wire.Error {
	app := a.client.Application
	switch a.redirectURI = a.params.Get("redirect_uri"); {
	case a.redirectURI != "":
		if !oauthapp.MatchCallback(app.Type, app.CallbackURLs, a.redirectURI) {
			refusal := wire.Refuse(InvalidRequest, "redirect_uri: the application has not registered it as a callback URL")
			refusal.Received = a.redirectURI
			return refusal
		}
	case len(app.CallbackURLs) == 1:
		a.redirectURI = app.CallbackURLs[0]
	default:
		return wire.Refuse(InvalidRequest, "redirect_uri is missing, and the application has several callback URLs")
	}
	if p.cfg.Profile == MCP && !strings.HasPrefix(a.redirectURI, "https://") && !strings.HasPrefix(a.redirectURI, "http://") {
		return wire.Refuse(InvalidRequest, "redirect_uri: this service takes https and loopback URLs alone")
	}
	return nil
}

// judgeForUser judges everything that is refused by redirect (RFC 6749, section
// 4.1.2.1), and fills in the scopes.
func (p *Provider) judgeForUser(r *http.Request, a *authorizationRequest, user *kernel.User) *wire.Error {
	if refusal := p.judgeAuthorization(r, a, false); refusal != nil {
		return refusal
	}
	if len(user.Accounts) == 0 {
		return errNoAccount
	}
	id := a.params.Get("account_id")
	if id == "" {
		return nil
	}
	switch _, ok := user.Account(id); {
	case !user.IsOf(id):
		return wire.Refuse(InvalidRequest, "account_id is not an account of the user")
	case !ok:
		return wire.Refuse(AccessDenied, "the user may not authorize applications for the account")
	}
	return nil
}

var errNoAccount = wire.Refuse(AccessDenied, "the user has no account that they may authorize applications for")

// judgePushed judges an authorization request that its client pushes (RFC 9126,
// section 2.1), as if a browser had brought it.
func (p *Provider) judgePushed(r *http.Request, client store.Client, params wire.Params) (wire.Params, *wire.Error) {
	params = params.Without(loginTicketParam)
	switch id := params.Get("client_id"); {
	case params.Has("request_uri"):
		return nil, wire.Refuse(InvalidRequest, "request_uri cannot be pushed")
	case isLong(params.Values().Encode()):
		return nil, errLongRequest
	case id != client.Application.ClientID:
		params = append(params.Without("client_id"), wire.Param{Name: "client_id", Value: client.Application.ClientID})
	}
	a := &authorizationRequest{params: params, pushed: true, client: client}
	refusal := params.Check([]string{"client_id", "redirect_uri"})
	if refusal == nil {
		refusal = p.identifyRedirect(a)
	}
	if refusal == nil {
		refusal = p.judgeAuthorization(r, a, true)
	}
	if refusal != nil {
		return nil, refusal
	}
	return a.settled(), nil
}

// settled returns the parameters of a request that was judged good. Its scopes
// are among them even if it left them to the defaults, which may change.
func (a *authorizationRequest) settled() wire.Params {
	scope := wire.Param{Name: "scope", Value: strings.Join(a.scopes, " ")}
	return append(a.params.Without(loginTicketParam).Without("scope"), scope)
}

// judgeAuthorization checks what does not depend on who the user is, and fills
// in the scopes.
func (p *Provider) judgeAuthorization(r *http.Request, a *authorizationRequest, pushing bool) *wire.Error {
	if refusal := a.params.Check(p.authorizationParams); refusal != nil {
		return refusal
	}
	switch {
	case a.params.Has("request"):
		return wire.Refuse(RequestNotSupported, "request is not supported")
	case a.params.Has("request_uri"):
		return wire.Refuse(RequestURINotSupported, "request_uri is not supported")
	case !a.params.Has("response_type"):
		return wire.Refuse(InvalidRequest, "response_type is missing")
	case a.params.Get("response_type") != "code":
		return wire.Refuse(UnsupportedResponseType, "response_type must be code")
	case a.params.Has("response_mode") && a.params.Get("response_mode") != "query":
		return wire.Refuse(InvalidRequest, "response_mode must be query")
	}
	if _, refusal := parsePrompt(a.params); refusal != nil {
		return refusal
	}
	if refusal := p.judgeChallenge(a); refusal != nil {
		return refusal
	}
	var refusal *wire.Error
	if a.resources, refusal = p.requestedResources(a.params); refusal != nil {
		return refusal
	}
	if refusal := p.added.CheckAuthorization(a.params); refusal != nil {
		return refusal
	}
	if a.scopes, refusal = p.requestedScopesAt(a.client.Application, a.params.Get("scope"), a.resources); refusal != nil {
		return refusal
	}
	judged := kernel.AuthorizationRequest{HTTP: r, Client: a.client, Params: a.params, Scopes: a.scopes, Pushed: a.pushed, Pushing: pushing}
	if refusal := p.added.JudgeAuthorization(&judged); refusal != nil {
		return refusal
	}
	a.params = judged.Params
	return nil
}

// challengeLen is the length of a SHA-256 in base64url without padding.
const challengeLen = 43

// judgeChallenge judges the proof key's challenge (RFC 7636, section 4.3).
func (p *Provider) judgeChallenge(a *authorizationRequest) *wire.Error {
	challenge, method := a.params.Get("code_challenge"), a.params.Get("code_challenge_method")
	switch {
	case challenge == "" && method != "":
		return wire.Refuse(InvalidRequest, "code_challenge_method without code_challenge")
	case challenge == "" && a.client.Application.Type == oauthapp.Public:
		return wire.Refuse(InvalidRequest, "code_challenge is missing: public clients need PKCE")
	case challenge == "" && p.cfg.RequirePKCE:
		return wire.Refuse(InvalidRequest, "code_challenge is missing: this service needs PKCE")
	case challenge == "":
		return nil
	case method != challengeMethod:
		return wire.Refuse(InvalidRequest, "code_challenge_method must be S256")
	case len(challenge) != challengeLen || !wire.IsUnreserved(challenge):
		return wire.Refuse(InvalidRequest, "code_challenge must be 43 characters of base64url")
	}
	return nil
}
