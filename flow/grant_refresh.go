package flow

import (
	"errors"
	"slices"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

var errInvalidRefreshToken = refuseOften(InvalidGrant, "the refresh token is not valid")

// refreshTokens exchanges a refresh token for its successor and a new access token
// (RFC 6749, section 6; RFC 9700, section 4.14.2).
func (p *Provider) refreshTokens(t *tokenRequest) (tokens, *Error) {
	if p.isRepeat(t) {
		return p.repeatRefresh(t)
	}
	refusal, reused := t.judgeRefreshToken()
	if reused {
		if outage := p.endReused(t, oauthapp.RefreshTokenReused); outage != nil {
			return tokens{}, outage
		}
	}
	if refusal == nil {
		refusal = p.agree(t, refreshTokenGrant)
	}
	if refusal != nil {
		return tokens{}, refusal
	}
	issued, err := p.issue.Rotate(t.http.Context(), t.refresh())
	switch {
	case errors.Is(err, store.ErrUsed):
		return p.lostRotation(t)
	case errors.Is(err, store.ErrNotFound):
		return tokens{}, errInvalidRefreshToken
	case err != nil:
		return tokens{}, outage(err)
	}
	e := t.event(oauthapp.TokenRefreshed)
	e.Scopes = issued.Scopes
	p.emit(t.http, e)
	p.grantUsed(t.http, t.client.Session.GrantID, t.client.Session.GrantUsedAt, t.now)
	return issued, nil
}

func (t *tokenRequest) refresh() kernel.Refresh {
	return kernel.Refresh{
		Session: t.client.Session, Token: t.params.Get("refresh_token"), Presented: t.presented, Scopes: t.scopes, At: t.now,
	}
}

// judgeRefreshToken tells whether the refresh token presented may be exchanged by
// this request. It reports an old one of the session, which tells that somebody has a
// copy. A repeat does not come here, unless its tokens have expired.
func (t *tokenRequest) judgeRefreshToken() (refusal *Error, reused bool) {
	s := t.client.Session
	switch {
	case s == nil || !s.RefreshFamily.Equal(t.presented.Family.Digest()):
		return errInvalidRefreshToken, false
	case s.Refresh.Digest.Equal(t.presented.Digest):
		if !t.now.Before(s.Refresh.ExpiresAt) || !t.now.Before(s.ExpiresAt) {
			return refuse(InvalidGrant, "the refresh token has expired"), false
		}
		return t.judgeScopes(), false
	}
	return refuse(InvalidGrant, "the refresh token was used already"), true
}

// isRepeat reports whether the refresh token presented is the one that the live one
// replaced, within the grace.
func (p *Provider) isRepeat(t *tokenRequest) bool {
	s := t.client.Session
	return s != nil &&
		s.RefreshFamily.Equal(t.presented.Family.Digest()) &&
		s.PreviousRefresh.Equal(t.presented.Digest) &&
		t.now.Before(s.RotatedAt.Add(p.cfg.RotationGrace))
}

// repeatRefresh answers a repeated refresh with the tokens that the first one got:
// clients lose answers, and race themselves. It changes nothing, so that a repeat
// which is refused harms nothing either.
func (p *Provider) repeatRefresh(t *tokenRequest) (tokens, *Error) {
	s := t.client.Session
	if !t.now.Before(earliest(s.Access.ExpiresAt, s.Refresh.ExpiresAt, s.ExpiresAt)) {
		return tokens{}, refuse(InvalidGrant, "the tokens that replaced the refresh token have expired")
	}
	if refusal := t.judgeScopes(); refusal != nil {
		return tokens{}, refusal
	}
	if !sameScopes(t.scopes, s.Access.Scopes) {
		return tokens{}, refuse(InvalidScope, "a repeated refresh must ask for the same scope")
	}
	issued, ok, err := p.issue.Repeat(t.refresh())
	if err != nil {
		return tokens{}, internal(err)
	}
	if !ok {
		return tokens{}, refuse(InvalidGrant, "the refresh token was just replaced by a newer one")
	}
	e := t.event(oauthapp.RefreshRepeated)
	e.Scopes = issued.Scopes
	p.emit(t.http, e)
	return issued, nil
}

// lostRotation answers a refresh that another one, with the same refresh token, has
// overtaken: it is judged once more, by the session as that one left it.
func (p *Provider) lostRotation(t *tokenRequest) (tokens, *Error) {
	session, err := p.cfg.Store.Session(t.http.Context(), t.presented.Session)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return tokens{}, errInvalidRefreshToken
	case err != nil:
		return tokens{}, outage(err)
	}
	t.client.Session = &session
	if p.isRepeat(t) {
		return p.repeatRefresh(t)
	}
	refusal, reused := t.judgeRefreshToken()
	if reused {
		if outage := p.endReused(t, oauthapp.RefreshTokenReused); outage != nil {
			return tokens{}, outage
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

func earliest(times ...time.Time) time.Time {
	return slices.MinFunc(times, time.Time.Compare)
}
