// Package credential defines the strings that grant access: client secrets,
// authorization codes, device codes, access tokens, refresh tokens and API
// tokens.
//
// Every credential has one form, so that people, logs and secret scanners
// recognise it at a glance:
//
//	oa_at_0Gq3…   prefix _ kind _ body checksum
//
// The prefix is the service's own brand. The kind is one of [Kind]. The body is
// random bytes in base 62. The checksum covers everything before it. All
// characters are letters, digits and the two underscores, so a credential needs
// no encoding in URLs, forms and headers, and a double click selects all of it.
//
// The secret part is 256 bits from crypto/rand. Codes and tokens also carry the
// ID of their session, so that a store finds their row by its primary key.
//
// [Format.Parse] refuses a string of the wrong kind, length, alphabet or
// checksum before any store is asked. The checksum is not a signature: it stops
// accidents and random guesses. Access rests on the secret part alone. Only the
// SHA-256 [Digest] of a credential is ever kept.
package credential

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"

	"github.com/google/uuid"
)

// Kind tells what a credential is for. One kind is never accepted as another.
type Kind string

// The kinds, as they are written in a credential.
const (
	ClientSecret      Kind = "cs" // RFC 6749, section 2.3.1
	AuthorizationCode Kind = "ac" // RFC 6749, section 1.3.1
	DeviceCode        Kind = "dc" // RFC 8628, section 3.2
	AccessToken       Kind = "at" // RFC 6749, section 1.4
	RefreshToken      Kind = "rt" // RFC 6749, section 1.5
	RegistrationToken Kind = "mt" // RFC 7592, section 1.2: a client manages its registration with it
	APIToken          Kind = "ap" // RFC 6750: a user made it, without an application
)

// The sizes of the parts of a body in bytes, in their order.
const (
	sessionSize = 16 // codes and tokens: the session's ID; API tokens: their own
	familySize  = 16 // refresh tokens: shared by all of one session
	secretSize  = 32 // all: this credential's own 256 random bits
)

func (k Kind) bodySize() int {
	switch k {
	case ClientSecret, RegistrationToken:
		return secretSize
	case AuthorizationCode, DeviceCode, AccessToken, APIToken:
		return sessionSize + secretSize
	case RefreshToken:
		return sessionSize + familySize + secretSize
	}
	return 0
}

// A Format makes and recognises the credentials of one service. The zero Format
// has the prefix [DefaultPrefix]. It is safe for concurrent use.
type Format struct {
	prefix string
}

// DefaultPrefix is the prefix of the zero [Format].
const DefaultPrefix = "oa"

var prefixPattern = regexp.MustCompile(`^[a-z][a-z0-9]{0,15}$`)

// NewFormat returns a format with the service's own prefix: 1 to 16 lower-case
// letters and digits, the first a letter. "" means [DefaultPrefix]. A format
// refuses credentials that have another prefix, so choose the prefix once.
func NewFormat(prefix string) (Format, error) {
	if prefix != "" && !prefixPattern.MatchString(prefix) {
		return Format{}, errors.New("credential: prefix must be 1 to 16 lower-case letters and digits, the first a letter")
	}
	return Format{prefix}, nil
}

// Prefix returns the prefix of the format.
func (f Format) Prefix() string {
	if f.prefix == "" {
		return DefaultPrefix
	}
	return f.prefix
}

// NewClientSecret makes a client secret.
func (f Format) NewClientSecret() Plaintext {
	return f.encode(ClientSecret, random(secretSize))
}

// NewRegistrationToken makes a registration access token.
func (f Format) NewRegistrationToken() Plaintext {
	return f.encode(RegistrationToken, random(secretSize))
}

// NewCode makes the authorization code of a session.
func (f Format) NewCode(session uuid.UUID) Plaintext {
	return f.encode(AuthorizationCode, append(session[:], random(secretSize)...))
}

// NewDeviceCode makes the device code of a session, which begins once its user
// has authorized it.
func (f Format) NewDeviceCode(session uuid.UUID) Plaintext {
	return f.encode(DeviceCode, append(session[:], random(secretSize)...))
}

// NewAccessToken makes an access token of a session.
func (f Format) NewAccessToken(session uuid.UUID) Plaintext {
	return f.AccessTokenWith(session, NewSecret())
}

// NewAPIToken makes an API token that has this ID.
func (f Format) NewAPIToken(id uuid.UUID) Plaintext {
	return f.encode(APIToken, append(id[:], random(secretSize)...))
}

// A Secret is the secret part of a token. Take it from [NewSecret], or derive
// it in such a way that it looks random to everyone who lacks a key of 256
// bits.
type Secret [secretSize]byte

// NewSecret makes a secret from crypto/rand.
func NewSecret() Secret { return Secret(random(secretSize)) }

