package page

// applicationSamples shows the page of an application.
func applicationSamples() []Sample {
	secret := Secret{Hint: "aB3x", CreatedAt: sampleDays(300), LastUsedAt: sampleMinutes(3), RevokeURL: "/"}
	ending := Secret{Hint: "pQ9z", CreatedAt: sampleDays(700), LastUsedAt: sampleDays(1), ExpiresAt: sampleDays(-1), RevokeURL: "/"}
	overlaps := []Option{
		{Value: "24h", Text: Say("overlap.24h"), Selected: true}, {Value: "1h", Text: Say("overlap.1h")}, {Value: "168h", Text: Say("overlap.168h")},
		{Value: "0", Text: Say("overlap.0"), Hint: Say("overlap.end_used", 1, Ago(sampleMinutes(3)))},
	}
	// state is the sample of an application that is changed in what makes the
	// state.
	state := func(name string, change func(*Application)) Sample {
		a := Application{
			Account: sampleAccount, ListURL: "/", Name: "Loom", Description: "Weaves the domains of a team into one list.", Homepage: "https://loom.example",
			Callbacks: []string{"https://loom.example/oauth/callback"}, ClientID: "5f2b9c0d7e8a4b6c1d3e", CreatedAt: sampleDays(300), LastUsedAt: sampleMinutes(3),
			Secrets: []Secret{secret}, Newest: "id", Overlaps: overlaps, Ticket: "ticket",
			EditURL: "/", ResetURL: "/", RevokeURL: "/", DeleteURL: "/", TransferURL: "/",
			AuthorizeURL: "https://service.example/oauth/authorize", TokenURL: "https://service.example/oauth/token",
		}
		change(&a)
		return Sample{name, a}
	}
	return []Sample{
		{"", Application{Account: "Account", Name: "Name"}},
		state("In use", func(*Application) {}),
		state("Just registered", func(a *Application) {
			a.Created, a.ClientSecret, a.LastUsedAt = true, "oa_cs_3Jc0qF5mT7vX2bN8zR4kW6hY1dL9sP0gE3uA5iO7", Moment{}
			a.Secrets = []Secret{{Hint: "5iO7", CreatedAt: sampleMinutes(0), RevokeURL: "/"}}
		}),
		state("Just registered, a public one", func(a *Application) {
			a.Created, a.Public, a.Secrets, a.Overlaps, a.LastUsedAt, a.Callbacks = true, true, nil, nil, Moment{}, []string{"http://127.0.0.1/callback", "com.example.loom:/callback"}
		}),
		state("A new secret, and the one before ends", func(a *Application) {
			a.ClientSecret, a.Others = "oa_cs_3Jc0qF5mT7vX2bN8zR4kW6hY1dL9sP0gE3uA5iO7", Say("overlap.until", sampleDays(-1))
			a.Secrets = []Secret{{Hint: "5iO7", CreatedAt: sampleMinutes(0), RevokeURL: "/"}, ending}
		}),
		state("It has no secret", func(a *Application) { a.Secrets, a.Overlaps = nil, nil }),
		state("It acts for itself, too, and requests were refused", func(a *Application) {
			a.Scopes = sampleScopes
			a.Itself = &Itself{Scopes: sampleScopes, Tokens: 12345, IssuedAt: sampleMinutes(50), LastUsedAt: sampleMinutes(2)}
			a.Refusals = []Refusal{
				{At: sampleMinutes(3), Endpoint: "/oauth/token", Error: "invalid_grant", Reason: "the code was used already", Remedy: Say("remedy.code_used")},
				{At: sampleDays(2), Error: "invalid_token", Reason: "the token expired at 2026-01-01T12:00:00Z", Remedy: Say("remedy.access_expired")},
			}
		}),
		state("It may do nothing for itself any more", func(a *Application) { a.Itself = &Itself{} }),
		state("Suspended", func(a *Application) { a.Standing = sampleStopped }),
		state("Verified, and offered to another account", func(a *Application) {
			a.Standing, a.OfferedUntil, a.OfferedBy, a.Notice = sampleVerified, sampleDays(-3), Plain("charles@example.com"), Say("notice.updated")
		}),
		state("Awaiting approval, and offered by the user", func(a *Application) {
			a.Standing, a.OfferedUntil, a.Problem = sampleAwaiting, sampleDays(-3), Say("undone.too_old")
		}),
		state("Names from right to left", func(a *Application) {
			a.Account, a.Name, a.Description = "شركة العاصفة (2)", "محطة الطقس 2", "تربط نطاقًا بمحطة الطقس في حديقتك (الإصدار 2)."
			a.Standing = Standing{Suspended: true, Reason: "أرسل بريدًا لم يطلبه أحد!", Verified: true}
		}),
		state("Long names", func(a *Application) {
			a.Account, a.Name, a.Description, a.Homepage, a.Callbacks, a.ClientID = longWord, longWord, longWord, longURL, []string{longURL}, longWord
			a.Created, a.ClientSecret, a.AuthorizeURL, a.TokenURL, a.Scopes = true, longWord+longWord, longURL, longURL, []Scope{{longWord, Plain(longWord)}}
			a.Refusals = []Refusal{{At: sampleMinutes(3), Endpoint: "/" + longWord, Error: longWord, Reason: longWord, Remedy: Say("remedy.other")}}
		}),
	}
}

