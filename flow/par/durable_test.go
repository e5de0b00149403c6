package par_test

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/par"
	"github.com/oauthapps/oauthapps/store/sqlite"
)

// A restart after each step changes nothing: the request is in the store alone.
func TestRestartsInBetween(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	h := newHost(t, par.Config{})
	b := h.browser()
	var backend *sqlite.Store
	restart := func() {
		if backend != nil {
			require.NoError(t, backend.Close())
		}
		var err error
		backend, err = sqlite.Open(t.Context(), path)
		require.NoError(t, err)
		h.store.Store = backend
		b.handler = h.node()
	}
	restart()
	app, _, err := h.Registry().Register(t.Context(), "developer", h.public.Registration())
	require.NoError(t, err)
	requestURI := h.push(h.request(app))
	restart()
	b.open(app, requestURI)
	restart()
	page := b.open(app, requestURI)
	restart()
	require.NotEmpty(t, answer(t, b.decide(page, "authorize")).Get("code"))
	restart()
	requirePage(t, b.decide(page, "authorize"), http.StatusBadRequest, gone)
	require.NoError(t, backend.Close())
}
