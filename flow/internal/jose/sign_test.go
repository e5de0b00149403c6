package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/internal/jose"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
)

// opaqueSigner is a key of another machine: neither its type nor its private
// part is known here.
type opaqueSigner struct {
	crypto.Signer
	sign func(signature []byte, err error) ([]byte, error)
}

func (s opaqueSigner) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	signature, err := s.Signer.Sign(random, digest, opts)
	if s.sign != nil {
		return s.sign(signature, err)
	}
	return signature, err
}

// signingKeys are a key for each algorithm.
func signingKeys(t testing.TB) []kernel.SigningKey {
	t.Helper()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	keys := []kernel.SigningKey{{Signer: ec, Algorithm: "ES256"}}
	for _, algorithm := range []string{"EdDSA", "Ed25519"} {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		require.NoError(t, err)
		keys = append(keys, kernel.SigningKey{Signer: key, Algorithm: algorithm})
	}
	for _, algorithm := range []string{"PS256", "RS256"} {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		require.NoError(t, err)
		keys = append(keys, kernel.SigningKey{Signer: opaqueSigner{Signer: key}, Algorithm: algorithm})
	}
	return keys
}

// What a Signer signs, everybody can verify with what it publishes: this
// package, which is strict, and go-jose.
func TestSigner(t *testing.T) {
	keys := signingKeys(t)
	signer, err := jose.NewSigner(keys)
	require.NoError(t, err)
	require.Equal(t, jose.Algorithms, signer.Algorithms())
	set, err := jose.ParseSet(signer.KeySet())
	require.NoError(t, err)
	require.Len(t, set, len(keys))
	var foreign gojose.JSONWebKeySet
	require.NoError(t, json.Unmarshal(signer.KeySet(), &foreign))

	for i, algorithm := range signer.Algorithms() {
		t.Run(algorithm, func(t *testing.T) {
			for range 50 { // numbers of an ECDSA signature begin with zeros at times
				compact, err := signer.Sign("kind+jwt", algorithm, map[string]string{"a": "b"})
				require.NoError(t, err)
				token, err := jose.Parse(compact, rules)
				require.NoError(t, err)
				require.Equal(t, algorithm, token.Algorithm)
				require.Equal(t, set[i].Thumbprint(), token.KeyID)
				claims, err := token.Verify(set.For(token)...)
				require.NoError(t, err)
				require.Equal(t, `"b"`, string(claims.All()["a"]))
				if algorithm == "Ed25519" { // which go-jose does not know
					continue
				}
				parsed, err := gojose.ParseSignedCompact(compact, []gojose.SignatureAlgorithm{gojose.SignatureAlgorithm(algorithm)})
				require.NoError(t, err)
				payload, err := parsed.Verify(foreign.Key(token.KeyID)[0])
				require.NoError(t, err)
				require.JSONEq(t, `{"a":"b"}`, string(payload))
			}
		})
	}
	_, err = signer.Sign("kind+jwt", "HS256", nil)
	require.ErrorContains(t, err, "no signing key")
	_, err = signer.Sign("kind+jwt", "ES256", func() {})
	require.Error(t, err)
}

// A published key has what everybody may know and nothing else (RFC 7517,
// section 9.2), and says what it is for.
func TestPublishedKeys(t *testing.T) {
	signer, err := jose.NewSigner(signingKeys(t))
	require.NoError(t, err)
	var set struct{ Keys []map[string]any }
	require.NoError(t, json.Unmarshal(signer.KeySet(), &set))
	require.Len(t, set.Keys, 5)
	for i, key := range set.Keys {
		members := map[any][]string{
			"EC":  {"kty", "crv", "x", "y", "kid", "use", "alg"},
			"OKP": {"kty", "crv", "x", "kid", "use", "alg"},
			"RSA": {"kty", "n", "e", "kid", "use", "alg"},
		}[key["kty"]]
		require.Len(t, key, len(members))
		for _, member := range members {
			require.NotEmpty(t, key[member], member)
		}
		require.Equal(t, "sig", key["use"])
		require.Equal(t, jose.Algorithms[i], key["alg"])
	}
}

// Of each algorithm the first key signs, and all are published.
func TestFirstKeySigns(t *testing.T) {
	keys := append(signingKeys(t)[:2], signingKeys(t)[:2]...)
	signer, err := jose.NewSigner(keys)
	require.NoError(t, err)
	require.Equal(t, []string{"ES256", "EdDSA"}, signer.Algorithms())
	set, err := jose.ParseSet(signer.KeySet())
	require.NoError(t, err)
	require.Len(t, set, 4)
	for i, algorithm := range signer.Algorithms() {
		compact, err := signer.Sign("kind+jwt", algorithm, map[string]any{})
		require.NoError(t, err)
		token, err := jose.Parse(compact, rules)
		require.NoError(t, err)
		require.Equal(t, set[i].ID(), token.KeyID)
	}
}

