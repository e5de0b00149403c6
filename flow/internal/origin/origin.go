// Package origin tells forms of this service's own pages from those of other
// sites.
package origin

import (
	"errors"
	"net/http"
	"net/url"
)

// A Guard refuses requests that a page of another origin sent. It is safe for
// concurrent use.
type Guard struct{ protection *http.CrossOriginProtection }

// NewGuard returns the guard of a service with this external URL. Requests may
// reach it under another host, behind a proxy.
func NewGuard(issuer *url.URL) (Guard, error) {
	protection := http.NewCrossOriginProtection()
	if err := protection.AddTrustedOrigin(issuer.Scheme + "://" + issuer.Host); err != nil {
		return Guard{}, errors.New("must have an origin")
	}
	return Guard{protection}, nil
}

// Check returns an error for a request that changes something and that a
// browser says comes from another origin: by Sec-Fetch-Site, or by Origin where
// that is missing.
//
// "Origin: null" without Sec-Fetch-Site says nothing. Browsers that know no
// Sec-Fetch-Site send it with forms of our own pages, if a proxy or extension
// takes their Referrer-Policy away; sandboxed pages of others send it too.
// Check lets it pass: the form's ticket, which is bound to the user's session,
// tells them apart. So it guards only forms that have such a ticket.
func (g Guard) Check(r *http.Request) error {
	if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "null" {
		return nil
	}
	return g.protection.Check(r)
}
