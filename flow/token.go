package flow

import (
	"net/http"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// token serves the token endpoint (RFC 6749, section 3.2).
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	form, refusal := wire.ReadForm(w, r, p.tokenParams)
	if refusal != nil {
		p.writeError(w, r, refusal)
		return
	}
	t, issued, refusal := p.exchange(r, form, kernel.Terms{})
	if refusal != nil {
		p.writeError(w, r, refusal)
		return
	}
	p.writeJSON(w, r, p.tokenResponse(t, &issued))
}

// tokenResponse is the answer of RFC 6749, section 5.1. The scope is always
// told, also where it is what the client asked for.
func (p *Provider) tokenResponse(t *kernel.TokenRequest, issued *kernel.Tokens) any {
	answer := struct {
		AccessToken  string `json:"access_token"`
		TokenType    string `json:"token_type"`
		ExpiresIn    int64  `json:"expires_in"` // whole seconds
		RefreshToken string `json:"refresh_token,omitempty"`
		Scope        string `json:"scope"`
	}{issued.Access, issued.Type, issued.ExpiresIn(t.Now), issued.Refresh, strings.Join(issued.Scopes, " ")}
	var members []map[string]any
	for _, further := range p.added.TokenMembers {
		members = append(members, further(t, issued))
	}
	return withMembers(answer, members)
}

// readGrant finds the grant of a token request, and takes apart what the
// request presents to it.
func (p *Provider) readGrant(r *http.Request, form wire.Params) (kernel.Grant, credential.Parsed, *wire.Error) {
	grant, ok := p.added.Grants[form.Get("grant_type")]
	switch {
	case !form.Has("grant_type"):
		return kernel.Grant{}, credential.Parsed{}, wire.Refuse(InvalidRequest, "grant_type is missing")
	case !ok:
		return kernel.Grant{}, credential.Parsed{}, wire.Refuse(UnsupportedGrantType, "grant_type must be "+strings.Join(p.grantTypes(), " or "))
	}
	if o := kernel.OutcomeOf(r.Context()); o != nil {
		o.GrantType = grant.Type
	}
	if grant.Present == nil {
		return grant, credential.Parsed{}, nil
	}
	presented, refusal := grant.Present(form)
	return grant, presented, refusal
}

// exchange authenticates the client of a token request and hands it to its
// grant. The client, and the session of what it presents, come with one read.
func (p *Provider) exchange(r *http.Request, form wire.Params, terms kernel.Terms) (*kernel.TokenRequest, kernel.Tokens, *wire.Error) {
	noteClientID(r, form.Get("client_id"))
	grant, presented, refusal := p.readGrant(r, form)
	if refusal != nil {
		return nil, kernel.Tokens{}, refusal
	}
	client, secret, refusal := p.authenticate(r, form, presented.Session)
	if refusal == nil {
		refusal = refuseSuspendedGrant(client.Application, grant.Type)
	}
	if refusal != nil {
		return nil, kernel.Tokens{}, refusal
	}
	t := &kernel.TokenRequest{HTTP: r, Now: p.now(), Params: form, Client: client, Secret: secret, Presented: presented, Terms: terms}
	if refusal := p.judgeTokenRequest(t, grant); refusal != nil {
		return nil, kernel.Tokens{}, refusal
	}
	nothing, refusal := p.limitToUser(t)
	if refusal != nil {
		return nil, kernel.Tokens{}, refusal
	}
	issued, refusal := grant.Exchange(t)
	if nothing && refusal != nil && refusal.Code == InvalidScope {
		// The scopes are judged last: what was presented is good.
		if refusal = p.endNothingGiven(r, t.Client.Application, t.Client.Session); refusal == nil {
			refusal = errNothingGiven
		}
	}
	if refusal != nil {
		return nil, kernel.Tokens{}, refusal
	}
	issued.Type = p.added.TokenType(issued.Session, credential.DigestOf(issued.Access))
	return t, issued, nil
}

// judgeTokenRequest asks every capability about a token request, before its
// grant does anything.
func (p *Provider) judgeTokenRequest(t *kernel.TokenRequest, grant kernel.Grant) *wire.Error {
	if t.Client.Session != nil {
		var claimed bool
		if t.Extra, claimed = p.added.ClaimedExtra(t.Client.Session); !claimed {
			return wire.Refuse(InvalidGrant, "the session needs a capability that this service does not have")
		}
	}
	if refusal := p.judgeResources(t); refusal != nil {
		return refusal
	}
	t.Repeat = grant.Repeats != nil && grant.Repeats(t)
	if refusal := p.added.JudgeTokenRequest(t); refusal != nil || t.Repeat {
		return refusal
	}
	if err := t.KeepResources(); err != nil {
		return wire.Internal(err)
	}
	return nil
}

// present takes a code or refresh token of a token request apart. What this
// service cannot have made is left zero.
func (p *Provider) present(kind credential.Kind, params wire.Params, name string) (credential.Parsed, *wire.Error) {
	value := params.Get(name)
	if value == "" {
		return credential.Parsed{}, wire.Refuse(InvalidRequest, name+" is missing")
	}
	parsed, err := p.credentials.Parse(kind, value)
	if err != nil {
		return credential.Parsed{}, nil
	}
	return parsed, nil
}

// grantedScopes decides what the access token of a token request reaches: what
// the user granted, as far as the application may still ask for it and
// capabilities let it.
func (p *Provider) grantedScopes(t *kernel.TokenRequest) []string {
	if t.Client.Session == nil {
		return nil
	}
	return t.Limited(intersect(t.Client.Session.Scopes, p.allowedScopes(t.Client.Application)))
}

// narrowedScopes is grantedScopes or what of that a refresh asks for (RFC 6749,
// section 6), and nothing if it asks for more than the user granted. Many
// clients repeat the scope of their authorization request at every refresh:
// what was granted and the application may not ask for now is left out, as it
// is where they name none. What the user granted stays with the session, so
// that a later refresh may ask for all of it again.
func (p *Provider) narrowedScopes(t *kernel.TokenRequest) []string {
	scopes := p.grantedScopes(t)
	if !t.Params.Has("scope") {
		return scopes
	}
	asked := p.splitScopes(t.Params.Get("scope"))
	if len(asked) == 0 && strings.Trim(t.Params.Get("scope"), " ") != "" {
		return scopes // all that it asks for is ignored
	}
	if t.Client.Session == nil || len(intersect(asked, t.Client.Session.Scopes)) < len(asked) {
		return nil
	}
	return intersect(scopes, asked)
}