// A token of one kind is none of another, even to who takes the service's own
// keys for those of the sender: the kinds are what is read in this module.
func TestKindsAreApart(t *testing.T) {
	signer, err := jose.NewSigner(signingKeys(t)[:1])
	require.NoError(t, err)
	compact, err := signer.Sign("token-introspection+jwt", "ES256", map[string]any{"iss": "x", "sub": "x", "aud": "x", "jti": "x"})
	require.NoError(t, err)
	for _, kinds := range []jose.Rules{
		{Types: []string{"client-authentication+jwt", "jwt", ""}},
		{Types: []string{"jwt", "software-statement+jwt", ""}},
		{Types: []string{"global-token-revocation+jwt", "client-authentication+jwt"}},
		{Types: []string{"dpop+jwt"}, WithKey: true},
	} {
		_, err := jose.Parse(compact, kinds)
		require.EqualError(t, err, "the token's typ is not the one of its kind")
	}
	_, err = jose.Parse(compact, jose.Rules{Types: []string{"token-introspection+jwt"}})
	require.NoError(t, err)
}

func TestRefusedSigningKeys(t *testing.T) {
	good := signingKeys(t)
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil { // where Go makes no such key any more
		weak = &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 1023, 1), E: 65537}}
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	one := func(signer crypto.Signer, algorithm string) []kernel.SigningKey {
		return []kernel.SigningKey{{Signer: signer, Algorithm: algorithm}}
	}
	many := make([]kernel.SigningKey, jose.MaxKeys+1)
	for i := range many {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		require.NoError(t, err)
		many[i] = kernel.SigningKey{Signer: key, Algorithm: "EdDSA"}
	}
	for name, test := range map[string]struct {
		keys []kernel.SigningKey
		says string
	}{
		"none":               {nil, "flow.Config.SigningKeys must have 1 to 20"},
		"too many":           {many, "must have 1 to 20"},
		"no signer":          {one(nil, "ES256"), "[0]: Signer is required"},
		"nil pointer":        {one((*rsa.PrivateKey)(nil), "RS256"), "Signer is required"},
		"key cut short":      {one(good[1].Signer.(ed25519.PrivateKey)[:40], "EdDSA"), "Signer is cut short"},
		"no algorithm":       {one(good[0].Signer, ""), "Algorithm must be one of"},
		"none as algorithm":  {one(good[0].Signer, "none"), "Algorithm must be one of"},
		"symmetric":          {one(good[0].Signer, "HS256"), "Algorithm must be one of"},
		"unsupported":        {one(good[0].Signer, "ES384"), "Algorithm must be one of"},
		"of another type":    {one(good[0].Signer, "RS256"), "alg is not one"},
		"weak":               {one(weak, "RS256"), "less than 2048 bits"},
		"other curve":        {one(p384, "ES256"), "not P-256"},
		"twice":              {append(good[:1:1], good[0]), "[1]: the key is there twice"},
		"twice, as another":  {append(one(good[3].Signer, "PS256"), one(good[3].Signer, "RS256")...), "there twice"},
		"twice, otherwise":   {append(good[:1:1], one(opaqueSigner{Signer: good[0].Signer}, "ES256")...), "there twice"},
		"the second of them": {append(good[:1:1], one(nil, "ES256")...), "SigningKeys[1]: Signer is required"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := jose.NewSigner(test.keys)
			require.ErrorContains(t, err, test.says)
		})
	}
}

// A machine that signs elsewhere can fail, and send what is no signature.
func TestSignersThatFail(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	number := func(r, s *big.Int) []byte {
		b, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		require.NoError(t, err)
		return b
	}
	long := new(big.Int).Lsh(big.NewInt(1), 256)
	outage := errors.New("the machine is away")
	for name, answer := range map[string]func([]byte, error) ([]byte, error){
		"outage":          func([]byte, error) ([]byte, error) { return nil, outage },
		"nothing":         func([]byte, error) ([]byte, error) { return nil, nil },
		"fixed size":      func([]byte, error) ([]byte, error) { return make([]byte, 64), nil },
		"number too long": func([]byte, error) ([]byte, error) { return number(long, big.NewInt(1)), nil },
		"negative number": func([]byte, error) ([]byte, error) { return number(big.NewInt(1), big.NewInt(-1)), nil },
		"more behind it":  func(signature []byte, err error) ([]byte, error) { return append(signature, 0), err },
	} {
		t.Run(name, func(t *testing.T) {
			signer, err := jose.NewSigner([]kernel.SigningKey{{Signer: opaqueSigner{key, answer}, Algorithm: "ES256"}})
			require.NoError(t, err)
			token, err := signer.Sign("kind+jwt", "ES256", map[string]any{})
			require.Error(t, err)
			require.Empty(t, token)
			if name == "outage" {
				require.ErrorIs(t, err, outage)
			}
		})
	}
}
