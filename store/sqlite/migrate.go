package sqlite

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// applicationID marks a SQLite file as one of this library ("OAap"; see PRAGMA
// application_id). The first migration sets it.
const applicationID = 0x4f416170

// migrations are numbered from 1. Each sets user_version to its number, so that
// the version is part of its transaction. Released ones are never edited.
//
//go:embed migrations/*.sql
var migrations embed.FS

func migrationScripts() ([]string, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	scripts := make([]string, len(names))
	for i, name := range names {
		script, err := migrations.ReadFile(name)
		if err != nil {
			return nil, err
		}
		scripts[i] = string(script)
	}
	return scripts, nil
}

var (
	errForeign = errors.New("it is a SQLite database of another program; choose another path")
	errNewer   = errors.New("it was written by a newer version of this library; upgrade this program")
)

// identify refuses a database that is not ours, or that a newer version
// migrated. It changes nothing, and reads within one transaction, as another
// process may be migrating.
func identify(c *conn, latest int64) (err error) {
	if err := c.script("BEGIN"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.script("ROLLBACK")) }()
	tables, err := c.number("SELECT count(*) FROM sqlite_schema")
	if err != nil {
		return err
	}
	id, err := c.number("PRAGMA application_id")
	if err != nil {
		return err
	}
	version, err := c.number("PRAGMA user_version")
	switch {
	case err != nil:
		return err
	case id == 0 && version == 0 && tables == 0:
		return nil // new
	case id != applicationID || version < 1:
		return errForeign
	case version > latest:
		return fmt.Errorf("%w (schema %d, known up to %d)", errNewer, version, latest)
	}
	return nil
}

// migrate applies the migrations that the database lacks, each in a transaction
// that reads the version again once it has the write lock: any number of
// processes can migrate at once.
func migrate(c *conn, scripts []string) error {
	for {
		if err := c.script(begin); err != nil {
			return err
		}
		version, err := c.number("PRAGMA user_version")
		if err != nil || version >= int64(len(scripts)) {
			return errors.Join(err, c.script(rollback))
		}
		if err := c.script(scripts[version]); err != nil {
			return errors.Join(fmt.Errorf("migration %d: %w", version+1, err), c.script(rollback))
		}
		if err := c.script(commit); err != nil {
			return err
		}
	}
}
