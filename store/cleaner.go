package store

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// A Cleaner removes rows that a store does not need any more, over and over.
// One node has to run it; any number may, on the same store.
//
//	go store.Cleaner{Store: s}.Run(ctx)
//
// It only gives space back. A store refuses what has expired, been revoked or
// been deleted from that moment on, whether a Cleaner runs or not.
type Cleaner struct {
	// Store is what to clean up. Required.
	Store Store
	// Interval is the rest between the end of a pass and the begin of the next.
	// Defaults to 1 minute.
	Interval time.Duration
	// Batch is about how many rows one call to the store examines or removes. A
	// greater Batch makes a pass shorter and each call longer, while others
	// wait for the store. Defaults to 100, with which a pass looks at 10,000
	// rows a second at most: ten million sessions and their grants take half an
	// hour or more.
	Batch int
	// Pause is the shortest rest between two batches. After a batch that took
	// longer than Pause, the rest is as long as the batch, so that the clean-up
	// takes at most half of the time of a slow or busy store. Defaults to 10
	// milliseconds.
	Pause time.Duration
	// Logger receives passes that failed and, at level Debug, how many rows the
	// other passes removed. Defaults to slog.Default().
	Logger *slog.Logger
	// Now tells the time. Defaults to time.Now.
	Now func() time.Time
}

// maxBackOff bounds the rest after failures, in intervals, so that clean-up
// begins again soon after an outage.
const maxBackOff = 16

// Run makes passes until ctx is done, and then returns nil. It logs a pass that
// fails and makes another one after a rest. The rest doubles with each failure
// in a row, up to 16 intervals. Run returns an error only if the Cleaner has no
// Store.
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

// Pass goes through the store once and returns how many rows it removed. It
// returns an error if the store fails or ctx ends, with the number of rows
// removed before. The next pass begins at the start.
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

// sleep reports whether it slept to the end, without ctx being done.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
