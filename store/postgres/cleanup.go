package postgres

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// The clean-up walks sessions, grants, client secrets, one-time records and API
// tokens, each by primary key. Its cursor is a letter for the table and the key
// that it has come to. Each batch is one statement, which waits for no lock: a
// row that somebody has locked is in use, and is left to the next pass.
const (
	cleaningSessions  = 's'
	cleaningGrants    = 'g'
	cleaningSecrets   = 'c'
	cleaningRecords   = 'r'
	cleaningAPITokens = 't'
)

// CleanUp implements [store.Store].
func (s *Store) CleanUp(ctx context.Context, now time.Time, cursor string, limit int) (next string, removed int, err error) {
	if cursor == "" {
		cursor = string(cleaningSessions)
	}
	rows := int64(max(limit, 1))
	switch key := cursor[1:]; cursor[0] {
	case cleaningSessions:
		return s.cleanSessions(ctx, now, key, rows)
	case cleaningGrants:
		return s.cleanGrants(ctx, key, rows)
	case cleaningSecrets:
		return s.cleanSecrets(ctx, now, key, rows)
	case cleaningRecords:
		return s.cleanRecords(ctx, now, key, rows)
	case cleaningAPITokens:
		return s.cleanAPITokens(ctx, now, key, rows)
	}
	return "", 0, errCursor(cursor)
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

func (s *Store) cleanSessions(ctx context.Context, now time.Time, key string, rows int64) (next string, removed int, err error) {
	var after uuid.UUID
	if key != "" {
		if err := decodeKeys(key, &after); err != nil {
			return "", 0, err
		}
	}
	read := func(row *columns, b *batch) {
		row.id(&b.keys[0])
		row.number(&b.seen)
		row.number(&b.removed)
	}
	b, err := one(ctx, s.writing("clean up sessions"), read, cleanSessions, keyValue(after), instant(now), rows)
	if err != nil {
		return "", 0, err
	}
	if b.seen < rows {
		return string(cleaningGrants), int(b.removed), nil
	}
	return string(cleaningSessions) + hex.EncodeToString(b.keys[0][:]), int(b.removed), nil
}

func (s *Store) cleanGrants(ctx context.Context, key string, rows int64) (next string, removed int, err error) {
	after := int64(0)
	if key != "" {
		if after, err = strconv.ParseInt(key, 10, 64); err != nil {
			return "", 0, errCursor(key)
		}
	}
	read := func(row *columns, b *batch) {
		row.number(&b.number)
		row.number(&b.seen)
		row.number(&b.removed)
	}
	b, err := one(ctx, s.writing("clean up grants"), read, cleanGrants, after, rows)
	if err != nil {
		return "", 0, err
	}
	if b.seen < rows {
		return string(cleaningSecrets), int(b.removed), nil
	}
	return string(cleaningGrants) + strconv.FormatInt(b.number, 10), int(b.removed), nil
}

func (s *Store) cleanSecrets(ctx context.Context, now time.Time, key string, rows int64) (next string, removed int, err error) {
	var after [2]uuid.UUID // application and secret
	if key != "" {
		if err := decodeKeys(key, &after[0], &after[1]); err != nil {
			return "", 0, err
		}
	}
	read := func(row *columns, b *batch) {
		row.id(&b.keys[0])
		row.id(&b.keys[1])
		row.number(&b.seen)
		row.number(&b.removed)
	}
	b, err := one(ctx, s.writing("clean up client secrets"), read, cleanSecrets, keyValue(after[0]), keyValue(after[1]), instant(now), rows)
	if err != nil {
		return "", 0, err
	}
	if b.seen < rows {
		return string(cleaningRecords), int(b.removed), nil
	}
	return string(cleaningSecrets) + hex.EncodeToString(b.keys[0][:]) + hex.EncodeToString(b.keys[1][:]), int(b.removed), nil
}

func (s *Store) cleanRecords(ctx context.Context, now time.Time, key string, rows int64) (next string, removed int, err error) {
	var after credential.Digest
	digest, kind, _ := strings.Cut(key, " ")
	if b, err := hex.DecodeString(digest); err != nil || copy(after[:], b) != len(b) || !isText(kind) {
		return "", 0, errCursor(key)
	}
	read := func(row *columns, b *batch) {
		row.text(&b.kind)
		row.digest(&b.digest)
		row.number(&b.seen)
		row.number(&b.removed)
	}
	b, err := one(ctx, s.writing("clean up records"), read, cleanRecords, kind, after[:], instant(now), rows)
	if err != nil {
		return "", 0, err
	}
	if b.seen < rows {
		return string(cleaningAPITokens), int(b.removed), nil
	}
	return string(cleaningRecords) + hex.EncodeToString(b.digest[:]) + " " + b.kind, int(b.removed), nil
}

func decodeKeys(key string, ids ...*uuid.UUID) error {
	b, err := hex.DecodeString(key)
	if err != nil || len(b) != len(ids)*len(uuid.UUID{}) {
		return errCursor(key)
	}
	for _, id := range ids {
		b = b[copy(id[:], b):]
	}
	return nil
}
