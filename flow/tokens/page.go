package tokens

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/ticket"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
)

const listPage = "api_tokens.html"

// What forms are signed for.
const (
	createPurpose = "api token create"
	revokePurpose = "api token revoke"
	formTTL       = 24 * time.Hour
)

type endpoints struct {
	k       *kernel.Kernel
	maxDays int // 0 for no limit
}

// A tokenPage is the data of api_tokens.html.
type tokenPage struct {
	Account  string
	Accounts []page.AccountLink // all accounts of the user; empty where there is one
	UserName string
	Notice   *page.Message // what was just done
	Undone   *page.Message // why nothing was done
	Token    string        // that was just made; ""
	Made     string        // its name

	User, OfAccount         []listed
	UserPages, AccountPages page.Pages

	Form form
}

// A listed token is one of a list.
type listed struct {
	Name, Hint, By                   string // By is "" for who looks at the page
	Scopes                           []page.Scope
	CreatedAt, LastUsedAt, ExpiresAt page.Moment
	RevokeURL, Ticket                string // "" where who looks at the page may not revoke it
}

// A form is the one that makes a token, as it is filled in.
type form struct {
	Action, Ticket, ID string
	Name, ExpiresIn    string
	OfAccount          bool
	MaxDays            int // 0: it need not expire
	Scopes             []choice
	Problems           []page.Problem
}

// Problem returns what is wrong with a field, nil for nothing.
func (f form) Problem(field string) *page.Message {
	for _, p := range f.Problems {
		if p.Field == field {
			return p.Message
		}
	}
	return nil
}

type choice struct {
	Name, Description string
	Selected          bool
}

var samples = map[string][]any{
	listPage: {
		tokenPage{},
		tokenPage{
			Account: "Account", Accounts: []page.AccountLink{{URL: "/accounts/1/api_tokens", Text: "Account", Current: true}, {URL: "/accounts/2/api_tokens", Text: "Other"}},
			UserName: "User", Notice: page.Say("tokens.revoked"), Token: "oa_ap_token", Made: "Name",
			User:      []listed{{Name: "Name", Hint: "hint", Scopes: []page.Scope{{Name: "read", Description: "Read"}, {Name: "gone"}}, RevokeURL: "/revoke", Ticket: "ticket"}},
			OfAccount: []listed{{Name: "Name", Hint: "hint", By: "User", ExpiresAt: page.Moment{At: time.Unix(1, 0)}, LastUsedAt: page.Moment{At: time.Unix(1, 0)}}},
			UserPages: page.Pages{First: "/first", Next: "/next"},
			Form: form{
				Action: "/accounts/1/api_tokens", Name: "Name", OfAccount: true, MaxDays: 30, ExpiresIn: "30",
				Scopes:   []choice{{Name: "read", Description: "Read", Selected: true}, {Name: "write"}},
				Problems: []page.Problem{{Field: "name", Message: page.Plain("Problem")}, {Field: "scope", Message: page.Plain("Problem")}, {Field: "expires_in", Message: page.Plain("Problem")}, {Field: "kind", Message: page.Plain("Problem")}},
			},
		},
		tokenPage{Account: "Account", Undone: undone},
	},
}

// A visit is a request of somebody who is signed in, to an account of theirs.
type visit struct {
	*endpoints
	w       http.ResponseWriter
	r       *http.Request
	user    *kernel.User
	account kernel.Account
	form    wire.Params // of a POST
}

var formParams = []string{"ticket", "id", "name", "scope", "expires_in", "kind"}

// admit returns no visit where it has answered: nobody is signed in, the
// account is not theirs, or a page of another origin sent the form.
func (e *endpoints) admit(w http.ResponseWriter, r *http.Request) *visit {
	w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
	v := &visit{endpoints: e, w: w, r: r}
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
		v.form = form
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
	v.user, v.account = user, account
	return v
}

func (e *endpoints) refuseForm(r *http.Request, event oauthapp.Event) {
	event.Type = oauthapp.APITokenFormRefused
	e.k.Emit(r, event)
}

