package flow

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// consentView is what the page of a question shows.
func (p *Provider) consentView(r *http.Request, q *kernel.ConsentQuestion) (page.Consent, *wire.Error) {
	app := q.Client.Application
	owner := ""
	if app.Owner != "" {
		var err error
		if owner, err = p.cfg.Pages.AccountName(r.Context(), app.Owner); err != nil {
			return page.Consent{}, wire.Outage(err)
		}
	}
	granted, refusal := p.granted(r, q)
	if refusal != nil {
		return page.Consent{}, refusal
	}
	optional, refusal := optionalScopes(q)
	if refusal != nil {
		return page.Consent{}, refusal
	}
	accounts, selected := accountChoices(q, granted)
	view := page.Consent{
		Action:      p.issuer.Path + q.Action,
		Request:     withOptional(q.Request, optional),
		UserName:    q.User.Name,
		Application: app.Name,
		Avatar:      page.NewAvatar(app.Name, app.ClientID),
		Description: app.Description,
		Homepage:    app.HomepageURL,
		Home:        shownOrigin(app.HomepageURL),
		Owner:       owner,
		Badge:       p.added.ClientBadge(app),
		Verified:    app.Standing.Verified && isItself(app, q.RedirectURI),
		Awaiting:    p.awaitsApproval(app),
		Public:      app.Type == oauthapp.Public,
		Loopback:    app.Owner == "" && onlyLoopback(app.CallbackURLs),
		Callback:    originOf(q.RedirectURI),
		Remarks:     q.Remarks,
		Accounts:    accounts,

		Service:       p.issuer.Host,
		ServiceAvatar: page.NewAvatar(p.issuer.Host, p.issuer.Host),
		ManageURL:     p.kernel.ManageURL(),
	}
	if p.added.ClientSource(app.ClientID) != nil {
		view.ClientHost = hostOf(app.ClientID)
	}
	if len(p.resources) > 1 {
		for _, identifier := range q.Resources {
			if r, ok := p.findResource(identifier); ok {
				view.Resources = append(view.Resources, page.Resource{Name: r.called(), Identifier: r.Identifier})
			}
		}
	}
	before := granted[selected].Scopes
	view.Scopes, view.NotAsked = p.askedScopes(q.Scopes, before, optional), p.scopesNotAsked(q.Scopes, before)
	return view, nil
}

// askedScopes are what a question asks for: of that the optional ones may be
// left out, and those of before were granted already.
func (p *Provider) askedScopes(names, before, optional []string) []page.AskedScope {
	asked := make([]page.AskedScope, len(names))
	for i, name := range names {
		s := p.scopes[name]
		asked[i] = page.AskedScope{
			Name:        name,
			Description: word("scope", name, s.Description),
			Group:       s.Group,
			GroupName:   word("scope_group", s.Group, s.Group),
			Risk:        word("scope_risk", name, s.Risk),
			Optional:    slices.Contains(optional, name),
			Selected:    slices.Contains(before, name),
			New:         len(before) > 0 && !slices.Contains(before, name) && !slices.Contains(optional, name),
		}
	}
	return asked
}

// scopesNotAsked are the others that the service has, without those of before.
func (p *Provider) scopesNotAsked(names, before []string) (others []page.AskedScope) {
	for _, scope := range p.cfg.Scopes {
		if !slices.Contains(names, scope.Name) && !slices.Contains(before, scope.Name) {
			others = append(others, page.AskedScope{Name: scope.Name, Description: word("scope", scope.Name, scope.Description)})
		}
	}
	return others
}

// maxGrants is how many of a user's accounts are known to be granted already.
// For those beyond, the user is asked.
const maxGrants = 200

// granted returns what the user gave the application already, by the account.
func (p *Provider) granted(r *http.Request, q *kernel.ConsentQuestion) (map[string]oauthapp.Grant, *wire.Error) {
	filter := oauthapp.GrantsOfUser(q.User.ID).ToApplication(q.Client.Application.ID)
	grants, err := p.cfg.Store.Grants(r.Context(), filter, oauthapp.Page{Limit: maxGrants})
	if err != nil {
		return nil, wire.Outage(err)
	}
	granted := make(map[string]oauthapp.Grant, len(grants.Items))
	for _, grant := range grants.Items {
		granted[grant.AccountID] = grant
	}
	return granted, nil
}

// accountChoices lists the user's accounts, and returns the ID of the one that
// is selected. Those that the application has access to come first, the one
// that got it last at their head. The one that the question names is selected,
// or else the first.
func accountChoices(q *kernel.ConsentQuestion, granted map[string]oauthapp.Grant) (choices []page.Account, id string) {
	accounts := slices.Clone(q.User.Accounts)
	slices.SortStableFunc(accounts, func(a, b kernel.Account) int {
		return granted[b.ID].AuthorizedAt.Compare(granted[a.ID].AuthorizedAt) // zero for those without access
	})
	selected := max(slices.IndexFunc(accounts, func(a kernel.Account) bool { return a.ID == q.AccountID }), 0)
	for i, account := range accounts {
		choices = append(choices, page.Account{ID: account.ID, Name: account.Name, Granted: len(granted[account.ID].Scopes) > 0, Selected: i == selected})
	}
	return choices, accounts[selected].ID
}

// originOf returns where a URI leads, for people: scheme and host, or the
// scheme that an application on the user's device has as its own.
func originOf(uri string) string {
	u, err := url.Parse(uri)
	switch {
	case err != nil || u.Scheme == "":
		return ""
	case u.Host == "":
		return u.Scheme
	}
	return u.Scheme + "://" + u.Host
}

// maxShownHost bounds what is shown of a host, in bytes.
const maxShownHost = 60

// shownOrigin is originOf for the head of the consent page, where a host of any
// length would push aside what is asked for. Of a long one it shows the end,
// which tells whose it is.
func shownOrigin(homepage string) string {
	origin := originOf(homepage)
	scheme, host, found := strings.Cut(origin, "://")
	if !found {
		return origin
	}
	return scheme + "://" + shownHost(host)
}

func shownHost(host string) string {
	if len(host) <= maxShownHost {
		return host
	}
	return "…" + host[len(host)-maxShownHost:]
}

// hostOf returns the host of a URI as it is shown, "" where it has none.
func hostOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	return shownHost(u.Host)
}

// onlyLoopback reports whether all callback URLs lead to the user's own device,
// where any program can wait for what is sent there.
func onlyLoopback(callbacks []string) bool {
	for _, callback := range callbacks {
		if u, err := url.Parse(callback); err != nil || !isLoopback(u) {
			return false
		}
	}
	return len(callbacks) > 0
}
