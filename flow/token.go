package flow

import (
	"net/http"
	"strings"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// A tokenResponse is the answer of RFC 6749, section 5.1. The scope is always told,
// also where it is what the client asked for.
type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"` // whole seconds, rounded down
	RefreshToken string `json:"refresh_token,omitempty"`
	Scope        string `json:"scope"`
}

// token serves the token endpoint (RFC 6749, section 3.2).
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	setPragma(w)
	form, refusal := readForm(w, r, tokenParams)
	if refusal != nil {
		p.writeError(w, r, refusal)
		return
	}
	t, issued, refusal := p.exchange(r, form, nil)
	if refusal != nil {
		p.writeError(w, r, refusal)
		return
	}
	p.writeJSON(w, tokenResponse{
		AccessToken:  issued.Access,
		TokenType:    "Bearer",
		ExpiresIn:    issued.ExpiresIn(t.now),
		RefreshToken: issued.Refresh,
		Scope:        strings.Join(issued.Scopes, " "),
	})
}

// exchange authenticates the client and exchanges what it presents for tokens. The
// client and its session come with one read, the tokens are kept with one write.
func (p *Provider) exchange(r *http.Request, form parameters, profile *DNSimpleProfile) (*tokenRequest, tokens, *Error) {
	presented, refusal := p.presented(form)
	if refusal != nil {
		return nil, tokens{}, refusal
	}
	client, refusal := p.authenticateClient(r, form, presented.Session)
	if refusal == nil && presented.Digest.IsZero() {
		refusal = refuseGarbage(form)
	}
	if refusal == nil {
		refusal = p.checkResources(form)
	}
	if refusal != nil {
		return nil, tokens{}, refusal
	}
	t := &tokenRequest{
		http:      r,
		now:       p.now(),
		params:    form,
		client:    client,
		presented: presented,
		scopes:    p.tokenScopes(client, form),
		profile:   profile,
	}
	exchange := p.exchangeCode
	if form.Get("grant_type") == refreshTokenGrant {
		exchange = p.refreshTokens
	}
	issued, refusal := exchange(t)
	return t, issued, refusal
}

// presented takes apart the code or refresh token of a token request. What this
// service cannot have made is left zero.
func (p *Provider) presented(form parameters) (credential.Parsed, *Error) {
	var kind credential.Kind
	var name string
	switch form.Get("grant_type") {
	case authorizationCodeGrant:
		kind, name = credential.AuthorizationCode, "code"
	case refreshTokenGrant:
		kind, name = credential.RefreshToken, "refresh_token"
	case "":
		return credential.Parsed{}, refuse(InvalidRequest, "grant_type is missing")
	default:
		return credential.Parsed{}, refuse(UnsupportedGrantType, "grant_type must be authorization_code or refresh_token")
	}
	value := form.Get(name)
	if value == "" {
		return credential.Parsed{}, refuse(InvalidRequest, name+" is missing")
	}
	parsed, err := p.credentials.Parse(kind, value)
	if err != nil {
		return credential.Parsed{}, nil
	}
	return parsed, nil
}

// refuseGarbage is the answer to a code or refresh token that this service cannot have
// made.
func refuseGarbage(form parameters) *Error {
	if form.Get("grant_type") == authorizationCodeGrant {
		return errInvalidCode
	}
	return errInvalidRefreshToken
}

// tokenScopes decides what a new access token reaches: what the user granted, as
// far as the application may still ask for it; or, of that, what a refresh asks for
// (RFC 6749, section 6), and nothing if it asks for more. What the user granted stays
// with the session, so that a later refresh may ask for all of it again.
func (p *Provider) tokenScopes(client store.Client, form parameters) []string {
	if client.Session == nil {
		return nil
	}
	scopes := intersect(client.Session.Scopes, p.allowedScopes(client.Application))
	if form.Get("grant_type") != refreshTokenGrant || !form.Has("scope") {
		return scopes
	}
	asked := p.splitScopes(form.Get("scope"))
	if len(asked) == 0 && strings.Trim(form.Get("scope"), " ") != "" {
		return scopes // all that it asks for is ignored
	}
	narrowed := intersect(scopes, asked)
	if len(intersect(asked, scopes)) < len(asked) {
		return nil
	}
	return narrowed
}
