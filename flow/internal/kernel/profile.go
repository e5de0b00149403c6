package kernel

import "slices"

// A Profile is a set of requirements that a service is held to, by its name.
// The zero Profile is none.
type Profile string

// The profiles that package flow knows.
const (
	FAPI2   Profile = "FAPI 2.0"
	MCP     Profile = "MCP"
	OAuth21 Profile = "OAuth 2.1"
)

// Algorithms returns those of the signature algorithms of JWTs that a profile
// admits (FAPI 2.0 Security Profile, section 5.4.1).
func (p Profile) Algorithms(all []string) []string {
	if p != FAPI2 {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(algorithm string) bool {
		return !slices.Contains([]string{"PS256", "ES256", "EdDSA", "Ed25519"}, algorithm)
	})
}

// A Requirement is something that a clause of a profile asks for, and that a
// capability sees to. See [Contribution.Meets].
type Requirement string

// What capabilities see to.
const (
	// BoundTokensOnly: no access token is issued that is not bound to a key.
	BoundTokensOnly Requirement = "bound tokens only"
	// PushedRequestsOnly: no authorization request is taken that its client did
	// not push, with its redirect_uri.
	PushedRequestsOnly Requirement = "pushed requests only"
)
