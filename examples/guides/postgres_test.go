package guides

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/store/postgres"
)

// # PostgreSQL with your pool
//
// postgres.New takes a pgxpool.Pool that you have already, and its Ping
// tells whether the role can read and write there. Any number of nodes serve
// from one database; give all of them the same flow.Config.Keys.
//
// The tables begin with "oauth_". A schema of their own keeps them apart from
// yours: create it, and put it into the search_path of the pool, as below. Your
// own tables are then named with theirs.
//
// # Migrations
//
// postgres.Migrate brings the tables up to date, from whichever node is first;
// the others wait. Run it before the nodes of a new version start, with a role
// that may create tables. The role that serves needs SELECT, INSERT, UPDATE and
// DELETE on all tables, and no more. Let the role that migrates say so once with
// ALTER DEFAULT PRIVILEGES, as below, which covers the tables of later
// migrations. The documentation of package postgres says for which migrations
// the nodes of the version before have to stop.
//
// Where a tool of yours runs all migrations, postgres.Migrations has the files.
// Let the tool run each in a transaction of its own, in order, and keep what
// you have copied: a released file never changes. With goose, for example, put
// "-- +goose Up" and "-- +goose StatementBegin" before each file. Ping at the
// start fails where one has not been run.
//
// Stay with one of the two. Migrate counts what it ran in oauth_migrations,
// which a tool of yours neither needs nor has. To go over to Migrate, make that
// table, with a row for each file that your tool has run:
//
//	CREATE TABLE oauth_migrations (
//		version integer NOT NULL PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
//	INSERT INTO oauth_migrations (version) SELECT generate_series(1, 10);
//
// To leave Migrate, mark the files of its rows as done in your tool.
func TestPostgres(t *testing.T) {
	dsn := os.Getenv("OAUTHAPPS_TEST_POSTGRES")
	if dsn == "" {
		if os.Getenv("OAUTHAPPS_TEST_FULL") != "" {
			t.Fatal("set OAUTHAPPS_TEST_POSTGRES")
		}
		t.Skip("needs PostgreSQL: set OAUTHAPPS_TEST_POSTGRES=postgres://user@host/database")
	}
	ctx := t.Context()
	schema := fmt.Sprintf("guide_%d", os.Getpid())
	role := schema + "_service" // that serves
	migrator := pool(t, dsn, map[string]string{"search_path": schema})
	run := func(statements ...string) {
		for _, statement := range statements {
			_, err := migrator.Exec(context.WithoutCancel(ctx), statement)
			require.NoError(t, err)
		}
	}
	run("CREATE SCHEMA "+schema, "CREATE ROLE "+role, "GRANT USAGE ON SCHEMA "+schema+" TO "+role,
		"ALTER DEFAULT PRIVILEGES IN SCHEMA "+schema+" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "+role)
	t.Cleanup(func() { run("DROP SCHEMA "+schema+" CASCADE", "DROP OWNED BY "+role, "DROP ROLE "+role) })
	require.NoError(t, postgres.Migrate(ctx, migrator))

	st := postgres.New(pool(t, dsn, map[string]string{"search_path": schema, "role": role}))
	require.NoError(t, st.Ping(ctx))
	cfg := service()
	cfg.Store = st
	provider, err := flow.New(cfg)
	require.NoError(t, err)
	require.Equal(t, "Zonewatch", zonewatch(provider).Name)
}

// pool is your own: a role has its settings with ALTER ROLE, and not as here.
func pool(t *testing.T, dsn string, settings map[string]string) *pgxpool.Pool {
	config, err := pgxpool.ParseConfig(dsn)
	require.NoError(t, err)
	maps.Copy(config.ConnConfig.RuntimeParams, settings)
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// A tool of yours gets the files by their names.
func Example_migrations() {
	files := must(fs.ReadDir(postgres.Migrations(), "."))
	fmt.Println(files[0].Name())
	// Output: 0001_initial.sql
}
