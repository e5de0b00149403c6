package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRateLimit(t *testing.T) {
	clock := newClock()
	limited := newRateLimiter(2, clock.now).limited(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	}))
	ask := func(path, authorization, remoteAddr string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.RemoteAddr = remoteAddr
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		w := httptest.NewRecorder()
		limited.ServeHTTP(w, r)
		return w
	}
	reset := clock.Truncate(time.Hour).Add(time.Hour)
	expect := func(w *httptest.ResponseRecorder, status, remaining int) {
		t.Helper()
		require.Equal(t, status, w.Code)
		require.Equal(t, "2", w.Header().Get("X-RateLimit-Limit"))
		require.Equal(t, strconv.Itoa(remaining), w.Header().Get("X-RateLimit-Remaining"))
		require.Equal(t, strconv.FormatInt(reset.Unix(), 10), w.Header().Get("X-RateLimit-Reset"))
	}
	const here, there, api = "192.0.2.1:1", "192.0.2.2:1", "/v2/whoami"

	expect(ask(api, "Bearer a", here), http.StatusNoContent, 1)
	expect(ask(api, "bearer a", there), http.StatusNoContent, 0)
	refused := ask(api, "Bearer a", here)
	expect(refused, http.StatusTooManyRequests, 0)
	require.Equal(t, "1801", refused.Header().Get("Retry-After"))
	require.JSONEq(t, `{"error":"rate_limit_exceeded","error_description":"Too many requests in this hour.","message":"Too many requests in this hour."}`, refused.Body.String())

	expect(ask(api, "Bearer b", here), http.StatusNoContent, 1) // each token for itself
	expect(ask(api, "DPoP b", there), http.StatusNoContent, 0)
	expect(ask(api, "", here), http.StatusNoContent, 1) // and each address without one

	// At the token endpoint a bearer token means nothing, so it is no way
	// around.
	expect(ask(dnsimpleTokenPath, "Bearer c", here), http.StatusNoContent, 0)
	expect(ask(dnsimpleTokenPath, "Bearer d", here), http.StatusTooManyRequests, 0)
	expect(ask(dnsimpleTokenPath, "", there), http.StatusNoContent, 1)

	clock.advance(1801 * time.Second)
	reset = reset.Add(time.Hour)
	expect(ask(api, "Bearer a", here), http.StatusNoContent, 1) // Retry-After was honest
}

func TestRateLimitAtOnce(t *testing.T) {
	l := newRateLimiter(10, newClock().now)
	var let atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if remaining, _ := l.count("caller", "network", l.now()); remaining >= 0 {
				let.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 10, let.Load())
}

func TestRateLimitStaysBounded(t *testing.T) {
	l := newRateLimiter(10, newClock().now)
	for i := range maxCounted + 1000 {
		l.count(fmt.Sprint(i), "192.0.2.1", l.now())
	}
	require.Equal(t, maxCounted, len(l.counts))
	remaining, _ := l.count("one more", "192.0.2.1", l.now())
	require.Negative(t, remaining, "those that there is no room for share a count")

	for i := range 1000 { // networks, too
		remaining, _ := l.count("one more", fmt.Sprint("2001:db8::", i), l.now())
		require.Positive(t, remaining)
	}
	require.Equal(t, maxCounted, len(l.counts))
	remaining, _ = l.count("one more", "192.0.2.1", l.now())
	require.Negative(t, remaining)
}
