package storebench

import (
	"strconv"
	"testing"
	"time"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

const mostOfUser = 10_000 // grants; an account can have more

// benchmarkEnding ends all access of a user and of an account, while sessions
// of others are in use.
func benchmarkEnding(b *testing.B, s store.Store, n int) {
	l := &load{Store: s, ctx: b.Context(), size: n}
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: s, Scopes: []string{"read"}})
	if err != nil {
		b.Fatal(err)
	}
	live := l.signInMany(b, l.create(b, "bystander"), 1000)
	l.app = l.create(b, "owner")
	for _, ended := range []struct {
		of     string
		filter oauthapp.GrantFilter
		grants int
		who    func(i int) (user, account string)
	}{
		{"user", oauthapp.GrantsOfUser("ended"), min(n, mostOfUser), func(i int) (string, string) { return "ended", "account-" + strconv.Itoa(i) }},
		{"account", oauthapp.GrantsForAccount("ended"), n, func(i int) (string, string) { return "member-" + strconv.Itoa(i), "ended" }},
	} {
		b.Run("EndAccess/of="+ended.of, func(b *testing.B) {
			l.endAccess(b, registry, live, ended.filter, ended.grants, ended.who)
		})
	}
}

func (l *load) endAccess(b *testing.B, registry *oauthapp.Registry, live []held, filter oauthapp.GrantFilter, grants int, who func(int) (user, account string)) {
	var quiet, busy []time.Duration
	var longest time.Duration
	ended, rest := 0, quietTime
	if l.size <= 1000 {
		rest /= 10
	}
	for b.Loop() {
		b.StopTimer()
		l.authorizeMany(b, grants, who)
		_ = l.requests(b, live, func() { time.Sleep(rest) }) // as in benchmarkCleanUp
		quiet = append(quiet, l.requests(b, live, func() { time.Sleep(rest) })...)
		busy = append(busy, l.requests(b, live, func() {
			b.StartTimer()
			last := time.Now()
			got, err := registry.EndAccess(l.ctx, filter, func(oauthapp.Ended) {
				longest, last = max(longest, time.Since(last)), time.Now() // with its rest
			})
			b.StopTimer()
			if ended += got.Grants; err != nil || got.Grants != grants {
				b.Errorf("EndAccess ended %d grants of %d, %v", got.Grants, grants, err)
			}
		})...)
		b.StartTimer()
	}
	b.ReportMetric(float64(ended)/b.Elapsed().Seconds(), "grants/s")
	b.ReportMetric(float64(longest), "longest-ns")
	b.ReportMetric(float64(percentile(99, quiet)), "quiet-p99-ns")
	b.ReportMetric(float64(percentile(99, busy)), "p99-ns")
	b.ReportMetric(float64(len(busy)), "requests")
}

// authorizeMany has users authorize the application, each once for an account.
func (l *load) authorizeMany(b *testing.B, n int, who func(i int) (user, account string)) {
	b.Helper()
	defer l.hurry()()
	spread(b, seeders, n, func(i int) error {
		user, account := who(i)
		_, err := l.begin(l.app, user, account)
		return err
	})
}
