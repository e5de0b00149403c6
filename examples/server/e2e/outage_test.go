//go:build unix

package e2e

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// A load is clients that exchange, rotate, use and revoke tokens of one
// application all the time, through outages, while all tokens of another are
// revoked at once. Whatever an answer says that is no 503 has to be right.
type load struct {
	t        *testing.T
	sweep    *sweep
	answered atomic.Int64 // changes that were acknowledged
	failed   atomic.Int64 // requests that were not answered, or 503
	ended    atomic.Bool
	workers  sync.WaitGroup
	sessions []*session // of all workers, once they have ended
}

// startLoad starts a load by a user who has authorized the application.
func startLoad(t *testing.T, c *cluster, b *browser, app application, patience func() time.Duration) *load {
	const workers = 6
	l := &load{t: t}
	l.sweep = newSweep(t, c, b, patience, l.ended.Load)
	l.workers.Go(func() {
		if err := l.sweep.run(); err != nil {
			t.Error(err)
			l.ended.Store(true)
		}
	})
	var sessions sync.Mutex
	for worker := range workers {
		client := &caller{server: c.server, cookies: b.client.Jar, app: app, answered: &l.answered, patience: patience}
		l.workers.Go(func() {
			for n := worker; !l.ended.Load(); n++ {
				one, err := client.run(n)
				if one != nil {
					sessions.Lock()
					l.sessions = append(l.sessions, one)
					sessions.Unlock()
				}
				switch {
				case errors.Is(err, errGone), errors.Is(err, errUnavailable):
					l.failed.Add(1)
					time.Sleep(time.Duration(1+rand.IntN(5)) * time.Millisecond)
				case err != nil:
					t.Error(err)
					l.ended.Store(true)
				}
			}
		})
	}
	t.Cleanup(l.stop)
	return l
}

func (l *load) stop() {
	l.ended.Store(true)
	l.workers.Wait()
}

// progress waits until so many more changes are acknowledged, and a revocation
// of all tokens.
func (l *load) progress(changes int64) {
	l.t.Helper()
	until, swept := l.answered.Load()+changes, l.sweep.acknowledged.Load()
	l.await("nothing is answered", l.answered.Load, func() bool {
		return l.answered.Load() >= until && l.sweep.acknowledged.Load() > swept
	})
	require.False(l.t, l.ended.Load())
}

// await waits until something is so, however slow the machine is: for as long
// as the load moves on, but for no more than 20,000 requests.
func (l *load) await(failure string, requests func() int64, so func() bool) {
	l.t.Helper()
	for began := requests(); !so() && !l.ended.Load(); {
		last := requests()
		require.Less(l.t, last-began, int64(20_000), failure)
		require.Eventually(l.t, func() bool { return so() || l.ended.Load() || requests() > last }, patience, time.Millisecond, failure)
	}
}

// sweeping waits until a revocation of all tokens is under way, or was a moment
// ago.
func (l *load) sweeping() {
	l.t.Helper()
	for until := time.Now().Add(patience); ; {
		select {
		case <-l.sweep.begun:
			time.Sleep(rand.N(5 * time.Millisecond))
			return
		case <-time.After(10 * time.Millisecond):
			require.False(l.t, l.ended.Load())
			require.True(l.t, time.Now().Before(until), "nobody revokes all tokens")
		}
	}
}

// suffer waits until so many more requests have failed.
func (l *load) suffer(requests int64) {
	l.t.Helper()
	until := l.failed.Load() + requests
	l.await("nothing fails", func() int64 { return l.answered.Load() + l.failed.Load() }, func() bool { return l.failed.Load() >= until })
}

// end ends the load and asserts that everything acknowledged holds.
func (l *load) end(c *cluster) {
	l.t.Helper()
	l.stop()
	counts := map[string]int{}
	for _, one := range l.sessions {
		one.check(l.t, c.server, counts)
	}
	l.t.Logf("%d changes acknowledged, %d requests failed; held: %v", l.answered.Load(), l.failed.Load(), counts)
	for _, kind := range []string{"live", "revoked", "replaced"} {
		require.Positive(l.t, counts[kind], "the load left no %s token", kind)
	}
	l.sweep.check(l.t)
}

// A client has what it needs for one request of each kind.
type client struct {
	cluster      *cluster
	browser      *browser
	app          application
	access       string
	refreshToken string
	code         string
	verifier     string
	button       *form // which revokes all tokens of the application
}

