// Package storebench measures stores beside few and many rows.
package storebench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/sample"
)

// Benchmark measures what users wait for beside few and many live sessions of
// one application, which must make no difference:
//
//	sessions=N/Session, Client, RotateRefreshToken, BeginSession, RedeemCode
//	sessions=N/RevokeTokens
//	     first-ns/op is the call that ends N sessions, median-ns/op of those
//	    that follow, each of which ends those of 1001 users, beside what the
//	    ones before have left
//	sessions=N/CleanUp
//	     of what that left, by a store.Cleaner with its defaults: rows/s;
//	    and of requests at the same time p99-ns, without it, before and
//	    after, quiet-p99-ns
//	sessions=N/DeleteApplication
//	     first-ns/op is the call that deletes the application with N
//	    sessions, median-ns/op of those that follow, each of which deletes
//	    one with a session of each of 1001 users
//	grants=N/Grants, Usage
//	     of a user, an account, an application and an owner that have N
//	    grants: live, or dead and not cleaned up yet
//	ending=N/EndAccess
//	     of a user who has N grants, 10000 at most, and of an account that
//	    has N: grants/s, the longest step, longest-ns, and what requests at
//	    the same time take, as for CleanUp
//	applications=100/Applications
//	     of an owner that has so many
//
// The first calls come after one about an application that is not there: what a
// store prepares but once is not in them.
//
// N is 1000. OAUTHAPPS_BENCH_SESSIONS in the environment raises it: with
// 1000000, everything is measured with 1000, 100000 and 1000000 (grants up to
// 100000). -bench=Store/sessions=1000000$/RevokeTokens measures one thing, and
// -benchtime=1x only tries whether all of it works. The median of one call says
// little: -benchtime=20x gives that of 19.
//
// A store with a method Hurry(bool) is told true before many rows are written
// of which none is measured, and false after: meanwhile it may keep what a
// crash would lose.
//
// open opens a store that is empty, and registers with tb whatever closes it.
func Benchmark(b *testing.B, open func(tb testing.TB) store.Store) {
	most := 1000
	if asked := os.Getenv("OAUTHAPPS_BENCH_SESSIONS"); asked != "" {
		var err error
		if most, err = strconv.Atoi(asked); err != nil {
			b.Fatal("OAUTHAPPS_BENCH_SESSIONS must be a number")
		}
	}
	for _, n := range []int{1_000, 100_000, 1_000_000} {
		if n <= most {
			b.Run(fmt.Sprintf("sessions=%d", n), func(b *testing.B) { benchmarkSessions(b, open(b), n) })
		}
	}
	for _, n := range []int{1_000, 100_000} {
		if n <= most {
			b.Run(fmt.Sprintf("grants=%d", n), func(b *testing.B) { benchmarkGrants(b, open(b), n) })
		}
	}
	for _, n := range []int{1_000, 100_000, 1_000_000} {
		if n <= most {
			b.Run(fmt.Sprintf("ending=%d", n), func(b *testing.B) { benchmarkEnding(b, open(b), n) })
		}
	}
	b.Run(fmt.Sprintf("applications=%d", ownersApplications), func(b *testing.B) { benchmarkApplications(b, open(b)) })
}

const (
	manyCallers        = 16
	seeders            = 128  // callers where nothing is measured
	countedUsers       = 1000 // before a revocation: as many as the registry counts
	ownersApplications = 100  // by default as many as an owner may have
)

func benchmarkSessions(b *testing.B, s store.Store, n int) {
	l := &load{Store: s, ctx: b.Context(), size: n}
	l.app = l.create(b, "owner")
	for _, benchmark := range []struct {
		name string
		run  func(l *load, b *testing.B)
	}{
		{"Session", (*load).benchmarkSession},
		{"Client", (*load).benchmarkClient},
		{"RotateRefreshToken", (*load).benchmarkRotateRefreshToken},
		{"BeginSession", (*load).benchmarkBeginSession},
		{"RedeemCode", (*load).benchmarkRedeemCode},
		{"RevokeTokens", (*load).benchmarkRevokeTokens},
		{"CleanUp", (*load).benchmarkCleanUp},
		{"DeleteApplication", (*load).benchmarkDeleteApplication},
	} {
		b.Run(benchmark.name, func(b *testing.B) { benchmark.run(l, b) })
	}
}

