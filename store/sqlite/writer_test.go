package sqlite

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"zombiezen.com/go/sqlite"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/sample"
)

// together runs operations in one transaction, in their order, and returns what
// they returned: it leads meanwhile, so that all of them have to wait.
func together(s *Store, operations ...func() error) []error {
	s.writer.turn <- struct{}{}
	errs := make([]error, len(operations))
	var group sync.WaitGroup
	for i, operation := range operations {
		group.Go(func() { errs[i] = operation() })
		s.waitFor(i + 1)
	}
	<-s.writer.turn
	group.Wait()
	return errs
}

// waitFor returns once so many operations wait.
func (s *Store) waitFor(operations int) {
	for {
		s.writer.mu.Lock()
		waiting := len(s.writer.queue)
		s.writer.mu.Unlock()
		if waiting >= operations {
			return
		}
		runtime.Gosched()
	}
}

// commits returns how many transactions the write-ahead log has: each ends in a
// frame that tells the size of the database, and with a sync. It has to be
// short, and from the first opening of the file.
func commits(t testing.TB, path string) (n int) {
	t.Helper()
	const header, frameHeader, page = 32, 24, 4096
	log, err := os.ReadFile(path + "-wal")
	require.NoError(t, err)
	require.Less(t, len(log), 1000*page, "a checkpoint may have been made")
	for frame := header; frame < len(log); frame += frameHeader + page {
		if binary.BigEndian.Uint32(log[frame+4:]) != 0 {
			n++
		}
	}
	return n
}

func TestOperationsShareATransaction(t *testing.T) {
	path := filepath.Join(t.TempDir(), "oauthapps.db")
	s := openPath(t, path)
	app := create(t, s)
	first, second, third := beginSession(t, s, app.ID, "1"), beginSession(t, s, app.ID, "2"), beginSession(t, s, app.ID, "3")
	another := newApplication("owner")
	before := commits(t, path)

	errs := together(s,
		func() error { return s.RedeemCode(ctx, redemption(first)) },
		func() error { return s.RedeemCode(ctx, redemption(first)) },
		func() error { return s.CreateApplication(ctx, another, nil, 100) },
		func() error { return s.CreateApplication(ctx, another, nil, 100) },
		func() error { return s.RedeemCode(ctx, redemption(second)) },
		func() error { return s.EndSession(ctx, third.Session.ID) },
		func() error { return s.RedeemCode(ctx, redemption(third)) },
	)
	require.Equal(t, 1, commits(t, path)-before)
	require.NoError(t, errs[0])
	require.ErrorIs(t, errs[1], store.ErrUsed)
	require.NoError(t, errs[2])
	require.ErrorIs(t, errs[3], store.ErrExists)
	require.NoError(t, errs[4])
	require.NoError(t, errs[5])
	require.ErrorIs(t, errs[6], store.ErrNotFound)

	for _, b := range []store.SessionStart{first, second} {
		session, err := s.Session(ctx, b.Session.ID)
		require.NoError(t, err)
		require.False(t, session.Code.RedeemedAt.IsZero())
	}
}

// Sixteen who call at once wait for one commit, not for sixteen.
func TestRedemptionsShareACommit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "oauthapps.db")
	s := openPath(t, path)
	app := create(t, s)
	for range 5 {
		redemptions := make([]func() error, 16)
		for i := range redemptions {
			r := redemption(beginSession(t, s, app.ID, fmt.Sprint(i)))
			redemptions[i] = func() error { return s.RedeemCode(ctx, r) }
		}
		before := commits(t, path)
		for _, err := range together(s, redemptions...) {
			require.NoError(t, err)
		}
		require.Equal(t, 1, commits(t, path)-before)
		for _, err := range together(s, redemptions...) {
			require.ErrorIs(t, err, store.ErrUsed)
		}
		require.Equal(t, 1, commits(t, path)-before, "of what was refused, nothing is written")
	}
}

