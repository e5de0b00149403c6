package sqlite

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
)

// refuses tests that a path cannot be opened, with an error of one line that
// names it and says what is wrong.
func refuses(t *testing.T, path, says string) {
	t.Helper()
	s, err := Open(ctx, path)
	if err == nil {
		require.NoError(t, s.Close())
	}
	require.ErrorContains(t, err, says)
	require.ErrorContains(t, err, "sqlite: open "+path)
	require.NotContains(t, err.Error(), "\n")
	t.Log(err)
}

// database makes a SQLite file by other means, in a rollback journal mode.
func database(t *testing.T, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "other.db")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	c, err := connect(ctx, path, strings.Join(statements, ";"))
	require.NoError(t, err)
	require.NoError(t, c.close())
	return path
}

func closedStore(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "oauthapps.db")
	s, err := Open(ctx, path)
	require.NoError(t, err)
	app := create(t, s)
	for range 100 {
		issue(t, s, app.ID, "user")
	}
	require.NoError(t, s.Close())
	return path
}

func TestOpenRefusesPaths(t *testing.T) {
	for _, path := range []string{"", ":memory:", ":memory:?cache=shared"} {
		_, err := Open(ctx, path)
		require.ErrorContains(t, err, "store/memory", path)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	refuses(t, dir, "is a directory")
	refuses(t, filepath.Join(dir, "missing", "oauthapps.db"), "create its directory")
	refuses(t, filepath.Join(file, "oauthapps.db"), "not a directory")
	refuses(t, os.DevNull, "is not a regular file")
	require.NoFileExists(t, filepath.Join(dir, "missing"))
}

func TestOpenRefusesWhatIsNotOurs(t *testing.T) {
	garbage := filepath.Join(t.TempDir(), "garbage.db")
	require.NoError(t, os.WriteFile(garbage, bytes.Repeat([]byte("not a database\n"), 1000), 0o600))
	tests := []struct{ name, path, says string }{
		{"text", garbage, "is not a SQLite database, or is damaged"},
		{"tables", database(t, "CREATE TABLE users (id INTEGER)"), "of another program"},
		{"version only", database(t, "PRAGMA user_version = 1"), "of another program"},
		{"application ID", database(t, "PRAGMA application_id = 7", "CREATE TABLE t (id INTEGER)"), "of another program"},
		{"impossible version", database(t, "PRAGMA application_id = 1329684848", "PRAGMA user_version = -1"), "of another program"},
		{"no version", database(t, "PRAGMA application_id = 1329684848", "CREATE TABLE t (id INTEGER)"), "of another program"},
		{"newer", database(t, "PRAGMA application_id = 1329684848", "PRAGMA user_version = 99"), "newer version of this library"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before, err := os.ReadFile(test.path)
			require.NoError(t, err)
			refuses(t, test.path, test.says)
			after, err := os.ReadFile(test.path)
			require.NoError(t, err)
			require.Equal(t, before, after, "it was changed")
			require.NoFileExists(t, test.path+"-wal")
		})
	}
}

func TestOpenRefusesDamage(t *testing.T) {
	path := closedStore(t)
	info, err := os.Stat(path)
	require.NoError(t, err)

	cut := filepath.Join(t.TempDir(), "cut.db")
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(cut, whole[:info.Size()/2], 0o600))
	refuses(t, cut, "and restore a backup")

	overwritten := filepath.Join(t.TempDir(), "overwritten.db")
	damaged := bytes.Clone(whole)
	copy(damaged[100:4096], bytes.Repeat([]byte{0xa5}, 4096)) // the schema
	require.NoError(t, os.WriteFile(overwritten, damaged, 0o600))
	refuses(t, overwritten, "and restore a backup")
}

// A backup is put in the place of a file whose process was killed, with what
// the process left beside it.
func TestOpenTellsOfTheFilesBesideABackup(t *testing.T) {
	path := closedStore(t)
	backup := filepath.Join(t.TempDir(), "backup.db")
	c, err := connect(ctx, path, "VACUUM INTO '"+backup+"'")
	require.NoError(t, err)
	require.NoError(t, c.close())
	whole, err := os.ReadFile(backup)
	require.NoError(t, err)

	s := openPath(t, path)
	app := create(t, s)
	for range 100 {
		issue(t, s, app.ID, "user")
	}
	left, err := os.ReadFile(path + "-wal")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(backup+"-wal", left, 0o600))
	refuses(t, backup, "remove its -wal and -shm")

	require.NoError(t, os.RemoveAll(backup+"-wal"))
	require.NoError(t, os.RemoveAll(backup+"-shm"))
	require.NoError(t, os.WriteFile(backup, whole, 0o600))
	openPath(t, backup)
}

