package clientauth

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
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
		for range cap(i.slots) {
			i.slots <- struct{}{}
		}
		began := time.Now()
		_, err = match(t.Context(), "guess")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, slotWait, time.Since(began))
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
		time.Sleep(2 * slotWait)
		synctest.Wait()
		require.Empty(t, i.judging)
	})
}

// One secret alone that takes much memory is judged at once, and nobody waits
// for it who needs none.
func TestLargeImportedSecretsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newImported(SecretHost{Network: func(*http.Request) string { return "192.0.2.1" }})
		large := oauthapp.Secret{Hash: "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$" + strings.Repeat("a", 43)}
		require.True(t, large.IsArgon2())
		i.argon2 <- struct{}{}
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), slotWait)
		defer cancel()
		_, err := i.judge(ctx, large, "guess")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, slotWait, time.Since(began))
		_, err = i.judge(t.Context(), oauthapp.Secret{Hash: "sha256:" + strings.Repeat("0", 64)}, "guess")
		require.NoError(t, err)
		<-i.argon2
		right, err := i.judge(t.Context(), large, "guess")
		require.NoError(t, err)
		require.False(t, right)
		require.Empty(t, i.argon2)
		require.Empty(t, i.slots)
	})
}
