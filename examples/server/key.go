package main

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A masterKey is the one secret of the server. Nothing is signed with it: every
// purpose has a key of its own derived from it.
type masterKey [32]byte

// derive returns the key for a purpose.
func (k masterKey) derive(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, k[:], nil, "oauthapps demo: "+purpose, 32)
	if err != nil {
		panic(err) // 32 bytes are never too many for HKDF
	}
	return key
}

// loadKey reads the key of a key file, which it makes where there is none. Without
// a path the key is random, and a restart signs everyone out.
func loadKey(path string) (masterKey, error) {
	if path == "" {
		return newKey(), nil
	}
	key, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := writeKey(path, newKey()); err != nil {
			return masterKey{}, fmt.Errorf("make the key file: %w", err)
		}
		return readKey(path) // which is another's, if another process was faster
	}
	return key, err
}

func newKey() (k masterKey) {
	rand.Read(k[:])
	return k
}

func readKey(path string) (masterKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return masterKey{}, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return masterKey{}, fmt.Errorf("key file %s can be read by others; run chmod 600 on it", path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return masterKey{}, err
	}
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(content)))
	if err != nil || len(b) != len(masterKey{}) {
		return masterKey{}, fmt.Errorf("key file %s does not hold 32 bytes in base64", path)
	}
	return masterKey(b), nil
}

// writeKey makes the file appear whole, and only where there is none: two servers
// that start at once then agree on one key.
func writeKey(path string, key masterKey) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = fmt.Fprintln(temp, base64.StdEncoding.EncodeToString(key[:]))
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
