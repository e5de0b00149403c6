package clientmetadata_test

import (
	"fmt"
	"net/url"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientmetadata"
)

// BenchmarkBesideUnknownClients is the refresh of a client that is known, alone
// and while ten thousand requests a second name documents that are not. It
// tells how long the slowest of a hundred takes, how many of the unknown came
// in fact, and how many documents were fetched for them.
func BenchmarkBesideUnknownClients(b *testing.B) {
	for _, perMillisecond := range []int{0, 10} {
		b.Run(fmt.Sprintf("unknown=%d000", perMillisecond), func(b *testing.B) {
			h := newHost(b, clientmetadata.Config{}, func(cfg *flow.Config) { cfg.Events = nil })
			refresh := h.tokens(h.redeem(h.code())).Refresh
			known := h.fetches
			var unknown atomic.Int64
			defer flood(h, perMillisecond, &unknown)()
			began := time.Now()
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				refresh = h.tokens(h.refresh(refresh)).Refresh
				took = append(took, time.Since(start))
				require.NotEmpty(b, refresh)
			}
			b.ReportMetric(float64(unknown.Load())/time.Since(began).Seconds(), "unknown/s")
			b.ReportMetric(float64(h.fetches-known), "fetches")
			b.ReportMetric(float64(slowest(took).Microseconds()), "p99-µs")
		})
	}
}

// flood sends token requests of unknown clients, until what it returns is
// called.
func flood(h *host, perMillisecond int, sent *atomic.Int64) (stop func()) {
	stopped, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		pace := time.NewTicker(time.Millisecond)
		defer pace.Stop()
		for began := time.Now(); ; {
			select {
			case <-stopped:
				return
			case <-pace.C:
			}
			due := time.Since(began).Milliseconds()*int64(perMillisecond) - sent.Load()
			for range min(due, 100) {
				h.post("/oauth/token", url.Values{
					"grant_type": {"refresh_token"}, "refresh_token": {"x"}, "client_id": {fmt.Sprintf("%s/%d", h.origin.URL, sent.Add(1))},
				})
			}
		}
	}()
	return func() {
		close(stopped)
		<-ended
	}
}

// slowest is what one of a hundred takes or more.
func slowest(took []time.Duration) time.Duration {
	slices.Sort(took)
	return took[len(took)*99/100]
}

// BenchmarkUnknownClient is what one request of theirs costs.
func BenchmarkUnknownClient(b *testing.B) {
	h := newHost(b, clientmetadata.Config{}, func(cfg *flow.Config) { cfg.Events = nil })
	n := 0
	for b.Loop() {
		n++
		h.post("/oauth/token", url.Values{
			"grant_type": {"refresh_token"}, "refresh_token": {"x"}, "client_id": {fmt.Sprintf("%s/%d", h.origin.URL, n)},
		})
	}
}
