package main

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "demo.key")
	made, err := loadKey(path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())

	again, err := loadKey(path)
	require.NoError(t, err)
	require.Equal(t, made, again)
	require.NotEqual(t, made.derive("one"), made.derive("another"))
	require.NotContains(t, string(made.derive("one")), string(made[:]))

	require.NoError(t, os.Chmod(path, 0o640))
	_, err = loadKey(path)
	require.ErrorContains(t, err, "chmod 600")

	require.NoError(t, os.WriteFile(path, []byte("c2hvcnQ=\n"), 0o600))
	require.NoError(t, os.Chmod(path, 0o600))
	_, err = loadKey(path)
	require.ErrorContains(t, err, "32 bytes")
	require.NotContains(t, err.Error(), "c2hvcnQ")

	_, err = loadKey(filepath.Join(t.TempDir(), "no such folder", "demo.key"))
	require.Error(t, err)
}

func TestKeyFileIsOneForAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "demo.key")
	keys := make([]masterKey, 20)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() { keys[i], _ = loadKey(path) })
	}
	all.Wait()
	for _, key := range keys {
		require.Equal(t, keys[0], key)
		require.NotZero(t, key)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, left, 1, "no temporary files")
}

func TestRandomKeyWithoutFile(t *testing.T) {
	one, err := loadKey("")
	require.NoError(t, err)
	two, err := loadKey("")
	require.NoError(t, err)
	require.NotEqual(t, one, two)
}
