package postgres

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// The clean-up walks these tables, each by primary key. Its cursor is the letter
// of the table and the key that it has come to. Each batch is one statement,
// which waits for no lock: a row that somebody has locked is in use, and is left
// to the next pass.
var phases = []phase{
	{"s", byID("clean up sessions", cleanSessions)},
	{"g", (*Store).cleanGrants},
	{"c", (*Store).cleanSecrets},
	{"r", (*Store).cleanRecords},
	{"t", byID("clean up API tokens", cleanAPITokens)},
}

// A phase is a table. Its clean examines the next rows after a key, and returns
// the key of the last one.
type phase struct {
	letter string
	clean  func(s *Store, ctx context.Context, now time.Time, key string, rows int64) (b batch, last string, err error)
}

// CleanUp implements [store.Store].
func (s *Store) CleanUp(ctx context.Context, now time.Time, cursor string, limit int) (next string, removed int, err error) {
	if cursor == "" {
		cursor = phases[0].letter
	}
	i := slices.IndexFunc(phases, func(p phase) bool { return p.letter == cursor[:1] })
	if i < 0 {
		return "", 0, errCursor(cursor)
	}
	rows := int64(max(limit, 1))
	b, last, err := phases[i].clean(s, ctx, now, cursor[1:], rows)
	switch {
	case err != nil:
		return "", 0, err
	case b.seen >= rows:
		next = cursor[:1] + last
	case i+1 < len(phases):
		next = phases[i+1].letter
	}
	return next, int(b.removed), nil
}

func errCursor(cursor string) error {
	return fmt.Errorf("postgres: clean up: no call returned the cursor %q", cursor)
}

// A batch tells what one statement did.
type batch struct {
	keys          [2]uuid.UUID // of the last row
	number        int64        // likewise, of a grant
	kind          string       // likewise, of a record
	digest        credential.Digest
	seen, removed int64
}

// keyValue is never NULL, unlike idValue.
func keyValue(id uuid.UUID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: true} }

// byID cleans up a table whose primary key is an ID.
func byID(what, query string) func(*Store, context.Context, time.Time, string, int64) (batch, string, error) {
	return func(s *Store, ctx context.Context, now time.Time, key string, rows int64) (b batch, last string, err error) {
		var after uuid.UUID
		if err := decodeKeys(key, &after); err != nil {
			return b, "", err
		}
		b, err = one(ctx, s.writing(what), readStep, query, keyValue(after), instant(now), rows)
		return b, hex.EncodeToString(b.keys[0][:]), err
	}
}

func (s *Store) cleanGrants(ctx context.Context, _ time.Time, key string, rows int64) (b batch, last string, err error) {
	after := int64(0)
	if key != "" {
		if after, err = strconv.ParseInt(key, 10, 64); err != nil {
			return b, "", errCursor(key)
		}
	}
	read := func(row *columns, b *batch) {
		row.number(&b.number)
		row.number(&b.seen)
		row.number(&b.removed)
	}
	b, err = one(ctx, s.writing("clean up grants"), read, cleanGrants, after, rows)
	return b, strconv.FormatInt(b.number, 10), err
}

func (s *Store) cleanSecrets(ctx context.Context, now time.Time, key string, rows int64) (b batch, last string, err error) {
	var application, secret uuid.UUID
	if err := decodeKeys(key, &application, &secret); err != nil {
		return b, "", err
	}
	read := func(row *columns, b *batch) {
		row.id(&b.keys[0])
		row.id(&b.keys[1])
		row.number(&b.seen)
		row.number(&b.removed)
	}
	b, err = one(ctx, s.writing("clean up client secrets"), read, cleanSecrets, keyValue(application), keyValue(secret), instant(now), rows)
	return b, hex.EncodeToString(b.keys[0][:]) + hex.EncodeToString(b.keys[1][:]), err
}

func (s *Store) cleanRecords(ctx context.Context, now time.Time, key string, rows int64) (b batch, last string, err error) {
	var after credential.Digest
	digest, kind, _ := strings.Cut(key, " ")
	if decoded, err := hex.DecodeString(digest); err != nil || copy(after[:], decoded) != len(decoded) || !isText(kind) {
		return b, "", errCursor(key)
	}
	read := func(row *columns, b *batch) {
		row.text(&b.kind)
		row.digest(&b.digest)
		row.number(&b.seen)
		row.number(&b.removed)
	}
	b, err = one(ctx, s.writing("clean up records"), read, cleanRecords, kind, after[:], instant(now), rows)
	return b, hex.EncodeToString(b.digest[:]) + " " + b.kind, err
}

// decodeKeys leaves the IDs zero for "", before all rows.
func decodeKeys(key string, ids ...*uuid.UUID) error {
	if key == "" {
		return nil
	}
	b, err := hex.DecodeString(key)
	if err != nil || len(b) != len(ids)*len(uuid.UUID{}) {
		return errCursor(key)
	}
	for _, id := range ids {
		b = b[copy(id[:], b):]
	}
	return nil
}
