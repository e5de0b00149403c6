package postgres

import (
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/store"
)

// BenchmarkSessionSize reports what one live session whose refresh token was
// rotated takes on disk, its index included, where sessions begin and are
// rotated by and by and the table is vacuumed meanwhile; how long its row is;
// and what part of the updates left the index alone.
func BenchmarkSessionSize(b *testing.B) {
	size := measureSessions(b, max(b.N, 1000))
	b.ReportMetric(size.disk, "disk-B/session")
	b.ReportMetric(size.row, "row-B/session")
	b.ReportMetric(100*size.hot, "%HOT")
}

// Rotations use the room that a page has again and again, and leave the index
// alone (HOT updates).
func TestSessionSize(t *testing.T) {
	size := measureSessions(t, 2000)
	for range 3 { // a transaction that goes on for long, in any database of the server, keeps pages from being tidied up
		if size.disk >= 560 || size.hot <= 0.9 {
			size = measureSessions(t, 2000)
		}
	}
	t.Logf("%.0f bytes on disk", size.disk)
	require.LessOrEqual(t, size.row, 390.0)
	require.Less(t, size.disk, 560.0)
	require.Greater(t, size.hot, 0.9)
}

type sessionSize struct{ disk, row, hot float64 }

// measureSessions has one caller: where several wait to extend the table,
// PostgreSQL extends it by many pages at once.
func measureSessions(t testing.TB, sessions int) (size sessionSize) {
	dsn := newDatabase(t) // as other transactions in it keep dead rows
	s := openDSN(t, dsn)
	app := create(t, s)
	redeemed := make([]store.Redemption, sessions)
	rotate := func(some []store.Redemption) {
		for i := range some {
			r := rotation(some[i].SessionID, some[i].Refresh.Digest)
			some[i].Refresh = r.Refresh
			require.NoError(t, s.RotateRefreshToken(ctx, r))
		}
	}
	const parts = 40
	for begun := range parts {
		from, to := begun*sessions/parts, (begun+1)*sessions/parts
		for i := from; i < to; i++ {
			_, redeemed[i] = issue(t, s, app.ID, "user-"+strconv.Itoa(i))
		}
		rand.Shuffle(to, func(i, j int) { redeemed[i], redeemed[j] = redeemed[j], redeemed[i] })
		rotate(redeemed[:min(to, 3*sessions/parts)])
		_, err := s.pool.Exec(ctx, `VACUUM oauth_sessions`) // as autovacuum does in its time
		require.NoError(t, err)
	}
	rotate(redeemed)
	require.NoError(t, s.pool.QueryRow(ctx, `SELECT pg_table_size('oauth_sessions') + pg_indexes_size('oauth_sessions')`).Scan(&size.disk))
	size.disk /= float64(sessions)
	require.NoError(t, s.pool.QueryRow(ctx, `SELECT avg(pg_column_size(s.*)) FROM oauth_sessions s`).Scan(&size.row))
	require.NoError(t, s.Close()) // a connection that ends tells what it did
	pool := openPool(t, dsn, nil)
	require.Eventually(t, func() bool {
		var updates int
		require.NoError(t, pool.QueryRow(ctx, `SELECT n_tup_upd, n_tup_hot_upd::float / greatest(n_tup_upd, 1)
			FROM pg_stat_user_tables WHERE relid = 'oauth_sessions'::regclass`).Scan(&updates, &size.hot))
		return updates >= 2*sessions
	}, 30*time.Second, 10*time.Millisecond)
	return size
}

// inParallel calls do for each of n, 16 at a time.
func inParallel(n int, do func(i int)) {
	const callers = 16
	var group sync.WaitGroup
	for caller := range callers {
		group.Go(func() {
			for i := caller; i < n; i += callers {
				do(i)
			}
		})
	}
	group.Wait()
}
