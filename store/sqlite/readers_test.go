package sqlite

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// One caller alone always gets the connection with the warmest cache.
func TestReadersAreLentLastInFirstOut(t *testing.T) {
	s := openTemp(t)
	used := map[*conn]bool{}
	for range 10 {
		require.NoError(t, s.read(ctx, "test", func(c *conn) error { used[c] = true; return nil }))
	}
	require.Len(t, used, 1)
}

// Whoever finds all readers in use waits for one, until the context ends or the
// store is closed.
func TestAllReadersAreInUse(t *testing.T) {
	s := openTemp(t)
	lent := cap(s.readers.inUse)
	giveBack, inUse, results := make(chan struct{}), make(chan *conn), make(chan error)
	read := func(ctx context.Context) {
		go func() {
			results <- s.read(ctx, "test", func(c *conn) error { inUse <- c; <-giveBack; return nil })
		}()
	}
	readers := map[*conn]bool{}
	for range lent {
		read(ctx)
		readers[<-inUse] = true
	}
	require.Len(t, readers, lent, "one was lent twice")

	ending, cancel := context.WithCancel(ctx)
	read(ending)
	cancel()
	require.ErrorIs(t, <-results, context.Canceled)

	read(ctx)
	giveBack <- struct{}{}
	require.Contains(t, readers, <-inUse)

	closed := make(chan error)
	go func() { closed <- s.Close() }()
	<-s.closed
	require.NoError(t, <-results)
	require.ErrorIs(t, s.read(ctx, "test", nil), errClosed)
	for range lent {
		giveBack <- struct{}{}
		require.NoError(t, <-results)
	}
	require.NoError(t, <-closed)
}
