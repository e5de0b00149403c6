package flow

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// A Scope is something an application can ask for (RFC 6749, section 3.3).
type Scope struct {
	// Name is what requests have in the parameter scope: 1 to 128 characters of
	// ASCII without space, quotation mark and backslash.
	Name string
	// Description is what it allows, in words for the consent page: "Read your
	// domains". Other languages have Description, Risk and Group as messages in
	// [Pages.Files]: for a scope "read" of the group "Domains" these are
	// "scope.read", "scope_risk.read" and "scope_group.Domains".
	Description string
	Default     bool // granted to a request without scope. At least one scope is default.
	// Group puts the scope beside others of the same Group on the consent page,
	// under that heading, such as "Domains". Optional.
	Group string
	// Risk is what an application can do with the scope at worst, in words that
	// the consent page shows beside the description: "It can spend your money."
	// Optional.
	Risk string
}

func namesOfScopes(scopes []Scope) []string {
	names := make([]string, len(scopes))
	for i, scope := range scopes {
		names[i] = scope.Name
	}
	return names
}

// scopeNames are those of Config.Scopes.
func (p *Provider) scopeNames() []string { return namesOfScopes(p.cfg.Scopes) }

// allowedScopes returns what an application may ask for now: what the service
// offers, as far as the application is not restricted to less, by what is kept
// of it or by a capability.
func (p *Provider) allowedScopes(app oauthapp.Application) []string {
	allowed := p.scopeNames()
	if len(app.Scopes) > 0 {
		allowed = intersect(allowed, app.Scopes)
	}
	return p.added.LimitScopes(app, allowed)
}

// requestedScopesAt returns what an authorization request asks for at some
// resources, each scope once and in the order of Config.Scopes; the default
// scopes where it asks for none.
func (p *Provider) requestedScopesAt(app oauthapp.Application, scope string, resources []string) ([]string, *wire.Error) {
	allowed, refusal := p.scopesAt(resources, p.allowedScopes(app))
	if refusal != nil {
		return nil, refusal
	}
	asked := p.splitScopes(scope)
	if len(asked) == 0 {
		for _, s := range p.cfg.Scopes {
			if s.Default && slices.Contains(allowed, s.Name) {
				asked = append(asked, s.Name)
			}
		}
		if len(asked) == 0 {
			return nil, wire.Refuse(InvalidScope, "the application may not ask for the default scopes: scope is required")
		}
	}
	for _, name := range asked {
		if slices.Contains(allowed, name) {
			continue
		}
		reason := errScope
		if slices.Contains(p.allowedScopes(app), name) {
			reason = errScopeElsewhere
		}
		refusal := wire.Refuse(InvalidScope, reason+": "+name)
		refusal.Reason = reason
		return nil, refusal
	}
	return intersect(allowed, asked), nil
}

const (
	errScope          = "unknown scope, or one that the application may not ask for"
	errScopeElsewhere = "a scope that the API does not take"
)

// splitScopes takes a scope parameter apart, and drops [Config.IgnoredScopes].
// Nothing but a space stands between two scopes (RFC 6749, section 3.3).
func (p *Provider) splitScopes(scope string) []string {
	scopes := strings.FieldsFunc(scope, func(r rune) bool { return r == ' ' })
	return slices.DeleteFunc(scopes, func(name string) bool { return slices.Contains(p.cfg.IgnoredScopes, name) })
}

// intersect returns those of a that are in b, in the order of a. Scopes are
// compared byte for byte.
func intersect(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(name string) bool { return !slices.Contains(b, name) })
}

// scopeName is the scope-token of RFC 6749, section 3.3.
var scopeName = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]{1,128}$`)

func checkScopes(scopes []Scope) error {
	seen := make(map[string]bool, len(scopes))
	hasDefault := false
	for _, scope := range scopes {
		switch {
		case !scopeName.MatchString(scope.Name):
			return fmt.Errorf("%q is no scope name: printable ASCII without space, quote and backslash", scope.Name)
		case seen[scope.Name]:
			return fmt.Errorf("%q is there twice", scope.Name)
		}
		seen[scope.Name] = true
		hasDefault = hasDefault || scope.Default
	}
	if !hasDefault {
		return errors.New("at least one scope must be a default")
	}
	return nil
}

func checkIgnoredScopes(ignored []string, scopes []Scope) error {
	for _, name := range ignored {
		switch {
		case !scopeName.MatchString(name):
			return fmt.Errorf("%q is no scope name: printable ASCII without space, quote and backslash", name)
		case slices.Contains(namesOfScopes(scopes), name):
			return fmt.Errorf("%q is in Scopes", name)
		}
	}
	return nil
}
