package flow_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// The page of an error leads on: to the service, and to where it helps people.
// That of an outage has a reference, with which the operator finds the cause in
// the log.
func TestErrorPageLeadsOn(t *testing.T) {
	var log bytes.Buffer
	h := newHost(t, func(cfg *flow.Config) {
		cfg.Pages.Support = "mailto:help@service.example"
		cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
		cfg.Pages.AccountName = func(context.Context, string) (string, error) { return "", errors.New("the names are away") }
	})
	refused := h.open(request(h.app, "redirect_uri", "https://elsewhere.example/"))
	require.Equal(t, http.StatusBadRequest, refused.Code)
	outage := h.open(request(h.app))
	require.Equal(t, http.StatusServiceUnavailable, outage.Code)
	for _, page := range []string{refused.Body.String(), outage.Body.String()} {
		require.Contains(t, page, `href="mailto:help@service.example"`)
		require.Contains(t, page, `href="https://id.example"`)
	}
	require.NotContains(t, refused.Body.String(), "Reference")
	reference := regexp.MustCompile(`Reference <code>([A-Z2-7]{8})</code>`).FindStringSubmatch(outage.Body.String())
	require.NotNil(t, reference, "%s", outage.Body)
	require.Regexp(t, "Config.Pages.AccountName: the names are away.*reference="+reference[1], log.String())
	require.NotContains(t, outage.Body.String(), "the names are away")
}

// A fault of the service does not go away by waiting, so that its page does not
// say when to try again. A program is told the same.
func TestErrorPageOfAFault(t *testing.T) {
	h := newHost(t)
	_, err := h.Registry().SetExtra(t.Context(), oauthapp.AnyOwner, h.app.ID, "flow", "no settings")
	require.NoError(t, err)
	requirePage(t, h.open(request(h.app)), http.StatusInternalServerError)
}

// Times are in the zone that the host says for the person, and else in UTC.
func TestTimeZone(t *testing.T) {
	h := newHost(t, func(cfg *flow.Config) {
		cfg.Pages.TimeZone = func(r *http.Request) *time.Location {
			if r.Header.Get("Zone") == "" {
				return nil
			}
			return time.FixedZone("", 9*60*60)
		}
	})
	shown := func(zone string) string {
		r, w := httptest.NewRequest(http.MethodGet, "/oauth/authorize", nil), httptest.NewRecorder()
		r.Header.Set("Zone", zone)
		h.ServeHTTP(w, r)
		return w.Body.String()
	}
	require.Contains(t, shown(""), `<time datetime="2026-11-23T12:00:00Z">23 Nov 2026, 12:00:00 UTC</time>`)
	require.Contains(t, shown("Tokyo"), `<time datetime="2026-11-23T12:00:00Z">23 Nov 2026, 21:00:00 UTC+9</time>`)
}
