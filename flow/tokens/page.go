package tokens

import (
	"cmp"
	"errors"
	"net/url"
	"slices"

	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
)

const listPage = "api_tokens.html"

// A tokenPage is the data of api_tokens.html.
type tokenPage struct {
	Account  string
	Accounts []page.AccountLink // all accounts of the user; empty where there is one
	Pages    []page.Link        // the other pages that the account has
	UserName string
	Notice   *page.Message // what was just done
	Undone   *page.Message // why nothing was done
	Token    string        // that was just made; ""
	Made     string        // its name

	User, OfAccount         []listed
	UserPages, AccountPages pageLinks

	Form form
}

// pageLinks are those of a list; a link that is "" leads nowhere.
type pageLinks struct{ First, Next string }

// A listed token is one of a list.
type listed struct {
	Name, Hint, By                   string // By is "" for who looks at the page
	Scopes                           []page.Scope
	CreatedAt, LastUsedAt, ExpiresAt page.Moment
	RevokeURL, Ticket                string // "" where who looks at the page may not revoke it
}

// show writes the page with its lists and its form, which has what was typed
// and gets a ticket of its own.
func (req *request) show(status int, shown tokenPage, f form) {
	id := oauthapp.NewAPITokenID()
	f.Action, f.ID, f.Ticket = req.path(req.account.ID), id.String(), req.ticket(createPurpose, id)
	selected := f.Scopes
	f.Scopes = nil
	for _, name := range slices.Compact(slices.Sorted(slices.Values(req.k.TakenScopes))) {
		isSelected := slices.ContainsFunc(selected, func(c choice) bool { return c.Name == name })
		f.Scopes = append(f.Scopes, choice{name, req.k.Scopes[name], isSelected})
	}
	shown.Pages = req.k.OtherPages(req.account.ID, req.path(req.account.ID))
	shown.Account, shown.UserName, shown.Form = req.account.Name, req.user.Name, f
	if len(req.user.Accounts) > 1 {
		for _, a := range req.user.Accounts {
			shown.Accounts = append(shown.Accounts, page.AccountLink{URL: req.path(a.ID), Text: a.Name, Current: a.ID == req.account.ID})
		}
	}
	var err error
	if shown.User, shown.UserPages, err = req.tokens("after", oauthapp.APITokenFilter{UserID: req.user.ID}); err == nil {
		shown.OfAccount, shown.AccountPages, err = req.tokens("account_after", req.ofAccount(req.account.SeesGrants))
	}
	var invalid *oauthapp.ValidationError
	switch {
	case err == nil || shown.Token != "": // a token that was made is shown, whatever else can be
		req.k.WritePage(req.w, req.r, status, listPage, shown)
	case errors.As(err, &invalid): // a place in a list that there never was
		req.notFound(req.w, req.r)
	default:
		req.k.WritePageError(req.w, req.r, wire.Outage(err))
	}
}

// tokens is a page of a list, that goes on by a field of the query.
func (req *request) tokens(field string, filter oauthapp.APITokenFilter) (rows []listed, links pageLinks, err error) {
	names := map[string]string{req.user.ID: ""}
	after := req.r.URL.Query().Get(field)
	list, err := req.k.Registry.APITokens(req.r.Context(), filter, oauthapp.Page{After: after})
	if err != nil {
		return nil, links, err
	}
	moment := req.k.Moments(req.r)
	for _, token := range list.Items {
		row := listed{
			Name: token.Name, Hint: token.Hint,
			CreatedAt: moment(token.CreatedAt), LastUsedAt: moment(token.LastUsedAt), ExpiresAt: moment(token.ExpiresAt),
		}
		if token.UserID == req.user.ID || req.account.EndsGrants {
			row.RevokeURL, row.Ticket = req.path(req.account.ID)+"/"+token.ID.String()+"/revoke", req.ticket(revokePurpose, token.ID)
		}
		for _, scope := range token.Scopes {
			row.Scopes = append(row.Scopes, page.Scope{Name: scope, Description: req.k.Scopes[scope]})
		}
		by, known := names[token.UserID]
		if !known {
			if by, err = req.k.UserName(req.r.Context(), token.UserID); err != nil {
				return nil, links, err
			}
			by = cmp.Or(by, token.UserID)
			names[token.UserID] = by
		}
		row.By = by
		rows = append(rows, row)
	}
	if after != "" {
		links.First = req.path(req.account.ID)
	}
	if list.Next != "" {
		links.Next = req.path(req.account.ID) + "?" + url.Values{field: {list.Next}}.Encode()
	}
	return rows, links, nil
}
