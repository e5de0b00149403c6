package guides

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// # An audit log
//
// Config.Events is told of every change after it is durable, and of every
// request that was refused. An event says who did what to which application,
// for whom, from where, and why it failed. It never holds a secret, code or
// token. oauthapp.EventType lists the types.
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
	rows := json.NewEncoder(os.Stdout) // your own table
	cfg := service()
	cfg.Events = func(ctx context.Context, e oauthapp.Event) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_ = ctx // for the statement that writes the row
		if err := rows.Encode(map[string]string{
			"type": string(e.Type), "actor": e.Actor.UserID, "application": e.ApplicationName, "reason": e.Reason,
		}); err != nil {
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
	// {"actor":"","application":"Zonewatch","reason":"","type":"oauth_application.create"}
	// {"actor":"support-5","application":"Zonewatch","reason":"It sends spam.","type":"oauth_application.suspend"}
}
