package device

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"strings"
	"unicode"

	"github.com/oauthapps/oauthapps/flow/internal/ticket"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// A userCode is the code that a person reads on a device and types elsewhere
// (RFC 8628, section 6.1): 8 letters of alphabet. 20^8 codes are 34.6 bits.
type userCode string

const (
	// alphabet has no vowels, so that no code is a word: neither I, O nor U,
	// which people take for L, Q and V. Digits there are none.
	alphabet    = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeLen = 8
)

// newUserCode returns a random code, each with the same chance.
func newUserCode() userCode {
	const fair = 256 / len(alphabet) * len(alphabet) // bytes below it hit every letter equally often
	code := make([]byte, 0, userCodeLen)
	var random [2 * userCodeLen]byte
	for len(code) < userCodeLen {
		_, _ = rand.Read(random[:]) // never fails
		for _, b := range random {
			if int(b) < fair && len(code) < userCodeLen {
				code = append(code, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return userCode(code)
}

// parseUserCode reads a code as people type it: in any case and width, and with
// spaces and hyphens of all kinds wherever they like. It reports false for
// anything else.
func parseUserCode(typed string) (userCode, bool) {
	code := make([]byte, 0, userCodeLen)
	for _, r := range typed {
		if '！' <= r && r <= '～' { // of full width, as keyboards for Japanese make them
			r -= '！' - '!'
		}
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		switch {
		case r == '−', r == 'ー': // what they make of a hyphen
		case unicode.IsSpace(r), unicode.In(r, unicode.Pd, unicode.Cf): // Cf: invisible characters that copying adds
		case r > unicode.MaxASCII || !strings.ContainsRune(alphabet, r) || len(code) == userCodeLen:
			return "", false
		default:
			code = append(code, byte(r))
		}
	}
	if len(code) < userCodeLen {
		return "", false
	}
	return userCode(code), true
}

// String returns the code as it is shown: "WDJB-MJHT". It returns "" for none.
func (c userCode) String() string {
	if len(c) != userCodeLen {
		return ""
	}
	return string(c[:userCodeLen/2] + "-" + c[userCodeLen/2:])
}

// A codeDigest makes digests of user codes. They are keyed: all user codes can
// be tried in seconds, so that a plain hash would hide none.
type codeDigest []byte

// newCodeDigests returns one for each key of a configuration. The first makes
// digests, all find them.
func newCodeDigests(keys ticket.Keys) ([]codeDigest, error) {
	var digests []codeDigest
	for _, key := range keys {
		derived, err := hkdf.Key(sha256.New, key, nil, "oauthapps device user code", sha256.Size)
		if err != nil {
			return nil, err
		}
		digests = append(digests, derived)
	}
	return digests, nil
}

func (d codeDigest) of(code userCode) credential.Digest {
	mac := hmac.New(sha256.New, d)
	mac.Write([]byte(code))
	return credential.Digest(mac.Sum(nil))
}