// An operation that is refused when it has changed something already leaves
// nothing, and the others are as they would be without it.
func TestOneOfAGroupIsRefusedLate(t *testing.T) {
	s := openTemp(t)
	app := create(t, s)
	first, second := beginSession(t, s, app.ID, "1"), beginSession(t, s, app.ID, "2")
	late := sessionStart(app.ID, "3")
	late.Session.ID = second.Session.ID
	begin := func() error { _, err := s.BeginSession(ctx, late); return err }

	errs := together(s,
		func() error { return s.RedeemCode(ctx, redemption(first)) },
		begin,
		func() error { return s.RedeemCode(ctx, redemption(first)) },
		func() error { return s.RedeemCode(ctx, redemption(second)) },
	)
	require.NoError(t, errs[0])
	require.ErrorIs(t, errs[1], store.ErrExists)
	require.ErrorIs(t, errs[2], store.ErrUsed)
	require.NoError(t, errs[3])
	require.ErrorIs(t, begin(), store.ErrExists)
	_, err := sample.Grant(ctx, s, app.ID, "3", "7")
	require.ErrorIs(t, err, store.ErrNotFound, "the grant of the session that was refused after it")
}

func TestOneOfAGroupFails(t *testing.T) {
	s := openTemp(t)
	app := create(t, s)
	first, second := beginSession(t, s, app.ID, "1"), beginSession(t, s, app.ID, "2")
	pages, err := s.writer.conn.number("PRAGMA page_count")
	require.NoError(t, err)
	_, err = s.writer.conn.number(fmt.Sprint("PRAGMA max_page_count = ", pages+2))
	require.NoError(t, err)
	huge := newApplication("owner")
	huge.Description = strings.Repeat("x", 1<<20)

	errs := together(s,
		func() error { return s.RedeemCode(ctx, redemption(first)) },
		func() error { return s.CreateApplication(ctx, huge, nil, 100) },
		func() error { return s.RedeemCode(ctx, redemption(second)) },
		func() error { return s.RedeemCode(ctx, redemption(second)) },
	)
	require.NoError(t, errs[0])
	require.True(t, isCode(errs[1], sqlite.ResultFull), "%v", errs[1])
	require.NoError(t, errs[2])
	require.ErrorIs(t, errs[3], store.ErrUsed)
	require.ErrorContains(t, s.CreateApplication(ctx, huge, nil, 100), "sqlite: create application: database or disk is full")
	_, err = s.Application(ctx, oauthapp.OwnedBy("owner"), huge.ID)
	require.ErrorIs(t, err, store.ErrNotFound)

	_, err = s.writer.conn.number("PRAGMA max_page_count = 1000000")
	require.NoError(t, err)
	require.NoError(t, s.CreateApplication(ctx, huge, nil, 100), "once there is room again")
}

// A bug in one operation costs neither its neighbours their answer nor the
// store its life.
func TestOneOfAGroupPanics(t *testing.T) {
	s := openTemp(t)
	app := create(t, s)
	first, second := beginSession(t, s, app.ID, "1"), beginSession(t, s, app.ID, "2")
	bug := func() error {
		return s.write(ctx, "test", func(c *conn) error {
			return c.must(selectVerdict, func(r *row) { panic("a bug") }, blob(first.Session.ID[:]))
		})
	}
	errs := together(s,
		func() error { return s.RedeemCode(ctx, redemption(first)) },
		bug,
		func() error { return s.RedeemCode(ctx, redemption(second)) },
	)
	require.NoError(t, errs[0])
	require.ErrorContains(t, errs[1], "sqlite: test: panic: a bug")
	require.NoError(t, errs[2])
	require.ErrorContains(t, bug(), "writer_test.go", "where it was")
	require.NoError(t, s.EndSession(ctx, first.Session.ID))

	for range 2 * cap(s.readers.inUse) { // nor does one that reads keep its connection in the past
		require.Panics(t, func() {
			_ = s.read(ctx, "test", func(c *conn) error {
				return c.must(selectSession, func(r *row) { panic("a bug") }, blob(second.Session.ID[:]))
			})
		})
	}
	require.NoError(t, s.EndSession(ctx, second.Session.ID))
	for range 2 * cap(s.readers.inUse) {
		_, err := s.Session(ctx, second.Session.ID)
		require.ErrorIs(t, err, store.ErrNotFound)
	}
}

