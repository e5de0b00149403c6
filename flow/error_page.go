package flow

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
)

// refuseOnPage tells the user what is wrong where nobody can be redirected, and
// a program that asks for JSON in JSON.
func (p *Provider) refuseOnPage(w http.ResponseWriter, r *http.Request, refusal *wire.Error) {
	w.Header().Add("Vary", "Accept")
	if wantsJSON(r) {
		p.writeErrorBody(w, r, refusal)
		return
	}
	noteRefusal(r, refusal)
	wire.SetRetryAfter(w, refusal)
	view := page.Error{
		Status:  refusal.Status,
		Title:   page.Say("error.request"),
		Message: page.Say("error.request_text"),
		Detail:  refusal.Description,
		Time:    p.pages.Moments(r)(p.now()),
		Back:    &page.Link{URL: p.issuer.Scheme + "://" + p.issuer.Host, Text: page.Say("error.back", p.issuer.Host)},
	}
	if refusal.Received != "" {
		view.Received = inert(refusal.Received)
		view.Remedy = page.Say("error.redirect_uri_remedy")
	}
	switch {
	case refusal.Status >= http.StatusInternalServerError:
		view.Reference = page.NewReference()
		p.logFailure(r, "request failed", refusal, "reference", view.Reference)
		view.Title = page.Say("error.outage")
		view.Message = page.Say("error.outage_text")
		view.Detail = ""
	case refusal.Over:
		view.Title = page.Say("error.over")
		view.Message = page.Say("error.over_text")
	case refusal.Suspended:
		view.Title = page.Say("error.suspended")
		view.Message = page.Say("error.suspended_text")
		view.Detail = refusal.Suspension
	case refusal.Unapproved:
		view.Title = page.Say("error.unapproved")
		view.Message = page.Say("error.unapproved_text")
		view.Detail = ""
	case refusal.Status == http.StatusForbidden:
		view.Title = page.Say("error.form")
		view.Message = page.Say("error.form_text")
		view.Detail = ""
	}
	p.pages.Write(w, r, refusal.Status, "error.html", view)
}

// wantsJSON reports whether a request is that of a program. Published clients
// ask so whether their registration is still good, before they open a browser.
func wantsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, wire.JSONType) && !strings.Contains(accept, "text/html")
}

// maxReceived bounds what a page shows of something that was received, in
// bytes.
const maxReceived = 300

// inert is what a page shows of something that was received: its beginning,
// with all that is not visible ASCII in percent-encoding, so that nothing can
// pose as anything.
func inert(received string) string {
	var b strings.Builder
	for _, c := range []byte(received) {
		if b.Len() >= maxReceived {
			b.WriteString("…")
			break
		}
		if c <= ' ' || c > '~' {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
