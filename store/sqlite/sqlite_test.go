package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/sqlite"
	"github.com/oauthapps/oauthapps/store/storetest"
)

func TestStore(t *testing.T) {
	paths := map[store.Store]string{}
	open := func(tb testing.TB, path string) store.Store {
		s, err := sqlite.Open(t.Context(), path)
		require.NoError(tb, err)
		tb.Cleanup(func() { require.NoError(tb, s.Close()) })
		paths[s] = path
		return s
	}
	storetest.Run(t, storetest.Harness{
		New: func(tb testing.TB) store.Store { return open(tb, filepath.Join(tb.TempDir(), "oauthapps.db")) },
		Reopen: func(tb testing.TB, s store.Store) store.Store {
			require.NoError(tb, s.(*sqlite.Store).Close())
			return open(tb, paths[s])
		},
		Beside: func(tb testing.TB, s store.Store) store.Store { return open(tb, paths[s]) },
	})
}
