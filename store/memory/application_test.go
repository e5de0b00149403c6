package memory

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// Users are counted each once, not each grant: a user can have one for each of
// very many accounts.
func TestUsersAreCountedByJumping(t *testing.T) {
	ctx := context.Background()
	s := New()
	app := oauthapp.Application{ID: uuid.Must(uuid.NewV7()), ClientID: "client", Owner: "owner"}
	require.NoError(t, s.CreateApplication(ctx, app, nil, 1))
	fastest := func() time.Duration {
		best := time.Hour
		for range 100 {
			began := time.Now()
			usage, err := s.Usage(ctx, oauthapp.OwnedBy("owner"), app.ID, 100)
			best = min(best, time.Since(began))
			require.NoError(t, err)
			require.Equal(t, oauthapp.Usage{Users: 1}, usage)
		}
		return best
	}
	var withOne time.Duration
	for i := range 20_000 {
		_, err := s.BeginSession(ctx, store.SessionStart{GrantID: uuid.Must(uuid.NewV7()), Session: store.Session{
			ID: uuid.Must(uuid.NewV7()), ApplicationID: app.ID, UserID: "user", AccountID: strconv.Itoa(i),
		}})
		require.NoError(t, err)
		if i == 0 {
			withOne = fastest()
		}
	}
	require.Less(t, fastest(), 20*withOne+20*time.Microsecond)
}
