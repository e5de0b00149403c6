package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

// fill keeps an application and n sessions, each with an unredeemed code, of
// which one expires after an hour and the next after two.
func fill(t *testing.T, s store.Store, n int) (ids []uuid.UUID) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	app := oauthapp.Application{
		ID: uuid.Must(uuid.NewV7()), ClientID: "client", Owner: "owner", Name: "Example",
		CallbackURLs: []string{"https://example.com/"}, Type: oauthapp.Public, CreatedAt: now, UpdatedAt: now,
	}
	require.NoError(t, s.CreateApplication(t.Context(), app, nil, 1))
	for i := range n {
		id := uuid.Must(uuid.NewV7())
		end := now.Add(time.Duration(1+i%2) * time.Hour)
		_, err := s.BeginSession(t.Context(), store.SessionStart{
			GrantID: uuid.Must(uuid.NewV7()),
			Session: store.Session{
				ID: id, ApplicationID: app.ID, UserID: fmt.Sprint(i), AccountID: "account", Scopes: []string{"read"},
				CreatedAt: now, ExpiresAt: end, Code: store.Code{Digest: credential.DigestOf(id.String()), ExpiresAt: end},
			},
		})
		require.NoError(t, err)
		ids = append(ids, id)
	}
	return ids
}

// kept counts the sessions that are still there.
func kept(t *testing.T, s store.Store, ids []uuid.UUID) (n int) {
	for _, id := range ids {
		_, err := s.Session(t.Context(), id)
		if err == nil {
			n++
			continue
		}
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	return n
}

// slowStore takes so long for each batch, of which there are three.
type slowStore struct {
	store.Store
	batch time.Duration
}

func (s slowStore) CleanUp(_ context.Context, _ time.Time, cursor string, _ int) (string, int, error) {
	time.Sleep(s.batch)
	return map[string]string{"": "1", "1": "2"}[cursor], 1, nil
}

// A store gets a rest as long as what it had to do, and never less than Pause.
func TestCleanerRests(t *testing.T) {
	for batch, want := range map[time.Duration]time.Duration{
		4 * time.Millisecond:  3*4*time.Millisecond + 2*10*time.Millisecond,
		50 * time.Millisecond: 5 * 50 * time.Millisecond,
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			removed, err := store.Cleaner{Store: slowStore{batch: batch}}.Pass(t.Context())
			require.NoError(t, err)
			require.Equal(t, 3, removed)
			require.Equal(t, want, time.Since(start))
		})
	}
}

func TestCleanerPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &watchedStore{Store: memory.New()}
		ids := fill(t, s, 100)
		cleaner := store.Cleaner{Store: s, Batch: 7}

		removed, err := cleaner.Pass(t.Context())
		require.NoError(t, err)
		require.Zero(t, removed)
		require.Equal(t, 100, kept(t, s, ids))

		time.Sleep(time.Hour)
		start := time.Now()
		s.seen()
		removed, err = cleaner.Pass(t.Context())
		require.NoError(t, err)
		require.Equal(t, 50, removed)
		require.Equal(t, 50, kept(t, s, ids))
		calls := s.seen()
		require.Greater(t, len(calls), 50/7, "in batches")
		require.Equal(t, time.Duration(len(calls)-1)*10*time.Millisecond, time.Since(start), "with a pause between two")
		for _, call := range calls {
			require.Equal(t, 7, call.limit)
			require.Equal(t, start.UTC().Truncate(time.Microsecond), call.now, "one time for the whole pass, as stores keep it")
		}

		time.Sleep(time.Hour)
		removed, err = cleaner.Pass(t.Context())
		require.NoError(t, err)
		require.Equal(t, 50, removed)
		require.Zero(t, kept(t, s, ids))
	})
}

func TestCleanerUsesItsClock(t *testing.T) {
	s := memory.New()
	ids := fill(t, s, 10)
	cleaner := store.Cleaner{Store: s, Pause: time.Microsecond, Now: func() time.Time { return time.Now().Add(3 * time.Hour) }}
	removed, err := cleaner.Pass(t.Context())
	require.NoError(t, err)
	require.Equal(t, 10, removed)
	require.Zero(t, kept(t, s, ids))
}

func TestCleanerRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &watchedStore{Store: memory.New()}
		ids := fill(t, s, 100)
		var logged bytes.Buffer
		cleaner := store.Cleaner{Store: s, Logger: slog.New(slog.NewTextHandler(&logged, nil))}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- cleaner.Run(ctx) }()

		synctest.Wait()
		calls := s.seen()
		require.NotEmpty(t, calls, "it begins at once")
		require.Equal(t, 100, calls[0].limit)
		time.Sleep(time.Hour + 2*time.Minute)
		synctest.Wait()
		require.Equal(t, 50, kept(t, s, ids))
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Zero(t, kept(t, s, ids))

		stop()
		require.NoError(t, <-ended)
		require.Empty(t, logged.String(), "nothing to bother anybody with")
		passes := 0
		for _, call := range s.seen() {
			if call.cursor == "" {
				passes++
			}
		}
		require.InDelta(t, 121, passes, 2, "one a minute")
	})
}

func TestCleanerBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &watchedStore{Store: memory.New()}
		s.failWith(errors.New("connection refused"))
		ids := fill(t, s, 2)
		var logged bytes.Buffer
		cleaner := store.Cleaner{Store: s, Logger: slog.New(slog.NewTextHandler(&logged, nil))}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- cleaner.Run(ctx) }()

		time.Sleep(2 * time.Hour)
		synctest.Wait()
		calls := s.seen()
		require.GreaterOrEqual(t, len(calls), 8)
		var rests []time.Duration
		for i, call := range calls[1:8] {
			rests = append(rests, call.at.Sub(calls[i].at))
		}
		require.Equal(t, []time.Duration{
			2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 16 * time.Minute, 16 * time.Minute, 16 * time.Minute,
		}, rests)
		require.Equal(t, len(calls), strings.Count(logged.String(), "level=ERROR"))
		require.Contains(t, logged.String(), "connection refused")
		require.Equal(t, 2, kept(t, s, ids))

		s.failWith(nil)
		time.Sleep(16 * time.Minute)
		synctest.Wait()
		require.Zero(t, kept(t, s, ids), "it goes on when the outage is over")
		s.seen()
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		require.GreaterOrEqual(t, len(s.seen()), 4, "as often as before")

		stop()
		require.NoError(t, <-ended)
	})
}

func TestCleanerStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &watchedStore{Store: memory.New()}
		fill(t, s, 100)
		cleaner := store.Cleaner{Store: s, Batch: 1, Pause: time.Hour}
		time.Sleep(90 * time.Minute)
		ctx, stop := context.WithTimeoutCause(t.Context(), 90*time.Minute, errors.New("shutting down"))
		defer stop()
		removed, err := cleaner.Pass(ctx)
		require.ErrorContains(t, err, "shutting down")
		require.Equal(t, 1, removed, "what was removed until then")
		require.Len(t, s.seen(), 2)

		require.NoError(t, cleaner.Run(ctx), "a context that is done is no failure")
	})
}

func TestCleanerWithoutStore(t *testing.T) {
	var cleaner store.Cleaner
	require.ErrorContains(t, cleaner.Run(t.Context()), "Cleaner.Store is required")
	_, err := cleaner.Pass(t.Context())
	require.ErrorContains(t, err, "Cleaner.Store is required")
}

// watchedStore notes each call of the clean-up, and fails it while it is told
// to.
type watchedStore struct {
	store.Store
	mu    sync.Mutex
	err   error
	calls []cleanUp
}

func (s *watchedStore) failWith(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// seen returns the calls since it was asked last.
func (s *watchedStore) seen() []cleanUp {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	return calls
}

type cleanUp struct {
	at, now time.Time
	cursor  string
	limit   int
}

func (s *watchedStore) CleanUp(ctx context.Context, now time.Time, cursor string, limit int) (string, int, error) {
	s.mu.Lock()
	s.calls = append(s.calls, cleanUp{time.Now(), now, cursor, limit})
	err := s.err
	s.mu.Unlock()
	if err != nil {
		return "", 0, err
	}
	return s.Store.CleanUp(ctx, now, cursor, limit)
}

func ExampleCleaner() {
	ctx, stop := context.WithCancel(context.Background())
	cleaner := store.Cleaner{Store: memory.New(), Interval: 5 * time.Minute}
	ended := make(chan error)
	go func() { ended <- cleaner.Run(ctx) }()

	// The service serves.

	stop()
	fmt.Println(<-ended)
	// Output: <nil>
}
