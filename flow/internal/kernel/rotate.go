package kernel

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha512"
	"time"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// A refresh that comes again within the grace gets the same tokens again, on
// any node. Nothing keeps them: they are derived once more, from the refresh
// token that was presented, the salt in the session's row and a key of the
// configuration. Whoever lacks one of the three learns nothing.

// A Refresh exchanges a refresh token.
type Refresh struct {
	Session   *store.Session
	Token     string            // as presented
	Presented credential.Parsed // what the token says of itself
	Scopes    []string          // of the access token
	Extra     Extra             // what the session keeps
	Keep      bool              // the refresh token stays, and its client has it back
	At        time.Time
}

// Rotate replaces the live refresh token of a session, or keeps it, and issues
// an access token. It returns [store.ErrUsed] where the refresh token was
// replaced since the session was read, and [store.ErrConflict] where it was
// kept and the access token replaced.
func (i *Issuance) Rotate(ctx context.Context, r Refresh) (Tokens, error) {
	s := r.Session
	var salt store.Salt
	_, _ = rand.Read(salt[:]) // never fails
	access, refresh := i.successors(i.Keys[0], salt, r)
	extra, err := i.encode(r.Extra)
	if err != nil {
		return Tokens{}, err
	}
	kept := i.access(access, r.Scopes, r.At, s.ExpiresAt)
	rotation := store.Rotation{
		SessionID: s.ID,
		Presented: r.Presented.Digest,
		Replaces:  s.Access.Digest,
		Access:    kept,
		Refresh:   i.refresh(refresh, r.At, s.ExpiresAt),
		Salt:      salt,
		Extra:     extra,
		At:        r.At,
	}
	issued := Tokens{Access: access.Reveal(), ExpiresAt: kept.ExpiresAt, Scopes: r.Scopes, Refresh: refresh.Reveal(), Session: s}
	if r.Keep {
		rotation.Refresh.Digest, issued.Refresh = credential.Digest{}, r.Token
	}
	if err := i.Store.RotateRefreshToken(ctx, rotation); err != nil {
		return Tokens{}, err
	}
	s.Extra = extra
	return issued, nil
}

// Repeat returns the tokens that the live ones of the session are, if the
// refresh token presented was replaced by them with a key that is still there.
// It changes nothing.
func (i *Issuance) Repeat(r Refresh) (issued Tokens, ok bool) {
	s := r.Session
	for _, key := range i.Keys {
		access, refresh := i.successors(key, s.RotationSalt, r)
		if s.Access.Digest.Equal(access.Digest()) && s.Refresh.Digest.Equal(refresh.Digest()) {
			return Tokens{
				Access:    access.Reveal(),
				ExpiresAt: earlier(s.Access.ExpiresAt, s.ExpiresAt),
				Scopes:    s.Access.Scopes,
				Refresh:   refresh.Reveal(),
				Session:   s,
			}, true
		}
	}
	return Tokens{}, false
}

// successors derives the tokens that replace a refresh token: the secrets of
// both are the 64 bytes of one HMAC (RFC 2104). Whoever has the refresh token
// lacks the key, and whoever has the key lacks the refresh token: either alone
// keeps the result unpredictable.
func (i *Issuance) successors(key []byte, salt store.Salt, r Refresh) (access, refresh credential.Plaintext) {
	mac := hmac.New(sha512.New, key)
	mac.Write([]byte("oauthapps refresh token rotation\x00"))
	mac.Write(salt[:]) // of one length, so that no other salt and token read alike
	mac.Write([]byte(r.Token))
	derived := mac.Sum(nil)
	const size = len(credential.Secret{})
	access = i.Credentials.AccessTokenWith(r.Session.ID, credential.Secret(derived[:size]))
	refresh = i.Credentials.RefreshTokenWith(r.Session.ID, r.Presented.Family, credential.Secret(derived[size:]))
	return access, refresh
}
