package flow

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/pkce"
	"github.com/ory/fosite/storage"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// An adapter is fosite's storage over a store.Store. Reads are answered from the
// unit of work in the context, whose one read came with the authentication of the client;
// writes fill the unit; Commit makes the one call of the store.
type adapter struct{ p *Provider }

var (
	_ fosite.Storage                = adapter{}
	_ oauth2.CoreStorage            = adapter{}
	_ oauth2.TokenRevocationStorage = adapter{}
	_ pkce.PKCERequestStorage       = adapter{}
	_ storage.Transactional         = adapter{}
)

// GetClient returns the application that the request was found to come from.
func (a adapter) GetClient(ctx context.Context, id string) (fosite.Client, error) {
	u := unitFrom(ctx)
	if id != u.client.Application.ClientID {
		return nil, fosite.ErrNotFound
	}
	return u.view(), nil
}

// CreateAuthorizeCodeSession begins a session with its code. The proof key's
// challenge is kept with the code, so that no failed attempt can lose it.
func (a adapter) CreateAuthorizeCodeSession(ctx context.Context, signature string, request fosite.Requester) error {
	u, form := unitFrom(ctx), request.GetRequestForm()
	var grantID uuid.UUID
	if !u.unasked {
		var err error
		if grantID, err = uuid.NewV7(); err != nil {
			return err
		}
	}
	expires := u.now.Add(a.p.cfg.CodeTTL)
	code := store.Code{
		Digest:        fromSignature(signature),
		ExpiresAt:     expires,
		RedirectURI:   form.Get("redirect_uri"),
		CodeChallenge: form.Get("code_challenge"),
	}
	if state := u.params.Get("state"); state != "" {
		code.State = credential.DigestOf(state)
	}
	u.grant, u.failure = a.p.cfg.Store.BeginSession(ctx, store.Beginning{
		GrantID: grantID,
		Session: store.Session{
			ID:            u.sessionID,
			ApplicationID: u.client.Application.ID,
			UserID:        u.userID,
			AccountID:     u.accountID,
			Scopes:        request.GetGrantedScopes(),
			CreatedAt:     u.now,
			ExpiresAt:     expires, // an exchange of the code moves it
			Code:          code,
		},
	})
	u.done = u.failure == nil
	return u.failure
}

// GetAuthorizeCodeSession returns the session whose code was presented, if the
// code is good for this request.
func (a adapter) GetAuthorizeCodeSession(ctx context.Context, _ string, _ fosite.Session) (fosite.Requester, error) {
	u := unitFrom(ctx)
	switch u.refusal = u.judgeCode(); {
	case u.reused:
		return u.original(), fosite.ErrInvalidatedAuthorizeCode
	case u.refusal != nil:
		return nil, fosite.ErrNotFound
	}
	return u.original(), nil
}

// GetPKCERequestSession returns the challenge kept with the code.
func (a adapter) GetPKCERequestSession(ctx context.Context, _ string, _ fosite.Session) (fosite.Requester, error) {
	u := unitFrom(ctx)
	if u.client.Session == nil || u.client.Session.Code.CodeChallenge == "" {
		return nil, fosite.ErrNotFound
	}
	return u.original(), nil
}

// CreatePKCERequestSession does nothing: the challenge is kept with the code.
func (adapter) CreatePKCERequestSession(context.Context, string, fosite.Requester) error { return nil }

// DeletePKCERequestSession does nothing: a redemption that succeeds forgets the
// challenge, and one that fails must not.
func (adapter) DeletePKCERequestSession(context.Context, string) error { return nil }

// GetRefreshTokenSession returns the session whose refresh token was presented, if
// the token is good for this request.
func (a adapter) GetRefreshTokenSession(ctx context.Context, _ string, _ fosite.Session) (fosite.Requester, error) {
	u := unitFrom(ctx)
	switch u.refusal = u.judgeRefreshToken(); {
	case u.reused:
		return u.original(), fosite.ErrInactiveToken
	case u.refusal != nil:
		return nil, fosite.ErrNotFound
	}
	return u.original(), nil
}

// BeginTX does nothing: the unit is open from the start.
func (adapter) BeginTX(ctx context.Context) (context.Context, error) { return ctx, nil }

// InvalidateAuthorizeCodeSession does nothing: Commit claims the code.
func (adapter) InvalidateAuthorizeCodeSession(context.Context, string) error { return nil }

// RotateRefreshToken does nothing: Commit claims the refresh token.
func (adapter) RotateRefreshToken(context.Context, string, string) error { return nil }

