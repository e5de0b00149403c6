package flow

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Any number of callers has a bounded place in memory, and who calls again and
// again is not forgotten for the others.
func TestLimiterIsBounded(t *testing.T) {
	now := time.Unix(0, 0)
	l := newLimiter(func() time.Time { return now })
	used := heap()
	limited := 0
	for i := range 5 * maxBuckets {
		if i%1000 == 0 {
			for range clientBurst {
				wait, err := l.Failed(t.Context(), FailedAuthentication{ClientID: "client", Network: "192.0.2.1"})
				require.NoError(t, err)
				if wait > 0 {
					limited++
				}
			}
		}
		wait, err := l.Failed(t.Context(), FailedAuthentication{ClientID: strings.Repeat("a", maxClientID), Network: fmt.Sprint(i)})
		require.NoError(t, err)
		require.Zero(t, wait)
	}
	for _, b := range []buckets{l.byClient, l.byNetwork} {
		require.LessOrEqual(t, len(b.newer)+len(b.older), 2*maxBuckets)
	}
	require.Equal(t, 5*maxBuckets/1000*clientBurst, limited)
	require.Less(t, heap()-used, uint64(10<<20), "as Config.Limiter says")
	runtime.KeepAlive(l)
}

// heap returns how many bytes are in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestBucketsForgetTheOldest(t *testing.T) {
	b := newBuckets(1, time.Minute)
	k := func(i int) key { return keyOf(fmt.Sprint(i)) }
	now := time.Now()
	for i := range 2*maxBuckets + 1 {
		b.take(k(i), now)
	}
	has := func(i int) bool { return b.missing(k(i), now) > 0 }
	require.False(t, has(0))
	require.True(t, has(maxBuckets), "of the older ones, and put among the newer ones by that")
	require.True(t, has(2*maxBuckets))
	for i := range maxBuckets {
		b.take(k(-1-i), now)
	}
	require.True(t, has(maxBuckets))
	require.False(t, has(maxBuckets+1))
}

// A clock that is set back or forward leaves nobody waiting for longer than one
// pace.
func TestBucketsWhenTheClockIsSet(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	b := newBuckets(3, time.Minute)
	k := keyOf("k")
	empty := func() {
		for range 3 {
			require.Zero(t, b.wait(k, noon))
			b.take(k, noon)
		}
		require.Equal(t, time.Minute, b.wait(k, noon))
	}
	empty()
	require.Equal(t, time.Second, b.wait(k, noon.Add(59*time.Second)))
	require.Zero(t, b.wait(k, noon.Add(24*time.Hour)))

	// Set back, the bucket fills by the new time, and does not wait for the old
	// one.
	back := noon.Add(-24 * time.Hour)
	require.Equal(t, time.Minute, b.wait(k, back))
	require.Equal(t, time.Second, b.wait(k, back.Add(59*time.Second)))
	require.Zero(t, b.wait(k, back.Add(time.Minute)))
	require.Zero(t, b.missing(k, back.Add(3*time.Minute)))
	empty()
}

// Texts are told apart also where they are the same when put together.
func TestKeyOf(t *testing.T) {
	require.NotEqual(t, keyOf("a", "bc"), keyOf("ab", "c"))
	require.NotEqual(t, keyOf("a"), keyOf("a", ""))
	require.NotEqual(t, keyOf("", "a"), keyOf("a", ""))
}
