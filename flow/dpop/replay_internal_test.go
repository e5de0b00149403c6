package dpop

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

var start = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func digest(parts ...any) credential.Digest { return credential.DigestOf(fmt.Sprint(parts...)) }

// No proof is accepted twice as long as it is good, however many there are.
func TestMemoryAcceptsNoProofTwice(t *testing.T) {
	const window = 90 * time.Second
	for name, pace := range map[string]time.Duration{"idle": 40 * time.Second, "busy": time.Second, "flooded": time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			m := newMemory(window, 100)
			type sent struct {
				id    credential.Digest
				until time.Time
			}
			var all []sent
			accepted, stale := 0, 0
			for i := range 1000 {
				now := start.Add(time.Duration(i) * pace)
				until := now.Add(window - time.Duration(i%60)*time.Second)
				all = append(all, sent{digest(i), until})
				ok, old := m.accept(digest(i), until, now)
				if ok {
					accepted++
				}
				if old {
					stale++
				}
				require.NotEqual(t, ok, old, "a new proof is accepted, unless it is too old to tell")
				for _, before := range all[max(0, len(all)-150):] {
					if !before.until.After(now) {
						continue
					}
					if again, _ := m.accept(before.id, before.until, now); again {
						t.Fatal("accepted twice")
					}
				}
			}
			require.Positive(t, accepted)
			require.Equal(t, name == "flooded", stale > 0)
			require.LessOrEqual(t, len(m.newer.proofs)+len(m.older.proofs), 200)
		})
	}
}

// Once a flood is over, everything is as before.
func TestMemoryRecovers(t *testing.T) {
	const window = 90 * time.Second
	m := newMemory(window, 10)
	for i := range 1000 {
		m.accept(digest(i), start.Add(window), start)
	}
	ok, stale := m.accept(digest("during"), start.Add(window), start)
	require.False(t, ok)
	require.True(t, stale)
	later := start.Add(window + time.Second)
	ok, _ = m.accept(digest("after"), later.Add(time.Minute), later)
	require.True(t, ok)
}

// Of many callers with one proof, one wins.
func TestMemoryIsAtomic(t *testing.T) {
	m := newMemory(time.Minute, maxProofs)
	for round := range 50 {
		var wins atomic.Int32
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if ok, _ := m.accept(digest(round), start.Add(time.Minute), start); ok {
					wins.Add(1)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, wins.Load())
	}
}

// The memory takes what its Config tells, at most.
func TestMemoryIsBounded(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	m := newMemory(time.Minute, maxProofs)
	for i := range 3 * maxProofs {
		var proof credential.Digest
		binary.BigEndian.PutUint64(proof[:], uint64(i))
		m.accept(proof, start.Add(time.Minute+time.Duration(i)*time.Microsecond), start)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.Less(t, after.HeapAlloc-before.HeapAlloc, uint64(25<<20))
	runtime.KeepAlive(m)
}
