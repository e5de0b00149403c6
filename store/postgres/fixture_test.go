package postgres

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

var (
	now = time.Date(2026, 11, 23, 12, 0, 0, 123456000, time.UTC)
	ctx = context.Background()
)

// missing skips a test that lacks something, or fails it where all tests have to run.
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

// with returns a connection string with more settings, given as names and values.
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

// newSchema makes a schema, which is dropped after the test, and returns a connection string for it.
func newSchema(t testing.TB) string {
	t.Helper()
	dsn := server(t)
	schema := "oauthapps_test_" + strings.ToLower(rand.Text())
	admin(t, "CREATE SCHEMA "+schema)
	t.Cleanup(func() { admin(t, "DROP SCHEMA "+schema+" CASCADE") })
	return with(dsn, "search_path", schema, "pool_max_conns", "10")
}

// newDatabase makes a database, which is dropped after the test, and returns a connection string for it. It is in a hurry: nothing
// depends on what a crash would lose.
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

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

func newDigest() (d credential.Digest) {
	_, _ = rand.Read(d[:])
	return d
}

func newApplication(owner string) oauthapp.Application {
	id := newID()
	return oauthapp.Application{
		ID: id, ClientID: "client-" + id.String(), Owner: owner,
		Name: "Zone <Watcher> & Söhne", Description: "Tells you when a zone changes.",
		HomepageURL: "https://example.com/", CallbackURLs: []string{"https://example.com/cb?a=b&c=<d>", "https://example.com/\u2028"},
		Type: oauthapp.Confidential, Scopes: []string{"read", "write"},
		CreatedAt: now, UpdatedAt: now, Version: 1,
	}
}

func newSecret(application uuid.UUID) oauthapp.Secret {
	return oauthapp.Secret{ID: newID(), ApplicationID: application, Digest: newDigest(), Hint: "wxyz", CreatedAt: now}
}

func create(t testing.TB, s *Store) oauthapp.Application {
	t.Helper()
	app := newApplication("owner")
	secret := newSecret(app.ID)
	require.NoError(t, s.CreateApplication(ctx, app, &secret, 1000))
	return app
}

func beginning(app uuid.UUID, user string) store.Beginning {
	return store.Beginning{GrantID: newID(), Session: store.Session{
		ID: newID(), ApplicationID: app, UserID: user, AccountID: "7",
		Scopes: []string{"read", "write"}, CreatedAt: now, ExpiresAt: now.Add(5 * time.Minute),
		Code: store.Code{
			Digest: newDigest(), ExpiresAt: now.Add(5 * time.Minute), RedirectURI: "https://example.com/oauth/callback",
			CodeChallenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", State: newDigest(),
		},
	}}
}

func redemption(b store.Beginning) store.Redemption {
	return store.Redemption{
		SessionID: b.Session.ID, Code: b.Session.Code.Digest,
		Access:  store.AccessToken{Digest: newDigest(), IssuedAt: now, ExpiresAt: now.Add(time.Hour), Scopes: b.Session.Scopes},
		Refresh: store.RefreshToken{Digest: newDigest(), ExpiresAt: now.Add(30 * 24 * time.Hour)}, Family: newDigest(),
		ExpiresAt: now.Add(365 * 24 * time.Hour), At: now,
	}
}

func rotation(session uuid.UUID, presented credential.Digest) store.Rotation {
	at := now.Add(time.Minute)
	return store.Rotation{
		SessionID: session, Presented: presented,
		Access:  store.AccessToken{Digest: newDigest(), IssuedAt: at, ExpiresAt: at.Add(time.Hour), Scopes: []string{"read", "write"}},
		Refresh: store.RefreshToken{Digest: newDigest(), ExpiresAt: at.Add(30 * 24 * time.Hour)}, Salt: store.Salt(newID()), At: at,
	}
}

// begin begins a session and returns it as it was begun.
func begin(t testing.TB, s *Store, app uuid.UUID, user string) store.Beginning {
	t.Helper()
	b := beginning(app, user)
	_, err := s.BeginSession(ctx, b)
	require.NoError(t, err)
	return b
}

// issue begins a session and redeems its code.
func issue(t testing.TB, s *Store, app uuid.UUID, user string) (store.Beginning, store.Redemption) {
	t.Helper()
	b := begin(t, s, app, user)
	r := redemption(b)
	require.NoError(t, s.RedeemCode(ctx, r))
	return b, r
}

// schemaOf returns the schema of a connection string that newSchema made.
func schemaOf(dsn string) string {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		panic("OAUTHAPPS_TEST_POSTGRES is no connection string")
	}
	return config.ConnConfig.RuntimeParams["search_path"]
}
