package e2e

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// A disk is a small file system in memory.
type disk struct {
	path   string
	filler *os.File
}

// newDisk mounts a disk, which is gone after the test. What uses it has to be
// made after it, so that it ends before.
func newDisk(t *testing.T) *disk {
	t.Helper()
	path, err := os.MkdirTemp("", "oauthapps-disk-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.Remove(path)) })
	if err := syscall.Mount("tmpfs", path, "tmpfs", 0, "size=32m,mode=777"); err != nil {
		missing(t, "the right to mount a small disk", "run the tests as root with CAP_SYS_ADMIN: "+err.Error())
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(path, 0)) })
	d := &disk{path: path}
	d.filler, err = os.Create(filepath.Join(path, "filler"))
	require.NoError(t, err)
	t.Cleanup(func() { d.filler.Close() })
	return d
}

// fill leaves no room on the disk.
func (d *disk) fill(t *testing.T) {
	t.Helper()
	var err error
	for err == nil {
		_, err = d.filler.Write(make([]byte, 4096))
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
}

// clear makes room again.
func (d *disk) clear(t *testing.T) {
	t.Helper()
	require.NoError(t, d.filler.Truncate(0))
}

// The disk that holds the tables is full: what needs no room on it goes on.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	small := newDisk(t)
	pg := newPostgres(t)
	tables := filepath.Join(small.path, "tables")
	require.NoError(t, os.Mkdir(tables, 0o700))
	require.NoError(t, os.Chown(tables, int(pg.owner.Uid), int(pg.owner.Gid)))
	execSQL(t, pg.URL, "CREATE TABLESPACE small LOCATION '"+tables+"'")
	db := database{server: pg.URL, name: "small"}
	execSQL(t, pg.URL, "CREATE DATABASE small TEMPLATE template0 TABLESPACE small")
	c := startCluster(t, db.dsn())
	cl := newClient(t, c)
	swept := newSweep(t, c, cl.browser, nil, func() bool { return false })
	issued := swept.tokens(t)
	l := startLoad(t, c, cl.browser, cl.app, nil)
	l.progress(50)

	small.fill(t)
	l.suffer(50)
	requireOK(t, cl.reads())
	require.True(t, c.introspect(t, cl.app, cl.access))
	acknowledged, err := swept.press()
	require.NoError(t, err)
	good, err := swept.accepted(issued)
	require.NoError(t, err)
	if acknowledged || len(good) > 0 {
		require.Equal(t, acknowledged, len(good) == 0)
		require.Contains(t, []int{0, len(issued)}, len(good))
	}

	small.clear(t)
	l.progress(50)
	l.end(c)
	cl.works(t)
	swept.again(t)
}

// The disk that holds the write-ahead log is full. PostgreSQL ends, as it
// cannot go on without, nor start again until there is room.
func TestLogDiskFull(t *testing.T) {
	t.Parallel()
	small := newDisk(t)
	pg := newPostgres(t, "--waldir", filepath.Join(small.path, "log"), "--wal-segsize", "1")
	c := startCluster(t, makeDatabase(t, pg.URL, "").dsn())
	cl := newClient(t, c)
	l := startLoad(t, c, cl.browser, cl.app, nil)
	l.progress(50)

	conn, err := pgx.Connect(t.Context(), pg.URL)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	small.fill(t)
	for err == nil { // what was set aside for the log, too
		_, err = conn.Exec(t.Context(), `SELECT pg_logical_emit_message(false, 'filler', repeat('x', 1000)) FROM generate_series(1, 1000)`)
	}
	select {
	case <-pg.exited:
	case <-time.After(patience):
		t.Fatal("PostgreSQL goes on without a log")
	}
	l.suffer(20)
	requireUnavailable(t, cl.reads())
	requireUnavailable(t, cl.writes())
	for _, node := range c.nodes {
		node.unhealthy(t)
	}

	small.clear(t)
	pg.start(t)
	l.progress(50)
	l.end(c)
	cl.works(t)
}

// The disk of a SQLite file is full, and has room again: the server says so.
func TestHealthOfAFullDisk(t *testing.T) {
	t.Parallel()
	small := newDisk(t)
	s := start(t, "-store", "sqlite:"+filepath.Join(small.path, "oauthapps.db"))
	s.healthy(t)
	small.fill(t)
	s.unhealthy(t)
	small.clear(t)
	s.recovers(t)
}
