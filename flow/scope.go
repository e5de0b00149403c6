package flow

import (
	"slices"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
)

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
		if !slices.Contains(allowed, name) {
			refusal := wire.Refuse(InvalidScope, errScope+": "+name)
			refusal.Reason = errScope
			return nil, refusal
		}
	}
	return intersect(allowed, asked), nil
}

const errScope = "unknown scope, or one that the application may not ask for"

// splitScopes takes a scope parameter apart, and drops [Config.IgnoredScopes].
// Nothing but a space stands between two scopes (RFC 6749, section 3.3).
func (p *Provider) splitScopes(scope string) []string {
	scopes := strings.FieldsFunc(scope, func(r rune) bool { return r == ' ' })
	return slices.DeleteFunc(scopes, func(name string) bool { return slices.Contains(p.cfg.IgnoredScopes, name) })
}

// intersect returns those of a that are in b, in the order of a. Scopes are
// compared byte for byte.
func intersect(a, b []string) []string {
	var both []string
	for _, name := range a {
		if slices.Contains(b, name) {
			both = append(both, name)
		}
	}
	return both
}
