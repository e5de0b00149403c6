package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// A record is one row, by kind and digest.
type record struct {
	kind    string
	digest  credential.Digest
	value   []byte // never changed in place
	expires micros
}

func recordOf(r store.Record) *record {
	return &record{strings.Clone(r.Kind), r.Digest, slices.Clone(r.Value), microsOf(r.ExpiresAt)}
}

// clone returns a copy of the row.
func (r *record) clone() store.Record {
	return store.Record{Kind: r.kind, Digest: r.digest, Value: slices.Clone(r.value), ExpiresAt: r.expires.time()}
}

func compareRecords(a, b *record) int {
	return cmp.Or(strings.Compare(a.kind, b.kind), bytes.Compare(a.digest[:], b.digest[:]))
}

// findRecord returns an unexpired record, or nil. The caller holds the lock.
func (s *Store) findRecord(kind string, digest credential.Digest, now time.Time) *record {
	found, ok := s.records.get(&record{kind: kind, digest: digest})
	if !ok || !found.expires.after(now) {
		return nil
	}
	return found
}

// Keep implements [store.Records].
func (s *Store) Keep(ctx context.Context, r store.Record, now time.Time) error {
	if err := done(ctx); err != nil {
		return err
	}
	s.lock()
	defer s.mu.Unlock()

	if s.findRecord(r.Kind, r.Digest, now) != nil {
		return store.ErrExists
	}
	row := recordOf(r)
	s.records.remove(row) // an expired one
	s.records.insert(row)
	return nil
}

// Look implements [store.Records].
func (s *Store) Look(ctx context.Context, kind string, digest credential.Digest, now time.Time) (store.Record, error) {
	if err := done(ctx); err != nil {
		return store.Record{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()

	found := s.findRecord(kind, digest, now)
	if found == nil {
		return store.Record{}, store.ErrNotFound
	}
	return found.clone(), nil
}

// Replace implements [store.Records].
func (s *Store) Replace(ctx context.Context, r store.Record, old []byte, now time.Time) error {
	if err := done(ctx); err != nil {
		return err
	}
	s.lock()
	defer s.mu.Unlock()

	found := s.findRecord(r.Kind, r.Digest, now)
	if found == nil {
		return store.ErrNotFound
	}
	if !bytes.Equal(found.value, old) {
		return store.ErrConflict
	}
	found.value = slices.Clone(r.Value)
	found.expires = microsOf(r.ExpiresAt)
	return nil
}

// Take implements [store.Records].
func (s *Store) Take(ctx context.Context, kind string, digest credential.Digest, now time.Time) (store.Record, error) {
	if err := done(ctx); err != nil {
		return store.Record{}, err
	}
	s.lock()
	defer s.mu.Unlock()

	found := s.findRecord(kind, digest, now)
	if found == nil {
		return store.Record{}, store.ErrNotFound
	}
	s.records.remove(found)
	return found.clone(), nil
}
