package flow

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// An introspection is the answer of RFC 7662, section 2.2. The zero
// introspection says that the token is not active and nothing else.
type introspection struct {
	Active    bool   `json:"active"`
	Scope     string `json:"scope,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	TokenType string `json:"token_type,omitempty"` // absent for a refresh token
	ExpiresAt int64  `json:"exp,omitempty"`        // seconds since 1970
	IssuedAt  int64  `json:"iat,omitempty"`        // seconds since 1970
	Subject   string `json:"sub,omitempty"`        // the user's ID
	Audience  any    `json:"aud,omitempty"`        // the API, or an array of several; absent for a refresh token
	Issuer    string `json:"iss,omitempty"`
	AccountID string `json:"account_id,omitempty"` // the account reached; not of the RFC

	session *store.Session // of an access token that is active
}

// introspectParams are what the endpoint acts on, beside the parameters of
// client authentication.
var introspectParams = []string{"token", "token_type_hint"}

// introspect is the introspection endpoint of RFC 7662. Confidential clients
// learn about their own access and refresh tokens; [Config.ResourceServers]
// learn about every access token, and those of a [Resource] about those for it.
// To anyone else a token is not active, and a code never is. A refresh token is
// active only for a client that says that it asks about one: a resource server
// that takes every active token for an access token would let it in.
func (p *Provider) introspect(w http.ResponseWriter, r *http.Request) {
	form, refusal := wire.ReadForm(w, r, p.introspectParams)
	if refusal != nil {
		p.writeError(w, r, refusal)
		return
	}
	token, known := p.parseToken(form.Get("token"))
	client, _, refusal := p.authenticate(r, form, token.Session)
	if refusal == nil && client.Application.Type != oauthapp.Confidential {
		refusal = p.clients.Refuse(r, client, "public client at the introspection endpoint")
	}
	if refusal == nil && !form.Has("token") {
		refusal = wire.Refuse(InvalidRequest, "parameter missing: token")
	}
	var answer introspection
	asked := token.Kind == credential.AccessToken || form.Get("token_type_hint") == "refresh_token"
	switch {
	case refusal != nil || client.Application.Standing.Suspended:
	case known && asked:
		answer, refusal = p.introspectFor(r, client, token)
	case !known:
		answer, refusal = p.introspectAPIToken(r, p.servedBy(client), form.Get("token"))
	}
	if refusal != nil {
		p.writeError(w, r, refusal)
		return
	}
	var members []map[string]any
	if answer.session != nil {
		for _, further := range p.added.IntrospectionMembers {
			members = append(members, further(answer.session, token.Digest))
		}
	}
	full := withMembers(answer, members)
	if write := p.added.WriteIntrospection; write == nil || !write(w, r, client, full) {
		p.writeJSON(w, r, full)
	}
}

// introspectFor tells a client what it may know of a token.
func (p *Provider) introspectFor(r *http.Request, client store.Client, token presentedToken) (introspection, *wire.Error) {
	if client.Session != nil {
		return p.describe(r, client.Session, token, p.resources)
	}
	served := p.servedBy(client)
	if served == nil || token.Kind != credential.AccessToken {
		return introspection{}, nil
	}
	session, err := p.cfg.Store.Session(r.Context(), token.Session)
	if errors.Is(err, store.ErrNotFound) {
		return introspection{}, nil
	}
	if err != nil {
		return introspection{}, wire.Outage(err)
	}
	answer, refusal := p.describe(r, &session, token, served)
	if answer.Active {
		p.noteUse(r, store.Use{GrantID: session.GrantID}, session.GrantUsedAt, p.now())
	}
	return answer, refusal
}

// describe tells what a token of a session stands for, if it is valid now. An
// access token is told to a client that serves some resources.
func (p *Provider) describe(r *http.Request, s *store.Session, token presentedToken, served []resource) (introspection, *wire.Error) {
	if !p.added.Claimed(s) {
		return introspection{}, nil
	}
	if token.Kind == credential.RefreshToken {
		return p.describeRefreshToken(s, token), nil
	}
	return p.describeAccessToken(r, s, token, served)
}

func (p *Provider) describeRefreshToken(s *store.Session, token presentedToken) introspection {
	expires := earliest(s.Refresh.ExpiresAt, s.ExpiresAt)
	if !token.Digest.Equal(s.Refresh.Digest) || !p.now().Before(expires) {
		return introspection{}
	}
	issued := latest(s.CreatedAt, s.Code.RedeemedAt, s.RotatedAt)
	return p.active(s, s.Scopes, issued, expires)
}

// describeAccessToken tells what an access token reaches, as far as the user
// may still give it where nothing refreshes the token. A token for none of the
// resources that the client serves is not active.
func (p *Provider) describeAccessToken(r *http.Request, s *store.Session, token presentedToken, served []resource) (introspection, *wire.Error) {
	access, resources, ok := validAccessToken(s, token.Digest, p.now())
	audience := p.audience(resources)
	if !ok || audience == nil || !p.isBoundEnough(s, token.Digest) {
		return introspection{}, nil
	}
	scopes, refusal := p.currentScopes(r, s, access.Scopes, false)
	if refusal != nil || len(scopes) == 0 && len(access.Scopes) > 0 {
		return introspection{}, refusal
	}
	if scopes, ok = p.toldTo(served, resources, scopes); !ok {
		return introspection{}, nil
	}
	answer := p.active(s, scopes, access.IssuedAt, access.ExpiresAt)
	answer.session, answer.Audience, answer.TokenType = s, audience, p.added.TokenType(s, token.Digest)
	return answer, nil
}

// active is what is said of an active token of a session, of either kind.
func (p *Provider) active(s *store.Session, scopes []string, issued, expires time.Time) introspection {
	return introspection{
		Active:    true,
		Scope:     strings.Join(scopes, " "),
		ClientID:  s.ClientID,
		ExpiresAt: expires.Unix(),
		IssuedAt:  issued.Unix(),
		Subject:   s.UserID,
		Issuer:    p.cfg.Issuer,
		AccountID: s.AccountID,
	}
}
