package flow

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/store"
)

// A Resource is a protected API of the service (RFC 9728), with access tokens
// of its own: see [Config.Resources].
type Resource struct {
	// Identifier is its URL: https, or http for a loopback host; no query, no
	// fragment. Clients name it with "resource" (RFC 8707), with or without a
	// trailing slash.
	Identifier string

	// Name is what the consent page calls it, such as "Acme MCP": at most 80
	// bytes. In other languages it is the message "resource." and Name in
	// [Pages.Files]. Defaults to the Identifier without its scheme, in every
	// language.
	Name string

	// Scopes are those of [Config.Scopes] that the API takes. A client that
	// asks for another scope there is refused with invalid_scope. Its handlers
	// see no other scope in an access token. Defaults to all.
	Scopes []string

	// ResourceServers are the client IDs of confidential applications that may
	// introspect the access tokens for this API. The answer names only scopes
	// that this API takes, and a token that is not for this API is not active.
	// Those of [Config.ResourceServers] may introspect every token. Defaults to
	// none.
	ResourceServers []string

	// Metadata are further members of the API's metadata document, as values
	// for JSON, such as "resource_name" or "resource_documentation" (RFC 9728,
	// section 2). Members that the library writes itself are refused. Defaults
	// to none.
	Metadata map[string]any
}

const maxResourceName = 80 // bytes

// A resource is a [Resource] with its defaults.
type resource struct {
	Resource
	place    string // the Identifier without its scheme
	key      string // what a session keeps of it: see [kernel.ResourceKey]
	metadata string // the URL where a client finds its metadata
}

// withoutSlash is the form in which identifiers are compared: URL libraries add
// a slash to a URL without a path.
func withoutSlash(identifier string) string { return strings.TrimSuffix(identifier, "/") }

// resolveResources returns the resources of a configuration: the default one
// first.
func resolveResources(cfg *Config) ([]resource, error) {
	all := []Resource{{Identifier: cfg.Resource}}
	for i, r := range cfg.Resources {
		if err := checkResource(r.Identifier); err != nil {
			return nil, fmt.Errorf("number %d: Identifier: %w", i, err)
		}
		if withoutSlash(r.Identifier) == withoutSlash(cfg.Resource) {
			r.Identifier = cfg.Resource
			all[0] = r
			continue
		}
		all = append(all, r)
	}
	resolved, places := make([]resource, len(all)), []string(nil)
	for i, r := range all {
		if err := r.check(namesOfScopes(cfg.Scopes)); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Identifier, err)
		}
		_, place, _ := strings.Cut(withoutSlash(r.Identifier), "://")
		if slices.Contains(places, place) {
			return nil, fmt.Errorf("%s: is there twice", r.Identifier)
		}
		if places = append(places, place); r.Name == "" {
			r.Name = place
		}
		if r.Scopes = slices.Clone(r.Scopes); r.Scopes == nil {
			r.Scopes = namesOfScopes(cfg.Scopes)
		}
		u, _ := url.Parse(r.Identifier) // checked by resolve
		metadata := u.Scheme + "://" + u.Host + strings.TrimSuffix(metadataPath(u.Path), "{$}")
		r.ResourceServers = slices.Clone(r.ResourceServers)
		resolved[i] = resource{r, place, kernel.ResourceKey(r.Identifier), metadata}
	}
	return resolved, nil
}

func (r Resource) check(offered []string) error {
	switch {
	case len(r.Name) > maxResourceName || !wire.IsText(r.Name):
		return fmt.Errorf("its Name must be %d bytes of text at most", maxResourceName)
	case r.Scopes != nil && len(r.Scopes) == 0:
		return errors.New("its Scopes must have one or more, or be nil for all")
	}
	for _, name := range r.Scopes {
		if !slices.Contains(offered, name) {
			return fmt.Errorf("its Scopes: %q is not one of Config.Scopes", name)
		}
	}
	if _, err := json.Marshal(r.Metadata); err != nil {
		return fmt.Errorf("its Metadata: %w", err)
	}
	return nil
}

