package signedintrospection_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/signedintrospection"
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

// A service loads its keys from where it keeps its secrets, or has a machine
// sign that keeps them to itself: anything that is a crypto.Signer.
func ExampleNew() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	cfg := config()
	cfg.SigningKeys = []flow.SigningKey{{Signer: key, Algorithm: "ES256"}}
	cfg.Extensions = []flow.Extension{signedintrospection.New(signedintrospection.Config{})}
	provider, err := flow.New(cfg)
	if err != nil {
		panic(err)
	}

	w := httptest.NewRecorder()
	provider.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/.well-known/oauth-authorization-server", nil))
	var metadata map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &metadata); err != nil {
		panic(err)
	}
	fmt.Println(metadata["jwks_uri"], metadata["introspection_signing_alg_values_supported"])
	// Output: https://id.example/oauth/jwks [ES256]
}

// A key is replaced in three steps. Each goes to all nodes, and lasts longer
// than verifiers keep the keys that they fetched.
func ExampleNew_replaceKey() {
	var keys [2]flow.SigningKey
	for i := range keys {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
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
