package jose_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/internal/jose"
)

var rules = jose.Rules{Types: []string{"kind+jwt"}}

func encode(data string) string { return base64.RawURLEncoding.EncodeToString([]byte(data)) }

// A signer has a private key.
type signer struct {
	alg gojose.SignatureAlgorithm
	key any
}

func newSigner() signer {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return signer{gojose.ES256, key}
}

// public is the key as a JWK, changed by pairs of members in JSON; "" removes
// one.
func (s signer) public(pairs ...string) string {
	jwk := gojose.JSONWebKey{Key: s.key, KeyID: "one"}
	public := jwk.Public()
	data, _ := public.MarshalJSON()
	return changed(string(data), pairs...)
}

func changed(object string, pairs ...string) string {
	members := map[string]json.RawMessage{}
	_ = json.Unmarshal([]byte(object), &members)
	for i := 0; i < len(pairs); i += 2 {
		members[pairs[i]] = json.RawMessage(pairs[i+1])
		if pairs[i+1] == "" {
			delete(members, pairs[i])
		}
	}
	data, _ := json.Marshal(members)
	return string(data)
}

func (s signer) parsed(t *testing.T, pairs ...string) jose.Key {
	key, err := jose.ParseKey([]byte(s.public(pairs...)))
	require.NoError(t, err)
	return key
}

// header is that of a token of the rules, changed by pairs.
func (s signer) header(pairs ...string) string {
	return changed(`{"typ":"kind+jwt","alg":"`+string(s.alg)+`","kid":"one"}`, pairs...)
}

