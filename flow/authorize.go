package flow

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow/internal/clientauth"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// The bounds of what is acted on of an authorization request, in bytes of a
// query string. Clients keep much in state, but no browser takes a longer URL
// everywhere. The request also comes back escaped once more, from signing in
// and from the consent page, whose form has room for a ticket and an account
// besides.
const (
	maxAuthorizationRequest = 32 << 10
	maxEscapedRequest       = wire.MaxBody - 4<<10
)

func isLong(request string) bool {
	return len(request) > maxAuthorizationRequest || len(url.QueryEscape(request)) > maxEscapedRequest
}

// authorizationParams are what the authorization endpoint acts on. Others are
// ignored (RFC 6749, section 3.1).
var authorizationParams = []string{
	"response_type", "client_id", "redirect_uri", "scope", "state", // RFC 6749
	"code_challenge", "code_challenge_method", // RFC 7636
	"response_mode", "request", "request_uri", // RFC 9101 and OAuth 2.0 Multiple Response Types
	"resource",                                      // RFC 8707
	"prompt", "max_age", "login_hint", "ui_locales", // OpenID Connect Core 1.0, section 3.1.2.1
	"account_id", loginTicketParam,
}

// An authorization is an authorization request on its way through the checks.
type authorization struct {
	params      wire.Params // of authorizationParams
	client      store.Client
	redirectURI string // where the answer goes: one that the application registered
	prompt      prompt // the zero prompt until it is checked, if it is malformed
	scopes      []string
}

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
	form, refusal := wire.ReadFormUnchecked(w, r, slices.Concat(p.authorizationParams, consentParams))
	switch {
	case refusal != nil:
		p.refuseOnPage(w, r, refusal)
	case form.Has("ticket") && !form.Has("client_id"):
		p.decide(w, r, form)
	default:
		p.serveAuthorization(w, r, form.Only(p.authorizationParams))
	}
}

// serveAuthorization answers an authorization request. Until the client and its
// redirect URI are known, refusals are pages: nobody is sent to an address that
// was not registered. After that the user signs in first, so that this endpoint
// redirects nobody who did not come to use it (RFC 9700, section 4.11.2), and
// only then are refusals redirected, to applications that somebody here
// registered.
func (p *Provider) serveAuthorization(w http.ResponseWriter, r *http.Request, params wire.Params) {
	if isLong(params.Without(loginTicketParam).Values().Encode()) {
		p.refuseOnPage(w, r, errLongRequest)
		return
	}
	a, refusal := p.identify(r, params)
	if refusal != nil {
		p.refuseOnPage(w, r, refusal)
		return
	}
	user, refusal := p.currentUser(r)
	switch {
	case refusal != nil:
		p.refuseOnPage(w, r, refusal)
	case r.Method == http.MethodPost && (user == nil || a.prompt.none):
		// Browsers keep cookies that are SameSite=Lax to themselves when
		// another site posts, and send them with the request that follows.
		seeOther(w, p.returnTo(params))
	case user == nil && a.prompt.none:
		p.refuseUnasked(w, r, a, wire.Refuse(LoginRequired, "the user is not signed in"))
	case user == nil:
		p.signIn(w, r, a, time.Time{})
	default:
		p.serveUser(w, r, a, user)
	}
}

// serveUser answers an authorization request of a user who is signed in.
func (p *Provider) serveUser(w http.ResponseWriter, r *http.Request, a *authorization, user *User) {
	if refusal := p.validate(a, user); refusal != nil {
		p.refuseUnasked(w, r, a, refusal)
		return
	}
	if p.mustSignIn(a, user) {
		p.signInAnew(w, r, a, user)
		return
	}
	if account, ok := unasked(r, a, user); ok && p.grantAgain(w, r, a, user, account) {
		return
	}
	if a.prompt.none {
		p.refuseUnasked(w, r, a, needsAsking(a, user))
		return
	}
	grants, refusal := p.grantsOf(r, a, user)
	if refusal != nil {
		p.refuseOnPage(w, r, refusal)
		return
	}
	p.askConsent(w, r, http.StatusOK, a, user, grants, "")
}

