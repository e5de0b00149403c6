package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// A Key is a public key that signatures of one of [Algorithms] can be checked
// with. The zero Key checks nothing.
type Key struct{ jwk jose.JSONWebKey }

// ID is the key ID, "" where it has none.
func (k Key) ID() string { return k.jwk.KeyID }

// Thumbprint is the SHA-256 thumbprint (RFC 7638) in base64url: the same for
// every form of the key, and for no other key.
func (k Key) Thumbprint() string {
	sum, err := k.jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		return "" // the zero Key
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// fits reports whether a key is for an algorithm.
func (k Key) fits(algorithm string) bool {
	own := k.jwk.Algorithm
	if own == "Ed25519" || own == "EdDSA" { // one algorithm with two names
		own = ""
	}
	return (own == "" || own == algorithm) && slices.Contains(k.algorithms(), algorithm)
}

// verify reports whether the key made a signature of one of its algorithms (RFC
// 7518, sections 3.3 to 3.5, and RFC 8037, section 3.1).
func (k Key) verify(algorithm string, signed, signature []byte) bool {
	digest := sha256.Sum256(signed)
	switch public := k.jwk.Key.(type) {
	case *ecdsa.PublicKey:
		if len(signature) != 2*sizeOfNumber {
			return false
		}
		r, s := new(big.Int).SetBytes(signature[:sizeOfNumber]), new(big.Int).SetBytes(signature[sizeOfNumber:])
		return ecdsa.Verify(public, digest[:], r, s)
	case ed25519.PublicKey:
		return ed25519.Verify(public, signed, signature)
	case *rsa.PublicKey:
		if algorithm == "PS256" {
			options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash} // the one length that a JWS has
			return rsa.VerifyPSS(public, crypto.SHA256, digest[:], signature, options) == nil
		}
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil
	}
	return false
}

// sizeOfNumber is how long each of the two numbers of a signature of ES256 is.
const sizeOfNumber = 32

// algorithms are those of the key's type.
func (k Key) algorithms() []string {
	switch k.jwk.Key.(type) {
	case *ecdsa.PublicKey:
		return []string{"ES256"}
	case ed25519.PublicKey:
		return []string{"EdDSA", "Ed25519"}
	case *rsa.PublicKey:
		return []string{"PS256", "RS256"}
	}
	return nil
}

// secretMembers are those of private and of symmetric keys (RFC 7518, section
// 6, and RFC 9964).
var secretMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}

var errPrivate = errors.New("it is a private or symmetric key, which nobody else may have: send public keys only, and replace that key")

// ParseKey reads a public key (RFC 7517, section 4). A private key is refused,
// and one that is not for signatures of one of [Algorithms].
func ParseKey(data []byte) (Key, error) {
	if len(data) > MaxSet {
		return Key{}, errors.New("it is too long")
	}
	object, err := readObject(data)
	if err != nil {
		return Key{}, err
	}
	if slices.ContainsFunc(secretMembers, object.has) {
		return Key{}, errPrivate
	}
	if err := checkUse(object); err != nil {
		return Key{}, err
	}
	var key Key
	if json.Unmarshal(data, &key.jwk) != nil {
		return Key{}, errors.New("it is no key of a known type (EC, OKP or RSA) with all its members")
	}
	return key, key.check()
}

// checkUse refuses a key that is not for checking signatures (RFC 7517,
// sections 4.2 and 4.3).
func checkUse(object members) error {
	var operations []string
	use, ok := object.text("use")
	switch {
	case !ok || use != "" && use != "sig":
		return errors.New("its use is not sig")
	case object.has("key_ops") && json.Unmarshal(object["key_ops"], &operations) != nil,
		object.has("key_ops") && !slices.Contains(operations, "verify"):
		return errors.New("its key_ops have no verify")
	}
	return nil
}

func (k Key) check() error {
	switch public := k.jwk.Key.(type) {
	case *ecdsa.PublicKey:
		if public.Curve != elliptic.P256() {
			return errors.New("its curve is not P-256")
		}
	case *rsa.PublicKey:
		if public.N.BitLen() < 2048 {
			return errors.New("it is an RSA key of less than 2048 bits")
		}
		if public.N.Bit(0) == 0 || public.E < 3 || public.E%2 == 0 {
			return errors.New("it is no RSA key")
		}
	case ed25519.PublicKey:
	default:
		return errors.New("it is no key of a known type (EC, OKP or RSA)")
	}
	switch {
	case k.jwk.Algorithm != "" && !slices.Contains(k.algorithms(), k.jwk.Algorithm):
		return errors.New("its alg is not one for a key of its type")
	case len(k.jwk.KeyID) > MaxKeyID:
		return errors.New("its kid is too long")
	}
	return nil
}

// A Set is a JWK Set.
type Set []Key

// ParseSet reads a JWK Set (RFC 7517, section 5). Keys that are of no use here
// are passed over, as that section says, but one must be left. A set with a
// private key is refused, as is one with two keys of one type under one ID,
// which nobody could tell apart.
func ParseSet(data []byte) (Set, error) {
	if len(data) > MaxSet {
		return nil, fmt.Errorf("the key set is longer than %d bytes", MaxSet)
	}
	object, err := readObject(data)
	if err != nil {
		return nil, fmt.Errorf("the key set is malformed: %w", err)
	}
	var entries []json.RawMessage
	if json.Unmarshal(object["keys"], &entries) != nil || entries == nil {
		return nil, errors.New("the key set has no array keys")
	}
	if len(entries) > MaxKeys {
		return nil, fmt.Errorf("the key set has more than %d keys", MaxKeys)
	}
	var set Set
	var useless error
	for i, entry := range entries {
		key, err := ParseKey(entry)
		if err != nil {
			err = fmt.Errorf("keys[%d]: %w", i, err)
		}
		switch {
		case errors.Is(err, errPrivate):
			return nil, err
		case err != nil && useless == nil:
			useless = err
		case err == nil && set.confuses(key):
			return nil, fmt.Errorf("keys[%d]: another key of its type has the same kid", i)
		case err == nil:
			set = append(set, key)
		}
	}
	switch {
	case len(set) > 0:
		return set, nil
	case useless != nil:
		return nil, fmt.Errorf("the key set has no key that can be used: %w", useless)
	}
	return nil, errors.New("the key set is empty")
}

// confuses reports whether the set has another key of the same ID and type.
func (s Set) confuses(key Key) bool {
	return slices.ContainsFunc(s, func(other Key) bool {
		return key.ID() != "" && other.ID() == key.ID() && slices.Equal(other.algorithms(), key.algorithms())
	})
}

// For returns the keys that may have signed a token: those of its key ID, or
// all where it has none.
func (s Set) For(t *Token) []Key {
	return slices.DeleteFunc(slices.Clone(s), func(key Key) bool {
		return t.KeyID != "" && key.ID() != t.KeyID || !key.fits(t.Algorithm)
	})
}
