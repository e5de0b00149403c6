package page

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

func (s *Set) setHeaders(h http.Header, name string, formActions []string) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", s.contentSecurityPolicy(name, formActions))
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), publickey-credentials-get=(), usb=()")

	// Every page can have a form, be it in the host's layout. With no-referrer
	// browsers would send it with "Origin: null", which tells nobody that it is
	// our own.
	h.Set("Referrer-Policy", "same-origin")

	if h.Get("Cross-Origin-Opener-Policy") == "" {
		h.Set("Cross-Origin-Opener-Policy", s.openerPolicy(name))
	}
	if strings.HasPrefix(s.options.Issuer, "https:") && h.Get("Strict-Transport-Security") == "" {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// openerPolicy lets the pages on the way through the authorization endpoint be
// opened as a pop-up, the host's login page among them. Any other value than
// unsafe-none, same-origin-allow-popups included, cuts a pop-up off from the
// client's page that opened it, also after it has returned to the client's
// origin. All other pages are cut off from whatever opened them. A policy that
// is set already stays.
func (s *Set) openerPolicy(name string) string {
	if s.isHosts(name) || name == consentFile || name == "error.html" {
		return "unsafe-none"
	}
	return "same-origin"
}

// contentSecurityPolicy allows a page nothing but its stylesheets, images and
// forms, and one with credentials the script that copies them, by its exact
// URL.
//
// Browsers hold every redirect that follows a form against form-action. What
// follows the form of the consent page is the client, which may go on from its
// callback URL to any place, such as an application on the user's device. What
// follows a login form, on a page of the host's, is the authorization endpoint,
// and then a client. So these pages have no form-action.
func (s *Set) contentSecurityPolicy(name string, formActions []string) string {
	var b strings.Builder
	b.WriteString("default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'")
	if s.copies[name] {
		b.WriteString("; script-src " + s.options.Issuer + ScriptPath)
	}
	if s.isHosts(name) || name == consentFile {
		return b.String()
	}
	b.WriteString("; form-action 'self'")
	for _, source := range formActions {
		if isSource(source) {
			b.WriteString(" " + source)
		}
	}
	return b.String()
}

// isHosts reports whether a page is one that the host adds.
func (s *Set) isHosts(name string) bool {
	return !slices.Contains(pageFiles, name) &&
		!slices.ContainsFunc(s.options.Further, func(f Further) bool { return len(f.Samples[name]) > 0 })
}

// FormActions returns the sources that let the answer to a form lead to the
// targets, where somebody signs in who was signed out meanwhile. Browsers hold
// the policy against every redirect that follows the form, and a login that
// goes on to an identity provider at an origin of its own must not be stopped
// there. So these are schemes, which still keep the form from javascript and
// data.
func FormActions(targets ...string) []string {
	sources := []string{"https:"}
	for _, target := range targets {
		if u, err := url.Parse(target); err == nil && u.Scheme != "" {
			sources = append(sources, u.Scheme+":")
		}
	}
	slices.Sort(sources)
	return slices.Compact(sources)
}

// isSource refuses what would end the directive, begin another one or be a
// keyword.
func isSource(source string) bool {
	for _, c := range []byte(source) {
		if c <= ' ' || c >= 0x7f || c == ';' || c == ',' || c == '\'' || c == '"' || c == '*' {
			return false
		}
	}
	return source != ""
}
