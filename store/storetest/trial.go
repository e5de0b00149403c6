package storetest

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// A trial is one store under one rule. Its methods end the trial at the first
// thing that is wrong.
type trial struct {
	store.Store
	ctx    context.Context
	reopen func()
	beside func() store.Store
	nodes  []*trial     // one for each handle on the data; nil: this is the only one
	serial atomic.Int64 // of the IDs made, counted by the first node
}

// split opens the data once more and returns a trial through that handle. From
// then on node tells the two apart, and what has to be live or dead has to be
// so through both.
func (t *trial) split() *trial {
	other := &trial{Store: t.beside(), ctx: t.ctx}
	t.nodes = []*trial{t, other}
	other.nodes = t.nodes
	return other
}

// everywhere returns a trial for each handle.
func (t *trial) everywhere() []*trial {
	if t.nodes == nil {
		return []*trial{t}
	}
	return t.nodes
}

// node spreads calls over the handles, as a load balancer does.
func (t *trial) node(i int) *trial {
	nodes := t.everywhere()
	return nodes[i%len(nodes)]
}

// failure is what a trial panics with.
type failure struct{ error }

// failf ends the trial.
func (t *trial) failf(format string, args ...any) {
	panic(failure{fmt.Errorf(format, args...)})
}

// failureOf runs f and returns what it failed with. A store that panics fails
// as one that returns something wrong, so that the other rules are tried.
func (t *trial) failureOf(f func()) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case failure:
			err = p.error
		default:
			err = fmt.Errorf("%s panicked: %v", panicking(), p)
		}
	}()
	f()
	return nil
}

// panicking names the function that panicked, and its line. It is called while
// its caller recovers.
func panicking() string {
	callers := make([]uintptr, 32)
	frames := runtime.CallersFrames(callers[:runtime.Callers(0, callers)])
	for found, more := false, true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		switch {
		case strings.HasPrefix(frame.Function, "runtime."):
			found = found || frame.Function == "runtime.gopanic"
		case found:
			return fmt.Sprintf("%s (%s:%d)", frame.Function, filepath.Base(frame.File), frame.Line)
		}
	}
	return "the store"
}

// want fails unless err is what was wanted, nil for success.
func (t *trial) want(want, err error, format string, args ...any) {
	if want == nil && err == nil || want != nil && errors.Is(err, want) {
		return
	}
	t.failf("%s returned %s, not %s", fmt.Sprintf(format, args...), describe(err), describe(want))
}

func describe(err error) string {
	if err == nil {
		return "nil"
	}
	return fmt.Sprintf("the error %q", err)
}

// must fails if err is not nil.
func (t *trial) must(err error, format string, args ...any) { t.want(nil, err, format, args...) }

// same fails and names the fields that differ. An empty slice is the same as
// nil.
func (t *trial) same(got, want any, format string, args ...any) {
	var found []string
	differences("", reflect.ValueOf(got), reflect.ValueOf(want), &found)
	if len(found) > 0 {
		t.failf("%s: %s", fmt.Sprintf(format, args...), strings.Join(found, "; "))
	}
}

func differences(path string, got, want reflect.Value, found *[]string) {
	differ := func() {
		*found = append(*found, strings.TrimPrefix(fmt.Sprintf("%s is %v, not %v", path, got, want), "."))
	}
	if got.Kind() != want.Kind() || got.Type() != want.Type() {
		differ()
		return
	}
	switch value := got.Interface().(type) {
	case time.Time:
		// Times come back as they were given, and in UTC.
		if !value.Equal(want.Interface().(time.Time)) || value.Location() != time.UTC {
			differ()
		}
		return
	case credential.Digest, uuid.UUID:
		if value != want.Interface() {
			differ()
		}
		return
	}
	switch got.Kind() {
	case reflect.Struct:
		for i := range got.NumField() {
			differences(path+"."+got.Type().Field(i).Name, got.Field(i), want.Field(i), found)
		}
	case reflect.Slice:
		if got.Len() != want.Len() {
			differ()
			return
		}
		for i := range got.Len() {
			differences(fmt.Sprintf("%s[%d]", path, i), got.Index(i), want.Index(i), found)
		}
	case reflect.Pointer:
		if got.IsNil() || want.IsNil() {
			if got.IsNil() != want.IsNil() {
				differ()
			}
			return
		}
		differences(path, got.Elem(), want.Elem(), found)
	default:
		if got.Interface() != want.Interface() {
			differ()
		}
	}
}

// crowd is how many callers do the same thing at once.
const crowd = 50

// together calls f in n goroutines at once, waits for all, and returns what
// they returned. A failure in one of them ends the trial.
func (t *trial) together(n int, f func(i int) error) []error {
	var (
		gate     = make(chan struct{})
		wg       sync.WaitGroup
		results  = make([]error, n)
		failures = make([]error, n)
	)
	for i := range n {
		wg.Go(func() {
			<-gate
			failures[i] = t.failureOf(func() { results[i] = f(i) })
		})
	}
	close(gate)
	wg.Wait()
	for _, err := range failures {
		if err != nil {
			t.failf("%w", err)
		}
	}
	return results
}

// winners fails unless exactly n results are nil and all others are lost.
func (t *trial) winners(n int, lost error, results []error, what string) {
	won := 0
	for _, err := range results {
		if err == nil {
			won++
		} else {
			t.want(lost, err, "%s, called at once with others,", what)
		}
	}
	if won != n {
		t.failf("%s: %d of %d concurrent calls succeeded, not %d", what, won, len(results), n)
	}
}
