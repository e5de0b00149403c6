package sqlite

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/store"
)

// stopClock leaves it to a test when holds and rests expire.
func (h *hold) stopClock() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.timer.Stop()
	h.timer = time.AfterFunc(time.Hour, func() {})
}

func (h *hold) isHeld() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.held
}

// readUntilHeld reads until the hold is taken, as many times as make it worth
// it.
func readUntilHeld(t *testing.T, s *Store, session uuid.UUID) {
	t.Helper()
	s.hold.reads.Store(0)
	for range worthHolding {
		require.False(t, s.hold.isHeld())
		_, err := s.Session(ctx, session)
		require.NoError(t, err)
	}
	require.True(t, s.hold.isHeld())
}

func TestHold(t *testing.T) {
	s := openTemp(t)
	s.hold.stopClock()
	app := create(t, s)
	session, other := beginSession(t, s, app.ID, "1").Session.ID, beginSession(t, s, app.ID, "2").Session.ID

	readUntilHeld(t, s, session)
	require.NoError(t, s.EndSession(ctx, other))
	require.False(t, s.hold.isHeld(), "after a change")

	readUntilHeld(t, s, session)
	s.hold.reads.Store(worthHolding)
	s.hold.expire()
	require.True(t, s.hold.isHeld(), "while there is much to read")
	s.hold.expire()
	require.False(t, s.hold.isHeld(), "once there is not")

	s.hold.pause()
	for range 2 * worthHolding {
		_, err := s.Session(ctx, session)
		require.NoError(t, err)
	}
	require.False(t, s.hold.isHeld(), "during a change")
	s.hold.resume()
	readUntilHeld(t, s, session)
}

// A hold ends by itself.
func TestHoldOfNobody(t *testing.T) {
	s := openTemp(t)
	readUntilHeld(t, s, beginSession(t, s, create(t, s).ID, "1").Session.ID)
	require.Eventually(t, func() bool { return !s.hold.isHeld() }, time.Minute, holdTime)
}

// Whoever holds sees each change of others at once, and then keeps from holding
// for a while.
func TestHoldWhileOthersWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "oauthapps.db")
	s, other := openPath(t, path), openPath(t, path)
	s.hold.stopClock()
	app := create(t, s)
	for range 20 {
		session := beginSession(t, other, app.ID, "1").Session.ID
		readUntilHeld(t, s, session)
		require.NoError(t, other.EndSession(ctx, session))
		_, err := s.Session(ctx, session)
		require.ErrorIs(t, err, store.ErrNotFound)

		s.hold.reads.Store(worthHolding)
		s.hold.expire()
		require.False(t, s.hold.isHeld(), "after a change of another")
		for range 2 * worthHolding {
			_, err := s.Session(ctx, session)
			require.ErrorIs(t, err, store.ErrNotFound)
		}
		require.False(t, s.hold.isHeld(), "during the rest")
		s.hold.expire()
		s.hold.toPass = 1 // which is the next one's session
	}
}

// However seldom others write, and however much several read in between,
// checkpoints come to their end.
func TestHoldsMakeWayForRareChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "oauthapps.db")
	readers, writer := []*Store{openPath(t, path), openPath(t, path)}, openPath(t, path)
	app := create(t, writer)
	session := beginSession(t, writer, app.ID, "reader").Session.ID
	for _, s := range readers {
		s.hold.stopClock()
	}
	const changes = 500
	held := 0
	for i := range changes {
		for _, s := range readers[:min(i+1, 2)] { // one is there first, so that they could take turns
			for range worthHolding {
				_, err := s.Session(ctx, session)
				require.NoError(t, err)
			}
			if s.hold.isHeld() {
				held++
			}
		}
		beginSession(t, writer, app.ID, newID().String())
		for _, s := range readers {
			s.hold.expire() // and notices
			s.hold.expire() // and has rested
		}
	}
	require.Greater(t, held, changes/3)
	log, err := os.Stat(path + "-wal")
	require.NoError(t, err)
	require.Less(t, log.Size(), int64(2000*4096), "more than twice what SQLite lets it grow to")
}

// Checkpoints come to their end while readers never do, whichever Store they
// and the writer use.
func TestHoldsLeaveTheLogShort(t *testing.T) {
	for _, from := range []string{"its own Store", "another Store"} {
		t.Run(from, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "oauthapps.db")
			s := openPath(t, path)
			writer := s
			if from == "another Store" {
				writer = openPath(t, path)
			}
			app := create(t, s)
			session := beginSession(t, s, app.ID, "reader").Session.ID

			var done atomic.Bool
			var group sync.WaitGroup
			defer group.Wait()
			defer done.Store(true)
			group.Go(func() {
				for !done.Load() {
					if _, err := s.Session(ctx, session); err != nil {
						t.Error(err)
						return
					}
				}
			})
			const changes = 2000 // of at least 4 pages each
			for i := range changes {
				if i == 0 || i%500 == 0 && writer == s { // who keeps away for the other until it has passed a change or two
					require.Eventually(t, s.hold.isHeld, time.Minute, time.Millisecond)
				}
				beginSession(t, writer, app.ID, newID().String())
			}
			log, err := os.Stat(path + "-wal")
			require.NoError(t, err)
			require.Less(t, log.Size(), int64(changes*4*4096/2), "the log grew")
		})
	}
}
