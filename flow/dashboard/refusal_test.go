package dashboard_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The developer of an application reads on its page why its requests were
// refused, and what to do.
func TestPageShowsRecentRefusals(t *testing.T) {
	s := newSite(t)
	app, secret := s.register("2")
	other, _ := s.register("2", "name", "Another")
	require.Contains(t, s.open(pathOf(app)).text(), "Recent refused requests")
	require.Contains(t, s.open(pathOf(app)).text(), "None.")
	post := func(pairs ...string) {
		form := fill(url.Values{"client_id": {app.ClientID}}, pairs...)
		r := httptest.NewRequest(http.MethodPost, "https://service.example/oauth/token", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		s.provider.ServeHTTP(httptest.NewRecorder(), r)
	}
	post("grant_type", "refresh_token", "refresh_token", "x", "client_secret", "wrong")
	s.pass(time.Hour)
	post("grant_type", "refresh_token", "refresh_token", "x", "client_secret", secret)
	r := httptest.NewRequest(http.MethodGet, "https://service.example/oauth/authorize?client_id="+app.ClientID+"&redirect_uri=https%3A%2F%2Fevil.example", nil)
	s.provider.ServeHTTP(httptest.NewRecorder(), r)

	page := s.open(pathOf(app)).text()
	_, page, _ = strings.Cut(page, "Recent refused requests")
	for _, row := range []string{
		"just now /oauth/authorize invalid_request redirect_uri: the application has not registered it as a callback URL " +
			"Send one of the callback URLs above, character by character, or add the one that was sent to them.",
		"just now /oauth/token invalid_grant the refresh token is not valid Have the user authorize the application again.",
		"1 hour ago /oauth/token invalid_client wrong client secret Compare the client secret with those above by its last characters; if it is lost, reset it.",
	} {
		before, after, found := strings.Cut(page, row)
		require.True(t, found, "%s: %s", row, page)
		require.NotContains(t, before, "Danger zone")
		page = after
	}
	require.NotContains(t, page, "evil.example")
	require.NotContains(t, s.open(pathOf(other)).text(), "invalid_grant")

	s.store.down = "Look"
	require.Equal(t, http.StatusServiceUnavailable, s.get(pathOf(app)).Status)
	s.pass(7 * 24 * time.Hour)
	s.store.down = ""
	require.NotContains(t, s.open(pathOf(app)).text(), "invalid_grant")
}
