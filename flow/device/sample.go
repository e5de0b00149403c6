package device

import (
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/page"
)

const (
	sampleCode = "WDJB-MJHT"
	sampleUser = "ada@example.com"
)

// samples shows the pages of this package, and the consent page as it asks
// about a device.
var samples = map[string][]page.Sample{
	entryPage: {
		{Data: entry{}},
		{State: "The code is typed", Data: entry{Action: "/", UserName: sampleUser}},
		{State: "The code came with a link", Data: entry{Action: "/", UserCode: sampleCode, Asks: true, UserName: sampleUser}},
		{State: "It has not the form of a code", Data: entry{Action: "/", UserCode: "WDJB", Problem: page.Say("device.malformed"), UserName: sampleUser}},
		{State: "There is no such code", Data: entry{Action: "/", UserCode: sampleCode, Problem: page.Say("device.no_such_code"), UserName: sampleUser}},
		{State: "The code was used", Data: entry{Action: "/", Problem: page.Say("device.used"), UserName: sampleUser}},
		{State: "Too many codes were typed", Data: entry{Action: "/", UserCode: sampleCode, Problem: page.Say("device.too_many", 42), UserName: sampleUser}},
	},
	donePage: {
		{State: "Authorized", Data: done{page.Say("device.connected"), page.Say("device.connected_text"), "/manage"}},
		{State: "Denied", Data: done{Title: page.Say("device.denied"), Message: page.Say("device.denied_text")}},
	},
	"consent.html": {
		{State: "A device in the network of the user", Data: asked("device.your_network", "192.0.2.7")},
		{State: "A device in another network", Data: asked("device.other_network", "2001:db8::7")},
	},
}

// asked is what the consent page asks about a device.
func asked(from, address string) page.Consent {
	now := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	return page.Consent{
		Action: "/", UserName: sampleUser, Application: "Weather Frame", Avatar: page.Avatar{Initials: "WF", Colour: 3}, Owner: "Storm Glass Ltd",
		Description: "Shows the weather in a picture frame.", Homepage: "https://weather.example", Home: "https://weather.example", Public: true,
		Remarks:  []*page.Message{deviceRemark(from, sampleCode, page.Ago{At: now.Add(-2 * time.Minute), Now: now}, address)},
		Scopes:   []page.AskedScope{{Name: "profile", Description: page.Plain("See who you are")}},
		NotAsked: []page.AskedScope{{Name: "write", Description: page.Plain("Change your data")}},
		Accounts: []page.Account{{ID: "1", Name: "Ada Lovelace"}},
		Service:  "service.example", ServiceAvatar: page.Avatar{Initials: "S", Colour: 2}, ManageURL: "/manage",
	}
}