var errLongRequest = wire.Refuse(InvalidRequest, "the authorization request is too long")

// identify finds the application and where to send its users back to.
func (p *Provider) identify(r *http.Request, params wire.Params) (*authorization, *wire.Error) {
	if refusal := params.Check([]string{"client_id", "redirect_uri"}); refusal != nil {
		return nil, refusal
	}
	id := params.Get("client_id")
	if id == "" {
		return nil, wire.Refuse(InvalidRequest, "client_id is missing")
	}
	if len(id) > clientauth.MaxClientID || !wire.IsUnreserved(id) {
		return nil, unknownClient()
	}
	client, err := p.cfg.Store.Client(r.Context(), id, uuid.Nil, p.now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, unknownClient()
	case err != nil:
		return nil, wire.Outage(err)
	}
	a := &authorization{params: params, client: client}
	a.prompt, _ = parsePrompt(params)
	registered := client.Application.CallbackURLs
	switch a.redirectURI = params.Get("redirect_uri"); {
	case a.redirectURI != "":
		if !oauthapp.MatchCallback(client.Application.Type, registered, a.redirectURI) {
			refusal := wire.Refuse(InvalidRequest, "redirect_uri: the application has not registered it as a callback URL")
			refusal.Received = a.redirectURI
			return nil, refusal
		}
	case len(registered) == 1:
		a.redirectURI = registered[0]
	default:
		return nil, wire.Refuse(InvalidRequest, "redirect_uri is missing, and the application has several callback URLs")
	}
	return a, nil
}

func unknownClient() *wire.Error {
	return wire.Refuse(InvalidRequest, "client_id: there is no such application")
}

// currentUser returns who is signed in, nil for nobody.
func (p *Provider) currentUser(r *http.Request) (*User, *wire.Error) {
	user, err := p.cfg.CurrentUser(r)
	if err != nil {
		return nil, wire.Outage(err)
	}
	return user, nil
}

// returnTo is where an authorization request goes on once the user has signed
// in.
func (p *Provider) returnTo(params wire.Params) string {
	return p.issuer.Path + authorizePath + "?" + params.Values().Encode()
}

// validate checks everything that is refused by redirect (RFC 6749, section
// 4.1.2.1), and fills in the scopes.
func (p *Provider) validate(a *authorization, user *User) *wire.Error {
	if refusal := a.params.Check(p.authorizationParams); refusal != nil {
		return refusal
	}
	switch {
	case a.params.Has("request"):
		return wire.Refuse(RequestNotSupported, "request is not supported")
	case a.params.Has("request_uri"):
		return wire.Refuse(RequestURINotSupported, "request_uri is not supported")
	case !a.params.Has("response_type"):
		return wire.Refuse(InvalidRequest, "response_type is missing")
	case a.params.Get("response_type") != "code":
		return wire.Refuse(UnsupportedResponseType, "response_type must be code")
	case a.params.Has("response_mode") && a.params.Get("response_mode") != "query":
		return wire.Refuse(InvalidRequest, "response_mode must be query")
	}
	if _, refusal := parsePrompt(a.params); refusal != nil {
		return refusal
	}
	if refusal := p.validateChallenge(a); refusal != nil {
		return refusal
	}
	if refusal := p.checkResources(a.params); refusal != nil {
		return refusal
	}
	if refusal := p.added.CheckAuthorization(a.params); refusal != nil {
		return refusal
	}
	var refusal *wire.Error
	if a.scopes, refusal = p.requestedScopes(a.client.Application, a.params.Get("scope")); refusal != nil {
		return refusal
	}
	if len(user.Accounts) == 0 {
		return wire.Refuse(AccessDenied, "the user has no account")
	}
	if id := a.params.Get("account_id"); id != "" {
		if _, ok := user.Account(id); !ok {
			return wire.Refuse(InvalidRequest, "account_id is not an account of the user")
		}
	}
	return nil
}

