package flow

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// A tokenStrategy makes and recognises credentials for fosite. A signature, its name
// for what a store finds a token by, is the digest here, and "" for a string
// that this service cannot have made: fosite then gets nowhere.
type tokenStrategy struct{ credentials credential.Format }

var _ oauth2.CoreStrategy = tokenStrategy{}

// presentedSignature is the signature of the code or refresh token of a request, which was taken apart before.
func presentedSignature(ctx context.Context) string {
	digest := unitFrom(ctx).presented.Digest
	if digest.IsZero() {
		return ""
	}
	return string(digest[:])
}

// fromSignature returns the digest that a signature is, for what Generate returned.
func fromSignature(signature string) (d credential.Digest) {
	copy(d[:], signature)
	return d
}

func made(token credential.Plaintext) (string, string, error) {
	digest := token.Digest()
	return token.Reveal(), string(digest[:]), nil
}

func (tokenStrategy) AuthorizeCodeSignature(ctx context.Context, _ string) string {
	return presentedSignature(ctx)
}

// GenerateAuthorizeCode names the session that is to begin.
func (s tokenStrategy) GenerateAuthorizeCode(ctx context.Context, _ fosite.Requester) (string, string, error) {
	u := unitFrom(ctx)
	id, err := uuid.NewV7()
	if err != nil {
		return "", "", err
	}
	u.sessionID = id
	return made(s.credentials.NewCode(id))
}

// AccessTokenSignature finds nothing: access tokens are never fosite's to judge.
func (tokenStrategy) AccessTokenSignature(context.Context, string) string { return "" }

func (s tokenStrategy) GenerateAccessToken(ctx context.Context, _ fosite.Requester) (string, string, error) {
	u := unitFrom(ctx)
	if u.params.Get("grant_type") == refreshTokenGrant {
		return made(s.credentials.AccessTokenWith(u.sessionID, u.secrets.access))
	}
	return made(s.credentials.NewAccessToken(u.sessionID))
}

func (tokenStrategy) RefreshTokenSignature(ctx context.Context, _ string) string {
	return presentedSignature(ctx)
}

// GenerateRefreshToken keeps to the family of the refresh token presented; with a
// code there is none yet.
func (s tokenStrategy) GenerateRefreshToken(ctx context.Context, _ fosite.Requester) (string, string, error) {
	u := unitFrom(ctx)
	if u.params.Get("grant_type") == refreshTokenGrant {
		return made(s.credentials.RefreshTokenWith(u.sessionID, u.presented.Family, u.secrets.refresh))
	}
	family := credential.NewFamily()
	u.family = family.Digest()
	return made(s.credentials.NewRefreshToken(u.sessionID, family))
}

// The adapter hands out a code or refresh token only when it is judged good,
// expiry included, so there is nothing left to validate.

func (tokenStrategy) ValidateAuthorizeCode(context.Context, fosite.Requester, string) error {
	return nil
}

func (tokenStrategy) ValidateRefreshToken(context.Context, fosite.Requester, string) error {
	return nil
}

// ValidateAccessToken refuses, for the same reason as AccessTokenSignature.
func (tokenStrategy) ValidateAccessToken(context.Context, fosite.Requester, string) error {
	return errors.New("flow: access tokens are not fosite's to check")
}
