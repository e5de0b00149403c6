package postgres_test

import (
	"context"
	"log"
	"os"

	"github.com/jackc/pgx/v5/pgxpool"

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
	// Give s to flow.Config.Store.
}
