package flow

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// authorize serves an authorization request (RFC 6749, section 4.1.1). It
// answers at once where the user has consented before; otherwise it asks.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	if isPrefetch(r) {
		refusePrefetch(w)
		return
	}
	params, refusal := wire.ParseForm(r.URL.RawQuery, p.authorizationParams)
	if refusal != nil {
		p.refuseOnPage(w, r, refusal)
		return
	}
	p.serveAuthorization(w, r, params)
}

// isPrefetch reports whether a browser loads the page on the guess that its
// user will go there. Sec-Purpose is of the Fetch Standard; browsers without it
// send Purpose.
func isPrefetch(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch") || r.Header.Get("Purpose") == "prefetch"
}

// refusePrefetch has the browser ask again when its user does go to the page,
// as it does after any error. A code that is issued before would be used up by
// the time the user gets there.
func refusePrefetch(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, "This page cannot be prefetched.", http.StatusServiceUnavailable)
}

// authorizePost serves an authorization request that is sent as a form, and the
// form of the consent page, which has a ticket and no client_id.
func (p *Provider) authorizePost(w http.ResponseWriter, r *http.Request) {
	form, refusal := wire.ReadFormUnchecked(w, r, slices.Concat(p.authorizationParams, kernel.ConsentParams))
	switch {
	case refusal != nil:
		p.refuseOnPage(w, r, refusal)
	case form.Has("ticket") && !form.Has("client_id"):
		p.decide(w, r, form)
	case p.added.Requests != nil && form.Has("request_uri"):
		p.comeAgain(w, form.Only(p.authorizationParams))
	default:
		p.serveAuthorization(w, r, form.Only(p.authorizationParams))
	}
}

// comeAgain has a browser come back with a request that another site had it
// post. Browsers keep cookies that are SameSite=Lax to themselves then, and
// send them with the request that follows.
func (p *Provider) comeAgain(w http.ResponseWriter, sent wire.Params) { seeOther(w, p.returnTo(sent)) }

// serveAuthorization answers an authorization request. Until the client and its
// redirect URI are known, refusals are pages: nobody is sent to an address that
// was not registered. After that the user signs in first, so that this endpoint
// redirects nobody who did not come to use it (RFC 9700, section 4.11.2), and
// only then are refusals redirected, to applications that somebody here
// registered.
func (p *Provider) serveAuthorization(w http.ResponseWriter, r *http.Request, sent wire.Params) {
	r = page.WithLocales(r, sent.Get(localesParam))
	if isLong(sent.Without(loginTicketParam).Values().Encode()) {
		p.refuseOnPage(w, r, errLongRequest)
		return
	}
	user, err := p.kernelUser(r)
	if err != nil {
		p.refuseOnPage(w, r, wire.Outage(err))
		return
	}
	user = user.Authorizing()
	a, refusal := p.findRequest(w, r, sent)
	if refusal == nil {
		r = page.WithLocales(r, a.params.Get(localesParam))
		refusal = p.identify(r, a, user != nil)
	}
	switch {
	case refusal != nil:
		p.refuseOnPage(w, r, refusal)
	case r.Method == http.MethodPost && (user == nil || a.prompt.none):
		p.comeAgain(w, sent)
	case user == nil && a.prompt.none:
		p.refuseUnasked(w, r, a, wire.Refuse(LoginRequired, "the user is not signed in"))
	case user == nil:
		p.signInOrTell(w, r, a)
	default:
		p.serveUser(w, r, a, user)
	}
}

// signInOrTell has the user sign in. A program that asks for JSON is told at
// once what is wrong with the request.
func (p *Provider) signInOrTell(w http.ResponseWriter, r *http.Request, a *authorizationRequest) {
	if wantsJSON(r) && a.client.Application.ClientID != "" {
		if refusal := p.judgeAuthorization(r, a, false); refusal != nil {
			p.refuseOnPage(w, r, refusal)
			return
		}
	}
	p.signInFor(w, r, a, time.Time{})
}

