package dashboard

import (
	"errors"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// list shows the applications with access to the account and, to those who may
// manage them, those it registered.
func (req *request) list() error {
	data := page.Applications{
		Account: req.account.Name, Accounts: req.accountLinks(), Pages: req.kernel.OtherPages(req.account.ID, req.listURL()), Problem: req.undone,
		OfOthers: req.account.SeesGrants, EverywhereURL: req.prefix + everywherePath,
	}
	if err := req.addAuthorized(&data, req.grants(req.account.SeesGrants)); err != nil {
		return err
	}
	if err := req.addDeveloper(&data); err != nil {
		return err
	}
	var err error
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
	apps, tools, err := rows(req, listing[oauthapp.Application]{
		prefix: developerList,
		read: func(p oauthapp.Page) (oauthapp.List[oauthapp.Application], error) {
			return req.registry.Applications(req.ctx, oauthapp.OwnedBy(req.account.ID), p)
		},
		texts: func(app oauthapp.Application) []string {
			return append([]string{app.Name, app.Description, app.HomepageURL, app.ClientID}, app.CallbackURLs...)
		},
		used: func(app oauthapp.Application) time.Time { return app.LastUsedAt },
	})
	if err != nil {
		return err
	}
	data.Manages, data.NewURL, data.ReceiveURL = true, req.listURL()+"/new", req.receiveURL()
	data.Developer, data.DeveloperListing = req.developer(apps), tools
	return nil
}

// notFoundIfInvalid returns ErrNotFound for a link to a place in a list that
// there never was.
func notFoundIfInvalid(err error) error {
	if _, ok := errors.AsType[*oauthapp.ValidationError](err); ok {
		return oauthapp.ErrNotFound
	}
	return err
}

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

func (req *request) developer(apps []oauthapp.Application) []page.Listed {
	rows := make([]page.Listed, len(apps))
	for i, app := range apps {
		rows[i] = page.Listed{
			Name:       app.Name,
			Avatar:     page.NewAvatar(app.Name, app.ClientID),
			ClientID:   app.ClientID,
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
