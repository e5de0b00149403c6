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

// BenchmarkSessionSize reports what one live session takes on disk, its index included, when
// its code was redeemed, and after its refresh token was rotated three times; how long its row is; and
// what part of the updates left the index alone.
func BenchmarkSessionSize(b *testing.B) {
	size := measureSessions(b, max(b.N, 1000))
	b.ReportMetric(size.redeemed, "redeemed-B/session")
	b.ReportMetric(size.rotated, "rotated-B/session")
	b.ReportMetric(size.row, "row-B/session")
	b.ReportMetric(100*size.hot, "%HOT")
}

// Rotations use the room that a page has again and again, and leave the index alone (HOT updates).
func TestSessionSize(t *testing.T) {
	size := measureSessions(t, 2000)
	require.Less(t, size.row, 450.0)
	require.Less(t, size.rotated, 800.0)
	require.Greater(t, size.hot, 0.9)
}

type sessionSize struct{ redeemed, rotated, row, hot float64 }

func measureSessions(t testing.TB, sessions int) (size sessionSize) {
	dsn := with(newSchema(t), "synchronous_commit", "off") // nothing depends on what a crash would lose
	s := openDSN(t, dsn)
	app := create(t, s)
	disk := func() (bytes float64) {
		_, err := s.pool.Exec(ctx, `VACUUM oauth_sessions`) // as autovacuum does in its time
		require.NoError(t, err)
		require.NoError(t, s.pool.QueryRow(ctx, `SELECT pg_table_size('oauth_sessions') + pg_indexes_size('oauth_sessions')`).Scan(&bytes))
		return bytes / float64(sessions)
	}
	redeemed := make([]store.Redemption, sessions)
	inParallel(sessions, func(i int) {
		b := beginning(app.ID, "user-"+strconv.Itoa(i))
		_, err := s.BeginSession(ctx, b)
		redeemed[i] = redemption(b)
		if err == nil {
			err = s.RedeemCode(ctx, redeemed[i])
		}
		if err != nil {
			t.Error(err)
		}
	})
	size.redeemed = disk()
	for range 3 {
		rand.Shuffle(sessions, func(i, j int) { redeemed[i], redeemed[j] = redeemed[j], redeemed[i] })
		inParallel(sessions, func(i int) {
			r := rotation(redeemed[i].SessionID, redeemed[i].Refresh.Digest)
			redeemed[i].Refresh = r.Refresh
			if err := s.RotateRefreshToken(ctx, r); err != nil {
				t.Error(err)
			}
		})
	}
	size.rotated = disk()
	require.NoError(t, s.pool.QueryRow(ctx, `SELECT avg(pg_column_size(s.*)) FROM oauth_sessions s`).Scan(&size.row))
	require.NoError(t, s.Close()) // a connection that ends tells what it did
	pool := openPool(t, dsn, nil)
	require.Eventually(t, func() bool {
		var updates int
		require.NoError(t, pool.QueryRow(ctx, `SELECT n_tup_upd, n_tup_hot_upd::float / greatest(n_tup_upd, 1)
			FROM pg_stat_user_tables WHERE relid = 'oauth_sessions'::regclass`).Scan(&updates, &size.hot))
		return updates >= 4*sessions
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
