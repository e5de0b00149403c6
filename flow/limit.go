package flow

import (
	"context"
	"crypto/sha256"
	"net/netip"
	"sync"
	"time"
)

// A Limiter bounds how often the endpoints that clients authenticate at, the token,
// revocation and introspection endpoints, look at credentials that turn out wrong.
// [Config.Limiter] takes a host's own, such as one that all nodes share.
//
// An attempt that is limited is answered 429 with Retry-After, the same for a client
// that exists and one that does not, and reaches no store. Methods are called by many
// goroutines at once, and a request waits for them.
//
// An error of a method is logged. What Take could not count, the library's own limiter
// decides about: an outage of the host's keeps out no client at work, and lets nobody
// guess faster than each node allows.
type Limiter interface {
	// Take counts an attempt before anything is known of it, and returns 0; or it
	// counts nothing and returns how long it takes until the next attempt is looked
	// at. To count first keeps many attempts at once within the limit. It is asked
	// again about an attempt that was limited while others with the same credentials
	// were looked at, once one of them has ended.
	Take(ctx context.Context, a Attempt) (wait time.Duration, err error)

	// Return takes back what Take counted, for an attempt that authenticated a client
	// or could not be judged for an outage. It is called once at most, and never for
	// an attempt that failed.
	Return(ctx context.Context, a Attempt) error
}

// An Attempt is a request that presents the credentials of a client.
type Attempt struct {
	// ClientID is as presented, of up to 255 bytes: it may name no client, and it may be
	// something else that a client sent by mistake, a secret too. It is not to be logged.
	ClientID string

	// Network is what one caller can be expected to hold of the address space: an IPv4
	// address, or the 64-bit prefix of an IPv6 address, such as 2001:db8::/64. What
	// Config.RemoteAddr returns that is no address is here as it is.
	Network string

	// Proven tells that these very credentials, sent in the same way, authenticated the client at this process
	// lately, so that they are no guess. The library's own limiter lets them pass
	// uncounted: nobody who guesses locks out a client that has its secret, not even
	// from the same address, and a client that works is never slowed down.
	Proven bool
}

// The limits of the library's own limiter. They are there for the load and the noise that
// guessing makes: a secret of 256 bits is not found by guessing at any pace. So they
// leave room for a client that starts with many requests at once, for the
// clients of one office, and for one whose secret was just corrected.
const (
	clientBurst  = 64 // failures of one client ID from one network; then
	clientPace   = 10 * time.Second
	networkBurst = 512 // failures from one network with any client IDs; then
	networkPace  = time.Second

	// maxLimited is how many clients and networks are told apart, of those that failed
	// last. It bounds the memory that any number of callers can use to thirty-five megabytes.
	maxLimited = 1 << 14

	// reportPace is how often one client at one network is reported as limited, and after reportBurst
	// of them any client at that network, so that
	// who sends many requests does not fill the host's log.
	reportPace  = time.Minute
	reportBurst = 10
)

// A limiter is the Limiter of the library, one for each provider. Failures of a client
// are counted for each network apart, so that nobody can lock it out from elsewhere. It
// starts no goroutine and forgets nothing by time: by being full.
type limiter struct {
	now func() time.Time

	mu        sync.Mutex
	byClient  buckets // of a client ID and a network
	byNetwork buckets
}

var _ Limiter = (*limiter)(nil)

func newLimiter(now func() time.Time) *limiter {
	return &limiter{
		now:       now,
		byClient:  newBuckets(clientBurst, clientPace),
		byNetwork: newBuckets(networkBurst, networkPace),
	}
}

// Take implements [Limiter]. What is refused for one client is not counted for the
// network, so that one client that fails forever leaves room for all others there.
func (l *limiter) Take(_ context.Context, a Attempt) (time.Duration, error) {
	if a.Proven {
		return 0, nil
	}
	client, network := keyOf(a.Network, a.ClientID), keyOf(a.Network)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if wait := max(l.byClient.wait(client, now), l.byNetwork.wait(network, now)); wait > 0 {
		return wait, nil
	}
	l.byClient.take(client, now)
	l.byNetwork.take(network, now)
	return 0, nil
}

// Return implements [Limiter].
func (l *limiter) Return(_ context.Context, a Attempt) error {
	if a.Proven {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.byClient.giveBack(keyOf(a.Network, a.ClientID))
	l.byNetwork.giveBack(keyOf(a.Network))
	return nil
}

// Buckets hold burst tokens each, and get one back at every pace. A bucket is kept as the
// time at which it is full again; one that is not there is full.
type buckets struct {
	burst  time.Duration // what filling one up takes
	pace   time.Duration
	fullAt recent[time.Time]
}

func newBuckets(burst int, pace time.Duration) buckets {
	return buckets{time.Duration(burst) * pace, pace, newRecent[time.Time](maxLimited)}
}

// wait returns how long it takes until a bucket has a token, 0 if it has one.
func (b *buckets) wait(k key, now time.Time) time.Duration {
	return max(b.missing(k, now)+b.pace-b.burst, 0)
}

// take takes a token that is there.
func (b *buckets) take(k key, now time.Time) {
	b.fullAt.put(k, now.Add(b.missing(k, now)+b.pace))
}

func (b *buckets) giveBack(k key) {
	if at, ok := b.fullAt.get(k); ok {
		b.fullAt.put(k, at.Add(-b.pace))
	}
}

// missing returns how long it takes until a bucket is full. One that would take longer than
// an empty one was filled before the clock was set back: it is an empty one from now on.
func (b *buckets) missing(k key, now time.Time) time.Duration {
	at, ok := b.fullAt.get(k)
	if !ok {
		return 0
	}
	if at.Sub(now) > b.burst {
		at = now.Add(b.burst)
		b.fullAt.put(k, at)
	}
	return max(at.Sub(now), 0)
}

// A key stands for texts of any length, so that a map of them has a bound.
type key [sha256.Size]byte

// keyOf returns the key of texts, of which only the last may hold a NUL.
func keyOf(texts ...string) key {
	b := make([]byte, 0, 256)
	for _, text := range texts {
		b = append(append(b, 0), text...)
	}
	return sha256.Sum256(b)
}

// A recent map remembers the last n keys that were put into it, and up to as many before.
type recent[V any] struct {
	n            int
	newer, older map[key]V
}

func newRecent[V any](n int) recent[V] { return recent[V]{n: n, newer: map[key]V{}} }

// get returns what a key stands for. A key that is asked for is not forgotten soon.
func (m *recent[V]) get(k key) (V, bool) {
	v, ok := m.newer[k]
	if !ok {
		if v, ok = m.older[k]; ok {
			m.put(k, v)
		}
	}
	return v, ok
}

func (m *recent[V]) put(k key, v V) {
	if _, ok := m.newer[k]; !ok && len(m.newer) >= m.n {
		m.newer, m.older = map[key]V{}, m.newer
	}
	m.newer[k] = v
}

func (m *recent[V]) remove(k key) {
	delete(m.newer, k)
	delete(m.older, k)
}

// network returns the network of an address, see [Attempt].
func network(address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if addr.Is4() {
		return address // which has only one form
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	prefix, _ := addr.Prefix(64) // an IPv6 address has 64 bits
	return prefix.String()
}
