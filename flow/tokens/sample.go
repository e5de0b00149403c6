package tokens

import (
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// samples show the page of a user of a service where people keep domains.
var samples = map[string][]page.Sample{listPage: {
	{Data: tokenPage{}},
	sample("None", func(p *tokenPage) { p.User, p.OfAccount = nil, nil }),
	sample("None, in the only account of a user", func(p *tokenPage) {
		p.User, p.OfAccount, p.Accounts, p.Pages, p.Account = nil, nil, nil, nil, "Ada Lovelace"
	}),
	sample("Some, on several pages", func(p *tokenPage) { p.UserPages = pageLinks{First: "/", Next: "/"} }),
	sample("One was just made", func(p *tokenPage) { p.Token, p.Made = "oa_ap_3Jc0qF5mT7vX2bN8zR4kW6hY1dL9sP0gE3uA5iO7", "Backup" }),
	sample("One was just revoked", func(p *tokenPage) { p.Notice = page.Say("tokens.revoked") }),
	sample("What was sent was not carried out", func(p *tokenPage) { p.Undone = undone }),
	sample("The form, with every problem", func(p *tokenPage) {
		p.Form.MaxDays, p.Form.ExpiresIn, p.Form.OfAccount = 30, "soon", true
		p.Form.Problems = append(
			kernel.Problems(&oauthapp.ValidationError{Fields: []oauthapp.FieldError{{Field: "name", Code: "name.required"}, {Field: "scope", Code: "scope.required"}}}),
			page.Problem{Field: "kind", Message: page.Say("tokens.not_account")}, page.Problem{Field: "expires_in", Message: page.Say("tokens.days", "30")},
		)
	}),
	sample("Names from right to left", func(p *tokenPage) {
		p.Account, p.UserName, p.Token, p.Made = "شركة العاصفة (2)", "ليلى (2)", "oa_ap_3Jc0qF5mT7vX2bN8zR4kW6hY1dL9sP0gE3uA5iO7", "نسخ احتياطي 2"
		p.User[0].Name, p.OfAccount[0].Name, p.OfAccount[0].By = "نسخ احتياطي 2", "גיבוי (2)", "ליאה (2)"
	}),
	sample("Long names", func(p *tokenPage) {
		long := strings.Repeat("Donaudampfschifffahrtselektrizität", 3)
		p.Account, p.UserName, p.Made, p.Token = long, long, long, "oa_ap_"+long
		p.User[0].Name, p.OfAccount[0].Name, p.OfAccount[0].By, p.OfAccount[0].Scopes = long, long, long, []page.Scope{{Name: long}}
	}),
}}

// sample is that of a page that is changed in what makes the state.
func sample(state string, change func(*tokenPage)) page.Sample {
	now := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	days := func(n int) page.Moment { return page.Moment{At: now.AddDate(0, 0, n), Now: now} }
	scopes := []page.Scope{{Name: "domains:read", Description: page.Plain("Read your domains and their records")}, {Name: "dns"}}
	p := tokenPage{
		Account: "Analytical Engines", UserName: "ada@example.com",
		Accounts: []page.AccountLink{{URL: "/", Text: "Ada Lovelace"}, {URL: "/", Text: "Analytical Engines", Current: true}},
		Pages:    []page.Link{{URL: "/", Text: page.Say("list.heading")}},
		User: []listed{
			{Name: "Backup", Hint: "iO7x", Scopes: scopes, CreatedAt: days(-40), LastUsedAt: days(-1), ExpiresAt: days(30), RevokeURL: "/", Ticket: "ticket"},
			{Name: "Laptop", Hint: "Qz3k", Scopes: scopes[:1], CreatedAt: days(-400), RevokeURL: "/", Ticket: "ticket"},
		},
		OfAccount: []listed{
			{Name: "Deployment", Hint: "7mPa", By: "charles@example.com", Scopes: scopes[1:], CreatedAt: days(-3), LastUsedAt: days(0), ExpiresAt: days(362)},
			{Name: "Monitor", Hint: "W0rd", Scopes: scopes[:1], CreatedAt: days(-9), ExpiresAt: days(1), RevokeURL: "/", Ticket: "ticket"},
		},
		Form: form{Action: "/", Scopes: []choice{{Name: "domains:read", Description: scopes[0].Description, Selected: true}, {Name: "dns"}}},
	}
	change(&p)
	return page.Sample{State: state, Data: p}
}
