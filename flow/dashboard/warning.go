package dashboard

import (
	"net/http"

	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// warning is the page before what cannot be undone; below is the path of its
// form below the application's.
func (req *request) warning(below ...string) page.Warning {
	action := req.appURL(below...)
	return page.Warning{
		Account: req.account.Name,
		ListURL: req.listURL(),
		Name:    req.app.Name,
		Public:  req.app.Type == oauthapp.Public,
		Itself:  len(req.kernel.OwnScopes(req.app)) > 0,
		Action:  action,
		Cancel:  req.appURL(),
		Ticket:  req.ticket(action, ""),
		Notice:  req.undone,
	}
}

// usageWarning is a warning that tells whom it cuts off.
func (req *request) usageWarning(below string) (page.Warning, error) {
	usage, err := req.registry.Usage(req.ctx, oauthapp.OwnedBy(req.account.ID), req.app.ID)
	data := req.warning(below)
	data.Usage = page.Usage{Users: usage.Users, More: usage.More, LastUsedAt: req.moment(usage.LastUsedAt)}
	return data, err
}

// warnTokens tells what revoking all user tokens does.
func (req *request) warnTokens() error {
	data, err := req.usageWarning("revoke")
	if err != nil {
		return err
	}
	return req.write(req.status, "revoke_tokens.html", data)
}

// revokeTokens revokes all user tokens.
func (req *request) revokeTokens() error {
	if _, err := req.registry.RevokeTokens(req.ctx, oauthapp.OwnedBy(req.account.ID), req.app.ID); err != nil {
		return err
	}
	return req.redirect(req.appURL(), noticeTokensRevoked)
}

// warnDelete tells what deleting the application does, and asks for its name.
func (req *request) warnDelete() error {
	data, err := req.usageWarning("delete")
	if err != nil {
		return err
	}
	return req.write(req.status, "delete_application.html", data)
}

// delete deletes the application once its name was typed.
func (req *request) delete() error {
	if !oauthapp.SameName(req.field("confirm_name"), req.app.Name) {
		return req.refuseDelete()
	}
	if err := req.registry.Delete(req.ctx, oauthapp.OwnedBy(req.account.ID), req.app.ID); err != nil {
		return err
	}
	return req.redirect(req.listURL(), noticeDeleted)
}

func (req *request) refuseDelete() error {
	data, err := req.usageWarning("delete")
	if err != nil {
		return err
	}
	data.Problems = []page.Problem{{
		Field:   "confirm_name",
		Message: page.Say("delete.wrong_name"),
	}}
	return req.write(http.StatusUnprocessableEntity, "delete_application.html", data)
}
