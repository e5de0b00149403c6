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
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/sample"
)

// ofVersion returns a file of an old version, and a connection to it.
func ofVersion(t *testing.T, version int) (path string, c *conn) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "old.db")
	require.NoError(t, ensureFile(path))
	c, err := connect(ctx, path, "PRAGMA foreign_keys = ON")
	require.NoError(t, err)
	scripts, err := migrationScripts()
	require.NoError(t, err)
	require.NoError(t, migrate(c, scripts[:version]))
	return path, c
}

// What version 1 kept goes on to work.
func TestMigrateFromVersion1(t *testing.T) {
	path, c := ofVersion(t, 1)
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
	keep.Refresh.Digest, keep.Replaces, keep.Access.IssuedAt = credential.Digest{}, first.Access.Digest, first.At.Add(time.Minute)
	require.NoError(t, handles[1].RotateRefreshToken(ctx, keep))
	session, err := handles[0].Session(ctx, id(4))
	require.NoError(t, err)
	require.Equal(t, first.At, session.RotatedAt)
	require.Equal(t, first.Refresh.Digest, session.Refresh.Digest)
	usage, err := handles[0].Usage(ctx, oauthapp.AnyOwner, id(1), 10)
	require.NoError(t, err)
	require.Equal(t, 1, usage.Users)

	_, err = handles[0].SetStanding(ctx, oauthapp.OwnedBy("owner"), id(1), oauthapp.Standing{}, oauthapp.Standing{Suspended: true})
	require.NoError(t, err)
	_, err = handles[1].Session(ctx, id(4))
	require.ErrorIs(t, err, store.ErrNotFound, "a suspension holds for what was kept before there were any")
	_, err = handles[1].SetStanding(ctx, oauthapp.OwnedBy("owner"), id(1), oauthapp.Standing{Suspended: true}, oauthapp.Standing{})
	require.NoError(t, err)
	_, err = handles[0].Session(ctx, id(4))
	require.NoError(t, err)

	token := oauthapp.APIToken{ID: id(7), UserID: "user", Name: "Name", Scopes: []string{"read"}, Digest: credential.Digest{7}, Hint: "hint", CreatedAt: now}
	require.NoError(t, handles[0].CreateAPIToken(ctx, token, 1))
	got, err := handles[1].APIToken(ctx, token.ID, now)
	require.NoError(t, err)
	require.Equal(t, token, got)

	other, err := handles[0].Client(ctx, "other", uuid.Nil, now)
	require.NoError(t, err)
	require.Empty(t, other.Secrets)
	_, err = handles[0].RevokeSecret(ctx, oauthapp.AnyOwner, id(1), id(2), now)
	require.NoError(t, err)
	client, err := handles[1].Client(ctx, "client", uuid.Nil, now)
	require.NoError(t, err)
	require.Empty(t, client.Secrets)
}

// A process of the version before that has the file open while it is migrated
// fails, as it would accept the tokens of suspended applications.
func TestVersion5AfterTheMigration(t *testing.T) {
	path, old := ofVersion(t, 5)
	defer old.close()
	const session = `SELECT s.id FROM sessions s JOIN grants g ON g.number = s.grant_number
		JOIN applications a ON a.id = g.application_id AND a.epoch = g.application_epoch AND a.deleted_at IS NULL WHERE s.id = x'00'`
	require.NoError(t, old.prepare([]string{session}))
	_, err := old.exec(session)
	require.NoError(t, err)
	openPath(t, path)
	_, err = old.exec(session)
	require.ErrorContains(t, err, "no such column: a.epoch")
}

// What version 10 kept goes on to work, a session of each kind: those of an
// application itself were not counted then, and ended with no secret.
func TestMigrateFromVersion10(t *testing.T) {
	path, c := ofVersion(t, 10)
	data, err := os.ReadFile("testdata/version10.sql")
	require.NoError(t, err)
	require.NoError(t, c.script(string(data)))
	require.NoError(t, c.close())
	sample.CheckKept(t, openPath(t, path))
}
