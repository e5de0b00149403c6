//go:build unix

package e2e

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// A database is an empty PostgreSQL database, made for one test.
type database struct {
	server string // URL of the database that it was made from
	name   string
}

// newDatabase makes a database on the PostgreSQL server that the environment
// names. It is dropped after the test.
func newDatabase(t *testing.T) database {
	t.Helper()
	server := os.Getenv("OAUTHAPPS_TEST_POSTGRES")
	if server == "" {
		missing(t, "a PostgreSQL server", "OAUTHAPPS_TEST_POSTGRES=postgres://user@host/database, with the right to make databases")
	}
	return makeDatabase(t, server, "")
}

func makeDatabase(t *testing.T, server, clauses string) database {
	t.Helper()
	db := database{server: server, name: "oauthapps_test_" + strings.ToLower(rand.Text())}
	execSQL(t, server, "CREATE DATABASE "+db.name+" TEMPLATE template0 ENCODING 'UTF8' "+clauses)
	t.Cleanup(func() { execSQL(t, server, "DROP DATABASE "+db.name+" WITH (FORCE)") })
	return db
}

// dsn is the connection string, with settings given as names and values.
func (db database) dsn(settings ...string) string {
	u, err := url.Parse(db.server)
	if err != nil {
		panic("OAUTHAPPS_TEST_POSTGRES is no URL")
	}
	u.Path = "/" + db.name
	query := u.Query()
	for i := 0; i < len(settings); i += 2 {
		query.Set(settings[i], settings[i+1])
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// connect opens a connection of the test's own.
func (db database) connect(t *testing.T) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.dsn())
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// outside opens a connection to the server that is none to the database.
func (db database) outside(t *testing.T) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.server)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// hangUp ends up to n connections to the database at random, from outside of
// it.
func (db database) hangUp(t *testing.T, outside *pgx.Conn, n int) {
	t.Helper()
	var ended int
	err := outside.QueryRow(t.Context(), `SELECT count(pg_terminate_backend(pid)) FROM
		(SELECT pid FROM pg_stat_activity WHERE datname = $1 ORDER BY random() LIMIT $2) chosen`, db.name, n).Scan(&ended)
	require.NoError(t, err)
	require.Positive(t, ended)
}

func execSQL(t *testing.T, dsn, sql string, args ...any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience) // t.Context has ended in a Cleanup
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql, args...)
	require.NoError(t, err)
}

// A postgres is a PostgreSQL server of the test's own, which it may stop and
// start.
type postgres struct {
	URL      string // of its first database
	programs string
	data     string // folder
	port     string
	owner    *syscall.Credential // who runs it, where that is not the one who runs the test
	cmd      *exec.Cmd
	exited   chan struct{}
}

// newPostgres starts a PostgreSQL server, made with more options of initdb,
// which is stopped and removed after the test.
func newPostgres(t *testing.T, options ...string) *postgres {
	t.Helper()
	pg := &postgres{}
	installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is valid
	if path, err := exec.LookPath("initdb"); err == nil && len(installed) == 0 {
		installed = append(installed, path)
	}
	if len(installed) == 0 {
		missing(t, "the PostgreSQL server's program", "on Debian, apt-get install postgresql")
	}
	pg.programs = filepath.Dir(installed[len(installed)-1])
	dir, err := os.MkdirTemp("", "oauthapps-postgres-") // not t.TempDir, which is closed to others
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	if os.Getuid() == 0 { // as whom PostgreSQL refuses to run
		pg.owner = credentialOf(t, "postgres")
		require.NoError(t, os.Chown(dir, int(pg.owner.Uid), int(pg.owner.Gid)))
	}
	pg.data = filepath.Join(dir, "data")
	options = append([]string{"-A", "trust", "-U", "test", "-E", "UTF8", "--no-sync", "-D", pg.data}, options...)
	out, err := pg.command("initdb", options...).CombinedOutput()
	require.NoError(t, err, "%s", out)

	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, pg.port, err = net.SplitHostPort(free.Addr().String())
	require.NoError(t, err)
	require.NoError(t, free.Close())
	pg.URL = "postgres://test@127.0.0.1:" + pg.port + "/postgres?sslmode=disable"
	pg.start(t)
	t.Cleanup(func() { pg.stop(syscall.SIGQUIT) })
	return pg
}

func credentialOf(t *testing.T, name string) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup(name)
	if err != nil {
		missing(t, "the user "+name, "PostgreSQL does not run as root")
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	require.NoError(t, err)
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	require.NoError(t, err)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func (pg *postgres) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(pg.programs, program), args...)
	cmd.Dir = filepath.Dir(pg.data)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: pg.owner}
	return cmd
}

// start starts the server and waits until it answers.
func (pg *postgres) start(t *testing.T) {
	t.Helper()
	log := newOutput()
	pg.cmd = pg.command("postgres", "-D", pg.data, "-h", "127.0.0.1", "-p", pg.port, "-k", "")
	pg.cmd.Stderr = log
	require.NoError(t, pg.cmd.Start())
	exited := make(chan struct{})
	pg.exited = exited
	go func() {
		_ = pg.cmd.Wait() // by a signal
		close(exited)
	}()
	require.Eventually(t, func() bool {
		conn, err := pgx.Connect(t.Context(), pg.URL)
		if err == nil {
			conn.Close(t.Context())
		}
		return err == nil
	}, patience, 10*time.Millisecond, "PostgreSQL does not answer: %s", log)
}

// The ways to stop a PostgreSQL server.
const (
	stopFast      = syscall.SIGINT  // ends every transaction and connection
	stopImmediate = syscall.SIGQUIT // as a crash
)

// stop stops the server and waits for its end.
func (pg *postgres) stop(how syscall.Signal) {
	if err := pg.cmd.Process.Signal(how); err != nil && !errors.Is(err, os.ErrProcessDone) {
		panic(fmt.Sprintf("stopping PostgreSQL: %v", err))
	}
	<-pg.exited
}