// sign makes a token of any header and payload.
func (s signer) sign(header, payload string) string {
	input := encode(header) + "." + encode(payload)
	var signature []byte
	switch key := s.key.(type) {
	case *ecdsa.PrivateKey:
		digest := sha256.Sum256([]byte(input))
		r, v, _ := ecdsa.Sign(rand.Reader, key, digest[:])
		signature = append(r.FillBytes(make([]byte, 32)), v.FillBytes(make([]byte, 32))...)
	case ed25519.PrivateKey:
		signature = ed25519.Sign(key, []byte(input))
	case []byte:
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(input))
		signature = mac.Sum(nil)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestAlgorithms(t *testing.T) {
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	rsa2048, _ := rsa.GenerateKey(rand.Reader, 2048)
	ec := newSigner()
	for _, s := range []signer{ec, {gojose.EdDSA, ed}, {gojose.PS256, rsa2048}, {gojose.RS256, rsa2048}} {
		t.Run(string(s.alg), func(t *testing.T) {
			sign, err := gojose.NewSigner(gojose.SigningKey{Algorithm: s.alg, Key: s.key}, (&gojose.SignerOptions{}).WithType("application/Kind+JWT"))
			require.NoError(t, err)
			signed, err := sign.Sign([]byte(`{"iss":"me"}`))
			require.NoError(t, err)
			compact, err := signed.CompactSerialize()
			require.NoError(t, err)

			token, err := jose.Parse(compact, rules)
			require.NoError(t, err)
			claims, err := token.Verify(newSigner().parsed(t), s.parsed(t))
			require.NoError(t, err)
			issuer, err := claims.Text("iss")
			require.NoError(t, err)
			require.Equal(t, "me", issuer)

			_, err = token.Verify(newSigner().parsed(t))
			require.Error(t, err, "another key")
			_, err = token.Verify(jose.Key{})
			require.Error(t, err, "no key")
			_, err = token.Verify(s.parsed(t, "alg", `"`+string(s.alg)+`"`))
			require.NoError(t, err)
			if other := map[gojose.SignatureAlgorithm]string{gojose.PS256: `"RS256"`, gojose.RS256: `"PS256"`}[s.alg]; other != "" {
				_, err = token.Verify(s.parsed(t, "alg", other))
				require.Error(t, err, "a key for another algorithm")
			}
		})
	}
}

// Ed25519 has two names (RFC 9864, section 2.2), which are the same for a key.
func TestNamesOfEd25519(t *testing.T) {
	_, key, _ := ed25519.GenerateKey(rand.Reader)
	for _, alg := range []string{"EdDSA", "Ed25519"} {
		s := signer{gojose.SignatureAlgorithm(alg), key}
		token, err := jose.Parse(s.sign(s.header(), `{}`), rules)
		require.NoError(t, err)
		for _, own := range []string{"", `"EdDSA"`, `"Ed25519"`} {
			_, err = token.Verify(s.parsed(t, "alg", own))
			require.NoError(t, err)
		}
		_, err = token.Verify(newSigner().parsed(t))
		require.Error(t, err)
		parts := strings.Split(s.sign(s.header(), `{}`), ".")
		changed, err := jose.Parse(parts[0]+"."+encode(`{"sub":"other"}`)+"."+parts[2], rules)
		require.NoError(t, err)
		_, err = changed.Verify(s.parsed(t))
		require.Error(t, err)
	}
}

func TestRefusedTokens(t *testing.T) {
	s := newSigner()
	good := s.sign(s.header(), `{}`)
	_, err := jose.Parse(good, rules)
	require.NoError(t, err)
	parts := strings.Split(good, ".")
	mac := signer{gojose.HS256, []byte(s.public())}

	for name, token := range map[string]string{
		"empty":                        "",
		"two parts":                    parts[0] + "." + parts[1],
		"four parts":                   good + ".",
		"JSON serialization":           `{"protected":"` + parts[0] + `","payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`,
		"too long":                     s.sign(s.header(), `{"a":"`+strings.Repeat("a", jose.MaxToken)+`"}`),
		"line break":                   parts[0] + "." + parts[1] + "." + parts[2] + "\n",
		"padding":                      parts[0] + "." + parts[1] + "." + parts[2] + "==",
		"no base64":                    parts[0] + "." + parts[1] + ".$" + parts[2][1:],
		"header no object":             s.sign(`"alg"`, `{}`),
		"header null":                  s.sign(`null`, `{}`),
		"header with a member twice":   s.sign(`{"alg":"none",`+s.header()[1:], `{}`),
		"nested member twice":          s.sign(s.header("jwk", `{"kty":"EC","kty":"EC"}`), `{}`),
		"header no UTF-8":              s.sign(s.header("x", "\"\xff\""), `{}`),
		"payload no object":            s.sign(s.header(), `[]`),
		"payload null":                 s.sign(s.header(), `null`),
		"payload empty":                s.sign(s.header(), ``),
		"payload with a member twice":  s.sign(s.header(), `{"iss":"a","iss":"b"}`),
		"payload with something after": s.sign(s.header(), `{}{}`),
		"payload no UTF-8":             s.sign(s.header(), "{\"a\":\"\xff\"}"),
		"none":                         encode(s.header("alg", `"none"`)) + "." + encode(`{}`) + ".",
		"NoNe":                         encode(s.header("alg", `"NoNe"`)) + "." + encode(`{}`) + ".",
		"no alg":                       s.sign(s.header("alg", ""), `{}`),
		"alg no string":                s.sign(s.header("alg", `["ES256"]`), `{}`),
		"HMAC with the public key":     mac.sign(mac.header(), `{}`),
		"ES384":                        s.sign(s.header("alg", `"ES384"`), `{}`),
		"no typ":                       s.sign(s.header("typ", ""), `{}`),
		"another typ":                  s.sign(s.header("typ", `"at+jwt"`), `{}`),
		"typ no string":                s.sign(s.header("typ", `null`), `{}`),
		"kid no string":                s.sign(s.header("kid", `1`), `{}`),
		"kid too long":                 s.sign(s.header("kid", `"`+strings.Repeat("k", 256)+`"`), `{}`),
		"crit":                         s.sign(s.header("crit", `["exp"]`, "exp", `1`), `{}`),
		"crit empty":                   s.sign(s.header("crit", `[]`), `{}`),
		"b64":                          s.sign(s.header("b64", `false`), `{}`),
		"jku":                          s.sign(s.header("jku", `"https://keys.example"`), `{}`),
		"x5u":                          s.sign(s.header("x5u", `"https://keys.example"`), `{}`),
		"x5c":                          s.sign(s.header("x5c", `["MII="]`), `{}`),
		"jwk":                          s.sign(s.header("jwk", s.public()), `{}`),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := jose.Parse(token, rules)
			require.Error(t, err)
			require.NotContains(t, err.Error(), "keys.example")
		})
	}
}

// A token with several mistakes is refused for the same one every time.
func TestRefusedForTheSame(t *testing.T) {
	token := newSigner().sign(`{"alg":1,"kid":2,"typ":3}`, `{}`)
	for range 50 {
		_, err := jose.Parse(token, rules)
		require.EqualError(t, err, "alg in the token's header is no string")
	}
}

func TestKeyInHeader(t *testing.T) {
	s, with := newSigner(), rules
	with.WithKey = true
	token, err := jose.Parse(s.sign(s.header("jwk", s.public()), `{}`), with)
	require.NoError(t, err)
	require.Equal(t, s.parsed(t).Thumbprint(), token.Key.Thumbprint())
	_, err = token.Verify(token.Key)
	require.NoError(t, err)

	private, _ := json.Marshal(gojose.JSONWebKey{Key: s.key})
	for name, header := range map[string]string{
		"none":      s.header(),
		"null":      s.header("jwk", "null"),
		"private":   s.header("jwk", string(private)),
		"symmetric": s.header("jwk", `{"kty":"oct","k":"AAAA"}`),
		"reference": s.header("jwk", s.public(), "jku", `"https://keys.example"`),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := jose.Parse(s.sign(header, `{}`), with)
			require.Error(t, err)
		})
	}
}

