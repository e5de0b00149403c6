package sqlite

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// The clean-up walks these tables, each by primary key. Its cursor is the letter
// of the table and the key that it has come to. A walk reads on a reading
// connection which of the next rows are dead; only if some are does it write,
// and then judges them again.
var phases = []phase{
	{"s", byID("clean up sessions", walkSessions, cleanSessions)},
	{"g", (*Store).cleanGrants},
	{"c", (*Store).cleanSecrets},
	{"r", (*Store).cleanRecords},
	{"t", byID("clean up API tokens", walkAPITokens, cleanAPITokens)},
}

// A phase is a table.
type phase struct {
	letter string
	clean  func(s *Store, ctx context.Context, now time.Time, key string, rows int64) (walk, error)
}

// A walk is over the next rows of a table after a key.
type walk struct {
	last       string // the key of the last one
	seen, dead int64
	removed    int
}

// pieceSize is how many rows the clean-up examines before it lets other calls
// in. A greater one cleans up faster and makes other calls wait longer.
const pieceSize = 15

// CleanUp implements [store.Store]. It keeps what it did before a failure and
// returns no error for it; if the failure lasts, the next call returns it.
func (s *Store) CleanUp(ctx context.Context, now time.Time, cursor string, limit int) (next string, removed int, err error) {
	next = cursor
	for left := max(limit, 1); left > 0; left -= pieceSize {
		reached, n, err := s.cleanPiece(ctx, now, next, int64(min(left, pieceSize)))
		if err != nil && next != cursor {
			break
		}
		if err != nil {
			return "", 0, err
		}
		next, removed = reached, removed+n
		if next == "" {
			break
		}
	}
	return next, removed, nil
}

func (s *Store) cleanPiece(ctx context.Context, now time.Time, cursor string, rows int64) (next string, removed int, err error) {
	if cursor == "" {
		cursor = phases[0].letter
	}
	i := slices.IndexFunc(phases, func(p phase) bool { return p.letter == cursor[:1] })
	if i < 0 {
		return "", 0, errCursor(cursor)
	}
	w, err := phases[i].clean(s, ctx, now, cursor[1:], rows)
	switch {
	case err != nil:
		return "", 0, err
	case w.seen >= rows:
		next = cursor[:1] + w.last
	case i+1 < len(phases):
		next = phases[i+1].letter
	}
	return next, w.removed, nil
}

func errCursor(cursor string) error {
	return fmt.Errorf("sqlite: clean up: no call returned the cursor %q", cursor)
}

// byID cleans up a table whose primary key is an ID.
func byID(what, read, clean string) func(*Store, context.Context, time.Time, string, int64) (walk, error) {
	return func(s *Store, ctx context.Context, now time.Time, key string, rows int64) (w walk, err error) {
		after, err := hex.DecodeString(key)
		if err != nil {
			return w, errCursor(key)
		}
		var last uuid.UUID
		err = s.read(ctx, what, func(c *conn) error {
			return c.all(read, func(r *row) { last, w.seen, w.dead = r.id(), r.int(), r.int() }, blob(after), instant(now), number(rows))
		})
		if err == nil && w.dead > 0 {
			w.removed, err = s.remove(ctx, what, clean, blob(after), instant(now), blob(last[:]))
		}
		w.last = hex.EncodeToString(last[:])
		return w, err
	}
}

func (s *Store) cleanGrants(ctx context.Context, _ time.Time, key string, rows int64) (w walk, err error) {
	var after, last int64
	if key != "" {
		if after, err = strconv.ParseInt(key, 10, 64); err != nil {
			return w, errCursor(key)
		}
	}
	err = s.read(ctx, "clean up grants", func(c *conn) error {
		return c.all(walkGrants, func(r *row) { last, w.seen, w.dead = r.int(), r.int(), r.int() }, number(after), number(rows))
	})
	if err == nil && w.dead > 0 {
		w.removed, err = s.remove(ctx, "clean up grants", cleanGrants, number(after), number(last))
	}
	w.last = strconv.FormatInt(last, 10)
	return w, err
}

func (s *Store) cleanSecrets(ctx context.Context, now time.Time, key string, rows int64) (w walk, err error) {
	var after, last [2]uuid.UUID // application and secret
	if key != "" {
		keys, err := hex.DecodeString(key)
		if err != nil || len(keys) != len(after[0])+len(after[1]) {
			return w, errCursor(key)
		}
		copy(after[1][:], keys[copy(after[0][:], keys):])
	}
	err = s.read(ctx, "clean up client secrets", func(c *conn) error {
		w = walk{}
		return c.all(walkSecrets, func(r *row) {
			last[0], last[1] = r.id(), r.id()
			w.seen, w.dead = w.seen+1, w.dead+r.int()
		}, blob(after[0][:]), blob(after[1][:]), instant(now), number(rows))
	})
	if err == nil && w.dead > 0 {
		w.removed, err = s.remove(ctx, "clean up client secrets", cleanSecrets,
			blob(after[0][:]), blob(after[1][:]), instant(now), blob(last[0][:]), blob(last[1][:]))
	}
	w.last = hex.EncodeToString(last[0][:]) + hex.EncodeToString(last[1][:])
	return w, err
}

// cleanRecords has keys of a digest in hexadecimal and the kind.
func (s *Store) cleanRecords(ctx context.Context, now time.Time, key string, rows int64) (w walk, err error) {
	var after, last credential.Digest
	digits := min(hex.EncodedLen(len(after)), len(key))
	if _, err := hex.Decode(after[:], []byte(key[:digits])); err != nil {
		return w, errCursor(key)
	}
	afterKind, lastKind := key[digits:], ""
	err = s.read(ctx, "clean up records", func(c *conn) error {
		w = walk{}
		return c.all(walkRecords, func(r *row) {
			lastKind, last = r.text(), r.digest()
			w.seen, w.dead = w.seen+1, w.dead+r.int()
		}, text(afterKind), blob(after[:]), instant(now), number(rows))
	})
	if err == nil && w.dead > 0 {
		w.removed, err = s.remove(ctx, "clean up records", cleanRecords, text(afterKind), blob(after[:]), instant(now), text(lastKind), blob(last[:]))
	}
	w.last = hex.EncodeToString(last[:]) + lastKind
	return w, err
}

// remove runs a statement that removes the dead rows of a range, and tells how
// many they were.
func (s *Store) remove(ctx context.Context, what, query string, args ...value) (removed int, err error) {
	err = s.write(ctx, what, func(c *conn) (err error) {
		removed, err = c.exec(query, args...)
		return err
	})
	return orZero(removed, err)
}
