package signedintrospection_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/signedintrospection"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

func config() flow.Config {
	return flow.Config{
		Issuer:      "https://id.example",
		Store:       memory.New(),
		CurrentUser: func(*http.Request) (*flow.User, error) { return nil, nil },
		LoginURL:    func(returnTo string) string { return "/login?return_to=" + returnTo },
		Scopes:      []flow.Scope{{Name: "read", Description: "Read your data", Default: true}},
	}
}

// An API asks what an access token stands for, in an answer that it can keep
// as a proof. It verifies that with the public keys of the service. A service
// loads its key from where it keeps its secrets, or has a machine sign that
// keeps the key to itself: anything that is a crypto.Signer.
func Example() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	cfg := config()
	cfg.SigningKeys = []flow.SigningKey{{Signer: key, Algorithm: "ES256"}}
	cfg.Extensions = []flow.Extension{signedintrospection.New(signedintrospection.Config{})}
	provider, err := flow.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(provider)
	defer server.Close()
	api, secret, err := provider.Registry().Register(context.Background(), "account-1", oauthapp.Registration{
		Name: "API", HomepageURL: "https://api.example", CallbackURLs: []string{"https://api.example/unused"},
	})
	if err != nil {
		log.Fatal(err)
	}

	r, err := http.NewRequest(http.MethodPost, server.URL+"/oauth/introspect", strings.NewReader("token=of-somebody-else"))
	if err != nil {
		log.Fatal(err)
	}
	r.SetBasicAuth(api.ClientID, secret.Reveal())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", signedintrospection.MediaType)
	signed, err := jose.ParseSignedCompact(string(fetch(r)), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		log.Fatal(err)
	}

	r, err = http.NewRequest(http.MethodGet, server.URL+"/oauth/jwks", nil)
	if err != nil {
		log.Fatal(err)
	}
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal(fetch(r), &keys); err != nil {
		log.Fatal(err)
	}
	payload, err := signed.Verify(keys)
	if err != nil {
		log.Fatal(err)
	}
	var claims struct {
		Issuer        string          `json:"iss"`
		Audience      string          `json:"aud"`
		Introspection json.RawMessage `json:"token_introspection"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		log.Fatal(err)
	}
	fmt.Println(claims.Issuer, claims.Audience == api.ClientID, string(claims.Introspection))
	// Output: https://id.example true {"active":false}
}

// fetch returns the body of the answer to a request.
func fetch(r *http.Request) []byte {
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		log.Fatal(err)
	}
	return body
}

// A key is replaced in three steps. Each goes to all nodes, and lasts longer
// than verifiers keep the keys that they fetched.
func ExampleNew_replaceKey() {
	var keys [2]flow.SigningKey
	for i := range keys {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			log.Fatal(err)
		}
		keys[i] = flow.SigningKey{Signer: key, Algorithm: "ES256"}
	}
	current, next := keys[0], keys[1]
	for _, step := range []struct {
		what string
		keys []flow.SigningKey
	}{
		{"publish the next one", []flow.SigningKey{current, next}},
		{"sign with it", []flow.SigningKey{next, current}},
		{"retire the old one", []flow.SigningKey{next}},
	} {
		cfg := config()
		cfg.SigningKeys = step.keys
		cfg.Extensions = []flow.Extension{signedintrospection.New(signedintrospection.Config{})}
		_, err := flow.New(cfg)
		fmt.Println(step.what, err)
	}
	// Output:
	// publish the next one <nil>
	// sign with it <nil>
	// retire the old one <nil>
}
