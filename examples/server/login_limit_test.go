package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLoginLimiter(t *testing.T) {
	const here, there = "192.0.2.1:1000", "192.0.2.2:1000"
	clock := newClock()
	a := newLoginLimiter(clock.now)
	for range emailBurst {
		require.Zero(t, a.take("alice@example.com", here))
	}
	wait := a.take(" ALICE@example.com", "192.0.2.1:2000")
	require.Equal(t, emailPace, wait, "another spelling and another port are no way around")
	require.Zero(t, a.take("bob@example.com", here), "others are not hurt")
	require.Zero(t, a.take("alice@example.com", there), "nor is the owner, elsewhere")

	clock.advance(wait - time.Nanosecond)
	require.Positive(t, a.take("alice@example.com", here))
	clock.advance(time.Nanosecond)
	require.Zero(t, a.take("alice@example.com", here), "the wait was honest")
	require.Positive(t, a.take("alice@example.com", here))

	a.forget("alice@example.com", here)
	require.Zero(t, a.take("alice@example.com", here))
}

func TestSignInsFromOneAddress(t *testing.T) {
	a := newLoginLimiter(newClock().now)
	for i := range addressBurst {
		require.Zero(t, a.take(fmt.Sprintf("user%d@example.com", i), "[2001:db8::1]:1"))
	}
	require.Positive(t, a.take("another@example.com", "[2001:db8::2]:1"), "the network is the same")
	require.Zero(t, a.take("another@example.com", "[2001:db8:0:1::1]:1"))
}

// Whoever sends from all the networks of an IPv6 network of 48 bits keeps
// nobody else from signing in, and gains no attempts where theirs are used up.
func TestLoginLimiterStaysBounded(t *testing.T) {
	const here = "192.0.2.1:1"
	a := newLoginLimiter(newClock().now)
	for range emailBurst {
		require.Zero(t, a.take("alice@example.com", here))
	}
	for i := range 1 << 16 {
		require.Zero(t, a.take("alice@example.com", fmt.Sprintf("[2001:db8:0:%x::1]:1", i)))
		require.LessOrEqual(t, len(a.limiters), maxTracked)
	}
	require.Positive(t, a.take("alice@example.com", here))
	for i := range 100 {
		require.Zero(t, a.take("bob@example.com", fmt.Sprintf("198.51.100.%d:1", i)))
	}
}

func TestSignInsAtOnce(t *testing.T) {
	a := newLoginLimiter(newClock().now)
	var let atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if a.take("alice@example.com", "192.0.2.1:1") == 0 {
				let.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, emailBurst, let.Load())
}
