package e2e

import (
	"bufio"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStartAndStop(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"memory", sqlite(t)} {
		t.Run(store[:6], func(t *testing.T) {
			t.Parallel()
			s := start(t, "-store", store)
			s.healthy(t)
			require.Zero(t, s.stop(t), "%s", s.stderr)
			_, err := http.Get(s.URL + "/healthz")
			require.Error(t, err)
			// What follows the first line tells a newcomer what to click.
			require.Contains(t, s.stdout.String(), alice.email)
		})
	}
}

// A request that is under way when the server is asked to end gets its answer.
func TestStopFinishesRequestsInFlight(t *testing.T) {
	t.Parallel()
	s := start(t)
	host := strings.TrimPrefix(s.URL, "http://")
	conn, err := net.Dial("tcp", host)
	require.NoError(t, err)
	defer conn.Close()
	body := "grant_type=authorization_code"
	_, err = conn.Write([]byte("POST /oauth/token HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: " + formType +
		"\r\nExpect: 100-continue\r\nContent-Length: 29\r\n\r\n"))
	require.NoError(t, err)
	in := bufio.NewReader(conn)
	line, err := in.ReadString('\n') // asked for when the handler reads the body: it is running
	require.NoError(t, err)
	require.Contains(t, line, "100")

	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	refused := func() bool { // the listener is closed
		c, err := net.Dial("tcp", host)
		if err == nil {
			c.Close()
		}
		return err != nil
	}
	require.Eventually(t, refused, patience, patience/1000)
	_, err = conn.Write([]byte(body))
	require.NoError(t, err)
	_, err = in.ReadString('\n') // the empty line after 100
	require.NoError(t, err)
	resp, err := http.ReadResponse(in, nil)
	require.NoError(t, err)
	resp.Body.Close()
	require.Contains(t, []int{http.StatusBadRequest, http.StatusUnauthorized}, resp.StatusCode)
	<-s.exited
	require.Zero(t, s.cmd.ProcessState.ExitCode(), "%s", s.stderr)
}

func TestRefusesToStart(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { busy.Close() }) // after the subtests, which run at the same time
	dir := t.TempDir()
	junk := filepath.Join(dir, "junk.db")
	require.NoError(t, os.WriteFile(junk, []byte(strings.Repeat("this is no database ", 100)), 0o600))

	for _, c := range []struct {
		name   string
		args   []string
		status int
		says   string
	}{
		{"unknown flag", []string{"-frobnicate"}, 2, "frobnicate"},
		{"argument", []string{"start"}, 2, "start"},
		{"not a duration", []string{"-code-ttl", "soon"}, 2, "code-ttl"},
		{"unknown store", []string{"-store", "mysql://localhost/x"}, 2, "-store"},
		{"port in use", []string{"-store", "memory", "-addr", busy.Addr().String()}, 1, busy.Addr().String()},
		{"no such folder", []string{"-store", "sqlite:" + filepath.Join(dir, "absent", "x.db"), "-addr", "127.0.0.1:0"}, 1, "absent"},
		{"a folder", []string{"-store", "sqlite:" + dir, "-addr", "127.0.0.1:0"}, 1, dir},
		{"no database", []string{"-store", "sqlite:" + junk, "-addr", "127.0.0.1:0"}, 1, "junk.db"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			status, stdout, stderr := exits(t, c.args...)
			require.Equal(t, c.status, status, "%s", stderr)
			require.NotContains(t, stdout, "listening on")
			require.Contains(t, stderr, c.says)
			require.NotContains(t, stderr, "goroutine ")
			if c.status == 1 {
				require.Equal(t, 1, strings.Count(strings.TrimSpace(stderr), "\n")+1, "one clear line: %s", stderr)
			}
		})
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	dsn := sqlite(t)
	s := start(t, "-store", dsn)
	b := signIn(t, s, alice)
	app := b.register(acme, "Survivor", "confidential", "https://app.example.com/callback")
	tokens := s.tokens(t, b, app, acme)
	require.Zero(t, s.stop(t))

	s = start(t, "-store", dsn)
	require.Equal(t, http.StatusOK, s.whoami(t, tokens.str("access_token")).Status)
	refreshed := s.refresh(t, app, tokens.str("refresh_token"))
	require.Equal(t, http.StatusOK, refreshed.Status, "%s", refreshed.Body)
	b = signIn(t, s, alice)
	require.Equal(t, app.ClientID, b.get(app.path()).byID("client-id"))
	require.Contains(t, b.get(home(acme)).text(), "Survivor")
	require.NotNil(t, grantForm(b, acme, app))
	// The consent is remembered: the client gets its code without a page.
	answer := b.get(s.authorizeURL(app, newVerifier(), "account_id", acme))
	require.NotEmpty(t, answer.redirect().Query().Get("code"))
	require.Zero(t, s.stop(t))

	file := strings.TrimPrefix(dsn, "sqlite:")
	entries, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	require.Greater(t, len(entries), 1, "database and key")
	for _, entry := range entries {
		info, err := entry.Info()
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, "%s is open to others: %s", entry.Name(), info.Mode())
	}
}

func TestMemoryKeepsNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(acme, "Forgotten", "confidential", "https://app.example.com/callback")
	tokens := s.tokens(t, b, app, acme)
	require.Zero(t, s.stop(t))
	s = start(t)
	require.Equal(t, http.StatusUnauthorized, s.whoami(t, tokens.str("access_token")).Status)
}
