package flow

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
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
	// bytes. Defaults to the Identifier without its scheme.
	Name string

	// Scopes are those of [Config.Scopes] that it takes. A client that asks for
	// another one there is refused with invalid_scope, and its [Guard] finds no
	// other one in an access token. Defaults to all.
	Scopes []string

	// Metadata are further members of its metadata, for JSON, such as
	// "resource_name" or "resource_documentation" (RFC 9728, section 2). What
	// the library says itself cannot be among them. Defaults to none.
	Metadata map[string]any
}

const maxResourceName = 80 // bytes

// A resource is a [Resource] with its defaults.
type resource struct {
	Resource
	key string // what a session keeps of it: see [kernel.ResourceKey]
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
		if err := r.check(cfg.Scopes); err != nil {
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
			for _, scope := range cfg.Scopes {
				r.Scopes = append(r.Scopes, scope.Name)
			}
		}
		resolved[i] = resource{r, kernel.ResourceKey(withoutSlash(r.Identifier))}
	}
	return resolved, nil
}

func (r Resource) check(offered []Scope) error {
	switch {
	case len(r.Name) > maxResourceName || !wire.IsText(r.Name):
		return fmt.Errorf("its Name must be %d bytes of text at most", maxResourceName)
	case r.Scopes != nil && len(r.Scopes) == 0:
		return errors.New("its Scopes must have one or more, or be nil for all")
	}
	for _, name := range r.Scopes {
		if !slices.ContainsFunc(offered, func(s Scope) bool { return s.Name == name }) {
			return fmt.Errorf("its Scopes: %q is not one of Config.Scopes", name)
		}
	}
	if _, err := json.Marshal(r.Metadata); err != nil {
		return fmt.Errorf("its Metadata: %w", err)
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

// namedResources returns the resources that a request names, each once and in
// the order of the configuration: none where it names none. It refuses one that
// the service does not have (RFC 8707, section 2): a client that was sent here
// by the metadata of somebody else's API is not to carry a token there that
// opens this one.
func (p *Provider) namedResources(params wire.Params) ([]resource, *wire.Error) {
	named := make(map[string]bool)
	for _, param := range params {
		if param.Name != "resource" || param.Value == "" {
			continue
		}
		r, ok := p.findResource(param.Value)
		switch {
		case !ok && len(p.resources) == 1:
			return nil, wire.Refuse(InvalidTarget, "resource is not the API of this service: "+p.cfg.Resource)
		case !ok:
			return nil, wire.Refuse(InvalidTarget, "resource is none of the APIs of this service: "+strings.Join(p.identifiers(), ", "))
		}
		named[r.key] = true
	}
	if len(named) == 0 {
		return nil, nil
	}
	if len(named) > kernel.MaxResources {
		return nil, wire.Refuse(InvalidTarget, fmt.Sprintf("resource: more than %d", kernel.MaxResources))
	}
	return slices.DeleteFunc(slices.Clone(p.resources), func(r resource) bool { return !named[r.key] }), nil
}

func (p *Provider) identifiers() []string { return identifiersOf(p.resources) }

func identifiersOf(resources []resource) []string {
	identifiers := make([]string, len(resources))
	for i, r := range resources {
		identifiers[i] = r.Identifier
	}
	return identifiers
}

// requestedResources is namedResources, or the default resource where a request
// names none.
func (p *Provider) requestedResources(params wire.Params) ([]string, *wire.Error) {
	named, refusal := p.namedResources(params)
	if named == nil {
		named = p.resources[:1]
	}
	return identifiersOf(named), refusal
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

// keptResources is what a session keeps of the resources that its user
// authorized: nothing for the default one alone.
func (p *Provider) keptResources(identifiers []string) kernel.Extra {
	var kept kernel.Resources
	for _, identifier := range identifiers {
		if r, ok := p.findResource(identifier); ok {
			kept.Granted = append(kept.Granted, r.key)
		}
	}
	if len(kept.Granted) == 0 || slices.Equal(kept.Granted, []string{p.resources[0].key}) {
		return nil
	}
	entry, _ := json.Marshal(kept) // strings and numbers always marshal
	return kernel.Extra{kernel.ResourcesEntry: entry}
}

// judgeResources decides which resources the access token of a token request is
// for: those that it names, of those that the session may reach, or else all of
// these (RFC 8707, section 2.2). It narrows the scopes to what they take.
func (p *Provider) judgeResources(t *kernel.TokenRequest) *wire.Error {
	named, refusal := p.namedResources(t.Params)
	if refusal != nil || len(p.cfg.Resources) == 0 {
		return refusal
	}
	kept, has, err := kernel.ResourcesOf(t.Extra)
	if err != nil {
		return wire.Internal(err)
	}
	if !has && t.Client.Session == nil { // the client asks for itself
		for _, r := range named {
			kept.Granted = append(kept.Granted, r.key)
		}
	}
	if len(kept.Granted) == 0 {
		kept.Granted = []string{p.resources[0].key}
	}
	audience := kept.All()
	if named != nil {
		var keys []string
		for _, r := range named {
			keys = append(keys, r.key)
		}
		var granted bool
		if audience, granted = kept.Audience(keys); !granted {
			return wire.Refuse(InvalidTarget, "resource exceeds what the user authorized")
		}
	}
	var scopes []string
	for _, r := range p.reached(kept.Keys(audience)) {
		scopes = append(scopes, r.Scopes...)
	}
	t.Limit(scopes)
	if has || !slices.Equal(kept.Granted, []string{p.resources[0].key}) {
		t.Resources, t.Audience = kept, audience
	}
	return nil
}

// reached returns the resources of some keys, as far as the service has them:
// the default one for none.
func (p *Provider) reached(keys []string) []resource {
	if len(keys) == 0 {
		return p.resources[:1]
	}
	return slices.DeleteFunc(slices.Clone(p.resources), func(r resource) bool { return !slices.Contains(keys, r.key) })
}

// sameAudience reports whether the newest access token of a session is for the
// resources that a repeated refresh asks for. If so, the request keeps what the
// session keeps already.
func (t *tokenRequest) sameAudience() (bool, *wire.Error) {
	extra, err := kernel.ExtraOf(t.Client.Session)
	if err != nil {
		return false, wire.Internal(err)
	}
	kept, has, err := kernel.ResourcesOf(extra)
	switch {
	case err != nil:
		return false, wire.Internal(err)
	case !has:
		return len(t.Resources.Granted) == 0, nil
	}
	t.Extra[kernel.ResourcesEntry] = extra[kernel.ResourcesEntry]
	return kept.Access == t.Audience, nil
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

// Consents to other resources than the default one.
//
// A user's grant holds the scopes that they authorized, at whatever resource.
// So a consent to other resources leaves a mark, and where there is one, no
// consent of the user to the application is remembered: they are asked again.

const (
	consentMark = "resources" // the kind of the records
	markValue   = "asked"
)

func markOf(application, user, account string) credential.Digest {
	return credential.DigestOf(strings.Join([]string{application, user, account}, "\x00"))
}

// markConsent sees to it that the mark is there as long as the grant may be
// remembered. It is called before the consent is kept, so that whoever finds
// the grant finds the mark.
func (p *Provider) markConsent(ctx context.Context, c kernel.Consent, extra kernel.Extra) error {
	if c.Public {
		return nil
	}
	record := store.Record{
		Kind:      consentMark,
		Digest:    markOf(c.ApplicationID.String(), c.UserID, c.AccountID),
		Value:     []byte(markValue),
		ExpiresAt: c.At.Add(p.cfg.Lifetimes.Session),
	}
	_, others := extra[kernel.ResourcesEntry]
	for {
		err := p.cfg.Store.Replace(ctx, record, []byte(markValue), c.At)
		if errors.Is(err, store.ErrNotFound) && others {
			err = p.cfg.Store.Keep(ctx, record, c.At)
			if errors.Is(err, store.ErrExists) {
				continue // another consent has just left one
			}
		}
		if err == nil || errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return wire.Outage(err)
	}
}

// isMarked reports whether the user consented to other resources than the
// default one.
func (p *Provider) isMarked(r *http.Request, a *authorizationRequest, user, account string) (bool, *wire.Error) {
	_, err := p.cfg.Store.Look(r.Context(), consentMark, markOf(a.client.Application.ID.String(), user, account), p.now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return false, nil
	case err != nil:
		return false, wire.Outage(err)
	}
	return true, nil
}

// Metadata (RFC 9728).

// metadataPath is the path of the metadata of a resource as a mux matches it:
// the well-known path stands between the host and the path (section 3.1).
func (r resource) metadataPath() string {
	u, _ := url.Parse(r.Identifier) // checked by resolve
	switch path := u.Path; {
	case path == "/":
		return resourceMetadataPath
	case strings.HasSuffix(path, "/"):
		return resourceMetadataPath + path + "{$}"
	default:
		return resourceMetadataPath + path
	}
}

// metadataURL is where a client finds the metadata of a resource.
func (r resource) metadataURL() string {
	u, _ := url.Parse(r.Identifier)
	return u.Scheme + "://" + u.Host + strings.TrimSuffix(r.metadataPath(), "{$}")
}

// A resourceDocument is the metadata of a resource.
type resourceDocument struct {
	host  string
	serve http.HandlerFunc
}

// documentResources makes the metadata of all resources, by path.
func (p *Provider) documentResources() (map[string][]resourceDocument, error) {
	documents := map[string][]resourceDocument{}
	for _, r := range p.resources {
		metadata := maps.Clone(p.added.ResourceMetadata)
		metadata["resource"], metadata["scopes_supported"] = r.Identifier, r.Scopes
		for name, value := range r.Metadata {
			if _, own := metadata[name]; own {
				return nil, fmt.Errorf("%s: Metadata: %q is what the library says itself", r.Identifier, name)
			}
			metadata[name] = value
		}
		u, _ := url.Parse(r.Identifier)
		documents[r.metadataPath()] = append(documents[r.metadataPath()], resourceDocument{u.Host, document(metadata)})
	}
	return documents, nil
}

// serveResource serves the metadata of the resources of one path, each of which
// has a host of its own. Another host gets that of the first.
func serveResource(documents []resourceDocument) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		i := slices.IndexFunc(documents, func(d resourceDocument) bool { return strings.EqualFold(d.host, r.Host) })
		documents[max(i, 0)].serve(w, r)
	}
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
