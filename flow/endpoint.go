package flow

import (
	"net/http"
	"slices"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
)

// The endpoints, below the path of the issuer.
const (
	authorizePath        = "/oauth/authorize"
	tokenPath            = "/oauth/token"
	revokePath           = "/oauth/revoke"
	introspectPath       = "/oauth/introspect"
	serverMetadataPath   = "/.well-known/oauth-authorization-server" // above it (RFC 8414, section 3)
	resourceMetadataPath = "/.well-known/oauth-protected-resource"   // above the resource's (RFC 9728, section 3)
)

// methods are those that [Provider.Mount] registers. HEAD is not among them, as the
// pattern of GET includes it.
var methods = []string{
	http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace,
}

// An endpoint is what answers at a path, by method.
type endpoint struct {
	path     string // full
	handlers map[string]http.HandlerFunc
}

// endpoints are all endpoints that are turned on.
func (p *Provider) endpoints() []endpoint {
	base := p.issuer.Path
	endpoints := []endpoint{
		{base + authorizePath, map[string]http.HandlerFunc{http.MethodGet: p.authorize, http.MethodPost: p.authorizePost}},
		{base + page.StylesheetPath, map[string]http.HandlerFunc{http.MethodGet: p.pages.Stylesheet().ServeHTTP}},
		forScripts(http.MethodPost, base+tokenPath, p.token),
		forScripts(http.MethodPost, base+revokePath, p.revoke),
		forScripts(http.MethodPost, base+introspectPath, p.introspect),
		forScripts(http.MethodGet, serverMetadataPath+base, p.serverMetadata()),
		forScripts(http.MethodGet, resourceMetadataPath+p.resourcePath(), p.resourceMetadata()),
	}
	for _, route := range p.added.Routes {
		endpoints = append(endpoints, endpointOf(base, route))
	}
	return endpoints
}

// endpointOf is the endpoint of a capability's route.
func endpointOf(base string, route kernel.Route) endpoint {
	if route.AnyOrigin {
		return forScripts(route.Method, base+route.Path, route.Handler)
	}
	return endpoint{base + route.Path, map[string]http.HandlerFunc{route.Method: route.Handler}}
}

// forScripts is an endpoint that scripts of every origin may call.
func forScripts(method, path string, handler http.HandlerFunc) endpoint {
	return endpoint{path, map[string]http.HandlerFunc{method: wire.AnyOrigin(handler), http.MethodOptions: wire.Preflight}}
}

// handler returns what answers a method: 405 where the endpoint has none for it (RFC
// 9110, section 15.5.6).
func (e endpoint) handler(method string) http.HandlerFunc {
	if handler := e.handlers[method]; handler != nil {
		return handler
	}
	var allowed []string
	for method := range e.handlers {
		allowed = append(allowed, method)
		if method == http.MethodGet {
			allowed = append(allowed, http.MethodHead)
		}
	}
	slices.Sort(allowed)
	allow := strings.Join(allowed, ", ")
	refuse := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", allow)
		wire.Write(w, http.StatusMethodNotAllowed, wire.ErrorBody(InvalidRequest, "the method must be "+allow))
	}
	if e.handlers[http.MethodOptions] == nil {
		return refuse
	}
	return wire.AnyOrigin(refuse)
}

// notFound answers where there is no endpoint.
func notFound(w http.ResponseWriter, _ *http.Request) {
	wire.Write(w, http.StatusNotFound, wire.ErrorBody(InvalidRequest, "there is no endpoint at this path"))
}
