//go:build linux

package postgres

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// BenchmarkCost reports what one call costs each side in CPU: cpu-ns/op is this
// process, db-cpu-ns/op the processes of PostgreSQL that served it or wrote its
// log, where they run on this machine. An exchange is what the token endpoint
// asks for a code, a refresh what it asks for a refresh token: two calls each.
// With many callers, most wait for a connection.
func BenchmarkCost(b *testing.B) {
	for _, size := range []int{4, 10, 32} {
		for _, callers := range []int{1, 16, 256} {
			c := &cost{callers: callers, name: "oauthapps_test_" + newID().String()}
			b.Run(fmt.Sprintf("connections=%d/callers=%d", size, callers), func(b *testing.B) {
				c.Store = openDSN(b, with(newSchema(b), "application_name", c.name, "pool_max_conns", strconv.Itoa(size)))
				c.app = create(b, c.Store)
				b.Run("Session", c.benchmarkSession)
				b.Run("Client", c.benchmarkClient)
				b.Run("Begin", c.benchmarkBegin)
				b.Run("Exchange", c.benchmarkExchange)
				b.Run("Refresh", c.benchmarkRefresh)
			})
		}
	}
}

type cost struct {
	*Store
	app     oauthapp.Application
	callers int
	name    string // of the connections
}

func (c *cost) benchmarkSession(b *testing.B) {
	session, _ := issue(b, c.Store, c.app.ID, "user")
	c.measure(b, func(int) error {
		_, err := c.Session(ctx, session.Session.ID)
		return err
	})
}

func (c *cost) benchmarkClient(b *testing.B) {
	session, _ := issue(b, c.Store, c.app.ID, "user")
	c.measure(b, func(int) error {
		_, err := c.Client(ctx, c.app.ClientID, session.Session.ID, now)
		return err
	})
}

func (c *cost) benchmarkBegin(b *testing.B) {
	begun := c.again(b)
	c.measure(b, func(i int) error {
		_, err := c.BeginSession(ctx, begun[i])
		return err
	})
}

// again returns sessions to begin, of a user who consented before.
func (c *cost) again(b *testing.B) []store.SessionStart {
	begin(b, c.Store, c.app.ID, "user")
	sessions := make([]store.SessionStart, b.N)
	for i := range sessions {
		sessions[i] = sessionStart(c.app.ID, "user")
		sessions[i].GrantID = [16]byte{}
	}
	return sessions
}

func (c *cost) benchmarkExchange(b *testing.B) {
	begun := c.again(b)
	redemptions := make([]store.Redemption, b.N)
	inParallel(b.N, func(i int) {
		redemptions[i] = redemption(begun[i])
		if _, err := c.BeginSession(ctx, begun[i]); err != nil {
			b.Error(err)
		}
	})
	c.measure(b, func(i int) error {
		if _, err := c.Client(ctx, c.app.ClientID, redemptions[i].SessionID, now); err != nil {
			return err
		}
		return c.RedeemCode(ctx, redemptions[i])
	})
}

func (c *cost) benchmarkRefresh(b *testing.B) {
	held := make([]store.Redemption, 4096)
	inParallel(len(held), func(i int) { _, held[i] = issue(b, c.Store, c.app.ID, "user") })
	c.measure(b, func(i int) error {
		h := &held[i%len(held)] // 256 divides it, so each is one caller's
		if _, err := c.Client(ctx, c.app.ClientID, h.SessionID, now); err != nil {
			return err
		}
		r := rotation(h.SessionID, h.Refresh.Digest)
		h.Refresh = r.Refresh
		return c.RotateRefreshToken(ctx, r)
	})
}

// measure calls do for every number below b.N, as many at once as there are
// callers: those of one caller have the same remainder.
func (c *cost) measure(b *testing.B, do func(i int) error) {
	b.ReportAllocs()
	b.ResetTimer()
	cpu, database := processCPU(b), c.databaseCPU(b)
	var group sync.WaitGroup
	for caller := range c.callers {
		group.Go(func() {
			for i := caller; i < b.N; i += c.callers {
				if err := do(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	b.StopTimer()
	b.ReportMetric(float64(processCPU(b)-cpu)/float64(b.N), "cpu-ns/op")
	if spent := c.databaseCPU(b) - database; database > 0 && spent > 0 {
		b.ReportMetric(float64(spent)/float64(b.N), "db-cpu-ns/op")
	}
}

func processCPU(b *testing.B) time.Duration {
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// databaseCPU returns what PostgreSQL has used for the connections of c, all of
// which stay open, and for what all share, or 0 where that is not to be seen.
func (c *cost) databaseCPU(b *testing.B) (used time.Duration) {
	rows, err := c.pool.Query(ctx, `SELECT pid FROM pg_stat_activity
		WHERE application_name = $1 OR backend_type IN ('walwriter', 'checkpointer', 'background writer')`, c.name)
	require.NoError(b, err)
	defer rows.Close()
	for rows.Next() {
		var pid int
		require.NoError(b, rows.Scan(&pid))
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid)) // nanoseconds on a CPU, and more
		if err != nil {
			return 0
		}
		onCPU, _, _ := bytes.Cut(stat, []byte(" "))
		n, err := strconv.ParseInt(string(onCPU), 10, 64)
		require.NoError(b, err)
		used += time.Duration(n)
	}
	require.NoError(b, rows.Err())
	return used
}
