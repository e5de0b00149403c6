package sqlite

import (
	"context"
	"sync"
	"time"
)

// The readers are lent to one call each: whoever has put a token into inUse may
// take one. The last put back goes first, as it has the newest pages in its
// cache.
type readers struct {
	inUse chan struct{}
	mu    sync.Mutex // of idle
	idle  []*conn
}

func newReaders(n int) readers { return readers{inUse: make(chan struct{}, n)} }

// close waits for the calls that read, and closes the connections. It lends
// none afterwards.
func (r *readers) close() (errs []error) {
	for range cap(r.inUse) {
		r.inUse <- struct{}{}
	}
	for _, c := range r.idle {
		errs = append(errs, c.close())
	}
	return errs
}

func (r *readers) take() *conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := len(r.idle) - 1
	c := r.idle[last]
	r.idle = r.idle[:last]
	return c
}

func (r *readers) putBack(c *conn) {
	r.mu.Lock()
	r.idle = append(r.idle, c)
	r.mu.Unlock()
	<-r.inUse
}

// read runs a query on one of the reading connections. Each statement of it
// sees one state of the database: the newest that was committed when it began.
func (s *Store) read(ctx context.Context, what string, query func(*conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.readers.inUse <- struct{}{}:
	default: // all of them are
		select {
		case <-s.closed:
			return outcome(what, errClosed)
		case <-ctx.Done():
			return ctx.Err()
		case s.readers.inUse <- struct{}{}:
		}
	}
	c := s.readers.take()
	defer s.readers.putBack(c)
	defer s.hold.read()
	return outcome(what, retryBusy(ctx, func() error { return query(c) }))
}

// readOne runs a query that returns one row, or ErrNotFound if there is none.
func readOne[T any](ctx context.Context, s *Store, what string, read func(*row) T, query string, args ...value) (item T, err error) {
	err = s.read(ctx, what, func(c *conn) error {
		return c.must(query, func(r *row) { item = read(r) }, args...)
	})
	return orZero(item, err)
}

// readAll runs a query and returns its rows.
func readAll[T any](ctx context.Context, s *Store, what string, read func(*row) T, query string, args ...value) (items []T, err error) {
	err = s.read(ctx, what, func(c *conn) error {
		items = nil
		return c.all(query, func(r *row) { items = append(items, read(r)) }, args...)
	})
	return orZero(items, err)
}

// retryBusy runs a query again while another process recovers the database
// after a crash.
func retryBusy(ctx context.Context, query func() error) error {
	for start := time.Now(); ; {
		err := query()
		if !isBusy(err) || time.Since(start) > busyLimit {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}
