package guides

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// # An audit log
//
// Config.Events is told of every change after it is durable, and of every
// request that was refused. An event says who did what to which application,
// for whom, from where, and why it failed. It never holds a secret, code or
// token. The constants of oauthapp.EventType are the types.
//
// Give what you search for a column: time, type, actor, application, user and
// account. json.Marshal of the event is for one more column, of jsonb: it has
// every field that is set. A user who is erased is yours to take out of both.
//
// The function runs in the goroutine of the request, so a slow one makes
// requests slow. Write the event to a table or a queue, within a deadline of
// its own: the context of the request may have ended. What it loses is lost, so
// log its error.
//
// The library knows who asks at its own endpoints and pages. Where code of
// yours calls the Registry, such as a support desk, oauthapp.WithActor says who
// does: without it the event names nobody.
//
// It is the place for a mail as well: tell the owner of an application of
// ClientSecretReset and CredentialLeaked, and a user of GrantCreated.
func Example_audit() {
	insert := func(_ context.Context, columns ...any) error { // into your own table
		_, err := fmt.Printf("%s by %q of %s: %q\n", columns[:4]...)
		return err
	}
	cfg := service()
	cfg.Events = func(ctx context.Context, e oauthapp.Event) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		all, err := json.Marshal(e)
		if err == nil {
			err = insert(ctx, e.Type, e.Actor.UserID, e.ApplicationName, e.Reason, e.Time, all)
		}
		if err != nil {
			fmt.Println("audit:", err)
		}
	}
	provider := must(flow.New(cfg))

	app := zonewatch(provider)
	ctx := oauthapp.WithActor(context.Background(), oauthapp.Actor{UserID: "support-5", RemoteAddr: "192.0.2.7"})
	_, err := provider.Registry().ChangeStanding(ctx, oauthapp.AnyOwner, app.ID, func(s *oauthapp.Standing) {
		s.Suspended, s.Reason = true, "It sends spam."
	})
	check(err)
	// Output:
	// oauth_application.create by "" of Zonewatch: ""
	// oauth_application.suspend by "support-5" of Zonewatch: "It sends spam."
}
