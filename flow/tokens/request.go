package tokens

import (
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/ticket"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// What forms are signed for.
const (
	createPurpose = "api token create"
	revokePurpose = "api token revoke"
	formTTL       = 24 * time.Hour
)

// A request is one of somebody who is signed in, to an account of theirs.
type request struct {
	*endpoints
	w       http.ResponseWriter
	r       *http.Request
	user    *kernel.User
	account kernel.Account
	form    wire.Params // of a POST
}

var formParams = []string{"ticket", "id", "name", "scope", "expires_in", "kind"}

// admit returns no request where it has answered: nobody is signed in, the
// account is not theirs, or a page of another origin sent the form.
func (e *endpoints) admit(w http.ResponseWriter, r *http.Request) *request {
	w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
	req := &request{endpoints: e, w: w, r: r}
	isForm := r.Method == http.MethodPost
	if isForm {
		if e.k.CheckOrigin(r) != nil {
			e.refuseForm(r, oauthapp.Event{Reason: "sent by a page of another origin"})
			e.writeError(w, r, http.StatusForbidden, "fail.unchanged", "tokens.other_site")
			return nil
		}
		form, refusal := wire.ReadFormUnchecked(w, r, formParams)
		if refusal != nil {
			e.writeError(w, r, refusal.Status, "fail.unchanged", "fail.malformed_form")
			return nil
		}
		req.form = form
	}
	user, err := e.k.User(r)
	if err != nil {
		e.k.WritePageError(w, r, wire.Outage(err))
		return nil
	}
	if user == nil {
		returnTo := e.path(r.PathValue("account"))
		if !isForm && r.URL.RawQuery != "" {
			returnTo += "?" + r.URL.RawQuery
		}
		e.k.SignIn(w, r, returnTo)
		return nil
	}
	account, ok := user.Account(r.PathValue("account"))
	if !ok {
		e.notFound(w, r)
		return nil
	}
	req.user, req.account = user, account
	return req
}

// ofAccount selects the account tokens of the account: those of every user, or
// the user's own.
func (req *request) ofAccount(ofAll bool) oauthapp.APITokenFilter {
	if ofAll {
		return oauthapp.APITokenFilter{AccountID: req.account.ID}
	}
	return oauthapp.APITokenFilter{AccountID: req.account.ID, UserID: req.user.ID}
}

func (e *endpoints) refuseForm(r *http.Request, event oauthapp.Event) {
	event.Type = oauthapp.APITokenFormRefused
	e.k.Emit(r, event)
}

// ticket signs a form for this user, account and token.
func (req *request) ticket(purpose string, id uuid.UUID) string {
	session := req.k.FormSession.Begin(req.w, req.r, req.user.Session)
	return req.k.Tickets.Sign(req.k.Now().Add(formTTL), purpose, req.user.ID, session, req.account.ID, id.String())
}

// proven reports whether the form was made for this user, session, account and
// token.
func (req *request) proven(purpose string, id uuid.UUID) bool {
	session := req.k.FormSession.Of(req.r, req.user.Session)
	err := req.k.Tickets.Verify(req.form.Get("ticket"), req.k.Now(), purpose, req.user.ID, session, req.account.ID, id.String())
	if errors.Is(err, ticket.ErrInvalid) {
		req.refuseForm(req.r, oauthapp.Event{
			Actor: oauthapp.Actor{UserID: req.user.ID}, AccountID: req.account.ID, Reason: "not made for this action of this user in this session",
		})
	}
	return err == nil
}
