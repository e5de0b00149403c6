package sqlite

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/sample"
)

var (
	now = sample.Now
	ctx = context.Background()
)

var (
	newID          = sample.ID
	newApplication = sample.Application
	newSecret      = sample.Secret
	sessionStart   = sample.SessionStart
	redemption     = sample.Redemption
	rotation       = sample.Rotation
)

func openTemp(t testing.TB) *Store {
	t.Helper()
	return openPath(t, filepath.Join(t.TempDir(), "oauthapps.db"))
}

func openPath(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(ctx, path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func create(t testing.TB, s *Store) oauthapp.Application {
	t.Helper()
	app := newApplication("owner")
	secret := newSecret(app.ID)
	require.NoError(t, s.CreateApplication(ctx, app, &secret, 1000))
	return app
}

// beginSession begins a session and returns it as it was begun.
func beginSession(t testing.TB, s *Store, app uuid.UUID, user string) store.SessionStart {
	t.Helper()
	b := sessionStart(app, user)
	_, err := s.BeginSession(ctx, b)
	require.NoError(t, err)
	return b
}

// issue begins a session and redeems its code.
func issue(t testing.TB, s *Store, app uuid.UUID, user string) (store.SessionStart, store.Redemption) {
	t.Helper()
	b := beginSession(t, s, app, user)
	r := redemption(b)
	require.NoError(t, s.RedeemCode(ctx, r))
	return b, r
}
