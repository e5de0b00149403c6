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

// list shows the applications with access to the account and those it
// registered.
func (v *visit) list() error {
	query := v.r.URL.Query()
	grants, err := v.registry.Grants(v.ctx, v.ownGrants(), oauthapp.Page{After: query.Get(afterAuthorized)})
	if err != nil {
		return notFoundIfInvalid(err)
	}
	apps, err := v.registry.Applications(v.ctx, v.account.ID, oauthapp.Page{After: query.Get(afterDeveloper)})
	if err != nil {
		return notFoundIfInvalid(err)
	}
	authorized, err := v.authorized(grants.Items)
	if err != nil {
		return err
	}
	notice, err := v.notice()
	if err != nil {
		return err
	}
	return v.write(v.status, "applications.html", page.Applications{
		Account:         v.account.Name,
		Accounts:        v.accountLinks(),
		Notice:          notice,
		Problem:         v.undone,
		NewURL:          v.listURL() + "/new",
		Authorized:      authorized,
		AuthorizedPages: v.pageLinks(afterAuthorized, grants.Next),
		Developer:       v.developer(apps.Items),
		DeveloperPages:  v.pageLinks(afterDeveloper, apps.Next),
	})
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

// ownGrants selects what can be seen and revoked here: every user's grants for
// the account.
func (v *visit) ownGrants() oauthapp.GrantFilter {
	return oauthapp.GrantFilter{AccountID: v.account.ID}
}

func (v *visit) accountLinks() []page.AccountLink {
	if len(v.user.Accounts) < 2 {
		return nil
	}
	links := make([]page.AccountLink, len(v.user.Accounts))
	for i, a := range v.user.Accounts {
		links[i] = page.AccountLink{URL: v.Path(a.ID), Text: a.Name, Current: a.ID == v.account.ID}
	}
	return links
}

func (v *visit) authorized(grants []oauthapp.Grant) ([]page.Authorized, error) {
	names := map[string]string{v.user.ID: v.user.Name}
	rows := make([]page.Authorized, len(grants))
	for i, g := range grants {
		action := v.prefix + "/accounts/" + url.PathEscape(v.account.ID) + "/authorized_applications/" + g.ID.String() + "/revoke"
		if _, known := names[g.UserID]; !known {
			name, err := v.kernel.UserName(v.ctx, g.UserID)
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
			You:          g.UserID == v.user.ID,
			Scopes:       v.scopes(g.Scopes),
			AuthorizedAt: v.moment(g.AuthorizedAt),
			LastUsedAt:   v.moment(g.LastUsedAt),
			RevokeURL:    action,
			Ticket:       v.ticket(action, ""),
		}
	}
	return rows, nil
}

func (v *visit) developer(apps []oauthapp.Application) []page.Listed {
	rows := make([]page.Listed, len(apps))
	for i, app := range apps {
		rows[i] = page.Listed{
			Name:       app.Name,
			URL:        v.listURL() + "/" + app.ID.String(),
			Public:     app.Type == oauthapp.Public,
			CreatedAt:  v.moment(app.CreatedAt),
			LastUsedAt: v.moment(app.LastUsedAt),
		}
	}
	return rows
}

// pageLinks links the pages of one list; the other list stays where it is.
func (v *visit) pageLinks(field, next string) page.Pages {
	query := url.Values{}
	for _, name := range []string{afterDeveloper, afterAuthorized} {
		if after := v.r.URL.Query().Get(name); after != "" {
			query.Set(name, after)
		}
	}
	link := func(after string) string {
		query.Del(field)
		if after != "" {
			query.Set(field, after)
		}
		if len(query) == 0 {
			return v.listURL()
		}
		return v.listURL() + "?" + query.Encode()
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

// findGrant returns ErrNotFound for a grant that is not among the account's
// newest 1000.
func (v *visit) findGrant() error {
	id, err := pathID(v.r, "grant")
	if err != nil {
		return err
	}
	page := oauthapp.Page{Limit: 200}
	for range 5 {
		grants, err := v.registry.Grants(v.ctx, v.ownGrants(), page)
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

// revokeGrant ends what one user authorized for the account.
func (v *visit) revokeGrant() error {
	id, err := pathID(v.r, "grant")
	if err != nil {
		return err
	}
	grant, err := v.registry.RevokeGrant(v.ctx, v.ownGrants(), id)
	if err != nil {
		return err
	}
	return v.redirect(v.listURL(), noticeGrantRevoked, grant.ApplicationID.String(), grant.UserID)
}
