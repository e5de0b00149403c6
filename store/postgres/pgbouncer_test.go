package postgres

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/store/storetest"
)

// Everything holds where each transaction may get another connection of
// PostgreSQL's, of which there are fewer than callers, nothing is prepared, and
// times come as texts of another time zone. Sessions of PgBouncer cannot name a
// schema, so the stores have a database of their own.
func TestStoreBehindPgBouncer(t *testing.T) {
	t.Parallel()
	name := "oauthapps_test_" + strings.ToLower(rand.Text())
	admin(t, `CREATE DATABASE `+name+` ENCODING 'UTF8' TEMPLATE template0`)
	t.Cleanup(func() { admin(t, `DROP DATABASE `+name+` WITH (FORCE)`) })
	admin(t, `ALTER DATABASE `+name+` SET synchronous_commit = off`)
	dsn := startPgBouncer(t) + "/" + name + "?pool_max_conns=10&default_query_exec_mode=exec&timezone=America/New_York"
	storetest.Run(t, harnessIn(dsn))
}

// startPgBouncer starts PgBouncer in its transaction mode, in front of the
// server to test, and returns the beginning of connection strings for it.
func startPgBouncer(t *testing.T) string {
	t.Helper()
	backend, err := pgx.ParseConfig(server(t))
	require.NoError(t, err)
	path, err := exec.LookPath("pgbouncer")
	if err != nil {
		if path, err = exec.LookPath("/usr/sbin/pgbouncer"); err != nil {
			missing(t, "needs PgBouncer: apt-get install pgbouncer")
		}
	}
	dir, err := os.MkdirTemp("", "pgbouncer") // t.TempDir is closed to other users
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().(*net.TCPAddr)
	require.NoError(t, listener.Close())

	users := filepath.Join(dir, "users.txt")
	require.NoError(t, os.WriteFile(users, fmt.Appendf(nil, "%q %q\n", backend.User, backend.Password), 0o644))
	config := filepath.Join(dir, "pgbouncer.ini")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `[databases]
* = host=%s port=%d
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = trust
auth_file = %s
pool_mode = transaction
default_pool_size = 3
max_client_conn = 1000
`, backend.Host, backend.Port, address.Port, users), 0o644))

	args := []string{"-q", config}
	if os.Getuid() == 0 {
		args = append([]string{"-u", "nobody"}, args...) // it refuses to run as root
	}
	var output synchronized
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = &output, &output
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	bouncer := fmt.Sprintf("postgres://%s@%s", backend.User, address)
	require.Eventually(t, func() bool {
		pool, err := pgxpool.New(ctx, bouncer+"/"+backend.Database+"?default_query_exec_mode=exec")
		if err != nil {
			return false
		}
		defer pool.Close()
		return pool.Ping(ctx) == nil
	}, 10*time.Second, 20*time.Millisecond, "PgBouncer answers: %s", &output)
	return bouncer
}

// synchronized is a buffer that can be read while it is written.
type synchronized struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (s *synchronized) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buffer.Write(b)
}

func (s *synchronized) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buffer.String()
}
