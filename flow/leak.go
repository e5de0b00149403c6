package flow

import (
	"errors"
	"net/http"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// leakable are the credentials that this package issues, which whoever found
// one can end.
func (p *Provider) leakable() []kernel.Leakable {
	return []kernel.Leakable{
		{Kind: credential.ClientSecret, Revoke: p.revokeLeakedSecret},
		{Kind: credential.AccessToken, Revoke: p.revokeLeakedToken(credential.AccessToken)},
		{Kind: credential.RefreshToken, Revoke: p.revokeLeakedToken(credential.RefreshToken)},
	}
}

// revokeLeakedSecret ends a client secret, for every application that has it.
func (p *Provider) revokeLeakedSecret(r *http.Request, c credential.Parsed) (events []oauthapp.Event, err error) {
	for {
		secret, err := p.cfg.Store.FindSecret(r.Context(), c.Digest, p.now())
		if errors.Is(err, store.ErrNotFound) {
			return events, nil
		}
		var app oauthapp.Application
		if err == nil {
			app, err = p.registry.Application(r.Context(), oauthapp.AnyOwner, secret.ApplicationID)
		}
		if err == nil {
			err = p.registry.RevokeSecret(r.Context(), oauthapp.AnyOwner, app.ID, secret.ID)
		}
		switch {
		case errors.Is(err, store.ErrNotFound): // somebody else was faster
		case err != nil:
			return events, err
		default:
			event := kernel.EventOf("", app)
			event.SecretID = secret.ID
			events = append(events, event)
		}
	}
}

func (p *Provider) revokeLeakedToken(kind credential.Kind) func(*http.Request, credential.Parsed) ([]oauthapp.Event, error) {
	return func(r *http.Request, c credential.Parsed) ([]oauthapp.Event, error) {
		return p.endLeaked(r, presentedToken{c, kind})
	}
}

// endLeaked ends the session of a token. Any refresh token of a live session
// counts, as an old one shows that they leak.
func (p *Provider) endLeaked(r *http.Request, token presentedToken) ([]oauthapp.Event, error) {
	session, err := p.cfg.Store.Session(r.Context(), token.Session)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	live := p.now().Before(session.ExpiresAt)
	if token.Kind == credential.AccessToken {
		_, _, live = validAccessToken(&session, token.Digest, p.now())
	}
	if !live || !token.isOf(&session) {
		return nil, nil
	}
	if err := p.cfg.Store.EndSession(r.Context(), session.ID); err != nil {
		return nil, err
	}
	app, err := p.registry.Application(r.Context(), oauthapp.AnyOwner, session.ApplicationID)
	if err != nil { // the event goes without its name and owner
		app = oauthapp.Application{ID: session.ApplicationID, ClientID: session.ClientID}
	}
	event := kernel.EventOfSession(oauthapp.TokenRevoked, app, &session)
	event.Reason = "it was leaked"
	p.emit(r, event)
	event.Reason = ""
	return []oauthapp.Event{event}, nil
}
