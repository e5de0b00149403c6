package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

const issuer = "https://provider.example"

// await begins to wait for the answer with the state "expected" and returns the
// callback URL, and what tells the result.
func await(t *testing.T, ctx context.Context) (callback string, result func() (string, error)) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var code string
	done := make(chan struct{})
	go func() {
		defer close(done)
		code, err = awaitCode(ctx, listener, "expected", issuer)
	}()
	return "http://" + listener.Addr().String() + "/callback", func() (string, error) {
		<-done
		return code, err
	}
}

func answer(t *testing.T, callback string, answer url.Values) (status int, text string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(callback + "?" + answer.Encode())
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}

func TestAwaitCode(t *testing.T) {
	callback, result := await(t, t.Context())
	for _, state := range []string{"", "forged", "expecte", "expected "} {
		status, _ := answer(t, callback, url.Values{"state": {state}, "iss": {issuer}, "code": {"theirs"}})
		require.Equal(t, http.StatusBadRequest, status, "and the wait goes on")
	}
	status, text := answer(t, callback, url.Values{"state": {"expected"}, "iss": {issuer}, "code": {"ours"}})
	require.Equal(t, http.StatusOK, status)
	require.NotContains(t, text, "ours")
	code, err := result()
	require.NoError(t, err)
	require.Equal(t, "ours", code)
	_, err = http.Get(callback)
	require.Error(t, err, "nobody listens any more")
}

func TestAwaitCodeRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer url.Values
		says   string
	}{
		{"denied", url.Values{"iss": {issuer}, "error": {"access_denied"}}, "you chose not to"},
		{"error", url.Values{"iss": {issuer}, "error": {"invalid_scope"}, "error_description": {"a\nb"}}, `"invalid_scope": "a\nb"`},
		{"another issuer", url.Values{"iss": {"https://evil.example"}, "code": {"c"}}, "evil.example"},
		{"no issuer", url.Values{"code": {"c"}}, "not from " + issuer},
		{"no code", url.Values{"iss": {issuer}}, "no code"},
	} {
		t.Run(c.name, func(t *testing.T) {
			callback, result := await(t, t.Context())
			c.answer.Set("state", "expected")
			status, _ := answer(t, callback, c.answer)
			require.Equal(t, http.StatusForbidden, status)
			code, err := result()
			require.Empty(t, code)
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestAwaitCodeGivesUp(t *testing.T) {
	interrupted := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, result := await(t, ctx)
	cancel(interrupted)
	_, err := result()
	require.ErrorIs(t, err, interrupted)
}

// The limit on waiting says what happened, in the words that run gives it.
func TestTimeoutHasACause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := withTimeout(t.Context(), time.Minute)
		defer cancel()
		<-ctx.Done()
		require.ErrorContains(t, context.Cause(ctx), "nobody answered in the browser within 1m0s")
	})
}
