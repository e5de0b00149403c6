package main

import (
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMetrics(t *testing.T) {
	s := startServing(t, "-store", "memory")
	defer s.stopped(t)
	get := func(path string) (int, string) {
		response, err := http.Get(s.url + path)
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(body)
	}
	response, err := http.PostForm(s.url+"/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}, "client_id": {"nobody"}})
	require.NoError(t, err)
	response.Body.Close()
	status, _ := get("/v2/whoami")
	require.Equal(t, http.StatusUnauthorized, status)

	status, body := get("/metrics")
	require.Equal(t, http.StatusOK, status)
	for _, line := range []string{
		`oauthapps_request_duration_seconds_count\{.*oauthapps_endpoint="/oauth/token",oauthapps_grant_type="refresh_token",oauthapps_result="invalid_client".*\} 1\n`,
		`oauthapps_request_duration_seconds_count\{.*oauthapps_endpoint="resource",oauthapps_result="no_token".*\} 1\n`,
		`oauthapps_store_call_duration_seconds_count\{.*oauthapps_result="not_found",oauthapps_store_method="Client".*\} 1\n`,
	} {
		require.Regexp(t, line, body)
	}
	require.NotContains(t, body, "nobody")

	off := startServing(t, "-store", "memory", "-without", "telemetry")
	defer off.stopped(t)
	s = off
	status, _ = get("/metrics")
	require.Equal(t, http.StatusNotFound, status)
	status, _ = get("/healthz")
	require.Equal(t, http.StatusOK, status)
}
