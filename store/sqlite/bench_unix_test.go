//go:build unix

package sqlite

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/store"
)

// BenchmarkGroupCommit redeems codes one at a time, and then as many by sixteen
// callers at once, of which ns/op is. The other figures are the processor's
// time for one of each kind, its fsync included, and times-the-rate: how many
// of the second are made durable in the time of one of the first.
func BenchmarkGroupCommit(b *testing.B) {
	s := openTemp(b)
	starts := beginMany(b, s, 2*b.N)
	redeem := func(b store.SessionStart) error { return s.RedeemCode(ctx, redemption(b)) }

	started, cpu := time.Now(), cpuTime(b)
	for _, start := range starts[:b.N] {
		require.NoError(b, redeem(start))
	}
	alone, aloneCPU := time.Since(started), cpuTime(b)-cpu

	b.ResetTimer()
	cpu = cpuTime(b)
	inParallel(b, starts[b.N:], redeem)
	b.StopTimer()
	b.ReportMetric(float64(aloneCPU)/float64(b.N), "alone-cpu-ns/op")
	b.ReportMetric(float64(cpuTime(b)-cpu)/float64(b.N), "together-cpu-ns/op")
	b.ReportMetric(float64(alone)/float64(b.Elapsed()), "times-the-rate")
}

// cpuTime is what the process has taken of the processors so far.
func cpuTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
