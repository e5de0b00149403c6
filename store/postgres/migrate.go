package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// migrations are numbered from 1, in the order of their names. Released ones
// are never edited.
//
//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the migrations, for teams that run them with a tool of
// their own instead of [Migrate]. Each is one file whose name begins with its
// four-digit number. Run them in the order of their names, each in one
// transaction. Only Migrate makes and reads the table oauth_migrations. It
// refuses tables that another tool made; [Store.Ping] tells whether those are
// up to date.
func Migrations() fs.FS {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the name is a constant
	}
	return files
}

// Migrate brings the tables up to date, where they are in the connection's
// search_path, or in its first schema. Each migration is one transaction
// together with its row in oauth_migrations. Any number of nodes may call it at
// once: they take turns. If there is nothing to do it only reads, so a role
// that may not create tables can call it too. It refuses a schema that a newer
// version of this library migrated, and tables that a tool with [Migrations]
// made.
func Migrate(ctx context.Context, pool *pgxpool.Pool) error {
	if err := migrate(ctx, pool); err != nil {
		return fmt.Errorf("postgres: migrate: %w", oneLine{err})
	}
	return nil
}

func migrate(ctx context.Context, pool *pgxpool.Pool) error {
	scripts, err := migrationScripts()
	if err != nil {
		return err
	}
	for {
		version, err := schemaVersion(ctx, pool)
		switch {
		case err != nil:
			return err
		case version > len(scripts):
			return fmt.Errorf("%w (schema %d, known up to %d)", errNewer, version, len(scripts))
		case version == len(scripts):
			return nil
		}
		if err := applyNext(ctx, pool, scripts); err != nil {
			return err
		}
	}
}

func migrationScripts() ([]string, error) {
	names, err := fs.Glob(Migrations(), "*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	scripts := make([]string, len(names))
	for i, name := range names {
		script, err := fs.ReadFile(Migrations(), name)
		if err != nil {
			return nil, err
		}
		scripts[i] = string(script)
	}
	return scripts, nil
}

var (
	errNewer    = errors.New("the tables were written by a newer version of this library; upgrade this program")
	errEncoding = errors.New("the encoding of the database is not UTF8, so it cannot hold every text; create it with ENCODING 'UTF8'")
	errOwnTool  = errors.New("the tables are there, and oauth_migrations does not tell which migrations made them; let the tool that did go on")
	errNoSchema = errors.New("the search_path names no schema that exists; create it, or choose another")
)

// What is run around the migrations.
var (
	hasMigrations = qualified(`SELECT to_regclass('oauth_migrations') IS NOT NULL`)

	// Doorkeeper has oauth_applications, and nobody else this one.
	hasTables = qualified(`SELECT to_regclass('oauth_client_secrets') IS NOT NULL`)

	lastMigration = qualified(`SELECT coalesce(max(version), 0) FROM oauth_migrations`)

	createMigrations = qualified(`CREATE TABLE oauth_migrations (
	version    integer     NOT NULL PRIMARY KEY,
	applied_at timestamptz NOT NULL DEFAULT now()
)`)

	insertMigration = qualified(`INSERT INTO oauth_migrations (version) VALUES ($1::integer)`)

	placeOfTables = qualified(`SELECT current_setting('server_encoding'), coalesce(
	(SELECT quote_ident(n.nspname::text) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE c.oid = to_regclass('oauth_migrations')::oid), quote_ident(current_schema()::text))`)

	lockMigrations = qualified(`SELECT pg_advisory_xact_lock(hashtextextended('oauth_migrations of ' || $1::text, 0))`)

	// PostgreSQL's own types come before those of the schema then.
	setSearchPath = qualified(`SELECT set_config('search_path', $1::text, true)`)
)

// A querier is a pool or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// schemaVersion returns the number of the newest migration that was applied, 0
// for none.
func schemaVersion(ctx context.Context, q querier) (version int, err error) {
	var exists bool
	if err := q.QueryRow(ctx, hasMigrations).Scan(&exists); err != nil || !exists {
		return 0, err
	}
	err = q.QueryRow(ctx, lastMigration).Scan(&version)
	return version, err
}

// applyNext applies one migration, if there is one left once this node has its
// turn.
func applyNext(ctx context.Context, pool *pgxpool.Pool, scripts []string) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if err := takeTurn(ctx, tx); err != nil {
			return err
		}
		version, err := schemaVersion(ctx, tx)
		if err != nil || version >= len(scripts) {
			return err
		}
		if version == 0 {
			if err := beginMigrations(ctx, tx); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, scripts[version]); err != nil {
			return fmt.Errorf("migration %d: %w%s", version+1, err, hint(err))
		}
		_, err = tx.Exec(ctx, insertMigration, version+1)
		return err
	})
}

// beginMigrations makes the table of migrations, where there are no tables yet.
func beginMigrations(ctx context.Context, tx pgx.Tx) error {
	var made bool
	if err := tx.QueryRow(ctx, hasTables).Scan(&made); err != nil {
		return err
	}
	if made {
		return errOwnTool
	}
	_, err := tx.Exec(ctx, createMigrations)
	return err
}

// hint says what to do about a table that somebody else has made: Doorkeeper has
// one named oauth_applications.
func hint(err error) string {
	if isCode(err, duplicateTable) {
		return "; it is not this library's: create a schema for it, and add search_path=NAME to the connection string"
	}
	return ""
}

// takeTurn looks at where the tables are, or are to be; takes the lock of those
// who migrate there, to the end of the transaction; and has the migrations look
// nothing up elsewhere.
func takeTurn(ctx context.Context, tx pgx.Tx) error {
	var encoding string
	var schema *string
	err := tx.QueryRow(ctx, placeOfTables).Scan(&encoding, &schema)
	switch {
	case err != nil:
		return err
	case encoding != "UTF8":
		return fmt.Errorf("%w (it is %s)", errEncoding, encoding)
	case schema == nil:
		return errNoSchema
	}
	if _, err := tx.Exec(ctx, lockMigrations, *schema); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, setSearchPath, *schema)
	return err
}
