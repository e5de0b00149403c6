package flow

import (
	"errors"
	"net/http"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/engine"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// The grant types of RFC 6749, sections 4.1.3 and 6.
const (
	authorizationCodeGrant = engine.AuthorizationCode
	refreshTokenGrant      = engine.RefreshToken
)

// A tokenRequest is a request for tokens whose client was authenticated. It belongs
// to one goroutine.
type tokenRequest struct {
	http      *http.Request
	now       time.Time
	params    parameters
	client    store.Client      // with the session of what is presented, or nil
	presented credential.Parsed // the code or refresh token
	scopes    []string          // of the access token; empty if there can be none
	profile   *DNSimpleProfile  // nil on the token endpoint of the RFC
}

func (t *tokenRequest) public() bool { return t.client.Application.Type == oauthapp.Public }

// event begins an event about the session of a token request.
func (t *tokenRequest) event(kind oauthapp.EventType) oauthapp.Event {
	e := applicationEvent(kind, t.client.Application)
	e.Time = t.now
	if s := t.client.Session; s != nil {
		e.SessionID, e.GrantID, e.UserID, e.AccountID, e.Scopes = s.ID, s.GrantID, s.UserID, s.AccountID, s.Scopes
	}
	return e
}

func (t *tokenRequest) judgeScopes() *Error {
	if len(t.scopes) == 0 {
		return refuse(InvalidScope, "the scope exceeds what the user granted or the application may ask for")
	}
	return nil
}

// agree asks the engine for its opinion of a request that was judged good. Nothing
// is issued without.
func (p *Provider) agree(t *tokenRequest, grantType string) *Error {
	s := t.client.Session
	return fromEngine(p.engine.Exchange(t.http.Context(), grantType, engineClient(t.client, "", t.scopes), &engine.Session{
		ClientID:      s.ClientID,
		RedirectURI:   s.Code.RedirectURI,
		CodeChallenge: s.Code.CodeChallenge,
		Scopes:        t.scopes,
	}, t.params.Values()))
}

func engineClient(client store.Client, redirectURI string, scopes []string) engine.Client {
	app := client.Application
	return engine.Client{ID: app.ClientID, Public: app.Type == oauthapp.Public, RedirectURI: redirectURI, Scopes: scopes}
}

// fromEngine finds the answer to a request that the engine does not agree to. What it
// quotes of the request stays inside.
func fromEngine(err error) *Error {
	if err == nil {
		return nil
	}
	refusal, ok := errors.AsType[*engine.Refusal](err)
	if !ok {
		return internal(err)
	}
	switch refusal.Code {
	case InvalidGrant, InvalidScope, UnauthorizedClient, UnsupportedResponseType:
		return refuse(refusal.Code, "the request is not allowed")
	}
	return refuse(InvalidRequest, "the request is malformed")
}

// endReused ends the session of a code or refresh token that was presented again,
// with all its tokens, and reports it. Whoever presents a stolen credential cannot
// prevent that by hanging up.
func (p *Provider) endReused(t *tokenRequest, kind oauthapp.EventType) *Error {
	if err := p.issue.EndSession(t.http.Context(), t.presented.Session, t.now); err != nil {
		return outage(err)
	}
	p.emit(t.http, t.event(kind))
	return nil
}

// tokens is what a token request came to.
type tokens = kernel.Tokens