// newClient registers an application, authorizes it, and begins twice: one
// session has tokens, the other an unredeemed code.
func newClient(t *testing.T, c *cluster) *client {
	t.Helper()
	b := signIn(t, c.server, alice)
	app := b.register(acme, "Enduring", "confidential", callback)
	tokens := c.tokens(t, b, app, acme)
	verifier := newVerifier()
	code := b.authorize(c.authorizeURL(app, verifier, "account_id", acme), acme).Query().Get("code")
	button := b.get(app.path("revoke")).form(app.path("revoke"))
	return &client{c, b, app, tokens.str("access_token"), tokens.str("refresh_token"), code, verifier, button}
}

// reads are requests that change nothing, by name.
func (cl *client) reads() map[string]func() answer {
	return map[string]func() answer{
		"whoami": func() answer { return cl.cluster.whoami(cl.browser.t, cl.access) },
		"introspection": func() answer {
			return cl.cluster.post(cl.browser.t, "/oauth/introspect", cl.app.as(url.Values{"token": {cl.access}}))
		},
		"list":    cl.page(home(acme)),
		"page":    cl.page(cl.app.path()),
		"warning": cl.page(cl.app.path("revoke")),
		"consent": cl.page("/oauth/authorize?" + url.Values{"response_type": {"code"}, "client_id": {cl.app.ClientID}, "redirect_uri": {callback}}.Encode()),
	}
}

// writes are requests that change something, by name.
func (cl *client) writes() map[string]func() answer {
	t := cl.browser.t
	return map[string]func() answer{
		"exchange": func() answer { return cl.cluster.exchange(t, cl.app, cl.code, cl.verifier) },
		"refresh":  func() answer { return cl.cluster.refresh(t, cl.app, cl.refreshToken) },
		"revocation": func() answer {
			return cl.cluster.post(t, "/oauth/revoke", cl.app.as(url.Values{"token": {cl.refreshToken}}))
		},
		"remembered consent": cl.page("/oauth/authorize?" + url.Values{"response_type": {"code"}, "client_id": {cl.app.ClientID},
			"redirect_uri": {callback}, "account_id": {acme}}.Encode()),
		"revocation of all tokens": func() answer { return cl.button.submit().answer() },
	}
}

func (cl *client) page(path string) func() answer {
	return func() answer { return cl.browser.get(path).answer() }
}

func (p *page) answer() answer { return answer{Status: p.Status, Header: p.Header, Body: p.Body} }

func requireUnavailable(t *testing.T, requests map[string]func() answer) {
	t.Helper()
	for name, request := range requests {
		require.NoError(t, request().checkUnavailable(), name)
	}
}

func requireOK(t *testing.T, requests map[string]func() answer) {
	t.Helper()
	for name, request := range requests {
		a := request()
		require.Equal(t, http.StatusOK, a.Status, "%s: %s", name, a.Body)
	}
}

// works asserts that everything works and nothing of the client was used up.
func (cl *client) works(t *testing.T) {
	t.Helper()
	requireOK(t, cl.reads())
	require.True(t, cl.cluster.introspect(t, cl.app, cl.access))
	a := cl.cluster.exchange(t, cl.app, cl.code, cl.verifier)
	require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
	a = cl.cluster.refresh(t, cl.app, cl.refreshToken)
	require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
}

// PostgreSQL is stopped and started under load, in good order and as in a
// crash. The nodes stay up, say so meanwhile, and go on by themselves.
func TestPostgresRestarts(t *testing.T) {
	t.Parallel()
	pg := newPostgres(t)
	c := startCluster(t, makeDatabase(t, pg.URL, "").dsn())
	cl := newClient(t, c)
	l := startLoad(t, c, cl.browser, cl.app, nil)
	for _, how := range []syscall.Signal{stopFast, stopImmediate} {
		l.progress(100)
		l.sweeping()
		pg.stop(how)
		l.suffer(20)
		requireUnavailable(t, cl.reads())
		requireUnavailable(t, cl.writes())
		for _, node := range c.nodes {
			node.unhealthy(t)
		}
		pg.start(t)
		for _, node := range c.nodes {
			node.recovers(t)
		}
	}
	l.progress(100)
	l.end(c)
	cl.works(t)
}

// Connections are ended at random under load.
func TestConnectionsKilled(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	c := startCluster(t, db.dsn())
	cl := newClient(t, c)
	l := startLoad(t, c, cl.browser, cl.app, nil)
	outside := db.outside(t)
	for range 10 {
		l.progress(20)
		l.sweeping()
		db.hangUp(t, outside, 8)
	}
	l.progress(50)
	l.end(c)
	cl.works(t)
}

