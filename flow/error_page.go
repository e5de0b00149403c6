package flow

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
)

// refuseOnPage tells the user what is wrong where nobody can be redirected.
func (p *Provider) refuseOnPage(w http.ResponseWriter, r *http.Request, refusal *wire.Error) {
	refused(r, refusal)
	view := page.Error{
		Status:  refusal.Status,
		Title:   "This request cannot be used",
		Message: "The application that sent you here made a mistake in its request. Go back to it and try again, or tell its developer.",
		Detail:  refusal.Description,
		Time:    p.now(),
	}
	if refusal.Received != "" {
		view.Received = inert(refusal.Received)
		view.Remedy = "Send one of the application’s callback URLs, character by character, or add this one to them."
	}
	switch {
	case refusal.Status >= http.StatusInternalServerError:
		p.logFailure(r, "request failed", refusal)
		w.Header().Set("Retry-After", strconv.Itoa(int(wire.OutageRetryAfter.Seconds())))
		view.Title = "Something is not working"
		view.Message = "This is not your fault. Nothing was changed; please try again in a moment."
		view.Detail = ""
	case refusal.Suspended:
		view.Title = "This application is suspended"
		view.Message = "It cannot reach your account at the moment. Nothing was changed, and you do not need to do anything."
		view.Detail = refusal.Suspension
	case refusal.Unapproved:
		view.Title = "This application is not open to you yet"
		view.Message = "Until this service has approved it, only its developers can authorize it. Nothing was changed; try again later, or ask its developers."
		view.Detail = ""
	case refusal.Status == http.StatusForbidden:
		view.Title = "This form cannot be used"
		view.Message = "It does not belong to your session here. Nothing was changed; go back to the application and start again."
		view.Detail = ""
	}
	p.pages.Write(w, r, refusal.Status, "error.html", view)
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
