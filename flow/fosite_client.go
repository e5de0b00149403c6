package flow

import (
	"time"

	"github.com/ory/fosite"
)

// A clientView is an application as fosite sees it for the time of one request.
type clientView struct{ u *unit }

var _ fosite.Client = clientView{}

func (c clientView) GetID() string           { return c.u.client.Application.ClientID }
func (c clientView) GetHashedSecret() []byte { return nil }
func (c clientView) IsPublic() bool          { return c.u.public() }

// GetRedirectURIs returns the one that was matched for this request, so that
// fosite's own, looser matching has nothing else to find.
func (c clientView) GetRedirectURIs() []string { return []string{c.u.redirectURI} }

func (c clientView) GetResponseTypes() fosite.Arguments { return fosite.Arguments{"code"} }
func (c clientView) GetAudience() fosite.Arguments      { return nil }

// GetScopes returns what this request may grant.
func (c clientView) GetScopes() fosite.Arguments { return c.u.scopes }

func (c clientView) GetGrantTypes() fosite.Arguments {
	if c.u.profile != nil {
		return fosite.Arguments{authorizationCodeGrant}
	}
	return fosite.Arguments{authorizationCodeGrant, refreshTokenGrant}
}

// A session is what fosite wants one to be. It knows no times: the unit has its
// own clock and lifetimes, and judges them.
type session struct{}

var _ fosite.Session = session{}

func (session) SetExpiresAt(fosite.TokenType, time.Time)    {}
func (session) GetExpiresAt(fosite.TokenType) (t time.Time) { return t }
func (session) GetUsername() string                         { return "" }
func (session) GetSubject() string                          { return "" }
func (s session) Clone() fosite.Session                     { return s }
