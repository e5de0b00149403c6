package flow

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/store"
)

// The token, the salt and the key are needed together, and the two secrets differ.
func TestDeriveSuccessors(t *testing.T) {
	derive := func(key, salt, token string) successorSecrets {
		var s store.Salt
		copy(s[:], salt)
		secrets, err := deriveSuccessors([]byte(key), s, token)
		require.NoError(t, err)
		return secrets
	}
	secrets := derive("key", "salt", "token")
	require.Equal(t, secrets, derive("key", "salt", "token"))
	seen := map[[32]byte]bool{secrets.access: true, secrets.refresh: true}
	for _, other := range []successorSecrets{
		derive("Key", "salt", "token"), derive("key", "Salt", "token"), derive("key", "salt", "Token"),
		derive("keyt", "salt", "oken"), derive("", "salt", "keytoken"),
	} {
		require.False(t, seen[other.access] || seen[other.refresh])
		seen[other.access], seen[other.refresh] = true, true
	}
	require.Len(t, seen, 12)
}
