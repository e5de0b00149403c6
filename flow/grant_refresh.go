package flow

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

var errInvalidRefreshToken = wire.Refuse(InvalidGrant, "the refresh token is not valid")

// refreshGrant is the grant of RFC 6749, section 6.
func (p *Provider) refreshGrant() kernel.Grant {
	return kernel.Grant{
		Type:   refreshTokenGrant,
		Params: []string{"refresh_token", "scope"},
		Present: func(params wire.Params) (credential.Parsed, *wire.Error) {
			return p.present(credential.RefreshToken, params, "refresh_token")
		},
		Repeats: p.isRepeat,
		Exchange: func(t *kernel.TokenRequest) (kernel.Tokens, *wire.Error) {
			return p.refreshTokens(&tokenRequest{t, p.narrowedScopes(t)})
		},
	}
}

// refreshTokens exchanges a refresh token for its successor and a new access
// token (RFC 6749, section 6; RFC 9700, section 4.14.2).
func (p *Provider) refreshTokens(t *tokenRequest) (kernel.Tokens, *wire.Error) {
	if t.Repeat {
		return p.repeatRefresh(t)
	}
	refusal := p.judgeRefresh(t)
	if refusal == nil {
		refusal = p.agree(t, refreshTokenGrant)
	}
	if refusal != nil {
		return kernel.Tokens{}, refusal
	}
	issued, err := p.issue.Rotate(t.HTTP.Context(), p.refresh(t))
	for tries := 0; errors.Is(err, store.ErrConflict) && tries < maxConflicts; tries++ {
		if refusal := p.judgeAgain(t); refusal != nil {
			return kernel.Tokens{}, refusal
		}
		issued, err = p.issue.Rotate(t.HTTP.Context(), p.refresh(t))
	}
	switch {
	case errors.Is(err, store.ErrUsed):
		return p.lostRotation(t)
	case errors.Is(err, store.ErrNotFound):
		return kernel.Tokens{}, errInvalidRefreshToken
	case err != nil:
		return kernel.Tokens{}, kernel.Failed(err)
	}
	p.emit(t.HTTP, t.Issued(oauthapp.TokenRefreshed, &issued))
	p.noteUse(t.HTTP, store.Use{GrantID: t.Client.Session.GrantID}, t.Client.Session.GrantUsedAt, t.Now)
	return issued, nil
}

func (p *Provider) refresh(t *tokenRequest) kernel.Refresh {
	return kernel.Refresh{
		Session: t.Client.Session, Token: t.Params.Get("refresh_token"), Presented: t.Presented, Scopes: t.scopes,
		Extra: t.Extra, Keep: p.keepsRefreshTokens(), At: t.Now,
	}
}

// maxConflicts is how many other refreshes can be faster than one. Each of them
// was granted.
const maxConflicts = 100

// keepsRefreshTokens reports whether a refresh leaves the refresh token as it
// is. FAPI 2.0 (section 5.3.2.1, item 9) wants that where every client
// authenticates and every access token is bound: a rotation would protect
// nothing, and a client that loses its answer would lose its access.
func (p *Provider) keepsRefreshTokens() bool { return p.cfg.Profile == FAPI2 }

// judgeAgain judges a refresh once more, after another refresh kept the refresh
// token and replaced the access token. What the session keeps of its access
// tokens depends on the one that is replaced.
func (p *Provider) judgeAgain(t *tokenRequest) *wire.Error {
	session, refusal := p.reread(t)
	if refusal != nil {
		return refusal
	}
	t.Reread(session)
	return p.judgeTokenRequest(t.TokenRequest, kernel.Grant{})
}

// judgeRefresh judges the refresh token presented, and ends the session of one
// that was used already.
func (p *Provider) judgeRefresh(t *tokenRequest) *wire.Error {
	refusal, reused := t.judgeRefreshToken()
	if reused {
		if outage := p.endReused(t, oauthapp.RefreshTokenReused); outage != nil {
			return outage
		}
	}
	return refusal
}