// CreateAccessTokenSession fills in the access token.
func (a adapter) CreateAccessTokenSession(ctx context.Context, signature string, request fosite.Requester) error {
	u := unitFrom(ctx)
	u.access = store.AccessToken{
		Digest:    fromSignature(signature),
		IssuedAt:  u.now,
		ExpiresAt: earlier(u.now.Add(a.p.accessTokenTTL(u)), a.p.sessionEnd(u)),
		Scopes:    request.GetGrantedScopes(),
	}
	return nil
}

// CreateRefreshTokenSession fills in the refresh token.
func (a adapter) CreateRefreshTokenSession(ctx context.Context, signature, _ string, _ fosite.Requester) error {
	u := unitFrom(ctx)
	u.refresh = store.RefreshToken{
		Digest:    fromSignature(signature),
		ExpiresAt: earlier(u.now.Add(a.p.cfg.RefreshTokenTTL), a.p.sessionEnd(u)),
	}
	return nil
}

// Commit makes the one call that claims what was presented and keeps what was
// issued for it.
func (a adapter) Commit(ctx context.Context) error {
	u := unitFrom(ctx)
	switch {
	case u.access.Digest.IsZero(): // a session was ended, which is done
		return nil
	case u.params.Get("grant_type") == authorizationCodeGrant:
		u.failure = a.p.cfg.Store.RedeemCode(ctx, store.Redemption{
			SessionID: u.sessionID,
			Code:      u.presented.Digest,
			Access:    u.access,
			Refresh:   u.refresh,
			Family:    u.family,
			ExpiresAt: a.p.sessionEnd(u),
			Extra:     u.client.Session.Extra,
			At:        u.now,
		})
	default:
		u.failure = a.p.cfg.Store.RotateRefreshToken(ctx, store.Rotation{
			SessionID: u.sessionID,
			Presented: u.presented.Digest,
			Access:    u.access,
			Refresh:   u.refresh,
			Salt:      u.salt,
			Extra:     u.client.Session.Extra,
			At:        u.now,
		})
	}
	u.done = u.failure == nil
	return u.failure
}

// Rollback does nothing: before Commit nothing was written.
func (adapter) Rollback(context.Context) error { return nil }

// RevokeAccessToken ends the session of a code or refresh token that was presented
// again, with all its tokens.
func (a adapter) RevokeAccessToken(ctx context.Context, _ string) error {
	return a.end(ctx, unitFrom(ctx))
}

// RevokeRefreshToken ends the session, like RevokeAccessToken.
func (a adapter) RevokeRefreshToken(ctx context.Context, _ string) error {
	return a.end(ctx, unitFrom(ctx))
}

// end ends the session, once. Whoever presents a stolen credential cannot prevent
// it by hanging up.
func (a adapter) end(ctx context.Context, u *unit) error {
	if u.ended {
		return nil
	}
	if err := a.p.cfg.Store.EndSession(context.WithoutCancel(ctx), u.sessionID, u.now); err != nil {
		u.failure = err
		return err
	}
	u.ended = true
	return nil
}

// DeleteRefreshTokenSession does nothing: the session ends as a whole.
func (adapter) DeleteRefreshTokenSession(context.Context, string) error { return nil }

// An originalRequest is the authorization request that began a session, as fosite recalls it.
type originalRequest struct{ fosite.Request }

// original returns the same request however often fosite asks.
func (u *unit) original() *originalRequest {
	if u.recalled != nil {
		return u.recalled
	}
	s := u.client.Session
	form := url.Values{}
	if s.Code.RedirectURI != "" {
		form.Set("redirect_uri", s.Code.RedirectURI)
	}
	if s.Code.CodeChallenge != "" {
		form.Set("code_challenge", s.Code.CodeChallenge)
		form.Set("code_challenge_method", challengeMethod)
	}
	u.recalled = &originalRequest{fosite.Request{
		ID:             s.ID.String(),
		RequestedAt:    s.CreatedAt,
		Client:         u.view(),
		RequestedScope: u.scopes,
		GrantedScope:   u.scopes,
		Form:           form,
		Session:        session{},
	}}
	return u.recalled
}

// What no handler in use asks for.

var errNotKept = errors.New("flow: not kept for fosite")

func (adapter) ClientAssertionJWTValid(context.Context, string) error { return errNotKept }

func (adapter) SetClientAssertionJWT(context.Context, string, time.Time) error { return errNotKept }

func (adapter) GetAccessTokenSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, errNotKept
}

func (adapter) DeleteAccessTokenSession(context.Context, string) error { return errNotKept }