// The vectors of RFC 7638, section 3.1, and RFC 8037, appendix A.3.
func TestThumbprint(t *testing.T) {
	for key, thumbprint := range map[string]string{
		`{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}`: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
		`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
	} {
		parsed, err := jose.ParseKey([]byte(key))
		require.NoError(t, err)
		require.Equal(t, thumbprint, parsed.Thumbprint())
	}
	require.Empty(t, jose.Key{}.Thumbprint())
}

func TestRefusedKeys(t *testing.T) {
	s := newSigner()
	private, _ := json.Marshal(gojose.JSONWebKey{Key: s.key})
	rsa1024 := `{"kty":"RSA","e":"AQAB","n":"` + base64.RawURLEncoding.EncodeToString(append([]byte{0xff}, make([]byte, 126)...)) + `_w"}`
	even := `{"kty":"RSA","e":"AQAB","n":"` + base64.RawURLEncoding.EncodeToString(append([]byte{0xff}, make([]byte, 255)...)) + `"}`
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	for name, key := range map[string]string{
		"no object":           `[]`,
		"no members":          `{}`,
		"member twice":        `{"kty":"EC",` + s.public()[1:],
		"private":             string(private),
		"private in part":     s.public("p", `"AQAB"`),
		"private and empty":   s.public("d", `null`),
		"symmetric":           `{"kty":"oct","k":"AAAA"}`,
		"unknown type":        s.public("kty", `"XX"`),
		"other type":          s.public("kty", `"RSA"`),
		"off the curve":       s.public("y", `"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"`),
		"P-384":               signer{gojose.ES384, p384}.public(),
		"X25519":              `{"kty":"OKP","crv":"X25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
		"low order":           `{"kty":"OKP","crv":"Ed25519","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`,
		"short RSA":           rsa1024,
		"even modulus":        even,
		"for encryption":      s.public("use", `"enc"`),
		"use no string":       s.public("use", `1`),
		"for signing alone":   s.public("key_ops", `["sign"]`),
		"key_ops no array":    s.public("key_ops", `"verify"`),
		"other algorithm":     s.public("alg", `"RS256"`),
		"unknown algorithm":   s.public("alg", `"none"`),
		"kid too long":        s.public("kid", `"`+strings.Repeat("k", 256)+`"`),
		"kid no string":       s.public("kid", `1`),
		"too long":            s.public("x-more", `"`+strings.Repeat("k", jose.MaxSet)+`"`),
		"members in capitals": strings.ReplaceAll(s.public(), `"kty"`, `"KTY"`),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := jose.ParseKey([]byte(key))
			require.Error(t, err)
		})
	}
	s.parsed(t, "use", `"sig"`, "key_ops", `["verify"]`, "alg", `"ES256"`, "unknown", `{}`)
}

func setOf(keys ...string) []byte { return []byte(`{"keys":[` + strings.Join(keys, ",") + `]}`) }

func TestSet(t *testing.T) {
	a, b, c := newSigner(), newSigner(), newSigner()
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	set, err := jose.ParseSet(setOf(`{"kty":"AKP","alg":"ML-DSA-44","pub":"AAAA","kid":"one"}`, `{}`, `7`,
		signer{gojose.ES384, p384}.public(), a.public(), b.public("kid", `"two"`), c.public("kid", "")))
	require.NoError(t, err)
	require.Len(t, set, 3, "what is of no use is passed over")

	for name, test := range map[string]struct {
		signer signer
		kid    string
		ok     bool
	}{
		"its ID":             {a, `"one"`, true},
		"the ID of another":  {a, `"two"`, false},
		"unknown ID":         {a, `"three"`, false},
		"no ID":              {b, "", true},
		"key without an ID":  {c, "", true},
		"ID, key without it": {c, `"one"`, false},
	} {
		t.Run(name, func(t *testing.T) {
			token, err := jose.Parse(test.signer.sign(test.signer.header("kid", test.kid), `{}`), rules)
			require.NoError(t, err)
			_, err = token.Verify(set.For(token)...)
			require.Equal(t, test.ok, err == nil)
		})
	}
	require.Len(t, set, 3, "a choice leaves the set as it was")
}

