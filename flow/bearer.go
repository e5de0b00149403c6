package flow

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/clientauth"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// judgeToken judges the access token of a request to an API, and returns what
// it stands for. It returns the session that the token names also with a
// refusal.
func (p *Provider) judgeToken(r *http.Request, g *Guard, api *resource) (*Authorization, *store.Session, *wire.Error) {
	scheme, presented, refusal := p.readAuthorization(r)
	if refusal != nil {
		return nil, nil, refusal
	}
	token, err := p.credentials.Parse(credential.AccessToken, presented)
	if err != nil {
		a, refusal := p.judgeAPIToken(r, g, api, scheme, presented)
		return a, nil, refusal
	}
	session, err := p.cfg.Store.Session(r.Context(), token.Session)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil, errInvalidToken
	}
	if err != nil {
		return nil, nil, wire.Outage(err)
	}
	now := p.now()
	access, resources, ok := validAccessToken(&session, token.Digest, now)
	switch {
	case !ok && access.Digest.IsZero():
		return nil, &session, errReplacedToken
	case !ok:
		return nil, &session, errExpiredToken
	case !p.added.Claimed(&session):
		return nil, &session, errUnclaimedToken
	case !p.isFor(api, resources):
		return nil, &session, errOtherResource
	case !p.isBoundEnough(&session, token.Digest):
		return nil, &session, errUnboundToken
	}
	if api.key != p.resources[0].key {
		r = r.WithContext(kernel.WithResource(r.Context(), api.Identifier))
	}
	if refusal := p.added.CheckScheme(r, scheme, presented, &session); refusal != nil {
		return nil, &session, refusal
	}
	a, refusal := p.admit(r, g, api, &session, access)
	if refusal == nil {
		p.noteUse(r, store.Use{GrantID: session.GrantID}, session.GrantUsedAt, now)
	}
	return a, &session, refusal
}

// admit returns what a good access token stands for, if it has all that the
// guard asks for.
func (p *Provider) admit(r *http.Request, g *Guard, api *resource, session *store.Session, access store.AccessToken) (*Authorization, *wire.Error) {
	scopes, refusal := p.currentScopes(r, session, access.Scopes, g.Current)
	if refusal != nil {
		return nil, refusal
	}
	if len(scopes) == 0 && len(access.Scopes) > 0 {
		return nil, errNothingLeft
	}
	if len(p.cfg.Resources) > 0 { // a token for several has the scopes of all of them
		if scopes = intersect(scopes, api.Scopes); len(scopes) == 0 {
			return nil, errInsufficientScope
		}
	}
	a := &Authorization{
		ApplicationID: session.ApplicationID,
		ClientID:      session.ClientID,
		UserID:        session.UserID,
		AccountID:     session.AccountID,
		Scopes:        scopes,
		SessionID:     session.ID,
		ExpiresAt:     access.ExpiresAt,
	}
	if a.IsApplication() && !g.Applications {
		return nil, errNoUser
	}
	for _, scope := range g.Scopes {
		if !a.HasScope(scope) {
			return nil, errInsufficientScope
		}
	}
	return a, nil
}

// What requests are refused for, outages aside. None depends on what was sent.
var (
	// It has no code: who sends no token is told what to send, not that
	// something was wrong with it (RFC 6750, section 3.1).
	errNoToken         = &wire.Error{Description: "an access token is required", Status: http.StatusUnauthorized}
	errTwoHeaders      = wire.Refuse(InvalidRequest, "more than one Authorization header")
	errMalformedHeader = wire.Refuse(InvalidRequest, "malformed Authorization header")
	// It says the same of a token that is malformed, unknown, expired or
	// revoked.
	errInvalidToken      = wire.Refuse(InvalidToken, "the access token is not valid")
	errExpiredToken      = invalidToken("the access token has expired")
	errReplacedToken     = invalidToken("the access token was replaced by newer ones, or never issued")
	errUnclaimedToken    = invalidToken("the session needs a capability that this service does not have")
	errUnboundToken      = invalidToken("the access token is a bearer token, of a time when this service took them")
	errOtherResource     = invalidToken("the access token is for another API of this service")
	errNothingLeft       = invalidToken("the user may not give the application access any more")
	errInsufficientScope = wire.Refuse(InsufficientScope, "the access token lacks a scope")
	// Another token of the application's own would be no better.
	errNoUser = wire.Refuse(InsufficientScope, "an access token of a user is required")
)

// invalidToken is errInvalidToken with a reason for the host.
func invalidToken(reason string) *wire.Error {
	refusal := wire.Refuse(InvalidToken, "the access token is not valid")
	refusal.Reason = reason
	return refusal
}

// readAuthorization reads the one Authorization header (RFC 6750, section 2.1).
// The other places that the RFC allows for a token end up in logs, so that they
// are not read.
func (p *Provider) readAuthorization(r *http.Request) (scheme, token string, refusal *wire.Error) {
	headers := r.Header["Authorization"]
	if len(headers) > 1 {
		return "", "", errTwoHeaders
	}
	if len(headers) == 0 {
		return "", "", errNoToken
	}
	scheme, token, _ = strings.Cut(headers[0], " ")
	if !p.added.HasScheme(scheme) {
		return "", "", errNoToken
	}
	token = strings.Trim(token, " ")
	if token == "" || strings.ContainsAny(token, " \t,") {
		return "", "", errMalformedHeader
	}
	return scheme, token, nil
}

// validAccessToken returns the access token of a live session that a digest
// stands for, with the end of the session as a limit, the keys of the resources
// that it is for, and whether it is valid at now. The zero AccessToken is for a
// digest that stands for none.
func validAccessToken(s *store.Session, presented credential.Digest, now time.Time) (token store.AccessToken, resources []string, ok bool) {
	if token, resources, ok = kernel.AccessTokenOf(s, presented); !ok {
		return store.AccessToken{}, nil, false
	}
	token.ExpiresAt = earliest(token.ExpiresAt, s.ExpiresAt)
	return token, resources, now.Before(token.ExpiresAt)
}

// noteUse notes the use of a grant or an API token, if the note before is old.
// A note that fails is no reason to refuse the request.
func (p *Provider) noteUse(r *http.Request, use store.Use, noted, now time.Time) {
	if now.Sub(noted) < clientauth.UsedInterval {
		return
	}
	use.At = now
	if err := p.cfg.Store.Touch(r.Context(), use); err != nil {
		p.logFailure(r, "use not noted", err)
	}
}

// refuseToken answers a request that lacks what a resource asks for, with the
// challenge of RFC 6750, section 3: the parameters that every one has, and why.
func (p *Provider) refuseToken(w http.ResponseWriter, r *http.Request, refusal *wire.Error, challenge string) {
	if refusal.Status >= http.StatusInternalServerError {
		p.writeErrorBody(w, r, refusal)
		return
	}
	if refusal.Code != "" {
		challenge += `, error="` + refusal.Code + `", error_description="` + refusal.Description + `"`
	}
	if refusal.Challenge != "" {
		challenge += ", " + refusal.Challenge
	}
	only := refusal.Scheme
	if only == "" && p.cfg.Profile == FAPI2 {
		only = "DPoP" // bearer tokens are not taken
	}
	w.Header()["Www-Authenticate"] = p.added.Challenges(only, challenge)
	maps.Copy(w.Header(), refusal.Header)
	wire.Write(w, refusal.Status, wire.ErrorBody(cmp.Or(refusal.Code, InvalidToken), refusal.Description))
}
