package sqlite_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/sqlite"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	path := filepath.Join(dir, "oauthapps.db")

	s, err := sqlite.Open(ctx, path)
	if err != nil {
		log.Fatal(err)
	}
	id, now := uuid.Must(uuid.NewV7()), time.Now().UTC().Truncate(time.Microsecond)
	err = s.CreateApplication(ctx, oauthapp.Application{
		ID: id, ClientID: "zonewatch", Owner: "acme", Name: "Zonewatch", Type: oauthapp.Public,
		HomepageURL: "https://zonewatch.example/", CallbackURLs: []string{"https://zonewatch.example/callback"},
		CreatedAt: now, UpdatedAt: now, Version: 1,
	}, nil, 100)
	if err != nil {
		log.Fatal(err)
	}
	if err := s.Close(); err != nil {
		log.Fatal(err)
	}

	// Another process, at another time.
	s, err = sqlite.Open(ctx, path)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	app, err := s.Application(ctx, oauthapp.OwnedBy("acme"), id)
	fmt.Println(app.Name, app.CallbackURLs, err)

	// A directory is no database.
	_, err = sqlite.Open(ctx, os.TempDir())
	fmt.Println(err != nil)
	// Output:
	// Zonewatch [https://zonewatch.example/callback] <nil>
	// true
}
