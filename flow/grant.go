package flow

import (
	"errors"

	"github.com/oauthapps/oauthapps/flow/internal/engine"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// The grant types of RFC 6749, sections 4.1.3 and 6.
const (
	authorizationCodeGrant = engine.AuthorizationCode
	refreshTokenGrant      = engine.RefreshToken
)

// A tokenRequest is a token request with what its access token may reach.
type tokenRequest struct {
	*kernel.TokenRequest
	scopes []string // empty if there can be none
}

func (t *tokenRequest) judgeScopes() *wire.Error {
	if len(t.scopes) == 0 {
		return wire.Refuse(InvalidScope, "the scope exceeds what the user granted or the application may ask for")
	}
	return nil
}

// agree asks the engine for its opinion of a request that was judged good.
// Nothing is issued without.
func (p *Provider) agree(t *tokenRequest, grantType string) *wire.Error {
	s := t.Client.Session
	return fromEngine(p.engine.Exchange(t.HTTP.Context(), grantType, engineClient(t.Client, "", t.scopes), &engine.Session{
		ClientID:      s.ClientID,
		RedirectURI:   s.Code.RedirectURI,
		CodeChallenge: s.Code.CodeChallenge,
		Scopes:        t.scopes,
	}, t.Params))
}

// agreeClientCredentials is agree for a client that asks for tokens for itself,
// which was granted some scopes and gets others of these.
func (p *Provider) agreeClientCredentials(t *kernel.TokenRequest, granted, scopes []string) *wire.Error {
	return fromEngine(p.engine.Exchange(t.HTTP.Context(), engine.ClientCredentials, engineClient(t.Client, "", granted),
		&engine.Session{Scopes: scopes}, t.Params))
}

func engineClient(client store.Client, redirectURI string, scopes []string) engine.Client {
	app := client.Application
	return engine.Client{ID: app.ClientID, Public: app.Type == oauthapp.Public, RedirectURI: redirectURI, Scopes: scopes}
}

// fromEngine finds the answer to a request that the engine does not agree to.
// What it quotes of the request stays inside.
func fromEngine(err error) *wire.Error {
	if err == nil {
		return nil
	}
	refusal, ok := errors.AsType[*engine.Refusal](err)
	if !ok {
		return wire.Internal(err)
	}
	switch refusal.Code {
	case InvalidGrant, InvalidScope, UnauthorizedClient, UnsupportedResponseType:
		return wire.Refuse(refusal.Code, "the request is not allowed")
	}
	return wire.Refuse(InvalidRequest, "the request is malformed")
}

// endReused ends the session of a code or refresh token that was presented
// again, with all its tokens, and reports it. Whoever presents a stolen
// credential cannot prevent that by hanging up.
func (p *Provider) endReused(t *tokenRequest, kind oauthapp.EventType) *wire.Error {
	if err := p.issue.EndSession(t.HTTP.Context(), t.Presented.Session); err != nil {
		return wire.Outage(err)
	}
	event := t.Event(kind)
	event.Error = InvalidGrant
	p.emit(t.HTTP, event)
	return nil
}
