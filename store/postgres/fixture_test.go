package postgres

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/store/internal/sample"
)

var (
	now = sample.Now
	ctx = context.Background()
)

var (
	newID          = sample.ID
	newDigest      = sample.Digest
	newApplication = sample.Application
	newSecret      = sample.Secret
	sessionStart   = sample.SessionStart
	redemption     = sample.Redemption
	rotation       = sample.Rotation
	create         = sample.Create
	begin          = sample.Begin
	issue          = sample.Issue
)

// missing skips a test that lacks something, or fails it where all tests have
// to run.
func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("OAUTHAPPS_TEST_FULL") == "1" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// server returns the connection string of the database to test in.
func server(t testing.TB) string {
	t.Helper()
	dsn := os.Getenv("OAUTHAPPS_TEST_POSTGRES")
	if dsn == "" {
		missing(t, "needs a PostgreSQL database to make schemas in: OAUTHAPPS_TEST_POSTGRES=postgres://user@host/database go test ./store/postgres")
	}
	return dsn
}

// with returns a connection string with more settings, given as names and
// values.
func with(dsn string, settings ...string) string {
	if !strings.Contains(dsn, "://") {
		for i := 0; i < len(settings); i += 2 {
			dsn += fmt.Sprintf(" %s='%s'", settings[i], settings[i+1])
		}
		return dsn
	}
	u, err := url.Parse(dsn)
	if err != nil {
		panic("OAUTHAPPS_TEST_POSTGRES is no URL")
	}
	query := u.Query()
	for i := 0; i < len(settings); i += 2 {
		query.Set(settings[i], settings[i+1])
	}
	u.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20") // as PostgreSQL reads it
	return u.String()
}

// admin runs a statement outside of all stores.
func admin(t testing.TB, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(ctx, server(t))
	require.NoError(t, err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql, args...)
	require.NoError(t, err)
}

// newSchema makes a schema, which is dropped after the test, and returns a
// connection string for it.
func newSchema(t testing.TB) string {
	t.Helper()
	dsn := server(t)
	schema := "oauthapps_test_" + strings.ToLower(rand.Text())
	admin(t, "CREATE SCHEMA "+schema)
	t.Cleanup(func() { admin(t, "DROP SCHEMA "+schema+" CASCADE") })
	return with(dsn, "search_path", schema, "pool_max_conns", "10")
}

// newDatabase makes a database, which is dropped after the test, and returns a
// connection string for it. It is in a hurry: nothing depends on what a crash
// would lose.
func newDatabase(t testing.TB) string {
	t.Helper()
	name := "oauthapps_test_" + strings.ToLower(rand.Text())
	admin(t, "CREATE DATABASE "+name+" ENCODING 'UTF8' TEMPLATE template0")
	t.Cleanup(func() { admin(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	settings := []string{"synchronous_commit", "off", "pool_max_conns", "10"}
	if dsn := server(t); !strings.Contains(dsn, "://") {
		return with(dsn, append(settings, "dbname", name)...)
	}
	u, err := url.Parse(server(t))
	require.NoError(t, err)
	u.Path = "/" + name
	return with(u.String(), settings...)
}

func openTemp(t testing.TB) *Store {
	t.Helper()
	return openDSN(t, newSchema(t))
}

func openDSN(t testing.TB, dsn string) *Store {
	t.Helper()
	s, err := Open(ctx, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// openPool is a host's own pool.
func openPool(t testing.TB, dsn string, configure func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(dsn)
	require.NoError(t, err)
	if configure != nil {
		configure(config)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// schemaOf returns the schema of a connection string that newSchema made.
func schemaOf(dsn string) string {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		panic("OAUTHAPPS_TEST_POSTGRES is no connection string")
	}
	return config.ConnConfig.RuntimeParams["search_path"]
}