func (e *endpoints) notFound(w http.ResponseWriter, r *http.Request) {
	e.writeError(w, r, http.StatusNotFound, "fail.not_found", "fail.not_found_text")
}

// writeError shows the page of an error; title and message are keys.
func (e *endpoints) writeError(w http.ResponseWriter, r *http.Request, status int, title, message string) {
	e.k.WritePage(w, r, status, "error.html", page.Error{Status: status, Title: page.Say(title), Message: page.Say(message), Time: page.Moment{At: e.k.Now()}})
}

// path returns the path of an account's page.
func (e *endpoints) path(account string) string {
	return e.k.BasePath + "/accounts/" + url.PathEscape(account) + "/api_tokens"
}

func (e *endpoints) list(w http.ResponseWriter, r *http.Request) {
	if v := e.admit(w, r); v != nil {
		var shown tokenPage
		if r.URL.Query().Get("done") == "revoked" {
			shown.Notice = page.Say("tokens.revoked")
		}
		v.show(http.StatusOK, shown, v.emptyForm())
	}
}

// create makes a token and shows it in the answer.
func (e *endpoints) create(w http.ResponseWriter, r *http.Request) {
	v := e.admit(w, r)
	if v == nil {
		return
	}
	filled := v.filledForm()
	id, err := uuid.Parse(v.form.Get("id"))
	if err != nil || !v.proven(createPurpose, id) {
		v.show(http.StatusForbidden, tokenPage{Undone: undone}, filled)
		return
	}
	token, problems := v.newToken(id, &filled)
	if len(problems) == 0 {
		if problems = v.missingScopes(token); problems == nil {
			return // it is an outage, and answered
		}
	}
	if len(problems) > 0 {
		filled.Problems = problems
		v.show(http.StatusUnprocessableEntity, tokenPage{}, filled)
		return
	}
	made, plaintext, err := e.k.Registry.CreateAPIToken(oauthapp.WithActor(r.Context(), e.k.Actor(r, v.user.ID)), token)
	var invalid *oauthapp.ValidationError
	switch {
	case errors.As(err, &invalid):
		filled.Problems = kernel.Problems(invalid)
		v.show(http.StatusUnprocessableEntity, tokenPage{}, filled)
	case errors.Is(err, oauthapp.ErrLimit):
		filled.Problems = []page.Problem{{Field: "name", Message: page.Say("tokens.limit")}}
		v.show(http.StatusUnprocessableEntity, tokenPage{}, filled)
	case errors.Is(err, oauthapp.ErrExists): // it was sent twice
		v.show(http.StatusConflict, tokenPage{Undone: page.Say("tokens.made_before")}, v.emptyForm())
	case err != nil:
		e.k.WritePageError(w, r, wire.Outage(err))
	default:
		v.show(http.StatusOK, tokenPage{Token: plaintext.Reveal(), Made: made.Name}, v.emptyForm())
	}
}

var undone = page.Say("tokens.undone")

// newToken reads the form.
func (v *visit) newToken(id uuid.UUID, filled *form) (oauthapp.NewAPIToken, []page.Problem) {
	token := oauthapp.NewAPIToken{ID: id, UserID: v.user.ID, Name: filled.Name}
	var problems []page.Problem
	switch v.form.Get("kind") {
	case "user":
	case "account":
		token.AccountID = v.account.ID
		if !v.account.Authorizes {
			problems = append(problems, page.Problem{Field: "kind", Message: page.Say("tokens.not_account")})
		}
	default:
		problems = append(problems, page.Problem{Field: "kind", Message: page.Say("tokens.choose_kind")})
	}
	for _, p := range v.form {
		if p.Name == "scope" {
			token.Scopes = append(token.Scopes, p.Value)
		}
	}
	days, problem := v.days(filled.ExpiresIn)
	if problem != nil {
		problems = append(problems, page.Problem{Field: "expires_in", Message: problem})
	}
	token.Lifetime = time.Duration(days) * day
	return token, problems
}

