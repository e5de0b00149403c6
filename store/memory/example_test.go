package memory_test

import (
	"context"
	"fmt"
	"log"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// Every test has a store of its own, which needs no closing.
func ExampleNew() {
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: memory.New()})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	for _, name := range []string{"First", "Second"} {
		_, _, err := registry.Register(ctx, "account-1", oauthapp.Registration{
			Name: name, HomepageURL: "https://example.com", CallbackURLs: []string{"https://example.com/callback"},
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	list, err := registry.Applications(ctx, oauthapp.OwnedBy("account-1"), oauthapp.Page{})
	if err != nil {
		log.Fatal(err)
	}
	for _, app := range list.Items {
		fmt.Println(app.Name)
	}
	// Output:
	// Second
	// First
}