// AccessTokenWith returns the access token of a session that has this secret.
func (f Format) AccessTokenWith(session uuid.UUID, secret Secret) Plaintext {
	return f.encode(AccessToken, append(session[:], secret[:]...))
}

// A Family is what all refresh tokens of one session have in common. It
// distinguishes an old refresh token of the session from a forged one. It must
// be kept as secret as they are.
//
// It prints, logs and marshals as "[redacted]", as a [Plaintext] does.
type Family struct {
	value *string // its bytes; a pointer as in Plaintext, and to a string because fmt shows arrays through one
}

// NewFamily makes the family of a new session.
func NewFamily() Family { return familyOf(random(familySize)) }

func familyOf(b []byte) Family {
	s := string(b)
	return Family{&s}
}

// Digest returns what a store keeps of the family.
func (f Family) Digest() Digest {
	if f.value == nil {
		return Digest{}
	}
	return DigestOf(*f.value)
}

// String returns "[redacted]".
func (f Family) String() string { return redacted }

// GoString returns "[redacted]".
func (f Family) GoString() string { return redacted }

// MarshalText returns "[redacted]".
func (f Family) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns "[redacted]".
func (f Family) LogValue() slog.Value { return slog.StringValue(redacted) }

// NewRefreshToken makes a refresh token of a session and its family.
// It panics if family is the zero Family.
func (f Format) NewRefreshToken(session uuid.UUID, family Family) Plaintext {
	return f.RefreshTokenWith(session, family, NewSecret())
}

// RefreshTokenWith returns the refresh token of a session and its family that
// has this secret. It panics if family is the zero Family.
func (f Format) RefreshTokenWith(session uuid.UUID, family Family, secret Secret) Plaintext {
	body := append(session[:], *family.value...)
	return f.encode(RefreshToken, append(body, secret[:]...))
}

// Parsed is what a well-formed credential tells.
type Parsed struct {
	Session uuid.UUID // of an API token its own ID; zero for a client secret
	Family  Family    // zero for all but a refresh token
	Digest  Digest    // of the whole credential
}

// ErrMalformed is returned for a string that cannot be a credential of the kind
// and format asked for. Its text gives no reason and never holds the string.
var ErrMalformed = errors.New("credential: malformed")

// Parse reads a credential of the given kind. It returns [ErrMalformed] for a
// string that this format cannot have made. It asks no store.
func (f Format) Parse(kind Kind, credential string) (Parsed, error) {
	var buf [sessionSize + familySize + secretSize]byte
	size := kind.bodySize()
	if size == 0 || !f.decode(buf[:size], kind, credential) {
		return Parsed{}, ErrMalformed
	}
	p := Parsed{Digest: DigestOf(credential)}
	if kind != ClientSecret && kind != RegistrationToken {
		copy(p.Session[:], buf[:sessionSize])
	}
	if kind == RefreshToken {
		p.Family = familyOf(buf[sessionSize : sessionSize+familySize])
	}
	return p, nil
}

// KindOf returns the kind of a well-formed credential of this format, or
// [ErrMalformed].
func (f Format) KindOf(credential string) (Kind, error) {
	for _, kind := range []Kind{AccessToken, RefreshToken, AuthorizationCode, DeviceCode, ClientSecret, RegistrationToken, APIToken} {
		if _, err := f.Parse(kind, credential); err == nil {
			return kind, nil
		}
	}
	return "", ErrMalformed
}

// Pattern returns a regular expression, in the syntax of RE2, for secret
// scanners. It finds every credential of this format in any text, unless a
// letter, digit or underscore follows it immediately.
func (f Format) Pattern() string {
	lens := func(k Kind) int { return encodedLen(k.bodySize()) + checksumLen }
	return fmt.Sprintf(`%s_(?:(?:%s|%s)_[0-9A-Za-z]{%d}|(?:%s|%s|%s|%s)_[0-9A-Za-z]{%d}|%s_[0-9A-Za-z]{%d})\b`, f.Prefix(),
		ClientSecret, RegistrationToken, lens(ClientSecret), AuthorizationCode, DeviceCode, AccessToken, APIToken, lens(AccessToken), RefreshToken, lens(RefreshToken))
}

func (f Format) encode(kind Kind, body []byte) Plaintext {
	b := appendBase62([]byte(f.Prefix()+"_"+string(kind)+"_"), body)
	b = appendDigits(b, checksum(b), checksumLen)
	s := string(b)
	return Plaintext{&s}
}

func (f Format) decode(body []byte, kind Kind, s string) bool {
	encoded, ok := strings.CutPrefix(s, f.Prefix()+"_"+string(kind)+"_")
	if !ok || len(encoded) != encodedLen(len(body))+checksumLen {
		return false
	}
	sum, ok := parseDigits(s[len(s)-checksumLen:])
	return ok && sum == checksum([]byte(s[:len(s)-checksumLen])) && parseBase62(body, encoded)
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program where it has no randomness
	return b
}
