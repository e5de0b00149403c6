package postgres

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/storetest"
)

// unusual are settings that a role can have, and that say how values are
// written and read.
var unusual = []string{
	"DateStyle", "SQL, DMY", "bytea_output", "escape", "IntervalStyle", "sql_standard", "TimeZone", "Asia/Kathmandu", "extra_float_digits", "-15",
	"array_nulls", "off", "transform_null_equals", "on", "lc_messages", "C", "plan_cache_mode", "force_custom_plan", "synchronous_commit", "off",
}

// Everything holds whatever the role has set, on a pool that the store does not
// configure.
func TestStoreWithUnusualSettings(t *testing.T) {
	t.Run("nothing prepared", func(t *testing.T) {
		t.Parallel()
		dsn := newSchema(t)
		pool := openPool(t, with(dsn, append([]string{"default_transaction_isolation", "repeatable read", "default_query_exec_mode", "exec",
			"standard_conforming_strings", "off"}, unusual...)...), nil)
		require.NoError(t, Migrate(ctx, pool))
		kept := harnessIn(dsn)
		storetest.Run(t, storetest.Harness{
			New:    func(tb testing.TB) store.Store { kept.New(tb); return New(pool) },
			Reopen: func(testing.TB, store.Store) store.Store { return New(pool) },
			Beside: func(testing.TB, store.Store) store.Store { return New(pool) },
		})
	})
	t.Run("serializable", func(t *testing.T) {
		pool := openPool(t, with(newSchema(t), append(unusual, "default_transaction_isolation", "serializable")...), nil)
		require.NoError(t, Migrate(ctx, pool))
		callEverything(t, New(pool))
	})
	t.Run("simple protocol", func(t *testing.T) {
		pool := openPool(t, with(newSchema(t), append(unusual, "default_query_exec_mode", "simple_protocol")...), nil)
		require.NoError(t, Migrate(ctx, pool))
		callEverything(t, New(pool))
	})
}

// In whatever isolation level a role has, as many applications and secrets are
// made as may be, and who waits for the lock sees those before.
func TestLimitsInEveryIsolationLevel(t *testing.T) {
	for _, level := range []string{"read committed", "repeatable read", "serializable"} {
		pool := openPool(t, with(newSchema(t), "default_transaction_isolation", level, "pool_max_conns", "24"), nil)
		require.NoError(t, Migrate(ctx, pool))
		s := New(pool)
		made := func(do func(int) error) (made int) {
			for _, err := range atOnce(24, do) {
				if err == nil {
					made++
				} else {
					require.ErrorIs(t, err, store.ErrLimit, level)
				}
			}
			return made
		}
		require.Equal(t, 3, made(func(int) error { return s.CreateApplication(ctx, newApplication("owner"), nil, 3) }), level)
		app := newApplication("another")
		require.NoError(t, s.CreateApplication(ctx, app, nil, 3))
		require.Equal(t, 3, made(func(int) error {
			return s.AddSecret(ctx, oauthapp.OwnedBy("another"), newSecret(app.ID), now.Add(time.Hour), 3)
		}), level)
	}
}

// An ID that is in use is refused as such, also where the owner may have no
// more applications, and the connection goes on.
func TestExistsBeforeLimit(t *testing.T) {
	pool := openPool(t, newSchema(t), func(config *pgxpool.Config) { config.MaxConns = 1 })
	require.NoError(t, Migrate(ctx, pool))
	s := New(pool)
	app := create(t, s)
	connections := pool.Stat().NewConnsCount()
	for _, limit := range []int{0, 1, 2} {
		again, other := newApplication("owner"), newApplication("owner")
		again.ID, other.ClientID = app.ID, app.ClientID
		require.ErrorIs(t, s.CreateApplication(ctx, again, nil, limit), store.ErrExists)
		require.ErrorIs(t, s.CreateApplication(ctx, other, nil, limit), store.ErrExists)
	}
	require.Equal(t, connections, pool.Stat().NewConnsCount())
}

// In another encoding each text would be another one: so nothing is looked up,
// and nothing is "not found". Open sets its own.
func TestClientEncoding(t *testing.T) {
	dsn := newSchema(t)
	app := newApplication("Söhne")
	require.NoError(t, openDSN(t, with(dsn, "client_encoding", "LATIN1")).CreateApplication(ctx, app, nil, 1))
	s := New(openPool(t, with(dsn, "client_encoding", "LATIN1"), nil))
	_, err := s.Application(ctx, oauthapp.OwnedBy("Söhne"), app.ID)
	require.ErrorIs(t, err, errClientEncoding)
	require.ErrorContains(t, err, "LATIN1")
	require.False(t, isRefusal(err))
	require.ErrorIs(t, s.Ping(ctx), errClientEncoding)
	_, err = openDSN(t, dsn).Application(ctx, oauthapp.OwnedBy("Söhne"), app.ID)
	require.NoError(t, err)
}
