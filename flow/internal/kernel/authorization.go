package kernel

import (
	"net/http"
	"slices"

	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// An AuthorizationRequest is an authorization request (RFC 6749, section 4.1.1)
// that the authorization endpoint would take. It belongs to one goroutine.
type AuthorizationRequest struct {
	HTTP   *http.Request // the browser's, or the client's where it is Pushing
	Client store.Client
	Params wire.Params // what is acted on; it may be replaced while Pushing
	Scopes []string

	// Pushed says that an authenticated client sent the parameters itself (RFC
	// 9126, RFC 8628), and Pushing that it pushes them with this very request.
	Pushed, Pushing bool
}

// A RequestSource finds authorization requests that clients pushed before (RFC
// 9126): the parameters that a browser sends stand for others.
type RequestSource struct {
	// Find returns the parameters for which those that a browser sent stand,
	// and nil where they stand for themselves. It is asked each time that the
	// browser comes back with them, from signing in and from the consent page.
	// It may set a cookie. A refusal is shown on a page.
	Find func(w http.ResponseWriter, r *http.Request, sent wire.Params) (wire.Params, *wire.Error)

	// Decided is told that the user has decided, with what the browser sent.
	// The decision counts unless it is refused. However many decide at once, it
	// refuses all but one.
	Decided func(r *http.Request, sent wire.Params) *wire.Error
}

// A ClientSource knows clients that nobody has registered here. Their client
// IDs have a form of their own and at most [clientauth.MaxForeignClientID]
// bytes.
type ClientSource struct {
	// Match reports whether a client ID has that form. It reads nothing.
	Match func(clientID string) bool

	// Resolve returns the client as it is now. kept is its row in the store,
	// nil before the first consent. signedIn tells that a user who is signed
	// in waits for it. Until then it may return nil: the client is resolved
	// once a user has signed in. Before Keep the ID is zero.
	Resolve func(r *http.Request, clientID string, kept *oauthapp.Application, signedIn bool) (*oauthapp.Application, *wire.Error)

	// Keep sees to it that the store has the client as it was resolved, without
	// an owner, and returns it with its ID. It is called whenever a user
	// authorizes the client, before anything is issued.
	Keep func(r *http.Request, app oauthapp.Application) (oauthapp.Application, *wire.Error)
}

// ClientSource returns what knows the client of an ID, or nil where that has to
// be registered.
func (all *Contributions) ClientSource(clientID string) *ClientSource {
	for _, source := range all.clientSources {
		if source.Match(clientID) {
			return source
		}
	}
	return nil
}

// LimitScopes returns which of some scopes the capabilities let an application
// ask for.
func (all *Contributions) LimitScopes(app oauthapp.Application, scopes []string) []string {
	for _, limit := range all.limitScopes {
		if most := limit(app); most != nil {
			scopes = slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool { return !slices.Contains(most, scope) })
		}
	}
	return scopes
}

// ClientBadge is what is said beside the name of an application, nil for
// nothing.
func (all *Contributions) ClientBadge(app oauthapp.Application) *page.Message {
	for _, badge := range all.clientBadges {
		if said := badge(app); said != nil {
			return said
		}
	}
	return nil
}

// JudgeAuthorization refuses an authorization request for what capabilities say
// of it.
func (all *Contributions) JudgeAuthorization(a *AuthorizationRequest) *wire.Error {
	for _, judge := range all.judgeAuthorization {
		if refusal := judge(a); refusal != nil {
			return refusal
		}
	}
	return nil
}
