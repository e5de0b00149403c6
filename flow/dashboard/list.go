package dashboard

import (
	"errors"
	"net/url"
	"slices"

	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// The fields of the query that say where each list goes on.
const (
	afterDeveloper  = "after"
	afterAuthorized = "authorized_after"
)

// list shows the applications with access to the account and, to those who may
// manage them, those it registered.
func (req *request) list() error {
	after := req.r.URL.Query().Get(afterAuthorized)
	grants, err := req.registry.Grants(req.ctx, req.grants(req.account.SeesGrants), oauthapp.Page{After: after})
	if err != nil {
		return notFoundIfInvalid(err)
	}
	data := page.Applications{
		Account: req.account.Name, Accounts: req.accountLinks(), Problem: req.undone,
		OfOthers: req.account.SeesGrants, AuthorizedPages: req.pageLinks(afterAuthorized, grants.Next),
	}
	if data.Authorized, err = req.authorized(grants.Items); err != nil {
		return err
	}
	if err := req.addDeveloper(&data); err != nil {
		return err
	}
	if data.Notice, err = req.notice(); err != nil {
		return err
	}
	return req.write(req.status, "applications.html", data)
}

// addDeveloper adds the applications that the account registered.
func (req *request) addDeveloper(data *page.Applications) error {
	if !req.account.Manages {
		return nil
	}
	after := req.r.URL.Query().Get(afterDeveloper)
	apps, err := req.registry.Applications(req.ctx, oauthapp.OwnedBy(req.account.ID), oauthapp.Page{After: after})
	if err != nil {
		return notFoundIfInvalid(err)
	}
	data.Manages, data.NewURL, data.ReceiveURL = true, req.listURL()+"/new", req.receiveURL()
	data.Developer, data.DeveloperPages = req.developer(apps.Items), req.pageLinks(afterDeveloper, apps.Next)
	return nil
}

// notFoundIfInvalid takes a link to a place in a list that there never was as
// one to nowhere.
func notFoundIfInvalid(err error) error {
	var invalid *oauthapp.ValidationError
	if errors.As(err, &invalid) {
		return oauthapp.ErrNotFound
	}
	return err
}

// grants selects the grants for the account: those of every user, or the user's
// own.
func (req *request) grants(ofAll bool) oauthapp.GrantFilter {
	filter := oauthapp.GrantsForAccount(req.account.ID)
	if !ofAll {
		filter = filter.OfUser(req.user.ID)
	}
	return filter
}

// revocable selects the grants that the user may revoke.
func (req *request) revocable() oauthapp.GrantFilter { return req.grants(req.account.EndsGrants) }

func (req *request) accountLinks() []page.AccountLink {
	if len(req.user.Accounts) < 2 {
		return nil
	}
	links := make([]page.AccountLink, len(req.user.Accounts))
	for i, a := range req.user.Accounts {
		links[i] = page.AccountLink{URL: req.Path(a.ID), Text: a.Name, Current: a.ID == req.account.ID}
	}
	return links
}

func (req *request) authorized(grants []oauthapp.Grant) ([]page.Authorized, error) {
	names := map[string]string{req.user.ID: req.user.Name}
	rows := make([]page.Authorized, len(grants))
	for i, g := range grants {
		action := req.prefix + "/accounts/" + url.PathEscape(req.account.ID) + "/authorized_applications/" + g.ID.String() + "/revoke"
		if _, known := names[g.UserID]; !known {
			name, err := req.kernel.UserName(req.ctx, g.UserID)
			if err != nil {
				return nil, err
			}
			names[g.UserID] = name
		}
		rows[i] = page.Authorized{
			Name:         g.Application.Name,
			Homepage:     g.Application.HomepageURL,
			By:           names[g.UserID],
			UserID:       g.UserID,
			You:          g.UserID == req.user.ID,
			Standing:     userStanding(g.Application),
			Scopes:       req.scopes(g.Scopes),
			AuthorizedAt: req.moment(g.AuthorizedAt),
			LastUsedAt:   req.moment(g.LastUsedAt),
		}
		if rows[i].You || req.account.EndsGrants {
			rows[i].RevokeURL, rows[i].Ticket = action, req.ticket(action, "")
		}
	}
	return rows, nil
}

func (req *request) developer(apps []oauthapp.Application) []page.Listed {
	rows := make([]page.Listed, len(apps))
	for i, app := range apps {
		rows[i] = page.Listed{
			Name:       app.Name,
			URL:        req.listURL() + "/" + app.ID.String(),
			Public:     app.Type == oauthapp.Public,
			Standing:   req.standing(app),
			CreatedAt:  req.moment(app.CreatedAt),
			LastUsedAt: req.moment(app.LastUsedAt),
		}
	}
	return rows
}

// standing is what an owner sees of the standing of an application.
func (req *request) standing(app oauthapp.Application) page.Standing {
	s := userStanding(app)
	s.Awaiting = req.kernel.AwaitsApproval(app)
	return s
}

// userStanding is what those see of it who authorized the application: for them
// it is approved. The reason stays with a reinstated one, and is not shown.
func userStanding(app oauthapp.Application) page.Standing {
	s := page.Standing{Suspended: app.Standing.Suspended, Verified: app.Standing.Verified}
	if s.Suspended {
		s.Reason = app.Standing.Reason
	}
	return s
}

// pageLinks links the pages of one list; the other list stays where it is.
func (req *request) pageLinks(field, next string) page.Pages {
	query := url.Values{}
	for _, name := range []string{afterDeveloper, afterAuthorized} {
		if after := req.r.URL.Query().Get(name); after != "" {
			query.Set(name, after)
		}
	}
	link := func(after string) string {
		query.Del(field)
		if after != "" {
			query.Set(field, after)
		}
		if len(query) == 0 {
			return req.listURL()
		}
		return req.listURL() + "?" + query.Encode()
	}
	var links page.Pages
	if query.Get(field) != "" {
		links.First = link("")
	}
	if next != "" {
		links.Next = link(next)
	}
	return links
}

// findGrant returns ErrNotFound for a grant that is not among the newest 1000
// that the user may revoke.
func (req *request) findGrant() error {
	id, err := pathID(req.r, "grant")
	if err != nil {
		return err
	}
	page := oauthapp.Page{Limit: 200}
	for range 5 {
		grants, err := req.registry.Grants(req.ctx, req.revocable(), page)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(grants.Items, func(g oauthapp.Grant) bool { return g.ID == id }) {
			return nil
		}
		if page.After = grants.Next; page.After == "" {
			break
		}
	}
	return oauthapp.ErrNotFound
}

// revokeGrant ends what a user authorized for the account.
func (req *request) revokeGrant() error {
	id, err := pathID(req.r, "grant")
	if err != nil {
		return err
	}
	grant, err := req.registry.RevokeGrant(req.ctx, req.revocable(), id)
	if err != nil {
		return err
	}
	return req.redirect(req.listURL(), noticeGrantRevoked, grant.ApplicationID.String(), grant.UserID)
}
