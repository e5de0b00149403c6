package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A running is a server started in this process, as main starts it.
type running struct {
	url    string
	stdout string // its first line
	stop   context.CancelFunc
	ended  chan error
}

func startServing(t *testing.T, args ...string) *running {
	t.Helper()
	opts, err := parseOptions(append([]string{"-addr", "127.0.0.1:0"}, args...))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	s := &running{stop: cancel, ended: make(chan error, 1)}
	go func() {
		err := serve(ctx, opts, writer, io.Discard)
		writer.CloseWithError(err)
		s.ended <- err
	}()
	stdout := bufio.NewReader(reader)
	s.stdout, err = stdout.ReadString('\n')
	require.NoError(t, err)
	go io.Copy(io.Discard, stdout)
	s.url = strings.TrimSpace(strings.TrimPrefix(s.stdout, "listening on "))
	return s
}

func (s *running) stopped(t *testing.T) {
	t.Helper()
	s.stop()
	require.NoError(t, <-s.ended)
}

func TestRunRefusals(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer busy.Close()
	dir := t.TempDir()
	open := filepath.Join(dir, "open.key")
	require.NoError(t, os.WriteFile(open, nil, 0o644))

	for _, c := range []struct {
		name   string
		args   []string
		status int
		says   string
	}{
		{"bad flag", []string{"-nope"}, 2, "nope"},
		{"port in use", []string{"-addr", busy.Addr().String(), "-store", "sqlite:" + filepath.Join(dir, "unmade.db")}, 1, busy.Addr().String() + ": stop it, or choose another port with -addr"},
		{"no such folder", []string{"-addr", "127.0.0.1:0", "-store", "sqlite:" + filepath.Join(dir, "none", "a.db")}, 1, "none"},
		{"PostgreSQL", []string{"-addr", "127.0.0.1:0", "-store", "postgres://user:hidden@127.0.0.1:1/db"}, 1, "connection refused"},
		{"key that others can read", []string{"-addr", "127.0.0.1:0", "-store", "memory", "-key-file", open}, 1, "chmod 600"},
		{"root certificates that are none", []string{"-addr", "127.0.0.1:0", "-store", "sqlite:" + filepath.Join(dir, "unmade.db"), "-metadata-ca", open}, 1, "found none"},
		{"root certificates that are not there", []string{"-addr", "127.0.0.1:0", "-store", "memory", "-metadata-ca", filepath.Join(dir, "none.pem")}, 1, "none.pem"},
		{"code lives too long", []string{"-addr", "127.0.0.1:0", "-store", "memory", "-code-ttl", "1h"}, 1, "Lifetimes.Code"},
		{"http that leaves the machine", []string{"-addr", "127.0.0.1:0", "-store", "memory", "-issuer", "http://id.example"}, 1, "Issuer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			require.Equal(t, c.status, run(c.args, &stdout, &stderr))
			require.Empty(t, stdout.String())
			require.Contains(t, stderr.String(), c.says)
			require.NotContains(t, stderr.String(), "hidden")
			require.Equal(t, 1, strings.Count(stderr.String(), "\n"), stderr.String())
		})
	}
	require.NoFileExists(t, filepath.Join(dir, "unmade.db"), "a server started by mistake touches no file")

	var stdout, stderr bytes.Buffer
	require.Zero(t, run([]string{"-help"}, &stdout, &stderr))
	require.Empty(t, stderr.String())
	require.Contains(t, stdout.String(), "-key-file")
}

// A restart with the same files keeps people signed in; the key file is for its
// owner.
func TestRestartKeepsPeopleSignedIn(t *testing.T) {
	database := filepath.Join(t.TempDir(), "demo.db")
	first := startServing(t, "-store", "sqlite:"+database)
	b := (&browser{t: t, url: first.url}).another()
	b.signIn()
	cookie := b.cookie()
	info, err := os.Stat(database + ".key")
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	first.stopped(t)

	second := startServing(t, "-store", "sqlite:"+database)
	defer second.stopped(t)
	again := (&browser{t: t, url: second.url}).another()
	require.Equal(t, http.StatusOK, again.do(http.MethodGet, "/", nil, "Cookie", cookie).StatusCode)
}

// The request that is under way when the server is told to stop is answered.
func TestStopAnswersWhatIsInFlight(t *testing.T) {
	s := startServing(t, "-store", "memory")
	host := strings.TrimPrefix(s.url, "http://")
	conn, err := net.Dial("tcp", host)
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "POST /login HTTP/1.1\r\nHost: "+host+"\r\nContent-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
	require.NoError(t, err)
	in := bufio.NewReader(conn)
	line, err := in.ReadString('\n') // sent when the handler reads the body
	require.NoError(t, err)
	require.Contains(t, line, "100")

	s.stop()
	require.Eventually(t, func() bool {
		another, err := net.Dial("tcp", host)
		if err == nil {
			another.Close()
		}
		return err != nil
	}, waitLimit, waitLimit/1000, "it stops accepting")
	select {
	case err := <-s.ended:
		t.Fatalf("ended with a request in flight: %b", err)
	default:
	}
	_, err = io.WriteString(conn, "a=b")
	require.NoError(t, err)
	_, err = in.ReadString('\n') // the end of 100 Continue
	require.NoError(t, err)
	response, err := http.ReadResponse(in, nil)
	require.NoError(t, err)
	response.Body.Close()
	require.Equal(t, http.StatusForbidden, response.StatusCode)
	require.NoError(t, <-s.ended)
}

// waitLimit bounds what a test waits for, far above what it takes.
const waitLimit = 2 * shutdownLimit

func TestFirstLine(t *testing.T) {
	s := startServing(t, "-store", "memory")
	defer s.stopped(t)
	require.Regexp(t, `^listening on http://127\.0\.0\.1:[1-9][0-9]*\n$`, s.stdout)
	_, err := url.Parse(s.url)
	require.NoError(t, err)
	response, err := http.Get(s.url + "/healthz")
	require.NoError(t, err)
	response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
}
