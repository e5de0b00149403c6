package e2e

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience bounds every wait for the server or a client: far longer than any
// needs, so that a test fails only on a machine that hangs.
const patience = 30 * time.Second

// A server is one running demo server.
type server struct {
	URL    string // its issuer, http://127.0.0.1:PORT
	cmd    *exec.Cmd
	exited chan struct{} // closed when the process has ended and both outputs are complete
	stdout *output
	stderr *output
}

// start starts the demo server on a free port and waits until it listens. With
// no -store among the arguments it keeps everything in memory. It is killed at
// the end of the test if it still runs.
func start(t *testing.T, args ...string) *server {
	t.Helper()
	if !slices.Contains(args, "-store") {
		args = append([]string{"-store", "memory"}, args...)
	}
	return launch(t, "server", append([]string{"-addr", "127.0.0.1:0"}, args...)...)
}

// launch starts an example program that listens, and waits until it does.
func launch(t *testing.T, name string, args ...string) *server {
	t.Helper()
	s := spawn(t, name, args...)
	s.await(t)
	return s
}

// spawn starts an example program and does not wait.
func spawn(t *testing.T, name string, args ...string) *server {
	t.Helper()
	s := &server{exited: make(chan struct{}), stdout: newOutput(), stderr: newOutput()}
	s.cmd = exec.Command(program(name), args...)
	s.cmd.Dir = t.TempDir()
	s.cmd.Stdout, s.cmd.Stderr = s.stdout, s.stderr
	require.NoError(t, s.cmd.Start())
	go func() {
		_ = s.cmd.Wait() // the state is read from the command
		close(s.exited)
	}()
	t.Cleanup(s.kill)
	return s
}

// await waits until the program listens, and learns where.
func (s *server) await(t *testing.T) {
	t.Helper()
	name := filepath.Base(s.cmd.Path)
	select {
	case <-s.stdout.firstLine:
	case <-s.exited:
		t.Fatalf("%s ended with %s:\n%s", name, s.cmd.ProcessState, s.stderr)
	case <-time.After(patience):
		t.Fatalf("%s printed no line in %s", name, patience)
	}
	line, _, _ := strings.Cut(s.stdout.String(), "\n")
	url, found := strings.CutPrefix(line, "listening on ")
	require.True(t, found, "first line: %q", line)
	require.Regexp(t, `^http://127\.0\.0\.1:[1-9][0-9]*$`, url)
	s.URL = url
}

// sqlite is the argument for a new SQLite file of the test.
func sqlite(t *testing.T) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "oauthapps.db")
}

// kill ends the server at once, as a power cut would for everything but the
// operating system, and waits for its end.
func (s *server) kill() {
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.exited
}

// stop asks the server to end and returns its exit status.
func (s *server) stop(t *testing.T) int {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-s.exited:
	case <-time.After(patience):
		t.Fatal("the server did not end after SIGTERM")
	}
	return s.cmd.ProcessState.ExitCode()
}

// exits runs the demo server with arguments that make it end by itself.
func exits(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, program("server"), args...)
	cmd.Dir = t.TempDir()
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	require.NoError(t, ctx.Err(), "the server went on running")
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// healthy asserts that the server answers; it does not wait for that, because a
// server that has printed its first line serves.
func (s *server) healthy(t *testing.T) {
	t.Helper()
	require.Equal(t, http.StatusOK, s.health(t))
}

// unhealthy asserts that the server answers, and says that its store cannot be
// written.
func (s *server) unhealthy(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return s.health(t) == http.StatusServiceUnavailable }, patience, patience/100)
}

// recovers waits until the server says that its store can be written.
func (s *server) recovers(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return s.health(t) == http.StatusOK }, patience, patience/100)
}

func (s *server) health(t *testing.T) int {
	t.Helper()
	resp, err := http.Get(s.URL + "/healthz")
	require.NoError(t, err)
	defer resp.Body.Close()
	return resp.StatusCode
}

// An output collects what a program prints. It is safe for concurrent use.
type output struct {
	firstLine chan struct{} // closed once there is a whole line

	mu   sync.Mutex
	text bytes.Buffer
	line bool
}

func newOutput() *output { return &output{firstLine: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	if !o.line && bytes.IndexByte(p, '\n') >= 0 {
		o.line = true
		close(o.firstLine)
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