// days reads in how many days a token expires, 0 for never, or says what is
// wrong with that.
func (v *visit) days(text string) (days int, problem *page.Message) {
	most := v.maxDays
	switch {
	case text == "" && most == 0:
		return 0, nil
	case most == 0:
		most = maxDays
	}
	days, err := strconv.Atoi(text)
	if err != nil || days < 1 || days > most {
		key := "tokens.days"
		if v.maxDays == 0 {
			key = "tokens.days_or_none"
		}
		return 0, page.Say(key, most)
	}
	return days, nil
}

// missingScopes says which scopes the user may not give. It returns nil where
// it has answered.
func (v *visit) missingScopes(token oauthapp.NewAPIToken) []page.Problem {
	given, refusal := v.k.StillGiven(v.r.Context(), token.UserID, token.AccountID, token.Scopes)
	if refusal != nil {
		v.k.WritePageError(v.w, v.r, refusal)
		return nil
	}
	problems := []page.Problem{}
	for _, scope := range token.Scopes {
		_, offered := v.k.Scopes[scope]
		if offered && (!slices.Contains(given, scope) || !slices.Contains(v.k.TakenScopes, scope)) {
			problems = append(problems, page.Problem{Field: "scope", Message: page.Say("tokens.not_scope", scope)})
		}
	}
	return problems
}

// revoke ends a user token of the user, or an account token of the account.
func (e *endpoints) revoke(w http.ResponseWriter, r *http.Request) {
	v := e.admit(w, r)
	if v == nil {
		return
	}
	id, err := uuid.Parse(r.PathValue("id"))
	if err != nil || id.String() != r.PathValue("id") {
		e.notFound(w, r)
		return
	}
	if !v.proven(revokePurpose, id) {
		v.show(http.StatusForbidden, tokenPage{Undone: undone}, v.emptyForm())
		return
	}
	ctx := oauthapp.WithActor(r.Context(), e.k.Actor(r, v.user.ID))
	err = oauthapp.ErrNotFound
	ofAccount := oauthapp.APITokenFilter{AccountID: v.account.ID}
	if !v.account.EndsGrants {
		ofAccount.UserID = v.user.ID
	}
	for _, filter := range []oauthapp.APITokenFilter{{UserID: v.user.ID}, ofAccount} {
		if errors.Is(err, oauthapp.ErrNotFound) {
			_, err = e.k.Registry.RevokeAPIToken(ctx, filter, id, "")
		}
	}
	switch {
	case errors.Is(err, oauthapp.ErrNotFound): // it has ended, as by the same form
		v.show(http.StatusNotFound, tokenPage{Undone: page.Say("tokens.gone")}, v.emptyForm())
	case err != nil:
		e.k.WritePageError(w, r, wire.Outage(err))
	default:
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, e.path(v.account.ID)+"?done=revoked", http.StatusSeeOther)
	}
}

// ticket signs a form for this user, account and token.
func (v *visit) ticket(purpose string, id uuid.UUID) string {
	session := v.k.FormSession.Begin(v.w, v.r, v.user.Session)
	return v.k.Tickets.Sign(v.k.Now().Add(formTTL), purpose, v.user.ID, session, v.account.ID, id.String())
}

// proven reports whether the form was made for this user, session, account and
// token.
func (v *visit) proven(purpose string, id uuid.UUID) bool {
	session := v.k.FormSession.Of(v.r, v.user.Session)
	err := v.k.Tickets.Verify(v.form.Get("ticket"), v.k.Now(), purpose, v.user.ID, session, v.account.ID, id.String())
	if errors.Is(err, ticket.ErrInvalid) {
		v.refuseForm(v.r, oauthapp.Event{
			Actor: oauthapp.Actor{UserID: v.user.ID}, AccountID: v.account.ID, Reason: "not made for this action of this user in this session",
		})
	}
	return err == nil
}

func (v *visit) emptyForm() form {
	f := form{MaxDays: v.maxDays}
	if f.MaxDays > 0 {
		f.ExpiresIn = strconv.Itoa(f.MaxDays)
	}
	return f
}