func TestOpenTakesPathsLiterally(t *testing.T) {
	for _, name := range []string{"a b.db", "a?mode=ro&_pragma=x.db", "a#b.db", "100%25.db", "file:a.db", "ü.db"} {
		path := filepath.Join(t.TempDir(), name)
		s := openPath(t, path)
		create(t, s)
		require.FileExists(t, path)
		require.NoError(t, s.Close())
		entries, err := os.ReadDir(filepath.Dir(path))
		require.NoError(t, err)
		require.Len(t, entries, 1, name)
	}
	t.Chdir(t.TempDir())
	s := openPath(t, "relative.db")
	create(t, s)
	require.FileExists(t, "relative.db")
	require.NoError(t, s.Close())
}

// Every connection has the settings that the promises rest on.
func TestSettings(t *testing.T) {
	s := openTemp(t)
	check := func(c *conn, settings map[string]int64) {
		t.Helper()
		mode, err := c.word("PRAGMA journal_mode")
		require.NoError(t, err)
		require.Equal(t, "wal", mode)
		for name, want := range settings {
			got, err := c.number("PRAGMA " + name)
			require.NoError(t, err)
			require.Equal(t, want, got, name)
		}
	}
	check(s.writer.conn, map[string]int64{
		"synchronous": 2, "foreign_keys": 1, "busy_timeout": 250, "query_only": 0, "application_id": applicationID,
		"cache_size": -16000, "mmap_size": 0,
	})
	reader := s.readers.take()
	check(reader, map[string]int64{"query_only": 1, "busy_timeout": 250, "cache_size": -2000, "mmap_size": 0})
	require.Error(t, reader.script("DELETE FROM sessions"))
	s.readers.idle = append(s.readers.idle, reader)
}

func TestMigrationsSetTheirVersion(t *testing.T) {
	scripts, err := migrationScripts()
	require.NoError(t, err)
	require.NotEmpty(t, scripts)
	path := filepath.Join(t.TempDir(), "new.db")
	require.NoError(t, ensureFile(path))
	c, err := connect(ctx, path, "")
	require.NoError(t, err)
	for i := range scripts {
		require.NoError(t, migrate(c, scripts[:i+1]))
		version, err := c.number("PRAGMA user_version")
		require.NoError(t, err)
		require.EqualValues(t, i+1, version)
	}
	id, err := c.number("PRAGMA application_id")
	require.NoError(t, err)
	require.EqualValues(t, applicationID, id)

	// A migration that fails leaves nothing behind, and the version as it was.
	broken := append(scripts, "CREATE TABLE half_done (id INTEGER); PRAGMA user_version = 77; SELECT nonsense;")
	require.ErrorContains(t, migrate(c, broken), fmt.Sprintf("migration %d", len(broken)))
	version, err := c.number("PRAGMA user_version")
	require.NoError(t, err)
	require.EqualValues(t, len(scripts), version)
	tables, err := c.number("SELECT count(*) FROM sqlite_schema WHERE name = 'half_done'")
	require.NoError(t, err)
	require.Zero(t, tables)
	require.NoError(t, c.close())
}

func TestPing(t *testing.T) {
	s := openTemp(t)
	for range 3 {
		require.NoError(t, s.Ping(ctx))
	}
	rows, err := s.writer.conn.number("SELECT count(*) FROM records")
	require.NoError(t, err)
	require.Zero(t, rows)

	ended, cancel := context.WithCancel(ctx)
	cancel()
	require.ErrorIs(t, s.Ping(ended), context.Canceled)
	require.NoError(t, s.writer.conn.script("PRAGMA query_only = ON"))
	require.ErrorContains(t, s.Ping(ctx), "sqlite: ping: ")
	require.NoError(t, s.writer.conn.script("PRAGMA query_only = OFF"))
	require.NoError(t, s.Ping(ctx))
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.Ping(ctx), errClosed)
}

func TestClosed(t *testing.T) {
	s := openTemp(t)
	app := create(t, s)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close(), "closing again")
	_, err := s.Application(ctx, oauthapp.OwnedBy("owner"), app.ID)
	require.ErrorIs(t, err, errClosed)
	_, err = s.DeleteApplication(ctx, oauthapp.OwnedBy("owner"), app.ID, now)
	require.ErrorIs(t, err, errClosed)
}
