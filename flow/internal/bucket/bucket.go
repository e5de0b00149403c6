// Package bucket counts with token buckets in bounded memory.
package bucket

import (
	"crypto/sha256"
	"net/netip"
	"sync"
	"time"
)

// Max is how many buckets a [Set] remembers for certain: those that were used
// last. As many before them may be remembered too, in 5 megabytes at most.
const Max = 1 << 14

// A Set is buckets of the same size. Each holds burst tokens, and gets one back
// at every pace. A bucket is kept as the time at which it is full again; one
// that is not there is full. It forgets nothing by time, but by being full. It
// is not safe for concurrent use.
type Set struct {
	burst        time.Duration // what filling one up takes
	pace         time.Duration
	newer, older map[Key]time.Time
}

// New returns a set of full buckets.
func New(burst int, pace time.Duration) Set {
	return Set{burst: time.Duration(burst) * pace, pace: pace, newer: map[Key]time.Time{}}
}

// Wait returns how long it takes until a bucket has a token, 0 if it has one.
func (s *Set) Wait(k Key, now time.Time) time.Duration {
	return max(s.missing(k, now)+s.pace-s.burst, 0)
}

// Take takes a token that is there.
func (s *Set) Take(k Key, now time.Time) {
	s.put(k, now.Add(s.missing(k, now)+s.pace))
}

// missing returns how long it takes until a bucket is full. A bucket that would
// take longer than an empty one was filled before the clock was set back: it
// counts as empty.
func (s *Set) missing(k Key, now time.Time) time.Duration {
	at, ok := s.newer[k]
	if !ok {
		if at, ok = s.older[k]; !ok {
			return 0
		}
		s.put(k, at)
	}
	if at.Sub(now) > s.burst {
		at = now.Add(s.burst)
		s.put(k, at)
	}
	return max(at.Sub(now), 0)
}

// put keeps a bucket among the newer ones. When those are full, they become the
// older ones, and the older ones are forgotten.
func (s *Set) put(k Key, fullAt time.Time) {
	if _, ok := s.newer[k]; !ok && len(s.newer) >= Max {
		s.newer, s.older = map[Key]time.Time{}, s.newer
	}
	s.newer[k] = fullAt
}

// A Limiter takes tokens from several sets at once. It is safe for concurrent
// use.
type Limiter struct {
	mu   sync.Mutex
	sets []Set
}

// NewLimiter returns a limiter of sets that nobody else uses.
func NewLimiter(sets ...Set) *Limiter { return &Limiter{sets: sets} }

// Take takes a token from one bucket of each set, whose keys are in the order
// of the sets, and returns 0. Where one of the buckets has none, it takes
// nothing and returns how long to wait.
func (l *Limiter) Take(now time.Time, keys ...Key) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, key := range keys {
		wait = max(wait, l.sets[i].Wait(key, now))
	}
	if wait > 0 {
		return wait
	}
	for i, key := range keys {
		l.sets[i].Take(key, now)
	}
	return 0
}

// A Key stands for texts of any length, so that a map of them has a bound.
type Key [sha256.Size]byte

// KeyOf returns the key of texts, of which only the last may hold a NUL.
func KeyOf(texts ...string) Key {
	var b []byte
	for _, text := range texts {
		b = append(append(b, 0), text...)
	}
	return sha256.Sum256(b)
}

// Network returns what one caller can be expected to hold of the address space:
// an IPv4 address, or the 64-bit prefix of an IPv6 address, such as
// 2001:db8::/64. What is no address is returned as it is.
func Network(address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	prefix, _ := addr.Prefix(64) // an IPv6 address has 64 bits
	return prefix.String()
}
