package dpop

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/jose"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// The error codes of RFC 9449, sections 5 and 8.
const (
	// InvalidProof is for a proof that is missing or not valid.
	InvalidProof = "invalid_dpop_proof"
	// UseNonce asks a client to make its proof again, with the nonce in the
	// header DPoP-Nonce of the answer.
	UseNonce = "use_dpop_nonce"
)

// How far the iat of a proof without a nonce may be from the time here.
const (
	proofLifetime = time.Minute
	clockSkew     = 30 * time.Second // of a client that is ahead
	// farthestFuture is how far ahead FAPI 2.0, section 5.3.2.1, item 13, lets
	// the iat of any proof be.
	farthestFuture = time.Minute
)

// algorithms are those of FAPI 2.0, section 5.4.1, and the name that EdDSA with
// Ed25519 has since (RFC 9864, section 2.2).
var algorithms = []string{"ES256", "EdDSA", "Ed25519", "PS256"}

// A proof shows that its sender has a private key.
type proof struct {
	thumbprint string // of the public key (RFC 7638)
	id         credential.Digest
	until      time.Time // when it is good no more
	hash       string    // of the access token, "" where it names none
	nonce      bool      // whether until is that of a nonce
}

// headerOf returns the value of the one DPoP header of a request, "" where
// there is none (RFC 9449, section 4.1).
func headerOf(r *http.Request) (string, *wire.Error) {
	switch values := r.Header["Dpop"]; {
	case len(values) > 1:
		return "", wire.Refuse(InvalidProof, "there is more than one DPoP header")
	case len(values) == 1 && values[0] == "":
		return "", wire.Refuse(InvalidProof, "the DPoP header is empty")
	case len(values) == 1:
		return values[0], nil
	}
	return "", nil
}

// A verifier checks proofs.
type verifier struct {
	nonces       nonces
	requireNonce bool
	strict       bool // about an iat in the future, whatever the nonce
}

// check tells whether a proof is good for a request to a target (RFC 9449,
// section 4.3). It does not judge whose key it is, which access token it is
// for, and whether it was there before.
func (v verifier) check(compact, method, target string, now time.Time) (proof, *wire.Error) {
	token, err := jose.Parse(compact, jose.Rules{Types: []string{"dpop+jwt"}, WithKey: true})
	if err != nil {
		return proof{}, wire.Refuse(InvalidProof, "the DPoP proof is not valid: "+err.Error())
	}
	if !slices.Contains(algorithms, token.Algorithm) {
		return proof{}, wire.Refuse(InvalidProof, "the DPoP proof's alg must be one of "+strings.Join(algorithms, ", "))
	}
	claims, err := token.Verify(token.Key)
	if err != nil {
		return proof{}, wire.Refuse(InvalidProof, "the DPoP proof is not signed with the key in its header")
	}
	c, refusal := readClaims(claims)
	if refusal != nil {
		return proof{}, refusal
	}
	if refusal := c.judge(method, target, now); refusal != nil {
		return proof{}, refusal
	}
	p := proof{thumbprint: token.Key.Thumbprint(), hash: c.ath}
	p.id = credential.DigestOf(p.thumbprint + "\n" + target + "\n" + c.jti)
	p.until, p.nonce, refusal = v.freshness(c, now)
	return p, refusal
}

// claims are those of a proof (RFC 9449, section 4.2).
type claims struct {
	jti, htm, htu, nonce, ath string
	iat, nbf, exp             time.Time
}

func readClaims(from jose.Claims) (c claims, refusal *wire.Error) {
	var malformed error
	text := func(name string) string {
		value, err := from.Text(name)
		malformed = cmp.Or(malformed, err)
		return value
	}
	date := func(name string) time.Time {
		value, err := from.Time(name)
		malformed = cmp.Or(malformed, err)
		return value
	}
	c = claims{
		jti: text("jti"), htm: text("htm"), htu: text("htu"), nonce: text("nonce"), ath: text("ath"),
		iat: date("iat"), nbf: date("nbf"), exp: date("exp"),
	}
	switch {
	case malformed != nil:
		return claims{}, wire.Refuse(InvalidProof, "the DPoP proof is not valid: "+malformed.Error())
	case c.jti == "":
		return claims{}, wire.Refuse(InvalidProof, "the DPoP proof has no jti")
	case c.htm == "":
		return claims{}, wire.Refuse(InvalidProof, "the DPoP proof has no htm")
	case c.htu == "":
		return claims{}, wire.Refuse(InvalidProof, "the DPoP proof has no htu")
	case !from.Has("iat"):
		return claims{}, wire.Refuse(InvalidProof, "the DPoP proof has no iat")
	}
	return c, nil
}

// judge tells whether a proof is for a request at all.
func (c claims) judge(method, target string, now time.Time) *wire.Error {
	uri, err := normalize(c.htu)
	switch {
	case c.htm != method:
		return wire.Refuse(InvalidProof, "the DPoP proof's htm is not the method of the request")
	case err != nil || uri != target:
		origin, _ := originOf(target) // which is not the client's to choose, as the path is
		return wire.Refuse(InvalidProof, "the DPoP proof's htu is not the URI of the request, at "+origin)
	case !c.nbf.IsZero() && c.nbf.After(now.Add(clockSkew)):
		return wire.Refuse(InvalidProof, "the DPoP proof's nbf is in the future")
	case !c.exp.IsZero() && !now.Before(c.exp):
		return wire.Refuse(InvalidProof, "the DPoP proof's exp is over")
	}
	return nil
}

// freshness tells until when a proof is good: a proof with a nonce as long as
// that, whatever the clock of the client says, and any other for a moment from
// its iat on. A client that is told to use a nonce needs no better clock.
func (v verifier) freshness(c claims, now time.Time) (until time.Time, withNonce bool, refusal *wire.Error) {
	if v.strict && c.iat.After(now.Add(farthestFuture)) {
		return time.Time{}, false, wire.Refuse(InvalidProof, "the DPoP proof's iat is in the future")
	}
	if c.nonce != "" {
		until, ok := v.nonces.judge(c.nonce, now)
		if !ok {
			return time.Time{}, true, wire.Refuse(UseNonce, "the DPoP proof's nonce is not, or no more, one of this service")
		}
		return until, true, nil
	}
	until = c.iat.Add(proofLifetime)
	switch {
	case v.requireNonce:
		refusal = wire.Refuse(UseNonce, "the DPoP proof needs a nonce")
	case !now.Before(until):
		refusal = wire.Refuse(UseNonce, "the DPoP proof's iat is in the past: a nonce makes up for a clock that is wrong")
	case c.iat.After(now.Add(clockSkew)):
		refusal = wire.Refuse(UseNonce, "the DPoP proof's iat is in the future: a nonce makes up for a clock that is wrong")
	}
	return until, false, refusal
}

// isFor reports whether a proof names an access token (RFC 9449, section 4.2).
func (p proof) isFor(accessToken string) bool {
	sum := sha256.Sum256([]byte(accessToken))
	want := base64.RawURLEncoding.EncodeToString(sum[:])
	return subtle.ConstantTimeCompare([]byte(p.hash), []byte(want)) == 1
}
