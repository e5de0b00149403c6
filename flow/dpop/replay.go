package dpop

import (
	"sync"
	"time"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// maxProofs is how many proofs a process remembers for certain. As many before
// them may be remembered too, in 20 megabytes at most.
const maxProofs = 1 << 18

// A memory remembers the proofs that a process accepted, each until it is good
// no more. Where there are too many it forgets the oldest, and from then on
// refuses every proof that is as old as one that was forgotten: load shortens
// how long proofs are good, and never lets one in twice. It is safe for
// concurrent use.
type memory struct {
	window time.Duration // how long after now a proof can be good
	room   int

	mu           sync.Mutex
	newer, older generation
	forgotten    time.Time // no proof that is good until then is accepted
}

// A generation is proofs that were accepted in a row.
type generation struct {
	began  time.Time
	proofs map[short]struct{}
	latest time.Time // until when one of them is good
}

// A short is the first half of a digest: no two proofs share it by chance.
type short [16]byte

func newMemory(window time.Duration, room int) *memory {
	return &memory{window: window, room: room}
}

// accept reports whether a proof was not there before, and has it be from now
// on. stale tells that it is too old for the memory to know.
func (m *memory) accept(proof credential.Digest, until, now time.Time) (accepted, stale bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn(now)
	if !until.After(m.forgotten) {
		return false, true
	}
	key := short(proof[:])
	if m.newer.has(key) || m.older.has(key) {
		return false, false
	}
	m.newer.proofs[key] = struct{}{}
	if until.After(m.newer.latest) {
		m.newer.latest = until
	}
	return true, false
}

// turn begins a generation where the newer one is full, or so old that nothing
// of the older one can be good any more.
func (m *memory) turn(now time.Time) {
	full := len(m.newer.proofs) >= m.room
	if m.newer.proofs != nil && !full && now.Sub(m.newer.began) < m.window {
		return
	}
	if m.older.latest.After(m.forgotten) && m.older.latest.After(now) {
		m.forgotten = m.older.latest
	}
	m.newer, m.older = generation{began: now, proofs: map[short]struct{}{}}, m.newer
}

func (g generation) has(key short) bool {
	_, ok := g.proofs[key]
	return ok
}
