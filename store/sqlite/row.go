package sqlite

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

var errColumn = errors.New("a column holds what this library did not write")

// A row is read column by column, from the left. NULL reads as the zero value.
// Any other value has the type of its column, as all tables are STRICT. One of
// the wrong size sets err, and then the statement fails.
type row struct {
	stmt *sqlite.Stmt
	next int
	err  error
}

// column returns the number of the next column.
func (r *row) column() int {
	r.next++
	return r.next - 1
}

// skip passes over columns.
func (r *row) skip(columns int) { r.next += columns }

// absent reports whether the next column is NULL, without reading it.
func (r *row) absent() bool { return r.stmt.ColumnIsNull(r.next) }

func (r *row) int() int64 { return r.stmt.ColumnInt64(r.column()) }

func (r *row) bool() bool { return r.int() != 0 }

func (r *row) text() string { return r.stmt.ColumnText(r.column()) }

// bytes reads exactly as many as there is room for.
func (r *row) bytes(b []byte) {
	switch column := r.column(); {
	case r.stmt.ColumnLen(column) == len(b):
		r.stmt.ColumnBytes(column, b)
	case !r.stmt.ColumnIsNull(column):
		r.err = errColumn
	}
}

// blob reads any number of bytes, nil if there are none.
func (r *row) blob() []byte {
	column := r.column()
	size := r.stmt.ColumnLen(column)
	if size == 0 {
		return nil
	}
	b := make([]byte, size)
	r.stmt.ColumnBytes(column, b)
	return b
}

func (r *row) id() (id uuid.UUID) {
	r.bytes(id[:])
	return id
}

func (r *row) digest() (d credential.Digest) {
	r.bytes(d[:])
	return d
}

func (r *row) time() time.Time {
	absent, column := r.absent(), r.column()
	if absent {
		return time.Time{}
	}
	return time.UnixMicro(r.stmt.ColumnInt64(column)).UTC()
}

func (r *row) scopes() []string {
	text := r.text()
	if text == "" {
		return nil
	}
	return strings.Split(text, " ")
}

// list reads what listValue wrote.
func (r *row) list() (list []string) {
	if err := json.Unmarshal([]byte(r.text()), &list); err != nil {
		r.err = errColumn
	}
	return list
}

// A value is what a parameter of a statement is bound to: one of the three, or
// NULL. It spares the allocation that an interface would need for each.
type value struct {
	is     sqlite.ColumnType // zero: NULL
	number int64
	text   string
	blob   []byte
}

func (v *value) bind(stmt *sqlite.Stmt, param int) {
	switch v.is {
	case sqlite.TypeInteger:
		stmt.BindInt64(param, v.number)
	case sqlite.TypeText:
		stmt.BindText(param, v.text)
	case sqlite.TypeBlob:
		stmt.BindBytes(param, v.blob)
	default:
		stmt.BindNull(param)
	}
}

func number(n int64) value { return value{is: sqlite.TypeInteger, number: n} }
func text(s string) value  { return value{is: sqlite.TypeText, text: s} }
func blob(b []byte) value  { return value{is: sqlite.TypeBlob, blob: b} }

func flag(b bool) value {
	if b {
		return number(1)
	}
	return number(0)
}

// instant is for times that every row has.
func instant(t time.Time) value { return number(t.UnixMicro()) }

// The functions from here to timeValue keep the zero value as NULL.

func idValue(id *uuid.UUID) value {
	if *id == uuid.Nil {
		return value{}
	}
	return blob(id[:])
}

func digestValue(d *credential.Digest) value {
	if d.IsZero() {
		return value{}
	}
	return blob(d[:])
}

func textValue(s string) value {
	if s == "" {
		return value{}
	}
	return text(s)
}

func blobValue(b []byte) value {
	if len(b) == 0 {
		return value{}
	}
	return blob(b)
}

func timeValue(t time.Time) value {
	if t.IsZero() {
		return value{}
	}
	return instant(t)
}

// Scopes are separated by a space, which none of them holds (RFC 6749, section
// 3.3).
func scopesValue(scopes []string) value { return text(strings.Join(scopes, " ")) }

func listValue(list []string) value {
	if len(list) == 0 {
		return text("[]")
	}
	b, _ := json.Marshal(list) // strings always marshal
	return text(string(b))
}
