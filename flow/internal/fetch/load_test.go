package fetch

import (
	"fmt"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A document that fails again and again waits before it is asked for again, and
// takes nothing from the budgets of others. That it failed is not kept: once it
// is asked for again, what it says then counts.
func TestFailingAgainAndAgain(t *testing.T) {
	var works atomic.Bool
	i := newInternet(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/failing" && !works.Load() {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		answerWith(document1)(w, r)
	})
	for n := range 100 {
		_, err := i.get("https://example.com/failing")
		want := ErrUnreachable
		if n >= 3 {
			want = ErrBusy
		}
		require.ErrorIs(t, err, want)
	}
	for n := range 7 { // the rest of the 10 of its origin
		_, err := i.get(fmt.Sprintf("https://example.com/%d", n))
		require.NoError(t, err)
	}
	works.Store(true)
	i.now = i.now.Add(6 * time.Second)
	_, err := i.get("https://example.com/failing")
	require.NoError(t, err)
}

// Ten thousand unknown documents a second, of nobody who is signed in, are
// within the budget of such requests, and leave users and what is known alone.
func TestUnknownDocuments(t *testing.T) {
	i := flooded(t)
	_, err := i.get("https://example.com/known")
	require.NoError(t, err)
	i.now = i.now.Add(2 * time.Hour) // when it is to be renewed
	before := i.lookups.Load()
	for n := range 10_000 {
		_, err := i.Get(t.Context(), fmt.Sprintf("https://u%d.example.com/c", n), "")
		if n >= 10 {
			require.ErrorIs(t, err, ErrBusy)
		}
	}
	require.EqualValues(t, 10, i.lookups.Load()-before)
	_, err = i.get("https://example.com/known")
	require.NoError(t, err)
	_, err = i.Get(t.Context(), "https://example.com/new", "user")
	require.NoError(t, err)
}

// BenchmarkUnknownDocuments is what one more of such requests costs.
func BenchmarkUnknownDocuments(b *testing.B) {
	i := flooded(b)
	n := 0
	for b.Loop() {
		_, _ = i.Get(b.Context(), fmt.Sprintf("https://u%d.example.com/c", n), "")
		n++
	}
	b.ReportMetric(float64(i.lookups.Load()), "fetches")
}

func flooded(t testing.TB) *internet {
	i := newInternet(t, answerWith(document1))
	for n := range 10_000 {
		i.names[fmt.Sprintf("u%d.example.com", n)] = []netip.Addr{netip.AddrFrom4([4]byte{8, 8, byte(n / 250), byte(n % 250)})}
	}
	return i
}