// A node is killed under load, and the others do its work until there is a new
// one.
func TestNodeKilled(t *testing.T) {
	t.Parallel()
	c := startCluster(t, newDatabase(t).dsn())
	cl := newClient(t, c)
	l := startLoad(t, c, cl.browser, cl.app, nil)
	for i := range c.nodes {
		l.progress(50)
		l.sweeping()
		c.nodes[i].kill()
		l.progress(50)
		c.replace(t, i)
	}
	l.end(c)
	cl.works(t)
}

// Clients hang up under load, at any moment. What they asked for happens as a
// whole or not at all, and costs the nodes no connection to the database.
func TestClientsHangUp(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	c := startCluster(t, db.dsn("pool_max_conns", "2"))
	cl := newClient(t, c)
	conn := db.connect(t)
	connections := func() []uint32 {
		rows, err := conn.Query(t.Context(), `SELECT pid FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid() AND backend_type = 'client backend'`, db.name)
		require.NoError(t, err)
		pids, err := pgx.CollectRows(rows, pgx.RowTo[uint32])
		require.NoError(t, err)
		return pids
	}
	l := startLoad(t, c, cl.browser, cl.app, func() time.Duration {
		if rand.IntN(4) > 0 {
			return patience
		}
		return time.Duration(rand.IntN(10_000)) * time.Microsecond
	})
	l.progress(50)
	before := connections()
	l.suffer(100)
	l.progress(50)
	l.end(c)
	require.Subset(t, connections(), before, "connections were lost")
	for _, node := range c.nodes {
		require.NotContains(t, node.stderr.String(), `"level":"ERROR"`, "nothing is broken")
	}
	cl.works(t)
}

// A client that hangs up while the database is slow does not leave half of a
// redemption.
func TestClientHangsUpMidway(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	c := startCluster(t, db.dsn())
	cl := newClient(t, c)
	conn := db.connect(t)
	slow, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = slow.Exec(t.Context(), `SELECT FROM oauth_sessions FOR UPDATE`) // reads go on
	require.NoError(t, err)

	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	gone := make(chan error, 1)
	go func() {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.nodes[0].URL+"/oauth/token", formBody(cl.app.as(redemption(cl.app, cl.code, cl.verifier))))
		if err == nil {
			req.Header.Set("Content-Type", formType)
			_, err = send(req)
		}
		gone <- err
	}()
	watch := db.connect(t)
	require.Eventually(t, func() bool {
		var waiting bool
		err := watch.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock')`, db.name).Scan(&waiting)
		return err == nil && waiting
	}, patience, time.Millisecond, "the redemption waits")
	hangUp()
	require.ErrorIs(t, <-gone, context.Canceled)
	require.NoError(t, slow.Commit(t.Context()))

	// It was finished, so the code is used up, and the client that lost the
	// answer asks the user again.
	require.Eventually(t, func() bool {
		var all bool
		err := watch.QueryRow(t.Context(), `SELECT bool_and(code_redeemed_at IS NOT NULL) FROM oauth_sessions`).Scan(&all)
		return err == nil && all
	}, patience, time.Millisecond)
	require.Equal(t, "invalid_grant", c.exchange(t, cl.app, cl.code, cl.verifier).str("error"))
	require.Equal(t, http.StatusOK, c.whoami(t, cl.access).Status)
}

