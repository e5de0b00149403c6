package guides

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/signedintrospection"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// # Signed answers
//
// An API that is another program asks the introspection endpoint what a token
// stands for. Where it has to prove later what it was told, it asks for an
// answer that is signed, with the header Accept: signedintrospection.MediaType,
// and keeps it.
//
// # Make a key
//
//	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out signing.pem
//
// Keep it where the service's other secrets are, or in a machine that signs and
// keeps it to itself: a SigningKey is any crypto.Signer. Nodes share it.
//
// # Replace a key
//
// Whoever verifies keeps the public keys for five minutes, or for longer. So
// change Config.SigningKeys of all nodes in three steps, a day apart: append
// the next key, which publishes it; move it to the front, which has it sign;
// remove the old one. A key that others may have learnt is removed at once.
//
// # Verify
//
// Any JOSE library does, with the key set at jwks_uri of the metadata. Check
// typ, iss and aud besides the signature, and then act on the claim
// token_introspection.
func Example_signing() {
	path := madeKey()
	defer os.RemoveAll(filepath.Dir(path))
	signer, err := loadKey(path)
	check(err)
	cfg := service()
	cfg.SigningKeys = []flow.SigningKey{{Signer: signer, Algorithm: "ES256"}}
	cfg.Extensions = []flow.Extension{signedintrospection.New(signedintrospection.Config{})}
	provider := must(flow.New(cfg))
	api, secret, err := provider.Registry().Register(context.Background(), "7", oauthapp.Registration{
		Name: "API", HomepageURL: "https://api.example", CallbackURLs: []string{"https://api.example/unused"},
	})
	check(err)

	form := url.Values{"client_id": {api.ClientID}, "client_secret": {secret.Reveal()}, "token": {"of-somebody-else"}}
	r := httptest.NewRequest(http.MethodPost, "/oauth/introspect", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", signedintrospection.MediaType)
	asked, keys := httptest.NewRecorder(), httptest.NewRecorder()
	provider.ServeHTTP(asked, r)
	provider.ServeHTTP(keys, httptest.NewRequest(http.MethodGet, "/oauth/jwks", nil))

	answer, err := verifyAnswer(asked.Body.String(), keys.Body.Bytes(), cfg.Issuer, api.ClientID)
	fmt.Println(answer, err)
	// Output: {"active":false} <nil>
}

// loadKey reads a private key from a file of openssl genpkey.
func loadKey(path string) (crypto.Signer, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, errors.New("the file has no key in PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("the key cannot sign")
	}
	return signer, nil
}

// verifyAnswer returns what a signed answer says of a token.
func verifyAnswer(answer string, keySet []byte, issuer, audience string) (introspection string, err error) {
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal(keySet, &keys); err != nil {
		return "", err
	}
	token, err := jose.ParseSignedCompact(answer, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return "", err
	}
	payload, err := token.Verify(keys)
	if err != nil {
		return "", err
	}
	var claims struct {
		Issuer             string          `json:"iss"`
		Audience           string          `json:"aud"`
		TokenIntrospection json.RawMessage `json:"token_introspection"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return "", err
	}
	header := token.Signatures[0].Protected
	if header.ExtraHeaders[jose.HeaderType] != "token-introspection+jwt" || claims.Issuer != issuer || claims.Audience != audience {
		return "", errors.New("the answer is not one of the service to this API")
	}
	return string(claims.TokenIntrospection), nil
}

// madeKey makes a file as openssl genpkey does.
func madeKey() (path string) {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	block := &pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))}
	path = filepath.Join(must(os.MkdirTemp("", "signing")), "signing.pem")
	check(os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
	return path
}
