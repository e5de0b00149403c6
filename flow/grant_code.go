package flow

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// challengeMethod is the only one. With "plain", whoever sees the authorization
// request knows the verifier.
const challengeMethod = "S256"

var errInvalidCode = wire.Refuse(InvalidGrant, "the authorization code is not valid")

// codeGrant is the grant of RFC 6749, section 4.1.
func (p *Provider) codeGrant() kernel.Grant {
	return kernel.Grant{
		Type:   authorizationCodeGrant,
		Params: []string{"code", "redirect_uri", "code_verifier"},
		Present: func(params wire.Params) (credential.Parsed, *wire.Error) {
			return p.present(credential.AuthorizationCode, params, "code")
		},
		Exchange: func(t *kernel.TokenRequest) (kernel.Tokens, *wire.Error) {
			return p.exchangeCode(&tokenRequest{t, p.grantedScopes(t)})
		},
	}
}

// exchangeCode exchanges an authorization code for tokens (RFC 6749, section
// 4.1.3).
//
// A code that comes in several requests at once is replayed, as one that comes
// again later is: the session ends, with the tokens of the request that won
// (section 4.1.2).
func (p *Provider) exchangeCode(t *tokenRequest) (kernel.Tokens, *wire.Error) {
	refusal, replayed := t.judgeCode()
	if refusal == nil {
		refusal = p.agree(t, authorizationCodeGrant)
	}
	var issued kernel.Tokens
	if refusal == nil {
		issued, refusal, replayed = p.redeem(t)
	}
	if replayed {
		if outage := p.endReused(t, oauthapp.CodeReplayed); outage != nil {
			return kernel.Tokens{}, outage
		}
	}
	if refusal != nil {
		return kernel.Tokens{}, refusal
	}
	p.emit(t.HTTP, t.Issued(oauthapp.TokenIssued, &issued))
	return issued, nil
}

// redeem claims the code. It reports one that another request redeemed first.
func (p *Provider) redeem(t *tokenRequest) (issued kernel.Tokens, refusal *wire.Error, replayed bool) {
	issued, err := p.issue.Redeem(t.TokenRequest, t.scopes)
	switch {
	case errors.Is(err, store.ErrUsed):
		return kernel.Tokens{}, errUsedCode, true
	case errors.Is(err, store.ErrNotFound):
		return kernel.Tokens{}, errInvalidCode, false
	case err != nil:
		return kernel.Tokens{}, kernel.Failed(err), false
	}
	return issued, nil, false
}

var errUsedCode = wire.Refuse(InvalidGrant, "the authorization code was used already")

// judgeCode tells whether the code presented may be exchanged by this request
// (RFC 6749, section 4.1.3; RFC 7636, section 4.6). It changes nothing: after a
// request that fails, the code is as good as before.
//
// It reports a replay: a code that was used, and that its own client presents
// again with the verifier. Codes stay in browser histories, and whoever merely
// finds one there must not be able to end its user's session.
func (t *tokenRequest) judgeCode() (refusal *wire.Error, replayed bool) {
	s := t.Client.Session
	if s == nil || !s.Code.Digest.Equal(t.Presented.Digest) {
		return errInvalidCode, false
	}
	if !s.Code.RedeemedAt.IsZero() {
		return errUsedCode, t.judgeVerifier() == nil
	}
	if !t.Now.Before(s.Code.ExpiresAt) {
		return wire.Refuse(InvalidGrant, "the authorization code has expired"), false
	}
	if !t.sameRedirectURI() {
		return t.mismatch("the redirect_uri does not match the one in the authorization request"), false
	}
	if !t.sameState() {
		return &wire.Error{Code: cmp.Or(t.Terms.Mismatch, InvalidGrant), Description: stateMismatch, Status: http.StatusBadRequest}, false
	}
	if refusal := t.judgeVerifier(); refusal != nil {
		return refusal, false
	}
	return t.judgeScopes(), false
}

// mismatch refuses a parameter that differs from the authorization request's.
func (t *tokenRequest) mismatch(description string) *wire.Error {
	return wire.Refuse(cmp.Or(t.Terms.Mismatch, InvalidGrant), description)
}

// sameRedirectURI compares byte for byte. A client that relied on the one
// callback URL it has registered may leave it out here too, or name that one.
func (t *tokenRequest) sameRedirectURI() bool {
	sent := t.Params.Get("redirect_uri")
	if authorized := t.Client.Session.Code.RedirectURI; authorized != "" {
		return sent == authorized
	}
	registered := t.Client.Application.CallbackURLs
	return sent == "" || len(registered) == 1 && sent == registered[0]
}

// stateMismatch is a published wording, which clients look for.
const stateMismatch = `Invalid "state": value doesn't match the "state" in the authorization request`

// sameState compares the state where the terms ask for that and both requests
// have one.
func (t *tokenRequest) sameState() bool {
	sent, authorized := t.Params.Get("state"), t.Client.Session.Code.State
	return !t.Terms.CompareState || sent == "" || authorized.IsZero() || authorized.Equal(credential.DigestOf(sent))
}

// judgeVerifier judges the code_verifier. A request must have one if and only
// if there was a challenge, whatever the type of the client (RFC 9700, section
// 2.1.1).
func (t *tokenRequest) judgeVerifier() *wire.Error {
	challenge, verifier := t.Client.Session.Code.CodeChallenge, t.Params.Get("code_verifier")
	switch {
	case challenge == "" && verifier == "" && !t.Public():
		return nil
	case challenge == "":
		return wire.Refuse(InvalidGrant, "the authorization request had no code_challenge")
	case verifier == "":
		return wire.Refuse(InvalidGrant, "code_verifier is missing")
	case len(verifier) < 43 || len(verifier) > 128 || !wire.IsUnreserved(verifier):
		return wire.Refuse(InvalidGrant, "code_verifier must be 43 to 128 letters, digits and -._~")
	}
	sum := sha256.Sum256([]byte(verifier))
	computed := base64.RawURLEncoding.EncodeToString(sum[:])
	if subtle.ConstantTimeCompare([]byte(computed), []byte(challenge)) != 1 {
		return wire.Refuse(InvalidGrant, "code_verifier does not match the code_challenge")
	}
	return nil
}
