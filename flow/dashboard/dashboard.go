package dashboard

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/ticket"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// Config configures a [Dashboard].
type Config struct {
	// Provider administers the applications, and tells who is signed in. It also
	// serves the stylesheet. Required.
	Provider *flow.Provider

	// Prefix is the path below which the pages are, such as "/settings". Requests are
	// matched by their full path, so do not strip it. Defaults to none: the pages
	// are at /accounts/.
	Prefix string
}

// A Dashboard is an http.Handler for the pages. Make one with [New]. It keeps no state
// and is safe for concurrent use.
type Dashboard struct {
	flow        flow.Config // resolved
	registry    *oauthapp.Registry
	prefix      string
	keys        ticket.Keys
	pages       *page.Set
	crossOrigin *http.CrossOriginProtection
	formActions []string // for those who are signed out when they send a form
	mux         *http.ServeMux
}

// New returns the pages of a provider. It fails, naming the field, on what is
// missing or cannot be right.
func New(cfg Config) (*Dashboard, error) {
	if cfg.Provider == nil {
		return nil, errors.New("dashboard: Config.Provider is required")
	}
	prefix := strings.TrimSuffix(cfg.Prefix, "/")
	if prefix != "" && (prefix[0] != '/' || strings.ContainsAny(prefix, " {}?#%") || strings.Contains(prefix, "//")) {
		return nil, errors.New("dashboard: Config.Prefix: must be a path that begins with a slash and needs no escaping")
	}
	host := cfg.Provider.Config()
	issuer, err := url.Parse(host.Issuer)
	if err != nil {
		return nil, fmt.Errorf("dashboard: issuer: %w", err)
	}
	d := &Dashboard{
		flow:        host,
		registry:    cfg.Provider.Registry(),
		prefix:      prefix,
		keys:        ticket.Keys(host.Keys),
		crossOrigin: http.NewCrossOriginProtection(),
		formActions: page.FormActions(host.LoginURL("/")),
		mux:         http.NewServeMux(),
	}
	// Behind a proxy that changes the Host header, the Origin is still that of the issuer.
	if err := d.crossOrigin.AddTrustedOrigin(issuer.Scheme + "://" + issuer.Host); err != nil {
		return nil, fmt.Errorf("dashboard: issuer: %w", err)
	}
	d.pages, err = page.New(page.Options{
		Overrides:      host.Pages,
		Data:           host.PageData,
		StylesheetPath: issuer.Path + page.StylesheetPath,
		HTTPS:          issuer.Scheme == "https",
		Logger:         host.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("dashboard: %w", err)
	}
	d.route()
	return d, nil
}

func (d *Dashboard) route() {
	account := d.prefix + "/accounts/{account}"
	applications := account + "/oauth_applications"
	for pattern, h := range map[string]handler{
		"GET " + applications:                                         (*visit).list,
		"GET " + applications + "/new":                                (*visit).newApplication,
		"POST " + applications:                                        (*visit).register,
		"GET " + applications + "/{id}":                               application((*visit).show),
		"GET " + applications + "/{id}/edit":                          application((*visit).edit),
		"POST " + applications + "/{id}":                              application((*visit).update),
		"GET " + applications + "/{id}/secrets":                       application((*visit).backToApplication),
		"POST " + applications + "/{id}/secrets":                      application((*visit).resetSecret),
		"GET " + applications + "/{id}/secrets/{s}/revoke":            application((*visit).warnSecret),
		"POST " + applications + "/{id}/secrets/{s}/revoke":           application((*visit).revokeSecret),
		"GET " + applications + "/{id}/revoke":                        application((*visit).warnTokens),
		"POST " + applications + "/{id}/revoke":                       application((*visit).revokeTokens),
		"GET " + applications + "/{id}/delete":                        application((*visit).warnDelete),
		"POST " + applications + "/{id}/delete":                       application((*visit).delete),
		"POST " + account + "/authorized_applications/{grant}/revoke": (*visit).revokeGrant,
	} {
		d.mux.Handle(pattern, d.serve(h))
	}
}

// ServeHTTP serves the pages, and 404 for every other path.
func (d *Dashboard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Whatever the answer is, errors and the way to sign in too: what opened the page could
	// tell from its being cut off what the user may see.
	w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
	h, pattern := d.mux.Handler(r)
	if pattern == "" {
		d.unrouted(w, r, h)
		return
	}
	d.mux.ServeHTTP(w, r)
}

// Path returns the path of an account's pages, to link to.
func (d *Dashboard) Path(account string) string {
	return d.prefix + "/accounts/" + url.PathEscape(account) + "/oauth_applications"
}
