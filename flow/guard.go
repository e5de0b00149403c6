package flow

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
)

// An Authorization is what an access token stands for: which application may do
// what, for whom. If an application has the token for itself, there is neither
// UserID nor AccountID; see [Guard].Applications. If a user made the token
// without an application, with package tokens, there is no ApplicationID, no
// ClientID and no SessionID; see [Authorization.IsAPIToken].
type Authorization struct {
	ApplicationID uuid.UUID
	ClientID      string
	UserID        string   // the host's user who authorized the application or made the API token; "" for none
	AccountID     string   // the host's account that is reached; "" for none, and for every one of the user where IsAPIToken
	Scopes        []string // of the access token; not to be changed
	SessionID     uuid.UUID
	APITokenID    uuid.UUID // zero unless IsAPIToken
	ExpiresAt     time.Time // zero for an API token that does not expire
}

// HasScope reports whether the access token has a scope. Scopes are compared
// exactly, case and all (RFC 6749, section 3.3).
func (a Authorization) HasScope(scope string) bool { return slices.Contains(a.Scopes, scope) }

// IsApplication reports whether the application has the access token for
// itself, without a user. It reaches no account then.
func (a Authorization) IsApplication() bool { return a.UserID == "" }

// IsAPIToken reports whether the user made the access token without an
// application, with package tokens. If the service has several APIs, such a
// token opens only that of Config.Resource. An account token has the AccountID
// of its account. A user token has none: the handler looks up which accounts
// UserID may act for, as it does for somebody who is signed in.
func (a Authorization) IsAPIToken() bool { return a.APITokenID != uuid.Nil }

type authorizationKey struct{}

// AuthorizationFrom returns what [Provider.Require] or [Provider.Guard] found
// out about a request, from the request's context. It reports false outside of
// a guarded handler.
func AuthorizationFrom(ctx context.Context) (Authorization, bool) {
	a, ok := ctx.Value(authorizationKey{}).(*Authorization)
	if !ok {
		return Authorization{}, false
	}
	return *a, true
}

// Require returns a middleware that lets requests through whose access token
// has all the scopes, and answers every other one as RFC 6750 says. The handler
// behind it calls [AuthorizationFrom]. Without scopes, any valid access token
// of a user will do.
//
// The body of an answer is JSON with the members error and error_description.
// The answer to a request without an access token has a WWW-Authenticate header
// that names no error, as the RFC asks, and a body with the error
// invalid_token, which tells a client to get a token.
//
// The token is read from the Authorization header alone. A string that cannot
// be a token of this service is refused without asking the store. For any other
// the store is asked, once, so that a revocation holds from the next request
// on. Where the store fails, the answer is 503.
//
// A token that an application has for itself is refused: the handler would find
// no user. [Provider.Guard] lets such tokens through.
//
// If the service has several APIs, Require guards that of [Config.Resource].
// [Provider.Guard] guards the others.
//
// Require panics if a scope is not in Config.Scopes, or the API does not take
// it: no token could ever have it.
func (p *Provider) Require(scopes ...string) func(http.Handler) http.Handler {
	return p.Guard(Guard{Scopes: scopes})
}

// A Guard is what a request to the service's API needs. The zero Guard takes
// any valid access token of a user.
type Guard struct {
	// Scopes are those that the access token must have, all of them.
	Scopes []string
	// Applications lets through access tokens that an application has for
	// itself, too, as package clientcredentials issues them. The handler
	// recognises them by [Authorization.IsApplication], and has no user to act
	// for.
	Applications bool
	// Resource is the Identifier of the API that the handler serves, one of
	// [Config.Resources]. An access token that is not for this API is refused
	// with invalid_token. WWW-Authenticate names the metadata of this API.
	// Defaults to [Config.Resource].
	Resource string
	// Current asks [Config.MayAct] at every call, also about access tokens that
	// are refreshed. So a user who may not act any more is refused at once, and
	// not only after Lifetimes.AccessToken. Defaults to asking only about
	// tokens that nothing refreshes.
	Current bool
}

// Guard returns a middleware like that of [Provider.Require], for a handler
// that needs more than scopes. It panics where Require does, and if the service
// has no API with [Guard].Resource.
func (p *Provider) Guard(g Guard) func(http.Handler) http.Handler {
	g.Scopes = slices.Clone(g.Scopes)
	for _, scope := range g.Scopes {
		if _, offered := p.scopes[scope]; !offered {
			panic("flow: Guard: " + scope + " is not one of Config.Scopes")
		}
	}
	api, err := p.guarded(g)
	if err != nil {
		panic("flow: Guard: " + err.Error())
	}
	challenge := `realm="` + p.cfg.Issuer + `"`
	if len(g.Scopes) > 0 {
		challenge += `, scope="` + strings.Join(g.Scopes, " ") + `"`
	}
	challenge += `, resource_metadata="` + api.metadata + `"` // RFC 9728, section 5.1
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p.added.AddAnswerHeader(w.Header(), r)
			a, refusal := p.authorization(r, &g, &api)
			if refusal != nil {
				p.refuseToken(w, r, refusal, challenge)
				return
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), authorizationKey{}, a)))
		})
	}
}

// Authenticate finds out what a request's access token stands for. It judges as
// [Provider.Guard] does, for a host that answers refusals in a form of its own.
// A refusal is an [*Error] with the code and status of RFC 6750, section 3.1:
// 401 without a code if there is no access token, 401 with invalid_token if the
// token is not good, 403 if it lacks a scope of the guard, and 503 if the store
// or [Config.MayAct] failed. Any other error means that the guard names an API
// that the service does not have.
func (p *Provider) Authenticate(r *http.Request, g Guard) (Authorization, error) {
	api, err := p.guarded(Guard{Resource: g.Resource})
	if err != nil {
		return Authorization{}, fmt.Errorf("flow: Authenticate: %w", err)
	}
	a, refusal := p.authorization(r, &g, &api)
	if refusal != nil {
		return Authorization{}, publicError(refusal)
	}
	return *a, nil
}

// authorization judges the access token of a request. What is refused is
// reported where the token names a session.
func (p *Provider) authorization(r *http.Request, g *Guard, api *resource) (*Authorization, *wire.Error) {
	o := &kernel.Outcome{Endpoint: kernel.Resource}
	r, end := p.added.Observe(r.WithContext(kernel.WithOutcome(r.Context(), o)), o)
	defer end()
	a, session, refusal := p.judgeToken(r, g, api)
	o.Refusal = refusal
	if session != nil {
		o.KnowSession(session)
		p.reportRefusal(r, o)
	}
	return a, refusal
}
