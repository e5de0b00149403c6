package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// patience bounds every wait: far longer than any needs, so that a test fails
// only on a machine that hangs.
const patience = 60 * time.Second

const (
	scimToken    = "token-of-the-directory"
	metricsToken = "token-of-prometheus"
)

// missing ends a test that lacks a part of the machine: it skips, or fails in a
// full run. supply says how to get the part.
func missing(t *testing.T, part, supply string) {
	t.Helper()
	if os.Getenv("OAUTHAPPS_TEST_FULL") == "1" {
		t.Fatalf("%s is missing, and OAUTHAPPS_TEST_FULL=1 asks for it: %s", part, supply)
	}
	t.Skipf("%s is missing: %s", part, supply)
}

// A host is the program, running on a database of its own.
type host struct {
	URL       string
	passwords map[string]string // by e-mail address
	database  *pgx.Conn
	settings  []string // its environment
	cmd       *exec.Cmd
	exited    chan struct{} // closed when it has ended
}

// program is the path of the program, built once for all tests.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "oauthapps-host-")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "host")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		panic(string(out))
	}
	status := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

// start starts the program, with more settings of its environment.
func start(t *testing.T, settings ...string) *host {
	t.Helper()
	server := os.Getenv("OAUTHAPPS_TEST_POSTGRES")
	if server == "" {
		missing(t, "a PostgreSQL server", "OAUTHAPPS_TEST_POSTGRES=postgres://user@host/database, with the right to make databases")
	}
	dsn := newDatabase(t, server)
	h := &host{passwords: map[string]string{}, settings: append(settings, "DATABASE_URL="+dsn, "ADDR=127.0.0.1:0",
		"SCIM_TOKEN="+scimToken, "METRICS_TOKEN="+metricsToken, "FORM_KEY="+hex.EncodeToString([]byte(rand.Text()+rand.Text())))}
	h.launch(t)
	require.Len(t, h.passwords, 5)
	var err error
	h.database, err = pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { h.database.Close(context.Background()) })
	return h
}

// launch starts the program, once more after it has ended, and waits until it
// listens.
func (h *host) launch(t *testing.T) {
	t.Helper()
	h.URL, h.exited = "", make(chan struct{})
	h.cmd = exec.Command(program, "-seed")
	h.cmd.Env = append(os.Environ(), h.settings...)
	h.cmd.Stderr = t.Output()
	stdout, err := h.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, h.cmd.Start())
	t.Cleanup(h.kill)
	hangs := time.AfterFunc(patience, func() { _ = h.cmd.Process.Kill() })
	for lines := bufio.NewScanner(stdout); h.URL == "" && lines.Scan(); {
		if m := regexp.MustCompile(`^(\S+@\S+) (\S+) `).FindStringSubmatch(lines.Text()); m != nil {
			h.passwords[m[1]] = m[2]
		} else {
			h.URL = strings.TrimPrefix(lines.Text(), "listening on ")
		}
	}
	hangs.Stop()
	cmd, exited := h.cmd, h.exited
	go func() { _ = cmd.Wait(); close(exited) }()
	require.NotEmpty(t, h.URL, "it does not listen")
}

// kill ends the program at once, as a power cut would.
func (h *host) kill() {
	_ = h.cmd.Process.Kill() // it may have ended
	<-h.exited
}

// stop asks the program to end, and returns its exit status.
func (h *host) stop(t *testing.T) int {
	t.Helper()
	require.NoError(t, h.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-h.exited:
	case <-time.After(patience):
		t.Fatal("the program did not end after SIGTERM")
	}
	return h.cmd.ProcessState.ExitCode()
}

// newDatabase makes an empty database, which is dropped after the test.
func newDatabase(t *testing.T, server string) (dsn string) {
	t.Helper()
	name := "oauthapps_test_" + strings.ToLower(rand.Text())
	execute := func(sql string) {
		conn, err := pgx.Connect(context.Background(), server)
		require.NoError(t, err)
		defer conn.Close(context.Background())
		_, err = conn.Exec(context.Background(), sql)
		require.NoError(t, err)
	}
	execute("CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'UTF8'")
	t.Cleanup(func() { execute("DROP DATABASE " + name + " WITH (FORCE)") })
	u, err := url.Parse(server)
	require.NoError(t, err)
	u.Path = "/" + name
	return u.String()
}

// one reads one value of the database as text.
func (h *host) one(t *testing.T, sql string, args ...any) string {
	t.Helper()
	var value any
	require.NoError(t, h.database.QueryRow(t.Context(), sql, args...).Scan(&value), sql)
	return fmt.Sprint(value)
}

func (h *host) userID(t *testing.T, email string) string {
	return h.one(t, "SELECT id FROM taskboard.users WHERE email = $1", email)
}

// applications is the path of the OAuth applications of a team.
func (h *host) applications(t *testing.T, team string) string {
	return "/accounts/" + h.one(t, "SELECT id FROM taskboard.teams WHERE name = $1", team) + "/oauth_applications"
}

// metrics is what Prometheus reads.
func (h *host) metrics(t *testing.T) string {
	req, err := http.NewRequestWithContext(t.Context(), "GET", h.URL+"/metrics", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+metricsToken)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}

// send sends a request with a bearer token, and returns the status.
func (h *host) send(t *testing.T, method, path, token, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, h.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	resp.Body.Close()
	return resp.StatusCode
}
