package sqlite

import (
	"testing"

	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/storetest"
)

func BenchmarkStore(b *testing.B) {
	storetest.Benchmark(b, storetest.Harness{New: func(tb testing.TB) store.Store { return openTemp(tb) }})
}
