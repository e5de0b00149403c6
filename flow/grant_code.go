package flow

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// challengeMethod is the only one: what "plain" proves can be read off the request.
const challengeMethod = "S256"

var errInvalidCode = refuseOften(InvalidGrant, "the authorization code is not valid")

// exchangeCode exchanges an authorization code for tokens (RFC 6749, section 4.1.3).
//
// Of several requests with one code, at most one is the client's own: that the
// others come at the same time and not later makes them no less a replay, so the
// session ends and the tokens of the one that won are withdrawn (section 4.1.2).
func (p *Provider) exchangeCode(t *tokenRequest) (tokens, *Error) {
	refusal, replayed := t.judgeCode()
	if refusal == nil {
		refusal = p.agree(t, authorizationCodeGrant)
	}
	var issued tokens
	if refusal == nil {
		issued, refusal, replayed = p.redeem(t)
	}
	if replayed {
		if outage := p.endReused(t, oauthapp.CodeReplayed); outage != nil {
			return tokens{}, outage
		}
	}
	if refusal != nil {
		return tokens{}, refusal
	}
	e := t.event(oauthapp.TokenIssued)
	e.Scopes = issued.Scopes
	p.emit(t.http, e)
	return issued, nil
}

// redeem claims the code. It reports one that another request redeemed first.
func (p *Provider) redeem(t *tokenRequest) (issued tokens, refusal *Error, replayed bool) {
	redemption := kernel.Redemption{Session: t.client.Session, Code: t.presented.Digest, Scopes: t.scopes, At: t.now}
	if t.profile != nil {
		redemption.LongLived = t.profile.AccessTokenTTL
	}
	issued, err := p.issue.Redeem(t.http.Context(), redemption)
	switch {
	case errors.Is(err, store.ErrUsed):
		return tokens{}, errUsedCode, true
	case errors.Is(err, store.ErrNotFound):
		return tokens{}, errInvalidCode, false
	case err != nil:
		return tokens{}, outage(err), false
	}
	return issued, nil, false
}

var errUsedCode = refuse(InvalidGrant, "the authorization code was used already")

// judgeCode tells whether the code presented may be exchanged by this request
// (RFC 6749, section 4.1.3; RFC 7636, section 4.6). It changes nothing, so that a
// request that fails leaves the code as it was for the one that does it right.
//
// It reports a replay: a code that was used, and that its own client presents again
// with the verifier. Codes stay in browser histories, and whoever merely finds one
// there must not be able to end its user's session.
func (t *tokenRequest) judgeCode() (refusal *Error, replayed bool) {
	s := t.client.Session
	if s == nil || !s.Code.Digest.Equal(t.presented.Digest) {
		return errInvalidCode, false
	}
	if !s.Code.RedeemedAt.IsZero() {
		return errUsedCode, t.judgeVerifier() == nil
	}
	if !t.now.Before(s.Code.ExpiresAt) {
		return refuse(InvalidGrant, "the authorization code has expired"), false
	}
	if !t.sameRedirectURI() {
		return t.mismatch("the redirect_uri does not match the one in the authorization request"), false
	}
	if !t.sameState() {
		return t.mismatch(stateMismatch), false
	}
	if refusal := t.judgeVerifier(); refusal != nil {
		return refusal, false
	}
	return t.judgeScopes(), false
}

// mismatch refuses a parameter that differs from the authorization request's:
// the DNSimple profile has its own code for that.
func (t *tokenRequest) mismatch(description string) *Error {
	if t.profile != nil {
		return &Error{Code: InvalidRequest, Description: description, Status: http.StatusBadRequest}
	}
	return refuse(InvalidGrant, description)
}

// sameRedirectURI compares byte for byte. A client that relied on the one callback
// URL it has registered may leave it out here too, or name that one.
func (t *tokenRequest) sameRedirectURI() bool {
	sent := t.params.Get("redirect_uri")
	if authorized := t.client.Session.Code.RedirectURI; authorized != "" {
		return sent == authorized
	}
	registered := t.client.Application.CallbackURLs
	return sent == "" || len(registered) == 1 && sent == registered[0]
}

// sameState compares the state where the profile asks for that and both requests
// have one.
func (t *tokenRequest) sameState() bool {
	sent, authorized := t.params.Get("state"), t.client.Session.Code.State
	return t.profile == nil || sent == "" || authorized.IsZero() || authorized.Equal(credential.DigestOf(sent))
}

// judgeVerifier checks the proof key: needed if and only if there was a challenge,
// whatever the type of the client, and no way around it (RFC 9700, section 2.1.1).
func (t *tokenRequest) judgeVerifier() *Error {
	challenge, verifier := t.client.Session.Code.CodeChallenge, t.params.Get("code_verifier")
	switch {
	case challenge == "" && verifier == "" && !t.public():
		return nil
	case challenge == "":
		return refuse(InvalidGrant, "the authorization request had no code_challenge")
	case verifier == "":
		return refuse(InvalidGrant, "code_verifier is missing")
	case len(verifier) < 43 || len(verifier) > 128 || !isUnreserved(verifier):
		return refuse(InvalidGrant, "code_verifier must be 43 to 128 letters, digits and -._~")
	}
	sum := sha256.Sum256([]byte(verifier))
	computed := base64.RawURLEncoding.EncodeToString(sum[:])
	if subtle.ConstantTimeCompare([]byte(computed), []byte(challenge)) != 1 {
		return refuse(InvalidGrant, "code_verifier does not match the code_challenge")
	}
	return nil
}

// isUnreserved reports whether s has unreserved characters only (RFC 3986, section 2.3).
func isUnreserved(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z':
		case c == '-', c == '.', c == '_', c == '~':
		default:
			return false
		}
	}
	return true
}
