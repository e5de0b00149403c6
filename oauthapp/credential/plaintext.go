package credential

import (
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
)

// A Digest is the SHA-256 of a credential. It is all that a store keeps. A
// credential has 256 random bits, so it needs no slow hash. The zero Digest
// means "none" and equals nothing, not even itself.
type Digest [sha256.Size]byte

// DigestOf returns the digest of a whole credential.
func DigestOf(credential string) Digest { return sha256.Sum256([]byte(credential)) }

// Equal compares in constant time. A zero digest equals nothing.
func (d Digest) Equal(other Digest) bool {
	same := subtle.ConstantTimeCompare(d[:], other[:]) == 1
	return same && !d.IsZero()
}

// IsZero reports whether d means "none".
func (d Digest) IsZero() bool { return d == Digest{} }

const redacted = "[redacted]"

// hintSize is how many characters of a secret are shown, so that its owner can
// tell it from others. Showing 4 of its 43 random characters leaves more than
// 230 bits unknown.
const hintSize = 4

// A Plaintext is a newly made credential in the clear. It prints, logs and
// marshals as "[redacted]", even inside other values. [Plaintext.Reveal]
// returns the credential, for the one that it was made for.
type Plaintext struct {
	value *string // a pointer, so that reflection-based printers of an enclosing struct show no text
}

// Reveal returns the credential itself, "" for the zero Plaintext.
func (p Plaintext) Reveal() string {
	if p.value == nil {
		return ""
	}
	return *p.value
}

// IsZero reports whether there is no credential, as for a public client.
func (p Plaintext) IsZero() bool { return p.value == nil }

// Digest returns what a store keeps of the credential.
func (p Plaintext) Digest() Digest {
	if p.value == nil {
		return Digest{}
	}
	return DigestOf(*p.value)
}

// Hint returns the last 4 characters of the credential's random part, so that
// its owner can tell it from others.
func (p Plaintext) Hint() string {
	if p.value == nil {
		return ""
	}
	end := len(*p.value) - checksumLen
	return (*p.value)[end-hintSize : end]
}

// String returns "[redacted]".
func (p Plaintext) String() string { return redacted }

// GoString returns "[redacted]".
func (p Plaintext) GoString() string { return redacted }

// MarshalText returns "[redacted]".
func (p Plaintext) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns "[redacted]".
func (p Plaintext) LogValue() slog.Value { return slog.StringValue(redacted) }
