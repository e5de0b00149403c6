package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "demo.key")
	made, err := loadKeys(path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())

	again, err := loadKeys(path)
	require.NoError(t, err)
	require.Equal(t, made, again)
	require.Len(t, made, 1)
	require.NotEqual(t, made.derive("one"), made.derive("another"))
	require.NotContains(t, string(made.derive("one")[0]), string(made[0][:]))

	require.NoError(t, os.Chmod(path, 0o640))
	_, err = loadKeys(path)
	require.ErrorContains(t, err, "chmod 600")

	require.NoError(t, os.WriteFile(path, []byte("c2hvcnQ=\n"), 0o600))
	require.NoError(t, os.Chmod(path, 0o600))
	_, err = loadKeys(path)
	require.ErrorContains(t, err, "32 bytes")
	require.NotContains(t, err.Error(), "c2hvcnQ")

	_, err = loadKeys(filepath.Join(t.TempDir(), "no such folder", "demo.key"))
	require.Error(t, err)
}

func TestKeyFileIsOneForAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "demo.key")
	keys := make([]masterKeys, 20)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() { keys[i], _ = loadKeys(path) })
	}
	all.Wait()
	for _, key := range keys {
		require.Equal(t, keys[0], key)
		require.Len(t, key, 1)
		require.NotZero(t, key[0])
	}
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, left, 1, "no temporary files")
}

func TestKeyFileOfSeveralKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "demo.key")
	write := func(content string) {
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	one, two := strings.Repeat("1", 32), strings.Repeat("2", 32)
	encode := func(key string) string { return base64.StdEncoding.EncodeToString([]byte(key)) }

	write(encode(two) + "\n" + encode(one) + "\r\n\n")
	keys, err := loadKeys(path)
	require.NoError(t, err)
	require.Equal(t, masterKeys{masterKey([]byte(two)), masterKey([]byte(one))}, keys, "the first signs")
	require.Equal(t, [][]byte{keys[0].derive("forms"), keys[1].derive("forms")}, keys.derive("forms"))
	require.Equal(t, slices.Concat(keys[:1].signing(), keys[1:].signing()), keys.signing(), "the same at every node and after every start")
	require.NotEqual(t, keys[:1].signing(), keys[1:].signing())

	for _, content := range []string{"", "\n", encode(one) + "\n\n" + encode(two), encode(one) + "\n" + encode("short"), encode(one) + " " + encode(two)} {
		write(content)
		_, err := loadKeys(path)
		require.ErrorContains(t, err, "32 bytes in base64", content)
		require.NotContains(t, err.Error(), encode(one))
	}
}

func TestRandomKeyWithoutFile(t *testing.T) {
	one, err := loadKeys("")
	require.NoError(t, err)
	two, err := loadKeys("")
	require.NoError(t, err)
	require.NotEqual(t, one, two)
}
