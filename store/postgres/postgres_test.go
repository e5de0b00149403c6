package postgres

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, harness())
}

func harness(settings ...string) storetest.Harness {
	dsns := map[store.Store]string{}
	open := func(tb testing.TB, dsn string) store.Store {
		s := openDSN(tb, dsn)
		dsns[s] = dsn
		return s
	}
	return storetest.Harness{
		New: func(tb testing.TB) store.Store { return open(tb, with(newSchema(tb), settings...)) },
		Reopen: func(tb testing.TB, s store.Store) store.Store {
			require.NoError(tb, s.(*Store).Close())
			return open(tb, dsns[s])
		},
	}
}