// A load is a store with an application that many sessions are of.
type load struct {
	store.Store
	ctx  context.Context
	app  oauthapp.Application
	size int    // how many sessions
	held []held // nil: there are none
	dead bool   // they were, and are not cleaned up yet
}

// A held is what the client of a session holds.
type held struct {
	session uuid.UUID
	refresh credential.Digest
}

// create registers an application.
func (l *load) create(b *testing.B, owner string) oauthapp.Application {
	b.Helper()
	app := sample.Application(owner)
	if err := l.CreateApplication(l.ctx, app, nil, math.MaxInt); err != nil {
		b.Fatal(err)
	}
	return app
}

// begin begins a session of a user for an account.
func (l *load) begin(app oauthapp.Application, user, account string) (store.SessionStart, error) {
	start := sample.SessionStart(app.ID, user)
	start.Session.AccountID = account
	_, err := l.BeginSession(l.ctx, start)
	return start, err
}

// fill signs users in, unless the application has its sessions.
func (l *load) fill(b *testing.B) {
	b.Helper()
	if l.held == nil {
		l.held = l.signInMany(b, l.app, l.size)
	}
}

// hurry has the store write without waiting for the disk, where it can, until
// what it returns is called.
func (l *load) hurry() (end func()) {
	s, ok := l.Store.(interface{ Hurry(bool) })
	if !ok {
		return func() {}
	}
	s.Hurry(true)
	return func() { s.Hurry(false) }
}

// signInMany signs users in to an application, each for the account of that
// name.
func (l *load) signInMany(b *testing.B, app oauthapp.Application, n int) []held {
	b.Helper()
	defer l.hurry()()
	started := make([]held, n)
	spread(b, seeders, n, func(i int) error {
		user := "user-" + strconv.Itoa(i)
		start, err := l.begin(app, user, user)
		if err != nil {
			return err
		}
		redemption := sample.Redemption(start)
		started[i] = held{redemption.SessionID, redemption.Refresh.Digest}
		return l.RedeemCode(l.ctx, redemption)
	})
	return started
}

// spread calls do for every number below n, from several callers at once: a
// caller's numbers have the same remainder. An error ends the benchmark.
func spread(b *testing.B, callers, n int, do func(i int) error) {
	b.Helper()
	var group sync.WaitGroup
	for caller := range callers {
		group.Go(func() {
			for i := caller; i < n && !b.Failed(); i += callers {
				if err := do(i); err != nil {
					b.Error(err)
				}
			}
		})
	}
	group.Wait()
	if b.Failed() {
		b.FailNow()
	}
}

// eachCallers measures a method called by one and by many at once. What prepare
// does is not measured.
func (l *load) eachCallers(b *testing.B, prepare func(b *testing.B, callers int) func(i int) error) {
	for _, callers := range []int{1, manyCallers} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			l.fill(b)
			do := prepare(b, callers)
			b.ReportAllocs()
			b.ResetTimer()
			spread(b, callers, b.N, do)
		})
	}
}

// nth returns a session for the ith call, anywhere among all, and never one
// that another caller gets.
func (l *load) nth(i, callers int) *held {
	const far = 7919 // a prime
	each := len(l.held) / callers
	return &l.held[i/callers*far%each*callers+i%callers]
}

func (l *load) benchmarkSession(b *testing.B) {
	l.eachCallers(b, func(b *testing.B, callers int) func(i int) error {
		return func(i int) error {
			_, err := l.Session(l.ctx, l.nth(i, callers).session)
			return err
		}
	})
}

func (l *load) benchmarkClient(b *testing.B) {
	l.eachCallers(b, func(b *testing.B, callers int) func(i int) error {
		return func(i int) error {
			client, err := l.Client(l.ctx, l.app.ClientID, l.nth(i, callers).session, sample.Now)
			if err == nil && client.Session == nil {
				err = errors.New("the client came without its session")
			}
			return err
		}
	})
}

