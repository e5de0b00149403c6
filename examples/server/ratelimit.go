package main

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	rateWindow = time.Hour
	maxCounted = 100_000 // callers in one window
)

// A rateLimiter allows every caller so many requests in each hour of the clock
// (UTC), and says so in the headers X-RateLimit-Limit, X-RateLimit-Remaining
// and X-RateLimit-Reset, the last in seconds since 1970. A caller is a bearer
// token or, without one, a network address. It is safe for concurrent use.
//
// It counts the requests to this process only, and forgets them when it stops.
// Where there are too many networks to count each, those with the fewest
// requests begin anew.
type rateLimiter struct {
	limit int
	now   func() time.Time

	mu     sync.Mutex
	window time.Time // start of the hour that counts are for
	counts map[string]int
}

func newRateLimiter(limit int, now func() time.Time) *rateLimiter {
	return &rateLimiter{limit: limit, now: now, counts: map[string]int{}}
}

// limited answers 429 to callers who have used up their requests.
func (l *rateLimiter) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := l.now()
		remaining, reset := l.count(caller(r), network(r.RemoteAddr), now)

		h := w.Header()
		h.Set("X-RateLimit-Limit", strconv.Itoa(l.limit))
		h.Set("X-RateLimit-Remaining", strconv.Itoa(max(remaining, 0)))
		h.Set("X-RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10))
		if remaining < 0 {
			seconds := int(reset.Sub(now)/time.Second) + 1
			h.Set("Retry-After", strconv.Itoa(seconds))
			writeProblem(w, http.StatusTooManyRequests, "rate_limit_exceeded", "Too many requests in this hour.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// count counts a request and returns how many more the caller may make until
// reset: below zero, this one is too many already. Where there are too many
// callers to count each, those of one network are one.
func (l *rateLimiter) count(caller, network string, now time.Time) (remaining int, reset time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if window := now.UTC().Truncate(rateWindow); !window.Equal(l.window) {
		l.window, l.counts = window, map[string]int{}
	}
	if _, known := l.counts[caller]; !known && len(l.counts) >= maxCounted {
		caller = network
	}
	if _, known := l.counts[caller]; !known && len(l.counts) >= maxCounted {
		l.dropOne()
	}
	if l.counts[caller] <= l.limit {
		l.counts[caller]++
	}
	return l.limit - l.counts[caller], l.window.Add(rateWindow)
}

// dropOne drops, of a few callers taken at random, the one who made the fewest
// requests.
func (l *rateLimiter) dropOne() {
	fewest, least, left := "", l.limit+2, compared
	for caller, count := range l.counts { // in random order
		if count < least {
			fewest, least = caller, count
		}
		if left--; left == 0 {
			break
		}
	}
	delete(l.counts, fewest)
}

// caller tells callers apart, without keeping their tokens. A client at the
// token endpoint is known by its address: what it sends as a bearer token means
// nothing there.
func caller(r *http.Request) string {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	isToken := strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "DPoP")
	if ok && isToken && r.URL.Path != dnsimpleTokenPath {
		return digestKey(token)
	}
	return network(r.RemoteAddr)
}