// challengeLen is the length of a SHA-256 in base64url without padding.
const challengeLen = 43

// validateChallenge checks the proof key's challenge (RFC 7636, section 4.3).
func (p *Provider) validateChallenge(a *authorization) *wire.Error {
	challenge, method := a.params.Get("code_challenge"), a.params.Get("code_challenge_method")
	switch {
	case challenge == "" && method != "":
		return wire.Refuse(InvalidRequest, "code_challenge_method without code_challenge")
	case challenge == "" && a.client.Application.Type == oauthapp.Public:
		return wire.Refuse(InvalidRequest, "code_challenge is missing: public clients need PKCE")
	case challenge == "" && p.cfg.RequirePKCE:
		return wire.Refuse(InvalidRequest, "code_challenge is missing: this service needs PKCE")
	case challenge == "":
		return nil
	case method != challengeMethod:
		return wire.Refuse(InvalidRequest, "code_challenge_method must be S256")
	case len(challenge) != challengeLen || !wire.IsUnreserved(challenge):
		return wire.Refuse(InvalidRequest, "code_challenge must be 43 characters of base64url")
	}
	return nil
}

// grantsOf returns the grants that the user gave the application before.
func (p *Provider) grantsOf(r *http.Request, a *authorization, user *User) ([]oauthapp.Grant, *wire.Error) {
	filter := oauthapp.GrantFilter{UserID: user.ID, ApplicationID: a.client.Application.ID}
	grants, err := p.cfg.Store.Grants(r.Context(), filter, oauthapp.Page{Limit: maxGrants})
	if err != nil {
		return nil, wire.Outage(err)
	}
	return grants.Items, nil
}

// maxGrants is how many of a user's accounts are known to be granted already.
// For those beyond, the user is asked.
const maxGrants = 200

