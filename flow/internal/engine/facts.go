package engine

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/pkce"
)

type questionKey struct{}

// A question is what fosite is asked.
type question struct {
	client  Client
	session *Session
	asked   *fosite.Request // the session as fosite has it, once it was asked for
}

func ask(ctx context.Context) *question { return ctx.Value(questionKey{}).(*question) }

// original returns the authorization request of the session, the same one
// however often fosite asks.
func (q *question) original() *fosite.Request {
	if q.asked == nil {
		client := q.client
		client.ID = q.session.ClientID
		q.asked = &fosite.Request{
			Client: view{client}, RequestedScope: q.session.Scopes, GrantedScope: q.session.Scopes, Session: session{},
			Form: url.Values{
				"redirect_uri":          {q.session.RedirectURI},
				"code_challenge":        {q.session.CodeChallenge},
				"code_challenge_method": {"S256"},
			},
		}
	}
	return q.asked
}

// find answers fosite's search for what a session left. used is the error for
// what was used before.
func (q *question) find(used error) (fosite.Requester, error) {
	switch {
	case q.session == nil:
		return nil, fosite.ErrNotFound
	case q.session.Used:
		return q.original(), used
	}
	return q.original(), nil
}

// facts is fosite's storage: it finds what the question says, and keeps
// nothing.
type facts struct{}

var (
	_ fosite.Storage                = facts{}
	_ oauth2.CoreStorage            = facts{}
	_ oauth2.TokenRevocationStorage = facts{}
	_ pkce.PKCERequestStorage       = facts{}
)

func (facts) GetClient(ctx context.Context, id string) (fosite.Client, error) {
	if q := ask(ctx); q.client.ID == id {
		return view{q.client}, nil
	}
	return nil, fosite.ErrNotFound
}

func (facts) GetAuthorizeCodeSession(ctx context.Context, _ string, _ fosite.Session) (fosite.Requester, error) {
	return ask(ctx).find(fosite.ErrInvalidatedAuthorizeCode)
}

func (facts) GetRefreshTokenSession(ctx context.Context, _ string, _ fosite.Session) (fosite.Requester, error) {
	return ask(ctx).find(fosite.ErrInactiveToken)
}

func (facts) GetPKCERequestSession(ctx context.Context, _ string, _ fosite.Session) (fosite.Requester, error) {
	if q := ask(ctx); q.session != nil && q.session.CodeChallenge != "" {
		return q.original(), nil
	}
	return nil, fosite.ErrNotFound
}

// Whatever fosite would keep or end is kept and ended elsewhere.

func (facts) CreateAuthorizeCodeSession(context.Context, string, fosite.Requester) error { return nil }
func (facts) CreatePKCERequestSession(context.Context, string, fosite.Requester) error   { return nil }
func (facts) DeletePKCERequestSession(context.Context, string) error                     { return nil }
func (facts) DeleteRefreshTokenSession(context.Context, string) error                    { return nil }
func (facts) RevokeRefreshToken(context.Context, string) error                           { return nil }
func (facts) RevokeAccessToken(context.Context, string) error                            { return nil }

// What the handlers in use never ask for.

var errNotAsked = errors.New("engine: not asked for")

func (facts) ClientAssertionJWTValid(context.Context, string) error          { return errNotAsked }
func (facts) SetClientAssertionJWT(context.Context, string, time.Time) error { return errNotAsked }
func (facts) InvalidateAuthorizeCodeSession(context.Context, string) error   { return errNotAsked }
func (facts) RotateRefreshToken(context.Context, string, string) error       { return errNotAsked }
func (facts) DeleteAccessTokenSession(context.Context, string) error         { return errNotAsked }

func (facts) CreateAccessTokenSession(context.Context, string, fosite.Requester) error {
	return errNotAsked
}

func (facts) CreateRefreshTokenSession(context.Context, string, string, fosite.Requester) error {
	return errNotAsked
}

func (facts) GetAccessTokenSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, errNotAsked
}

// strategy makes a code that nobody gets, and takes every credential for the
// session's own.
type strategy struct{}

var (
	_ oauth2.AuthorizeCodeStrategy = strategy{}
	_ oauth2.RefreshTokenStrategy  = strategy{}
)

func (strategy) AuthorizeCodeSignature(context.Context, string) string { return "" }
func (strategy) RefreshTokenSignature(context.Context, string) string  { return "" }

func (strategy) GenerateAuthorizeCode(context.Context, fosite.Requester) (string, string, error) {
	return "code", "signature", nil
}

func (strategy) GenerateRefreshToken(context.Context, fosite.Requester) (string, string, error) {
	return "", "", errNotAsked
}

func (strategy) ValidateAuthorizeCode(context.Context, fosite.Requester, string) error { return nil }
func (strategy) ValidateRefreshToken(context.Context, fosite.Requester, string) error  { return nil }

// A view is a client as fosite sees it.
type view struct{ client Client }

var _ fosite.Client = view{}

func (v view) GetID() string                      { return v.client.ID }
func (v view) GetHashedSecret() []byte            { return nil }
func (v view) IsPublic() bool                     { return v.client.Public }
func (v view) GetRedirectURIs() []string          { return []string{v.client.RedirectURI} }
func (v view) GetResponseTypes() fosite.Arguments { return fosite.Arguments{"code"} }
func (v view) GetAudience() fosite.Arguments      { return nil }
func (v view) GetScopes() fosite.Arguments        { return v.client.Scopes }

func (v view) GetGrantTypes() fosite.Arguments {
	return fosite.Arguments{AuthorizationCode, ClientCredentials, RefreshToken}
}

// A session is what fosite wants one to be. It knows no times: they are judged
// elsewhere.
type session struct{}

var _ fosite.Session = session{}

func (session) SetExpiresAt(fosite.TokenType, time.Time)    {}
func (session) GetExpiresAt(fosite.TokenType) (t time.Time) { return t }
func (session) GetUsername() string                         { return "" }
func (session) GetSubject() string                          { return "" }
func (s session) Clone() fosite.Session                     { return s }

// noKeys says that no client has public keys.
type noKeys struct{ fosite.JWKSFetcherStrategy }

// noSecrets refuses every secret: fosite authenticates no client.
type noSecrets struct{}

func (noSecrets) Compare(context.Context, []byte, []byte) error { return errNotAsked }
func (noSecrets) Hash(context.Context, []byte) ([]byte, error)  { return nil, errNotAsked }
