package sqlite

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// A hold keeps a read transaction open while this process reads a lot and
// writes nothing. It saves about an eighth of the processor's time of a bearer
// check, and a tenth of an introspection's. A reader locks the state of the
// database that it reads, and unlocks it at the end: two system calls. SQLite
// makes them once for all connections of a process that read the same state. So
// the other readers need none while the hold has the lock. Nothing relies on a
// hold: readers see the newest state with it and without it.
//
// An open transaction keeps checkpoints from moving the write-ahead log into
// the file, so that the log grows. So a hold ends before this process writes,
// and lasts no longer than holdTime. When it notices that another process has
// written, it rests for restTime and until there were one or two more changes.
// Otherwise it would be in the way of each change of a process that writes less
// often than restTime. The number is random, so that the holds of several
// processes do not take turns.
type hold struct {
	reads atomic.Int64 // since the count last began; the read that makes it worthHolding takes the hold

	mu      sync.Mutex // of the rest
	conn    *conn      // nil once closed
	held    bool
	version int64       // of the data when the hold began; each change by another connection changes it
	toPass  int         // how many such changes there have to be before the hold is taken again
	writing bool        // this process writes
	resting bool        // another process has written
	timer   *time.Timer // of the hold or the rest
}

const (
	worthHolding = 16
	holdTime     = 50 * time.Millisecond
	restTime     = time.Second
)

func newHold(c *conn) *hold {
	h := &hold{conn: c}
	h.timer = time.AfterFunc(holdTime, h.expire)
	h.timer.Stop()
	return h
}

// read counts a read, after which the next are cheaper.
func (h *hold) read() {
	if h.reads.Add(1) == worthHolding {
		h.take()
	}
}

// take begins to hold, if nothing speaks against it.
func (h *hold) take() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.held || h.writing || h.resting {
		return
	}
	before := h.version
	h.begin()
	if h.held && h.toPass > 0 && h.version != before {
		h.toPass--
	}
	if h.held && h.toPass > 0 {
		h.rest()
	}
}

// begin opens the transaction. It may fail as any read, and then there is no
// hold.
func (h *hold) begin() {
	if h.conn == nil {
		return
	}
	_, err := h.conn.exec(beginRead)
	if err == nil {
		h.version, err = h.conn.count(dataVersion) // whose read takes the lock
	}
	h.held = true
	if err != nil {
		h.end()
		h.reads.Store(0) // and then anew
		return
	}
	h.timer.Reset(holdTime)
}

// end lets go. If not even the transaction was begun, there is none to end, so
// that a failure means nothing.
func (h *hold) end() {
	if h.held {
		h.held = false
		_, _ = h.conn.exec(rollback)
	}
}

// expire ends a hold or a rest whose time is over. A hold goes on, by a new
// transaction, if there was enough to read and nobody wrote.
func (h *hold) expire() {
	h.mu.Lock()
	defer h.mu.Unlock()
	worth := h.reads.Swap(0) >= worthHolding
	h.resting = false
	if !h.held {
		return
	}
	before := h.version
	h.end()
	h.begin()
	switch {
	case !h.held:
	case h.version != before:
		h.toPass = 1 + rand.IntN(2)
		h.rest()
	case !worth:
		h.end()
	}
}

// rest lets go, and keeps from holding for a while.
func (h *hold) rest() {
	h.end()
	h.resting = true
	h.timer.Reset(restTime)
}

// pause ends a hold, and keeps it away until resume: this process is about to
// write.
func (h *hold) pause() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.end()
	h.writing = true
}

// resume allows a hold again.
func (h *hold) resume() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.writing = false
	h.reads.Store(0)
}

// close ends the hold for good.
func (h *hold) close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.timer.Stop()
	h.end()
	c := h.conn
	h.conn = nil
	return c.close()
}
