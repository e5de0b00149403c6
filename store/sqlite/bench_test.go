package sqlite

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// sequential and parallel run a verb b.N times, one at a time and from 16 goroutines.
func benchmarkBoth(b *testing.B, prepare func(b *testing.B, s *Store) func(i int) error) {
	for _, concurrency := range []int{1, 16} {
		b.Run("concurrency="+strconv.Itoa(concurrency), func(b *testing.B) {
			s := openTemp(b)
			verb := prepare(b, s)
			b.ReportAllocs()
			b.ResetTimer()
			var next atomic.Int64
			var group sync.WaitGroup
			for range concurrency {
				group.Go(func() {
					for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
						if err := verb(int(i)); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			group.Wait()
		})
	}
}

// inParallel does something for each item, 16 at a time.
func inParallel[T any](t testing.TB, items []T, do func(T) error) {
	t.Helper()
	var next atomic.Int64
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(items)); i = next.Add(1) - 1 {
				if err := do(items[i]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

// beginMany begins n sessions.
func beginMany(t testing.TB, s *Store, n int) []store.Beginning {
	t.Helper()
	app := create(t, s)
	beginnings := make([]store.Beginning, n)
	for i := range beginnings {
		beginnings[i] = beginning(app.ID, "user")
	}
	inParallel(t, beginnings, func(beginning store.Beginning) error {
		_, err := s.BeginSession(ctx, beginning)
		return err
	})
	return beginnings
}

func BenchmarkBeginSession(b *testing.B) {
	benchmarkBoth(b, func(b *testing.B, s *Store) func(int) error {
		app := create(b, s)
		return func(int) error {
			_, err := s.BeginSession(ctx, beginning(app.ID, "user"))
			return err
		}
	})
}

func BenchmarkRedeemCode(b *testing.B) {
	benchmarkBoth(b, func(b *testing.B, s *Store) func(int) error {
		sessions := beginMany(b, s, b.N)
		return func(i int) error { return s.RedeemCode(ctx, redemption(sessions[i])) }
	})
}

func BenchmarkRotateRefreshToken(b *testing.B) {
	benchmarkBoth(b, func(b *testing.B, s *Store) func(int) error {
		const families = 256
		sessions := beginMany(b, s, families)
		var locks [families]sync.Mutex
		var live [families]credential.Digest
		for i, session := range sessions {
			r := redemption(session)
			require.NoError(b, s.RedeemCode(ctx, r))
			live[i] = r.Refresh.Digest
		}
		return func(i int) error {
			f := i % families
			locks[f].Lock()
			defer locks[f].Unlock()
			r := rotation(sessions[f].Session.ID, live[f])
			live[f] = r.Refresh.Digest
			return s.RotateRefreshToken(ctx, r)
		}
	})
}

func BenchmarkSession(b *testing.B) {
	benchmarkBoth(b, func(b *testing.B, s *Store) func(int) error {
		var ids []uuid.UUID
		for _, session := range beginMany(b, s, 1000) {
			require.NoError(b, s.RedeemCode(ctx, redemption(session)))
			ids = append(ids, session.Session.ID)
		}
		return func(i int) error {
			_, err := s.Session(ctx, ids[i%len(ids)])
			return err
		}
	})
}

func BenchmarkClient(b *testing.B) {
	benchmarkBoth(b, func(b *testing.B, s *Store) func(int) error {
		session := beginMany(b, s, 1)[0]
		found, err := s.Session(ctx, session.Session.ID)
		require.NoError(b, err)
		return func(int) error {
			_, err := s.Client(ctx, found.ClientID, found.ID, now)
			return err
		}
	})
}
