package page

import "fmt"

// consentSamples shows the consent page of a service where people keep domains.
func consentSamples() []Sample {
	read := AskedScope{Name: "domains:read", Description: Plain("Read your domains and their records")}
	write := AskedScope{Name: "domains:write", Description: Plain("Change and delete your domains and their records"), Risk: Plain("Whoever can change a domain can take over its web site and its mail.")}
	billing := AskedScope{Name: "billing:read", Description: Plain("Read your invoices")}
	one := []Account{{ID: "1", Name: "Ada Lovelace"}}
	few := []Account{{ID: "2", Name: "Analytical Engines", Granted: true}, {ID: "1", Name: "Ada Lovelace", Selected: true}, {ID: "3", Name: "Difference & Sons"}}

	// state is the sample of a request that is changed in what makes the state.
	state := func(name string, change func(*Consent)) Sample {
		c := Consent{
			Action: "/", Request: "a=b", Ticket: "ticket", UserName: "ada@example.com",
			Application: "Weather Station", Avatar: Avatar{"WS", 6}, Description: "Points a domain at the weather station in your garden.",
			Homepage: "https://weather.example/home", Home: "https://weather.example", Owner: "Storm Glass Ltd", Callback: "https://weather.example",
			Scopes: []AskedScope{read, write}, NotAsked: []AskedScope{billing, {Name: "dns"}}, Accounts: one,
			Service: "service.example", ServiceAvatar: Avatar{"S", 2}, ManageURL: "/manage",
		}
		change(&c)
		return Sample{name, c}
	}
	return []Sample{
		{"", Consent{}},
		state("One account", func(*Consent) {}),
		state("A few accounts", func(c *Consent) { c.Accounts = few }),
		state("42 accounts, to one of which it has access", func(c *Consent) { c.Accounts = accounts(42) }),
		state("Shown again, as no account was chosen", func(c *Consent) {
			c.Notice, c.Accounts = Say("consent.no_account"), []Account{{ID: "1", Name: "Ada Lovelace"}, {ID: "2", Name: "Analytical Engines"}}
		}),
		state("It has access, and asks for more", func(c *Consent) {
			c.Accounts = []Account{{ID: "1", Name: "Ada Lovelace", Granted: true}}
			more := write
			more.New = true
			c.Scopes = []AskedScope{read, more}
		}),
		state("Permissions in groups, some of which can be left out", func(c *Consent) { c.Scopes = grouped() }),
		state("Every permission can be left out", func(c *Consent) {
			c.Scopes, c.NotAsked = []AskedScope{read, write}, nil
			c.Scopes[0].Optional, c.Scopes[1].Optional = true, true
		}),
		state("At some of the APIs of the service", func(c *Consent) {
			c.Resources = []Resource{{Plain("Domains"), "https://domains.service.example/v2"}, {Plain("Mail"), "https://mail.service.example"}}
		}),
		state("Verified by the service", func(c *Consent) { c.Verified = true }),
		state("Not approved yet, for users of its owner's account", func(c *Consent) { c.Awaiting = true }),
		state("A mobile app", func(c *Consent) { c.Public, c.Callback = true, "com.example.weather" }),
		state("Known by its address alone", func(c *Consent) {
			c.ClientHost, c.Owner, c.Public, c.Callback = "weather.example", "", true, "https://weather.example"
		}),
		state("A program of this device that nobody registered", func(c *Consent) {
			c.Owner, c.Public, c.Badge, c.Loopback, c.Callback = "", true, Plain("registered itself"), true, "http://127.0.0.1"
		}),
		state("As little as can be known of an application", func(c *Consent) {
			c.Owner, c.Description, c.Homepage, c.Home, c.Callback, c.ManageURL = "", "", "", "", "", ""
			c.Scopes, c.NotAsked = []AskedScope{{Name: "read"}}, nil
		}),
		state("Names from right to left", func(c *Consent) {
			c.Application, c.Avatar, c.Owner, c.UserName = "محطة الطقس 2", Avatar{"م2", 9}, "شركة العاصفة", "ليلى"
			c.Description = "تربط نطاقًا بمحطة الطقس في حديقتك."
			c.Accounts = []Account{{ID: "1", Name: "ليلى (2)", Selected: true, Granted: true}, {ID: "2", Name: "ACME, Inc."}}
		}),
		state("Long names", func(c *Consent) {
			c.UserName, c.Application, c.Avatar, c.Description, c.Owner = longWord, longWord, Avatar{"D", 4}, longWord+"\n"+longWord, longWord
			c.Homepage, c.Home, c.Callback = longURL, "https://…lllantysiliogogogoch.llanfairpwllgwyngyllgogerych.example", "https://llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch.example"
			c.Scopes = []AskedScope{{Name: longWord, Description: Plain(longWord), Risk: Plain(longWord), New: true}, {Name: longWord + "2", Description: Plain(longWord), Optional: true, Selected: true}}
			c.Accounts = []Account{{ID: "1", Name: longWord, Granted: true, Selected: true}, {ID: "2", Name: longWord}}
		}),
	}
}

// accounts are many, the first of which an application has access to.
func accounts(many int) []Account {
	list := make([]Account, many)
	for i := range list {
		list[i] = Account{ID: fmt.Sprint(i + 1), Name: fmt.Sprintf("Customer %d", i+1), Granted: i == 0, Selected: i == 0}
	}
	return list
}

// grouped are permissions under headings, each of which can be left out or not,
// be new or not, be granted already or not.
func grouped() []AskedScope {
	money, data := Plain("Money"), Plain("Domains")
	return []AskedScope{
		{Name: "profile", Description: Plain("See who you are")},
		{Name: "read", Description: Plain("Read your domains"), Group: "Domains", GroupName: data},
		{Name: "pay", Description: Plain("Pay with your card"), Group: "Money", GroupName: money, Risk: Plain("It can spend your money.")},
		{Name: "mail", Description: Plain("Send you mail"), Optional: true},
		{Name: "write", Description: Plain("Change your domains"), Group: "Domains", GroupName: data, Optional: true, Selected: true},
		{Name: "delete", Description: Plain("Delete your domains"), Group: "Domains", GroupName: data, Risk: Plain("What is deleted is gone."), Optional: true},
	}
}
