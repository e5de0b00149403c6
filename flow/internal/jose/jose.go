// Package jose reads signed JSON Web Tokens (RFC 7515, 7519) and the keys that
// they are signed with (RFC 7517), and signs those of the service itself with a
// [Signer]. It is the only importer of go-jose.
//
// A token is a JWS in compact serialization with one signature of one of
// [Algorithms], whose payload is a JSON object. Everything that a sender could
// steer the verification with is refused: other algorithms, "none" and HMAC
// among them, critical extensions, and keys by reference. Texts of errors hold
// nothing of what was sent, so that they may be shown and logged.
package jose

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4/json"
)

const (
	MaxToken = 8 << 10  // bytes of a token
	MaxSet   = 16 << 10 // bytes of a key set
	MaxKeys  = 20       // keys of a set
	MaxKeyID = 255      // bytes of a key ID
)

// Algorithms are the signature algorithms, as metadata lists them: ECDSA on
// P-256 with SHA-256, Ed25519 under both of its names, and RSA of 2048 to 4096
// bits with SHA-256 (RFC 7518, section 3.1, RFC 8037, section 3.1, and RFC
// 9864, section 2.2).
var Algorithms = []string{"ES256", "EdDSA", "Ed25519", "PS256", "RS256"}

// Rules are what a kind of token must be.
type Rules struct {
	// Types are the values that the header "typ" may have, in lower case and
	// without "application/"; "" is for a token without it (RFC 7515, section
	// 4.1.9).
	Types []string
	// Algorithms are the ones of [Algorithms] that are accepted. Defaults to
	// all of them.
	Algorithms []string
	// WithKey asks for a public key in the header "jwk", which is refused
	// otherwise.
	WithKey bool
}

// A Token is a token of the right form whose signature nobody checked yet.
type Token struct {
	Algorithm string // of Algorithms
	KeyID     string // "" where there is none
	Key       Key    // in the header, zero without Rules.WithKey

	signed    []byte // header and payload as they were signed
	signature []byte
	claims    Claims
}

// refused are members of the header that would change how a signature is
// checked, or name a key by reference (RFC 7515, section 4.1, and RFC 7797).
var refused = []string{"crit", "b64", "jku", "x5u", "x5c"}

// Parse reads a token by the rules of its kind.
func Parse(compact string, rules Rules) (*Token, error) {
	token, payload, err := parseSigned(compact, rules)
	if err != nil {
		return nil, err
	}
	claims, err := readObject(payload)
	if err != nil {
		return nil, fmt.Errorf("the token's payload is malformed: %w", err)
	}
	token.claims = Claims{claims}
	return token, nil
}

// parseSigned reads all but the payload, which may be anything.
func parseSigned(compact string, rules Rules) (token *Token, payload []byte, err error) {
	if len(compact) > MaxToken {
		return nil, nil, errors.New("the token is too long")
	}
	parts := strings.Split(compact, ".")
	if len(parts) != 3 {
		return nil, nil, errors.New("the token is no JWS in compact serialization")
	}
	var decoded [3][]byte
	for i := range parts {
		if decoded[i], err = decodeBase64(parts[i]); err != nil {
			return nil, nil, fmt.Errorf("the token is malformed: %w", err)
		}
	}
	header, err := readObject(decoded[0])
	if err != nil {
		return nil, nil, fmt.Errorf("the token's header is malformed: %w", err)
	}
	if token, err = readHeader(header, rules); err != nil {
		return nil, nil, err
	}
	token.signed, token.signature = []byte(compact[:strings.LastIndexByte(compact, '.')]), decoded[2]
	return token, decoded[1], nil
}

func readHeader(header members, rules Rules) (*Token, error) {
	for _, name := range refused {
		if header.has(name) {
			return nil, fmt.Errorf("the token's header has %s, which is not accepted", name)
		}
	}
	token := &Token{}
	var typ string
	for _, member := range []struct {
		name  string
		value *string
	}{{"alg", &token.Algorithm}, {"kid", &token.KeyID}, {"typ", &typ}} {
		var ok bool
		if *member.value, ok = header.text(member.name); !ok {
			return nil, fmt.Errorf("%s in the token's header is no string", member.name)
		}
	}
	typ = strings.TrimPrefix(strings.ToLower(typ), "application/")
	accepted := rules.Algorithms
	if accepted == nil {
		accepted = Algorithms
	}
	switch {
	case !slices.Contains(accepted, token.Algorithm):
		return nil, errors.New("the token's alg is none of " + strings.Join(accepted, ", "))
	case !slices.Contains(rules.Types, typ):
		return nil, errors.New("the token's typ is not the one of its kind")
	case len(token.KeyID) > MaxKeyID:
		return nil, errors.New("the token's kid is too long")
	case header.has("jwk") != rules.WithKey:
		if rules.WithKey {
			return nil, errors.New("the token's header has no jwk")
		}
		return nil, errors.New("the token's header has jwk, which is not accepted")
	}
	if rules.WithKey {
		var err error
		if token.Key, err = ParseKey(header["jwk"]); err != nil {
			return nil, fmt.Errorf("the token's jwk: %w", err)
		}
	}
	return token, nil
}

// Verify returns the claims if one of the keys made the signature. A key that
// is for another algorithm is passed over.
func (t *Token) Verify(keys ...Key) (Claims, error) {
	for _, key := range keys {
		if key.fits(t.Algorithm) && key.verify(t.Algorithm, t.signed, t.signature) {
			return t.claims, nil
		}
	}
	return Claims{}, errors.New("no key made the token's signature")
}

// Unverified returns the claims of a token that anybody may have made, to find
// out whose keys to check it with.
func (t *Token) Unverified() Claims { return t.claims }

// members are those of a JSON object, by name.
type members map[string]json.RawMessage

// readObject reads a JSON object in UTF-8. It refuses members of the same name.
func readObject(data []byte) (members, error) {
	var m members
	if !utf8.Valid(data) || json.Unmarshal(data, &m) != nil || m == nil {
		return nil, errors.New("it is no JSON object with unique members")
	}
	return m, nil
}

func (m members) has(name string) bool {
	_, ok := m[name]
	return ok
}

// text returns a member that is a string, or "" where there is none.
func (m members) text(name string) (string, bool) {
	if !m.has(name) {
		return "", true
	}
	var s *string
	if json.Unmarshal(m[name], &s) != nil || s == nil {
		return "", false
	}
	return *s, true
}

// decodeBase64 decodes base64url without padding (RFC 7515, section 2), in its
// one canonical form.
func decodeBase64(s string) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || strings.ContainsAny(s, "\r\n") { // which the decoder skips
		return nil, errors.New("it is not encoded in base64url")
	}
	return b, nil
}
