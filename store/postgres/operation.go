package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/oauthapps/oauthapps/store"
)

// tries is how often an operation is tried in all.
const tries = 8

// An operation is one call of a method of Store.
type operation struct {
	store *Store
	name  string
	// reads is set for an operation that changes nothing. It can be repeated
	// when it is not known whether it happened.
	reads bool
}

func (s *Store) reading(name string) operation { return operation{store: s, name: name, reads: true} }
func (s *Store) writing(name string) operation { return operation{store: s, name: name} }

// run runs an operation. It is one statement or one batch, so it happens as a
// whole or not at all. It is tried again if the database asks for that.
func (o operation) run(ctx context.Context, do func(context.Context, *pgx.Conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	call, cancel := context.WithTimeout(ctx, o.store.limits.call)
	defer cancel()
	for try := 1; ; try++ {
		err := o.try(call, do)
		if err == nil || try == tries || !o.again(err) || pause(call, try) != nil {
			return o.outcome(ctx, err)
		}
	}
}

// clientEncoding is the encoding of texts in Go. With another one, PostgreSQL
// would read other texts than were written.
const clientEncoding = "UTF8"

var errClientEncoding = errors.New("the client_encoding of the connection is not UTF8; set it in the connection string or on the role")

// errLost marks an error that ended its connection.
var errLost = errors.New("connection lost")

func (o operation) try(ctx context.Context, do func(context.Context, *pgx.Conn) error) error {
	c, err := o.store.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	if err := ctx.Err(); err != nil { // a connection may become free just then
		return err
	}
	if encoding := c.Conn().PgConn().ParameterStatus("client_encoding"); encoding != clientEncoding {
		return fmt.Errorf("%w (it is %s)", errClientEncoding, encoding)
	}
	err = o.store.limits.finishing(ctx, c.Conn().PgConn(), func(ctx context.Context) error { return do(ctx, c.Conn()) })
	if err != nil && c.Conn().IsClosed() {
		return fmt.Errorf("%w: %w", errLost, err)
	}
	return err
}

// The codes of PostgreSQL that this package tells apart.
const (
	uniqueViolation      = "23505"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	duplicateTable       = "42P07"
	undefinedTable       = "42P01"
	undefinedColumn      = "42703"
	readOnly             = "25006"
)

func isCode(err error, codes ...string) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && slices.Contains(codes, e.Code)
}

// orExists returns ErrExists for an ID that is in use, and any other error as it
// is.
func orExists(err error) error {
	if isCode(err, uniqueViolation) {
		return store.ErrExists
	}
	return err
}

// orNotFound returns ErrNotFound if the row that was looked for is not there,
// the error found if it is, and any other error as it is.
func orNotFound(err, found error) error {
	switch {
	case err == nil:
		return found
	case errors.Is(err, pgx.ErrNoRows):
		return store.ErrNotFound
	}
	return err
}

// again reports whether an operation can be tried again: it is certain that it
// changed nothing, and another try may succeed.
func (o operation) again(err error) bool {
	return isCode(err, serializationFailure, deadlockDetected) || pgconn.SafeToRetry(err) || o.reads && errors.Is(err, errLost)
}

// pause waits for a random time that grows with the tries. Operations that
// collided do not collide again then.
func pause(ctx context.Context, try int) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(rand.N(time.Millisecond << try)):
		return nil
	}
}

// outcome adds the name of the operation to a failure of the store. Refusals,
// and the errors of contexts that have ended, stay as they are.
func (o operation) outcome(ctx context.Context, err error) error {
	switch {
	case err == nil, isRefusal(err):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		if ctx.Err() != nil {
			return ctx.Err()
		}
		// A limit of ours must not look like one of the caller's.
		return fmt.Errorf("postgres: %s: no answer in time: %v", o.name, oneLine{err})
	}
	return fmt.Errorf("postgres: %s: %w", o.name, oneLine{explained(err)})
}

// explained adds to an error of PostgreSQL what to do about it.
func explained(err error) error {
	switch {
	case isCode(err, undefinedTable, undefinedColumn):
		return fmt.Errorf("%w (is the schema migrated, and is it in the search_path?)", err)
	case isCode(err, readOnly):
		return fmt.Errorf("%w (give the store the primary, and a role without default_transaction_read_only)", err)
	}
	return err
}

