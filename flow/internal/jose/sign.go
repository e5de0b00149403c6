package jose

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
)

// A Signer signs tokens with the keys of the service. It is safe for concurrent
// use.
type Signer struct {
	keys       []signingKey
	algorithms []string
	set        []byte
}

// NewSigner returns a signer with some keys. It refuses those that nobody could
// verify with, or not tell apart.
func NewSigner(keys []kernel.SigningKey) (*Signer, error) {
	if len(keys) == 0 || len(keys) > MaxKeys {
		return nil, fmt.Errorf("flow.Config.SigningKeys must have 1 to %d keys", MaxKeys)
	}
	s := &Signer{}
	var set jose.JSONWebKeySet
	for i, given := range keys {
		key, err := newSigningKey(given)
		if err == nil && slices.ContainsFunc(set.Keys, func(k jose.JSONWebKey) bool { return k.KeyID == key.public.KeyID }) {
			err = errors.New("the key is there twice")
		}
		if err != nil {
			return nil, fmt.Errorf("flow.Config.SigningKeys[%d]: %w", i, err)
		}
		set.Keys = append(set.Keys, key.public)
		if !slices.Contains(s.algorithms, given.Algorithm) {
			s.keys, s.algorithms = append(s.keys, key), append(s.algorithms, given.Algorithm)
		}
	}
	var err error
	s.set, err = json.Marshal(set)
	return s, err
}

// Algorithms are those that there is a key of, in the order of the keys.
func (s *Signer) Algorithms() []string { return slices.Clone(s.algorithms) }

// KeySet is the JWK Set of all public keys (RFC 7517).
func (s *Signer) KeySet() []byte { return s.set }

// Sign returns a token of a type (RFC 7515, section 4.1.9), signed with the
// first key of one of Algorithms. An error is an outage, or a mistake in the
// claims.
func (s *Signer) Sign(typ, algorithm string, claims any) (string, error) {
	i := slices.Index(s.algorithms, algorithm)
	if i < 0 {
		return "", fmt.Errorf("there is no signing key for %q", algorithm)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	key := jose.SigningKey{Algorithm: jose.SignatureAlgorithm(algorithm), Key: s.keys[i]}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("signing with a key for %s: %w", algorithm, err)
	}
	return signed.CompactSerialize()
}

// A signingKey is a key as go-jose takes it.
type signingKey struct {
	signer crypto.Signer
	public jose.JSONWebKey
}

func newSigningKey(given kernel.SigningKey) (signingKey, error) {
	public, err := publicOf(given.Signer)
	if err != nil {
		return signingKey{}, err
	}
	if !slices.Contains(Algorithms, given.Algorithm) {
		return signingKey{}, errors.New("Algorithm must be one of " + strings.Join(Algorithms, ", "))
	}
	key := Key{jose.JSONWebKey{Key: public, Algorithm: given.Algorithm, Use: "sig"}}
	if err := key.check(); err != nil {
		return signingKey{}, fmt.Errorf("Signer: the key cannot be used: %w", err)
	}
	key.jwk.KeyID = key.Thumbprint()
	return signingKey{given.Signer, key.jwk}, nil
}

// publicOf returns the public key of a signer, which may be a nil pointer.
func publicOf(signer crypto.Signer) (public crypto.PublicKey, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("Signer is required")
		}
	}()
	if key, ok := signer.(ed25519.PrivateKey); ok && len(key) != ed25519.PrivateKeySize {
		return nil, errors.New("Signer is cut short")
	}
	return signer.Public(), nil
}

func (k signingKey) Public() *jose.JSONWebKey { return &k.public }

func (k signingKey) Algs() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.SignatureAlgorithm(k.public.Algorithm)}
}

// SignPayload signs as RFC 7518, sections 3.3 to 3.5, and RFC 8037, section
// 3.1, say.
func (k signingKey) SignPayload(payload []byte, algorithm jose.SignatureAlgorithm) ([]byte, error) {
	digest := sha256.Sum256(payload)
	switch algorithm {
	case jose.RS256:
		return k.signer.Sign(rand.Reader, digest[:], crypto.SHA256)
	case jose.PS256:
		options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
		return k.signer.Sign(rand.Reader, digest[:], options)
	case jose.ES256:
		signature, err := k.signer.Sign(rand.Reader, digest[:], crypto.SHA256)
		if err != nil {
			return nil, err
		}
		return fixedSize(signature)
	}
	return k.signer.Sign(rand.Reader, payload, crypto.Hash(0)) // Ed25519
}

// fixedSize turns a signature in ASN.1 into the two numbers of 32 bytes each
// that a JWS has.
func fixedSize(signature []byte) ([]byte, error) {
	var numbers struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(signature, &numbers)
	if err != nil || len(rest) > 0 || numbers.R.Sign() <= 0 || numbers.S.Sign() <= 0 ||
		numbers.R.BitLen() > 8*sizeOfNumber || numbers.S.BitLen() > 8*sizeOfNumber {
		return nil, errors.New("the signer made no ECDSA signature in ASN.1")
	}
	fixed := make([]byte, 2*sizeOfNumber)
	numbers.R.FillBytes(fixed[:sizeOfNumber])
	numbers.S.FillBytes(fixed[sizeOfNumber:])
	return fixed, nil
}
