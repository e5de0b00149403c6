package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// However many ask, the store is asked once a second.
func TestHealth(t *testing.T) {
	clock := newClock()
	var failure error
	pings := 0
	h := &health{now: clock.now, logger: slog.New(slog.DiscardHandler), ping: func(ctx context.Context) error {
		_, limited := ctx.Deadline()
		require.True(t, limited)
		pings++
		return failure
	}}
	status := func() int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		require.NotContains(t, w.Body.String(), "secret of the store")
		return w.Code
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { status() })
	}
	all.Wait()
	require.Equal(t, http.StatusOK, status())
	require.Equal(t, 1, pings)

	failure = errors.New("secret of the store")
	require.Equal(t, http.StatusOK, status())
	clock.advance(pingPace)
	require.Equal(t, http.StatusServiceUnavailable, status())
	failure = nil
	require.Equal(t, http.StatusServiceUnavailable, status())
	clock.advance(pingPace)
	require.Equal(t, http.StatusOK, status())
	require.Equal(t, 3, pings)
}
