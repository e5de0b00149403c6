package store_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A service without background work, or a test, makes a pass when it likes.
func ExampleCleaner_Pass() {
	ctx, now := context.Background(), time.Now()
	s := memory.New()
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: s, Now: func() time.Time { return now }})
	if err != nil {
		log.Fatal(err)
	}
	app, _, err := registry.Register(ctx, "account-1", oauthapp.Registration{
		Name: "Example", HomepageURL: "https://example.com", CallbackURLs: []string{"https://example.com/callback"},
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := registry.ResetSecret(ctx, oauthapp.OwnedBy("account-1"), app.ID, time.Hour); err != nil {
		log.Fatal(err)
	}

	cleaner := store.Cleaner{Store: s, Now: func() time.Time { return now }}
	for range 2 {
		removed, err := cleaner.Pass(ctx)
		fmt.Println(removed, err)
		now = now.Add(time.Hour) // the old secret expires
	}
	// Output:
	// 0 <nil>
	// 1 <nil>
}
