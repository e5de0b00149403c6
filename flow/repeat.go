package flow

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"slices"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// A refresh that comes again within [Config.RotationGrace] gets the same tokens
// again, on any node. Nothing keeps them: they are derived once more, from the
// refresh token that was presented, the salt in the session's row and a key of
// [Config.Keys]. Whoever lacks one of the three learns nothing.

// successorSecrets are the secret parts of the tokens that replace a refresh token.
type successorSecrets struct{ access, refresh credential.Secret }

// deriveSuccessors derives them with HKDF (RFC 5869). The key and the refresh token
// are the input keying material: either alone keeps the result unpredictable.
func deriveSuccessors(key []byte, salt store.Salt, presented string) (successorSecrets, error) {
	keys := sha256.Sum256(key) // of a fixed length, so that no other key and token read alike
	material := append(keys[:], presented...)
	derived, err := hkdf.Key(sha256.New, material, salt[:], "oauthapps refresh token rotation", 2*len(credential.Secret{}))
	if err != nil {
		return successorSecrets{}, err
	}
	var s successorSecrets
	copy(s.refresh[:], derived[copy(s.access[:], derived):])
	return s, nil
}

// newSalt makes the salt of a rotation.
func newSalt() (s store.Salt) {
	_, _ = rand.Read(s[:]) // never fails
	return s
}

// isRepeat reports whether the refresh token presented is the one that the live one
// replaced, within the grace and while the tokens that it was replaced with are good.
func (u *unit) isRepeat() bool {
	s := u.client.Session
	return u.params.Get("grant_type") == refreshTokenGrant && s != nil &&
		s.RefreshFamily.Equal(u.presented.Family.Digest()) &&
		s.PreviousRefresh.Equal(u.presented.Digest) &&
		u.now.Before(s.RotatedAt.Add(u.grace)) &&
		u.now.Before(earlier(s.Access.ExpiresAt, earlier(s.Refresh.ExpiresAt, s.ExpiresAt)))
}

// repeat answers a repeated refresh with the tokens that the first one got. It
// changes nothing, so that a repeat which is refused harms nothing either.
func (p *Provider) repeat(r *http.Request, u *unit) (tokens, *Error) {
	s := u.client.Session
	if refusal := u.judgeScopes(); refusal != nil {
		return tokens{}, refusal
	}
	if !sameScopes(u.scopes, s.Access.Scopes) {
		return tokens{}, refuse(InvalidScope, "a repeated refresh must ask for the same scope")
	}
	for _, key := range p.keys {
		secrets, err := deriveSuccessors(key, s.RotationSalt, u.params.Get("refresh_token"))
		if err != nil {
			return tokens{}, internal(err)
		}
		access := p.credentials.AccessTokenWith(s.ID, secrets.access)
		refresh := p.credentials.RefreshTokenWith(s.ID, u.presented.Family, secrets.refresh)
		if s.Access.Digest.Equal(access.Digest()) && s.Refresh.Digest.Equal(refresh.Digest()) {
			u.access = s.Access
			e := u.event(oauthapp.RefreshRepeated)
			e.Scopes = s.Access.Scopes
			p.emit(r, e)
			return tokens{access: access.Reveal(), refresh: refresh.Reveal()}, nil
		}
	}
	return tokens{}, refuse(InvalidGrant, "the refresh token was just replaced by a newer one")
}

// lostRotation answers a refresh that another one, with the same refresh token,
// has overtaken: it is judged by the session as that one left it.
func (p *Provider) lostRotation(r *http.Request, u *unit) (tokens, *Error) {
	session, err := p.cfg.Store.Session(r.Context(), u.sessionID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return tokens{}, errInvalidRefreshToken
	case err != nil:
		return tokens{}, outage(err)
	}
	u.client.Session = &session
	if u.isRepeat() {
		return p.repeat(r, u)
	}
	refusal := u.judgeRefreshToken()
	if u.reused {
		if err := (adapter{p}).end(r.Context(), u); err != nil {
			return tokens{}, outage(err)
		}
	}
	if refusal == nil {
		refusal = errInvalidRefreshToken
	}
	return tokens{}, refusal
}

// sameScopes compares scopes whatever their order.
func sameScopes(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