// judgeRefreshToken tells whether the refresh token presented may be exchanged
// by this request. It reports an old one of the session, which shows that
// somebody has a copy. Repeats do not come here.
func (t *tokenRequest) judgeRefreshToken() (refusal *wire.Error, reused bool) {
	s := t.Client.Session
	switch {
	case s == nil || !s.RefreshFamily.Equal(t.Presented.Family.Digest()):
		return errInvalidRefreshToken, false
	case s.Refresh.Digest.Equal(t.Presented.Digest):
		if !t.Now.Before(s.Refresh.ExpiresAt) || !t.Now.Before(s.ExpiresAt) {
			return wire.Refuse(InvalidGrant, "the refresh token has expired"), false
		}
		return t.judgeScopes(), false
	}
	return wire.Refuse(InvalidGrant, "the refresh token was used already"), true
}

// isRepeat reports whether the refresh token presented is the one that the live
// one replaced, within the grace.
func (p *Provider) isRepeat(t *kernel.TokenRequest) bool {
	s := t.Client.Session
	return s != nil &&
		s.RefreshFamily.Equal(t.Presented.Family.Digest()) &&
		s.PreviousRefresh.Equal(t.Presented.Digest) &&
		t.Now.Before(s.RotatedAt.Add(p.cfg.Lifetimes.RotationGrace))
}

// repeatRefresh answers a repeated refresh with the tokens that the first one
// got: clients lose answers, and race themselves. A repeat has to ask for the
// same as the first one, and capabilities have to judge it alike. It changes
// nothing, also where it is refused.
func (p *Provider) repeatRefresh(t *tokenRequest) (kernel.Tokens, *wire.Error) {
	s := t.Client.Session
	if !t.Now.Before(earliest(s.Access.ExpiresAt, s.Refresh.ExpiresAt, s.ExpiresAt)) {
		return kernel.Tokens{}, wire.Refuse(InvalidGrant, "the tokens that replaced the refresh token have expired")
	}
	if refusal := t.judgeScopes(); refusal != nil {
		return kernel.Tokens{}, refusal
	}
	if !sameScopes(t.scopes, s.Access.Scopes) {
		return kernel.Tokens{}, wire.Refuse(InvalidScope, "a repeated refresh must ask for the same scope")
	}
	same, refusal := t.sameAudience()
	if refusal != nil {
		return kernel.Tokens{}, refusal
	}
	if !same {
		return kernel.Tokens{}, wire.Refuse(InvalidTarget, "a repeated refresh must ask for the same resource: the next one can ask for another")
	}
	if !t.Extra.Equal(s) {
		return kernel.Tokens{}, wire.Refuse(InvalidGrant, "a repeated refresh must be made in the same way")
	}
	issued, ok := p.issue.Repeat(p.refresh(t))
	if !ok {
		return kernel.Tokens{}, wire.Refuse(InvalidGrant, "the refresh token was just replaced by a newer one")
	}
	p.emit(t.HTTP, t.Issued(oauthapp.RefreshRepeated, &issued))
	return issued, nil
}

// lostRotation answers a refresh that another one, with the same refresh token,
// has overtaken: it is judged once more, by the session as that one left it.
func (p *Provider) lostRotation(t *tokenRequest) (kernel.Tokens, *wire.Error) {
	session, refusal := p.reread(t)
	if refusal != nil {
		return kernel.Tokens{}, refusal
	}
	t.Client.Session = session
	if p.isRepeat(t.TokenRequest) {
		return p.repeatRefresh(t)
	}
	return kernel.Tokens{}, cmp.Or(p.judgeRefresh(t), errInvalidRefreshToken)
}

// reread returns the session as another refresh left it.
func (p *Provider) reread(t *tokenRequest) (*store.Session, *wire.Error) {
	session, err := p.cfg.Store.Session(t.HTTP.Context(), t.Presented.Session)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, errInvalidRefreshToken
	case err != nil:
		return nil, wire.Outage(err)
	}
	return &session, nil
}

// sameScopes compares scopes whatever their order.
func sameScopes(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func earliest(times ...time.Time) time.Time { return slices.MinFunc(times, time.Time.Compare) }
func latest(times ...time.Time) time.Time   { return slices.MaxFunc(times, time.Time.Compare) }
