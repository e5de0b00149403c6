package postgres

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/sample"
)

// A smallServer is a PostgreSQL server of the test's own, with a database whose
// tables lie on a small disk.
type smallServer struct {
	dsn    string // of the database
	admin  string // of another one
	start  func()
	crash  func()
	filler *os.File
}

func newSmallServer(t *testing.T) *smallServer {
	t.Helper()
	installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is valid
	if path, err := exec.LookPath("initdb"); err == nil && len(installed) == 0 {
		installed = append(installed, path)
	}
	owner, err := user.Lookup("postgres") // PostgreSQL refuses to run as root
	if len(installed) == 0 || err != nil {
		missing(t, "needs the PostgreSQL server's programs and user: apt-get install postgresql")
	}
	dir, err := os.MkdirTemp("", "oauthapps-postgres-") // not t.TempDir, which is closed to other users
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	disk := filepath.Join(dir, "disk")
	require.NoError(t, os.Mkdir(disk, 0o700))
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=32m"); err != nil {
		missing(t, "needs the right to mount a small disk, as root with CAP_SYS_ADMIN: "+err.Error())
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(disk, 0)) })

	uid, err := strconv.Atoi(owner.Uid)
	require.NoError(t, err)
	gid, err := strconv.Atoi(owner.Gid)
	require.NoError(t, err)
	tables := filepath.Join(disk, "tables")
	require.NoError(t, os.Mkdir(tables, 0o700))
	for _, path := range []string{dir, disk, tables} {
		require.NoError(t, os.Chown(path, uid, gid))
	}
	var output synchronized
	command := func(program string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(filepath.Dir(installed[len(installed)-1]), program), args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "LC_ALL=C")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		cmd.Stdout, cmd.Stderr = &output, &output
		return cmd
	}
	data := filepath.Join(dir, "data")
	require.NoError(t, command("initdb", "-A", "trust", "-U", "test", "-E", "UTF8", "--no-sync", "-D", data).Run(), "%s", &output)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().(*net.TCPAddr)
	require.NoError(t, listener.Close())
	small := &smallServer{
		dsn:   fmt.Sprintf("postgres://test@%s/small?sslmode=disable", address),
		admin: fmt.Sprintf("postgres://test@%s/postgres?sslmode=disable", address),
	}
	var server *exec.Cmd
	small.start = func() {
		t.Helper()
		server = command("postgres", "-D", data, "-h", "127.0.0.1", "-p", strconv.Itoa(address.Port), "-k", "")
		require.NoError(t, server.Start())
		require.Eventually(t, func() bool {
			conn, err := pgx.Connect(ctx, small.admin)
			if err == nil {
				conn.Close(ctx)
			}
			return err == nil
		}, 30*time.Second, 10*time.Millisecond, "PostgreSQL answers: %s", &output)
	}
	small.crash = func() {
		_ = server.Process.Signal(syscall.SIGQUIT)
		_ = server.Wait()
	}
	t.Cleanup(func() { // also of one that started and did not answer
		if server != nil && server.Process != nil {
			small.crash()
		}
	})
	small.start()
	conn, err := pgx.Connect(ctx, small.admin)
	require.NoError(t, err)
	defer conn.Close(ctx)
	for _, sql := range []string{
		`CREATE TABLESPACE small LOCATION '` + tables + `'`,
		`CREATE DATABASE small TEMPLATE template0 TABLESPACE small`,
	} {
		_, err := conn.Exec(ctx, sql)
		require.NoError(t, err)
	}
	small.filler, err = os.Create(filepath.Join(disk, "filler"))
	require.NoError(t, err)
	t.Cleanup(func() { small.filler.Close() })
	return small
}

