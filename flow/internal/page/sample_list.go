package page

// Whom and what the samples of the pages of an account are about.
const (
	sampleUser    = "ada@example.com"
	sampleAccount = "Analytical Engines"
)

var (
	sampleAccounts = []AccountLink{{"/", "Ada Lovelace", false}, {"/", sampleAccount, true}}
	samplePages    = []Link{{"/", Plain("API tokens")}}
	sampleScopes   = []Scope{{"domains:read", Plain("Read your domains and their records")}, {"dns", nil}}
	sampleVerified = Standing{Verified: true}
	sampleAwaiting = Standing{Awaiting: true}
	sampleStopped  = Standing{Suspended: true, Reason: "It sent mail that nobody asked for."}
)

// listSamples shows the list of applications.
func listSamples() []Sample {
	authorized := []Authorized{
		{Name: "Weather Station", Avatar: Avatar{"WS", 6}, Homepage: "https://weather.example", By: sampleUser, UserID: "1", You: true, Scopes: sampleScopes, AuthorizedAt: sampleDays(40), LastUsedAt: sampleMinutes(3), RevokeURL: "/", Ticket: "ticket"},
		{Name: "Invoice Keeper", Avatar: Avatar{"IK", 1}, Homepage: "https://invoices.example", By: "charles@example.com", UserID: "2", Standing: sampleVerified, Scopes: sampleScopes[:1], AuthorizedAt: sampleDays(400), LastUsedAt: sampleDays(2), RevokeURL: "/", Ticket: "ticket"},
		{Name: "Bulk Mailer", Avatar: Avatar{"BM", 9}, UserID: "3", Standing: sampleStopped, Scopes: sampleScopes[1:], AuthorizedAt: sampleDays(7)},
	}
	developer := []Listed{
		{Name: "Loom", URL: "/", ClientID: "5f2b9c0d7e8a4b6c1d3e", Avatar: Avatar{"L", 3}, Standing: sampleVerified, CreatedAt: sampleDays(300), LastUsedAt: sampleMinutes(1)},
		{Name: "Loom for phones", URL: "/", ClientID: "0a1b2c3d4e5f60718293", Avatar: Avatar{"LF", 8}, Public: true, Standing: sampleAwaiting, CreatedAt: sampleDays(5)},
		{Name: "Loom (old)", URL: "/", ClientID: "9e8d7c6b5a4938271605", Avatar: Avatar{"LO", 10}, Standing: sampleStopped, CreatedAt: sampleDays(900), LastUsedAt: sampleDays(60)},
	}
	sorts := []Option{{Value: "newest", Text: Say("list.sort_newest"), Selected: true}, {Value: "name", Text: Say("list.sort_name")}, {Value: "used", Text: Say("list.sort_used")}}
	// state is the sample of a list that is changed in what makes the state.
	state := func(name string, change func(*Applications)) Sample {
		a := Applications{
			Account: sampleAccount, Accounts: sampleAccounts, Pages: samplePages, OfOthers: true, EverywhereURL: "/",
			Manages: true, NewURL: "/new", ReceiveURL: "/receive", Authorized: authorized, Developer: developer,
		}
		change(&a)
		return Sample{name, a}
	}
	return []Sample{
		{"", Applications{}},
		state("Some of each", func(*Applications) {}),
		state("None, in the only account of a user", func(a *Applications) {
			a.Account, a.Accounts, a.Pages, a.OfOthers, a.Authorized, a.Developer = "Ada Lovelace", nil, nil, false, nil, nil
		}),
		state("Somebody who does not manage applications", func(a *Applications) {
			a.OfOthers, a.Manages, a.NewURL, a.ReceiveURL, a.Developer, a.Authorized = false, false, "", "", nil, authorized[:1]
		}),
		state("After one was revoked", func(a *Applications) {
			a.Notice = Say("notice.access-revoked.yours", "Steam Gauge", sampleAccount)
		}),
		state("What was sent was not carried out", func(a *Applications) { a.Problem = Say("undone.too_old") }),
		state("So many that they are searched, sorted and on several pages", func(a *Applications) {
			a.AuthorizedListing = Listing{Field: "authorized_", All: 1000, More: true, Found: 60, First: 26, Last: 50, Search: "weather", Sorts: sorts, Kept: []Pair{{"sort", "used"}}, Previous: "/", Next: "/", Older: "/", Newest: "/"}
			a.DeveloperListing = Listing{All: 6, Sorts: sorts}
		}),
		state("A search that finds nothing", func(a *Applications) {
			a.Authorized, a.AuthorizedListing = nil, Listing{Field: "authorized_", All: 1000, Search: "none", Sorts: sorts}
			a.Developer, a.DeveloperListing = nil, Listing{All: 6, Search: "none", Sorts: sorts}
		}),
		{"All that a user authorized, in every account", Applications{Everywhere: true, Authorized: []Authorized{
			{Name: "Weather Station", Avatar: Avatar{"WS", 6}, Homepage: "https://weather.example", Account: sampleAccount, You: true, Scopes: sampleScopes, AuthorizedAt: sampleDays(40), LastUsedAt: sampleMinutes(3), RevokeURL: "/", Ticket: "ticket"},
			{Name: "Invoice Keeper", Avatar: Avatar{"IK", 1}, Account: "Ada Lovelace", You: true, Standing: sampleVerified, AuthorizedAt: sampleDays(10), RevokeURL: "/", Ticket: "ticket"},
		}}},
		{"Nothing authorized in any account", Applications{Everywhere: true}},
		state("Names from right to left", func(a *Applications) {
			a.Account, a.Accounts = "شركة العاصفة (2)", []AccountLink{{"/", "ليلى", false}, {"/", "شركة العاصفة (2)", true}, {"/", "ACME, Inc.", false}}
			a.Authorized = []Authorized{{Name: "محطة الطقس 2", Avatar: Avatar{"م2", 9}, Homepage: "https://weather.example/?a=1", By: "ליאה (2)", UserID: "2", Standing: Standing{Suspended: true, Reason: "أرسل بريدًا لم يطلبه أحد!"}, Scopes: sampleScopes, AuthorizedAt: sampleDays(40), LastUsedAt: sampleMinutes(3), RevokeURL: "/", Ticket: "ticket"}}
			a.Developer = []Listed{{Name: "נול (2)", URL: "/", ClientID: "5f2b9c0d7e8a4b6c1d3e", Avatar: Avatar{"נ2", 3}, CreatedAt: sampleDays(300)}, {Name: "Loom (2)", URL: "/", ClientID: "0a1b2c3d4e5f60718293", Avatar: Avatar{"L2", 8}, CreatedAt: sampleDays(5)}}
		}),
		state("Long names", func(a *Applications) {
			a.Account, a.Accounts = longWord, []AccountLink{{"/", longWord, true}, {"/", longWord, false}}
			a.Authorized = []Authorized{{Name: longWord, Homepage: longURL, By: longWord, UserID: longWord, Scopes: []Scope{{Name: longWord}, {"long", Plain(longWord)}}, Standing: Standing{Suspended: true, Reason: longWord}, RevokeURL: "/", Ticket: "ticket"}}
			a.Developer = []Listed{{Name: longWord, URL: "/", ClientID: longWord}}
		}),
	}
}
