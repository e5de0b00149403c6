package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
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

	"github.com/oauthapps/oauthapps/flow"
)

// A masterKey is a secret of the server. Nothing is signed with it: every
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

// masterKeys are the keys of a key file, one or more: the first signs, all
// verify. Nodes that serve the same people have the same ones, or are on the
// way there, in the three steps that the usage of the server lists.
type masterKeys []masterKey

// derive returns the keys for a purpose, in the same order.
func (ks masterKeys) derive(purpose string) [][]byte {
	derived := make([][]byte, len(ks))
	for i, k := range ks {
		derived[i] = k.derive(purpose)
	}
	return derived
}

// signing returns the key pairs that are derived from the keys, in the same
// order. A service of some size rather has a machine that keeps them to itself,
// as a flow.SigningKey is any crypto.Signer.
func (ks masterKeys) signing() (all []flow.SigningKey) {
	for _, k := range ks {
		all = append(all,
			flow.SigningKey{Signer: k.deriveES256(), Algorithm: "ES256"},
			flow.SigningKey{Signer: ed25519.NewKeyFromSeed(k.derive("signing with EdDSA")), Algorithm: "EdDSA"},
		)
	}
	return all
}

func (k masterKey) deriveES256() *ecdsa.PrivateKey {
	for i := 0; ; i++ { // one of four billion numbers of 32 bytes is too large
		key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), k.derive(fmt.Sprint("signing with ES256, ", i)))
		if err == nil {
			return key
		}
	}
}

// loadKeys reads the keys of a key file, which it makes, with one key, where
// there is none. Without a path there is one key and it is random, so that a
// restart signs everyone out.
func loadKeys(path string) (masterKeys, error) {
	if path == "" {
		return masterKeys{newKey()}, nil
	}
	keys, err := readKeys(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := writeKey(path, newKey()); err != nil {
			return nil, fmt.Errorf("make the key file: %w", err)
		}
		return readKeys(path) // which has another's key, if another process was faster
	}
	return keys, err
}

func newKey() (k masterKey) {
	rand.Read(k[:])
	return k
}

func readKeys(path string) (masterKeys, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("key file %s can be read by others; run chmod 600 on it", path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var keys masterKeys
	for n, line := range strings.Split(strings.TrimRight(string(content), "\r\n"), "\n") {
		b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(line))
		if err != nil || len(b) != len(masterKey{}) {
			return nil, fmt.Errorf("key file %s: line %d does not hold 32 bytes in base64", path, n+1)
		}
		keys = append(keys, masterKey(b))
	}
	return keys, nil
}

// writeKey makes the file appear whole, and only where there is none: two
// servers that start at once then agree on one key.
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
