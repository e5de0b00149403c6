package flow

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// stateMismatch is the published wording, which clients of the profile look for.
const stateMismatch = `Invalid "state": value doesn't match the "state" in the authorization request`

// A dnsimpleResponse is the answer of the DNSimple-compatible token endpoint. It
// has no refresh token: its access token lives as long as the profile says.
type dnsimpleResponse struct {
	AccessToken string          `json:"access_token"`
	TokenType   string          `json:"token_type"`
	ExpiresIn   int64           `json:"expires_in"`
	Scope       string          `json:"scope"` // never null, which OAuth clients refuse
	AccountID   json.RawMessage `json:"account_id"`
}

// dnsimpleToken serves the DNSimple-compatible token endpoint: the exchange of a
// code with a body that may be JSON, and with that API's error codes. Everything
// else, PKCE and exact redirect URIs included, is as on the token endpoint.
func (p *Provider) dnsimpleToken(w http.ResponseWriter, r *http.Request) {
	setPragma(w)
	params, refusal := readFormOrJSON(w, r, dnsimpleParams)
	if refusal == nil && params.Get("grant_type") != authorizationCodeGrant {
		refusal = refuse(InvalidRequest, "grant_type must be "+authorizationCodeGrant)
	}
	if refusal != nil {
		p.writeError(w, r, refusal)
		return
	}
	t, issued, refusal := p.exchange(r, params, p.cfg.DNSimple)
	if refusal != nil {
		p.writeError(w, r, refusal)
		return
	}
	p.writeJSON(w, dnsimpleResponse{
		AccessToken: issued.Access,
		TokenType:   "Bearer",
		ExpiresIn:   issued.ExpiresIn(t.now),
		Scope:       strings.Join(issued.Scopes, " "),
		AccountID:   accountNumber(t.client.Session.AccountID),
	})
}

// maxExactNumber is the largest integer that every JSON parser keeps exactly (RFC
// 8259, section 6). JavaScript rounds larger ones, to the ID of another account.
const maxExactNumber = 1<<53 - 1

// accountNumber returns an account's ID as the number that the profile's clients
// expect, or as a string where it is no canonical decimal number up to
// maxExactNumber.
func accountNumber(id string) json.RawMessage {
	if n, err := strconv.ParseUint(id, 10, 64); err == nil && n <= maxExactNumber && strconv.FormatUint(n, 10) == id {
		return json.RawMessage(id)
	}
	b, _ := json.Marshal(id) // a string always marshals
	return b
}
