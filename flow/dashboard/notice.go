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
	noticeOfferWithdrawn    notice = "offer-withdrawn"
	noticeNoOffer           notice = "no-offer"
	noticeReceived          notice = "received"
	noticeDeclined          notice = "declined"
	noticeOwnedAlready      notice = "owned-already"
	noticeAlreadyRegistered notice = "already-registered"
	noticeAlreadyReset      notice = "already-reset"
)

var notices = map[notice]string{
	noticeUpdated:           "The application is saved.",
	noticeDeleted:           "The application is deleted.",
	noticeTokensRevoked:     "All user tokens are revoked.",
	noticeSecretRevoked:     "The client secret is revoked.",
	noticeOfferWithdrawn:    "The offer is withdrawn. Its code is of no use any more.",
	noticeNoOffer:           "There is no offer to withdraw: it was withdrawn, declined or accepted, or has expired.",
	noticeReceived:          "The application belongs to this account now. Reset its client secret, if it has one: whoever had the application before still knows it.",
	noticeDeclined:          "The application is declined. It stays with the account that offered it.",
	noticeOwnedAlready:      "This account has this application already.",
	noticeAlreadyRegistered: "This application was registered already, so nothing was changed. Its client secret was shown once; reset it if you do not have it.",
	noticeAlreadyReset:      "The client secrets have changed since that form was opened, so nothing was reset.",
}

const (
	noticeTTL     = 5 * time.Minute
	noticePurpose = "dashboard notice"
)

// redirect answers a form that was carried out: the page at path then says so.
func (req *request) redirect(path string, n notice, about ...string) error {
	query := url.Values{"notice": {string(n)}, "seal": {req.kernel.Tickets.Sign(req.now.Add(noticeTTL), noticePurpose, req.noticed(path, n, about)...)}}
	if len(about) > 0 {
		query["about"] = about
	}
	return req.goTo(path + "?" + query.Encode())
}

func (req *request) goTo(target string) error {
	req.w.Header().Set("Cache-Control", "no-store")
	http.Redirect(req.w, req.r, target, http.StatusSeeOther)
	return nil
}

// noticed is what the seal of a notice is about. So nobody can make a page say
// what was not done in this session.
func (req *request) noticed(path string, n notice, about []string) []string {
	return append([]string{req.user.ID, req.session, path, string(n)}, about...)
}

// notice returns what this page says was just done, "" if it is asked to say
// nothing.
func (req *request) notice() (string, error) {
	query := req.r.URL.Query()
	n, about := notice(query.Get("notice")), query["about"]
	if req.kernel.Tickets.Verify(query.Get("seal"), req.now, noticePurpose, req.noticed(req.path, n, about)...) != nil {
		return "", nil
	}
	if n == noticeGrantRevoked && len(about) == 2 {
		return req.revoked(about[0], about[1])
	}
	return notices[n], nil
}

// revoked names the access that was revoked.
func (req *request) revoked(application, user string) (string, error) {
	id, err := uuid.Parse(application)
	if err != nil {
		return "", err
	}
	name := "an application that is deleted"
	app, err := req.registry.Application(req.ctx, oauthapp.AnyOwner, id)
	switch {
	case err == nil:
		name = app.Name
	case !errors.Is(err, oauthapp.ErrNotFound):
		return "", err
	}
	by, err := req.userName(user)
	return fmt.Sprintf("The access that %s gave %s to the account %s is revoked.", by, name, req.account.Name), err
}

// userName is how a sentence calls a user.
func (req *request) userName(id string) (string, error) {
	if id == req.user.ID {
		return "you", nil
	}
	name, err := req.kernel.UserName(req.ctx, id)
	if name == "" {
		name = "user " + id
	}
	return name, err
}
