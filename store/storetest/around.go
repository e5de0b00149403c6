package storetest

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/oauthapps/oauthapps/store"
)

// Sessions that began around a call: that had begun when it was made, that were
// beginning meanwhile, and that began after it had returned.
type around struct{ before, during, after []store.Session }

func (a around) all() []store.Session { return slices.Concat(a.before, a.during, a.after) }

// beginAround has workers begin sessions in a row, and makes a call once all
// workers are at it. Each worker and the call have a node of their own, where
// there are several.
func (t *trial) beginAround(workers, each int, begin func(t *trial, worker, i int) store.Session, call func(t *trial)) (began around) {
	type moment struct {
		session  store.Session
		from, to int64
	}
	var (
		clock        atomic.Int64 // orders calls and returns
		underWay     sync.WaitGroup
		moments      = make([]moment, workers*each)
		called, done int64
	)
	underWay.Add(workers)
	t.together(workers+1, func(worker int) error {
		if worker == workers {
			underWay.Wait()
			called = clock.Add(1)
			call(t.node(worker))
			done = clock.Add(1)
			return nil
		}
		halfway := sync.OnceFunc(underWay.Done)
		defer halfway()
		for i := range each {
			if i == each/3 {
				halfway()
			}
			m := &moments[worker*each+i]
			m.from = clock.Add(1)
			m.session = begin(t.node(worker), worker, i)
			m.to = clock.Add(1)
		}
		return nil
	})
	for _, m := range moments {
		switch {
		case m.to < called:
			began.before = append(began.before, m.session)
		case m.from > done:
			began.after = append(began.after, m.session)
		default:
			began.during = append(began.during, m.session)
		}
	}
	return began
}
