package flow

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/clientauth"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/ticket"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// consentTTL is how long a consent page can be answered.
const consentTTL = 30 * time.Minute

// consentPurpose keeps tickets of the consent page apart from others.
const consentPurpose = "consent"

// consentParams are what the form of the consent page sends.
var consentParams = []string{"ticket", "request", "decision", "account_id"}

// askConsent shows the consent page. Its ticket says that this very request was
// checked for this user in this session, so nothing is kept until the user
// answers.
func (p *Provider) askConsent(w http.ResponseWriter, r *http.Request, status int, a *authorization, user *User, grants []oauthapp.Grant, notice string) {
	app := a.client.Application
	owner, err := p.cfg.Pages.AccountName(r.Context(), app.Owner)
	if err != nil {
		p.refuseOnPage(w, r, wire.Outage(err))
		return
	}
	// The form asks for what the page shows, also where the request left that
	// to the defaults, which may be others by the time the user answers.
	params := a.params.Without(loginTicketParam).Values()
	params.Set("scope", strings.Join(a.scopes, " "))
	request := params.Encode()
	if isLong(request) { // the form could not bring it back
		p.refuseOnPage(w, r, errLongRequest)
		return
	}
	session := p.formSession.Begin(w, r, user.Session)
	view := page.Consent{
		Action:      p.issuer.Path + authorizePath,
		Request:     request,
		Ticket:      p.keys.Sign(p.now().Add(consentTTL), consentPurpose, user.ID, session, request),
		UserName:    user.Name,
		Application: app.Name,
		Description: app.Description,
		Homepage:    app.HomepageURL,
		Home:        shownOrigin(app.HomepageURL),
		Owner:       owner,
		Public:      app.Type == oauthapp.Public,
		Callback:    originOf(a.redirectURI),
		Accounts:    accountChoices(a, user, grants),
		Notice:      notice,
	}
	for _, name := range a.scopes {
		view.Scopes = append(view.Scopes, page.Scope{Name: name, Description: p.scopes[name].Description})
	}
	p.pages.Write(w, r, status, "consent.html", view)
}

// accountChoices lists the user's accounts. The one that the request names is
// selected, or else the first that the application has access to, or else the
// first.
func accountChoices(a *authorization, user *User, grants []oauthapp.Grant) []page.Account {
	granted := make(map[string]bool, len(grants))
	for _, grant := range grants {
		granted[grant.AccountID] = true
	}
	choices := make([]page.Account, len(user.Accounts))
	selected := 0
	for i, account := range user.Accounts {
		choices[i] = page.Account{ID: account.ID, Name: account.Name, Granted: granted[account.ID]}
		if choices[i].Granted && !choices[selected].Granted {
			selected = i
		}
	}
	for i, account := range user.Accounts {
		if account.ID == a.params.Get("account_id") {
			selected = i
		}
	}
	choices[selected].Selected = true
	return choices
}

// decide answers the form of the consent page. The ticket proves that the page
// was made for this user and request; everything in it is checked again all the
// same, because the application, the user's accounts or the scopes may have
// changed since.
//
// Without such a proof the form counts as the request alone, and the user is
// asked: they may have signed in again, in another tab, since the page was
// made.
func (p *Provider) decide(w http.ResponseWriter, r *http.Request, form wire.Params) {
	if err := p.crossOrigin.Check(r); err != nil {
		p.refuseForm(w, r, "sent by a page of another origin")
		return
	}
	if refusal := form.Check(consentParams); refusal != nil {
		p.refuseOnPage(w, r, refusal)
		return
	}
	params, refusal := wire.ParseForm(form.Get("request"), p.authorizationParams)
	if refusal != nil {
		p.refuseForm(w, r, "malformed request")
		return
	}
	user, refusal := p.currentUser(r)
	switch {
	case refusal != nil:
		p.refuseOnPage(w, r, refusal)
		return
	case user == nil:
		seeOther(w, p.returnTo(params))
		return
	}
	session := p.formSession.Of(r, user.Session)
	stale := p.keys.Verify(form.Get("ticket"), p.now(), consentPurpose, user.ID, session, form.Get("request"))
	if errors.Is(stale, ticket.ErrInvalid) {
		p.reportForm(r, user, params.Get("client_id"), "not made for this request of this user in this session")
	}
	a, refusal := p.identify(r, params)
	if refusal != nil {
		p.refuseOnPage(w, r, refusal)
		return
	}
	if refusal := p.validate(a, user); refusal != nil {
		p.refuseUnasked(w, r, a, refusal)
		return
	}
	if stale != nil && (a.prompt.none || p.mustSignIn(a, user)) {
		seeOther(w, p.returnTo(params))
		return
	}
	account, chosen := chosenAccount(form, user)
	notice := ""
	switch decision := form.Get("decision"); {
	case errors.Is(stale, ticket.ErrInvalid):
		notice = "This page was opened in another session. Please look at it again and decide."
	case stale != nil:
		notice = "This page was open for too long. Please look at it again and decide."
	case decision == "deny":
		p.emit(r, a.event(oauthapp.GrantDenied, user.ID, account))
		p.refuseByRedirect(w, a, wire.Refuse(AccessDenied, "the user did not authorize the application"))
		return
	case decision != "authorize":
		notice = "Please choose whether to authorize the application."
	case !chosen:
		notice = "Please choose one of your accounts."
	default:
		p.grantNow(w, r, a, user, account)
		return
	}
	grants, refusal := p.grantsOf(r, a, user)
	if refusal != nil {
		p.refuseOnPage(w, r, refusal)
		return
	}
	p.askConsent(w, r, http.StatusBadRequest, a, user, grants, notice)
}

// refuseForm refuses and reports a form that was not made here.
func (p *Provider) refuseForm(w http.ResponseWriter, r *http.Request, reason string) {
	p.reportForm(r, nil, "", reason)
	p.refuseOnPage(w, r, &wire.Error{Code: AccessDenied, Description: "the form is not valid", Status: http.StatusForbidden})
}

// reportForm reports a form that was not made here, or not for this. The user
// is nil, and the client ID empty, where they are not known yet.
func (p *Provider) reportForm(r *http.Request, user *User, clientID, reason string) {
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
func chosenAccount(form wire.Params, user *User) (string, bool) {
	id := form.Get("account_id")
	if id == "" && len(user.Accounts) == 1 {
		return user.Accounts[0].ID, true
	}
	account, ok := user.Account(id)
	return account.ID, ok
}

// originOf returns where a redirect URI leads, for people: scheme and host.
func originOf(redirectURI string) string {
	u, err := url.Parse(redirectURI)
	if err != nil {
		return ""
	}
	if u.Host == "" {
		return u.Scheme + ":"
	}
	return u.Scheme + "://" + u.Host
}

// shownOrigin is originOf for the head of the consent page, where a host of any
// length would push aside what is asked for. Of a long one it shows the end,
// which tells whose it is.
func shownOrigin(homepage string) string {
	const maxHost = 60
	scheme, host, found := strings.Cut(originOf(homepage), "://")
	if !found || len(host) <= maxHost {
		return originOf(homepage)
	}
	return scheme + "://…" + host[len(host)-maxHost:]
}