// isRefusal reports whether an error is one that the interface names. Any other
// error is a failure of the store.
func isRefusal(err error) bool {
	for _, refusal := range []error{store.ErrNotFound, store.ErrExists, store.ErrConflict, store.ErrLimit, store.ErrUsed} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

// oneLine is an error whose text is one line.
type oneLine struct{ error }

func (e oneLine) Error() string { return strings.Join(strings.Fields(e.error.Error()), " ") }
func (e oneLine) Unwrap() error { return e.error }

// A planning says when PostgreSQL plans a statement.
type planning bool

const (
	forAny   planning = false // once for each connection, for any parameters, if the connection prepares statements
	forThese planning = true  // at each call, for its parameters
)

// query runs a statement and calls read for each of its rows. All values come
// in the binary format, so no setting of the role (DateStyle, bytea_output,
// TimeZone) changes how they are written.
func (s *Store) query(ctx context.Context, c *pgx.Conn, p planning, read func(*columns), sql string, args ...any) error {
	rows, err := s.rows(ctx, c, p, sql, args)
	if err != nil {
		return err
	}
	defer rows.Close()
	row := columns{fields: rows.FieldDescriptions()}
	for rows.Next() {
		row.values, row.next = rows.RawValues(), 0
		if read(&row); row.err != nil {
			return row.err
		}
	}
	return rows.Err()
}

var inBinary = []any{pgx.QueryResultFormats{pgx.BinaryFormatCode}}

func (s *Store) rows(ctx context.Context, c *pgx.Conn, p planning, sql string, args []any) (pgx.Rows, error) {
	if s.prepares && p == forAny {
		return c.Query(ctx, sql, slices.Concat(inBinary, args)...)
	}
	var values pgx.ExtendedQueryBuilder
	if err := values.Build(c.TypeMap(), nil, args); err != nil {
		return nil, err
	}
	result := c.PgConn().ExecParams(ctx, sql, values.ParamValues, nil, values.ParamFormats, []int16{pgx.BinaryFormatCode})
	return pgx.RowsFromResultReader(c.TypeMap(), result), nil
}

// all runs an operation that is one statement, and returns its rows.
func all[T any](ctx context.Context, o operation, p planning, read func(*columns, *T), sql string, args ...any) (items []T, err error) {
	err = o.run(ctx, func(ctx context.Context, c *pgx.Conn) error {
		items = nil
		return o.store.query(ctx, c, p, func(row *columns) {
			var item T
			read(row, &item)
			items = append(items, item)
		}, sql, args...)
	})
	if err != nil {
		return nil, err
	}
	return items, nil
}

// list is all for a statement that returns a page of a list. The statement is
// planned for its parameters at each call. A plan for any parameters would not
// know which criteria of a filter are set and how many rows to expect, and
// might sort all of them.
func list[T any](ctx context.Context, o operation, read func(*columns, *T), sql string, args ...any) ([]T, error) {
	return all(ctx, o, forThese, read, sql, args...)
}

// one is all for a statement that returns one row. It returns ErrNotFound if
// there is no row.
func one[T any](ctx context.Context, o operation, read func(*columns, *T), sql string, args ...any) (item T, err error) {
	err = o.run(ctx, func(ctx context.Context, c *pgx.Conn) error {
		found := false
		err := o.store.query(ctx, c, forAny, func(row *columns) {
			found, item = true, *new(T) // reading NULL would leave what an earlier try has read
			read(row, &item)
		}, sql, args...)
		if err == nil && !found {
			return store.ErrNotFound
		}
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return item, nil
}

// change runs an operation that is one statement and returns no rows. If the
// statement changed no row, change returns what why returns.
func change(ctx context.Context, o operation, why func(context.Context, *pgx.Conn) error, query string, args ...any) error {
	return o.run(ctx, func(ctx context.Context, c *pgx.Conn) error {
		tag, err := c.Exec(ctx, query, args...)
		if err != nil || tag.RowsAffected() > 0 {
			return err
		}
		return why(ctx, c)
	})
}

// A statement is SQL with its parameters.
type statement struct {
	sql  string
	args []any
}

// afterLock runs two statements in one transaction and one round trip, and
// returns how many rows each had. The first one waits for a lock. The second
// one sees everything that was committed before the lock was taken. That needs
// the isolation level READ COMMITTED, which is set, as a role may have another
// one by default.
func afterLock(ctx context.Context, c *pgx.Conn, lock, work statement) (locked, worked int64, err error) {
	var batch pgx.Batch // for one try: it keeps what was prepared on the connection
	batch.Queue("BEGIN ISOLATION LEVEL READ COMMITTED")
	batch.Queue(lock.sql, lock.args...)
	batch.Queue(work.sql, work.args...)
	batch.Queue("COMMIT")
	results := c.SendBatch(ctx, &batch)
	var tags [4]pgconn.CommandTag
	for i := range tags {
		if tags[i], err = results.Exec(); err != nil {
			break
		}
	}
	if closing := results.Close(); err == nil {
		err = closing
	}
	if err != nil && c.PgConn().TxStatus() != 'I' && !c.IsClosed() {
		_, _ = c.Exec(ctx, "ROLLBACK") // where that fails, the pool closes the connection
	}
	return tags[1].RowsAffected(), tags[2].RowsAffected(), err
}
