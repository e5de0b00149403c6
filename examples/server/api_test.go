package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/flowtest"
)

func TestWhoami(t *testing.T) {
	provider := flowtest.New(t, flow.Config{
		Scopes: []flow.Scope{{Name: "read", Description: "Read", Default: true}, {Name: "write", Description: "Write"}},
	})
	log := &logBuffer{}
	api := httptest.NewServer(provider.Require("read")(whoami(&directory{}, slog.New(slog.NewJSONHandler(log, nil)))))
	defer api.Close()

	for _, c := range []struct {
		name, user, account, scope string
		status                     int
		body                       string
	}{
		{"own account", "1", "1", "read", http.StatusOK,
			`{"data":{"user":{"id":1,"email":"alice@example.com"},"account":{"id":1,"email":"alice@example.com"}}}`},
		{"shared account", "2", "2", "read", http.StatusOK,
			`{"data":{"user":{"id":2,"email":"bob@example.com"},"account":{"id":2,"email":"acme@example.com"}}}`},
		{"left the account", "3", "2", "read", http.StatusForbidden, ""},
		{"user is gone", "99", "2", "read", http.StatusForbidden, ""},
		{"lacks the scope", "1", "1", "write", http.StatusForbidden, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			response, err := provider.ActingAs(c.user, c.account, c.scope).Get(api.URL)
			require.NoError(t, err)
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			require.Equal(t, c.status, response.StatusCode, "%s", body)
			require.Equal(t, "no-store", response.Header.Get("Cache-Control"))
			if c.body != "" {
				require.JSONEq(t, c.body, string(body))
			}
		})
	}
	require.Empty(t, log.String())

	unguarded := httptest.NewRecorder()
	whoami(&directory{}, slog.New(slog.NewJSONHandler(log, nil))).ServeHTTP(unguarded, httptest.NewRequest(http.MethodGet, "/v2/whoami", nil))
	require.Equal(t, http.StatusInternalServerError, unguarded.Code)
	require.Contains(t, log.String(), "without its guard")
}
