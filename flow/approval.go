package flow

import (
	"net/http"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// awaitsApproval reports whether an application is for the users of its owner's
// account alone, until the service approves it.
func (p *Provider) awaitsApproval(app oauthapp.Application) bool {
	needsApproval := p.cfg.Applications.NeedsApproval
	return needsApproval != nil && !app.Standing.Approved && needsApproval(app)
}

// refuseUnapproved refuses what a user would give an application that awaits
// approval and is of an account that is none of theirs.
func (p *Provider) refuseUnapproved(app oauthapp.Application, user *kernel.User) *wire.Error {
	if !p.awaitsApproval(app) || app.Owner != "" && user.IsOf(app.Owner) {
		return nil
	}
	refusal := wire.Refuse(AccessDenied, errUnapproved)
	refusal.Status = http.StatusForbidden
	refusal.Unapproved = true
	return refusal
}

const errUnapproved = "the application awaits the approval of this service"

// refuseStranger answers a user to whom an application is not open yet. One
// that nobody registered is kept, so that the service can approve it.
func (p *Provider) refuseStranger(w http.ResponseWriter, r *http.Request, client store.Client, refusal *wire.Error) {
	if client.Application.ID == uuid.Nil {
		kept, outage := p.keepClient(r, client)
		if outage != nil {
			p.refuseOnPage(w, r, outage)
			return
		}
		noteClient(r, kept)
	}
	p.refuseOnPage(w, r, refusal)
}
