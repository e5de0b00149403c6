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

// longWord is a name that no line can break well, and longURL an address.
const (
	longWord = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
	longURL  = "https://llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch.example/a/path/that/goes/on/and/on?and=so&does=the&query=string"
)

// A Sample is data for a page, which shows it in one of its states.
type Sample struct {
	// State is the state in a few English words, for whoever designs the pages;
	// "" for data that only tries the template, as it has as little as can be.
	State string
	Data  any
}

// samples returns data for every page, between them everything that a template
// can meet: lists with and without rows, texts given and left out.
func samples() map[string][]Sample {
	now := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	moment := Moment{At: now.Add(-3 * time.Minute), Now: now}
	scopes := []Scope{{Name: "read", Description: Plain("Read your data")}, {Name: "write"}}
	secret := Secret{Hint: "aB3x", CreatedAt: moment, LastUsedAt: moment, ExpiresAt: moment, RevokeURL: "/revoke"}
	standing := Standing{Suspended: true, Reason: "Reason", Awaiting: true, Verified: true}
	problem, notice := Plain("A problem."), Plain("Notice")
	problems := []Problem{
		{"", problem}, {"name", problem}, {"description", problem}, {"homepage_url", problem},
		{"callback_url", problem}, {"colours", problem}, {"bright", problem}, {"own", problem}, {"client_type", problem}, {"confirm_name", problem},
	}
	fields := Fields{Name: "Name", Description: "Text", Homepage: "https://example.com", Callbacks: "https://example.com/callback"}
	further := []Field{
		{Name: "colours", Label: Plain("Colours"), Hint: Plain("Hint."), Text: "red\ngreen", Was: "red"},
		{Name: "own", Label: Plain("Own scopes"), Hint: Plain("Hint."), Scopes: scopes, Text: "write", Was: "read"}, {Name: "bright", Label: Plain("Bright"), Hint: Plain("Hint."), Flag: true, Text: "true"},
	}
	listing := Listing{
		Field: "authorized_", All: 1000, More: true, Found: 60, First: 26, Last: 50, Search: "weather", Sorts: []Option{{Value: "name", Text: Say("list.sort_name"), Selected: true}},
		Kept: []Pair{{"sort", "used"}}, Previous: "/", Next: "/", Older: "/", Newest: "/",
	}
	warning := Warning{
		Account: "Account", ListURL: "/", Name: "Name", Public: true, Action: "/", Cancel: "/", Ticket: "ticket", Notice: notice,
		Usage: Usage{Users: 12, More: true, LastUsedAt: moment}, Itself: true, Secret: secret, Problems: problems,
	}
	least := Warning{Account: "Account", Name: "Name"}
	long := Warning{Account: longWord, Name: longWord, Usage: warning.Usage, Secret: secret}
	return map[string][]Sample{
		consentFile:  consentSamples(),
		"error.html": errorSamples(),
		"applications.html": {
			{"", Applications{}},
			{"Nothing yet", Applications{Manages: true}},
			{"Everything that a list can have", Applications{
				Account: "Account", Accounts: []AccountLink{{"/", "One", true}, {"/", "Two", false}}, Notice: notice, Problem: Plain("Problem"),
				OfOthers: true, Manages: true, NewURL: "/new", ReceiveURL: "/receive",
				Authorized: []Authorized{
					{Name: "Name"},
					{Name: "Name", Avatar: Avatar{"N", 0}, Homepage: "https://example.com", By: "User", UserID: "1", You: true, Scopes: scopes, AuthorizedAt: moment, LastUsedAt: moment, RevokeURL: "/", Ticket: "ticket"},
					{Name: "Name", Homepage: "https://example.com", By: "Other", UserID: "2", Standing: standing, Scopes: scopes, AuthorizedAt: moment, LastUsedAt: moment, RevokeURL: "/", Ticket: "ticket"},
				},
				AuthorizedListing: listing, EverywhereURL: "/",
				Developer:        []Listed{{Name: "Name", URL: "/"}, {Name: "Name", URL: "/", ClientID: "client", Avatar: Avatar{"N", 1}, Public: true, Standing: standing, CreatedAt: moment, LastUsedAt: moment}},
				DeveloperListing: Listing{All: 6},
			}},
			{"Long names", Applications{
				Account: longWord, Manages: true,
				Authorized: []Authorized{{Name: longWord, Homepage: longURL, By: longWord, UserID: longWord, Scopes: []Scope{{Name: longWord}}, RevokeURL: "/", Ticket: "ticket"}},
				Developer:  []Listed{{Name: longWord, URL: "/", ClientID: longWord}},
			}},
			{"All that a user authorized, in every account", Applications{Everywhere: true, Authorized: []Authorized{{Name: "Name", Account: "Account", You: true, Standing: standing, RevokeURL: "/", Ticket: "ticket"}}}},
			{"A search that finds nothing", Applications{Everywhere: true, Manages: true, AuthorizedListing: Listing{Field: "authorized_", Search: "none"}, DeveloperListing: Listing{Search: "none"}}},
		},
		"application.html": {
			{"", Application{Account: "Account", Name: "Name"}},
			{"Just registered, with everything that the page can have", Application{
				Account: "Account", ListURL: "/", Name: "Name", Description: "Text", Homepage: "https://example.com",
				Callbacks: []string{"https://example.com/callback"}, ClientID: "client", Standing: standing, Scopes: scopes, CreatedAt: moment, LastUsedAt: moment,
				ClientSecret: "secret", Created: true, Others: Plain("Others"), Notice: notice, Problem: Plain("Problem"), Secrets: []Secret{secret, {}},
				Itself: &Itself{Scopes: scopes, Tokens: 12, IssuedAt: moment, LastUsedAt: moment},
				Newest: "id", Overlaps: []Option{{Value: "24h", Text: Say("overlap.24h"), Selected: true}, {Value: "0", Text: Say("overlap.0"), Hint: Plain("Hint")}},
				Refusals: []Refusal{{At: moment, Endpoint: "/oauth/token", Error: "invalid_grant", Reason: "Reason", Remedy: Plain("Remedy.")}, {At: moment, Error: "invalid_token", Reason: "Reason", Remedy: Plain("Remedy.")}},
				Ticket:   "ticket", EditURL: "/", ResetURL: "/", RevokeURL: "/", DeleteURL: "/", AuthorizeURL: "https://service.example/oauth/authorize", TokenURL: "https://service.example/oauth/token", TransferURL: "/", OfferedUntil: moment,
			}},
			{"Long names", Application{
				Account: longWord, ListURL: "/", Name: longWord, Description: longWord, Homepage: longURL, Callbacks: []string{longURL}, ClientID: longWord,
				ClientSecret: longWord + longWord, Secrets: []Secret{secret}, EditURL: "/",
			}},
			{"Just registered, a public one", Application{Account: "Account", Name: "Name", Public: true, Created: true, ClientID: "client", Callbacks: []string{"https://example.com/callback"}, Itself: &Itself{}}},
		},
		"application_form.html": {
			{"", ApplicationForm{Account: "Account", Title: "Name"}},
			{"A new one, with every problem", ApplicationForm{
				Account: "Account", New: true, Title: "Name", Action: "/", Cancel: "/", Ticket: "ticket", ClientID: "client",
				Fields: fields, Public: true, Further: further, Notice: notice, Problems: problems,
			}},
			{"Somebody else changed it meanwhile", ApplicationForm{
				Account: "Account", Title: "Name", Action: "/", Cancel: "/", Ticket: "ticket", Version: 2, Was: fields, Fields: fields, Further: further,
				ChangedAt: moment, Changes: []Change{
					{Field: "name", Label: Say("field.name"), Before: []string{"Old"}, Now: []string{"Name"}, Yours: true},
					{Field: "callback_url", Label: Say("field.callback_url"), Before: []string{"https://example.com/old"}, Now: []string{"https://example.com/callback"}},
					{Field: "colours", Label: Plain("Colours")},
				},
			}},
		},
		"transfer_application.html": {
			{"", Transfer{Warning: least}},
			{"The code of an offer", Transfer{Warning: warning, Said: Plain("Said"), Code: "CODE", ExpiresAt: moment, WithdrawURL: "/", WithdrawTicket: "ticket"}},
			{"Offered by somebody else", Transfer{Warning: warning, ExpiresAt: moment, By: Plain("Other"), WithdrawURL: "/", WithdrawTicket: "ticket"}},
		},
		"receive_application.html": {
			{"", Receive{}},
			{"A code that is of no use", Receive{Account: "Account", ListURL: "/", Action: "/", Ticket: "ticket", Notice: notice, Code: "CODE", Problem: problem}},
			{"An offer that was not accepted yet", Receive{Account: "Account", ListURL: "/", Action: "/", Ticket: "ticket", Code: "CODE", Problem: problem, Offer: &Offer{
				Name: "Name", Description: "Text", Homepage: "https://example.com", From: "Other", Standing: standing, ExpiresAt: moment, Usage: warning.Usage,
			}}},
			{"An offer of a public application", Receive{Account: "Account", Offer: &Offer{Name: "Name", From: "Other", Public: true, ExpiresAt: moment}}},
		},
		"revoke_tokens.html":      {{"", least}, {"Everything that it can have", warning}, {"Long names", long}},
		"revoke_secret.html":      {{"", least}, {"Everything that it can have", warning}, {"Long names", long}},
		"delete_application.html": {{"", least}, {"Everything that it can have", warning}, {"Long names", long}},
	}
}
