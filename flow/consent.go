package flow

import (
	"errors"
	"net/http"
	"slices"
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
