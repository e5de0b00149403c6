package flow

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// The grant types of RFC 6749, sections 4.1.3 and 6.
const (
	authorizationCodeGrant = "authorization_code"
	refreshTokenGrant      = "refresh_token"
)

// challengeMethod is the only one: what "plain" proves can be read off the request.
const challengeMethod = "S256"

// A tokenResponse is the answer of RFC 6749, section 5.1. The scope is always told,
// also where it is what the client asked for.
type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"` // whole seconds, rounded down
	RefreshToken string `json:"refresh_token,omitempty"`
	Scope        string `json:"scope"`
}

// json returns what [json.Marshal] does, for a fraction of its time.
func (a *tokenResponse) json() []byte {
	return make(object, 0, 512).
		text("access_token", a.AccessToken).
		text("token_type", a.TokenType).
		number("expires_in", a.ExpiresIn).
		textIfAny("refresh_token", a.RefreshToken).
		text("scope", a.Scope).
		end()
}

// token serves the token endpoint (RFC 6749, section 3.2).
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	setPragma(w)
	form, refusal := readForm(w, r, tokenParams)
	if refusal != nil {
		p.writeError(w, r, refusal)
		return
	}
	u, issued, refusal := p.exchange(r, form, nil)
	if refusal != nil {
		p.writeError(w, r, refusal)
		return
	}
	answer := tokenResponse{
		AccessToken:  issued.access,
		TokenType:    "Bearer",
		ExpiresIn:    u.expiresIn(),
		RefreshToken: issued.refresh,
		Scope:        strings.Join(u.access.Scopes, " "),
	}
	writeBody(w, http.StatusOK, answer.json())
}

// tokens are what a token request is answered with.
type tokens struct{ access, refresh string }

// exchange authenticates the client and exchanges what it presents for tokens. The
// client and its session come with one read, the tokens are kept with one write.
func (p *Provider) exchange(r *http.Request, form parameters, profile *DNSimpleProfile) (*unit, tokens, *Error) {
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
	u := &unit{
		now:       p.now(),
		grace:     p.cfg.RotationGrace,
		client:    client,
		params:    form,
		presented: presented,
		sessionID: presented.Session,
		profile:   profile,
		scopes:    p.tokenScopes(client, form),
	}
	if u.isRepeat() {
		issued, refusal := p.repeat(r, u)
		return u, issued, refusal
	}
	if form.Get("grant_type") == refreshTokenGrant {
		var err error
		u.salt = newSalt()
		if u.secrets, err = deriveSuccessors(p.keys[0], u.salt, form.Get("refresh_token")); err != nil {
			return nil, tokens{}, internal(err)
		}
	}
	issued, refusal := p.engine.exchange(r.Context(), u)
	if refusal == nil {
		p.exchanged(r, u)
		return u, issued, nil
	}
	issued, refusal = p.notExchanged(r, u, refusal)
	return u, issued, refusal
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

var (
	errInvalidCode         = refuseOften(InvalidGrant, "the authorization code is not valid")
	errInvalidRefreshToken = refuseOften(InvalidGrant, "the refresh token is not valid")
)

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
	asked := splitScopes(form.Get("scope"))
	narrowed := intersect(scopes, asked)
	if len(intersect(asked, scopes)) < len(asked) {
		return nil
	}
	return narrowed
}

// accessTokenTTL is how long the access token of a token request lives.
func (p *Provider) accessTokenTTL(u *unit) time.Duration {
	if u.profile != nil {
		return u.profile.AccessTokenTTL
	}
	return p.cfg.AccessTokenTTL
}

// sessionEnd is when the session of a token request ends for good. Under the
// DNSimple profile it lives as long as its one token.
func (p *Provider) sessionEnd(u *unit) time.Time {
	switch {
	case u.profile != nil:
		return u.now.Add(u.profile.AccessTokenTTL)
	case u.params.Get("grant_type") == authorizationCodeGrant:
		return u.client.Session.CreatedAt.Add(p.cfg.SessionTTL)
	}
	return u.client.Session.ExpiresAt
}

// exchanged reports tokens that were issued.
func (p *Provider) exchanged(r *http.Request, u *unit) {
	kind := oauthapp.TokenIssued
	if u.params.Get("grant_type") == refreshTokenGrant {
		kind = oauthapp.TokenRefreshed
	}
	e := u.event(kind)
	e.Scopes = u.access.Scopes
	p.emit(r, e)
	if kind == oauthapp.TokenRefreshed {
		// A code comes right after the user's yes, which is noted already.
		p.grantUsed(r, u.client.Session.GrantID, u.client.Session.GrantUsedAt, u.now)
	}
}

// notExchanged answers a request that was refused or lost a race.
//
// Of several requests with one code, at most one is the client's own: that the
// others came at the same time and not later makes them no less a replay, so the
// session ends and the tokens of the one that won are withdrawn (RFC 6749, section
// 4.1.2). A refresh that loses a race is a repeat of the one that won.
func (p *Provider) notExchanged(r *http.Request, u *unit, refusal *Error) (issued tokens, _ *Error) {
	reuse := oauthapp.RefreshTokenReused
	isCode := u.params.Get("grant_type") == authorizationCodeGrant
	if isCode {
		reuse = oauthapp.CodeReplayed
	}
	if errors.Is(u.failure, store.ErrUsed) {
		if isCode {
			if err := (adapter{p}).end(r.Context(), u); err != nil {
				return tokens{}, outage(err)
			}
		} else {
			issued, refusal = p.lostRotation(r, u)
		}
	}
	if u.ended {
		p.emit(r, u.event(reuse))
	}
	return issued, refusal
}
