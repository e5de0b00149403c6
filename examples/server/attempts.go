package main

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// Ten attempts for an e-mail address from one network address are free;
	// then one comes back every ten seconds.
	emailBurst = 10
	emailPace  = 10 * time.Second
	// One network address may try several e-mail addresses, as an office does.
	addressBurst = 100
	addressPace  = time.Second

	maxTracked = 10_000 // limiters in memory
	compared   = 16     // of which one goes for a new one
)

// attempts slows down guessing of passwords. It is safe for concurrent use.
//
// It knows the attempts at this process only. A service of many nodes counts
// them where all nodes see them.
type attempts struct {
	now func() time.Time

	mu       sync.Mutex
	limiters map[string]*rate.Limiter
}

func newAttempts(now func() time.Time) *attempts {
	return &attempts{now: now, limiters: map[string]*rate.Limiter{}}
}

// take counts an attempt and returns 0, or returns how long to wait before the
// next one that is looked at. Addresses are those of http.Request.RemoteAddr.
func (a *attempts) take(email, remoteAddr string) (wait time.Duration) {
	network := network(remoteAddr)
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	for _, limiter := range []*rate.Limiter{
		a.limiter(network, addressPace, addressBurst, now),
		a.limiter(attemptKey(email, network), emailPace, emailBurst, now),
	} {
		reservation := limiter.ReserveN(now, 1)
		if wait := reservation.DelayFrom(now); wait > 0 {
			reservation.CancelAt(now)
			return wait
		}
	}
	return 0
}

// forget drops what was counted for an e-mail address, after its owner signed
// in.
func (a *attempts) forget(email, remoteAddr string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.limiters, attemptKey(email, network(remoteAddr)))
}

func attemptKey(email, network string) string {
	return network + " " + digestKey(canonicalEmail(email))
}

// limiter returns the limiter of a key. Nobody shares one: whoever can send
// from many networks, as the holder of an IPv6 network of 48 bits can, slows
// down nobody else.
func (a *attempts) limiter(key string, pace time.Duration, burst int, now time.Time) *rate.Limiter {
	if found, ok := a.limiters[key]; ok {
		return found
	}
	if len(a.limiters) >= maxTracked {
		a.dropOne(now)
	}
	made := rate.NewLimiter(rate.Every(pace), burst)
	a.limiters[key] = made
	return made
}

// dropOne drops, of a few limiters taken at random, the one that holds back
// least. To have one dropped that is used up takes as many attempts as that
// stands for.
func (a *attempts) dropOne(now time.Time) {
	least, most, left := "", -1.0, compared
	for key, limiter := range a.limiters { // in random order
		if room := limiter.TokensAt(now) / float64(limiter.Burst()); room > most {
			least, most = key, room
		}
		if left--; left == 0 {
			break
		}
	}
	delete(a.limiters, least)
}
