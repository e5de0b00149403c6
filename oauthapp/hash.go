package oauthapp

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// The marks of Secret.Hash: how the text after it is read, and whether the
// secret was random.
const (
	hashOfRandom = "random:"
	hashOfSHA256 = "sha256:"
)

const (
	maxBcryptCost = 14
	maxIterations = 2_000_000
	ownIterations = 600_000

	maxArgon2Memory = 128 << 10 // KiB, as its parameter m
	maxArgon2Work   = 512 << 10 // KiB in all passes
	maxArgon2Lanes  = 8
)

var (
	sha256Form = regexp.MustCompile(`^[0-9a-f]{64}$`)
	bcryptForm = regexp.MustCompile(`^\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}$`)
	djangoForm = regexp.MustCompile(`^pbkdf2_sha256\$([0-9]{1,7})\$([A-Za-z0-9]{1,128})\$([A-Za-z0-9+/]{43}=)$`)
	hydraForm  = regexp.MustCompile(`^\$pbkdf2-sha256\$i=([0-9]{1,7}),l=([0-9]{1,3})\$([A-Za-z0-9+/]{1,128})\$([A-Za-z0-9+/]{1,128})$`)
	argon2Form = regexp.MustCompile(`^(?:argon2)?\$argon2id\$v=19\$m=([0-9]{1,6}),t=([0-9]{1,6}),p=([0-9])\$([A-Za-z0-9+/]{1,128})\$([A-Za-z0-9+/]{1,128})$`)
)

// slowHash matches what begins as a slow hash, of a form that is read here or
// of another, and so is no plain secret.
var slowHash = regexp.MustCompile(`^(?:\$2[abxy]\$|\$?(?:argon2|bcrypt|pbkdf2|scrypt)[a-z0-9_-]*\$)`)

func isBcrypt(text string) bool {
	m := bcryptForm.FindStringSubmatch(text)
	if m == nil {
		return false
	}
	cost, _ := strconv.Atoi(m[1])
	return cost >= 4 && cost <= maxBcryptCost
}

func isPBKDF2(text string) bool {
	_, _, _, ok := parsePBKDF2(text)
	return ok
}

// parsePBKDF2 reads both forms of PBKDF2Secret.
func parsePBKDF2(text string) (iterations int, salt, want []byte, ok bool) {
	var err error
	if m := djangoForm.FindStringSubmatch(text); m != nil {
		iterations, _ = strconv.Atoi(m[1])
		salt = []byte(m[2]) // Django takes the text of the salt
		want, err = base64.StdEncoding.DecodeString(m[3])
	} else if m := hydraForm.FindStringSubmatch(text); m != nil {
		iterations, _ = strconv.Atoi(m[1])
		length, _ := strconv.Atoi(m[2])
		var saltErr error
		salt, saltErr = base64.RawStdEncoding.DecodeString(m[3])
		want, err = base64.RawStdEncoding.DecodeString(m[4])
		if saltErr != nil || len(want) != length {
			return 0, nil, nil, false
		}
	}
	ok = err == nil && iterations >= 1 && iterations <= maxIterations && len(want) >= 16 && len(want) <= 64
	return iterations, salt, want, ok
}

func isArgon2(text string) bool {
	_, ok := parseArgon2(text)
	return ok
}

// An argon2Hash is a hash of RFC 9106. The memory is in KiB.
type argon2Hash struct {
	memory, passes uint32
	lanes          uint8
	salt, want     []byte
}

// parseArgon2 reads both forms of Argon2Secret, if they take no more time and
// memory than it says.
func parseArgon2(text string) (a argon2Hash, ok bool) {
	m := argon2Form.FindStringSubmatch(text)
	if m == nil {
		return a, false
	}
	memory, _ := strconv.Atoi(m[1])
	passes, _ := strconv.Atoi(m[2])
	lanes, _ := strconv.Atoi(m[3])
	salt, err1 := base64.RawStdEncoding.DecodeString(m[4])
	want, err2 := base64.RawStdEncoding.DecodeString(m[5])
	if err1 != nil || err2 != nil || len(salt) < 8 || len(want) < 16 || len(want) > 64 ||
		lanes < 1 || lanes > maxArgon2Lanes || memory < 8*lanes || memory > maxArgon2Memory || passes < 1 || passes > maxArgon2Work/memory {
		return a, false
	}
	return argon2Hash{uint32(memory), uint32(passes), uint8(lanes), salt, want}, true
}

// hashPlain returns a slow hash of a secret that may be guessable.
func hashPlain(text string) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	key, _ := pbkdf2.Key(sha256.New, text, salt, ownIterations, sha256.Size)
	return fmt.Sprintf("$pbkdf2-sha256$i=%d,l=%d$%s$%s", ownIterations, sha256.Size,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// WasRandom reports whether the host vouched that an imported secret was drawn
// at random: it can have a digest from its first use on.
func (s Secret) WasRandom() bool { return strings.HasPrefix(s.Hash, hashOfRandom) }

// IsArgon2 reports whether the secret is kept by Argon2, which takes much
// memory to judge.
func (s Secret) IsArgon2() bool { return isArgon2(strings.TrimPrefix(s.Hash, hashOfRandom)) }

// MatchHash reports whether an imported secret is the one presented. It is slow
// on purpose: callers limit how often it is called, and how many calls run at
// once where [Secret.IsArgon2] is true. This package imports neither bcrypt nor
// Argon2, so callers hand them over: bcrypt compares a bcrypt hash in constant
// time, and argon2id is IDKey of golang.org/x/crypto/argon2. A secret without a
// Hash matches nothing.
func (s Secret) MatchHash(presented string, bcrypt func(hash, presented []byte) bool,
	argon2id func(presented, salt []byte, passes, memory uint32, lanes uint8, length uint32) []byte) bool {
	hash := strings.TrimPrefix(s.Hash, hashOfRandom)
	if digest, ok := strings.CutPrefix(hash, hashOfSHA256); ok {
		var want credential.Digest
		n, err := hex.Decode(want[:], []byte(digest))
		return err == nil && n == len(want) && credential.DigestOf(presented).Equal(want)
	}
	if isBcrypt(hash) {
		return bcrypt([]byte(hash), []byte(presented))
	}
	if a, ok := parseArgon2(hash); ok {
		got := argon2id([]byte(presented), a.salt, a.passes, a.memory, a.lanes, uint32(len(a.want)))
		return subtle.ConstantTimeCompare(got, a.want) == 1
	}
	iterations, salt, want, ok := parsePBKDF2(hash)
	if !ok {
		return false
	}
	got, err := pbkdf2.Key(sha256.New, presented, salt, iterations, len(want))
	return err == nil && subtle.ConstantTimeCompare(got, want) == 1
}