// serveUser answers an authorization request of a user who is signed in.
func (p *Provider) serveUser(w http.ResponseWriter, r *http.Request, a *authorizationRequest, user *kernel.User) {
	if refusal := p.judgeForUser(r, a, user); refusal != nil {
		p.refuseUnasked(w, r, a, refusal)
		return
	}
	if p.mustSignIn(a, user) {
		p.signInAnew(w, r, a, user)
		return
	}
	if refusal := p.refuseUnapproved(a.client.Application, user); refusal != nil {
		if a.prompt.none {
			p.refuseUnasked(w, r, a, refusal)
			return
		}
		p.refuseStranger(w, r, a.client, refusal)
		return
	}
	account, unasked := unasked(r, a, user)
	if unasked && p.grantAgain(w, r, a, user, account) {
		return
	}
	if unasked && isTrusted(a.client.Application, a.redirectURI) {
		p.carryOut(w, r, a, a.question(user), kernel.Decision{Authorized: true, AccountID: account, Scopes: a.scopes})
		return
	}
	if a.prompt.none {
		p.refuseUnasked(w, r, a, needsAsking(a, user))
		return
	}
	question := a.question(user)
	if isLong(question.Request) { // the form could not bring it back
		p.refuseOnPage(w, r, errLongRequest)
		return
	}
	p.askConsent(w, r, http.StatusOK, question, nil)
}

// question is what the user is asked. The form brings back the request as it
// was judged, or else what stands for it.
func (a *authorizationRequest) question(user *kernel.User) kernel.ConsentQuestion {
	request := a.sent.Without(loginTicketParam)
	if !a.pushed {
		request = a.settled()
	}
	return kernel.ConsentQuestion{
		Client:      a.client,
		User:        user,
		Scopes:      a.scopes,
		Resources:   a.resources,
		Action:      authorizePath,
		Request:     request.Values().Encode(),
		AccountID:   a.params.Get("account_id"),
		RedirectURI: a.redirectURI,
	}
}

// decide answers the form of the consent page. Everything is checked again,
// because the application, the user's accounts or the scopes may have changed
// since the page was made.
func (p *Provider) decide(w http.ResponseWriter, r *http.Request, form wire.Params) {
	answer, ok := p.readConsent(w, r, authorizePath, form, p.authorizationParams)
	if !ok {
		return
	}
	if answer.User == nil {
		p.comeAgain(w, answer.Request)
		return
	}
	a, refusal := p.findRequest(w, r, answer.Request)
	if refusal == nil {
		r = page.WithLocales(r, a.params.Get(localesParam))
		refusal = p.identify(r, a, true)
	}
	if refusal != nil {
		p.refuseOnPage(w, r, refusal)
		return
	}
	if refusal := p.judgeForUser(r, a, answer.User); refusal != nil {
		p.refuseUnasked(w, r, a, refusal)
		return
	}
	if answer.Unproven != nil && (a.prompt.none || p.mustSignIn(a, answer.User)) {
		p.comeAgain(w, answer.Request)
		return
	}
	question := a.question(answer.User)
	if decision, ok := p.decideConsent(w, r, answer, question); ok {
		p.carryOut(w, r, a, question, decision)
	}
}

// carryOut does what the user decided. Of decisions about one request that was
// pushed, one counts.
func (p *Provider) carryOut(w http.ResponseWriter, r *http.Request, a *authorizationRequest, q kernel.ConsentQuestion, decision kernel.Decision) {
	if refusal := p.useUp(r, a); refusal != nil {
		p.refuseOnPage(w, r, refusal)
		return
	}
	if !decision.Authorized {
		denied := q.Event(oauthapp.GrantDenied, decision)
		denied.Error = AccessDenied
		p.emit(r, denied)
		p.refuseByRedirect(w, r, a, wire.Refuse(AccessDenied, "the user did not authorize the application"))
		return
	}
	p.grantNow(w, r, a, q, decision)
}

// useUp uses up a request that was pushed.
func (p *Provider) useUp(r *http.Request, a *authorizationRequest) *wire.Error {
	if !a.pushed {
		return nil
	}
	return p.added.Requests.Decided(r, a.sent)
}

// returnTo is where an authorization request goes on once the user has signed
// in.
func (p *Provider) returnTo(params wire.Params) string {
	return p.issuer.Path + authorizePath + "?" + params.Values().Encode()
}
