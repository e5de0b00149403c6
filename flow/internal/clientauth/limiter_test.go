package clientauth

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/internal/bucket"
)

// Any number of callers has a bounded place in memory, and who calls again and
// again is not forgotten for the others.
func TestLimiterIsBounded(t *testing.T) {
	now := time.Unix(0, 0)
	l := NewLimiter(func() time.Time { return now })
	used := heap()
	limited := 0
	for i := range 5 * bucket.Max {
		if i%1000 == 0 {
			for range clientBurst {
				wait := l.Failed("client", "192.0.2.1")
				if wait > 0 {
					limited++
				}
			}
		}
		require.Zero(t, l.Failed(strings.Repeat("a", MaxClientID), fmt.Sprint(i)))
	}
	require.Equal(t, 5*bucket.Max/1000*clientBurst, limited)
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
