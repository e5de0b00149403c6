package dashboard

import (
	"net/http"

	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// warning is the page before what cannot be undone; below is the path of its
// form below the application's.
func (v *visit) warning(below ...string) page.Warning {
	action := v.appURL(below...)
	return page.Warning{
		Account: v.account.Name,
		ListURL: v.listURL(),
		Name:    v.app.Name,
		Public:  v.app.Type == oauthapp.Public,
		Action:  action,
		Cancel:  v.appURL(),
		Ticket:  v.ticket(action, ""),
		Notice:  v.undone,
	}
}

// usageWarning is a warning that tells whom it cuts off.
func (v *visit) usageWarning(below string) (page.Warning, error) {
	usage, err := v.registry.Usage(v.ctx, v.account.ID, v.app.ID)
	data := v.warning(below)
	data.Usage = page.Usage{Users: usage.Users, More: usage.More, LastUsedAt: v.moment(usage.LastUsedAt)}
	return data, err
}

// warnTokens tells what revoking all user tokens does.
func (v *visit) warnTokens() error {
	data, err := v.usageWarning("revoke")
	if err != nil {
		return err
	}
	return v.write(v.status, "revoke_tokens.html", data)
}

// revokeTokens revokes all user tokens.
func (v *visit) revokeTokens() error {
	if _, err := v.registry.RevokeTokens(v.ctx, v.account.ID, v.app.ID); err != nil {
		return err
	}
	return v.redirect(v.appURL(), noticeTokensRevoked)
}

// warnDelete tells what deleting the application does, and asks for its name.
func (v *visit) warnDelete() error {
	data, err := v.usageWarning("delete")
	if err != nil {
		return err
	}
	return v.write(v.status, "delete_application.html", data)
}

// delete deletes the application once its name was typed.
func (v *visit) delete() error {
	if !oauthapp.SameName(v.field("confirm_name"), v.app.Name) {
		return v.refuseDelete()
	}
	if err := v.registry.Delete(v.ctx, v.account.ID, v.app.ID); err != nil {
		return err
	}
	return v.redirect(v.listURL(), noticeDeleted)
}

func (v *visit) refuseDelete() error {
	data, err := v.usageWarning("delete")
	if err != nil {
		return err
	}
	data.Problems = []page.Problem{{
		Field:   "confirm_name",
		Message: "This is not the name of the application. Type it exactly as it is shown.",
	}}
	return v.write(http.StatusUnprocessableEntity, "delete_application.html", data)
}
