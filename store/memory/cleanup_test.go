package memory

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// Requests do not wait for the whole of a batch, however large it is.
func TestCleanUpLetsOthersIn(t *testing.T) {
	ctx := context.Background()
	s := New()
	app := oauthapp.Application{ID: uuid.Must(uuid.NewV7()), ClientID: "client", Owner: "owner"}
	require.NoError(t, s.CreateApplication(ctx, app, nil, 1))
	const sessions = 20_000
	for i := range sessions {
		_, err := s.BeginSession(ctx, store.SessionStart{GrantID: uuid.Must(uuid.NewV7()), Session: store.Session{
			ID: uuid.Must(uuid.NewV7()), ApplicationID: app.ID, UserID: strconv.Itoa(i),
		}})
		require.NoError(t, err)
	}
	_, err := s.RevokeTokens(ctx, oauthapp.OwnedBy("owner"), app.ID, 1)
	require.NoError(t, err)

	ctx, cancel := context.WithCancel(ctx)
	var answered atomic.Int64
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for ctx.Err() == nil {
			_, _ = s.Client(ctx, "client", uuid.Nil, time.Time{})
			answered.Add(1)
		}
	}()
	require.Eventually(t, func() bool { return answered.Load() > 0 }, 10*time.Second, time.Millisecond)
	before := answered.Load()
	next, removed, err := s.CleanUp(ctx, time.Now(), "", sessions)
	during := answered.Load() - before
	cancel()
	<-stopped
	require.NoError(t, err)
	require.Equal(t, sessions, removed)
	require.NotEmpty(t, next)
	require.Greater(t, during, int64(100))
}