// formSamples shows the form of an application.
func formSamples() []Sample {
	typed := Fields{Name: "Loom", Description: "Weaves the domains of a team into one list.", Homepage: "https://loom.example", Callbacks: "https://loom.example/oauth/callback"}
	further := func(keys, scopes, flag string) []Field {
		return []Field{
			{Name: "optional_scopes", Label: Say("optional_scopes.label"), Hint: Say("optional_scopes.hint", "domains:read, dns"), Text: scopes, Was: scopes},
			{Name: "own_scopes", Label: Plain("Permissions of its own"), Hint: Plain("Tick nothing if it acts for users only."), Scopes: sampleScopes, Text: scopes, Was: scopes},
			{Name: "keys", Label: Plain("Keys"), Hint: Plain("A JSON Web Key Set."), Text: keys, Was: keys},
			{Name: "flag", Label: Plain("Bound tokens only"), Hint: Plain("Tick this if the application binds its tokens."), Flag: true, Text: flag, Was: flag},
		}
	}
	required := func(field string) Problem {
		return Problem{field, Say("problem."+field+".required", Say("field."+field))}
	}
	// state is the sample of a form that is changed in what makes the state.
	state := func(name string, change func(*ApplicationForm)) Sample {
		f := ApplicationForm{Account: sampleAccount, Action: "/", Cancel: "/", Ticket: "ticket", Further: further("", "", "")}
		change(&f)
		return Sample{name, f}
	}
	return []Sample{
		{"", ApplicationForm{Account: "Account", Title: "Name"}},
		state("A new one", func(f *ApplicationForm) { f.New, f.ClientID = true, "5f2b9c0d7e8a4b6c1d3e" }),
		state("A new one, of the only type, on a service with the core alone", func(f *ApplicationForm) {
			f.New, f.ConfidentialOnly, f.Further = true, true, nil
		}),
		state("A new one, with every problem", func(f *ApplicationForm) {
			f.New, f.Public, f.Further = true, true, further("{", "dns", "true")
			f.Description, f.Callbacks = "Weaves", "http://loom.example/callback"
			f.Problems = []Problem{
				{"", Say("form.limit", 100)}, required("name"), {"description", Say("problem.too_long", Say("field.description"), 1000)}, required("homepage_url"),
				{"callback_url", Say("problem.url.http", "http://loom.example/callback")}, {"client_type", Say("problem.client_type.unknown", Say("field.client_type"))},
				{"optional_scopes", Say("optional_scopes.unknown", "dns", "domains:read")}, {"keys", Plain("Write JSON.")}, {"flag", Plain("A public application binds no tokens.")},
			}
		}),
		state("Editing", func(f *ApplicationForm) {
			f.Title, f.Version, f.Was, f.Fields, f.Further = "Loom", 2, typed, typed, further("https://loom.example/keys", "dns", "")
		}),
		state("Shown again, as it was open for too long", func(f *ApplicationForm) {
			f.Title, f.Version, f.Was, f.Fields, f.Notice = "Loom", 2, typed, typed, Say("undone.too_old")
		}),
		state("Somebody else changed it meanwhile", func(f *ApplicationForm) {
			f.Title, f.Version, f.Was, f.Fields, f.ChangedAt = "Loom", 2, typed, typed, sampleMinutes(3)
			f.Changes = []Change{
				{Field: "name", Label: Say("field.name"), Before: []string{"Old Loom"}, Now: []string{"Loom"}, Yours: true},
				{Field: "callback_url", Label: Say("field.callback_url"), Before: []string{"https://loom.example/callback"}, Now: []string{"https://loom.example/oauth/callback"}},
				{Field: "keys", Label: Plain("Keys")},
			}
		}),
		state("Long names", func(f *ApplicationForm) {
			long := Fields{Name: longWord, Description: longWord, Homepage: longURL, Callbacks: longURL + "\n" + longURL}
			f.Account, f.Title, f.Was, f.Fields = longWord, longWord, long, long
			f.Problems = []Problem{{"callback_url", Say("problem.url.http", longURL)}}
		}),
	}
}
