package main

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

const (
	pingLimit = 5 * time.Second // what a store may take to answer
	pingPace  = time.Second     // between two questions to it
)

// A health answers GET /healthz: 200, or 503 where the store cannot be written,
// be it read-only, full or out of reach. The store is asked once a second at
// most, as it writes for that, and anybody may ask us. It is safe for
// concurrent use.
type health struct {
	ping   func(context.Context) error
	now    func() time.Time
	logger *slog.Logger

	mu    sync.Mutex
	asked time.Time
	err   error
}

func (h *health) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, text := http.StatusOK, "ok\n"
	if h.check(r) != nil {
		status, text = http.StatusServiceUnavailable, "the store cannot be written\n"
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write([]byte(text))
}

// check returns what is wrong with the store. Others who ask at the same time
// wait for the same answer.
func (h *health) check(r *http.Request) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.asked.IsZero() && h.now().Sub(h.asked) < pingPace {
		return h.err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), pingLimit)
	defer cancel()
	h.err = h.ping(ctx)
	h.asked = h.now()
	if h.err != nil {
		h.logger.ErrorContext(ctx, "the store cannot be written", "error", h.err)
	}
	return h.err
}
