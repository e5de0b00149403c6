package kernel

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/store"
)

// Bearer is the scheme of RFC 6750.
const Bearer = "Bearer"

// A Scheme is a scheme of the Authorization header with which an API takes
// access tokens (RFC 9110, section 11.1), beside Bearer.
type Scheme struct {
	Name string
	// Check judges a request with a valid access token of the session. It is
	// also asked where the scheme is another and the session has an entry of
	// the capability in [Extra], so that a token which is bound to something is
	// never accepted in another way. The challenge of this scheme tells of its
	// refusal, with what that adds to it; those of others do not. The name of
	// the scheme is the token_type of such a session's tokens.
	Check func(r *http.Request, scheme, token string, s *store.Session) *wire.Error
	// Challenge are further parameters of the challenge of this scheme, such as
	// algs="ES256". Optional.
	Challenge string

	owner string
}

// TokenType is the token_type of a session's access tokens (RFC 6749, section
// 7.1): the scheme of the capability that keeps something with the session, or
// else Bearer.
func (all *Contributions) TokenType(s *store.Session) string {
	if len(s.Extra) == 0 {
		return Bearer
	}
	extra, _ := ExtraOf(s) // what cannot be read is refused wherever it is presented
	for _, name := range slices.Sorted(maps.Keys(all.schemes)) {
		if _, bound := extra[all.schemes[name].owner]; bound {
			return all.schemes[name].Name
		}
	}
	return Bearer
}

// HasScheme reports whether access tokens are taken with a scheme.
func (all *Contributions) HasScheme(name string) bool {
	_, ok := all.schemes[strings.ToLower(name)]
	return ok
}

// CheckScheme judges with which scheme an access token of a session was
// presented: that scheme does, and with it every other whose capability has an
// entry in the session.
func (all *Contributions) CheckScheme(r *http.Request, name, token string, s *store.Session) *wire.Error {
	extra, err := ExtraOf(s)
	if err != nil {
		return wire.Internal(err)
	}
	used := all.schemes[strings.ToLower(name)]
	for _, name := range slices.Sorted(maps.Keys(all.schemes)) {
		scheme := all.schemes[name]
		_, bound := extra[scheme.owner]
		if scheme.Check == nil || !bound && scheme.Name != used.Name {
			continue
		}
		if refusal := scheme.Check(r, used.Name, token, s); refusal != nil {
			told := *refusal // which may be one that all requests share
			told.Scheme = scheme.Name
			return &told
		}
	}
	return nil
}

// Challenges are the challenges of a resource, one a scheme (RFC 9110, section
// 11.6.1). That of the scheme refused has the parameters told, the others have
// params; where it is "", all have those told.
func (all *Contributions) Challenges(refused, told, params string) []string {
	var challenges []string
	for _, name := range slices.Sorted(maps.Keys(all.schemes)) {
		scheme := all.schemes[name]
		challenge := scheme.Name + " " + params
		if refused == "" || refused == scheme.Name {
			challenge = scheme.Name + " " + told
		}
		if scheme.Challenge != "" {
			challenge += ", " + scheme.Challenge
		}
		challenges = append(challenges, challenge)
	}
	return challenges
}
