package sqlite

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// The variable that makes the test binary one of the processes of a test.
const roleVariable = "OAUTHAPPS_SQLITE_TEST_ROLE"

func TestMain(m *testing.M) {
	switch role, path, _ := strings.Cut(os.Getenv(roleVariable), " "); role {
	case "":
		os.Exit(m.Run())
	case "open":
		openOnce(path)
	case "work":
		work(path)
	case "end":
		endAccount(path)
	}
}

func process(t *testing.T, role, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+role+" "+path)
	cmd.Stderr = os.Stderr
	return cmd
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// openOnce waits for its standard input to end, so that many can start at once.
func openOnce(path string) {
	_, err := io.ReadAll(os.Stdin)
	check(err)
	s, err := Open(ctx, path)
	check(err)
	check(s.CreateApplication(ctx, newApplication("owner"), nil, 1000))
	check(s.Close())
}

func TestProcessesMigrateAtOnce(t *testing.T) {
	const processes = 8
	for range 2 {
		path := filepath.Join(t.TempDir(), "oauthapps.db")
		var started []*exec.Cmd
		var gates []io.Closer
		for range processes {
			cmd := process(t, "open", path)
			gate, err := cmd.StdinPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			started, gates = append(started, cmd), append(gates, gate)
		}
		for _, gate := range gates {
			require.NoError(t, gate.Close())
		}
		for _, cmd := range started {
			require.NoError(t, cmd.Wait())
		}
		list, err := openPath(t, path).Applications(ctx, oauthapp.OwnedBy("owner"), oauthapp.Page{})
		require.NoError(t, err)
		require.Len(t, list.Items, processes)
	}
}

// What a session may be, as one word: its live refresh token tells where it is.
const (
	absent = "absent"
	begun  = "begun"
)

func stateOf(s *Store, id uuid.UUID) (string, error) {
	session, err := s.Session(ctx, id)
	switch {
	case err == store.ErrNotFound:
		return absent, nil
	case err != nil:
		return "", err
	case session.Refresh.Digest.IsZero():
		return begun, nil
	}
	return hex.EncodeToString(session.Refresh.Digest[:]), nil
}

// work takes sessions from their beginning to their end until it is killed.
// Before and after each step it prints the state that the session is to reach:
// "try ID STATE", then "ok ID STATE".
func work(path string) {
	s, err := Open(ctx, path)
	check(err)
	var printing sync.Mutex
	step := func(id uuid.UUID, state string, operation func() error) {
		say := func(word string) {
			printing.Lock()
			defer printing.Unlock()
			fmt.Println(word, id, state)
		}
		say("try")
		check(operation())
		say("ok")
	}
	for worker := range 8 {
		go func() {
			app := newApplication("owner")
			check(s.CreateApplication(ctx, app, nil, 1_000_000))
			for round := 0; ; round++ {
				b := sessionStart(app.ID, fmt.Sprint(worker))
				id := b.Session.ID
				step(id, begun, func() error { _, err := s.BeginSession(ctx, b); return err })
				first := redemption(b)
				step(id, hex.EncodeToString(first.Refresh.Digest[:]), func() error { return s.RedeemCode(ctx, first) })
				live := first.Refresh.Digest
				for range round % 3 {
					next := rotation(id, live)
					step(id, hex.EncodeToString(next.Refresh.Digest[:]), func() error { return s.RotateRefreshToken(ctx, next) })
					live = next.Refresh.Digest
				}
				switch round % 7 {
				case 5:
					live := hex.EncodeToString(live[:])
					step(id, absent, func() error {
						_, err := s.SetStanding(ctx, oauthapp.AnyOwner, app.ID, oauthapp.Standing{}, oauthapp.Standing{Suspended: true})
						return err
					})
					step(id, live, func() error {
						_, err := s.SetStanding(ctx, oauthapp.AnyOwner, app.ID, oauthapp.Standing{Suspended: true}, oauthapp.Standing{})
						return err
					})
					step(id, absent, func() error { return s.EndSession(ctx, id) })
				case 6:
					step(id, absent, func() error {
						_, _, err := s.EndGrants(ctx, oauthapp.GrantsOfUser(fmt.Sprint(worker)).ToApplication(app.ID), "", 1000)
						return err
					})
				case 0:
					step(id, absent, func() error { return s.EndSession(ctx, id) })
				case 1:
					step(id, absent, func() error { _, err := s.RevokeTokens(ctx, oauthapp.OwnedBy("owner"), app.ID, 10); return err })
				case 2:
					session, err := s.Session(ctx, id)
					check(err)
					step(id, absent, func() error {
						_, err := s.RevokeGrant(ctx, oauthapp.GrantsToApplication(app.ID), session.GrantID)
						return err
					})
				case 3, 4: // the fifth stays, out of the reach of what comes
					if round%7 == 3 {
						step(id, absent, func() error { _, err := s.DeleteApplication(ctx, oauthapp.OwnedBy("owner"), app.ID, now); return err })
					}
					app = newApplication("owner")
					check(s.CreateApplication(ctx, app, nil, 1_000_000))
				}
			}
		}()
	}
	select {}
}

