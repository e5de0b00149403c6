package memory_test

import (
	"testing"

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
