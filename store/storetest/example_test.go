package storetest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
	"github.com/oauthapps/oauthapps/store/storetest"
)

// A mine is a store that somebody is writing. AdoptSecret is still
// missing.
type mine struct{ store.Store }

func (mine) AdoptSecret(context.Context, uuid.UUID, uuid.UUID, string, credential.Digest) error {
	return nil
}

// Whoever writes a store learns, rule by rule, what is left to do.
func Example() {
	harness := storetest.Harness{New: func(tb testing.TB) store.Store {
		return mine{memory.New()} // or open a database, and close it with tb.Cleanup
	}}
	// The tests of the store call storetest.Run(t, harness). An example has no
	// t: it runs Check with one of a benchmark.
	var broken error
	testing.Benchmark(func(b *testing.B) {
		if broken == nil {
			broken = storetest.Check(b, harness)
		}
	})
	promise, found, _ := strings.Cut(broken.Error(), "\n")
	fmt.Println(promise)
	fmt.Println(strings.Contains(found, "AdoptSecret"))
	// Output:
	// secrets/adopt: an imported secret has its hash, until AdoptSecret gives it a digest, once
	// true
}
