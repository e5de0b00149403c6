package clientauth

import (
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
	now     func() time.Time
	buckets *bucket.Limiter // of a network and a client ID; of a network
}

// NewLimiter returns a limiter that has counted nothing.
func NewLimiter(now func() time.Time) *Limiter {
	return &Limiter{now, bucket.NewLimiter(bucket.New(clientBurst, clientPace), bucket.New(networkBurst, networkPace))}
}

// Failed counts a failure and returns 0. Where there were too many, it counts
// nothing and returns how long the client should wait. A failure beyond the
// limit of one client is not counted for the network: one client that fails
// forever leaves room for all others there.
func (l *Limiter) Failed(clientID, network string) time.Duration {
	return l.buckets.Take(l.now(), bucket.KeyOf(network, clientID), bucket.KeyOf(network))
}
