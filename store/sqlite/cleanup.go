package sqlite

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// The clean-up walks sessions, grants, client secrets, records and API tokens,
// each by primary key. Its cursor is a letter for the table and the key that it
// has come to. A walk reads on a reading connection which of the next rows are
// dead; only if some are does it write, and then judges them again.
const (
	cleaningSessions  = 's'
	cleaningGrants    = 'g'
	cleaningSecrets   = 'c'
	cleaningRecords   = 'r'
	cleaningAPITokens = 't'
)

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
		cursor = string(cleaningSessions)
	}
	switch key := cursor[1:]; cursor[0] {
	case cleaningSessions:
		return s.cleanByID(ctx, sessionsWalk, now, key, rows)
	case cleaningGrants:
		return s.cleanGrants(ctx, key, rows)
	case cleaningSecrets:
		return s.cleanSecrets(ctx, now, key, rows)
	case cleaningRecords:
		return s.cleanRecords(ctx, now, key, rows)
	case cleaningAPITokens:
		return s.cleanByID(ctx, apiTokensWalk, now, key, rows)
	}
	return "", 0, errCursor(cursor)
}

func errCursor(cursor string) error {
	return fmt.Errorf("sqlite: clean up: no call returned the cursor %q", cursor)
}

// A walkByID is over a table whose primary key is an ID.
type walkByID struct {
	what        string // for errors
	walk, clean string // the queries
	table       rune
	then        string // the cursor that follows the last row
}

var (
	sessionsWalk  = walkByID{"clean up sessions", walkSessions, cleanSessions, cleaningSessions, string(cleaningGrants)}
	apiTokensWalk = walkByID{"clean up API tokens", walkAPITokens, cleanAPITokens, cleaningAPITokens, ""}
)

// cleanByID cleans up the next rows of a walk, after the key.
func (s *Store) cleanByID(ctx context.Context, w walkByID, now time.Time, key string, rows int64) (next string, removed int, err error) {
	after, err := hex.DecodeString(key)
	if err != nil {
		return "", 0, errCursor(key)
	}
	var last uuid.UUID
	var seen, dead int64
	err = s.read(ctx, w.what, func(c *conn) error {
		return c.all(w.walk, func(r *row) { last, seen, dead = r.id(), r.int(), r.int() }, blob(after), instant(now), number(rows))
	})
	if err == nil && dead > 0 {
		removed, err = s.remove(ctx, w.what, w.clean, blob(after), instant(now), blob(last[:]))
	}
	if err != nil {
		return "", 0, err
	}
	if seen < rows {
		return w.then, removed, nil
	}
	return string(w.table) + hex.EncodeToString(last[:]), removed, nil
}

func (s *Store) cleanGrants(ctx context.Context, key string, rows int64) (next string, removed int, err error) {
	after := int64(0)
	if key != "" {
		if after, err = strconv.ParseInt(key, 10, 64); err != nil {
			return "", 0, errCursor(key)
		}
	}
	var last, seen, dead int64
	err = s.read(ctx, "clean up grants", func(c *conn) error {
		return c.all(walkGrants, func(r *row) { last, seen, dead = r.int(), r.int(), r.int() }, number(after), number(rows))
	})
	if err == nil && dead > 0 {
		removed, err = s.remove(ctx, "clean up grants", cleanGrants, number(after), number(last))
	}
	if err != nil {
		return "", 0, err
	}
	if seen < rows {
		return string(cleaningSecrets), removed, nil
	}
	return string(cleaningGrants) + strconv.FormatInt(last, 10), removed, nil
}

func (s *Store) cleanSecrets(ctx context.Context, now time.Time, key string, rows int64) (next string, removed int, err error) {
	var after, last [2]uuid.UUID // application and secret
	if key != "" {
		keys, err := hex.DecodeString(key)
		if err != nil || len(keys) != len(after[0])+len(after[1]) {
			return "", 0, errCursor(key)
		}
		copy(after[1][:], keys[copy(after[0][:], keys):])
	}
	var seen, dead int64
	err = s.read(ctx, "clean up client secrets", func(c *conn) error {
		seen, dead = 0, 0
		return c.all(walkSecrets, func(r *row) {
			last[0], last[1] = r.id(), r.id()
			seen, dead = seen+1, dead+r.int()
		}, blob(after[0][:]), blob(after[1][:]), instant(now), number(rows))
	})
	if err == nil && dead > 0 {
		removed, err = s.remove(ctx, "clean up client secrets", cleanSecrets,
			blob(after[0][:]), blob(after[1][:]), instant(now), blob(last[0][:]), blob(last[1][:]))
	}
	if err != nil {
		return "", 0, err
	}
	if seen < rows {
		return string(cleaningRecords), removed, nil
	}
	return string(cleaningSecrets) + hex.EncodeToString(last[0][:]) + hex.EncodeToString(last[1][:]), removed, nil
}

// cleanRecords has keys of a digest in hexadecimal and the kind.
func (s *Store) cleanRecords(ctx context.Context, now time.Time, key string, rows int64) (next string, removed int, err error) {
	var after, last credential.Digest
	digits := min(hex.EncodedLen(len(after)), len(key))
	if _, err := hex.Decode(after[:], []byte(key[:digits])); err != nil {
		return "", 0, errCursor(key)
	}
	afterKind, lastKind := key[digits:], ""
	var seen, dead int64
	err = s.read(ctx, "clean up records", func(c *conn) error {
		seen, dead = 0, 0
		return c.all(walkRecords, func(r *row) {
			lastKind, last = r.text(), r.digest()
			seen, dead = seen+1, dead+r.int()
		}, text(afterKind), blob(after[:]), instant(now), number(rows))
	})
	if err == nil && dead > 0 {
		removed, err = s.remove(ctx, "clean up records", cleanRecords, text(afterKind), blob(after[:]), instant(now), text(lastKind), blob(last[:]))
	}
	if err != nil {
		return "", 0, err
	}
	if seen < rows {
		return string(cleaningAPITokens), removed, nil
	}
	return string(cleaningRecords) + hex.EncodeToString(last[:]) + lastKind, removed, nil
}

// remove runs a statement that removes the dead rows of a range.
func (s *Store) remove(ctx context.Context, what, query string, args ...value) (removed int, err error) {
	err = s.write(ctx, what, func(c *conn) (err error) {
		removed, err = c.exec(query, args...)
		return err
	})
	return orZero(removed, err)
}
