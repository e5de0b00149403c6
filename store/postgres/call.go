package postgres

import (
	"context"
	"net"
	"time"
)

// Limits end calls whose contexts allow more, so that a database that hangs
// does not hang those who ask it.
type limits struct {
	// call is how long a call may take before it gives up, whether it waits for
	// a connection or for an answer.
	call time.Duration
	// finish is how long a statement that was sent goes on after its call gave
	// up or the caller has gone.
	finish time.Duration
}

var defaultLimits = limits{call: 10 * time.Second, finish: 5 * time.Second}

// A connection is what finishing needs of a *pgconn.PgConn.
type connection interface {
	Conn() net.Conn
	IsClosed() bool
}

// finishing runs do, which asks a database over a connection. A statement is
// finished rather than cancelled when ctx ends, for some time: the outcome
// returned is then what happened, nothing happens after the call has returned,
// and clients that hang up cost no connection. The connection itself has the
// deadline.
func (l limits) finishing(ctx context.Context, conn connection, do func(context.Context) error) error {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = conn.Conn().SetDeadline(time.Now().Add(l.finish))
		close(ended)
	})
	err := do(context.WithoutCancel(ctx))
	if stop() {
		return err
	}
	<-ended
	if !conn.IsClosed() { // a closed one has a deadline for its farewell
		_ = conn.Conn().SetDeadline(time.Time{})
	}
	return err
}
