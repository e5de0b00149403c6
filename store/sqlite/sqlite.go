package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/oauthapps/oauthapps/store"
)

// A Store keeps everything in one SQLite file. It is safe for concurrent use.
// Any number of Stores, in one process or several on the same machine, may have
// the file open.
type Store struct {
	writer  *writer
	readers readers
	hold    *hold

	closing  sync.Once
	closed   chan struct{}
	closeErr error
}

var _ store.Store = (*Store)(nil)

// A call waits for the lock of another process up to busyLimit, in steps,
// between which it can end.
const (
	busyLimit = 10 * time.Second
	busyStep  = 250 * time.Millisecond
)

// What the connections are set to.
const (
	writing = `PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = 67108864;
PRAGMA cache_size = -16000`
	reading = `PRAGMA query_only = ON; PRAGMA trusted_schema = OFF`
)

// Open opens the file at a path, or creates it, readable and writable for this
// user alone. The path is taken literally. Its directory must exist. Open
// brings the schema up to date, which several processes may do at once, and
// refuses a schema that is newer than this version. An error names the path and
// what can be done about it.
//
// The context is for opening only. Close the Store when it is not needed any
// more.
func Open(ctx context.Context, path string) (*Store, error) {
	if path == "" || strings.HasPrefix(path, ":memory:") {
		return nil, errors.New("sqlite: open: the path is empty; give the path of a file, or use package store/memory to keep nothing")
	}
	if err := ensureFile(path); err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, err)
	}
	s, err := open(ctx, path)
	if err != nil {
		return nil, explain(path, err)
	}
	return s, nil
}

func open(ctx context.Context, path string) (_ *Store, err error) {
	c, err := connect(ctx, path, writing)
	if err != nil {
		return nil, err
	}
	s := &Store{
		writer:  newWriter(c),
		readers: newReaders(max(4, runtime.GOMAXPROCS(0))),
		closed:  make(chan struct{}),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := prepareWriter(ctx, c); err != nil {
		return nil, err
	}
	for range cap(s.readers.inUse) {
		c, err := connect(ctx, path, reading)
		if err != nil {
			return nil, err
		}
		s.readers.idle = append(s.readers.idle, c)
		if err := c.prepare(reads); err != nil {
			return nil, err
		}
	}
	if c, err = connect(ctx, path, reading); err != nil {
		return nil, err
	}
	s.hold = newHold(c)
	s.writer.hold = s.hold
	if err := c.prepare(holds); err != nil {
		return nil, err
	}
	return s, nil
}

// prepareWriter brings the file into the state that every statement relies on.
func prepareWriter(ctx context.Context, c *conn) error {
	scripts, err := migrationScripts()
	if err != nil {
		return err
	}
	if err := identify(c, int64(len(scripts))); err != nil {
		return err
	}
	if err := useWAL(ctx, c); err != nil {
		return err
	}
	if err := migrate(c, scripts); err != nil {
		return err
	}
	// Only a write tells whether the file can be written: while another process
	// has its log open, a read-only file can be opened, read and locked.
	if err := c.script(strings.Join([]string{begin, insertProbe, deleteProbe, commit}, ";")); err != nil {
		return err
	}
	return c.prepare(writes)
}

// useWAL turns on the write-ahead log. It tries again while another process
// holds the lock, for which SQLite does not wait: two processes that turn it on
// could wait for each other for ever.
func useWAL(ctx context.Context, c *conn) error {
	for start := time.Now(); ; {
		mode, err := c.word("PRAGMA journal_mode = WAL")
		switch {
		case err == nil && mode == "wal":
			return nil
		case err == nil:
			return fmt.Errorf("its file system does not support a write-ahead log (journal mode %q); choose a local disk", mode)
		case !isBusy(err) || time.Since(start) > busyLimit:
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Close waits for the calls that are under way and closes the file. Later calls
// fail. A second Close returns what the first one returned.
func (s *Store) Close() error {
	s.closing.Do(func() {
		close(s.closed)
		errs := s.readers.close()
		if s.hold != nil {
			errs = append(errs, s.hold.close())
		}
		errs = append(errs, s.writer.close()) // the last, as it may move the write-ahead log into the file
		s.closeErr = errors.Join(errs...)
	})
	return s.closeErr
}

// Ping writes to the file and leaves nothing behind. It fails if calls that
// write would fail: the file or its directory is read-only, the disk is full,
// another process keeps the lock, or the Store is closed. It is for health
// checks and costs one fsync.
func (s *Store) Ping(ctx context.Context) error {
	return s.write(ctx, "ping", func(c *conn) error {
		if _, err := c.exec(insertProbe); err != nil {
			return err
		}
		_, err := c.exec(deleteProbe)
		return err
	})
}

// write runs an operation in a transaction, and returns when it is durable.
func (s *Store) write(ctx context.Context, what string, run func(*conn) error) error {
	return outcome(what, s.writer.write(ctx, run))
}

// outcome adds to a failure of the store the name of the call. Refusals and
// errors of contexts stay as they are.
func outcome(what string, err error) error {
	if err == nil || isRefusal(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("sqlite: %s: %w", what, err)
}
