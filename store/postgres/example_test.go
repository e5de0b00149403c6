package postgres_test

import (
	"context"
	"fmt"
	"io/fs"
	"log"
	"os"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/postgres"
)

// A service that has a pool already gives it to the store. Its role may create
// tables where Migrate runs, and need not where New alone does.
func ExampleNew() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	if err := postgres.Migrate(ctx, pool); err != nil {
		log.Fatal(err)
	}
	s := postgres.New(pool)
	if err := s.Ping(ctx); err != nil {
		log.Fatal(err) // a standby, or a role that may not write
	}

	// Give s to flow.Config.Store, or to a registry that only administers.
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: s})
	if err != nil {
		log.Fatal(err)
	}
	_, _, err = registry.Register(ctx, "account-1", oauthapp.Registration{
		Name: "Zonewatch", HomepageURL: "https://zonewatch.example", CallbackURLs: []string{"https://zonewatch.example/callback"},
	})
	if err != nil {
		log.Fatal(err)
	}
}

// A service whose database is away is not ready, says Ping, and goes on by
// itself once the database is back.
func ExampleStore_Ping() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://127.0.0.1:1/service") // nobody listens there
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	s := postgres.New(pool) // connects to nothing

	ready := func() bool { return s.Ping(ctx) == nil } // for the readiness check of the service
	fmt.Println("ready:", ready())
	// Output: ready: false
}

// A team that runs all its migrations with one tool copies the files.
func ExampleMigrations() {
	files, err := fs.ReadDir(postgres.Migrations(), ".")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(files[0].Name())
	// Output: 0001_initial.sql
}
