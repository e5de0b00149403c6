package dpop_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dpop"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A client proves with each request that it has a key. Whoever copies its
// access token, and has no such key, is refused.
func Example() {
	server := httptest.NewUnstartedServer(nil)
	provider, err := flow.New(flow.Config{
		Issuer: "http://" + server.Listener.Addr().String(),
		Store:  memory.New(),
		CurrentUser: func(*http.Request) (*flow.User, error) {
			return &flow.User{ID: "1", Name: "Ann", Accounts: []flow.Account{{ID: "7", Name: "Ann's account"}}}, nil
		},
		LoginURL:   func(string) string { return "/login" },
		Scopes:     []flow.Scope{{Name: "read", Description: "Read your data", Default: true}},
		Extensions: []flow.Extension{dpop.New(dpop.Config{})},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	provider.Mount(mux)
	mux.Handle("GET /api/data", provider.Require("read")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {})))
	server.Config.Handler = mux
	server.Start()
	defer server.Close()

	// The service trusts this client, so that this example needs no consent
	// page.
	ctx, registry := context.Background(), provider.Registry()
	app, secret, err := registry.Register(ctx, "account-1", oauthapp.Registration{
		Name: "Banking", HomepageURL: "https://bank.example", CallbackURLs: []string{"https://bank.example/callback"},
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := registry.ChangeStanding(ctx, oauthapp.AnyOwner, app.ID, func(s *oauthapp.Standing) { s.Trusted = true }); err != nil {
		log.Fatal(err)
	}

	// The client has a key pair, and a transport that adds proofs.
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: prover{key}})
	client := oauth2.Config{
		ClientID: app.ClientID, ClientSecret: secret.Reveal(),
		Endpoint: oauth2.Endpoint{AuthURL: server.URL + "/oauth/authorize", TokenURL: server.URL + "/oauth/token"},
	}
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := browser.Get(client.AuthCodeURL("af0ifjsldkj"))
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	callback, err := answer.Location()
	if err != nil {
		log.Fatal(err)
	}
	token, err := client.Exchange(ctx, callback.Query().Get("code"))
	if err != nil {
		log.Fatal(err)
	}
	call := func(c *http.Client) int {
		answer, err := c.Get(server.URL + "/api/data")
		if err != nil {
			log.Fatal(err)
		}
		defer answer.Body.Close()
		return answer.StatusCode
	}
	fmt.Println("the client:", token.TokenType, call(client.Client(ctx, token)))

	// A thief has a copy of the token.
	copied := &oauth2.Token{AccessToken: token.AccessToken, TokenType: "Bearer"}
	fmt.Println("a thief:", call(client.Client(context.Background(), copied)))
	// Output:
	// the client: DPoP 200
	// a thief: 401
}

// A prover adds a proof to each request (RFC 9449, section 4.2).
type prover struct{ key *ecdsa.PrivateKey }

func (p prover) RoundTrip(r *http.Request) (*http.Response, error) {
	claims := map[string]any{
		"jti": rand.Text(), "htm": r.Method, "htu": "http://" + r.URL.Host + r.URL.Path, "iat": time.Now().Unix(),
	}
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "DPoP "); ok {
		hash := sha256.Sum256([]byte(token))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(hash[:])
	}
	options := (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt")
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: p.key}, options)
	if err != nil {
		return nil, err
	}
	proof, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Header.Set("DPoP", proof)
	return http.DefaultTransport.RoundTrip(r)
}
