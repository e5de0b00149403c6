package flow

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/wire"
)

// answer sends the user back to the client with names and values in turn, the
// state as it came, and the issuer (RFC 9207).
func (p *Provider) answer(w http.ResponseWriter, a *authorizationRequest, params ...string) {
	if a.params.Count("state") == 1 {
		params = append(params, "state", a.params.Get("state"))
	}
	seeOther(w, withParams(a.redirectURI, append(params, "iss", p.cfg.Issuer)...))
}

// refuseByRedirect sends the user back with an error (RFC 6749, section
// 4.1.2.1).
func (p *Provider) refuseByRedirect(w http.ResponseWriter, r *http.Request, a *authorizationRequest, refusal *wire.Error) {
	noteRefusal(r, refusal)
	p.answer(w, a, "error", refusal.Code, "error_description", refusal.Description)
}

// withParams appends query parameters, names and values in turn, to a redirect
// URI, whose own query stays as it is (RFC 6749, section 3.1.2). Registration
// sees to it that this has no parameters of those names.
func withParams(redirectURI string, params ...string) string {
	var b strings.Builder
	b.WriteString(redirectURI)
	separator := "?"
	if strings.Contains(redirectURI, "?") {
		separator = "&"
	}
	for i := 0; i < len(params); i += 2 {
		b.WriteString(separator + params[i] + "=" + url.QueryEscape(params[i+1]))
		separator = "&"
	}
	return b.String()
}

// seeOther redirects with 303, after which a browser never sends a form again
// (RFC 9700, section 4.12).
func seeOther(w http.ResponseWriter, location string) {
	h := w.Header()
	h.Set("Location", location)
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
}