func TestRefusedSets(t *testing.T) {
	s := newSigner()
	private, _ := json.Marshal(gojose.JSONWebKey{Key: newSigner().key, KeyID: "two"})
	many := make([]string, jose.MaxKeys+1)
	for i := range many {
		many[i] = newSigner().public("kid", fmt.Sprintf(`"%d"`, i))
	}
	_, err := jose.ParseSet(setOf(many[:jose.MaxKeys]...))
	require.NoError(t, err)
	for name, test := range map[string]struct {
		set  []byte
		says string
	}{
		"no object":         {[]byte(`[]`), "malformed"},
		"no keys":           {[]byte(`{}`), "no array keys"},
		"keys null":         {[]byte(`{"keys":null}`), "no array keys"},
		"a key, no set":     {[]byte(s.public()), "no array keys"},
		"keys twice":        {[]byte(`{"keys":[],` + string(setOf(s.public()))[1:]), "malformed"},
		"empty":             {setOf(), "is empty"},
		"too many":          {setOf(many...), "more than"},
		"too long":          {setOf(s.public("a", `"`+strings.Repeat("a", jose.MaxSet)+`"`)), "longer than"},
		"one is private":    {setOf(s.public(), string(private)), "keys[1]: it is a private"},
		"one is symmetric":  {setOf(s.public(), `{"kty":"oct","k":"AAAA"}`), "keys[1]: it is a private"},
		"same ID twice":     {setOf(s.public(), newSigner().public()), "keys[1]: another key"},
		"none can be used":  {setOf(s.public("use", `"enc"`)), "keys[0]: its use is not sig"},
		"none is any known": {setOf(`{"kty":"XX"}`), "keys[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := jose.ParseSet(test.set)
			require.ErrorContains(t, err, test.says)
		})
	}
}

func claimsOf(t *testing.T, payload string) jose.Claims {
	s := newSigner()
	token, err := jose.Parse(s.sign(s.header(), payload), rules)
	require.NoError(t, err)
	return token.Unverified()
}

func TestDates(t *testing.T) {
	for value, want := range map[string]time.Time{
		`0`:                 time.Unix(0, 0),
		`1780000000`:        time.Unix(1780000000, 0),
		`1.78e9`:            time.Unix(1780000000, 0),
		`1780000000.25`:     time.Unix(1780000000, 250_000_000),
		`253402300799`:      time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		`253402300800`:      {},
		`-1`:                {},
		`1e400`:             {},
		`99999999999999999`: {},
		`"1780000000"`:      {},
		`null`:              {},
		`true`:              {},
		`[1]`:               {},
	} {
		got, err := claimsOf(t, `{"exp":`+value+`}`).Time("exp")
		require.Equal(t, want.IsZero(), err != nil, value)
		require.True(t, want.Equal(got), "%s: %s", value, got)
	}
	none, err := claimsOf(t, `{}`).Time("exp")
	require.NoError(t, err)
	require.Zero(t, none)
}

func TestAudience(t *testing.T) {
	for value, want := range map[string][]string{
		`"a"`:       {"a"},
		`["a"]`:     {"a"},
		`["a","b"]`: {"a", "b"},
		`[]`:        {},
	} {
		got, err := claimsOf(t, `{"aud":`+value+`}`).Audience()
		require.NoError(t, err, value)
		require.Equal(t, want, got)
	}
	for _, value := range []string{`1`, `[1]`, `["a",null]`, `{}`, `null`, `["a",["b"]]`} {
		_, err := claimsOf(t, `{"aud":`+value+`}`).Audience()
		require.Error(t, err, value)
	}
	none, err := claimsOf(t, `{}`).Audience()
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestTexts(t *testing.T) {
	claims := claimsOf(t, `{"iss":"a","sub":1,"jti":null}`)
	iss, err := claims.Text("iss")
	require.NoError(t, err)
	require.Equal(t, "a", iss)
	for _, name := range []string{"sub", "jti"} {
		_, err = claims.Text(name)
		require.Error(t, err)
		require.True(t, claims.Has(name))
	}
	require.False(t, claims.Has("none"))
}

func FuzzParse(f *testing.F) {
	s := newSigner()
	for _, seed := range []string{
		s.sign(s.header(), `{"iss":"a","aud":["b"],"exp":1780000000}`), s.sign(s.header("jwk", s.public()), `{}`), "a.b.c", "..",
	} {
		f.Add(seed)
	}
	key, _ := jose.ParseKey([]byte(s.public()))
	f.Fuzz(func(t *testing.T, compact string) {
		for _, with := range []bool{false, true} {
			token, err := jose.Parse(compact, jose.Rules{Types: []string{"kind+jwt", ""}, WithKey: with})
			if err != nil {
				continue
			}
			require.Contains(t, jose.Algorithms, token.Algorithm)
			require.Equal(t, with, token.Key.Thumbprint() != "")
			_, _ = token.Unverified().Audience()
			_, _ = token.Unverified().Time("exp")
			_, _ = token.Verify(key, token.Key)
		}
	})
}

func FuzzParseSet(f *testing.F) {
	f.Add(setOf(newSigner().public()))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := jose.ParseSet(data)
		require.Equal(t, err == nil, len(set) > 0)
		for _, key := range set {
			require.NotEmpty(t, key.Thumbprint())
		}
	})
}
