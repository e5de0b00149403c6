// Package ticket signs what a form must bring back unchanged.
package ticket

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"
)

var (
	// ErrInvalid is returned for a ticket that no key signed for these parts.
	ErrInvalid = errors.New("ticket: invalid")
	// ErrExpired is returned for a ticket that was good once.
	ErrExpired = errors.New("ticket: expired")
)

// Keys sign with the first and verify with any, so that a key can be replaced
// while forms signed with the old one are open. Each has at least 32 bytes.
type Keys [][]byte

// Sign returns a ticket for a purpose and its parts, good until expires. It is
// URL- and form-safe.
func (k Keys) Sign(expires time.Time, purpose string, parts ...string) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(expires.Unix()))
	return base64.RawURLEncoding.EncodeToString(append(b, mac(k[0], b, purpose, parts)...))
}

// Verify checks a ticket for a purpose and its parts, in constant time. It
// returns ErrInvalid, or ErrExpired once the time it is good until has come.
func (k Keys) Verify(ticket string, now time.Time, purpose string, parts ...string) error {
	const size = 8 + sha256.Size
	if len(ticket) != base64.RawURLEncoding.EncodedLen(size) {
		return ErrInvalid
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(ticket)
	if err != nil || len(b) != size { // line breaks are decoded to nothing
		return ErrInvalid
	}
	for _, key := range k {
		if hmac.Equal(b[8:], mac(key, b[:8], purpose, parts)) {
			if now.Unix() >= int64(binary.BigEndian.Uint64(b)) {
				return ErrExpired
			}
			return nil
		}
	}
	return ErrInvalid
}

// Expiry returns until when a ticket is good that [Keys.Verify] found so.
func Expiry(ticket string) (time.Time, bool) {
	b, err := base64.RawURLEncoding.DecodeString(ticket)
	if err != nil || len(b) < 8 {
		return time.Time{}, false
	}
	return time.Unix(int64(binary.BigEndian.Uint64(b)), 0).UTC(), true
}

// mac authenticates each part with its length, so that no two lists of parts
// look alike.
func mac(key, expires []byte, purpose string, parts []string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(expires)
	for _, part := range append([]string{purpose}, parts...) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}