// filledForm is the form as it was sent.
func (v *visit) filledForm() form {
	f := form{
		MaxDays: v.maxDays, Name: strings.TrimSpace(v.form.Get("name")),
		ExpiresIn: strings.TrimSpace(v.form.Get("expires_in")), OfAccount: v.form.Get("kind") == "account",
	}
	for _, p := range v.form {
		if p.Name == "scope" {
			f.Scopes = append(f.Scopes, choice{Name: p.Value, Selected: true})
		}
	}
	return f
}

// show writes the page with its lists and its form, which has what was typed
// and gets a ticket of its own.
func (v *visit) show(status int, shown tokenPage, f form) {
	id := oauthapp.NewAPITokenID()
	f.Action, f.ID, f.Ticket = v.path(v.account.ID), id.String(), v.ticket(createPurpose, id)
	selected := f.Scopes
	f.Scopes = nil
	for _, name := range slices.Compact(slices.Sorted(slices.Values(v.k.TakenScopes))) {
		isSelected := slices.ContainsFunc(selected, func(c choice) bool { return c.Name == name })
		f.Scopes = append(f.Scopes, choice{name, v.k.Scopes[name], isSelected})
	}
	shown.Account, shown.UserName, shown.Form = v.account.Name, v.user.Name, f
	if len(v.user.Accounts) > 1 {
		for _, a := range v.user.Accounts {
			shown.Accounts = append(shown.Accounts, page.AccountLink{URL: v.path(a.ID), Text: a.Name, Current: a.ID == v.account.ID})
		}
	}
	var err error
	if shown.User, shown.UserPages, err = v.tokens("after", oauthapp.APITokenFilter{UserID: v.user.ID}); err == nil {
		ofAccount := oauthapp.APITokenFilter{AccountID: v.account.ID}
		if !v.account.SeesGrants {
			ofAccount.UserID = v.user.ID
		}
		shown.OfAccount, shown.AccountPages, err = v.tokens("account_after", ofAccount)
	}
	var invalid *oauthapp.ValidationError
	switch {
	case err == nil || shown.Token != "": // a token that was made is shown, whatever else can be
		v.k.WritePage(v.w, v.r, status, listPage, shown)
	case errors.As(err, &invalid): // a place in a list that there never was
		v.notFound(v.w, v.r)
	default:
		v.k.WritePageError(v.w, v.r, wire.Outage(err))
	}
}

// tokens is a page of a list, that goes on by a field of the query.
func (v *visit) tokens(field string, filter oauthapp.APITokenFilter) (rows []listed, links page.Pages, err error) {
	names := map[string]string{v.user.ID: ""}
	after := v.r.URL.Query().Get(field)
	list, err := v.k.Registry.APITokens(v.r.Context(), filter, oauthapp.Page{After: after})
	if err != nil {
		return nil, links, err
	}
	moment := func(t time.Time) page.Moment { return page.Moment{At: t, Now: v.k.Now()} }
	for _, token := range list.Items {
		row := listed{
			Name: token.Name, Hint: token.Hint,
			CreatedAt: moment(token.CreatedAt), LastUsedAt: moment(token.LastUsedAt), ExpiresAt: moment(token.ExpiresAt),
		}
		if token.UserID == v.user.ID || v.account.EndsGrants {
			row.RevokeURL, row.Ticket = v.path(v.account.ID)+"/"+token.ID.String()+"/revoke", v.ticket(revokePurpose, token.ID)
		}
		for _, scope := range token.Scopes {
			row.Scopes = append(row.Scopes, page.Scope{Name: scope, Description: v.k.Scopes[scope]})
		}
		by, known := names[token.UserID]
		if !known {
			if by, err = v.k.UserName(v.r.Context(), token.UserID); err != nil {
				return nil, links, err
			}
			by = cmp.Or(by, token.UserID)
			names[token.UserID] = by
		}
		row.By = by
		rows = append(rows, row)
	}
	if after != "" {
		links.First = v.path(v.account.ID)
	}
	if list.Next != "" {
		links.Next = v.path(v.account.ID) + "?" + url.Values{field: {list.Next}}.Encode()
	}
	return rows, links, nil
}
