package postgres

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/store"
)

func newRecord(value string) store.Record {
	return store.Record{Kind: "test", Digest: newDigest(), Value: []byte(value), ExpiresAt: now.Add(time.Minute)}
}

// Of any number of callers at once, one keeps a record, one replaces a value
// and one takes it.
func TestRecordsAtOnce(t *testing.T) {
	for _, level := range []string{"read committed", "repeatable read", "serializable"} {
		dsn := newSchema(t)
		openDSN(t, dsn)
		host := New(openPool(t, with(dsn, "default_transaction_isolation", level), nil))
		r := newRecord("first")
		wins := func(refusal error, do func(i int) error) (winners int) {
			for _, err := range atOnce(50, do) {
				if err == nil {
					winners++
				} else {
					require.ErrorIs(t, err, refusal, level)
				}
			}
			return winners
		}
		for _, at := range []time.Time{now, r.ExpiresAt} { // kept anew once it has expired
			require.Equal(t, 1, wins(store.ErrExists, func(int) error {
				kept := r
				kept.ExpiresAt = at.Add(time.Minute)
				return host.Keep(ctx, kept, at)
			}), level)
		}
		require.Equal(t, 1, wins(store.ErrConflict, func(i int) error {
			next := r
			next.Value, next.ExpiresAt = fmt.Append(nil, i), now.Add(time.Hour)
			return host.Replace(ctx, next, []byte("first"), now)
		}), level)
		require.Equal(t, 1, wins(store.ErrNotFound, func(int) error {
			_, err := host.Take(ctx, r.Kind, r.Digest, now)
			return err
		}), level)
	}
}

// The clean-up removes the records that have expired, however long their kinds
// and values are, and no others.
func TestCleanUpOfRecords(t *testing.T) {
	s := openTemp(t)
	live := map[int]store.Record{}
	for i := range 25 {
		r := newRecord(string(bytes.Repeat([]byte{byte(i)}, i*1000)))
		r.Kind = fmt.Sprint("test.", i%3)
		if i%2 == 0 {
			r.ExpiresAt = now
		} else {
			live[i] = r
		}
		require.NoError(t, s.Keep(ctx, r, now.Add(-time.Minute)))
	}
	removed, calls := 0, 0
	for cursor := "r"; cursor != ""; calls++ {
		next, n, err := s.CleanUp(ctx, now, cursor, 10)
		require.NoError(t, err)
		removed, cursor = removed+n, next
	}
	require.Equal(t, 13, removed)
	require.Equal(t, 4, calls) // the last one looks at API tokens
	for _, want := range live {
		got, err := s.Look(ctx, want.Kind, want.Digest, now)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := s.Look(ctx, "test\x00", newDigest(), now)
	require.ErrorIs(t, err, store.ErrNotFound)
	for _, cursor := range []string{"rx", "r00\xff", "r" + fmt.Sprintf("%066d", 0)} {
		_, _, err := s.CleanUp(ctx, now, cursor, 10)
		require.Error(t, err, cursor)
	}
}
