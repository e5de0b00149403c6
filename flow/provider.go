package flow

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/bucket"
	"github.com/oauthapps/oauthapps/flow/internal/clientauth"
	"github.com/oauthapps/oauthapps/flow/internal/engine"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/origin"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/ticket"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// A Provider is the HTTP side of a service's OAuth applications: an
// http.Handler for the protocol's endpoints, and [Provider.Require] to guard
// the service's own API. Make one with [New]. It keeps no state of its own
// except what it counts for its limits: any number of providers, on any number
// of nodes, serve one store. It is safe for concurrent use.
//
// Requests are matched by their full path. [Provider.Mount] registers the
// endpoints with an http.ServeMux. A host with another router has such a mux in
// front of it, or uses the provider as the handler of the root, or of both the
// issuer's path and /.well-known/, without http.StripPrefix.
type Provider struct {
	cfg          Config    // resolved
	findings     []Finding // of the configuration as the host wrote it
	issuer       *url.URL
	scopes       map[string]Scope
	resources    []resource // the default one first
	documents    map[string][]resourceDocument
	registry     *oauthapp.Registry
	credentials  credential.Format
	keys         ticket.Keys
	pages        *page.Set
	crossOrigin  origin.Guard
	formSession  ticket.Session
	limiter      Limiter
	ownLimiter   ownLimiter // decides where the host's fails
	keptRefusals *bucket.Limiter
	engine       *engine.Engine
	issue        *kernel.Issuance
	kernel       *kernel.Kernel
	added        kernel.Contributions // by this package and the extensions
	clients      *clientauth.Authenticator

	// Package dashboard sets these, if the host uses it.
	accountPage atomic.Pointer[kernel.AccountPage]
	manageURL   atomic.Value // a string

	// What each endpoint acts on.
	authorizationParams, tokenParams, revokeParams, introspectParams []string

	mux *http.ServeMux
}

// New returns a provider. It copies cfg and fills in the defaults. If a field
// is missing or cannot be right, it returns an error that names the field. It
// does not ask the store.
func New(cfg Config) (*Provider, error) {
	resolved, issuer, err := cfg.resolve()
	if err != nil {
		return nil, err
	}
	p := &Provider{
		cfg:          resolved,
		findings:     cfg.Check(),
		issuer:       issuer,
		scopes:       make(map[string]Scope, len(resolved.Scopes)),
		keys:         ticket.Keys(resolved.Keys),
		formSession:  ticket.Session{HTTPS: issuer.Scheme == "https"},
		limiter:      resolved.Limiter,
		ownLimiter:   ownLimiter{clientauth.NewLimiter(resolved.Now)},
		keptRefusals: newKeptRefusals(),
		mux:          http.NewServeMux(),
	}
	if p.limiter == nil {
		p.limiter = p.ownLimiter
	}
	for _, scope := range resolved.Scopes {
		p.scopes[scope.Name] = scope
	}
	if p.resources, err = resolveResources(&resolved); err != nil {
		return nil, fmt.Errorf("flow: Config.Resources: %w", err)
	}
	if p.credentials, err = credential.NewFormat(resolved.CredentialPrefix); err != nil {
		return nil, fmt.Errorf("flow: Config.CredentialPrefix: %w", err)
	}
	if p.registry, err = oauthapp.NewRegistry(resolved.registry()); err != nil {
		return nil, fmt.Errorf("flow: Config: %w", err)
	}
	if p.crossOrigin, err = origin.NewGuard(issuer); err != nil {
		return nil, fmt.Errorf("flow: Config.Issuer: %w", err)
	}
	p.engine = engine.New(resolved.RequirePKCE)
	p.issue = p.newIssuance()
	if err := p.extend(); err != nil {
		return nil, fmt.Errorf("flow: Config.Extensions: %w", err)
	}
	if err := p.requireProfile(); err != nil {
		return nil, fmt.Errorf("flow: Config.Profile: %w", err)
	}
	if p.documents, err = p.documentResources(); err != nil {
		return nil, fmt.Errorf("flow: Config.Resources: %w", err)
	}
	if p.pages, err = p.newPages(); err != nil {
		return nil, err
	}
	p.kernel.WritePage, p.kernel.Moments, p.kernel.Samples, p.kernel.Languages = p.pages.Write, p.pages.Moments, p.pages.Samples, p.pages.Languages
	p.Mount(p.mux)
	for _, e := range p.endpoints() {
		p.mux.HandleFunc(e.path, e.handler("")) // methods that nobody has heard of
	}
	p.mux.HandleFunc("/", wire.AnyOrigin(notFound, wire.Exposed))
	return p, nil
}

