package sqlite

import (
	"context"
	"time"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// record reads expires_at and value.
func (r *row) record(kind string, digest credential.Digest) store.Record {
	return store.Record{Kind: kind, Digest: digest, ExpiresAt: r.time(), Value: r.blob()}
}

// Keep implements [store.Records].
func (s *Store) Keep(ctx context.Context, r store.Record, now time.Time) error {
	return s.write(ctx, "keep record", func(c *conn) error {
		kept, err := c.exec(keepRecord, text(r.Kind), blob(r.Digest[:]), instant(now), instant(r.ExpiresAt), blob(r.Value))
		if err == nil && kept == 0 {
			return store.ErrExists
		}
		return err
	})
}

// Look implements [store.Records].
func (s *Store) Look(ctx context.Context, kind string, digest credential.Digest, now time.Time) (store.Record, error) {
	read := func(r *row) store.Record { return r.record(kind, digest) }
	return readOne(ctx, s, "look at record", read, selectRecord, text(kind), blob(digest[:]), instant(now))
}

// Replace implements [store.Records].
func (s *Store) Replace(ctx context.Context, r store.Record, old []byte, now time.Time) error {
	return s.write(ctx, "replace record", func(c *conn) error {
		replaced, err := c.exec(replaceRecord, text(r.Kind), blob(r.Digest[:]), instant(now), instant(r.ExpiresAt), blob(r.Value), blob(old))
		if err != nil || replaced > 0 {
			return err
		}
		return c.either(selectRecord, store.ErrConflict, store.ErrNotFound, text(r.Kind), blob(r.Digest[:]), instant(now))
	})
}

// Take implements [store.Records].
func (s *Store) Take(ctx context.Context, kind string, digest credential.Digest, now time.Time) (taken store.Record, err error) {
	err = s.write(ctx, "take record", func(c *conn) error {
		return c.must(takeRecord, func(r *row) { taken = r.record(kind, digest) }, text(kind), blob(digest[:]), instant(now))
	})
	return orZero(taken, err)
}
