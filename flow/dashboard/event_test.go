package dashboard_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Forged forms are reported at a pace, as all that anybody can cause at will.
func TestForgedFormsAreReportedAtAPace(t *testing.T) {
	s := newSite(t)
	for range 1000 {
		require.Equal(t, http.StatusForbidden, s.do(http.MethodPost, s.pages.Path("2"), url.Values{"ticket": {"forged"}}).Status)
	}
	require.Len(t, s.events, 100)
	s.pass(10 * time.Second)
	for range 2 {
		s.do(http.MethodPost, s.pages.Path("2"), url.Values{"ticket": {"forged"}}, func(r *http.Request) {
			r.Header.Set("User-Agent", "forger/1 \u202e\u009b")
		})
	}
	require.Len(t, s.events, 101)
	require.Equal(t, "forger/1 ??", s.events[100].Actor.UserAgent)
}
