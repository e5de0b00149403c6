package flow

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/clientauth"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/ticket"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// consentTTL is how long a consent page can be answered.
const consentTTL = 30 * time.Minute

// consentPurpose keeps tickets of the consent page apart from others.
const consentPurpose = "consent"

// askConsent shows a consent page. Its ticket says that this very request was
// checked for this user in this session, so nothing is kept until the user
// answers. The notice tells why the page is shown again.
func (p *Provider) askConsent(w http.ResponseWriter, r *http.Request, status int, q kernel.ConsentQuestion, notice *page.Message) {
	q.User = q.User.Authorizing()
	if len(q.User.Accounts) == 0 {
		p.refuseOnPage(w, r, errNoAccount)
		return
	}
	if refusal := p.refuseUnapproved(q.Client.Application, q.User); refusal != nil {
		p.refuseStranger(w, r, q.Client, refusal)
		return
	}
	view, refusal := p.consentView(r, &q)
	if refusal != nil {
		p.refuseOnPage(w, r, refusal)
		return
	}
	session := p.formSession.Begin(w, r, q.User.Session)
	view.Ticket = p.keys.Sign(p.now().Add(consentTTL), consentPurpose, q.Action, q.User.ID, session, view.Request)
	view.Notice = notice
	p.pages.Write(w, r, status, "consent.html", view)
}

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
	for _, scope := range p.cfg.Scopes {
		if !slices.Contains(q.Scopes, scope.Name) && !slices.Contains(before, scope.Name) {
			view.NotAsked = append(view.NotAsked, page.AskedScope{Name: scope.Name, Description: word("scope", scope.Name, scope.Description)})
		}
	}
	for _, name := range q.Scopes {
		s := p.scopes[name]
		view.Scopes = append(view.Scopes, page.AskedScope{
			Name:        name,
			Description: word("scope", name, s.Description),
			Group:       s.Group,
			GroupName:   word("scope_group", s.Group, s.Group),
			Risk:        word("scope_risk", name, s.Risk),
			Optional:    slices.Contains(optional, name),
			Selected:    slices.Contains(before, name),
			New:         len(before) > 0 && !slices.Contains(before, name) && !slices.Contains(optional, name),
		})
	}
	return view, nil
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

// readConsent takes the form of a consent page apart. The ticket proves that
// the page was made for this user and request.
func (p *Provider) readConsent(w http.ResponseWriter, r *http.Request, action string, form wire.Params, names []string) (*kernel.ConsentForm, bool) {
	if err := p.crossOrigin.Check(r); err != nil {
		p.refuseForm(w, r, "sent by a page of another origin")
		return nil, false
	}
	if refusal := form.Without("scope").Check(kernel.ConsentParams); refusal != nil {
		p.refuseOnPage(w, r, refusal)
		return nil, false
	}
	request, refusal := wire.ParseForm(form.Get("request"), names)
	if refusal != nil {
		p.refuseForm(w, r, "malformed request")
		return nil, false
	}
	user, err := p.kernelUser(r)
	if err != nil {
		p.refuseOnPage(w, r, wire.Outage(err))
		return nil, false
	}
	user = user.Authorizing()
	answer := &kernel.ConsentForm{Form: form, Request: request, User: user, Optional: optionalOf(form), Unproven: ticket.ErrInvalid}
	if user == nil {
		return answer, true
	}
	session := p.formSession.Of(r, user.Session)
	answer.Unproven = p.keys.Verify(form.Get("ticket"), p.now(), consentPurpose, action, user.ID, session, form.Get("request"))
	if errors.Is(answer.Unproven, ticket.ErrInvalid) {
		p.reportForm(r, user, request.Get("client_id"), "not made for this request of this user in this session")
	}
	return answer, true
}

// decideConsent returns the user's answer to a question. A form that proves
// nothing counts as the request alone, and the user is asked: they may have
// signed in again, in another tab, since the page was made.
func (p *Provider) decideConsent(w http.ResponseWriter, r *http.Request, form *kernel.ConsentForm, q kernel.ConsentQuestion) (kernel.Decision, bool) {
	q.User = q.User.Authorizing()
	account, chosen := chosenAccount(form.Form, q.User)
	optional, refusal := optionalScopes(&q)
	if refusal != nil {
		p.refuseOnPage(w, r, refusal)
		return kernel.Decision{}, false
	}
	scopes := chosenScopes(form.Form, &q, optional)
	var notice *page.Message
	switch decision := form.Form.Get("decision"); {
	case errors.Is(form.Unproven, ticket.ErrExpired):
		notice = page.Say("consent.too_late")
	case form.Unproven != nil:
		notice = page.Say("consent.other_session")
	case decision == "deny":
		return kernel.Decision{AccountID: account}, true
	case decision != "authorize":
		notice = page.Say("consent.undecided")
	case !chosen:
		notice = page.Say("consent.no_account")
	case !slices.Equal(form.Optional, optional):
		notice = page.Say("consent.changed")
	case len(scopes) == 0:
		notice = page.Say("consent.no_scope")
	case p.refuseUnapproved(q.Client.Application, q.User) != nil: // as askConsent says
	default:
		return kernel.Decision{Authorized: true, AccountID: account, Scopes: scopes}, true
	}
	p.askConsent(w, r, http.StatusBadRequest, q, notice)
	return kernel.Decision{}, false
}

// refuseForm refuses and reports a form that was not made here.
func (p *Provider) refuseForm(w http.ResponseWriter, r *http.Request, reason string) {
	p.reportForm(r, nil, "", reason)
	p.refuseOnPage(w, r, &wire.Error{Code: AccessDenied, Description: "the form is not valid", Status: http.StatusForbidden})
}

// reportForm reports a form that was not made here, or not for this. The user
// is nil, and the client ID empty, where they are not known yet.
func (p *Provider) reportForm(r *http.Request, user *kernel.User, clientID, reason string) {
	event := oauthapp.Event{Type: oauthapp.ConsentFormRefused, Reason: reason}
	if user != nil {
		event.Actor.UserID = user.ID
	}
	if clientauth.HasForm(clientID) {
		event.ClientID = clientID
	}
	p.emit(r, event)
}

// chosenAccount returns the account that the user chose: one of their own. Who
// has only one need not choose.
func chosenAccount(form wire.Params, user *kernel.User) (string, bool) {
	id := form.Get("account_id")
	if id == "" && len(user.Accounts) == 1 {
		return user.Accounts[0].ID, true
	}
	account, ok := user.Account(id)
	return account.ID, ok
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
	scheme, host, found := strings.Cut(originOf(homepage), "://")
	if !found {
		return originOf(homepage)
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
		u, err := url.Parse(callback)
		if err != nil {
			return false
		}
		ip, err := netip.ParseAddr(u.Hostname())
		if u.Hostname() != "localhost" && (err != nil || !ip.IsLoopback()) {
			return false
		}
	}
	return len(callbacks) > 0
}
