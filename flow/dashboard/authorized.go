package dashboard

import (
	"net/url"
	"slices"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// everywherePath is where users see what they authorized in any account, also
// in one that they have left.
const everywherePath = "/accounts/authorized_applications"

// everywhere shows every application that the user authorized.
func (req *request) everywhere() error {
	data := page.Applications{Everywhere: true, Problem: req.undone}
	if err := req.addAuthorized(&data, oauthapp.GrantsOfUser(req.user.ID)); err != nil {
		return err
	}
	var err error
	if data.Notice, err = req.notice(); err != nil {
		return err
	}
	return req.write(req.status, "applications.html", data)
}

// addAuthorized adds the applications with access that a filter selects.
func (req *request) addAuthorized(data *page.Applications, filter oauthapp.GrantFilter) error {
	grants, tools, err := rows(req, listing[oauthapp.Grant]{
		prefix: authorizedList,
		read: func(p oauthapp.Page) (oauthapp.List[oauthapp.Grant], error) {
			return req.registry.Grants(req.ctx, filter, p)
		},
		texts: func(g oauthapp.Grant) []string {
			return append([]string{g.Application.Name, g.Application.HomepageURL, g.Application.ClientID, g.UserID}, g.Scopes...)
		},
		used: func(g oauthapp.Grant) time.Time { return g.LastUsedAt },
	})
	if err != nil {
		return err
	}
	data.AuthorizedListing = tools
	data.Authorized, err = req.authorized(grants)
	return err
}

func (req *request) authorized(grants []oauthapp.Grant) ([]page.Authorized, error) {
	users := map[string]string{req.user.ID: req.user.Name}
	accounts := map[string]string{}
	rows := make([]page.Authorized, len(grants))
	for i, g := range grants {
		by, err := nameOf(users, g.UserID, func(id string) (string, error) { return req.kernel.UserName(req.ctx, id) })
		if err != nil {
			return nil, err
		}
		account, err := nameOf(accounts, g.AccountID, req.accountName)
		if err != nil {
			return nil, err
		}
		rows[i] = page.Authorized{
			Name:         g.Application.Name,
			Avatar:       page.NewAvatar(g.Application.Name, g.Application.ClientID),
			Homepage:     g.Application.HomepageURL,
			Account:      account,
			By:           by,
			UserID:       g.UserID,
			You:          g.UserID == req.user.ID,
			Standing:     userStanding(g.Application),
			Scopes:       req.scopes(g.Scopes),
			AuthorizedAt: req.moment(g.AuthorizedAt),
			LastUsedAt:   req.moment(g.LastUsedAt),
		}
		if rows[i].You || req.account.EndsGrants {
			action := req.revokeURL(g)
			rows[i].RevokeURL, rows[i].Ticket = action, req.ticket(action, "")
		}
	}
	return rows, nil
}

// nameOf returns a name that is known, or asks for it once.
func nameOf(known map[string]string, id string, ask func(string) (string, error)) (string, error) {
	if name, ok := known[id]; ok {
		return name, nil
	}
	name, err := ask(id)
	known[id] = name
	return name, err
}

// revokeURL is where the form is sent that ends a grant.
func (req *request) revokeURL(g oauthapp.Grant) string {
	if req.account.ID == "" {
		return req.prefix + everywherePath + "/revoke/" + g.ID.String()
	}
	return req.prefix + "/accounts/" + url.PathEscape(req.account.ID) + "/authorized_applications/" + g.ID.String() + "/revoke"
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

// revocable selects the grants that the user may revoke: those for the account
// that they may see to, or else their own.
func (req *request) revocable() oauthapp.GrantFilter {
	if req.account.ID == "" {
		return oauthapp.GrantsOfUser(req.user.ID)
	}
	return req.grants(req.account.EndsGrants)
}

// findGrant returns ErrNotFound for a grant that the user may not revoke.
func (req *request) findGrant() error {
	id, err := pathID(req.r, "grant")
	if err != nil {
		return err
	}
	for after := ""; ; {
		grants, err := req.registry.Grants(req.ctx, req.revocable(), oauthapp.Page{After: after, Limit: rowsPerRead})
		if err != nil {
			return err
		}
		if slices.ContainsFunc(grants.Items, func(g oauthapp.Grant) bool { return g.ID == id }) {
			return nil
		}
		if after = grants.Next; after == "" {
			return oauthapp.ErrNotFound
		}
	}
}

// revokeGrant ends what a user authorized.
func (req *request) revokeGrant() error {
	id, err := pathID(req.r, "grant")
	if err != nil {
		return err
	}
	grant, err := req.registry.RevokeGrant(req.ctx, req.revocable(), id)
	if err != nil {
		return err
	}
	back := req.prefix + everywherePath
	if req.account.ID != "" {
		back = req.listURL()
	}
	return req.redirect(back, noticeGrantRevoked, grant.ApplicationID.String(), grant.UserID, grant.AccountID)
}