// fill leaves no room on the disk.
func (small *smallServer) fill(t *testing.T) {
	t.Helper()
	var err error
	for err == nil {
		_, err = small.filler.Write(make([]byte, 4096))
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
}

// A writing is a call of an operation that writes.
type writing struct {
	do   func() error
	done func() bool // whether the store has what it writes
}

// The disk that holds the tables is full. Each operation goes on while it finds
// room on their pages, and then fails: it never refuses, nothing is half done,
// and nothing acknowledged is lost, even in a crash. Once there is room, it is
// as if it had not failed.
func TestDiskIsFull(t *testing.T) {
	t.Parallel()
	small := newSmallServer(t)
	s := openDSN(t, small.dsn)
	const many = 300 // rows, far more than there are on a page
	var (
		app               = create(t, s)
		begun             [many]store.SessionStart
		redeemed, revoked [many]store.Redemption // the latter each of an application of its own
		apps              [many]oauthapp.Application
	)
	for i := range many {
		begun[i] = begin(t, s, app.ID, fmt.Sprint("begun-", i))
		_, redeemed[i] = issue(t, s, app.ID, fmt.Sprint("redeemed-", i))
		apps[i] = newApplication("another")
		require.NoError(t, s.CreateApplication(ctx, apps[i], nil, many))
		_, revoked[i] = issue(t, s, apps[i].ID, "user")
	}
	session := func(id uuid.UUID) *store.Session {
		got, err := s.Session(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		require.NoError(t, err)
		return &got
	}
	hasSecret := func(app, id uuid.UUID) bool {
		secrets, err := s.Secrets(ctx, oauthapp.OwnedBy("owner"), app, now)
		if !errors.Is(err, store.ErrNotFound) {
			require.NoError(t, err)
		}
		return slices.ContainsFunc(secrets, func(c oauthapp.Secret) bool { return c.ID == id })
	}
	// Where an operation writes two rows, the one before has used up the room
	// for the second.
	operations := []struct {
		name  string
		fails bool // for certain: a row needs room, another version of one may have it on its page
		call  func(i int) writing
	}{
		{"AddSecret", true, func(int) writing {
			secret := newSecret(app.ID)
			return writing{
				func() error { return s.AddSecret(ctx, oauthapp.OwnedBy("owner"), secret, now.Add(time.Hour), 10*many) },
				func() bool { return hasSecret(app.ID, secret.ID) },
			}
		}},
		{"CreateApplication", true, func(int) writing {
			app := newApplication("owner")
			secret := newSecret(app.ID)
			return writing{
				func() error { return s.CreateApplication(ctx, app, &secret, 10*many) },
				func() bool {
					_, err := s.Application(ctx, oauthapp.OwnedBy("owner"), app.ID)
					require.Equal(t, err == nil, hasSecret(app.ID, secret.ID), "there is no application without its secret")
					return err == nil
				},
			}
		}},
		{"BeginSession of a user who consented before", true, func(i int) writing {
			b := begun[i]
			b.GrantID, b.Session.ID, b.Session.Code.Digest = uuid.Nil, newID(), newDigest()
			return writing{
				func() error { _, err := s.BeginSession(ctx, b); return err },
				func() bool { return session(b.Session.ID) != nil },
			}
		}},
		{"BeginSession", true, func(i int) writing {
			b := sessionStart(app.ID, fmt.Sprint("new-", i))
			return writing{
				func() error { _, err := s.BeginSession(ctx, b); return err },
				func() bool {
					_, err := sample.Grant(ctx, s, app.ID, b.Session.UserID, b.Session.AccountID)
					require.Equal(t, err == nil, session(b.Session.ID) != nil, "there is no grant without its session")
					return err == nil
				},
			}
		}},
		{"RedeemCode", false, func(i int) writing {
			r := redemption(begun[i])
			return writing{
				func() error { return s.RedeemCode(ctx, r) },
				func() bool { return session(r.SessionID).Refresh.Digest == r.Refresh.Digest },
			}
		}},
		{"RotateRefreshToken", false, func(i int) writing {
			r := rotation(redeemed[i].SessionID, redeemed[i].Refresh.Digest)
			return writing{
				func() error { return s.RotateRefreshToken(ctx, r) },
				func() bool { return session(r.SessionID).Refresh.Digest == r.Refresh.Digest },
			}
		}},
		{"RevokeTokens", false, func(i int) writing {
			return writing{
				func() error { _, err := s.RevokeTokens(ctx, oauthapp.OwnedBy("another"), apps[i].ID, 10); return err },
				func() bool { return session(revoked[i].SessionID) == nil },
			}
		}},
	}

	pages := func() (n int64) {
		require.NoError(t, s.pool.QueryRow(ctx, `SELECT pg_relation_size('oauth_grants')`).Scan(&n))
		return n
	}
	for before, i := pages(), 0; pages() == before; i++ { // so that a grant has room
		begin(t, s, app.ID, fmt.Sprint("more-", i))
	}
	small.fill(t)
	var done, failed []writing
	for _, operation := range operations {
		before := len(done)
		var err error
		for i := 0; i < many && err == nil; i++ {
			c := operation.call(i)
			if err = c.do(); err == nil {
				done = append(done, c)
				continue
			}
			require.True(t, isCode(err, "53100"), "%s returned %v", operation.name, err)
			require.False(t, isRefusal(err), operation.name)
			require.NotContains(t, err.Error(), "\n")
			require.False(t, c.done(), operation.name)
			failed = append(failed, c)
		}
		t.Logf("%s happened %d times, then: %v", operation.name, len(done)-before, err)
		require.True(t, err != nil || !operation.fails, "%s needs no room", operation.name)
	}
	holds := func() {
		t.Helper()
		for i, c := range done {
			require.True(t, c.done(), "call %d", i)
		}
		for _, c := range failed {
			require.False(t, c.done())
		}
	}
	holds()
	require.NoError(t, s.EndSession(ctx, revoked[many-1].SessionID), "what makes room needs none")
	_, _, err := s.CleanUp(ctx, now, "", 10)
	require.NoError(t, err)

	require.NoError(t, small.filler.Truncate(0))
	small.crash()
	small.start()
	holds()
	for _, c := range failed {
		require.NoError(t, c.do())
		require.True(t, c.done())
	}
}
