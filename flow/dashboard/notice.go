package dashboard

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// A notice names what was just done, in the query of the page that says so, and
// its message.
type notice string

const (
	noticeUpdated           notice = "updated"
	noticeDeleted           notice = "deleted"
	noticeTokensRevoked     notice = "tokens-revoked"
	noticeSecretRevoked     notice = "secret-revoked"
	noticeGrantRevoked      notice = "access-revoked" // about an application, a user and an account, by ID
	noticeOfferWithdrawn    notice = "offer-withdrawn"
	noticeNoOffer           notice = "no-offer"
	noticeReceived          notice = "received"
	noticeDeclined          notice = "declined"
	noticeOwnedAlready      notice = "owned-already"
	noticeAlreadyRegistered notice = "already-registered"
	noticeAlreadyReset      notice = "already-reset"
)

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

// notice returns what this page says was just done, nil if it is asked to say
// nothing.
func (req *request) notice() (*page.Message, error) {
	query := req.r.URL.Query()
	n, about := notice(query.Get("notice")), query["about"]
	if req.kernel.Tickets.Verify(query.Get("seal"), req.now, noticePurpose, req.noticed(req.path, n, about)...) != nil {
		return nil, nil
	}
	if n == noticeGrantRevoked && len(about) == 3 {
		return req.revoked(about[0], about[1], about[2])
	}
	return page.Say("notice." + string(n)), nil
}

// revoked names the access that was revoked.
func (req *request) revoked(application, user, account string) (*page.Message, error) {
	id, err := uuid.Parse(application)
	if err != nil {
		return nil, err
	}
	name := page.Say("notice.access-revoked.deleted")
	app, err := req.registry.Application(req.ctx, oauthapp.AnyOwner, id)
	switch {
	case err == nil:
		name = page.Plain(app.Name)
	case !errors.Is(err, oauthapp.ErrNotFound):
		return nil, err
	}
	accountName, err := req.accountName(account)
	if err != nil {
		return nil, err
	}
	if user == req.user.ID {
		return page.Say("notice.access-revoked.yours", name, accountName), nil
	}
	by, err := req.userName(user)
	return page.Say("notice.access-revoked", by, name, accountName), err
}

// accountName is the name of an account that may not be the user's any more.
func (req *request) accountName(id string) (string, error) {
	if account, ok := req.user.Account(id); ok {
		return account.Name, nil
	}
	return req.kernel.AccountName(req.ctx, id)
}

// userName is how a sentence calls another user.
func (req *request) userName(id string) (*page.Message, error) {
	name, err := req.kernel.UserName(req.ctx, id)
	if name == "" {
		return page.Say("common.user", id), err
	}
	return page.Plain(name), err
}
