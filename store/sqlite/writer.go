package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/oauthapps/oauthapps/store"
)

// A writer runs operations on the one connection that writes. Operations that
// come while a transaction is made durable wait, and then share the next
// transaction and its fsync. The first of them that takes its turn leads: it
// runs all of them, so there is no goroutine to start or stop. There are no
// savepoints, as one would cost more than most operations. If an operation
// fails, or is refused after it has changed something, the transaction is
// rolled back and each operation runs in a transaction of its own.
type writer struct {
	conn      *conn         // for the leader; nil once closed
	hold      *hold         // in the way of whoever writes
	turn      chan struct{} // holds a token while somebody leads
	crowded   bool          // for the leader: the last transaction was shared
	busyLimit time.Duration // how long to wait for another process that writes

	mu    sync.Mutex // of queue
	queue []*operation
}

// An operation is a change to make. run is called in a transaction, and once
// more in another one if the first is rolled back because of another operation.
// err is the outcome once done is closed.
type operation struct {
	run  func(*conn) error
	err  error
	done chan struct{}
}

var (
	errBusy   = errors.New("another process keeps the database locked")
	errClosed = errors.New("the store is closed")
)

func newWriter(c *conn) *writer {
	return &writer{conn: c, turn: make(chan struct{}, 1), busyLimit: busyLimit}
}

// close waits for the operation that leads, and closes the connection. Later
// operations fail.
func (w *writer) close() error {
	w.turn <- struct{}{}
	defer func() { <-w.turn }()
	c := w.conn
	w.conn = nil
	return c.close()
}

// write runs an operation, and returns once it is durable or refused. An
// operation that waits is withdrawn when its context ends. One that has begun
// is finished, so the outcome returned is always what happened.
func (w *writer) write(ctx context.Context, run func(*conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	v := &operation{run: run, done: make(chan struct{})}
	w.mu.Lock()
	w.queue = append(w.queue, v)
	w.mu.Unlock()

	select {
	case <-v.done:
	case w.turn <- struct{}{}:
		w.lead(ctx, v)
		<-w.turn
	case <-ctx.Done():
		if w.withdraw(v) {
			return ctx.Err()
		}
	}
	<-v.done
	return v.err
}

// lead begins a transaction and runs all operations in it that wait by then.
func (w *writer) lead(ctx context.Context, v *operation) {
	select {
	case <-v.done:
		return // the one that led before has run it
	default:
	}
	w.hold.pause()
	defer w.hold.resume()
	err := w.begin(ctx)
	if ctx.Err() != nil && err != nil && w.withdraw(v) {
		v.finish(ctx.Err())
		return // the others still wait, and one of them leads next
	}
	if w.crowded {
		runtime.Gosched() // so that those whom the last transaction has answered can join this one
	}
	batch := w.take()
	w.crowded = len(batch) > 1
	if err == nil {
		err = w.runAll(batch)
	}
	if err != nil && len(batch) > 1 && !errors.Is(err, errBusy) {
		w.runEach(batch)
		return
	}
	for _, v := range batch {
		if err != nil {
			v.err = err
		}
		v.finish(v.err)
	}
}

func (v *operation) finish(err error) {
	v.err = err
	close(v.done)
}

// begin takes the write lock. A connection waits for it no longer than
// busyStep, so that the end of the context is noticed in between.
func (w *writer) begin(ctx context.Context) error {
	if w.conn == nil {
		return errClosed
	}
	for start := time.Now(); ; {
		_, err := w.conn.exec(begin)
		if err == nil || !isBusy(err) {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Since(start) > w.busyLimit {
			return errBusy
		}
	}
}

func (w *writer) take() []*operation {
	w.mu.Lock()
	defer w.mu.Unlock()
	batch := w.queue
	w.queue = nil
	return batch
}

// withdraw removes an operation from the queue, and reports whether it was in
// it.
func (w *writer) withdraw(v *operation) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.Index(w.queue, v)
	if i < 0 {
		return false
	}
	w.queue = slices.Delete(w.queue, i, i+1)
	return true
}

// runAll runs operations in the transaction that was begun, and commits it. An
// error means that none of them happened. A refusal is the outcome of its own
// operation. It holds only if the commit succeeds, as the reason for it may be
// a change in the same transaction.
func (w *writer) runAll(batch []*operation) error {
	end := rollback // if all are refused
	for _, v := range batch {
		before := w.conn.changed
		v.err = v.protected(w.conn)
		switch {
		case v.err == nil:
			end = commit
		case !isRefusal(v.err), w.conn.changed != before && len(batch) > 1:
			w.rollback()
			return v.err
		}
	}
	if _, err := w.conn.exec(end); err != nil {
		w.rollback()
		return err
	}
	return nil
}

// protected runs an operation. A panic in it becomes an error, so that the
// operation that leads goes on, closes the transaction and answers the others.
func (v *operation) protected(c *conn) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return v.run(c)
}

// runEach runs each operation in a transaction of its own, after they failed
// together. If one has waited in vain for another process, the rest fail for
// that reason too.
func (w *writer) runEach(batch []*operation) {
	var err error
	for _, v := range batch {
		if !errors.Is(err, errBusy) {
			err = w.begin(context.Background())
		}
		if err == nil {
			err = w.runAll([]*operation{v})
		}
		if err != nil {
			v.err = err
		}
		v.finish(v.err)
	}
}

// rollback ends a transaction that failed. SQLite may have ended it already, as
// it does when the disk is full, and then has nothing to roll back, so that is
// no failure.
func (w *writer) rollback() { _, _ = w.conn.exec(rollback) }

// isRefusal reports whether an error is one that the interface names. Any other
// error is a failure of the store.
func isRefusal(err error) bool {
	for _, refusal := range []error{store.ErrNotFound, store.ErrExists, store.ErrConflict, store.ErrLimit, store.ErrUsed} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}
