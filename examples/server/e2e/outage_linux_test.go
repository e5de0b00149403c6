package e2e

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// The disk that holds the tables is full.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("mounting a small disk is for root")
	}
	pg := newPostgres(t)
	disk := filepath.Join(filepath.Dir(pg.data), "disk")
	require.NoError(t, os.Mkdir(disk, 0o777))
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=32m,mode=777"); err != nil {
		t.Skipf("a small disk cannot be mounted: %v", err)
	}
	t.Cleanup(func() { // once the server, which is stopped first, uses it no more
		require.NoError(t, syscall.Unmount(disk, 0))
	})
	t.Cleanup(func() { pg.stop(stopFast) })
	tables := filepath.Join(disk, "tables")
	require.NoError(t, os.Mkdir(tables, 0o700))
	if pg.owner != nil {
		require.NoError(t, os.Chown(tables, int(pg.owner.Uid), int(pg.owner.Gid)))
	}
	execSQL(t, pg.URL, "CREATE TABLESPACE small LOCATION '"+tables+"'")
	db := database{server: pg.URL, name: "small"}
	execSQL(t, pg.URL, "CREATE DATABASE small TEMPLATE template0 TABLESPACE small")
	c := startCluster(t, db.dsn())
	cl := newClient(t, c)
	l := startLoad(t, c, cl.browser, cl.app, nil)
	l.progress(50)

	filler, err := os.Create(filepath.Join(disk, "filler"))
	require.NoError(t, err)
	defer filler.Close()
	for err == nil {
		_, err = filler.Write(make([]byte, 4096))
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	l.suffer(50)
	requireOK(t, cl.reads())
	require.True(t, c.introspect(t, cl.app, cl.access))

	require.NoError(t, filler.Truncate(0))
	l.progress(50)
	l.end(c)
	cl.works(t)
}
