package page

// warnings shows a page that warns before something is done.
func warnings(further ...Sample) []Sample {
	return append([]Sample{
		{"", Warning{Account: "Account", Name: "Name"}},
		warn("In use", func(*Warning) {}),
		warn("Never used", func(w *Warning) { w.Usage, w.Secret.LastUsedAt = Usage{}, Moment{} }),
		warn("A public one, with more users than are counted", func(w *Warning) {
			w.Public, w.Itself, w.Usage = true, false, Usage{Users: 1000, More: true, LastUsedAt: sampleMinutes(3)}
		}),
		warn("Shown again, as it was open for too long", func(w *Warning) { w.Notice = Say("undone.too_old") }),
		warn("Names from right to left", func(w *Warning) { w.Account, w.Name = "شركة العاصفة (2)", "محطة الطقس 2" }),
		warn("Long names", func(w *Warning) { w.Account, w.Name = longWord, longWord }),
	}, further...)
}

// warn is the sample of a warning that is changed in what makes the state.
func warn(name string, change func(*Warning)) Sample {
	w := sampleWarning()
	change(&w)
	return Sample{name, w}
}

func sampleWarning() Warning {
	return Warning{
		Account: sampleAccount, ListURL: "/", Name: "Loom", Action: "/", Cancel: "/", Ticket: "ticket", Itself: true,
		Usage:  Usage{Users: 12, LastUsedAt: sampleMinutes(3)},
		Secret: Secret{Hint: "aB3x", CreatedAt: sampleDays(300), LastUsedAt: sampleMinutes(3), ExpiresAt: sampleDays(-1), RevokeURL: "/"},
	}
}

func wrongName() Sample {
	return warn("The name that was typed is another", func(w *Warning) {
		w.Problems = []Problem{{"confirm_name", Say("delete.wrong_name")}}
	})
}

// transferSamples shows the page that offers an application.
func transferSamples() []Sample {
	state := func(name string, change func(*Transfer)) Sample {
		t := Transfer{Warning: sampleWarning()}
		change(&t)
		return Sample{name, t}
	}
	open := func(t *Transfer) {
		t.ExpiresAt, t.WithdrawURL, t.WithdrawTicket = sampleDays(-3), "/", "ticket"
	}
	return []Sample{
		{"", Transfer{Warning: Warning{Account: "Account", Name: "Name"}}},
		state("Not offered", func(*Transfer) {}),
		state("The code of an offer", func(t *Transfer) { open(t); t.Code = "K7QW-3MZP-X2TD-9HVB" }),
		state("Offered by the user, a public one", func(t *Transfer) { open(t); t.Public = true }),
		state("Offered by somebody else", func(t *Transfer) { open(t); t.By = Plain("charles@example.com") }),
		state("After an offer was withdrawn", func(t *Transfer) { t.Said = Say("notice.offer-withdrawn") }),
		state("Shown again, as it was open for too long", func(t *Transfer) { t.Notice = Say("undone.too_old") }),
		state("Long names", func(t *Transfer) { open(t); t.Account, t.Name, t.By = longWord, longWord, Plain(longWord) }),
	}
}

// receiveSamples shows the page that receives an application.
func receiveSamples() []Sample {
	// state is the sample of an offer that is changed in what makes the state.
	state := func(name string, change func(*Receive)) Sample {
		r := Receive{
			Account: sampleAccount, ListURL: "/", Action: "/", Ticket: "ticket", Code: "K7QW-3MZP-X2TD-9HVB",
			Offer: &Offer{
				Name: "Loom", Description: "Weaves the domains of a team into one list.", Homepage: "https://loom.example", From: "Difference & Sons",
				ExpiresAt: sampleDays(-3), Usage: Usage{Users: 12, LastUsedAt: sampleMinutes(3)},
			},
		}
		change(&r)
		return Sample{name, r}
	}
	return []Sample{
		{"", Receive{}},
		state("The code is asked for", func(r *Receive) { r.Code, r.Offer = "", nil }),
		state("A code that is of no use", func(r *Receive) { r.Offer, r.Problem = nil, Say("receive.no_offer") }),
		state("The form was open for too long", func(r *Receive) { r.Offer, r.Notice = nil, Say("undone.too_old") }),
		state("An offer", func(*Receive) {}),
		state("An offer of a public one, never used", func(r *Receive) {
			r.Offer.Public, r.Offer.Description, r.Offer.Homepage, r.Offer.Usage = true, "", "", Usage{}
		}),
		state("An offer that cannot be accepted yet", func(r *Receive) { r.Problem = Say("receive.limit", 100) }),
		state("An offer of one that is suspended and has many users", func(r *Receive) {
			r.Offer.Standing, r.Offer.Usage = sampleStopped, Usage{Users: 1000, More: true, LastUsedAt: sampleDays(2)}
		}),
		state("An offer of one that is suspended for no reason that is told", func(r *Receive) {
			r.Offer.Standing = Standing{Suspended: true, Awaiting: true, Verified: true}
		}),
		state("Long names", func(r *Receive) {
			r.Account, r.Offer.Name, r.Offer.Description, r.Offer.From, r.Offer.Homepage = longWord, longWord, longWord, longWord, longURL
		}),
	}
}
