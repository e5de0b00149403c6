package flow

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// A unit is the work of one request: what was read for it, once; what is to be
// written, at once; and what came of it. It belongs to one goroutine.
type unit struct {
	now    time.Time
	client store.Client // with the session of a token request, nil if there is none
	params parameters   // of the request, parsed and checked
	scopes []string     // to grant

	// Of an authorization request.
	redirectURI string
	userID      string
	accountID   string
	unasked     bool // the user consented before, or else nothing is issued

	// Of a token request.
	profile   *DNSimpleProfile  // nil on the token endpoint of the RFC
	presented credential.Parsed // the code or refresh token; zero if it is none of ours
	grace     time.Duration

	// What is to be written.
	sessionID uuid.UUID
	salt      store.Salt       // of a rotation
	secrets   successorSecrets // of a rotation
	access    store.AccessToken
	refresh   store.RefreshToken
	family    credential.Digest

	// What came of it.
	grant    oauthapp.Grant   // that a session began under
	recalled *originalRequest // for fosite, once it asked
	done     bool             // the write was made
	reused   bool             // what was presented had been used before
	ended    bool             // the session was ended for that
	refusal  *Error           // a check of ours failed
	failure  error            // the store failed
}

type unitKey struct{}

func unitFrom(ctx context.Context) *unit { return ctx.Value(unitKey{}).(*unit) }

func (u *unit) view() clientView { return clientView{u} }

func (u *unit) public() bool { return u.client.Application.Type == oauthapp.Public }

// event begins an event about the session of a token request.
func (u *unit) event(t oauthapp.EventType) oauthapp.Event {
	e := applicationEvent(t, u.client.Application)
	e.Time = u.now
	e.SessionID = u.sessionID
	if s := u.client.Session; s != nil {
		e.GrantID, e.UserID, e.AccountID, e.Scopes = s.GrantID, s.UserID, s.AccountID, s.Scopes
	}
	return e
}

// expiresIn is how many whole seconds the access token lives, and at least one:
// published clients take 0 for a token that never expires.
func (u *unit) expiresIn() int64 {
	return max(1, int64(u.access.ExpiresAt.Sub(u.now)/time.Second))
}

// judgeCode tells whether the code presented may be exchanged by this request
// (RFC 6749, section 4.1.3; RFC 7636, section 4.6). It changes nothing, so that a
// request that fails leaves the code as it was for the one that does it right. A code
// that was used already is reported by reused, if its own client presents it again
// with the verifier: codes stay in browser histories, and who merely finds one must
// not be able to end its user's session.
func (u *unit) judgeCode() *Error {
	s := u.client.Session
	if s == nil || !s.Code.Digest.Equal(u.presented.Digest) {
		return errInvalidCode
	}
	if !s.Code.RedeemedAt.IsZero() {
		u.reused = u.judgeVerifier() == nil
		return refuse(InvalidGrant, "the authorization code was used already")
	}
	if !u.now.Before(s.Code.ExpiresAt) {
		return refuse(InvalidGrant, "the authorization code has expired")
	}
	if !u.sameRedirectURI() {
		return u.mismatch("the redirect_uri does not match the one in the authorization request")
	}
	if !u.sameState() {
		return u.mismatch(stateMismatch)
	}
	if refusal := u.judgeVerifier(); refusal != nil {
		return refusal
	}
	return u.judgeScopes()
}

// mismatch refuses a parameter that differs from the authorization request's:
// the DNSimple profile has its own code for that.
func (u *unit) mismatch(description string) *Error {
	if u.profile != nil {
		return &Error{Code: InvalidRequest, Description: description, Status: http.StatusBadRequest}
	}
	return refuse(InvalidGrant, description)
}

// sameRedirectURI compares byte for byte. A client that relied on the one callback
// URL it has registered may leave it out here too, or name that one.
func (u *unit) sameRedirectURI() bool {
	sent := u.params.Get("redirect_uri")
	if authorized := u.client.Session.Code.RedirectURI; authorized != "" {
		return sent == authorized
	}
	registered := u.client.Application.CallbackURLs
	return sent == "" || len(registered) == 1 && sent == registered[0]
}

// sameState compares the state where the profile asks for that and both requests
// have one.
func (u *unit) sameState() bool {
	sent, authorized := u.params.Get("state"), u.client.Session.Code.State
	return u.profile == nil || sent == "" || authorized.IsZero() || authorized.Equal(credential.DigestOf(sent))
}

// judgeVerifier checks the proof key: needed if and only if there was a challenge,
// whatever the type of the client, and no way around it (RFC 9700, section 2.1.1).
func (u *unit) judgeVerifier() *Error {
	challenge, verifier := u.client.Session.Code.CodeChallenge, u.params.Get("code_verifier")
	switch {
	case challenge == "" && verifier == "" && !u.public():
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

// judgeRefreshToken tells whether the refresh token presented may be exchanged by
// this request (RFC 6749, section 6; RFC 9700, section 4.14.2). An old one of the
// session, which tells that somebody has a copy, is reported by reused. A repeat is
// answered before it comes to this.
func (u *unit) judgeRefreshToken() *Error {
	s := u.client.Session
	switch {
	case s == nil || !s.RefreshFamily.Equal(u.presented.Family.Digest()):
		return errInvalidRefreshToken
	case s.Refresh.Digest.Equal(u.presented.Digest):
		if !u.now.Before(s.Refresh.ExpiresAt) || !u.now.Before(s.ExpiresAt) {
			return refuse(InvalidGrant, "the refresh token has expired")
		}
		return u.judgeScopes()
	case s.PreviousRefresh.Equal(u.presented.Digest) && u.now.Before(s.RotatedAt.Add(u.grace)):
		return refuse(InvalidGrant, "the tokens that replaced the refresh token have expired")
	}
	u.reused = true
	return refuse(InvalidGrant, "the refresh token was used already")
}

func (u *unit) judgeScopes() *Error {
	if len(u.scopes) == 0 {
		return refuse(InvalidScope, "the scope exceeds what the user granted or the application may ask for")
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

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
