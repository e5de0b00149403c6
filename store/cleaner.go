package store

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// A Cleaner removes what a store needs no more, over and over. Any number of nodes
// may run one on the same store; one is enough.
//
//	go store.Cleaner{Store: s}.Run(ctx)
//
// Nothing that grants access depends on it: what has expired, been revoked or been
// deleted is refused from that moment on. It gives space back.
type Cleaner struct {
	// Store is what to clean up. Required.
	Store Store
	// Interval is how long to rest between two passes. Defaults to 1 minute.
	Interval time.Duration
	// Batch is about how many rows one call to the store examines or removes, and so
	// for how long it keeps others waiting. Defaults to 100, with which a pass looks at
	// 10,000 rows a second at most: ten million sessions and their grants take half
	// an hour or more. Raise it where that many begin, or a pass is to be over sooner.
	Batch int
	// Pause is how long to leave the store to others between two batches, at the least: after
	// a batch that took longer it is as long as that one, so that a store that is slow, or busy, is
	// never cleaned up for more than half of the time. Defaults to 10 milliseconds.
	Pause time.Duration
	// Logger receives passes that failed, and at level Debug what the others removed.
	// Defaults to slog.Default().
	Logger *slog.Logger
	// Now tells the time. Defaults to time.Now.
	Now func() time.Time
}

// maxBackOff bounds the rest after failures, in intervals: an outage is over at some
// time, and waiting for it costs little.
const maxBackOff = 16

// Run makes passes until ctx is done, and then returns nil. A pass that fails is
// logged and made again after a rest that doubles with each failure in a row, up
// to 16 intervals. Only a Cleaner without a Store makes it return an error.
func (c Cleaner) Run(ctx context.Context) error {
	c, err := c.withDefaults()
	if err != nil {
		return err
	}
	rest := c.Interval
	for {
		removed, err := c.pass(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			rest = min(2*rest, maxBackOff*c.Interval)
			c.Logger.ErrorContext(ctx, "store: clean-up failed", "error", err, "removed", removed, "again_in", rest)
		default:
			rest = c.Interval
			c.Logger.DebugContext(ctx, "store: cleaned up", "removed", removed)
		}
		if !sleep(ctx, rest) {
			return nil
		}
	}
}

// Pass goes through the store once and returns how many rows it removed. If the
// store fails or ctx is done on the way, it returns that error with what was
// removed until then; the next pass begins anew.
func (c Cleaner) Pass(ctx context.Context) (removed int, err error) {
	c, err = c.withDefaults()
	if err != nil {
		return 0, err
	}
	return c.pass(ctx)
}

func (c Cleaner) pass(ctx context.Context) (removed int, err error) {
	now := c.Now().UTC().Truncate(time.Microsecond)
	cursor := ""
	for {
		began := time.Now()
		next, n, err := c.Store.CleanUp(ctx, now, cursor, c.Batch)
		removed += n
		if err != nil || next == "" {
			return removed, err
		}
		cursor = next
		if !sleep(ctx, max(c.Pause, time.Since(began))) {
			return removed, context.Cause(ctx)
		}
	}
}

func (c Cleaner) withDefaults() (Cleaner, error) {
	if c.Store == nil {
		return Cleaner{}, errors.New("store: Cleaner.Store is required")
	}
	if c.Interval <= 0 {
		c.Interval = time.Minute
	}
	if c.Batch <= 0 {
		c.Batch = 100
	}
	if c.Pause <= 0 {
		c.Pause = 10 * time.Millisecond
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, nil
}

// sleep reports whether it was left to sleep.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
