package flow

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
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

// isPrefetch reports whether a browser asks before anybody goes to the page, on
// the guess that somebody will. Sec-Purpose is of the Fetch Standard; browsers
// without it say Purpose.
func isPrefetch(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch") || r.Header.Get("Purpose") == "prefetch"
}

// refusePrefetch has the browser ask again when somebody does go to the page,
// as it does after any error. Until then nobody has used the application: its
// code would sign in a user who went nowhere, and be spent by the time they do.
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
	a, refusal := p.find(w, r, sent)
	if refusal == nil {
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
		p.signInFor(w, r, a, time.Time{})
	default:
		p.serveUser(w, r, a, user)
	}
}

// serveUser answers an authorization request of a user who is signed in.
func (p *Provider) serveUser(w http.ResponseWriter, r *http.Request, a *authorizationRequest, user *kernel.User) {
	if refusal := p.validate(r, a, user); refusal != nil {
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
	p.askConsent(w, r, http.StatusOK, question, "")
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
	a, refusal := p.find(w, r, answer.Request)
	if refusal == nil {
		refusal = p.identify(r, a, true)
	}
	if refusal != nil {
		p.refuseOnPage(w, r, refusal)
		return
	}
	if refusal := p.validate(r, a, answer.User); refusal != nil {
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
	if refusal := p.decided(r, a); refusal != nil {
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

// decided uses up a request that was pushed.
func (p *Provider) decided(r *http.Request, a *authorizationRequest) *wire.Error {
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

// unasked returns the account for which the user need not be asked again, if
// they consented before or the application is trusted. Consent is never
// remembered for other public clients, as whom anybody can pose (RFC 6749,
// section 10.2), nor for a user with several accounts of which the request
// names none, nor where the request wants the user to be asked.
func unasked(r *http.Request, a *authorizationRequest, user *kernel.User) (account string, ok bool) {
	app := a.client.Application
	if r.Method != http.MethodGet || a.prompt.consent || a.prompt.selectAccount {
		return "", false
	}
	if app.Type != oauthapp.Confidential && !isTrusted(app, a.redirectURI) {
		return "", false
	}
	account = a.params.Get("account_id")
	if account == "" && len(user.Accounts) == 1 {
		account = user.Accounts[0].ID
	}
	return account, account != ""
}

// grantAgain answers with a code where the user consented before to all that
// the application asks for, within Config.Lifetimes.Session. It reports whether
// it answered.
func (p *Provider) grantAgain(w http.ResponseWriter, r *http.Request, a *authorizationRequest, user *kernel.User, account string) bool {
	if p.keptResources(a.resources) != nil {
		return false
	}
	now := p.now()
	code, refusal := p.issueCode(r, a, kernel.Consent{UserID: user.ID, AccountID: account, Remembered: true, At: now})
	if refusal != nil && errors.Is(refusal, store.ErrNotFound) {
		return false
	}
	if refusal == nil && len(p.cfg.Resources) > 0 {
		var marked bool
		if marked, refusal = p.isMarked(r, a, user.ID, account); marked {
			return false // nobody is told the code
		}
	}
	if refusal != nil {
		p.notGranted(w, r, a, refusal)
		return true
	}
	if !now.Before(code.Grant.AuthorizedAt.Add(p.cfg.Lifetimes.Session)) {
		return false // nobody is told the code
	}
	if refusal := p.decided(r, a); refusal != nil {
		p.refuseOnPage(w, r, refusal)
		return true
	}
	p.grantUsed(r, code.Grant.ID, later(code.Grant.AuthorizedAt, code.Grant.LastUsedAt), now)
	p.answer(w, a, "code", code.Value)
	return true
}

// grantNow answers the user's yes with a code (RFC 6749, section 4.1.2).
func (p *Provider) grantNow(w http.ResponseWriter, r *http.Request, a *authorizationRequest, q kernel.ConsentQuestion, decision kernel.Decision) {
	var refusal *wire.Error
	if a.client, refusal = p.keepClient(r, a.client); refusal != nil {
		p.notGranted(w, r, a, refusal)
		return
	}
	a.scopes = decision.Scopes
	now := p.now()
	code, refusal := p.issueCode(r, a, kernel.Consent{UserID: q.User.ID, AccountID: decision.AccountID, At: now})
	if refusal != nil {
		p.notGranted(w, r, a, refusal)
		return
	}
	q.Client = a.client
	e := q.Event(oauthapp.GrantCreated, decision)
	e.Time, e.GrantID, e.SessionID = now, code.Grant.ID, code.SessionID
	p.emit(r, e)
	p.answer(w, a, "code", code.Value)
}

// issueCode issues the code of a consent, if the engine agrees. The refusal
// wraps [store.ErrNotFound] where the application, or the consent remembered,
// is not there.
func (p *Provider) issueCode(r *http.Request, a *authorizationRequest, c kernel.Consent) (kernel.Code, *wire.Error) {
	given, refusal := p.stillGiven(r.Context(), c.UserID, c.AccountID, a.scopes)
	if refusal == nil && len(given) == 0 {
		refusal = wire.Refuse(AccessDenied, "the user may not give the application access to the account")
	}
	if refusal != nil {
		return kernel.Code{}, refusal
	}
	a.scopes = given
	err := p.engine.Authorize(r.Context(), engineClient(a.client, a.redirectURI, a.scopes), a.params.Values())
	if err != nil {
		return kernel.Code{}, fromEngine(err)
	}
	c.ApplicationID, c.Scopes = a.client.Application.ID, a.scopes
	c.Public = a.client.Application.Type == oauthapp.Public
	extra, err := p.added.KeepOf(a.params)
	if err != nil {
		return kernel.Code{}, wire.Internal(err)
	}
	if kept := p.keptResources(a.resources); extra == nil {
		extra = kept
	} else {
		maps.Copy(extra, kept)
	}
	code, err := p.issue.Code(r.Context(), c, kernel.CodeRequest{
		RedirectURI:   a.params.Get("redirect_uri"),
		CodeChallenge: a.params.Get("code_challenge"),
		State:         a.params.Get("state"),
		Extra:         extra,
	})
	if err != nil {
		return kernel.Code{}, kernel.Failed(err)
	}
	return code, nil
}

// notGranted answers where a consent came to nothing.
func (p *Provider) notGranted(w http.ResponseWriter, r *http.Request, a *authorizationRequest, refusal *wire.Error) {
	switch {
	case errors.Is(refusal, store.ErrNotFound):
		p.refuseOnPage(w, r, unknownClient()) // deleted meanwhile
	case refusal.Status >= http.StatusInternalServerError:
		p.refuseOnPage(w, r, refusal)
	default:
		p.refuseByRedirect(w, r, a, refusal)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// refuseByRedirect sends the user back with an error (RFC 6749, section
// 4.1.2.1).
func (p *Provider) refuseByRedirect(w http.ResponseWriter, r *http.Request, a *authorizationRequest, refusal *wire.Error) {
	refused(r, refusal)
	p.answer(w, a, "error", refusal.Code, "error_description", refusal.Description)
}

// answer sends the user back to the client with names and values in turn, the
// state as it came, and the issuer (RFC 9207).
func (p *Provider) answer(w http.ResponseWriter, a *authorizationRequest, params ...string) {
	if a.params.Count("state") == 1 {
		params = append(params, "state", a.params.Get("state"))
	}
	seeOther(w, withParams(a.redirectURI, append(params, "iss", p.cfg.Issuer)...))
}

// withParams appends query parameters, names and values in turn, to a redirect
// URI, whose own query stays as it is (RFC 6749, section 3.1.2). Registration
// sees to it that this has no parameters of those names.
func withParams(redirectURI string, params ...string) string {
	var b strings.Builder
	b.WriteString(redirectURI)
	separator := "?"
	if strings.Contains(redirectURI, "?") {
		separator = "&"
	}
	for i := 0; i < len(params); i += 2 {
		b.WriteString(separator + params[i] + "=" + url.QueryEscape(params[i+1]))
		separator = "&"
	}
	return b.String()
}

// seeOther redirects with 303, after which a browser never sends a form again
// (RFC 9700, section 4.12).
func seeOther(w http.ResponseWriter, location string) {
	h := w.Header()
	h.Set("Location", location)
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
}
