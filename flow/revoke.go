package flow

import (
	"errors"
	"net/http"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// revokeParams are what the endpoint acts on, beside the parameters of client
// authentication.
var revokeParams = []string{"token"}

// revoke is the revocation endpoint of RFC 7009. Revoking either kind of token
// ends its session, and so the access tokens and the refresh token of one
// authorization. A token that is unknown, or ended already, is answered like
// one that was revoked just now; one of another client is refused.
func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) {
	form, refusal := wire.ReadForm(w, r, p.revokeParams)
	if refusal != nil {
		p.writeError(w, r, refusal)
		return
	}
	// token_type_hint is not read: a token says itself which kind it is.
	token, known := p.parseToken(form.Get("token"))
	client, _, refusal := p.authenticate(r, form, token.Session)
	if refusal == nil && !form.Has("token") {
		refusal = wire.Refuse(InvalidRequest, "parameter missing: token")
	}
	if refusal == nil && known {
		refusal = p.endSession(r, client, token)
	}
	if refusal != nil {
		p.writeError(w, r, refusal)
		return
	}
	p.writeJSON(w, r, struct{}{})
}

// endSession ends the session of a token of this client.
func (p *Provider) endSession(r *http.Request, client store.Client, token presentedToken) *wire.Error {
	if client.Session == nil {
		return p.refuseForeign(r, client, token)
	}
	if !token.isOf(client.Session) {
		return nil
	}
	if err := p.cfg.Store.EndSession(r.Context(), client.Session.ID); err != nil {
		return wire.Outage(err)
	}
	p.emit(r, kernel.EventOfSession(oauthapp.TokenRevoked, client.Application, client.Session))
	return nil
}

// refuseForeign tells a token of another client from one that is not live: the
// first must not be answered as if it had been revoked (RFC 7009, section 2.1).
func (p *Provider) refuseForeign(r *http.Request, client store.Client, token presentedToken) *wire.Error {
	session, err := p.cfg.Store.Session(r.Context(), token.Session)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return wire.Outage(err)
	case session.ApplicationID != client.Application.ID && token.isOf(&session):
		return wire.Refuse(InvalidGrant, "the token was issued to another client")
	}
	return nil
}

// A presentedToken is a well-formed access or refresh token.
type presentedToken struct {
	credential.Parsed
	Kind credential.Kind
}

// parseToken recognises an access or refresh token; known is false for anything
// else, and the token's Session zero.
func (p *Provider) parseToken(s string) (token presentedToken, known bool) {
	for _, kind := range []credential.Kind{credential.AccessToken, credential.RefreshToken} {
		if parsed, err := p.credentials.Parse(kind, s); err == nil {
			return presentedToken{parsed, kind}, true
		}
	}
	return presentedToken{}, false
}

// isOf reports whether the token was issued in a session, be it live, expired
// or replaced since. Of access tokens only the last two are remembered, for
// each of several resources; a refresh token is known by its family however old
// it is.
func (t presentedToken) isOf(s *store.Session) bool {
	if t.Session != s.ID {
		return false
	}
	if t.Kind == credential.RefreshToken {
		return t.Family.Digest().Equal(s.RefreshFamily)
	}
	_, _, known := kernel.AccessTokenOf(s, t.Digest)
	return known
}
