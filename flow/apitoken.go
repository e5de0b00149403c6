package flow

import (
	"errors"
	"net/http"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// Access tokens that users made without an application come from a capability.
// Nothing refreshes them: the host is asked at each use what the user may do.
// Each is for the default resource alone.

// judgeAPIToken judges an access token that is of no session. What is refused
// is reported where the token names one that there is.
func (p *Provider) judgeAPIToken(r *http.Request, g *Guard, api *resource, scheme, presented string) (*Authorization, *wire.Error) {
	token, refusal := p.findAPIToken(r, presented)
	if refusal != nil {
		return nil, refusal
	}
	switch {
	case !strings.EqualFold(scheme, kernel.Bearer):
		refusal = errInvalidToken
	case !p.isFor(api, nil):
		refusal = errOtherResource
	default:
		refusal = p.limitAPIToken(r, &token)
	}
	a := &Authorization{
		UserID:     token.UserID,
		AccountID:  token.AccountID,
		APITokenID: token.ID,
		Scopes:     token.Scopes,
		ExpiresAt:  token.ExpiresAt,
	}
	for _, scope := range g.Scopes {
		if refusal == nil && !a.HasScope(scope) {
			refusal = errInsufficientScope
		}
	}
	if refusal != nil {
		about := oauthapp.Event{UserID: token.UserID, AccountID: token.AccountID, APITokenID: token.ID, APITokenName: token.Name, Scopes: token.Scopes}
		p.reportRefusal(r, &kernel.Outcome{Endpoint: kernel.Resource, About: about, Refusal: refusal})
		return nil, refusal
	}
	p.noteUse(r, store.Use{APITokenID: token.ID}, token.LastUsedAt, p.now())
	return a, nil
}

// findAPIToken returns what an API token stands for.
func (p *Provider) findAPIToken(r *http.Request, presented string) (oauthapp.APIToken, *wire.Error) {
	source := p.added.TokenSource()
	if source == nil {
		return oauthapp.APIToken{}, errInvalidToken
	}
	parsed, err := p.credentials.Parse(source.Kind, presented)
	if err != nil {
		return oauthapp.APIToken{}, errInvalidToken
	}
	token, err := source.Find(r.Context(), parsed, p.now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return oauthapp.APIToken{}, errInvalidToken
	case err != nil:
		return oauthapp.APIToken{}, wire.Outage(err)
	}
	return token, nil
}

// limitAPIToken narrows a token to what its user may still give, and ends it
// where that is nothing; and to what the default resource takes.
func (p *Provider) limitAPIToken(r *http.Request, token *oauthapp.APIToken) *wire.Error {
	given, refusal := p.stillGiven(r.Context(), token.UserID, token.AccountID, token.Scopes)
	if refusal != nil {
		return refusal
	}
	if len(given) == 0 {
		if err := p.added.TokenSource().End(r, *token); err != nil {
			return wire.Outage(err)
		}
		return errAPITokenEnded
	}
	if token.Scopes = intersect(given, p.resources[0].Scopes); len(token.Scopes) == 0 {
		return errInsufficientScope
	}
	return nil
}

var errAPITokenEnded = invalidToken("the user may give nothing any more; the API token was ended")

// introspectAPIToken tells a resource server of the host what an API token
// stands for, and everyone else nothing.
func (p *Provider) introspectAPIToken(r *http.Request, served []resource, presented string) (introspection, *wire.Error) {
	if _, ok := p.toldTo(served, nil, nil); !ok {
		return introspection{}, nil
	}
	token, refusal := p.findAPIToken(r, presented)
	if refusal == nil {
		refusal = p.limitAPIToken(r, &token)
	}
	switch {
	case refusal != nil && refusal.Status >= http.StatusInternalServerError:
		return introspection{}, refusal
	case refusal != nil:
		return introspection{}, nil
	}
	scopes, _ := p.toldTo(served, nil, token.Scopes)
	p.noteUse(r, store.Use{APITokenID: token.ID}, token.LastUsedAt, p.now())
	answer := introspection{
		Active:    true,
		Scope:     strings.Join(scopes, " "),
		TokenType: kernel.Bearer,
		IssuedAt:  token.CreatedAt.Unix(),
		Subject:   token.UserID,
		Audience:  p.cfg.Resource,
		Issuer:    p.cfg.Issuer,
		AccountID: token.AccountID,
	}
	if !token.ExpiresAt.IsZero() {
		answer.ExpiresAt = token.ExpiresAt.Unix()
	}
	return answer, nil
}
