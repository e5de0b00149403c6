package flow

import (
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// refuseSuspended refuses what the client of a suspended application asks for.
// The reason is for pages alone.
func refuseSuspended(app oauthapp.Application, code string) *wire.Error {
	if !app.Standing.Suspended {
		return nil
	}
	refusal := wire.Refuse(code, "the application is suspended")
	refusal.Suspended, refusal.Suspension = true, app.Standing.Reason
	return refusal
}

// refuseSuspendedGrant is refuseSuspended for a token request. A code or a
// refresh token is refused as such: published clients throw their registration
// away at unauthorized_client.
func refuseSuspendedGrant(app oauthapp.Application, grantType string) *wire.Error {
	if grantType == authorizationCodeGrant || grantType == refreshTokenGrant {
		return refuseSuspended(app, InvalidGrant)
	}
	return refuseSuspended(app, UnauthorizedClient)
}

// isTrusted reports whether an application is the service's own, so that users
// need not consent.
func isTrusted(app oauthapp.Application, redirectURI string) bool {
	return app.Standing.Trusted && app.Owner != "" && isItself(app, redirectURI)
}

// isItself reports whether nothing else than the application can get an answer
// that is sent to a redirect URI. A public one is itself at an https URL of
// another host alone: any program on the user's device can pose as it elsewhere
// (RFC 8252, section 8.6).
func isItself(app oauthapp.Application, redirectURI string) bool {
	return app.Type == oauthapp.Confidential || strings.HasPrefix(redirectURI, "https://") && !onlyLoopback([]string{redirectURI})
}

// authenticateLive finds out which client sent a request to a capability. The
// client of a suspended application is refused once it has authenticated: its
// secret is no guess.
func (p *Provider) authenticateLive(r *http.Request, params wire.Params, session uuid.UUID) (store.Client, *wire.Error) {
	client, _, refusal := p.authenticate(r, params, session)
	if refusal == nil {
		refusal = refuseSuspended(client.Application, UnauthorizedClient)
	}
	if refusal != nil {
		return store.Client{}, refusal
	}
	return client, nil
}
