package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"zombiezen.com/go/sqlite"
)

// creating is held while a file is created and until it is closed again:
// closing any descriptor of a file drops the POSIX locks that the process has
// on it, so no connection may be opened in between.
var creating sync.Mutex

// ensureFile makes sure that there is a regular file, and creates it for this
// user alone. SQLite gives the files that it puts beside it the same mode.
func ensureFile(path string) error {
	creating.Lock()
	defer creating.Unlock()
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return fmt.Errorf("cannot be created: %w; create its directory and make it writable", cause(err))
		}
		return f.Close()
	case err != nil:
		return fmt.Errorf("cannot be found: %w; choose another path", cause(err))
	case info.IsDir():
		return errors.New("is a directory; give the path of a file in it")
	case !info.Mode().IsRegular():
		return errors.New("is not a regular file; choose another path")
	}
	return nil
}

// cause leaves out the path, which the caller adds.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// explain says what an operator can do about an error of opening.
func explain(path string, err error) error {
	remedy := ""
	switch {
	case isCode(err, sqlite.ResultNotADB):
		remedy = "it is not a SQLite database, or is damaged; choose another path or restore a backup"
	case isCode(err, sqlite.ResultCorrupt):
		// The -wal of another file, which a backup was put in the place of,
		// looks the same.
		remedy = "it is damaged, or the -wal beside it belongs to another file; remove its -wal and -shm, and restore a backup"
	case isCode(err, sqlite.ResultReadOnly, sqlite.ResultCantOpen, sqlite.ResultPerm):
		remedy = "it cannot be written; make the file, its -wal and -shm, and its directory writable for this user"
	case isCode(err, sqlite.ResultFull):
		remedy = "the disk is full; make room"
	case isBusy(err):
		remedy = "another program keeps it locked; stop that program"
	}
	if remedy == "" {
		return fmt.Errorf("sqlite: open %s: %w", path, err)
	}
	return fmt.Errorf("sqlite: open %s: %s: %w", path, remedy, err)
}