// A refusal that follows from what another operation did holds only if that was
// kept.
func TestCommitFails(t *testing.T) {
	s := openTemp(t)
	app := create(t, s)
	session := beginSession(t, s, app.ID, "user")
	works := s.writer.conn.statements[commit]
	fails, err := s.writer.conn.sqlite.Prepare("RELEASE absent")
	require.NoError(t, err)
	s.writer.conn.statements[commit] = &statement{Stmt: fails}
	for _, err := range together(s,
		func() error { return s.RedeemCode(ctx, redemption(session)) },
		func() error { return s.RedeemCode(ctx, redemption(session)) },
	) {
		require.ErrorContains(t, err, "sqlite: redeem code: SQL logic error: no such savepoint")
	}
	s.writer.conn.statements[commit] = works
	require.NoError(t, s.RedeemCode(ctx, redemption(session)), "it was not redeemed")
	require.ErrorIs(t, s.RedeemCode(ctx, redemption(session)), store.ErrUsed)
}

func TestCancelledOperations(t *testing.T) {
	s := openTemp(t)
	app := create(t, s)
	stays, goes := beginSession(t, s, app.ID, "1"), beginSession(t, s, app.ID, "2")
	cancelled, cancel := context.WithCancel(ctx)

	s.writer.turn <- struct{}{}
	results := make(chan error, 1)
	go func() { results <- s.RedeemCode(ctx, redemption(stays)) }()
	s.waitFor(1)
	gone := make(chan error, 1)
	go func() { gone <- s.RedeemCode(cancelled, redemption(goes)) }()
	s.waitFor(2)
	cancel()
	require.ErrorIs(t, <-gone, context.Canceled)
	<-s.writer.turn
	require.NoError(t, <-results)

	session, err := s.Session(ctx, goes.Session.ID)
	require.NoError(t, err)
	require.True(t, session.Code.RedeemedAt.IsZero(), "a operation that was withdrawn happened")
	require.ErrorIs(t, s.RedeemCode(cancelled, redemption(goes)), context.Canceled)
	_, err = s.Session(cancelled, goes.Session.ID)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, s.RedeemCode(ctx, redemption(goes)))
}

// Whatever moment a context ends at, the outcome returned is what happened.
func TestCancelledAtAnyMoment(t *testing.T) {
	s := openTemp(t)
	app := create(t, s)
	var group sync.WaitGroup
	for i := range 200 {
		group.Go(func() {
			b := sessionStart(app.ID, "user")
			ending, cancel := context.WithTimeout(ctx, time.Duration(i)*20*time.Microsecond)
			defer cancel()
			_, err := s.BeginSession(ending, b)
			_, found := s.Session(ctx, b.Session.ID)
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			if (err == nil) != (found == nil) {
				t.Errorf("BeginSession returned %v, and then Session %v", err, found)
			}
		})
	}
	group.Wait()
}

func TestAnotherProcessWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "oauthapps.db")
	s, other := openPath(t, path), openPath(t, path)
	app := create(t, s)
	session := beginSession(t, s, app.ID, "user")
	hold := func() { require.NoError(t, other.writer.begin(ctx)) }
	letGo := func() { other.writer.rollback() }

	hold()
	s.writer.busyLimit = 0
	require.ErrorIs(t, s.RedeemCode(ctx, redemption(session)), errBusy)
	for _, err := range together(s,
		func() error { return s.RedeemCode(ctx, redemption(session)) },
		func() error { return s.EndSession(ctx, session.Session.ID) },
	) {
		require.ErrorIs(t, err, errBusy)
	}
	_, err := s.Session(ctx, session.Session.ID)
	require.NoError(t, err, "readers wait for no writer")

	s.writer.busyLimit = time.Hour
	ending, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.RedeemCode(ending, redemption(session)), context.DeadlineExceeded)

	result := make(chan error, 1)
	go func() { result <- s.RedeemCode(ctx, redemption(session)) }()
	s.waitFor(1)
	letGo()
	require.NoError(t, <-result)
}

