package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUsage(t *testing.T) {
	t.Setenv("OAUTH_CLIENT_ID", "")
	for _, line := range []string{"", "-nope", "-client-id id argument", "-client-id id -timeout 0s", "-client-id id -timeout soon"} {
		var stdout, stderr bytes.Buffer
		require.Equal(t, 2, run(strings.Fields(line), &stdout, &stderr), line)
		require.Empty(t, stdout.String())
		require.Equal(t, 1, strings.Count(stderr.String(), "\n"), stderr.String())
	}
	var stdout, stderr bytes.Buffer
	require.Zero(t, run([]string{"-help"}, &stdout, &stderr))
	require.Contains(t, stdout.String(), "-no-browser")
}

func TestNobodyAnswers(t *testing.T) {
	var stdout, stderr bytes.Buffer
	require.Equal(t, 1, run(strings.Fields("-no-browser -client-id id -timeout 1ms"), &stdout, &stderr))
	require.Contains(t, stdout.String(), "http://127.0.0.1:8080/oauth/authorize?client_id=id&")
	require.Contains(t, stdout.String(), "code_challenge_method=S256")
	require.Contains(t, stdout.String(), "redirect_uri=http%3A%2F%2F127.0.0.1%3A")
	require.Equal(t, "cli: nobody answered in the browser within 1ms\n", stderr.String())
}
