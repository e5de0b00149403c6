package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"zombiezen.com/go/sqlite"

	"github.com/oauthapps/oauthapps/store/internal/sample"
)

// A disk without room fails what writes, alone and in a group, and refuses
// nothing; what was acknowledged stays, and everything works once there is room
// again.
func TestDiskFull(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=8m"); err != nil {
		const lack = "needs the right to mount a small disk, as root with CAP_SYS_ADMIN: %v"
		if os.Getenv("OAUTHAPPS_TEST_FULL") == "1" {
			t.Fatalf(lack, err)
		}
		t.Skipf(lack, err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(disk, 0)) })
	s := openPath(t, filepath.Join(disk, "oauthapps.db"))
	app := create(t, s)
	filler, err := os.Create(filepath.Join(disk, "filler"))
	require.NoError(t, err)
	defer filler.Close()
	for err == nil {
		_, err = filler.Write(make([]byte, 4096))
	}
	require.ErrorIs(t, err, syscall.ENOSPC)

	const callers, calls = 16, 10
	var kept [callers][]string
	var full [callers]int
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			for j := range calls {
				user := fmt.Sprint("user-", i, "-", j)
				_, err := s.BeginSession(ctx, sessionStart(app.ID, user))
				switch {
				case err == nil:
					kept[i] = append(kept[i], user)
				case isCode(err, sqlite.ResultFull):
					full[i]++
				default:
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	err = s.Ping(ctx)
	require.True(t, isCode(err, sqlite.ResultFull), "%v", err)
	require.NoError(t, filler.Truncate(0))
	require.NoError(t, s.Ping(ctx))
	beginSession(t, s, app.ID, "another")
	for i := range callers {
		require.Positive(t, full[i])
		for _, user := range kept[i] {
			_, err := sample.Grant(ctx, s, app.ID, user, "7")
			require.NoError(t, err, "it was acknowledged")
		}
	}
	damage, err := s.writer.conn.word("PRAGMA integrity_check")
	require.NoError(t, err)
	require.Equal(t, "ok", damage)
}
