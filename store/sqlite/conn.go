package sqlite

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"zombiezen.com/go/sqlite"

	"github.com/oauthapps/oauthapps/store"
)

// orZero returns the value, or the zero value if there is an error.
func orZero[T any](value T, err error) (T, error) {
	if err != nil {
		return *new(T), err
	}
	return value, nil
}

// A conn is one connection with its prepared statements, for one goroutine at a
// time. It does not use database/sql: this package decides which connection
// writes and who waits for it, so a pool and its boxed values would only cost.
//
// Statements do not get the context of the call. Each takes microseconds, or at
// most as long as the timeout for locks. An interrupted statement would roll
// back the transaction, which other operations share.
type conn struct {
	sqlite     *sqlite.Conn
	statements map[string]*statement
	row        row // the one that is being read
	changed    int // how many rows the prepared statements have changed so far
}

type statement struct {
	*sqlite.Stmt
	changes bool // rows, if it finds any
}

// connect opens a connection to an existing file and makes its settings. It
// waits for locks as long as a call does, until open is through.
func connect(ctx context.Context, path, settings string) (*conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path, err := filepath.Abs(path) // which SQLite takes literally
	if err != nil {
		return nil, err
	}
	db, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, innermost(err)
	}
	db.SetBusyTimeout(busyLimit)
	c := &conn{sqlite: db, statements: map[string]*statement{}}
	if err := c.script(settings); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// prepare prepares the statements that the connection is for, and from then on
// lets it wait for locks in steps, between which a call can end.
func (c *conn) prepare(statements []string) error {
	for _, query := range statements {
		stmt, err := c.sqlite.Prepare(query)
		if err != nil {
			return fmt.Errorf("prepare %q: %w", query, innermost(err))
		}
		kind, _, _ := strings.Cut(query, " ")
		c.statements[query] = &statement{stmt, kind == "INSERT" || kind == "UPDATE" || kind == "DELETE"}
	}
	c.sqlite.SetBusyTimeout(busyStep)
	return nil
}

func (c *conn) close() error { return innermost(c.sqlite.Close()) }

// script runs statements that were not prepared, one after the other.
func (c *conn) script(sql string) error {
	for sql = strings.TrimSpace(sql); sql != ""; {
		rest, err := c.once(sql, func(*row) {})
		if err != nil {
			return err
		}
		sql = strings.TrimSpace(rest)
	}
	return nil
}

// number returns the one number that a query returns, which was not prepared.
func (c *conn) number(query string) (n int64, err error) {
	_, err = c.once(query, func(r *row) { n = r.int() })
	return n, err
}

// word returns the one text that a query returns, which was not prepared.
func (c *conn) word(query string) (text string, err error) {
	_, err = c.once(query, func(r *row) { text = r.text() })
	return text, err
}

// once runs a statement that was not prepared, and returns the text that
// follows it.
func (c *conn) once(sql string, read func(*row)) (rest string, err error) {
	stmt, left, err := c.sqlite.PrepareTransient(sql)
	if err != nil {
		return "", innermost(err)
	}
	err = c.run(&statement{Stmt: stmt}, nil, allRows, read)
	return sql[len(sql)-left:], errors.Join(err, innermost(stmt.Finalize()))
}

// exec runs a prepared statement that returns nothing, and tells how many rows
// it changed.
func (c *conn) exec(query string, args ...value) (int, error) {
	before := c.changed
	err := c.all(query, nil, args...)
	return c.changed - before, err
}

// one is all for a statement that returns one row or none: it reports whether
// there was a row.
func (c *conn) one(query string, read func(*row), args ...value) (found bool, err error) {
	err = c.run(c.statements[query], args, 1, func(r *row) { found = true; read(r) })
	return found && err == nil, err
}

// must is one for a statement that has to return a row. Without a row it
// returns ErrNotFound.
func (c *conn) must(query string, read func(*row), args ...value) error {
	found, err := c.one(query, read, args...)
	if err == nil && !found {
		return store.ErrNotFound
	}
	return err
}

// either returns the error found if a statement returns a row, and absent if it
// returns none.
func (c *conn) either(query string, found, absent error, args ...value) error {
	there, err := c.one(query, func(*row) {}, args...)
	switch {
	case err != nil:
		return err
	case there:
		return found
	}
	return absent
}

// some is all for a statement that has to return at least one row. Without a
// row it returns ErrNotFound.
func (c *conn) some(query string, read func(*row), args ...value) error {
	found := false
	err := c.all(query, func(r *row) { found = true; read(r) }, args...)
	if err == nil && !found {
		return store.ErrNotFound
	}
	return err
}

// count runs a prepared statement that returns one number.
func (c *conn) count(query string, args ...value) (n int64, err error) {
	err = c.all(query, func(r *row) { n = r.int() }, args...)
	return n, err
}

const allRows = math.MaxInt

// all runs a prepared statement and calls read with every row; it must not run
// another.
func (c *conn) all(query string, read func(*row), args ...value) error {
	return c.run(c.statements[query], args, allRows, read)
}

// run steps a statement until a number of rows is read. A statement that changes
// rows is stepped to its end. Every parameter is bound each time, so parameters need
// not be cleared.
func (c *conn) run(stmt *statement, args []value, rows int, read func(*row)) (err error) {
	for i := range args {
		args[i].bind(stmt.Stmt, i+1)
	}
	defer func() {
		if e := stmt.Reset(); e != nil && err == nil {
			err = innermost(e)
		}
	}()
	for c.row = (row{stmt: stmt.Stmt}); c.row.err == nil; read(&c.row) {
		if rows == 0 && !stmt.changes {
			return nil
		}
		rows--
		more, err := stmt.Step()
		if err != nil {
			return innermost(err)
		}
		if !more {
			if stmt.changes {
				c.changed += c.sqlite.Changes()
			}
			return nil
		}
		c.row.next = 0
	}
	return c.row.err
}

// innermost returns the innermost error, which is the one of SQLite.
func innermost(err error) error {
	for {
		cause := errors.Unwrap(err)
		if cause == nil {
			return err
		}
		err = cause
	}
}

// isCode reports whether an error is one of the primary result codes of SQLite
// given.
func isCode(err error, codes ...sqlite.ResultCode) bool {
	return slices.Contains(codes, sqlite.ErrCode(err).ToPrimary())
}

func isBusy(err error) bool { return isCode(err, sqlite.ResultBusy, sqlite.ResultLocked) }
