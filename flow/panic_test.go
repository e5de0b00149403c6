package flow_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
)

// A panic of a host's function that tells something beside the answer harms no
// answer: the tokens of a code that is used by then reach the client, and a
// page that lacks a name tells of an outage, with a reference for the log.
func TestPanicsOfTheHost(t *testing.T) {
	var log bytes.Buffer
	h := newHost(t, func(cfg *flow.Config) {
		cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
		cfg.RemoteAddr = func(r *http.Request) string { return r.Header["X-Forwarded-For"][0] }
	})
	require.NotEmpty(t, h.login(h.app).AccessToken)
	require.Contains(t, log.String(), "Config.RemoteAddr panicked")
	for _, e := range h.events.take() {
		require.Equal(t, "192.0.2.1", e.Actor.RemoteAddr)
	}

	h = newHost(t, func(cfg *flow.Config) {
		cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
		cfg.Pages.AccountName = func(context.Context, string) (string, error) { panic("no names") }
	})
	w := h.open(request(h.app))
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.NotContains(t, w.Body.String(), "no names")
	require.Contains(t, log.String(), "Config.Pages.AccountName: panicked: no names")
}