// Operations that failed together, and then find the database locked, do not
// wait for the lock one after the other.
func TestAnotherProcessWritesBetween(t *testing.T) {
	path := filepath.Join(t.TempDir(), "oauthapps.db")
	s, other := openPath(t, path), openPath(t, path)
	require.NoError(t, other.writer.begin(ctx))
	s.writer.busyLimit = 300 * time.Millisecond
	ran := 0
	run := func(*conn) error { ran++; return nil }
	first, second := &operation{run: run, done: make(chan struct{})}, &operation{run: run, done: make(chan struct{})}
	go s.writer.runEach([]*operation{first, second})
	<-first.done
	other.writer.rollback()
	<-second.done
	require.ErrorIs(t, first.err, errBusy)
	require.ErrorIs(t, second.err, errBusy)
	require.Zero(t, ran)
	require.NoError(t, s.write(ctx, "test", run), "once the lock is free")
}

// A reader waits for the lock that another process needs to recover the
// database.
func TestReaderFindsItLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "oauthapps.db")
	s, other := openPath(t, path), openPath(t, path)
	require.NoError(t, other.writer.begin(ctx))
	_, busy := s.writer.conn.exec(begin)
	require.True(t, isBusy(busy))
	other.writer.rollback()

	tries := 0
	require.NoError(t, s.read(ctx, "test", func(*conn) error {
		if tries++; tries < 3 {
			return busy
		}
		return nil
	}))
	require.Equal(t, 3, tries)
	ending, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.read(ending, "test", func(*conn) error { return busy }), context.DeadlineExceeded)
}

// Two Stores on one file are as one: each step of a family has one winner.
func TestTwoHandles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "oauthapps.db")
	handles := []*Store{openPath(t, path), openPath(t, path)}
	app := create(t, handles[0])
	for round := range 20 {
		b := beginSession(t, handles[round%2], app.ID, "user")
		redemptions := make([]store.Redemption, 20)
		winner := race(t, handles, len(redemptions), func(s *Store, i int) error {
			redemptions[i] = redemption(b)
			return s.RedeemCode(ctx, redemptions[i])
		})
		live := redemptions[winner].Refresh.Digest
		for range 2 {
			rotations := make([]store.Rotation, 20)
			winner = race(t, handles, len(rotations), func(s *Store, i int) error {
				rotations[i] = rotation(b.Session.ID, live)
				return s.RotateRefreshToken(ctx, rotations[i])
			})
			live = rotations[winner].Refresh.Digest
			for _, s := range handles {
				session, err := s.Session(ctx, b.Session.ID)
				require.NoError(t, err)
				require.Equal(t, live, session.Refresh.Digest)
			}
		}
		ending := handles[round%2]
		_, err := ending.RevokeGrant(ctx, oauthapp.GrantsToApplication(app.ID), grantOf(t, ending, b))
		require.NoError(t, err)
		_, err = handles[(round+1)%2].Session(ctx, b.Session.ID)
		require.ErrorIs(t, err, store.ErrNotFound, "revoked through the other handle")
	}
}

// race calls f n times at once, over the handles in turn, and returns which
// call won.
func race(t *testing.T, handles []*Store, n int, f func(s *Store, i int) error) (winner int) {
	t.Helper()
	errs := make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { errs[i] = f(handles[i%len(handles)], i) })
	}
	group.Wait()
	winner = -1
	for i, err := range errs {
		if err == nil {
			require.Equal(t, -1, winner, "two winners")
			winner = i
		} else {
			require.ErrorIs(t, err, store.ErrUsed)
		}
	}
	require.NotEqual(t, -1, winner, "no winner")
	return winner
}

func grantOf(t *testing.T, s *Store, b store.SessionStart) uuid.UUID {
	t.Helper()
	session, err := s.Session(ctx, b.Session.ID)
	require.NoError(t, err)
	return session.GrantID
}

// A statement that returns the row it changed is run to its end, where its
// change is counted: a refusal that came after it would otherwise be taken for
// one that came before any change.
func TestChangesThatReturnARowAreCounted(t *testing.T) {
	s := openTemp(t)
	b := beginSession(t, s, create(t, s).ID, "user")
	found, changed := false, 0
	require.NoError(t, s.write(ctx, "test", func(c *conn) (err error) {
		changed = -c.changed
		found, err = c.one(touchGrant, func(*row) {}, blob(b.GrantID[:]), instant(now))
		changed += c.changed
		return err
	}))
	require.True(t, found)
	require.Equal(t, 1, changed)
}
