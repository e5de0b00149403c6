package sqlite

import (
	"testing"

	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/storebench"
)

func BenchmarkStore(b *testing.B) {
	storebench.Benchmark(b, func(tb testing.TB) store.Store { return openTemp(tb) })
}
