package guides

import (
	"context"
	"fmt"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// # What the service decides about an application
//
// Its standing is yours to set, from an operator's page or command, and no
// developer can change it. Registry.ChangeStanding reads and writes it in one
// step, so that two operators do not undo each other.
//
//   - Suspended stops an application everywhere at once, with a Reason that
//     users and the developer see. Nothing is lost: one that is reinstated has
//     its grants and tokens as before.
//   - Approved opens an application to users of other accounts. It matters only
//     where Config.Applications.NeedsApproval says that the application needs
//     it. Until then it works for its owner's users, who can try it.
//   - Verified says on the consent page that you know who is behind it.
//   - Trusted is for the service's own applications, such as its mobile app:
//     users are not asked for consent, and see the application in their list
//     all the same. A public application needs an https callback for that, as
//     any program on a device can pose as one with another. A user with
//     several accounts is asked which one, unless the application names it with
//     the parameter account_id.
//
// An operator who approves applications learns of a new one from the event
// ApplicationCreated, and tells its developer afterwards; the page of the
// application shows that it waits. Registry.Applications with AnyOwner lists
// all, those that wait too.
//
// The support desk finds an application by the client ID that a developer
// quotes: Registry.ApplicationByClientID with AnyOwner. Provider.Refusals tells
// why its requests were refused, as its page does, and so do your events.
func Example_standing() {
	provider := must(flow.New(service()))
	registry := provider.Registry()
	quoted := zonewatch(provider).ClientID // in a mail to the support desk
	ctx := context.Background()

	app := must(registry.ApplicationByClientID(ctx, oauthapp.AnyOwner, quoted))
	app, err := registry.ChangeStanding(ctx, oauthapp.AnyOwner, app.ID, func(s *oauthapp.Standing) {
		s.Suspended, s.Reason = true, "It asks users for their password."
	})
	fmt.Println(app.Name, app.Standing.Suspended, err)

	app, err = registry.ChangeStanding(ctx, oauthapp.AnyOwner, app.ID, func(s *oauthapp.Standing) {
		s.Suspended, s.Reason = false, ""
		s.Verified = true
	})
	fmt.Println(app.Name, app.Standing.Suspended, app.Standing.Verified, err)

	// The mobile app of the service, registered once.
	app, _, err = registry.Register(ctx, "7", oauthapp.Registration{
		Name: "Example Domains for phones", HomepageURL: "https://service.example",
		Type: oauthapp.Public, CallbackURLs: []string{"https://service.example/app/callback"},
	})
	check(err)
	app, err = registry.ChangeStanding(ctx, oauthapp.AnyOwner, app.ID, func(s *oauthapp.Standing) { s.Trusted = true })
	fmt.Println(app.Name, app.Standing.Trusted, err)
	// Output:
	// Zonewatch true <nil>
	// Zonewatch false true <nil>
	// Example Domains for phones true <nil>
}
