package sqlite

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// An application can have any number of secrets that have expired. They are not remembered, and yet there for whoever asks as of before.
func TestExpiredSecretsAreNotRemembered(t *testing.T) {
	s := openTemp(t)
	app := create(t, s)
	const resets = 20
	at := now
	for range resets {
		secret := newSecret(app.ID)
		at = at.Add(time.Minute)
		secret.CreatedAt = at
		require.NoError(t, s.AddSecret(ctx, "owner", secret, at, 1))
	}
	client, err := s.Client(ctx, app.ClientID, uuid.Nil, at)
	require.NoError(t, err)
	require.Len(t, client.Secrets, 1)
	known, ok := s.clients.Get(app.ClientID, at)
	require.True(t, ok)
	require.Equal(t, client.Secrets, known.Secrets)
	client, err = s.Client(ctx, app.ClientID, uuid.Nil, now)
	require.NoError(t, err)
	require.Len(t, client.Secrets, 1+resets)
}
