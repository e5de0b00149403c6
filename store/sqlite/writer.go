package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/oauthapps/oauthapps/store"
)

// A writer runs verbs on the one connection that writes. Verbs that come while
// a transaction is being made durable wait, and then share the next one and its
// fsync. The first of them to take its turn does it for all, so there is no
// goroutine to start or stop. None of them has a savepoint, which would cost
// more than most verbs: nearly every refusal comes before the first change.
// Where one does not, or where a verb fails, the transaction is undone, and
// each verb gets one of its own.
type writer struct {
	conn      *conn         // for the leader; nil once closed
	hold      *hold         // in the way of whoever writes
	turn      chan struct{} // holds a token while somebody leads
	crowded   bool          // for the leader: the last transaction was shared
	busyLimit time.Duration // how long to wait for another process that writes

	mu    sync.Mutex // of queue
	queue []*verb
}

// A verb is a change to make: run is called in a transaction, and once more in
// another if the first fails for no fault of its own. err is its outcome, once
// done is closed.
type verb struct {
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

// close waits for who leads, and closes the connection. Whatever comes later
// fails.
func (w *writer) close() error {
	w.turn <- struct{}{}
	defer func() { <-w.turn }()
	c := w.conn
	w.conn = nil
	return c.close()
}

// write runs a verb, and returns once it is durable or refused. A context that
// ends withdraws a verb that waits; one that has begun is finished, so the
// outcome returned is always what happened.
func (w *writer) write(ctx context.Context, run func(*conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	v := &verb{run: run, done: make(chan struct{})}
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

// lead begins a transaction and runs in it all verbs that are waiting by then.
func (w *writer) lead(ctx context.Context, v *verb) {
	select {
	case <-v.done:
		return // the one who led before has done it
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

func (v *verb) finish(err error) {
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

func (w *writer) take() []*verb {
	w.mu.Lock()
	defer w.mu.Unlock()
	batch := w.queue
	w.queue = nil
	return batch
}

// withdraw removes a verb from the queue, and reports whether it still was in
// it.
func (w *writer) withdraw(v *verb) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, waiting := range w.queue {
		if waiting == v {
			w.queue = append(w.queue[:i:i], w.queue[i+1:]...)
			return true
		}
	}
	return false
}

// runAll runs verbs in the transaction that was begun, and commits it. An error
// means that none of them happened. Refusals are kept on their verbs: they hold
// only if the commit succeeds, as what they follow from may be in the same
// transaction.
func (w *writer) runAll(batch []*verb) error {
	end := rollback // of nothing
	for _, v := range batch {
		before := w.conn.changed
		v.err = v.attempt(w.conn)
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

// attempt runs a verb. Its panic becomes an error, as it must not unwind
// through who leads, with the transaction open and others waiting.
func (v *verb) attempt(c *conn) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return v.run(c)
}

// runEach gives each verb a transaction of its own, after they failed together.
// Once one has waited in vain for another process, so have those behind it.
func (w *writer) runEach(batch []*verb) {
	var err error
	for _, v := range batch {
		if !errors.Is(err, errBusy) {
			err = w.begin(context.Background())
		}
		if err == nil {
			err = w.runAll([]*verb{v})
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

// isRefusal reports whether a verb decided not to happen, as opposed to the
// store failing.
func isRefusal(err error) bool {
	for _, refusal := range []error{store.ErrNotFound, store.ErrExists, store.ErrConflict, store.ErrLimit, store.ErrUsed} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}