// unasked returns the account for which the user need not be asked again, if
// they consented before. Consent is never remembered for public clients, as
// whom anybody can pose (RFC 6749, section 10.2), nor for a user with several
// accounts of which the request names none, nor where the request wants the
// user to be asked.
func unasked(r *http.Request, a *authorization, user *User) (account string, ok bool) {
	if r.Method != http.MethodGet || a.client.Application.Type != oauthapp.Confidential || a.prompt.consent || a.prompt.selectAccount {
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
func (p *Provider) grantAgain(w http.ResponseWriter, r *http.Request, a *authorization, user *User, account string) bool {
	now := p.now()
	code, refusal := p.issueCode(r, a, kernel.Consent{UserID: user.ID, AccountID: account, Remembered: true, At: now})
	if refusal != nil && errors.Is(refusal, store.ErrNotFound) {
		return false
	}
	if refusal != nil {
		p.notGranted(w, r, a, refusal)
		return true
	}
	if !now.Before(code.Grant.AuthorizedAt.Add(p.cfg.Lifetimes.Session)) {
		return false // nobody is told the code
	}
	p.grantUsed(r, code.Grant.ID, later(code.Grant.AuthorizedAt, code.Grant.LastUsedAt), now)
	p.answer(w, a, "code", code.Value)
	return true
}

// grantNow answers the user's yes with a code (RFC 6749, section 4.1.2).
func (p *Provider) grantNow(w http.ResponseWriter, r *http.Request, a *authorization, user *User, account string) {
	now := p.now()
	code, refusal := p.issueCode(r, a, kernel.Consent{UserID: user.ID, AccountID: account, At: now})
	if refusal != nil {
		p.notGranted(w, r, a, refusal)
		return
	}
	e := a.event(oauthapp.GrantCreated, user.ID, account)
	e.Time, e.GrantID, e.SessionID = now, code.Grant.ID, code.SessionID
	p.emit(r, e)
	p.answer(w, a, "code", code.Value)
}

// issueCode issues the code of a consent, if the engine agrees. The refusal
// wraps [store.ErrNotFound] where the application, or the consent remembered,
// is not there.
func (p *Provider) issueCode(r *http.Request, a *authorization, c kernel.Consent) (kernel.Code, *wire.Error) {
	err := p.engine.Authorize(r.Context(), engineClient(a.client, a.redirectURI, a.scopes), a.params.Values())
	if err != nil {
		return kernel.Code{}, fromEngine(err)
	}
	c.ApplicationID, c.Scopes = a.client.Application.ID, a.scopes
	extra, err := p.added.KeepOf(a.params)
	if err != nil {
		return kernel.Code{}, wire.Internal(err)
	}
	code, err := p.issue.Code(r.Context(), c, kernel.CodeRequest{
		RedirectURI:   a.params.Get("redirect_uri"),
		CodeChallenge: a.params.Get("code_challenge"),
		State:         a.params.Get("state"),
		Extra:         extra,
	})
	if err != nil {
		return kernel.Code{}, wire.Outage(err)
	}
	return code, nil
}

// notGranted answers where a consent came to nothing.
func (p *Provider) notGranted(w http.ResponseWriter, r *http.Request, a *authorization, refusal *wire.Error) {
	switch {
	case errors.Is(refusal, store.ErrNotFound):
		p.refuseOnPage(w, r, unknownClient()) // deleted meanwhile
	case refusal.Status >= http.StatusInternalServerError:
		p.refuseOnPage(w, r, refusal)
	default:
		p.refuseByRedirect(w, a, refusal)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// event begins an event about a user's decision.
func (a *authorization) event(t oauthapp.EventType, user, account string) oauthapp.Event {
	e := kernel.EventOf(t, a.client.Application)
	e.Actor.UserID, e.UserID, e.AccountID, e.Scopes = user, user, account, a.scopes
	return e
}

// refuseByRedirect sends the user back with an error (RFC 6749, section
// 4.1.2.1).
func (p *Provider) refuseByRedirect(w http.ResponseWriter, a *authorization, refusal *wire.Error) {
	p.answer(w, a, "error", refusal.Code, "error_description", refusal.Description)
}

// answer sends the user back to the client with names and values in turn, the
// state as it came, and the issuer (RFC 9207).
func (p *Provider) answer(w http.ResponseWriter, a *authorization, params ...string) {
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

// refuseOnPage tells the user what is wrong where nobody can be redirected.
func (p *Provider) refuseOnPage(w http.ResponseWriter, r *http.Request, refusal *wire.Error) {
	view := page.Error{
		Status:  refusal.Status,
		Title:   "This request cannot be used",
		Message: "The application that sent you here made a mistake in its request. Go back to it and try again, or tell its developer.",
		Detail:  refusal.Description,
		Time:    p.now(),
	}
	if refusal.Received != "" {
		view.Received = inert(refusal.Received)
		view.Remedy = "Send one of the application’s callback URLs, character by character, or add this one to them."
	}
	switch {
	case refusal.Status >= http.StatusInternalServerError:
		p.logFailure(r, "request failed", refusal)
		w.Header().Set("Retry-After", strconv.Itoa(int(wire.OutageRetryAfter.Seconds())))
		view.Title = "Something is not working"
		view.Message = "This is not your fault. Nothing was changed; please try again in a moment."
		view.Detail = ""
	case refusal.Status == http.StatusForbidden:
		view.Title = "This form cannot be used"
		view.Message = "It does not belong to your session here. Nothing was changed; go back to the application and start again."
		view.Detail = ""
	}
	p.pages.Write(w, r, refusal.Status, "error.html", view)
}

// maxReceived bounds what a page shows of something that was received, in
// bytes.
const maxReceived = 300

// inert is what a page shows of something that was received: its beginning,
// with all that is not visible ASCII in percent-encoding, so that nothing can
// pose as anything.
func inert(received string) string {
	var b strings.Builder
	for _, c := range []byte(received) {
		if b.Len() >= maxReceived {
			b.WriteString("…")
			break
		}
		if c <= ' ' || c > '~' {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
