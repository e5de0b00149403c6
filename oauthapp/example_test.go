package oauthapp_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A developer registers an application and sees its secret once.
func Example() {
	registry, err := oauthapp.NewRegistry(oauthapp.Config{
		Store: memory.New(),
		Events: func(_ context.Context, e oauthapp.Event) {
			fmt.Println(e.Type, "by", e.Actor.UserID)
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx := oauthapp.WithActor(context.Background(), oauthapp.Actor{UserID: "alice"})

	app, secret, err := registry.Register(ctx, "account-1", oauthapp.Registration{
		Name:         "Example",
		HomepageURL:  "https://example.com",
		CallbackURLs: []string{"https://example.com/oauth/callback"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(app.Name, "is", app.Type, "and has", len(app.ClientID), "characters of client ID")
	fmt.Println("printed, its secret is", secret)
	fmt.Println("revealed, it has", len(secret.Reveal()), "characters")
	// Output:
	// oauth_application.create by alice
	// Example is confidential and has 20 characters of client ID
	// printed, its secret is [redacted]
	// revealed, it has 56 characters
}

// Everything that is wrong comes at once, for the form to show beside its
// fields.
func ExampleRegistry_Register_validation() {
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: memory.New()})
	if err != nil {
		log.Fatal(err)
	}
	_, _, err = registry.Register(context.Background(), "account-1", oauthapp.Registration{
		Name:         "Example",
		HomepageURL:  "javascript:alert(1)",
		CallbackURLs: []string{"http://example.com/callback", "https://example.com/callback#"},
	})
	var invalid *oauthapp.ValidationError
	if errors.As(err, &invalid) {
		for _, f := range invalid.Fields {
			fmt.Printf("%s: %s\n", f.Field, f.Message)
		}
	}
	// Output:
	// homepage_url: Homepage URL must begin with "https://" or "http://".
	// callback_url: "http://example.com/callback" must begin with "https://"; "http://" is for localhost, 127.0.0.1 and [::1] only.
	// callback_url: "https://example.com/callback#" has a fragment; leave out the "#" and what follows it.
}

// A deployed secret is replaced without an outage: the old one stays good while
// the new one is rolled out.
func ExampleRegistry_ResetSecret() {
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: memory.New()})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	app, old, err := registry.Register(ctx, "account-1", oauthapp.Registration{
		Name:         "Example",
		HomepageURL:  "https://example.com",
		CallbackURLs: []string{"https://example.com/oauth/callback"},
	})
	if err != nil {
		log.Fatal(err)
	}
	accepted := func(secret credential.Plaintext) bool {
		secrets, err := registry.Secrets(ctx, oauthapp.OwnedBy("account-1"), app.ID)
		if err != nil {
			log.Fatal(err)
		}
		_, ok := oauthapp.MatchSecret(secrets, secret.Digest(), time.Now())
		return ok
	}

	renewed, err := registry.ResetSecret(ctx, oauthapp.OwnedBy("account-1"), app.ID, 24*time.Hour)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("with an overlap:", accepted(old), accepted(renewed))

	newest, err := registry.ResetSecret(ctx, oauthapp.OwnedBy("account-1"), app.ID, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("without:", accepted(old), accepted(renewed), accepted(newest))
	// Output:
	// with an overlap: true true
	// without: false false true
}

// Lists come a page at a time, each page found by key.
func ExampleRegistry_Applications() {
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: memory.New()})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	for i := range 5 {
		_, _, err := registry.Register(ctx, "account-1", oauthapp.Registration{
			Name:         fmt.Sprint("Application ", i+1),
			HomepageURL:  "https://example.com",
			CallbackURLs: []string{"https://example.com/oauth/callback"},
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	for page := (oauthapp.Page{Limit: 2}); ; {
		list, err := registry.Applications(ctx, oauthapp.OwnedBy("account-1"), page)
		if err != nil {
			log.Fatal(err)
		}
		for _, app := range list.Items {
			fmt.Println(app.Name)
		}
		fmt.Println("next page:", list.Next != "")
		if page.After = list.Next; page.After == "" {
			break
		}
	}
	// Output:
	// Application 5
	// Application 4
	// next page: true
	// Application 3
	// Application 2
	// next page: true
	// Application 1
	// next page: false
}

func ExampleMatchCallback() {
	registered := []string{"https://example.com/callback", "http://127.0.0.1/callback", "http://localhost/callback"}
	for _, redirectURI := range []string{
		"https://example.com/callback",
		"https://example.com/callback/",
		"https://EXAMPLE.com/callback",
		"http://127.0.0.1:49152/callback",
		"http://127.0.0.1:49152/callback?x=1",
		"http://localhost:49152/callback",
		"http://localhost:49152/",
	} {
		fmt.Println(oauthapp.MatchCallback(oauthapp.Public, registered, redirectURI), redirectURI)
	}
	// Output:
	// true https://example.com/callback
	// false https://example.com/callback/
	// false https://EXAMPLE.com/callback
	// true http://127.0.0.1:49152/callback
	// false http://127.0.0.1:49152/callback?x=1
	// true http://localhost:49152/callback
	// false http://localhost:49152/
}

func ExampleImitates() {
	for _, name := range []string{"Ехample-C1oud", "Ｅｘａｍｐｌｅ Cloud Support", "Sample Cloud"} {
		fmt.Println(oauthapp.Imitates(name, "Example Cloud"))
	}
	// Output:
	// true
	// true
	// false
}
