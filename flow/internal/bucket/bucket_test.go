package bucket

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBucketsForgetTheOldest(t *testing.T) {
	b := New(1, time.Minute)
	k := func(i int) Key { return KeyOf(fmt.Sprint(i)) }
	now := time.Now()
	for i := range 2*Max + 1 {
		b.Take(k(i), now)
	}
	require.Len(t, b.newer, 1)
	require.Len(t, b.older, Max)
	has := func(i int) bool { return b.missing(k(i), now) > 0 }
	require.False(t, has(0))
	require.True(t, has(Max), "of the older ones, and put among the newer ones by that")
	require.True(t, has(2*Max))
	for i := range Max {
		b.Take(k(-1-i), now)
	}
	require.True(t, has(Max))
	require.False(t, has(Max+1))
}

// A clock that is set back or forward leaves nobody waiting for longer than one
// pace.
func TestBucketsWhenTheClockIsSet(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	b := New(3, time.Minute)
	k := KeyOf("k")
	empty := func() {
		for range 3 {
			require.Zero(t, b.Wait(k, noon))
			b.Take(k, noon)
		}
		require.Equal(t, time.Minute, b.Wait(k, noon))
	}
	empty()
	require.Equal(t, time.Second, b.Wait(k, noon.Add(59*time.Second)))
	require.Zero(t, b.Wait(k, noon.Add(24*time.Hour)))

	// Set back, the bucket fills by the new time, and does not wait for the old
	// one.
	back := noon.Add(-24 * time.Hour)
	require.Equal(t, time.Minute, b.Wait(k, back))
	require.Equal(t, time.Second, b.Wait(k, back.Add(59*time.Second)))
	require.Zero(t, b.Wait(k, back.Add(time.Minute)))
	require.Zero(t, b.missing(k, back.Add(3*time.Minute)))
	empty()
}

// A limiter takes a token of each bucket or none at all, also for callers at
// once.
func TestLimiter(t *testing.T) {
	now := time.Now()
	l := NewLimiter(New(2, time.Minute), New(50, time.Hour))
	ada, bob, both := KeyOf("ada"), KeyOf("bob"), KeyOf("both")
	require.Zero(t, l.Take(now, ada, both))
	require.Zero(t, l.Take(now, ada, both))
	for range 100 {
		require.Equal(t, time.Minute, l.Take(now, ada, both))
	}
	var taken atomic.Int32
	var callers sync.WaitGroup
	for i := range 100 {
		callers.Go(func() {
			if l.Take(now, KeyOf(fmt.Sprint(i)), both) == 0 {
				taken.Add(1)
			}
		})
	}
	callers.Wait()
	require.EqualValues(t, 48, taken.Load(), "what was refused to ada took nothing of both")
	require.Equal(t, time.Hour, l.Take(now, bob, both))
}

// Texts are told apart also where they are the same when put together.
func TestKeyOf(t *testing.T) {
	require.NotEqual(t, KeyOf("a", "bc"), KeyOf("ab", "c"))
	require.NotEqual(t, KeyOf("a"), KeyOf("a", ""))
	require.NotEqual(t, KeyOf("", "a"), KeyOf("a", ""))
}
