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
	authorizePath        = kernel.AuthorizePath
	tokenPath            = kernel.TokenPath
	revokePath           = "/oauth/revoke"
	introspectPath       = "/oauth/introspect"
	serverMetadataPath   = "/.well-known/oauth-authorization-server" // above it (RFC 8414, section 3)
	resourceMetadataPath = "/.well-known/oauth-protected-resource"   // above the resource's (RFC 9728, section 3)
)

// methods are those that [Provider.Mount] registers. HEAD is not among them, as
// the pattern of GET includes it.
var methods = []string{
	http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace,
}

// An endpoint is what answers at a path, by method.
type endpoint struct {
	path     string // full
	handlers map[string]http.HandlerFunc
}

// ownRoutes are the routes that are there without any capability, below the
// path of the issuer.
func (p *Provider) ownRoutes() []kernel.Route {
	return []kernel.Route{
		{Method: http.MethodGet, Path: authorizePath, Handler: p.authorize},
		{Method: http.MethodPost, Path: authorizePath, Handler: p.authorizePost},
		{Method: http.MethodPost, Path: tokenPath, Handler: p.token, AnyOrigin: true, IssuesTokens: true},
		{Method: http.MethodPost, Path: revokePath, Handler: p.revoke, AnyOrigin: true},
		{Method: http.MethodPost, Path: introspectPath, Handler: p.introspect, AnyOrigin: true},
		{Method: http.MethodGet, Path: page.StylesheetPath, Handler: func(w http.ResponseWriter, r *http.Request) {
			p.pages.Stylesheet().ServeHTTP(w, r)
		}},
		{Method: http.MethodGet, Path: page.ScriptPath, Handler: func(w http.ResponseWriter, r *http.Request) {
			p.pages.Script().ServeHTTP(w, r)
		}},
	}
}

// endpoints are all endpoints: those of all routes, and the metadata.
func (p *Provider) endpoints() []endpoint {
	base := p.issuer.Path
	var endpoints []endpoint
	for _, route := range p.added.Routes {
		i := slices.IndexFunc(endpoints, func(e endpoint) bool { return e.path == base+route.Path })
		if i < 0 {
			i = len(endpoints)
			endpoints = append(endpoints, endpoint{base + route.Path, map[string]http.HandlerFunc{}})
		}
		handler := p.observed(route)
		if route.IssuesTokens {
			handler = p.issuesTokens(handler)
		}
		if route.AnyOrigin {
			handler = wire.AnyOrigin(handler, p.added.ExposedHeaders())
		}
		endpoints[i].add(route.Method, handler, route.AnyOrigin)
	}
	metadata := map[string]http.HandlerFunc{serverMetadataPath + base: p.serverMetadata()}
	for path, documents := range p.documents {
		metadata[path] = serveResource(documents)
	}
	for path, handler := range metadata {
		e := endpoint{path, map[string]http.HandlerFunc{}}
		e.add(http.MethodGet, wire.AnyOrigin(handler, wire.Exposed), true)
		endpoints = append(endpoints, e)
	}
	return endpoints
}

// issuesTokens is around what answers token requests.
func (p *Provider) issuesTokens(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		wire.SetPragma(w)
		p.added.AddAnswerHeader(w.Header(), r)
		next(w, r)
	}
}

// add has the endpoint answer a method, with anyOrigin from scripts of every
// origin, which ask first whether they may.
func (e endpoint) add(method string, handler http.HandlerFunc, anyOrigin bool) {
	e.handlers[method] = handler
	if anyOrigin {
		e.handlers[http.MethodOptions] = wire.Preflight
	}
}

// handler returns what answers a method: 405 where the endpoint has none for it
// (RFC 9110, section 15.5.6).
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
	return wire.AnyOrigin(refuse, wire.Exposed)
}

// notFound answers where there is no endpoint.
func notFound(w http.ResponseWriter, _ *http.Request) {
	wire.Write(w, http.StatusNotFound, wire.ErrorBody(InvalidRequest, "there is no endpoint at this path"))
}