// A process is killed at random moments: whatever it said that it had done was
// done.
func TestKilledProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "oauthapps.db")
	done := map[string]string{} // by session: the state acknowledged last
	next := map[string]string{} // and the one after it, if that was begun
	for kill := range 5 {
		cmd := process(t, "work", path)
		output, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := 200 + rand.IntN(2000)
		for scanner := bufio.NewScanner(output); scanner.Scan(); lines-- {
			if lines == 0 {
				require.NoError(t, cmd.Process.Kill()) // and read what it said until then
			}
			var word, id, state string
			if n, _ := fmt.Sscan(scanner.Text(), &word, &id, &state); n < 3 || len(state) < len(begun) {
				continue // the line at which it was killed
			}
			next[id] = state
			if word == "ok" {
				done[id] = state
			}
		}
		require.Error(t, cmd.Wait())
		require.LessOrEqual(t, lines, 0, "it ended before it was killed")

		s := openPath(t, path)
		for id, tried := range next {
			state, err := stateOf(s, uuid.MustParse(id))
			require.NoError(t, err)
			acknowledged, ok := done[id]
			if !ok {
				acknowledged = absent
			}
			require.Contains(t, []string{acknowledged, tried}, state, "session %s, after kill %d", id, kill+1)
			done[id], next[id] = state, state
		}
		verdict, err := s.writer.conn.word("PRAGMA integrity_check")
		require.NoError(t, err)
		require.Equal(t, "ok", verdict)
		violations, err := s.writer.conn.number("SELECT count(*) FROM pragma_foreign_key_check")
		require.NoError(t, err)
		require.Zero(t, violations)
		require.NoError(t, s.Close())
	}
	t.Log(len(done), "sessions")
}

// endAccount ends all access to an account until it is killed. After each step
// it prints how many grants it has ended, and waits for a line to go on.
func endAccount(path string) {
	s, err := Open(ctx, path)
	check(err)
	ended, lines := 0, bufio.NewReader(os.Stdin)
	for cursor := ""; ; {
		next, step, err := s.EndGrants(ctx, oauthapp.GrantsForAccount("ended"), cursor, 10)
		check(err)
		ended += step.Grants
		fmt.Println(ended)
		_, err = lines.ReadString('\n')
		check(err)
		if cursor = next; cursor == "" {
			check(s.Close())
			os.Exit(0)
		}
	}
}

// A process that is killed while it ends all access to an account has ended
// what it said. Whoever begins anew ends the rest, and nothing else.
func TestKilledWhileEndingAccess(t *testing.T) {
	const grants = 400
	path := filepath.Join(t.TempDir(), "oauthapps.db")
	s := openPath(t, path)
	app := newApplication("owner")
	require.NoError(t, s.CreateApplication(ctx, app, nil, 10))
	sessions := make([]uuid.UUID, grants+1)
	for i := range sessions {
		b := sessionStart(app.ID, fmt.Sprint("user-", i))
		b.Session.AccountID = "ended"
		if i == grants {
			b.Session.AccountID = "another"
		}
		_, err := s.BeginSession(ctx, b)
		require.NoError(t, err)
		sessions[i] = b.Session.ID
	}
	dead := func() (n int) {
		for _, id := range sessions {
			state, err := stateOf(s, id)
			require.NoError(t, err)
			if state == absent {
				n++
			}
		}
		return n
	}
	acknowledged := 0
	for range 3 {
		require.NoError(t, s.Close())
		cmd := process(t, "end", path)
		output, err := cmd.StdoutPipe()
		require.NoError(t, err)
		goOn, err := cmd.StdinPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		before, lines := acknowledged, 2+rand.IntN(8)
		for scanner := bufio.NewScanner(output); scanner.Scan(); lines-- {
			var n int
			if _, err := fmt.Sscan(scanner.Text(), &n); err == nil {
				acknowledged = before + n
			}
			_, err := fmt.Fprintln(goOn)
			require.True(t, err == nil || lines < 0)
			if lines == 0 { // while it makes the next step
				require.NoError(t, cmd.Process.Kill())
			}
		}
		require.Error(t, cmd.Wait())
		require.Less(t, lines, 0, "it ended before it was killed")
		s = openPath(t, path)
		now := dead()
		require.GreaterOrEqual(t, now, acknowledged)
		acknowledged = now
	}
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: s, Scopes: []string{"read"}})
	require.NoError(t, err)
	ended, err := registry.EndAccess(ctx, oauthapp.GrantsForAccount("ended"), nil)
	require.NoError(t, err)
	require.Equal(t, oauthapp.Ended{Grants: grants - acknowledged}, ended)
	require.Equal(t, grants, dead())
	state, err := stateOf(s, sessions[grants])
	require.NoError(t, err)
	require.Equal(t, begun, state, "of another account")
	again, err := registry.EndAccess(ctx, oauthapp.GrantsForAccount("ended"), nil)
	require.NoError(t, err)
	require.Zero(t, again, "it is safe to repeat")
}
