package sqlite

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/store"
)

// A revision is drawn by what changes an application or its secrets, and by nothing else.
func TestRevisions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "oauthapps.db")
	s := openPath(t, path)
	app := create(t, s)
	b := beginning(app.ID, "user")
	_, err := s.BeginSession(ctx, b)
	require.NoError(t, err)
	secret := newSecret(app.ID)
	refused := func(want, err error) error {
		if errors.Is(err, want) {
			return nil
		}
		return errors.Join(errors.New("not refused"), err)
	}
	c, err := connect(ctx, path, reading)
	require.NoError(t, err)
	defer c.close()
	revision := func() int64 {
		r, err := c.number("SELECT revision FROM applications")
		require.NoError(t, err)
		return r
	}
	for _, step := range []struct {
		name  string
		draws bool
		call  func() error
	}{
		{"UpdateApplication", true, func() error { return s.UpdateApplication(ctx, "owner", app) }},
		{"UpdateApplication of an old version", false, func() error { return refused(store.ErrConflict, s.UpdateApplication(ctx, "owner", app)) }},
		{"AddSecret", true, func() error { return s.AddSecret(ctx, "owner", secret, now, 1) }},
		{"AddSecret beyond the limit", false, func() error {
			return refused(store.ErrLimit, s.AddSecret(ctx, "owner", newSecret(app.ID), now.Add(time.Hour), 1))
		}},
		{"Touch of a secret", true, func() error {
			return s.Touch(ctx, store.Use{ApplicationID: app.ID, SecretID: secret.ID, At: now})
		}},
		{"Touch of a secret that was used later", false, func() error {
			return s.Touch(ctx, store.Use{ApplicationID: app.ID, SecretID: secret.ID, At: now})
		}},
		{"Touch of a grant", false, func() error { return s.Touch(ctx, store.Use{GrantID: b.GrantID, At: now}) }},
		{"RevokeSecret", true, func() error { _, err := s.RevokeSecret(ctx, "owner", app.ID, secret.ID, now); return err }},
		{"RevokeSecret again", false, func() error {
			_, err := s.RevokeSecret(ctx, "owner", app.ID, secret.ID, now)
			return refused(store.ErrNotFound, err)
		}},
		{"CleanUp of secrets", true, func() error { _, _, err := s.CleanUp(ctx, now, "c", 10); return err }},
		{"CleanUp of no secrets", false, func() error { _, _, err := s.CleanUp(ctx, now, "c", 10); return err }},
		{"BeginSession", false, func() error { _, err := s.BeginSession(ctx, beginning(app.ID, "another")); return err }},
		{"RevokeTokens", false, func() error { _, err := s.RevokeTokens(ctx, "owner", app.ID, now, 10); return err }},
		{"DeleteApplication", true, func() error { _, err := s.DeleteApplication(ctx, "owner", app.ID, now); return err }},
	} {
		before := revision()
		require.NoError(t, step.call(), step.name)
		require.Equal(t, step.draws, revision() != before, step.name)
	}
}

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
