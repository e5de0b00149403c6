package sqlite

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// What version 1 kept goes on to work.
func TestMigrateFromVersion1(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.db")
	require.NoError(t, ensureFile(path))
	c, err := connect(ctx, path, "PRAGMA foreign_keys = ON")
	require.NoError(t, err)
	scripts, err := migrationScripts()
	require.NoError(t, err)
	require.NoError(t, migrate(c, scripts[:1]))
	data, err := os.ReadFile("testdata/version1.sql")
	require.NoError(t, err)
	require.NoError(t, c.script(string(data)))
	require.NoError(t, c.close())

	handles := []*Store{openPath(t, path), openPath(t, path)}
	id := func(n byte) uuid.UUID { return uuid.UUID{0: 1, 15: n} }
	for _, s := range handles {
		client, err := s.Client(ctx, "client", id(4), now)
		require.NoError(t, err)
		require.Equal(t, id(1), client.Application.ID)
		require.Equal(t, "Name", client.Application.Name)
		require.Len(t, client.Secrets, 1)
		require.Equal(t, "user", client.Session.UserID)
	}
	first := rotation(id(4), [32]byte{31: 9})
	require.NoError(t, handles[0].RotateRefreshToken(ctx, first))
	keep := rotation(id(4), first.Refresh.Digest)
	keep.Refresh.Digest, keep.Access.IssuedAt = credential.Digest{}, first.At.Add(time.Minute)
	require.NoError(t, handles[1].RotateRefreshToken(ctx, keep))
	session, err := handles[0].Session(ctx, id(4))
	require.NoError(t, err)
	require.Equal(t, first.At, session.RotatedAt)
	require.Equal(t, first.Refresh.Digest, session.Refresh.Digest)
	usage, err := handles[0].Usage(ctx, oauthapp.AnyOwner, id(1), 10)
	require.NoError(t, err)
	require.Equal(t, 1, usage.Users)

	other, err := handles[0].Client(ctx, "other", uuid.Nil, now)
	require.NoError(t, err)
	require.Empty(t, other.Secrets)
	_, err = handles[0].RevokeSecret(ctx, oauthapp.AnyOwner, id(1), id(2), now)
	require.NoError(t, err)
	client, err := handles[1].Client(ctx, "client", uuid.Nil, now)
	require.NoError(t, err)
	require.Empty(t, client.Secrets)
}
