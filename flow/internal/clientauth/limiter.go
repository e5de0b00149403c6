package clientauth

import (
	"sync"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/bucket"
)

// The limits of a [Limiter]. No pace finds a secret of 256 bits by guessing:
// the limits slow down clients that fail in a loop. They leave room for the
// clients of one office, and for a client that sends many requests at once.
const (
	clientBurst  = 64 // failures of one client ID from one network; then
	clientPace   = 10 * time.Second
	networkBurst = 512 // failures from one network with any client IDs; then
	networkPace  = time.Second
)

// A Limiter counts failures of client authentication, those of a client for
// each network apart. It takes 10 megabytes at most. It is safe for concurrent
// use.
type Limiter struct {
	now func() time.Time

	mu        sync.Mutex
	byClient  bucket.Set // of a network and a client ID
	byNetwork bucket.Set
}

// NewLimiter returns a limiter that has counted nothing.
func NewLimiter(now func() time.Time) *Limiter {
	return &Limiter{
		now:       now,
		byClient:  bucket.New(clientBurst, clientPace),
		byNetwork: bucket.New(networkBurst, networkPace),
	}
}

// Failed counts a failure and returns 0. Where there were too many, it counts
// nothing and returns how long the client should wait. A failure beyond the
// limit of one client is not counted for the network: one client that fails
// forever leaves room for all others there.
func (l *Limiter) Failed(clientID, network string) time.Duration {
	ofClient, ofNetwork := bucket.KeyOf(network, clientID), bucket.KeyOf(network)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if wait := max(l.byClient.Wait(ofClient, now), l.byNetwork.Wait(ofNetwork, now)); wait > 0 {
		return wait
	}
	l.byClient.Take(ofClient, now)
	l.byNetwork.Take(ofNetwork, now)
	return 0
}
