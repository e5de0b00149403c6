package sqlite

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

var errColumn = errors.New("a column holds what this library did not write")

// A row is read column by column, from the left. What is absent (NULL) reads as
// zero. The first column of a wrong type or size makes err, and the row fail.
type row struct {
	values []driver.Value
	next   int
	err    error
}

func column[T any](r *row) (value T) {
	v := r.values[r.next]
	r.next++
	if v == nil {
		return value
	}
	value, ok := v.(T)
	if !ok {
		r.err = errColumn
	}
	return value
}

func (r *row) int() int64   { return column[int64](r) }
func (r *row) text() string { return column[string](r) }

// skip passes over columns.
func (r *row) skip(columns int) { r.next += columns }

// absent reports whether the next column is NULL, without reading it.
func (r *row) absent() bool { return r.values[r.next] == nil }

func (r *row) id() (id uuid.UUID) {
	if b := column[[]byte](r); b != nil && (copy(id[:], b) != len(b) || len(b) != len(id)) {
		r.err = errColumn
	}
	return id
}

func (r *row) digest() (d credential.Digest) {
	if b := column[[]byte](r); b != nil && (copy(d[:], b) != len(b) || len(b) != len(d)) {
		r.err = errColumn
	}
	return d
}

func (r *row) time() time.Time {
	if r.absent() {
		r.next++
		return time.Time{}
	}
	return time.UnixMicro(r.int()).UTC()
}

func (r *row) scopes() []string {
	text := r.text()
	if text == "" {
		return nil
	}
	return strings.Split(text, " ")
}

func (r *row) list() (list []string) {
	if err := json.Unmarshal([]byte(r.text()), &list); err != nil {
		r.err = errColumn
	}
	if len(list) == 0 {
		return nil
	}
	return list
}

// What is the zero value of its kind is kept as NULL by the functions below, but
// for instant, which is for times that every row has.

func idValue(id uuid.UUID) driver.Value {
	if id == uuid.Nil {
		return nil
	}
	return id[:]
}

func digestValue(d credential.Digest) driver.Value {
	if d.IsZero() {
		return nil
	}
	return d[:]
}

func textValue(s string) driver.Value {
	if s == "" {
		return nil
	}
	return s
}

func timeValue(t time.Time) driver.Value {
	if t.IsZero() {
		return nil
	}
	return instant(t)
}

func instant(t time.Time) driver.Value { return t.UnixMicro() }

// Scopes are separated by a space, which none of them holds (RFC 6749, section 3.3).
func scopesValue(scopes []string) driver.Value { return strings.Join(scopes, " ") }

func listValue(list []string) driver.Value {
	if len(list) == 0 {
		return "[]"
	}
	b, _ := json.Marshal(list) // strings always marshal
	return string(b)
}
