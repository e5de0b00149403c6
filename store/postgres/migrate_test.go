package postgres

import (
	"io/fs"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

func TestMigrateAtOnce(t *testing.T) {
	dsn := newSchema(t)
	pools := make([]*pgxpool.Pool, 4)
	for i := range pools {
		pools[i] = openPool(t, dsn, nil)
	}
	for _, err := range atOnce(16, func(i int) error { return Migrate(ctx, pools[i%len(pools)]) }) {
		require.NoError(t, err)
	}
	var versions []int32
	require.NoError(t, pools[0].QueryRow(ctx, `SELECT array_agg(version ORDER BY version) FROM oauth_migrations`).Scan(&versions))
	names, err := fs.Glob(Migrations(), "*.sql")
	require.NoError(t, err)
	require.Len(t, versions, len(names))
	create(t, New(pools[0]))
}

func TestMigrateRefusesANewerSchema(t *testing.T) {
	dsn := newSchema(t)
	s := openDSN(t, dsn)
	_, err := s.pool.Exec(ctx, `INSERT INTO oauth_migrations (version) VALUES (1000)`)
	require.NoError(t, err)
	require.ErrorIs(t, Migrate(ctx, s.pool), errNewer)
	_, err = Open(ctx, dsn)
	require.ErrorIs(t, err, errNewer)
	require.ErrorContains(t, err, "upgrade this program")
}

// Who may not create tables can start on tables that somebody else has migrated, and is told so otherwise.
func TestMigrateWithoutPrivileges(t *testing.T) {
	dsn := newSchema(t)
	role := schemaOf(dsn) + "_role"
	admin(t, `CREATE ROLE `+role)
	t.Cleanup(func() { admin(t, `DROP ROLE `+role) })
	admin(t, `GRANT USAGE ON SCHEMA `+schemaOf(dsn)+` TO `+role)
	t.Cleanup(func() { admin(t, `DROP OWNED BY `+role) })
	asRole := func() *pgxpool.Pool { return openPool(t, with(dsn, "role", role), nil) }

	require.ErrorContains(t, Migrate(ctx, asRole()), "permission denied")
	openDSN(t, dsn)
	admin(t, `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA `+schemaOf(dsn)+` TO `+role)
	pool := asRole()
	require.NoError(t, Migrate(ctx, pool))
	s := New(pool)
	app := create(t, s)
	issue(t, s, app.ID, "user")
}

// A migration that fails leaves nothing behind, and can be repeated.
func TestMigrateIsWhole(t *testing.T) {
	dsn := newSchema(t)
	pool := openPool(t, dsn, nil)
	_, err := pool.Exec(ctx, `CREATE TABLE oauth_sessions (id integer)`) // in the way
	require.NoError(t, err)
	require.ErrorContains(t, Migrate(ctx, pool), `relation "oauth_sessions" already exists`)
	var tables int
	require.NoError(t, pool.QueryRow(ctx, `SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()`).Scan(&tables))
	require.Equal(t, 1, tables)
	_, err = pool.Exec(ctx, `DROP TABLE oauth_sessions`)
	require.NoError(t, err)
	require.NoError(t, Migrate(ctx, pool))
}

func TestMigrateRefusesWhatCannotHoldEveryText(t *testing.T) {
	name := "oauthapps_test_" + newID().String()
	admin(t, `CREATE DATABASE "`+name+`" ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`)
	t.Cleanup(func() { admin(t, `DROP DATABASE "`+name+`" WITH (FORCE)`) })
	pool := openPool(t, server(t), func(config *pgxpool.Config) { config.ConnConfig.Database = name })
	require.ErrorIs(t, Migrate(ctx, pool), errEncoding)
}
