package postgres

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// columns reads the values of a row, in the binary format, from left to right.
// NULL reads as the zero value. err is set by the first value that this library
// cannot have written. Scanning with pgx, which looks up the conversion for
// each value of each row, makes a bearer check take a fifth more processor
// time; half of that is the two arrays of a session.
type columns struct {
	fields []pgconn.FieldDescription
	values [][]byte
	next   int
	err    error
}

var errColumn = errors.New("a column holds what this library did not write")

// value returns the next value, which must be of the type oid, or nil for NULL.
func (c *columns) value(oid uint32) []byte {
	if c.next >= len(c.values) || c.err != nil || c.fields[c.next].DataTypeOID != oid {
		c.fail() // as before a migration, or after one that this version does not know
		return nil
	}
	c.next++
	return c.values[c.next-1]
}

// skip passes over values.
func (c *columns) skip(values int) { c.next += values }

// isAbsent reports whether the next value is NULL.
func (c *columns) isAbsent() bool { return c.next < len(c.values) && c.values[c.next] == nil }

func (c *columns) fail() {
	if c.err == nil {
		c.err = errColumn
	}
}

func (c *columns) id(to *uuid.UUID) {
	if v := c.value(pgtype.UUIDOID); len(v) == len(to) {
		*to = uuid.UUID(v)
	} else if v != nil {
		c.fail()
	}
}

func (c *columns) digest(to *credential.Digest) {
	c.digestOf(c.value(pgtype.ByteaOID), to)
}

func (c *columns) digestOf(v []byte, to *credential.Digest) {
	if len(v) == len(to) {
		*to = credential.Digest(v)
	} else if v != nil {
		c.fail()
	}
}

// binaries reads a bytea[] with one element for each argument. An element may
// be NULL. An argument points to a digest, a salt, or bytes of any length.
func (c *columns) binaries(to ...any) {
	c.elements(pgtype.ByteaArrayOID, len(to), func(i int, v []byte) { c.binaryOf(v, to[i]) })
}

func (c *columns) binaryOf(v []byte, to any) {
	switch to := to.(type) {
	case *credential.Digest:
		c.digestOf(v, to)
	case *store.Salt:
		if len(v) == len(to) {
			*to = store.Salt(v)
		} else if v != nil {
			c.fail()
		}
	case *[]byte:
		*to = bytes.Clone(v) // an empty one is not absent
	}
}

func (c *columns) bool(to *bool) {
	if v := c.value(pgtype.BoolOID); len(v) == 1 {
		*to = v[0] != 0
	} else if v != nil {
		c.fail()
	}
}

// bytes reads a bytea of any length.
func (c *columns) bytes(to *[]byte) {
	if v := c.value(pgtype.ByteaOID); v != nil {
		*to = bytes.Clone(v)
	}
}

func (c *columns) text(to *string) {
	if v := c.value(pgtype.TextOID); v != nil {
		*to = string(v)
	}
}

func (c *columns) number(to *int64) {
	if v := c.value(pgtype.Int8OID); len(v) == 8 {
		*to = int64(binary.BigEndian.Uint64(v))
	} else if v != nil {
		c.fail()
	}
}

// epoch is the time from which PostgreSQL counts, in microseconds since 1970.
var epoch = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

func (c *columns) time(to *time.Time) {
	c.timeOf(c.value(pgtype.TimestamptzOID), to)
}

func (c *columns) timeOf(v []byte, to *time.Time) {
	if v == nil {
		return
	}
	if len(v) != 8 {
		c.fail()
		return
	}
	since := int64(binary.BigEndian.Uint64(v))
	if since == math.MinInt64 || since > math.MaxInt64-epoch { // the infinities, and what is nearly as far
		c.fail()
		return
	}
	*to = time.UnixMicro(epoch + since).UTC()
}

// times reads a timestamptz[] with one element for each argument. An element
// may be NULL.
func (c *columns) times(to ...*time.Time) {
	c.elements(pgtype.TimestamptzArrayOID, len(to), func(i int, v []byte) { c.timeOf(v, to[i]) })
}

// elements calls read for each of the n elements of an array, with nil for
// NULL. It fails if the array has not n elements.
func (c *columns) elements(oid uint32, n int, read func(i int, v []byte)) {
	found := c.array(c.value(oid), func(i int, v []byte) {
		if i < n {
			read(i, v)
		}
	})
	if found != n {
		c.fail()
	}
}

// texts reads a text[]. NULL is nil, and an empty array is an empty slice.
func (c *columns) texts(to *[]string) {
	v := c.value(pgtype.TextArrayOID)
	if v == nil {
		return
	}
	*to = []string{}
	c.array(v, func(_ int, text []byte) {
		if text == nil {
			c.fail()
		}
		*to = append(*to, string(text))
	})
}

// array calls read for each element of an array of at most one dimension, nil
// for one that is absent, and returns how many there are. The array begins with
// its dimensions, flags and type; then come the length and the first index of
// the dimension, and each element after its length.
func (c *columns) array(v []byte, read func(i int, v []byte)) int {
	if len(v) >= 12 && binary.BigEndian.Uint32(v) == 0 {
		return 0
	}
	if len(v) < 20 || binary.BigEndian.Uint32(v) != 1 {
		c.fail()
		return 0
	}
	n := int(binary.BigEndian.Uint32(v[12:]))
	v = v[20:]
	for i := range n {
		if len(v) < 4 {
			c.fail()
			return i
		}
		length := int(int32(binary.BigEndian.Uint32(v)))
		v = v[4:]
		switch {
		case length == -1:
			read(i, nil)
		case length < 0 || length > len(v):
			c.fail()
			return i
		default:
			read(i, v[:length:length])
			v = v[length:]
		}
	}
	return n
}

// scopes reads what scopesValue wrote. NULL is nil, and "" is an empty slice.
func (c *columns) scopes(to *[]string) {
	switch v := c.value(pgtype.TextOID); {
	case v == nil:
	case len(v) == 0:
		*to = []string{}
	default:
		*to = strings.Split(string(v), " ")
	}
}

// The functions below write the zero value as NULL. The first three do not:
// they are for columns that are never NULL.

func instant(t time.Time) pgtype.Timestamptz { return pgtype.Timestamptz{Time: t, Valid: true} }

func listValue(list []string) []string {
	if list == nil {
		return []string{} // nil is NULL
	}
	return list
}

// scopesValue is how sessions keep scopes, which have no spaces.
func scopesValue(list []string) string { return strings.Join(list, " ") }

func idValue(id uuid.UUID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: id != uuid.Nil} }

func timeValue(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return instant(t)
}

func textValue(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func digestValue(d credential.Digest) []byte {
	if d.IsZero() {
		return nil
	}
	return d[:]
}

func bytesValue(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

func saltValue(salt store.Salt) []byte {
	if salt == (store.Salt{}) {
		return nil
	}
	return salt[:]
}

// tokenScopeValue is the scope of an access token, if there is one.
func tokenScopeValue(token store.AccessToken) any {
	if token.Digest.IsZero() {
		return nil
	}
	return scopesValue(token.Scopes)
}

// ownerValue is NULL, which reaches every application, for AnyOwner.
func ownerValue(owner oauthapp.Owner) pgtype.Text {
	return pgtype.Text{String: owner.Account(), Valid: !owner.IsAny()}
}

// isText reports whether PostgreSQL can hold these texts. A text that it cannot
// hold is in no row, so callers return ErrNotFound instead of asking.
func isText(texts ...string) bool {
	for _, text := range texts {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return false
		}
	}
	return true
}
