package flow

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
)

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

// requestedResources is namedResources, or the default resource where a request
// names none.
func (p *Provider) requestedResources(params wire.Params) ([]string, *wire.Error) {
	named, refusal := p.namedResources(params)
	if named == nil {
		named = p.resources[:1]
	}
	return identifiersOf(named), refusal
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
