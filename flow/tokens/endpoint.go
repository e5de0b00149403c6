package tokens

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
)

type endpoints struct {
	k       *kernel.Kernel
	maxDays int // 0 for no limit
}

func (e *endpoints) list(w http.ResponseWriter, r *http.Request) {
	if req := e.admit(w, r); req != nil {
		var shown tokenPage
		if r.URL.Query().Get("done") == "revoked" {
			shown.Notice = page.Say("tokens.revoked")
		}
		req.show(http.StatusOK, shown, req.emptyForm())
	}
}

// create makes a token and shows it in the answer.
func (e *endpoints) create(w http.ResponseWriter, r *http.Request) {
	req := e.admit(w, r)
	if req == nil {
		return
	}
	filled := req.filledForm()
	id, err := uuid.Parse(req.form.Get("id"))
	if err != nil || !req.proven(createPurpose, id) {
		req.show(http.StatusForbidden, tokenPage{Undone: undone}, filled)
		return
	}
	token, problems := req.newToken(id, &filled)
	if len(problems) == 0 {
		var outage *wire.Error
		if problems, outage = req.missingScopes(token); outage != nil {
			e.k.WritePageError(w, r, outage)
			return
		}
	}
	if len(problems) > 0 {
		filled.Problems = problems
		req.show(http.StatusUnprocessableEntity, tokenPage{}, filled)
		return
	}
	made, plaintext, err := e.k.Registry.CreateAPIToken(oauthapp.WithActor(r.Context(), e.k.Actor(r, req.user.ID)), token)
	var invalid *oauthapp.ValidationError
	switch {
	case errors.As(err, &invalid):
		filled.Problems = kernel.Problems(invalid)
		req.show(http.StatusUnprocessableEntity, tokenPage{}, filled)
	case errors.Is(err, oauthapp.ErrLimit):
		filled.Problems = []page.Problem{{Field: "name", Message: page.Say("tokens.limit")}}
		req.show(http.StatusUnprocessableEntity, tokenPage{}, filled)
	case errors.Is(err, oauthapp.ErrExists): // it was sent twice
		req.show(http.StatusConflict, tokenPage{Undone: page.Say("tokens.made_before")}, req.emptyForm())
	case err != nil:
		e.k.WritePageError(w, r, wire.Outage(err))
	default:
		req.show(http.StatusOK, tokenPage{Token: plaintext.Reveal(), Made: made.Name}, req.emptyForm())
	}
}

var undone = page.Say("tokens.undone")

// revoke ends a user token of the user, or an account token of the account.
func (e *endpoints) revoke(w http.ResponseWriter, r *http.Request) {
	req := e.admit(w, r)
	if req == nil {
		return
	}
	id, err := uuid.Parse(r.PathValue("id"))
	if err != nil || id.String() != r.PathValue("id") {
		e.notFound(w, r)
		return
	}
	if !req.proven(revokePurpose, id) {
		req.show(http.StatusForbidden, tokenPage{Undone: undone}, req.emptyForm())
		return
	}
	ctx := oauthapp.WithActor(r.Context(), e.k.Actor(r, req.user.ID))
	_, err = e.k.Registry.RevokeAPIToken(ctx, oauthapp.APITokenFilter{UserID: req.user.ID}, id, "")
	if errors.Is(err, oauthapp.ErrNotFound) {
		_, err = e.k.Registry.RevokeAPIToken(ctx, req.ofAccount(req.account.EndsGrants), id, "")
	}
	switch {
	case errors.Is(err, oauthapp.ErrNotFound): // it has ended, as by the same form
		req.show(http.StatusNotFound, tokenPage{Undone: page.Say("tokens.gone")}, req.emptyForm())
	case err != nil:
		e.k.WritePageError(w, r, wire.Outage(err))
	default:
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, e.path(req.account.ID)+"?done=revoked", http.StatusSeeOther)
	}
}

func (e *endpoints) notFound(w http.ResponseWriter, r *http.Request) {
	e.writeError(w, r, http.StatusNotFound, "fail.not_found", "fail.not_found_text")
}

// writeError shows the page of an error; title and message are keys.
func (e *endpoints) writeError(w http.ResponseWriter, r *http.Request, status int, title, message string) {
	e.k.WritePage(w, r, status, "error.html", page.Error{Status: status, Title: page.Say(title), Message: page.Say(message), Time: e.k.Moments(r)(e.k.Now())})
}

// path returns the path of an account's page.
func (e *endpoints) path(account string) string {
	return e.k.BasePath + "/accounts/" + url.PathEscape(account) + "/api_tokens"
}
