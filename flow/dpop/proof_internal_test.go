package dpop

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/internal/ticket"
)

// The proofs of RFC 9449, sections 4.1 and 7.1, and the thumbprint of their key
// in section 6.1.
const (
	rfcHeader = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5Ijoi" +
		"OVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19"
	rfcTokenProof = rfcHeader + ".eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ" +
		".2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
	rfcCallProof = rfcHeader + ".eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2" +
		"MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9" +
		".2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
	rfcAccessToken = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
	rfcThumbprint  = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
)

func newVerifier() verifier {
	return verifier{nonces: nonces{ticket.Keys{bytes.Repeat([]byte{1}, 32)}}}
}

func TestVectorsOfRFC9449(t *testing.T) {
	v := newVerifier()
	p, refusal := v.check(rfcTokenProof, http.MethodPost, "https://server.example.com/token", time.Unix(1562262616, 0))
	require.Nil(t, refusal)
	require.Equal(t, rfcThumbprint, p.thumbprint)
	require.Equal(t, time.Unix(1562262616, 0).Add(proofLifetime).UTC(), p.until)

	p, refusal = v.check(rfcCallProof, http.MethodGet, "https://resource.example.org/protectedresource", time.Unix(1562262618, 0))
	require.Nil(t, refusal)
	require.Equal(t, rfcThumbprint, p.thumbprint)
	require.True(t, p.isFor(rfcAccessToken))
	require.False(t, p.isFor(rfcAccessToken+"x"))

	_, refusal = v.check(rfcCallProof, http.MethodGet, "https://resource.example.org/protectedresource", time.Unix(1562262618, 0).Add(proofLifetime))
	require.Equal(t, UseNonce, refusal.Code)
}

// Each character of a proof counts: no other text is the same proof.
func TestEveryMutationOfAProofIsRefused(t *testing.T) {
	v, now := newVerifier(), time.Unix(1562262616, 0)
	for i := range rfcTokenProof {
		mutated := []byte(rfcTokenProof)
		mutated[i] ^= 1
		_, refusal := v.check(string(mutated), http.MethodPost, "https://server.example.com/token", now)
		require.NotNil(t, refusal, "%q", mutated)
		require.Equal(t, InvalidProof, refusal.Code)
	}
	for _, malformed := range []string{rfcTokenProof + "=", " " + rfcTokenProof, rfcTokenProof + "\n", rfcTokenProof + ".", rfcTokenProof + ", " + rfcTokenProof, ".."} {
		_, refusal := v.check(malformed, http.MethodPost, "https://server.example.com/token", now)
		require.NotNil(t, refusal, malformed)
	}
}

// Nonces are good on every node that has one of the keys, for their time.
func TestNonces(t *testing.T) {
	oldKey, newKey := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	one, other, later, stranger := nonces{ticket.Keys{oldKey}}, nonces{ticket.Keys{newKey, oldKey}}, nonces{ticket.Keys{newKey}}, nonces{ticket.Keys{bytes.Repeat([]byte{3}, 32)}}
	nonce := one.issue(start)
	require.Regexp(t, "^[A-Za-z0-9_-]+$", nonce)
	for i, n := range []nonces{one, other} {
		until, ok := n.judge(nonce, start.Add(nonceLifetime-1))
		require.True(t, ok, i)
		require.Equal(t, start.Add(nonceLifetime), until)
	}
	_, ok := one.judge(nonce, start.Add(nonceLifetime))
	require.False(t, ok, "too old")
	_, ok = later.judge(nonce, start)
	require.False(t, ok, "its key is gone")
	_, ok = stranger.judge(nonce, start)
	require.False(t, ok)
	_, ok = one.judge(one.keys.Sign(start.Add(time.Hour), "consent"), start)
	require.False(t, ok, "a ticket for something else")
	require.NotEqual(t, nonce, one.issue(start.Add(time.Second)))
}

// FuzzProof takes whatever a DPoP header may hold: nothing panics, and what is
// accepted is signed, for this request and for now.
func FuzzProof(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(f, err)
	const target = "https://server.example.com/token"
	now := time.Unix(1562262616, 0)
	f.Add(rfcTokenProof, []byte(nil), []byte(nil))
	f.Add(rfcCallProof, []byte(nil), []byte(nil))
	f.Add("", []byte(`{"typ":"dpop+jwt","alg":"ES256"}`), []byte(`{"jti":"x","htm":"POST","htu":"`+target+`","iat":1562262616}`))
	f.Add("a.b.c", []byte(`{"typ":"dpop+jwt","alg":"none"}`), []byte(`{"jti":"x","htm":"POST","htu":"`+target+`?q#f","iat":1562262616.5,"nonce":"x"}`))
	f.Add("a.b.c", []byte(`{"typ":"dpop+jwt","alg":"HS256"}`), []byte(`{"jti":null,"iat":1e400,"iat":1}`))
	f.Fuzz(func(t *testing.T, raw string, header, payload []byte) {
		v := newVerifier()
		for _, compact := range []string{raw, signWith(key, header, payload)} {
			p, refusal := v.check(compact, http.MethodPost, target, now)
			if refusal != nil {
				if refusal.Code != InvalidProof && refusal.Code != UseNonce {
					t.Fatal(refusal)
				}
				continue
			}
			if p.thumbprint == "" || p.id.IsZero() || !p.until.After(now) || p.until.After(now.Add(nonceLifetime)) {
				t.Fatalf("accepted %q: %+v", compact, p)
			}
			var c struct{ Htm, Htu string }
			b, err := base64.RawURLEncoding.DecodeString(strings.Split(compact, ".")[1])
			if err != nil || json.Unmarshal(b, &c) != nil || c.Htm != http.MethodPost || !strings.HasPrefix(strings.ToLower(c.Htu), "https://server.example.com") {
				t.Fatalf("accepted %q", compact)
			}
			if _, again := v.check(compact, http.MethodGet, target, now); again == nil {
				t.Fatal("accepted for another method")
			}
		}
	})
}

// signWith signs with ES256, and adds the key to a header that is an object.
func signWith(key *ecdsa.PrivateKey, header, payload []byte) string {
	var object map[string]any
	if json.Unmarshal(header, &object) == nil && object != nil {
		public, _ := key.PublicKey.Bytes()
		object["jwk"] = map[string]string{
			"kty": "EC", "crv": "P-256",
			"x": base64.RawURLEncoding.EncodeToString(public[1:33]), "y": base64.RawURLEncoding.EncodeToString(public[33:]),
		}
		header, _ = json.Marshal(object)
	}
	signed := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
	sum := sha256.Sum256([]byte(signed))
	r, s, _ := ecdsa.Sign(rand.Reader, key, sum[:])
	signature := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}
