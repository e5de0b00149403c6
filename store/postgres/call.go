package postgres

import (
	"context"
	"net"
	"sync"
	"time"
)

// Limits end calls whose contexts allow more: a database that hangs must not
// hang those who ask it.
type limits struct {
	call   time.Duration // until a call gives up, be it that it waits for a connection or for an answer: who waits longer only adds to the load
	finish time.Duration // for which a statement that was sent goes on after that, or after the context of its call has ended
}

var defaultLimits = limits{call: 10 * time.Second, finish: 5 * time.Second}

// A call is the context of one call of a method. It ends with the context of
// the caller, once it has taken as long as calls may, or when it is over.
//
// What is under way on a connection then goes on for some time. A statement
// whose caller has gone is finished rather than cancelled: so the outcome
// returned is what happened, nothing happens after the call has returned, and
// clients that hang up cost no connection. The deadline is set on the
// connection itself, and so only where a context does end.
//
// [context.WithTimeout] and [context.AfterFunc] would do as well, and take more
// of the time of each call.
type call struct {
	context.Context // of the caller
	finish          time.Duration
	deadline        time.Time
	timer           *time.Timer
	leave           func() bool // the caller's context
	done            chan struct{}

	mu   sync.Mutex
	err  error
	conn connection // nil while nothing is under way
}

// A connection is what a call needs of a *pgconn.PgConn.
type connection interface {
	Conn() net.Conn
	IsClosed() bool
}

func beginCall(ctx context.Context, l limits) *call {
	c := &call{Context: ctx, finish: l.finish, deadline: time.Now().Add(l.call), done: make(chan struct{})}
	c.timer = time.AfterFunc(l.call, func() { c.end(context.DeadlineExceeded) })
	c.leave = context.AfterFunc(ctx, func() { c.end(ctx.Err()) })
	return c
}

// over ends a call that has nothing under way.
func (c *call) over() {
	c.timer.Stop()
	c.leave()
	c.end(context.Canceled)
}

func (c *call) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = err
	close(c.done)
	c.hurry()
}

// hurry gives what is under way its deadline.
func (c *call) hurry() {
	if c.conn != nil {
		_ = c.conn.Conn().SetDeadline(time.Now().Add(c.finish))
	}
}

// use notes what connection something is under way on, until release is called.
func (c *call) use(conn connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn = conn
	if c.err != nil {
		c.hurry()
	}
}

func (c *call) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil && !c.conn.IsClosed() { // one that is has a deadline for its farewell
		_ = c.conn.Conn().SetDeadline(time.Time{})
	}
	c.conn = nil
}

// Deadline implements [context.Context].
func (c *call) Deadline() (time.Time, bool) {
	if of, ok := c.Context.Deadline(); ok && of.Before(c.deadline) {
		return of, true
	}
	return c.deadline, true
}

// Done implements [context.Context].
func (c *call) Done() <-chan struct{} { return c.done }

// Err implements [context.Context].
func (c *call) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// String keeps package fmt from reading what the mutex guards.
func (c *call) String() string { return "postgres.call" }