// newIssuance returns what issues the tokens of a provider.
func (p *Provider) newIssuance() *kernel.Issuance {
	issue := &kernel.Issuance{
		Store:       p.cfg.Store,
		Credentials: p.credentials,
		Keys:        p.cfg.Keys,
		Lifetimes:   kernel.Lifetimes(p.cfg.Lifetimes),
		Resource:    p.cfg.Resource,
		Claims:      p.added.Claims,
		StillGiven:  p.stillGiven,
	}
	if len(p.cfg.Resources) > 0 {
		issue.Consented = p.markConsent
	}
	return issue
}

// newPages returns the pages of a provider, and of the extensions.
func (p *Provider) newPages() (*page.Set, error) {
	pages, err := page.New(page.Options{
		Overrides:     p.cfg.Pages.Files,
		Further:       p.added.Pages,
		Data:          p.cfg.Pages.Data,
		Words:         p.words(),
		Languages:     p.cfg.Pages.Languages,
		Language:      p.cfg.Pages.Language,
		TimeZone:      p.cfg.Pages.TimeZone,
		Now:           p.now,
		Issuer:        p.cfg.Issuer,
		Documentation: p.cfg.Pages.Documentation,
		Support:       p.cfg.Pages.Support,
		Logger:        p.cfg.Logger,
	})
	var option *page.OptionError
	switch {
	case errors.As(err, &option):
		return nil, fmt.Errorf("flow: Config.Pages.%s: %w", option.Field, option.Err)
	case err != nil:
		return nil, fmt.Errorf("flow: Config.Pages.Files: %w", err)
	}
	return pages, nil
}

// ServeHTTP serves the endpoints. It answers 404 with the JSON of an error for
// every other path.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Mount registers every endpoint with a mux by its full path. A method that an
// endpoint does not have is answered 405, with Allow and the JSON of an error.
// Each method of RFC 9110 and RFC 5789 except CONNECT has a pattern of its own,
// so that the service may have patterns such as GET /. A mux prefers these
// patterns to shorter ones, so a handler at /oauth/, such as a limiter, does
// not see the requests: in place of mounting the provider, hand it to that
// handler as the next one.
//
// Mount panics, as the mux does, if the mux has a conflicting pattern already:
// one of the same patterns, or HEAD /.
func (p *Provider) Mount(mux *http.ServeMux) {
	for _, e := range p.endpoints() {
		for _, method := range methods {
			mux.HandleFunc(method+" "+e.path, e.handler(method))
		}
	}
}

// Registry returns the registry that administers the provider's applications
// and grants, with the provider's scopes, limits, clock and events.
func (p *Provider) Registry() *oauthapp.Registry { return p.registry }

// WritePage answers with a page of the host's own, such as its login page, in
// the layout and with the headers of the library's pages. Its file is name in
// [Pages.Files]; see package dashboard for what that defines. It receives data
// as .Page. A page that fails is answered 500 and logged; nothing of it is
// sent.
//
// The Content-Security-Policy of the page forbids scripts, and styles and
// images from elsewhere. Its forms may lead anywhere, as a login goes on to a
// client. The page stays connected with the window of a client that opened it
// as a pop-up, unless w has a Cross-Origin-Opener-Policy already.
func (p *Provider) WritePage(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	p.pages.Write(w, r, status, name, data)
}

// now is the time of a request, as stores keep it.
func (p *Provider) now() time.Time { return p.cfg.Now().UTC().Truncate(time.Microsecond) }
