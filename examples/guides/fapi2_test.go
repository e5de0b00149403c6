package guides

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientkeys"
	"github.com/oauthapps/oauthapps/flow/dpop"
	"github.com/oauthapps/oauthapps/flow/par"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// # Hold it to FAPI 2.0
//
// Set Config.Profile, and list the three packages that it needs: clientkeys,
// dpop and par. New names what is missing. Provider.CheckProfile tells a
// service without the profile what it would lack. flow/PROFILES.md names each
// clause, and what is yours to do, such as TLS.
//
// What there is already goes on, but for this: public applications and client
// secrets are refused, and so is every bearer token. So ask developers for
// their keys first, with clientkeys listed and no profile.
//
// # What a client does
//
// Each developer pastes a public key into the form of their application. The
// client of one then
//
//  1. pushes its authorization request to /oauth/par, with PKCE and
//     redirect_uri, and sends the browser on with the request_uri;
//  2. exchanges the code, with a DPoP proof;
//  3. calls the API with the scheme DPoP, and a proof for each call;
//  4. refreshes with the same refresh token for as long as it is good: it is
//     not replaced, as it is without the profile.
//
// At every endpoint it authenticates with an assertion that its key signs. The
// key of the proofs is another one, which nobody needs to know beforehand.
//
// OAuth21 and MCP are profiles too, and need no package.
func Example_fapi2() {
	cfg := service()
	cfg.Profile = flow.FAPI2
	cfg.Extensions = []flow.Extension{clientkeys.New(clientkeys.Config{}), dpop.New(dpop.Config{}), par.New(par.Config{})}
	provider := must(flow.New(cfg))
	mux := http.NewServeMux()
	provider.Mount(mux)
	mux.Handle("GET /domains", provider.Require("read")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization, _ := flow.AuthorizationFrom(r.Context())
		_ = json.NewEncoder(w).Encode(map[string]any{"domains_of": authorization.UserID})
	})))

	app := zonewatch(provider)
	client := fapiClient{service: mux, id: app.ClientID, key: newSigner(false), proofs: newSigner(true)}
	registry, owner := provider.Registry(), oauthapp.OwnedBy("7")
	set := must(json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: client.key.Public()}}}))
	must(registry.SetExtra(context.Background(), owner, app.ID, clientkeys.Name, clientkeys.Keys{Set: set}))
	// So that this program needs no page of consent:
	must(registry.ChangeStanding(context.Background(), oauthapp.AnyOwner, app.ID, func(s *oauthapp.Standing) { s.Trusted = true }))

	verifier := oauth2.GenerateVerifier()
	pushed := client.post("/oauth/par", url.Values{
		"response_type": {"code"}, "redirect_uri": {"https://zonewatch.example/callback"}, "scope": {"read"},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"},
	})
	browser := httptest.NewRecorder()
	presented := url.Values{"client_id": {client.id}, "request_uri": {pushed["request_uri"].(string)}}
	mux.ServeHTTP(browser, httptest.NewRequest(http.MethodGet, "/oauth/authorize?"+presented.Encode(), nil))
	callback := must(url.Parse(browser.Header().Get("Location")))

	tokens := client.post("/oauth/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {callback.Query().Get("code")},
		"redirect_uri": {"https://zonewatch.example/callback"}, "code_verifier": {verifier},
	})
	fmt.Println(tokens["token_type"], client.get("/domains", tokens["access_token"].(string)))
	refreshed := client.post("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens["refresh_token"].(string)}})
	fmt.Println(refreshed["token_type"], refreshed["refresh_token"] == tokens["refresh_token"])
	// Output:
	// DPoP map[domains_of:ann]
	// DPoP true
}

// A fapiClient has a key by which the service knows it, and one for its tokens.
type fapiClient struct {
	service     http.Handler // where a real client has the network
	id          string
	key, proofs signer
}

// post sends a form with who the client is, and a proof.
func (c fapiClient) post(path string, form url.Values) map[string]any {
	now := time.Now()
	assertion := c.key.sign("JWT", map[string]any{
		"iss": c.id, "sub": c.id, "aud": "https://service.example", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "jti": rand.Text(),
	})
	maps.Copy(form, url.Values{
		"client_id": {c.id}, "client_assertion": {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	})
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("DPoP", c.proofs.sign("dpop+jwt", proofOf(r)))
	return c.do(r)
}

// get calls the API. The proof names the token too.
func (c fapiClient) get(path, token string) map[string]any {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	claims, digest := proofOf(r), sha256.Sum256([]byte(token))
	claims["ath"] = base64.RawURLEncoding.EncodeToString(digest[:])
	r.Header.Set("Authorization", "DPoP "+token)
	r.Header.Set("DPoP", c.proofs.sign("dpop+jwt", claims))
	return c.do(r)
}

func (c fapiClient) do(r *http.Request) (answer map[string]any) {
	w := httptest.NewRecorder()
	c.service.ServeHTTP(w, r)
	check(json.Unmarshal(w.Body.Bytes(), &answer))
	return answer
}

// proofOf are the claims of a proof for a request.
func proofOf(r *http.Request) map[string]any {
	return map[string]any{"htm": r.Method, "htu": "https://service.example" + r.URL.Path, "iat": time.Now().Unix(), "jti": rand.Text()}
}

// A signer makes signed tokens. Those of proofs bring the public key along.
type signer struct {
	*ecdsa.PrivateKey
	embeds bool
}

func newSigner(embeds bool) signer {
	return signer{must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), embeds}
}

func (s signer) sign(typ string, claims map[string]any) string {
	options := (&jose.SignerOptions{EmbedJWK: s.embeds}).WithType(jose.ContentType(typ))
	return must(jwt.Signed(must(jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: s.PrivateKey}, options))).Claims(claims).Serialize())
}
