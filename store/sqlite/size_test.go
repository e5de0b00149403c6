package sqlite

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/store"
)

// BenchmarkSessionSize reports what one live session takes on disk, all in, when
// its code was redeemed, and after its refresh token was rotated too.
func BenchmarkSessionSize(b *testing.B) {
	redeemed, rotated := sessionSize(b, max(b.N, 1000))
	b.ReportMetric(redeemed, "redeemed-B/session")
	b.ReportMetric(rotated, "rotated-B/session")
}

// A session has the room for all its tokens from the redemption on.
func TestSessionSize(t *testing.T) {
	redeemed, rotated := sessionSize(t, 3000)
	require.Less(t, redeemed, 350.0)
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
