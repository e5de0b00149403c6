package flow

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Any number of callers has a bounded place in memory, and who calls again and again is not
// forgotten for the others.
func TestLimiterIsBounded(t *testing.T) {
	now := time.Unix(0, 0)
	l := newLimiter(func() time.Time { return now })
	guesser := Attempt{ClientID: "client", Network: "192.0.2.1"}
	limited := 0
	for i := range 5 * maxLimited {
		if i%1000 == 0 {
			for range clientBurst {
				wait, err := l.Take(t.Context(), guesser)
				require.NoError(t, err)
				if wait > 0 {
					limited++
				}
			}
		}
		wait, err := l.Take(t.Context(), Attempt{ClientID: "client", Network: fmt.Sprint(i)})
		require.NoError(t, err)
		require.Zero(t, wait)
	}
	for _, m := range []recent[time.Time]{l.byClient.fullAt, l.byNetwork.fullAt} {
		require.LessOrEqual(t, len(m.newer)+len(m.older), 2*maxLimited)
	}
	require.Equal(t, 5*maxLimited/1000*clientBurst, limited)
}

func TestRecentForgetsTheOldest(t *testing.T) {
	m := newRecent[int](2)
	k := func(i int) key { return keyOf(fmt.Sprint(i)) }
	has := func(i int) bool {
		v, ok := m.get(k(i))
		require.Equal(t, ok, v == i)
		return ok
	}
	for i := 1; i <= 5; i++ {
		m.put(k(i), i)
	}
	require.False(t, has(1))
	require.False(t, has(2))
	require.True(t, has(3)) // and is put among the newer ones by that
	m.put(k(6), 6)
	require.True(t, has(3))
	require.False(t, has(4))
	m.remove(k(3))
	m.remove(k(6))
	require.False(t, has(3))
	require.False(t, has(6))
}

// A clock that is set back or forward leaves nobody waiting for longer than one pace.
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

	// Set back, the bucket fills by the new time, and does not wait for the old one.
	back := noon.Add(-24 * time.Hour)
	require.Equal(t, time.Minute, b.wait(k, back))
	require.Equal(t, time.Second, b.wait(k, back.Add(59*time.Second)))
	require.Zero(t, b.wait(k, back.Add(time.Minute)))
	require.Zero(t, b.missing(k, back.Add(3*time.Minute)))
	empty()

	// No number of tokens given back fills a bucket beyond its burst.
	for range 10 {
		b.giveBack(k)
	}
	for range 3 {
		require.Zero(t, b.wait(k, noon))
		b.take(k, noon)
	}
	require.Equal(t, time.Minute, b.wait(k, noon))
}

// Texts are told apart also where they are the same when put together.
func TestKeyOf(t *testing.T) {
	require.NotEqual(t, keyOf("a", "bc"), keyOf("ab", "c"))
	require.NotEqual(t, keyOf("a"), keyOf("a", ""))
	require.NotEqual(t, keyOf("", "a"), keyOf("a", ""))
}
