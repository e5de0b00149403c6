package sqlite

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/store"
)

// BenchmarkSessionSize reports what one live session takes on disk, all in,
// when its code was redeemed, and after its refresh token was rotated too.
func BenchmarkSessionSize(b *testing.B) {
	redeemed, rotated := sessionSize(b, max(b.N, 1000))
	b.ReportMetric(redeemed, "redeemed-B/session")
	b.ReportMetric(rotated, "rotated-B/session")
}

// A session has the room for all its tokens from the redemption on.
func TestSessionSize(t *testing.T) {
	redeemed, rotated := sessionSize(t, 3000)
	require.Less(t, redeemed, 450.0)
	require.Equal(t, redeemed, rotated, "a rotation needs more room")
}

func sessionSize(t testing.TB, sessions int) (redeemed, rotated float64) {
	path := filepath.Join(t.TempDir(), "oauthapps.db")
	s := openPath(t, path)
	size := func() float64 {
		require.NoError(t, s.writer.conn.script("PRAGMA wal_checkpoint(TRUNCATE)"))
		info, err := os.Stat(path)
		require.NoError(t, err)
		return float64(info.Size())
	}
	empty := size()
	var redemptions []store.Redemption
	for _, session := range beginMany(t, s, sessions) {
		redemptions = append(redemptions, redemption(session))
	}
	inParallel(t, redemptions, func(r store.Redemption) error { return s.RedeemCode(ctx, r) })
	redeemed = (size() - empty) / float64(sessions)
	rand.Shuffle(len(redemptions), func(i, j int) { redemptions[i], redemptions[j] = redemptions[j], redemptions[i] })
	inParallel(t, redemptions, func(r store.Redemption) error {
		return s.RotateRefreshToken(ctx, rotation(r.SessionID, r.Refresh.Digest))
	})
	return redeemed, (size() - empty) / float64(sessions)
}

// inParallel does something for each item, 16 at a time.
func inParallel[T any](t testing.TB, items []T, do func(T) error) {
	t.Helper()
	var next atomic.Int64
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(items)); i = next.Add(1) - 1 {
				if err := do(items[i]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

// beginMany begins n sessions.
func beginMany(t testing.TB, s *Store, n int) []store.SessionStart {
	t.Helper()
	app := create(t, s)
	starts := make([]store.SessionStart, n)
	for i := range starts {
		starts[i] = sessionStart(app.ID, "user")
	}
	inParallel(t, starts, func(start store.SessionStart) error {
		_, err := s.BeginSession(ctx, start)
		return err
	})
	return starts
}
