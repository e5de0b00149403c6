package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/oauthapps/oauthapps/store"
)

// orZero keeps what a verb returns, but for one that did not happen.
func orZero[T any](value T, err error) (T, error) {
	if err != nil {
		return *new(T), err
	}
	return value, nil
}

// A conn is one connection with its prepared statements, for one goroutine at a
// time. It speaks to the driver below database/sql: which connection writes, and
// who waits for it, is decided in this package, so its pool would only cost.
//
// Statements are not given the context of the call. Each takes microseconds, or at
// most as long as the timeout for locks, and one that is interrupted within
// a transaction would roll back what it shares the transaction with.
type conn struct {
	driver     driver.Conn
	statements map[string]driver.Stmt
}

// connect opens a connection and prepares the statements given.
func connect(ctx context.Context, dsn string, statements []string) (*conn, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	d, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	c := &conn{driver: d, statements: make(map[string]driver.Stmt, len(statements))}
	if err := c.prepare(statements); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func (c *conn) prepare(statements []string) error {
	for _, query := range statements {
		stmt, err := c.driver.Prepare(query)
		if err != nil {
			return fmt.Errorf("prepare %q: %w", query, err)
		}
		c.statements[query] = stmt
	}
	return nil
}

func (c *conn) close() error {
	var errs []error
	for _, stmt := range c.statements {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(append(errs, c.driver.Close())...)
}

// script runs statements that were not prepared, one after the other.
func (c *conn) script(sql string) error {
	_, err := c.driver.(driver.ExecerContext).ExecContext(context.Background(), sql, nil)
	return err
}

// number returns the one number that a query returns, which was not prepared.
func (c *conn) number(query string) (n int64, err error) {
	err = c.scalar(query, func(r *row) { n = r.int() })
	return n, err
}

// word returns the one text that a query returns, which was not prepared.
func (c *conn) word(query string) (text string, err error) {
	err = c.scalar(query, func(r *row) { text = r.text() })
	return text, err
}

func (c *conn) scalar(query string, read func(*row)) error {
	stmt, err := c.driver.Prepare(query)
	if err != nil {
		return err
	}
	return errors.Join(each(stmt, nil, read), stmt.Close())
}

// exec runs a prepared statement and returns how many rows it changed.
func (c *conn) exec(query string, args ...driver.Value) (int64, error) {
	result, err := c.statements[query].(driver.StmtExecContext).ExecContext(context.Background(), named(args))
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// one is all for a statement that may return nothing: it reports whether there was a row.
func (c *conn) one(query string, read func(*row), args ...driver.Value) (found bool, err error) {
	err = c.all(query, func(r *row) { found = true; read(r) }, args...)
	return found && err == nil, err
}

// must is one for a row that has to be there: without it, the answer is ErrNotFound.
func (c *conn) must(query string, read func(*row), args ...driver.Value) error {
	found, err := c.one(query, read, args...)
	if err == nil && !found {
		return store.ErrNotFound
	}
	return err
}

// count runs a prepared statement that returns one number.
func (c *conn) count(query string, args ...driver.Value) (n int64, err error) {
	err = c.all(query, func(r *row) { n = r.int() }, args...)
	return n, err
}

// all runs a prepared statement and calls read with every row.
func (c *conn) all(query string, read func(*row), args ...driver.Value) error {
	return each(c.statements[query], args, read)
}

// each steps a statement to its end, as one with RETURNING has to be.
func each(stmt driver.Stmt, args []driver.Value, read func(*row)) (err error) {
	rows, err := stmt.(driver.StmtQueryContext).QueryContext(context.Background(), named(args))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	r := row{values: make([]driver.Value, len(rows.Columns()))}
	for r.err == nil {
		if err := rows.Next(r.values); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		r.next = 0
		read(&r)
	}
	return r.err
}

func named(args []driver.Value) []driver.NamedValue {
	values := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
	}
	return values
}

// isCode reports whether an error is one of the primary result codes of SQLite given.
func isCode(err error, codes ...int) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	for _, code := range codes {
		if e.Code()&0xff == code {
			return true
		}
	}
	return false
}

func isBusy(err error) bool { return isCode(err, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) }
