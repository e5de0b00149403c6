package kernel

import (
	"net/http"
	"slices"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
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
	// never accepted in another way. The challenge of this scheme alone answers
	// its refusal, with what that adds to it: published clients look no further
	// where there are several. The name of the scheme is the token_type of such
	// a session's tokens.
	Check func(r *http.Request, scheme, token string, s *store.Session) *wire.Error
	// Binds reports whether an access token of a session, which has an entry of
	// the capability, is of this scheme. Optional: all are.
	Binds func(s *store.Session, token credential.Digest) bool
	// Challenge are further parameters of the challenge of this scheme, such as
	// algs="ES256". Optional.
	Challenge string

	owner string
}

// TokenType is the token_type of an access token of a session (RFC 6749,
// section 7.1): the scheme of the capability that keeps something with the
// session and binds the token, or else Bearer.
func (all *Contributions) TokenType(s *store.Session, token credential.Digest) string {
	if len(s.Extra) == 0 {
		return Bearer
	}
	extra, _ := ExtraOf(s) // what cannot be read is refused wherever it is presented
	for _, scheme := range all.schemes {
		if _, kept := extra[scheme.owner]; kept && (scheme.Binds == nil || scheme.Binds(s, token)) {
			return scheme.Name
		}
	}
	return Bearer
}

// HasScheme reports whether access tokens are taken with a scheme.
func (all *Contributions) HasScheme(name string) bool {
	return all.scheme(name).Name != ""
}

// scheme returns the scheme of a name, in upper or lower case, or zero.
func (all *Contributions) scheme(name string) Scheme {
	i := slices.IndexFunc(all.schemes, func(s Scheme) bool { return strings.EqualFold(s.Name, name) })
	if i < 0 {
		return Scheme{}
	}
	return all.schemes[i]
}

// CheckScheme judges with which scheme an access token of a session was
// presented: that scheme does, and with it every other whose capability has an
// entry in the session.
func (all *Contributions) CheckScheme(r *http.Request, name, token string, s *store.Session) *wire.Error {
	extra, err := ExtraOf(s)
	if err != nil {
		return wire.Internal(err)
	}
	used := all.scheme(name)
	for _, scheme := range all.schemes {
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

// Challenges are the challenges of a resource with these parameters (RFC 9110,
// section 11.6.1): that of one scheme, or of all where only is "".
func (all *Contributions) Challenges(only, params string) []string {
	var challenges []string
	for _, scheme := range all.schemes {
		if only != "" && only != scheme.Name {
			continue
		}
		challenge := scheme.Name + " " + params
		if scheme.Challenge != "" {
			challenge += ", " + scheme.Challenge
		}
		challenges = append(challenges, challenge)
	}
	return challenges
}
