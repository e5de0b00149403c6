package dashboard

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// Config configures a [Dashboard].
type Config struct {
	// Provider administers the applications, and tells who is signed in. It
	// also serves the stylesheet. Required.
	Provider *flow.Provider

	// Prefix is the path below which the pages are, such as "/settings".
	// Requests are matched by their full path, so do not strip it. Defaults to
	// none: the pages are at /accounts/.
	Prefix string
}

// A Dashboard is an http.Handler for the pages. Make one with [New]. It keeps
// no state and is safe for concurrent use.
type Dashboard struct {
	kernel      *kernel.Kernel
	registry    *oauthapp.Registry
	prefix      string
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
		return nil, errors.New("dashboard: Config.Prefix must be a path that begins with a slash and needs no escaping, such as /settings")
	}
	k := cfg.Provider.Kernel()
	d := &Dashboard{
		kernel:      k,
		registry:    k.Registry,
		prefix:      prefix,
		formActions: page.FormActions(k.LoginURL("/")),
		mux:         http.NewServeMux(),
	}
	d.route()
	k.SetManageURL(prefix + everywherePath)
	k.SetAccountPage(kernel.AccountPage{Label: page.Say("list.heading"), URL: d.Path})
	return d, nil
}

func (d *Dashboard) route() {
	account := d.prefix + "/accounts/{account}"
	list := account + "/oauth_applications"
	one := list + "/{id}"
	secret := one + "/secrets/{s}"
	for path, h := range map[string]handler{
		list + "/new":      (*request).newApplication,
		one:                (*request).show,
		one + "/edit":      (*request).edit,
		one + "/secrets":   (*request).backToApplication,
		secret + "/revoke": (*request).warnSecret,
		one + "/revoke":    (*request).warnTokens,
		one + "/transfer":  (*request).warnTransfer,
		one + "/delete":    (*request).warnDelete,
		list + "/receive":  (*request).askForCode,
	} {
		d.mux.Handle("GET "+path, d.serve(managing(ofPath(path, h)), nil))
	}
	d.mux.Handle("GET "+list, d.serve((*request).list, nil))
	for path, f := range map[string]form{
		list:                       {do: (*request).register, show: (*request).newApplication, page: list + "/new"},
		one:                        {do: (*request).update, show: (*request).edit, page: one + "/edit"},
		one + "/secrets":           {do: (*request).resetSecret, show: (*request).show, page: one},
		secret + "/revoke":         {do: (*request).revokeSecret, show: (*request).warnSecret, page: secret + "/revoke"},
		one + "/revoke":            {do: (*request).revokeTokens, show: (*request).warnTokens, page: one + "/revoke"},
		one + "/delete":            {do: (*request).delete, show: (*request).warnDelete, page: one + "/delete"},
		one + "/transfer":          {do: (*request).offer, show: (*request).warnTransfer, page: one + "/transfer"},
		one + "/transfer/withdraw": {do: (*request).withdraw, show: (*request).warnTransfer, page: one + "/transfer"},
		list + "/receive":          {do: (*request).receive, show: (*request).askForCode, page: list + "/receive"},
	} {
		d.mux.Handle("POST "+path, d.serve(managing(ofPath(path, f.checked)), &f))
	}
	revoke := form{do: (*request).revokeGrant, show: (*request).list, page: list, check: (*request).findGrant}
	d.mux.Handle("POST "+account+"/authorized_applications/{grant}/revoke", d.serve(revoke.checked, &revoke))

	everywhere := d.prefix + everywherePath
	d.mux.Handle("GET "+everywhere, d.serve((*request).everywhere, nil))
	revokeAnywhere := form{do: (*request).revokeGrant, show: (*request).everywhere, page: everywhere, check: (*request).findGrant}
	d.mux.Handle("POST "+everywhere+"/revoke/{grant}", d.serve(revokeAnywhere.checked, &revokeAnywhere))
}

// ofPath returns the handler of a path, which looks up first what the path
// names.
func ofPath(path string, h handler) handler {
	if strings.Contains(path, "{s}") {
		h = ofSecret(h)
	}
	if strings.Contains(path, "{id}") {
		h = ofApplication(h)
	}
	return h
}

// ServeHTTP serves the pages, and 404 for every other path.
func (d *Dashboard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Whatever the answer is, errors and the way to sign in too: what opened
	// the page could tell from its being cut off what the user may see.
	w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
	h, pattern := d.mux.Handler(r)
	if pattern == "" {
		d.unrouted(w, r, h)
		return
	}
	d.mux.ServeHTTP(w, r)
}

// Path returns the path of an account's pages, for links to them.
func (d *Dashboard) Path(account string) string {
	return d.prefix + "/accounts/" + url.PathEscape(account) + "/oauth_applications"
}
