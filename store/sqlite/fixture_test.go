package sqlite

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/store/internal/sample"
)

var (
	now = sample.Now
	ctx = context.Background()
)

var (
	newID          = sample.ID
	newApplication = sample.Application
	sessionStart   = sample.SessionStart
	redemption     = sample.Redemption
	rotation       = sample.Rotation
	create         = sample.Create
	beginSession   = sample.Begin
	issue          = sample.Issue
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