// checkResource checks a resource identifier (RFC 9728, section 1.2), to which
// clients send access tokens.
func checkResource(resource string) error {
	u, err := url.Parse(resource)
	switch {
	case err != nil || u.Host == "" || u.Fragment != "" || u.RawQuery != "" || u.ForceQuery || u.User != nil || u.String() != resource:
		return errors.New("must be an absolute URL without user, query and fragment")
	case !isSecure(u):
		return errors.New("must be an https URL, or an http URL of a loopback host")
	case !issuerPath.MatchString(strings.TrimSuffix(u.EscapedPath(), "/")):
		return errors.New("must have a path of letters, digits and ._~-, or none")
	}
	return nil
}

// findResource returns the resource of an identifier, which a client may have
// with or without a trailing slash.
func (p *Provider) findResource(identifier string) (resource, bool) {
	i := slices.IndexFunc(p.resources, func(r resource) bool { return withoutSlash(r.Identifier) == withoutSlash(identifier) })
	if i < 0 {
		return resource{}, false
	}
	return p.resources[i], true
}

func (p *Provider) identifiers() []string { return identifiersOf(p.resources) }

func identifiersOf(resources []resource) []string {
	identifiers := make([]string, len(resources))
	for i, r := range resources {
		identifiers[i] = r.Identifier
	}
	return identifiers
}

// guarded returns the resource of a guard. It fails for one whose requests
// nobody could ever get through.
func (p *Provider) guarded(g Guard) (resource, error) {
	r, ok := p.findResource(cmp.Or(g.Resource, p.cfg.Resource))
	if !ok {
		return resource{}, errors.New(g.Resource + " is neither Config.Resource nor one of Config.Resources")
	}
	for _, scope := range g.Scopes {
		if !slices.Contains(r.Scopes, scope) {
			return resource{}, errors.New(r.Identifier + " does not take " + scope)
		}
	}
	return r, nil
}

// isFor reports whether an access token for the resources of some keys is for a
// resource: without keys it is for the default one.
func (p *Provider) isFor(r *resource, keys []string) bool {
	if len(keys) == 0 {
		return r.key == p.resources[0].key
	}
	return slices.Contains(keys, r.key)
}

// scopesAt returns those of some scopes that any of some resources takes, all
// where there are no resources.
func (p *Provider) scopesAt(identifiers, scopes []string) ([]string, *wire.Error) {
	if len(identifiers) == 0 {
		return scopes, nil
	}
	var taken []string
	for _, identifier := range identifiers {
		r, ok := p.findResource(identifier)
		if !ok {
			return nil, wire.Refuse(InvalidTarget, "the service does not have the API any more: "+identifier)
		}
		taken = append(taken, r.Scopes...)
	}
	return intersect(scopes, taken), nil
}

// reached returns the resources of some keys, as far as the service has them:
// the default one for none.
func (p *Provider) reached(keys []string) []resource {
	if len(keys) == 0 {
		return p.resources[:1]
	}
	return slices.DeleteFunc(slices.Clone(p.resources), func(r resource) bool { return !slices.Contains(keys, r.key) })
}

// servedBy returns the resources whose access tokens a client may introspect
// whoever they were issued to: all for one of Config.ResourceServers.
func (p *Provider) servedBy(client store.Client) []resource {
	if slices.Contains(p.cfg.ResourceServers, client.Application.ClientID) {
		return p.resources
	}
	var served []resource
	for _, r := range p.resources {
		if slices.Contains(r.ResourceServers, client.Application.ClientID) {
			served = append(served, r)
		}
	}
	return served
}

// toldTo returns those of the scopes of an access token, which is for the
// resources of some keys, that a client learns of who serves some resources. It
// reports whether the token is for any of these.
func (p *Provider) toldTo(served []resource, keys, scopes []string) (told []string, ok bool) {
	if !slices.ContainsFunc(served, func(r resource) bool { return p.isFor(&r, keys) }) {
		return nil, false
	}
	if len(served) == len(p.resources) {
		return scopes, true
	}
	var taken []string
	for _, r := range served {
		if p.isFor(&r, keys) {
			taken = append(taken, r.Scopes...)
		}
	}
	return intersect(scopes, taken), true
}

// audience is what introspection says of the resources of an access token: a
// string for one, and an array for several (RFC 7662, section 2.2). It is nil
// where the service has none of them any more.
func (p *Provider) audience(keys []string) any {
	switch reached := p.reached(keys); len(reached) {
	case 0:
		return nil
	case 1:
		return reached[0].Identifier
	default:
		return identifiersOf(reached)
	}
}
