package clientauth

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// Where slow hashes take all turns, nobody waits for one forever, and what was
// right before waits for none.
func TestTurnsOfImportedSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newImported(SecretHost{Network: func(*http.Request) string { return "192.0.2.1" }})
		client := store.Client{Secrets: []oauthapp.Secret{{Hash: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}}}
		match := func(ctx context.Context, secret string) (bool, error) {
			_, ok, err := i.match(httptest.NewRequest("POST", "/", nil).WithContext(ctx), client, proofOf(secret), time.Now())
			return ok, err
		}
		ok, err := match(t.Context(), "test")
		require.NoError(t, err)
		require.True(t, ok)
		for range cap(i.turn) {
			i.turn <- struct{}{}
		}
		began := time.Now()
		_, err = match(t.Context(), "guess")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, turnWait, time.Since(began))
		ok, err = match(t.Context(), "test")
		require.NoError(t, err)
		require.True(t, ok)

		// Who waits for another that presents the same can go away.
		go func() { _, _ = match(t.Context(), "guess") }()
		synctest.Wait()
		gone, leave := context.WithCancel(t.Context())
		leave()
		_, err = match(gone, "guess")
		require.ErrorIs(t, err, context.Canceled)
		time.Sleep(2 * turnWait)
		synctest.Wait()
		require.Empty(t, i.judging)
	})
}
