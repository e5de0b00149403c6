package flow

import (
	"errors"
	"maps"
	"net/http"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

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
	if refusal := p.useUp(r, a); refusal != nil {
		p.refuseOnPage(w, r, refusal)
		return true
	}
	p.noteUse(r, store.Use{GrantID: code.Grant.ID}, latest(code.Grant.AuthorizedAt, code.Grant.LastUsedAt), now)
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
	decision.Scopes = code.Scopes
	e := q.Event(oauthapp.GrantCreated, decision)
	e.Time, e.GrantID, e.SessionID = now, code.Grant.ID, code.SessionID
	p.emit(r, e)
	p.answer(w, a, "code", code.Value)
}

// issueCode issues the code of a consent, if the engine agrees, for as many of
// the scopes as the user may still give. The refusal wraps [store.ErrNotFound]
// where the application, or the consent remembered, is not there.
func (p *Provider) issueCode(r *http.Request, a *authorizationRequest, c kernel.Consent) (kernel.Code, *wire.Error) {
	given, refusal := p.stillGiven(r.Context(), c.UserID, c.AccountID, a.scopes)
	if refusal == nil && len(given) == 0 {
		refusal = wire.Refuse(AccessDenied, "the user may not give the application access to the account")
	}
	if refusal != nil {
		return kernel.Code{}, refusal
	}
	err := p.engine.Authorize(r.Context(), engineClient(a.client, a.redirectURI, given), a.params)
	if err != nil {
		return kernel.Code{}, fromEngine(err)
	}
	c.ApplicationID, c.Scopes = a.client.Application.ID, given
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
