package oauthapp_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A page of the service lists what Ann authorized. She withdraws one.
func ExampleRegistry_RevokeGrant() {
	s := memory.New()
	registry, app := zonewatch(s)
	authorize(s, app, "ann", "account-7")
	ctx := context.Background()

	// The filter selects what she may reach: a grant of somebody else, whose ID
	// she guessed, is ErrNotFound.
	hers := oauthapp.GrantsOfUser("ann")
	list, err := registry.Grants(ctx, hers, oauthapp.Page{})
	if err != nil {
		log.Fatal(err)
	}
	for _, grant := range list.Items {
		fmt.Println(grant.Application.Name, grant.Scopes, grant.AccountID)
	}
	grant, err := registry.RevokeGrant(ctx, hers, list.Items[0].ID)
	fmt.Println(grant.Application.Name, "is cut off:", err)

	_, err = registry.RevokeGrant(ctx, hers, grant.ID)
	fmt.Println("once more:", errors.Is(err, oauthapp.ErrNotFound))
	// Output:
	// Zonewatch [read] account-7
	// event: grant.revoke
	// Zonewatch is cut off: <nil>
	// once more: true
}

// Ann leaves account 7: applications that she authorized for it lose their
// access to it. Those that she authorized for her own account keep theirs.
func ExampleRegistry_EndAccess() {
	s := memory.New()
	registry, app := zonewatch(s)
	authorize(s, app, "ann", "account-7")
	authorize(s, app, "ann", "account-of-ann")
	ctx := context.Background()

	ended, err := registry.EndAccess(ctx, oauthapp.GrantsOfUser("ann").ForAccount("account-7"), nil)
	fmt.Println("ended:", ended.Grants, err)

	left, err := registry.Grants(ctx, oauthapp.GrantsOfUser("ann"), oauthapp.Page{})
	if err != nil {
		log.Fatal(err)
	}
	for _, grant := range left.Items {
		fmt.Println("left:", grant.AccountID)
	}
	// Output:
	// event: access.end
	// ended: 1 <nil>
	// left: account-of-ann
}

// An operator of the service stops an application that sends spam, and lets it
// go on once that is mended.
func ExampleRegistry_ChangeStanding() {
	registry, app := zonewatch(memory.New())
	ctx := context.Background()

	app, err := registry.ChangeStanding(ctx, oauthapp.AnyOwner, app.ID, func(s *oauthapp.Standing) {
		s.Suspended, s.Reason = true, "It sends spam."
	})
	fmt.Println("suspended:", app.Standing.Suspended, err)

	app, err = registry.ChangeStanding(ctx, oauthapp.AnyOwner, app.ID, func(s *oauthapp.Standing) {
		s.Suspended, s.Reason = false, ""
	})
	fmt.Println("suspended:", app.Standing.Suspended, err)
	// Output:
	// event: oauth_application.suspend
	// suspended: true <nil>
	// event: oauth_application.reinstate
	// suspended: false <nil>
}

// The developers of an application move to another account. Its users notice
// nothing. The new owner resets the secret, which the former one knows.
func ExampleRegistry_Transfer() {
	registry, app := zonewatch(memory.New())
	ctx := context.Background()

	if _, err := registry.Transfer(ctx, oauthapp.OwnedBy("account-1"), app.ID, "account-2"); err != nil {
		log.Fatal(err)
	}
	_, err := registry.Application(ctx, oauthapp.OwnedBy("account-1"), app.ID)
	fmt.Println("the former owner:", err)
	_, err = registry.ResetSecret(ctx, oauthapp.OwnedBy("account-2"), app.ID, 0)
	fmt.Println("the new owner:", err)
	// Output:
	// event: oauth_application.transfer
	// the former owner: oauthapp: not found
	// event: oauth_application.reset_client_secret
	// the new owner: <nil>
}

// An application comes from another service with the client ID and the secret
// that it has there. A callback URL that is not safe is left out.
func ExampleRegistry_Import() {
	registry, _ := zonewatch(memory.New())
	ctx := context.Background()

	for range 2 {
		imported, err := registry.Import(ctx, "account-1", oauthapp.Import{
			Registration: oauthapp.Registration{
				ClientID: "aBcD1234", Name: "Backups", HomepageURL: "https://backups.example",
				CallbackURLs: []string{"https://backups.example/callback", "https://*.backups.example/callback"},
			},
			Secret:     "5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5", // as that service keeps it
			SecretForm: oauthapp.SHA256Secret,
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(imported.Application.ClientID, imported.Application.CallbackURLs, "existed:", imported.Existed)
		for _, refused := range imported.Refused {
			fmt.Println("left out:", refused.Value)
		}
	}
	// Output:
	// event: oauth_application.create
	// aBcD1234 [https://backups.example/callback] existed: false
	// left out: "https://*.backups.example/callback"
	// aBcD1234 [https://backups.example/callback] existed: true
}

// zonewatch returns a registry that prints its events, and an application of
// account-1.
func zonewatch(s store.Store) (*oauthapp.Registry, oauthapp.Application) {
	registered := false
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: s, Events: func(_ context.Context, e oauthapp.Event) {
		if registered {
			fmt.Println("event:", e.Type)
		}
	}})
	if err != nil {
		log.Fatal(err)
	}
	app, _, err := registry.Register(context.Background(), "account-1", oauthapp.Registration{
		Name: "Zonewatch", HomepageURL: "https://zonewatch.example", CallbackURLs: []string{"https://zonewatch.example/callback"},
	})
	if err != nil {
		log.Fatal(err)
	}
	registered = true
	return registry, app
}

// authorize does what package flow does when a user has said yes.
func authorize(s store.Store, app oauthapp.Application, user, account string) {
	id, now := uuid.Must(uuid.NewV7()), time.Now().UTC().Truncate(time.Microsecond)
	_, err := s.BeginSession(context.Background(), store.SessionStart{
		GrantID: uuid.Must(uuid.NewV7()),
		Session: store.Session{
			ID: id, ApplicationID: app.ID, UserID: user, AccountID: account, Scopes: []string{"read"},
			CreatedAt: now, ExpiresAt: now.Add(time.Hour),
			Code: store.Code{Digest: credential.Format{}.NewCode(id).Digest(), ExpiresAt: now.Add(time.Minute)},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
}
