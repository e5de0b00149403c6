package postgres

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/storebench"
)

func BenchmarkStore(b *testing.B) {
	storebench.Benchmark(b, func(tb testing.TB) store.Store {
		s := &hurryingStore{}
		pool := openPool(tb, newSchema(tb), func(config *pgxpool.Config) {
			config.AfterConnect = s.set
		})
		require.NoError(tb, Migrate(ctx, pool))
		s.Store = New(pool)
		return s
	})
}

// A hurryingStore does not wait for the disk while the benchmark fills it.
type hurryingStore struct {
	*Store
	hurries atomic.Bool
}

// Hurry changes the connections there are, as new ones would be slow for other
// reasons.
func (s *hurryingStore) Hurry(on bool) {
	s.hurries.Store(on)
	for _, c := range s.pool.AcquireAllIdle(ctx) {
		if s.set(ctx, c.Conn()) != nil {
			c.Conn().Close(ctx)
		}
		c.Release()
	}
}

func (s *hurryingStore) set(ctx context.Context, c *pgx.Conn) error {
	waits := "on"
	if s.hurries.Load() {
		waits = "off"
	}
	_, err := c.Exec(ctx, "SET synchronous_commit = "+waits)
	return err
}
