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

// A loginLimiter slows down guessing of passwords. It is safe for concurrent
// use.
//
// It knows the attempts at this process only. A service of many nodes counts
// them where all nodes see them.
type loginLimiter struct {
	now func() time.Time

	mu       sync.Mutex
	limiters map[string]*rate.Limiter
}

func newLoginLimiter(now func() time.Time) *loginLimiter {
	return &loginLimiter{now: now, limiters: map[string]*rate.Limiter{}}
}

// take counts an attempt and returns 0, or returns how long to wait before the
// next one that is looked at. Addresses are those of http.Request.RemoteAddr.
func (l *loginLimiter) take(email, remoteAddr string) (wait time.Duration) {
	network := network(remoteAddr)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	for _, limiter := range []*rate.Limiter{
		l.limiter(network, addressPace, addressBurst, now),
		l.limiter(limiterKey(email, network), emailPace, emailBurst, now),
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
func (l *loginLimiter) forget(email, remoteAddr string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.limiters, limiterKey(email, network(remoteAddr)))
}

func limiterKey(email, network string) string {
	return network + " " + digestKey(canonicalEmail(email))
}

// limiter returns the limiter of a key. Nobody shares one: whoever can send
// from many networks, as the holder of an IPv6 network of 48 bits can, slows
// down nobody else.
func (l *loginLimiter) limiter(key string, pace time.Duration, burst int, now time.Time) *rate.Limiter {
	if found, ok := l.limiters[key]; ok {
		return found
	}
	if len(l.limiters) >= maxTracked {
		l.dropOne(now)
	}
	made := rate.NewLimiter(rate.Every(pace), burst)
	l.limiters[key] = made
	return made
}

// dropOne drops, of a few limiters taken at random, the one that holds back
// least. To have one dropped that is used up takes as many attempts as that
// stands for.
func (l *loginLimiter) dropOne(now time.Time) {
	least, most, left := "", -1.0, compared
	for key, limiter := range l.limiters { // in random order
		if room := limiter.TokensAt(now) / float64(limiter.Burst()); room > most {
			least, most = key, room
		}
		if left--; left == 0 {
			break
		}
	}
	delete(l.limiters, least)
}
