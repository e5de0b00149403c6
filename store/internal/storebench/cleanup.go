package storebench

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/sample"
)

// benchmarkCleanUp removes what a revocation of all tokens leaves, while other
// sessions are in use.
func (l *load) benchmarkCleanUp(b *testing.B) {
	var removed int
	var quiet, busy []time.Duration
	for b.Loop() {
		b.StopTimer()
		if !l.dead {
			l.fill(b)
			_, err := l.RevokeTokens(l.ctx, oauthapp.OwnedBy(l.app.Owner), l.app.ID, countedUsers)
			if err != nil {
				b.Fatal(err)
			}
		}
		l.held, l.dead = nil, false
		live := l.signInMany(b, l.app, 1000)
		_ = l.requests(b, live, func() { time.Sleep(quietTime) }) // the first requests after so many writes are others' affair
		rest := func() { quiet = append(quiet, l.requests(b, live, func() { time.Sleep(quietTime) })...) }
		rest()
		busy = append(busy, l.requests(b, live, func() {
			b.StartTimer()
			n, err := store.Cleaner{Store: l.Store, Now: func() time.Time { return sample.Now.Add(2 * time.Minute) }}.Pass(l.ctx)
			b.StopTimer()
			if removed += n; err != nil || n < l.size {
				b.Errorf("Pass removed %d rows, %v", n, err)
			}
		})...)
		rest()
		b.StartTimer()
	}
	b.ReportMetric(float64(removed)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(percentile(99, quiet)), "quiet-p99-ns")
	b.ReportMetric(float64(percentile(99, busy)), "p99-ns")
	b.ReportMetric(float64(len(busy)), "requests")
}

// requests returns what requests of clients took while something was done: of
// ten, one refreshes, the others use an access token. Clients wait in between,
// as a server that has nothing left to give answers late anyway.
func (l *load) requests(b *testing.B, live []held, meanwhile func()) []time.Duration {
	const clients = manyCallers / 2
	over := make(chan struct{})
	var mu sync.Mutex
	var all []time.Duration
	var group sync.WaitGroup
	for client := range clients {
		group.Go(func() {
			var took []time.Duration
			for i := client; ; i += clients {
				h := &live[i%(len(live)/clients*clients)]
				began := time.Now()
				var err error
				if rand.IntN(10) == 0 {
					err = l.refresh(h)
				} else {
					_, err = l.Session(l.ctx, h.session)
				}
				took = append(took, time.Since(began))
				if err != nil {
					b.Error(err)
				}
				select {
				case <-over:
					mu.Lock()
					all = append(all, took...)
					mu.Unlock()
					return
				case <-time.After(rand.N(20 * time.Millisecond)):
				}
			}
		})
	}
	meanwhile()
	close(over)
	group.Wait()
	if b.Failed() {
		b.FailNow()
	}
	return all
}

func percentile(p int, of []time.Duration) time.Duration {
	slices.Sort(of)
	return of[(len(of)-1)*p/100]
}
