package postgres

import (
	"testing"

	"github.com/oauthapps/oauthapps/store/storetest"
)

func BenchmarkStore(b *testing.B) { storetest.Benchmark(b, harness()) }
