package dpop

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// A binding is what a session keeps: the keys that its code and its access
// tokens are bound to, by their thumbprints (RFC 7638). "" is for what is bound
// to none.
type binding struct {
	Code     string `json:"code,omitempty"` // until the code is redeemed
	Access   string `json:"access,omitempty"`
	Previous string `json:"previous,omitempty"` // that of the access token before
}

func bindingOf(extra kernel.Extra) (binding, error) {
	var b binding
	if entry, ok := extra[Name]; ok {
		if err := json.Unmarshal(entry, &b); err != nil {
			return binding{}, fmt.Errorf("dpop: the binding of a session: %w", err)
		}
	}
	return b, nil
}

// of returns the key that an access token of a session is bound to. Older ones
// than the one before have the key of that.
func (b binding) of(s *store.Session, token credential.Digest) string {
	switch {
	case token.Equal(s.Access.Digest):
		return b.Access
	case token.Equal(s.PreviousAccess.Digest), kernel.IsOlder(s, token):
		return b.Previous
	}
	return b.Access // just issued
}

// keyOf returns the key that an access token of a session is bound to.
func keyOf(s *store.Session, token credential.Digest) (string, error) {
	extra, err := kernel.ExtraOf(s)
	if err != nil {
		return "", err
	}
	b, err := bindingOf(extra)
	return b.of(s, token), err
}

func isBound(s *store.Session, token credential.Digest) bool {
	key, err := keyOf(s, token)
	return key != "" || err != nil // what cannot be read is refused wherever it is presented
}

// confirmation is what introspection tells of a token (RFC 9449, section 6.2).
func confirmation(s *store.Session, token credential.Digest) map[string]any {
	key, err := keyOf(s, token)
	if key == "" || err != nil {
		return nil
	}
	return map[string]any{"cnf": map[string]any{"jkt": key}}
}

// checkThumbprint refuses a dpop_jkt that is no thumbprint (RFC 9449, section
// 10).
func checkThumbprint(value string) *wire.Error {
	b, err := base64.RawURLEncoding.Strict().DecodeString(value)
	if err != nil || len(b) != 32 || len(value) != 43 {
		return wire.Refuse(wire.InvalidRequest, keyParam+" must be the SHA-256 thumbprint of a key in base64url")
	}
	return nil
}