func (l *load) benchmarkBeginSession(b *testing.B) {
	l.eachCallers(b, func(b *testing.B, callers int) func(i int) error {
		begun := make([]uuid.UUID, b.N)
		l.endLater(b, begun)
		return func(i int) error {
			start, err := l.beginAgain(i)
			begun[i] = start.Session.ID
			return err
		}
	})
}

func (l *load) benchmarkRedeemCode(b *testing.B) {
	l.eachCallers(b, func(b *testing.B, callers int) func(i int) error {
		begun, redemptions := make([]uuid.UUID, b.N), make([]store.Redemption, b.N)
		l.endLater(b, begun)
		spread(b, seeders, b.N, func(i int) error {
			start, err := l.beginAgain(i)
			redemptions[i], begun[i] = sample.Redemption(start), start.Session.ID
			return err
		})
		return func(i int) error { return l.RedeemCode(l.ctx, redemptions[i]) }
	})
}

// beginAgain begins another session of a user.
func (l *load) beginAgain(i int) (store.SessionStart, error) {
	user := "user-" + strconv.Itoa(i%l.size)
	return l.begin(l.app, user, user)
}

// endLater ends sessions once they were measured, so that there are as many as
// before.
func (l *load) endLater(b *testing.B, sessions []uuid.UUID) {
	b.Cleanup(func() {
		spread(b, seeders, len(sessions), func(i int) error { return l.EndSession(l.ctx, sessions[i]) })
	})
}

func (l *load) benchmarkRotateRefreshToken(b *testing.B) {
	l.eachCallers(b, func(b *testing.B, callers int) func(i int) error {
		return func(i int) error { return l.refresh(l.nth(i, callers)) }
	})
}

// refresh exchanges the refresh token of a session.
func (l *load) refresh(h *held) error {
	r := sample.Rotation(h.session, h.refresh)
	h.refresh = r.Refresh.Digest
	return l.RotateRefreshToken(l.ctx, r)
}

func (l *load) benchmarkRevokeTokens(b *testing.B) {
	l.fill(b)
	_, err := l.RevokeTokens(l.ctx, oauthapp.OwnedBy(l.app.Owner), sample.ID(), countedUsers)
	requireUnknown(b, err)
	l.firstAndOthers(b, func() error {
		usage, err := l.RevokeTokens(l.ctx, oauthapp.OwnedBy(l.app.Owner), l.app.ID, countedUsers)
		if err == nil && usage.Users == 0 {
			err = fmt.Errorf("RevokeTokens ended no grant")
		}
		return err
	})
	l.dead = true
}

func (l *load) benchmarkDeleteApplication(b *testing.B) {
	l.fill(b)
	_, err := l.DeleteApplication(l.ctx, oauthapp.OwnedBy(l.app.Owner), sample.ID(), sample.Now)
	requireUnknown(b, err)
	l.firstAndOthers(b, func() error {
		_, err := l.DeleteApplication(l.ctx, oauthapp.OwnedBy(l.app.Owner), l.app.ID, sample.Now)
		l.app.ID = uuid.Nil
		return err
	})
}

// requireUnknown is for a call about an application that is not there, which
// has the store prepare what it prepares but once.
func requireUnknown(b *testing.B, err error) {
	if !errors.Is(err, store.ErrNotFound) {
		b.Fatalf("a call about an unknown application returned %v", err)
	}
}

// firstAndOthers measures what ends all sessions of the application, or it, and
// the first time apart, when they are many. In between others begin.
func (l *load) firstAndOthers(b *testing.B, end func() error) {
	l.held = nil
	var took []time.Duration
	for b.Loop() {
		if took != nil {
			if l.app.ID == uuid.Nil {
				l.app = l.create(b, "owner")
			}
			l.signInMany(b, l.app, countedUsers+1)
		}
		began := time.Now()
		if err := end(); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	if l.app.ID == uuid.Nil {
		l.app = l.create(b, "owner")
	}
	b.ReportMetric(float64(took[0]), "first-ns/op")
	if len(took) > 1 {
		b.ReportMetric(float64(percentile(50, took[1:])), "median-ns/op")
	}
	b.ReportMetric(0, "ns/op") // which has the preparations in it
}

const quietTime = 3 * time.Second
