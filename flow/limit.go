package flow

import (
	"context"
	"crypto/sha256"
	"net/netip"
	"sync"
	"time"
)

// A Limiter bounds how many failures of client authentication are answered as
// such at the token, revocation and introspection endpoints. [Config.Limiter]
// takes a host's own, such as one that all nodes share.
//
// A failure is counted after the credentials were judged. A client that
// authenticates is never counted and never refused, whatever others do at its
// address. A failure beyond the limit is answered 429 with Retry-After, the
// same for a client that exists and one that does not.
//
// Failed is called by many goroutines at once, and a request waits for it. An
// error is logged, and the library's own limiter decides about that failure.
type Limiter interface {
	// Failed counts a failure and returns 0. Where there were too many, it
	// counts nothing and returns how long the client should wait before it
	// tries again.
	Failed(ctx context.Context, f FailedAuthentication) (retryAfter time.Duration, err error)
}

// A FailedAuthentication is a request whose client authentication failed (RFC
// 6749, section 5.2: invalid_client). A request that names no client at all is
// one too.
type FailedAuthentication struct {
	// ClientID is as presented, of up to 255 bytes, or empty. It may name no
	// client, and it may be something else that a client sent by mistake, a
	// secret too: it is not to be logged.
	ClientID string

	// Network is what one caller can be expected to hold of the address space:
	// an IPv4 address, or the 64-bit prefix of an IPv6 address, such as
	// 2001:db8::/64. What Config.RemoteAddr returns that is no address is here
	// as it is.
	Network string
}

// The limits of the library's own limiter. No pace finds a secret of 256 bits
// by guessing: the limits slow down clients that fail in a loop. They leave
// room for the clients of one office, and for a client that sends many requests
// at once.
const (
	clientBurst  = 64 // failures of one client ID from one network; then
	clientPace   = 10 * time.Second
	networkBurst = 512 // failures from one network with any client IDs; then
	networkPace  = time.Second
)

// A limiter is the Limiter of the library, one for each provider. Failures of a
// client are counted for each network apart.
type limiter struct {
	now func() time.Time

	mu        sync.Mutex
	byClient  buckets // of a network and a client ID
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

// Failed implements [Limiter]. A failure beyond the limit of one client is not
// counted for the network: one client that fails forever leaves room for all
// others there.
func (l *limiter) Failed(_ context.Context, f FailedAuthentication) (time.Duration, error) {
	client, network := keyOf(f.Network, f.ClientID), keyOf(f.Network)
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

// maxBuckets is how many buckets are remembered for certain: those that were
// used last. As many before them may be remembered too. All buckets of a
// provider stay below 20 megabytes.
const maxBuckets = 1 << 14

// Buckets hold burst tokens each, and get one back at every pace. A bucket is
// kept as the time at which it is full again; one that is not there is full.
type buckets struct {
	burst        time.Duration // what filling one up takes
	pace         time.Duration
	newer, older map[key]time.Time
}

func newBuckets(burst int, pace time.Duration) buckets {
	return buckets{burst: time.Duration(burst) * pace, pace: pace, newer: map[key]time.Time{}}
}

// wait returns how long it takes until a bucket has a token, 0 if it has one.
func (b *buckets) wait(k key, now time.Time) time.Duration {
	return max(b.missing(k, now)+b.pace-b.burst, 0)
}

// take takes a token that is there.
func (b *buckets) take(k key, now time.Time) {
	b.put(k, now.Add(b.missing(k, now)+b.pace))
}

// missing returns how long it takes until a bucket is full. A bucket that would
// take longer than an empty one was filled before the clock was set back: it
// counts as empty.
func (b *buckets) missing(k key, now time.Time) time.Duration {
	at, ok := b.newer[k]
	if !ok {
		if at, ok = b.older[k]; !ok {
			return 0
		}
		b.put(k, at)
	}
	if at.Sub(now) > b.burst {
		at = now.Add(b.burst)
		b.put(k, at)
	}
	return max(at.Sub(now), 0)
}

// put keeps a bucket among the newer ones. When those are full, they become the
// older ones, and the older ones are forgotten.
func (b *buckets) put(k key, fullAt time.Time) {
	if _, ok := b.newer[k]; !ok && len(b.newer) >= maxBuckets {
		b.newer, b.older = map[key]time.Time{}, b.newer
	}
	b.newer[k] = fullAt
}

// A key stands for texts of any length, so that a map of them has a bound.
type key [sha256.Size]byte

// keyOf returns the key of texts, of which only the last may hold a NUL.
func keyOf(texts ...string) key {
	var b []byte
	for _, text := range texts {
		b = append(append(b, 0), text...)
	}
	return sha256.Sum256(b)
}

// network returns the network of an address, see [FailedAuthentication].
func network(address string) string {
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
