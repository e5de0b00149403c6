package sqlite

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// One call lets others in between pieces that are transactions of their own,
// and where a later piece fails, it tells what those before it did.
func TestCleanUpInPieces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "oauthapps.db")
	s := openPath(t, path)
	beginMany(t, s, 2*pieceSize+1)
	after := now.Add(time.Hour)

	before := commits(t, path)
	next, removed, err := s.CleanUp(&endingContext{Context: ctx, asked: 2}, after, "", 10*pieceSize)
	require.NoError(t, err)
	require.Equal(t, pieceSize, removed, "the first piece, after which the context ended")
	require.Equal(t, 1, commits(t, path)-before)
	_, _, err = s.CleanUp(&endingContext{Context: ctx}, after, next, 10*pieceSize)
	require.ErrorIs(t, err, context.Canceled)

	before = commits(t, path)
	_, removed, err = s.CleanUp(ctx, after, next, 10*pieceSize)
	require.NoError(t, err)
	require.Equal(t, pieceSize+1, removed)
	require.Equal(t, 2, commits(t, path)-before)
}

// An endingContext ends once it was asked some times whether it has.
type endingContext struct {
	context.Context
	asked int
}

func (c *endingContext) Err() error {
	if c.asked--; c.asked < 0 {
		return context.Canceled
	}
	return nil
}