// All tokens are revoked while the database is slow, and nobody hears what came
// of it. It happened as a whole or not at all: to which of both is known here,
// from where it was cut off.
func TestRevocationUnanswered(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	c := startCluster(t, db.dsn())
	s := newSweep(t, c, signIn(t, c.server, alice), nil, func() bool { return true })
	conn, watch := db.connect(t), db.connect(t)
	refused := func(token string) func() bool {
		return func() bool { return c.nodes[1].whoami(t, token).Status == http.StatusUnauthorized }
	}
	for _, cut := range []struct {
		name     string
		err      error
		happened bool
		off      func(sub *testing.T, hangUp, goOn func(), happened func() bool)
	}{
		{"connection ended", errUnavailable, false, func(sub *testing.T, _, _ func(), _ func() bool) {
			execSQL(sub, db.server, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'`, db.name)
		}},
		{"node killed", errGone, true, func(sub *testing.T, _, goOn func(), happened func() bool) {
			stop(sub, c.nodes[0].cmd.Process) // so that it cannot answer
			goOn()
			require.Eventually(sub, happened, patience, time.Millisecond)
			c.nodes[0].kill()
			c.replace(t, 0) // for the cases after this one, too
		}},
		{"client gone", errGone, true, func(sub *testing.T, hangUp, goOn func(), happened func() bool) {
			hangUp()
			time.Sleep(100 * time.Millisecond) // in which the node learns of it
			goOn()
			require.Eventually(sub, happened, patience, time.Millisecond)
		}},
	} {
		t.Run(cut.name, func(t *testing.T) {
			issued := s.tokens(t)
			slow, err := conn.Begin(t.Context())
			require.NoError(t, err)
			_, err = slow.Exec(t.Context(), `SELECT FROM oauth_applications WHERE client_id = $1 FOR UPDATE`, s.app.ClientID) // reads go on
			require.NoError(t, err)

			ctx, hangUp := context.WithCancel(t.Context())
			defer hangUp()
			answered := make(chan error, 1)
			owner := *s.users[0]
			owner.server = c.nodes[0]
			go func() {
				_, err := owner.submitWith(ctx, s.app.path("revoke"), s.button)
				answered <- err
			}()
			require.Eventually(t, func() bool {
				var waiting bool
				err := watch.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock')`, db.name).Scan(&waiting)
				return err == nil && waiting
			}, patience, time.Millisecond, "the revocation waits")
			s.requireAccepted(t, issued, issued)
			cut.off(t, hangUp, func() { require.NoError(t, slow.Commit(t.Context())) }, refused(issued[0].access))
			require.ErrorIs(t, <-answered, cut.err)
			_ = slow.Rollback(t.Context()) // unless it is over
			if cut.happened {
				s.requireAccepted(t, issued, nil)
			} else {
				s.requireAccepted(t, issued, issued)
			}
			s.again(t)
		})
	}
}

// stop has a process stand still, all of its threads: some may go on for a
// moment after the signal was sent.
func stop(t *testing.T, process *os.Process) {
	t.Helper()
	require.NoError(t, process.Signal(syscall.SIGSTOP))
	for {
		var status syscall.WaitStatus
		_, err := syscall.Wait4(process.Pid, &status, syscall.WUNTRACED, nil)
		if err != syscall.EINTR {
			require.NoError(t, err)
			require.True(t, status.Stopped())
			return
		}
	}
}

// The database answers nothing, and the few connections that a node may have
// all wait for it. So do requests, but not for ever, and nothing of them
// happens later.
func TestDatabaseHangs(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	c := startCluster(t, db.dsn("pool_max_conns", "2"))
	cl := newClient(t, c)
	tx, err := db.connect(t).Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `LOCK TABLE oauth_sessions, oauth_applications`)
	require.NoError(t, err)

	// Five for each connection.
	const callers = size * 2 * 5
	began := time.Now()
	answers := make(chan error, callers+1)
	for i := range callers {
		go func() {
			fields := redemption(cl.app, cl.code, cl.verifier)
			if i%2 == 0 {
				fields = url.Values{"grant_type": {"refresh_token"}, "refresh_token": {cl.refreshToken}}
			}
			req, err := http.NewRequest(http.MethodPost, c.URL+"/oauth/token", formBody(cl.app.as(fields)))
			if err != nil {
				answers <- err
				return
			}
			req.Header.Set("Content-Type", formType)
			a, err := send(req)
			answers <- errors.Join(err, a.checkUnavailable())
		}()
	}
	go func() {
		owner := &caller{server: c.server, cookies: cl.browser.client.Jar}
		_, err := owner.submit(cl.button.action.Path, cl.button.fields)
		if errors.Is(err, errUnavailable) {
			err = nil
		} else if err == nil {
			err = errors.New("a revocation of all tokens was acknowledged")
		}
		answers <- err
	}()
	require.NoError(t, cl.reads()["whoami"]().checkUnavailable())
	for range callers + 1 {
		require.NoError(t, <-answers)
	}
	require.Less(t, time.Since(began), 25*time.Second)
	require.NoError(t, tx.Commit(t.Context()))
	cl.works(t)
}

// A database that can only be read, as after a failover to a standby: what
// reads works, what writes is an outage.
func TestDatabaseReadOnly(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	c := startCluster(t, db.dsn())
	cl := newClient(t, c)
	l := startLoad(t, c, cl.browser, cl.app, nil)
	l.progress(50)
	execSQL(t, db.server, "ALTER DATABASE "+db.name+" SET default_transaction_read_only = on")
	db.hangUp(t, db.outside(t), 1000)
	l.suffer(20)
	requireOK(t, cl.reads())
	require.True(t, c.introspect(t, cl.app, cl.access))
	requireUnavailable(t, cl.writes())

	execSQL(t, db.server, "ALTER DATABASE "+db.name+" RESET default_transaction_read_only")
	db.hangUp(t, db.outside(t), 1000)
	l.progress(50)
	l.end(c)
	cl.works(t)
}
