package sqlite

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOpenIsForTheUserAlone(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	path := filepath.Join(t.TempDir(), "oauthapps.db")
	s := openPath(t, path)
	create(t, s)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode(), suffix)
	}
}

// asNobody runs a function with the rights of a user that owns nothing, which
// Linux lets a single thread of a process of root have.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() == 0 {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		_, _, _ = syscall.RawSyscall(syscall.SYS_SETFSUID, 65534, 0, 0)
		defer func() { _, _, _ = syscall.RawSyscall(syscall.SYS_SETFSUID, 0, 0, 0) }()
	}
	f()
}

func TestOpenRefusesReadOnly(t *testing.T) {
	// Others than root can be kept out of their own files by the mode alone.
	open := func(path string, file, dir fs.FileMode) {
		require.NoError(t, os.Chmod(path, file))
		require.NoError(t, os.Chmod(filepath.Dir(path), dir))
		asNobody(t, func() { refuses(t, path, "cannot be written; make") })
		require.NoError(t, os.Chmod(filepath.Dir(path), 0o700))
	}
	shared := t.TempDir()
	for dir := shared; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		require.NoError(t, os.Chmod(dir, 0o755)) // so that nobody gets here at all
	}
	copyTo := func(name, from string) string {
		dir := filepath.Join(shared, name)
		require.NoError(t, os.Mkdir(dir, 0o700))
		content, err := os.ReadFile(from)
		require.NoError(t, err)
		path := filepath.Join(dir, "oauthapps.db")
		require.NoError(t, os.WriteFile(path, content, 0o600))
		return path
	}
	ours := closedStore(t)
	open(copyTo("file", ours), 0o444, 0o555)
	open(copyTo("unreadable", ours), 0o000, 0o555)
	open(copyTo("empty", os.DevNull), 0o444, 0o555)
	if os.Geteuid() == 0 {
		open(copyTo("directory", ours), 0o666, 0o555)
	} else {
		open(copyTo("directory", ours), 0o600, 0o555)
	}

	missing := filepath.Join(shared, "file", "missing.db")
	require.NoError(t, os.Chmod(filepath.Dir(missing), 0o555))
	asNobody(t, func() { refuses(t, missing, "cannot be created: permission denied") })
	require.NoError(t, os.Chmod(filepath.Dir(missing), 0o700))
}

// While another process has the file open, or was killed, the files beside it
// let a read-only file be opened, read and even locked.
func TestOpenRefusesReadOnlyInUse(t *testing.T) {
	for name, modes := range map[string][3]fs.FileMode{ // of the file, its -wal and its -shm
		"file": {0o444, 0o666, 0o666}, "log": {0o666, 0o444, 0o666}, "file and log": {0o444, 0o444, 0o444},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "oauthapps.db")
			s := openPath(t, path)
			create(t, s)
			for dir := dir; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
				require.NoError(t, os.Chmod(dir, 0o755))
			}
			for i, suffix := range []string{"", "-wal", "-shm"} {
				require.NoError(t, os.Chmod(path+suffix, modes[i]))
			}
			asNobody(t, func() { refuses(t, path, "cannot be written; make") })
			create(t, s)
		})
	}
}
