package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// readRecord reads what selectRecord returns.
func readRecord(row *columns, r *store.Record) {
	row.bytes(&r.Value)
	row.time(&r.ExpiresAt)
}

// valueOf is never NULL.
func valueOf(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// Keep implements [store.Records].
func (s *Store) Keep(ctx context.Context, r store.Record, now time.Time) error {
	exists := func(context.Context, *pgx.Conn) error { return store.ErrExists }
	return change(ctx, s.writing("keep record"), exists, keepRecord, r.Kind, r.Digest[:], instant(now), valueOf(r.Value), instant(r.ExpiresAt))
}

// Look implements [store.Records].
func (s *Store) Look(ctx context.Context, kind string, digest credential.Digest, now time.Time) (store.Record, error) {
	return s.record(ctx, s.reading("look at record"), selectRecord, kind, digest, now)
}

// Take implements [store.Records].
func (s *Store) Take(ctx context.Context, kind string, digest credential.Digest, now time.Time) (store.Record, error) {
	return s.record(ctx, s.writing("take record"), takeRecord, kind, digest, now)
}

func (s *Store) record(ctx context.Context, o operation, query, kind string, digest credential.Digest, now time.Time) (store.Record, error) {
	if !isText(kind) {
		return store.Record{}, store.ErrNotFound
	}
	r, err := one(ctx, o, readRecord, query, kind, digest[:], instant(now))
	if err != nil {
		return store.Record{}, err
	}
	r.Kind, r.Digest = kind, digest
	return r, nil
}

// Replace implements [store.Records].
func (s *Store) Replace(ctx context.Context, r store.Record, old []byte, now time.Time) error {
	if !isText(r.Kind) {
		return store.ErrNotFound
	}
	why := func(ctx context.Context, c *pgx.Conn) error {
		var kind string
		err := c.QueryRow(ctx, existsRecord, r.Kind, r.Digest[:], instant(now)).Scan(&kind)
		return orNotFound(err, store.ErrConflict)
	}
	return change(ctx, s.writing("replace record"), why, replaceRecord, r.Kind, r.Digest[:], instant(now),
		valueOf(r.Value), instant(r.ExpiresAt), valueOf(old))
}
