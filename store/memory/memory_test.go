package memory_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
	"github.com/oauthapps/oauthapps/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Harness{New: func(testing.TB) store.Store { return memory.New() }})
}

func TestZeroStore(t *testing.T) {
	storetest.Run(t, storetest.Harness{New: func(testing.TB) store.Store { return new(memory.Store) }})
}

func TestPing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	require.NoError(t, new(memory.Store).Ping(ctx))
	cancel()
	require.ErrorIs(t, memory.New().Ping(ctx), context.Canceled)
}
