package dashboard

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
)

// A notice names what was just done, in the query of the page that says so.
type notice string

const (
	noticeUpdated           notice = "updated"
	noticeDeleted           notice = "deleted"
	noticeTokensRevoked     notice = "tokens-revoked"
	noticeSecretRevoked     notice = "secret-revoked"
	noticeGrantRevoked      notice = "access-revoked" // about an application and a user, by ID
	noticeAlreadyRegistered notice = "already-registered"
	noticeAlreadyReset      notice = "already-reset"
)

var notices = map[notice]string{
	noticeUpdated:           "The application is saved.",
	noticeDeleted:           "The application is deleted.",
	noticeTokensRevoked:     "All user tokens are revoked.",
	noticeSecretRevoked:     "The client secret is revoked.",
	noticeAlreadyRegistered: "This application was registered already, so nothing was changed. Its client secret was shown once; reset it if you do not have it.",
	noticeAlreadyReset:      "The client secrets have changed since that form was opened, so nothing was reset.",
}

const (
	noticeTTL     = 5 * time.Minute
	noticePurpose = "dashboard notice"
)

// redirect answers a form that was carried out: the page at path then says so.
func (v *visit) redirect(path string, n notice, about ...string) error {
	query := url.Values{"notice": {string(n)}, "seal": {v.kernel.Tickets.Sign(v.now.Add(noticeTTL), noticePurpose, v.noticed(path, n, about)...)}}
	if len(about) > 0 {
		query["about"] = about
	}
	return v.goTo(path + "?" + query.Encode())
}

func (v *visit) goTo(target string) error {
	v.w.Header().Set("Cache-Control", "no-store")
	http.Redirect(v.w, v.r, target, http.StatusSeeOther)
	return nil
}

// noticed is what the seal of a notice is about. So nobody can make a page say
// what was not done in this session.
func (v *visit) noticed(path string, n notice, about []string) []string {
	return append([]string{v.user.ID, v.session, path, string(n)}, about...)
}

// notice returns what this page says was just done, "" if it is asked to say
// nothing.
func (v *visit) notice() (string, error) {
	query := v.r.URL.Query()
	n, about := notice(query.Get("notice")), query["about"]
	if v.kernel.Tickets.Verify(query.Get("seal"), v.now, noticePurpose, v.noticed(v.path, n, about)...) != nil {
		return "", nil
	}
	if n == noticeGrantRevoked && len(about) == 2 {
		return v.revoked(about[0], about[1])
	}
	return notices[n], nil
}

// revoked names the access that was revoked.
func (v *visit) revoked(application, user string) (string, error) {
	id, err := uuid.Parse(application)
	if err != nil {
		return "", err
	}
	name := "an application that is deleted"
	app, err := v.registry.Application(v.ctx, oauthapp.AnyOwner, id)
	switch {
	case err == nil:
		name = app.Name
	case !errors.Is(err, oauthapp.ErrNotFound):
		return "", err
	}
	by, err := v.userName(user)
	return fmt.Sprintf("The access that %s gave %s to the account %s is revoked.", by, name, v.account.Name), err
}

// userName is how a sentence calls a user.
func (v *visit) userName(id string) (string, error) {
	if id == v.user.ID {
		return "you", nil
	}
	name, err := v.kernel.UserName(v.ctx, id)
	if name == "" {
		name = "user " + id
	}
	return name, err
}
