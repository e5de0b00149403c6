package page

import "time"

// pageFiles are the pages of the library.
var pageFiles = []string{
	consentFile,
	"error.html",
	"applications.html",
	"application.html",
	"application_form.html",
	"revoke_tokens.html",
	"revoke_secret.html",
	"delete_application.html",
	"transfer_application.html",
	"receive_application.html",
}

// samples returns data for every page, between them everything that a template
// can meet: lists with and without rows, texts given and left out.
func samples() map[string][]any {
	now := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	moment := Moment{At: now.Add(-3 * time.Minute), Now: now}
	scopes := []Scope{{Name: "read", Description: "Read your data"}, {Name: "write"}}
	secret := Secret{Hint: "aB3x", CreatedAt: moment, LastUsedAt: moment, ExpiresAt: moment, RevokeURL: "/revoke"}
	standing := Standing{Suspended: true, Reason: "Reason", Awaiting: true, Verified: true}
	problems := []Problem{
		{"", "A problem."}, {"name", "A problem."}, {"description", "A problem."}, {"homepage_url", "A problem."},
		{"callback_url", "A problem."}, {"colours", "A problem."}, {"bright", "A problem."}, {"client_type", "A problem."}, {"confirm_name", "A problem."},
	}
	fields := Fields{Name: "Name", Description: "Text", Homepage: "https://example.com", Callbacks: "https://example.com/callback"}
	further := []Field{
		{Name: "colours", Label: "Colours", Hint: "Hint.", Text: "red\ngreen", Was: "red"}, {Name: "bright", Label: "Bright", Hint: "Hint.", Flag: true, Text: "true"},
	}
	warning := Warning{
		Account: "Account", ListURL: "/", Name: "Name", Public: true, Action: "/", Cancel: "/", Ticket: "ticket", Notice: "Notice",
		Usage: Usage{Users: 12, More: true, LastUsedAt: moment}, Secret: secret, Problems: problems,
	}
	return map[string][]any{
		"consent.html": {
			Consent{},
			Consent{
				Action: "/", Request: "a=b", Ticket: "ticket", UserName: "User", Application: "Name", Description: "Text",
				Homepage: "https://example.com/home", Home: "https://example.com", Owner: "Owner", Public: true, Callback: "https://example.com", Scopes: []AskedScope{{Name: "read", Description: "Read your data"}, {Name: "write"}},
				Accounts: []Account{{"1", "One", true, false}, {"2", "Two", false, true}}, Notice: "Notice",
			},
			Consent{Accounts: []Account{{ID: "1", Name: "One", Granted: true}}},
			Consent{
				Application: "Name", ClientHost: "client.example", Badge: "registered itself", Verified: true, Loopback: true, Callback: "http://localhost",
				Remarks: []string{"Remark."}, Scopes: []AskedScope{
					{Name: "read", Description: "Read your data"}, {Name: "pay", Description: "Pay", Group: "Money", Risk: "It can spend your money.", New: true},
					{Name: "write", Optional: true},
					{Name: "delete", Description: "Delete your data", Group: "Data", Risk: "What is deleted is gone.", Optional: true, Selected: true},
					{Name: "send", Description: "Send your data", Group: "Data", Optional: true},
				}, Resources: []Resource{{Name: "API", Identifier: "https://api.example"}}, Accounts: []Account{{ID: "1", Name: "One"}},
			},
		},
		"error.html": {
			Error{},
			Error{Status: 404, Title: "Title", Message: "Message", Detail: "Detail", Received: "Received", Remedy: "Remedy", Time: now, Back: &Link{URL: "/", Text: "Back"}},
		},
		"applications.html": {
			Applications{},
			Applications{Manages: true},
			Applications{
				Account: "Account", Accounts: []AccountLink{{"/", "One", true}, {"/", "Two", false}}, Notice: "Notice", Problem: "Problem",
				OfOthers: true, Manages: true, NewURL: "/new", ReceiveURL: "/receive",
				Authorized: []Authorized{
					{},
					{Name: "Name", Homepage: "https://example.com", By: "User", UserID: "1", You: true, Scopes: scopes, AuthorizedAt: moment, LastUsedAt: moment, RevokeURL: "/", Ticket: "ticket"},
					{Name: "Name", Homepage: "https://example.com", By: "Other", UserID: "2", Standing: standing, Scopes: scopes, AuthorizedAt: moment, LastUsedAt: moment, RevokeURL: "/", Ticket: "ticket"},
				},
				AuthorizedPages: Pages{"/", "/"},
				Developer:       []Listed{{}, {Name: "Name", URL: "/", Public: true, Standing: standing, CreatedAt: moment, LastUsedAt: moment}},
				DeveloperPages:  Pages{"/", "/"},
			},
		},
		"application.html": {
			Application{},
			Application{
				Account: "Account", ListURL: "/", Name: "Name", Description: "Text", Homepage: "https://example.com",
				Callbacks: []string{"https://example.com/callback"}, ClientID: "client", Standing: standing, Scopes: scopes, CreatedAt: moment, LastUsedAt: moment,
				ClientSecret: "secret", Created: true, Others: "Others", Notice: "Notice", Problem: "Problem", Secrets: []Secret{secret, {}},
				Newest: "id", Overlaps: []Option{{Value: "24h", Text: "for 1 more day", Selected: true}, {Value: "0", Text: "not at all", Hint: "Hint"}},
				Refusals: []Refusal{{At: moment, Endpoint: "/oauth/token", Error: "invalid_grant", Reason: "Reason", Remedy: "Remedy."}, {At: moment, Error: "invalid_token", Reason: "Reason", Remedy: "Remedy."}},
				Ticket:   "ticket", EditURL: "/", ResetURL: "/", RevokeURL: "/", DeleteURL: "/", TransferURL: "/", OfferedUntil: moment, OfferedBy: "you",
			},
			Application{Public: true, Created: true},
		},
		"application_form.html": {
			ApplicationForm{},
			ApplicationForm{
				Account: "Account", New: true, Title: "Name", Action: "/", Cancel: "/", Ticket: "ticket", ClientID: "client",
				Fields: fields, Public: true, Further: further, Notice: "Notice", Problems: problems,
			},
			ApplicationForm{
				Account: "Account", Title: "Name", Action: "/", Cancel: "/", Ticket: "ticket", Version: 2, Was: fields, Fields: fields, Further: further,
				ChangedAt: moment, Changes: []Change{
					{Field: "name", Label: "Name", Before: []string{"Old"}, Now: []string{"Name"}, Yours: true},
					{Field: "callback_url", Label: "Callback URL", Before: []string{"https://example.com/old"}, Now: []string{"https://example.com/callback"}},
					{Field: "colours", Label: "Colours"},
				},
			},
		},
		"transfer_application.html": {
			Transfer{}, Transfer{Warning: warning, Said: "Said", Code: "CODE", ExpiresAt: moment, By: "you", WithdrawURL: "/", WithdrawTicket: "ticket"},
			Transfer{Warning: warning, ExpiresAt: moment, By: "Other", WithdrawURL: "/", WithdrawTicket: "ticket"},
		},
		"receive_application.html": {
			Receive{}, Receive{Account: "Account", ListURL: "/", Action: "/", Ticket: "ticket", Notice: "Notice", Code: "CODE", Problem: "A problem."},
			Receive{Account: "Account", ListURL: "/", Action: "/", Ticket: "ticket", Code: "CODE", Problem: "A problem.", Offer: &Offer{
				Name: "Name", Description: "Text", Homepage: "https://example.com", From: "Other", Standing: standing, ExpiresAt: moment, Usage: warning.Usage,
			}},
			Receive{Account: "Account", Offer: &Offer{Name: "Name", From: "Other", Public: true, ExpiresAt: moment}},
		},
		"revoke_tokens.html":      {Warning{}, warning},
		"revoke_secret.html":      {Warning{}, warning},
		"delete_application.html": {Warning{}, warning},
	}
}
