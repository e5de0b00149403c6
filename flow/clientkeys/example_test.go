package clientkeys_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientkeys"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A client signs an assertion in place of sending a secret. An assertion that
// somebody copies is of no use: it is accepted once.
func Example() {
	const issuer = "https://service.example"
	provider, err := flow.New(flow.Config{
		Issuer:      issuer,
		Store:       memory.New(),
		CurrentUser: func(*http.Request) (*flow.User, error) { return nil, nil },
		LoginURL:    func(string) string { return "/login" },
		Scopes:      []flow.Scope{{Name: "read", Description: "Read your domains", Default: true}},
		Extensions:  []flow.Extension{clientkeys.New(clientkeys.Config{})},
	})
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(provider)
	defer server.Close()

	// The developer makes a key pair, and gives the service the public key.
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "2026"}}})
	if err != nil {
		log.Fatal(err)
	}
	ctx, registry := context.Background(), provider.Registry()
	app, _, err := registry.Register(ctx, "account-1", oauthapp.Registration{
		Name: "Payroll", HomepageURL: "https://payroll.example", CallbackURLs: []string{"https://payroll.example/callback"},
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := registry.SetExtra(ctx, oauthapp.OwnedBy("account-1"), app.ID, clientkeys.Name, clientkeys.Keys{Set: set}); err != nil {
		log.Fatal(err)
	}

	// The client signs who it is, for whom, until when, and an ID of its own.
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "2026"}}, nil)
	if err != nil {
		log.Fatal(err)
	}
	assertion, err := jwt.Signed(signer).Claims(map[string]any{
		"iss": app.ClientID, "sub": app.ClientID, "aud": issuer, "exp": time.Now().Add(time.Minute).Unix(), "jti": rand.Text(),
	}).Serialize()
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		answer, err := http.PostForm(server.URL+"/oauth/introspect", url.Values{
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
			"client_assertion":      {assertion},
			"token":                 {"of-somebody-else"},
		})
		if err != nil {
			log.Fatal(err)
		}
		defer answer.Body.Close()
		var body map[string]any
		if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
			log.Fatal(err)
		}
		fmt.Println(answer.StatusCode, body)
	}
	// Output:
	// 200 map[active:false]
	// 401 map[error:invalid_client error_description:client authentication failed]
}
