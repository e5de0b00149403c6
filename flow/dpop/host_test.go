package dpop_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"log/slog"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dpop"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

const (
	issuer   = "https://id.example/auth"
	tokenURL = issuer + "/oauth/token"
	api      = "https://api.example"
	whoami   = api + "/whoami"
	callback = "https://client.example/callback"
)

var verifier = strings.Repeat("verifier-~.", 4)

// A client is a client with a key.
type client struct {
	alg string
	key crypto.Signer
	jwk map[string]any
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func newClient(t testing.TB, alg string) client {
	t.Helper()
	c := client{alg: alg}
	switch alg {
	case "ES256":
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		public, err := key.PublicKey.Bytes()
		require.NoError(t, err)
		c.key, c.jwk = key, map[string]any{"kty": "EC", "crv": "P-256", "x": b64(public[1:33]), "y": b64(public[33:])}
	case "EdDSA", "Ed25519":
		public, key, err := ed25519.GenerateKey(rand.Reader)
		require.NoError(t, err)
		c.key, c.jwk = key, map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64(public)}
	default:
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		require.NoError(t, err)
		c.key, c.jwk = key, map[string]any{"kty": "RSA", "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())}
	}
	return c
}

// jwkWithPrivate is the key with its private part.
func (c client) jwkWithPrivate(t *testing.T) map[string]any {
	t.Helper()
	private, err := c.key.(*ecdsa.PrivateKey).Bytes()
	require.NoError(t, err)
	jwk := maps.Clone(c.jwk)
	jwk["d"] = b64(private)
	return jwk
}

// thumbprint is that of RFC 7638, for a key on P-256.
func (c client) thumbprint() string {
	sum := sha256.Sum256([]byte(`{"crv":"P-256","kty":"EC","x":"` + c.jwk["x"].(string) + `","y":"` + c.jwk["y"].(string) + `"}`))
	return b64(sum[:])
}

// sign signs a proof of any header and any claims.
func (c client) sign(header, claims map[string]any) string {
	h, _ := json.Marshal(header)
	p, _ := json.Marshal(claims)
	signed := b64(h) + "." + b64(p)
	sum := sha256.Sum256([]byte(signed))
	var signature []byte
	switch key := c.key.(type) {
	case *ecdsa.PrivateKey:
		r, s, _ := ecdsa.Sign(rand.Reader, key, sum[:])
		signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	case ed25519.PrivateKey:
		signature = ed25519.Sign(key, []byte(signed))
	case *rsa.PrivateKey:
		if c.alg == "RS256" {
			signature, _ = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		} else {
			signature, _ = rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
	}
	return signed + "." + b64(signature)
}

// A proof is what a test changes of a proof.
type proof struct{ header, claims map[string]any }

// parts are the parts of a good proof at a time; ath is of an access token,
// where there is one.
func (c client) parts(now time.Time, method, uri, token string) proof {
	p := proof{
		map[string]any{"typ": "dpop+jwt", "alg": c.alg, "jwk": maps.Clone(c.jwk)},
		map[string]any{"jti": rand.Text(), "htm": method, "htu": uri, "iat": now.Unix()},
	}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		p.claims["ath"] = b64(sum[:])
	}
	return p
}

func (c client) proof(now time.Time, method, uri, token string, edits ...func(proof)) string {
	p := c.parts(now, method, uri, token)
	for _, edit := range edits {
		edit(p)
	}
	return c.sign(p.header, p.claims)
}

func claim(name string, value any) func(proof) {
	return func(p proof) {
		p.claims[name] = value
		if value == nil {
			delete(p.claims, name)
		}
	}
}

func header(name string, value any) func(proof) {
	return func(p proof) {
		p.header[name] = value
		if value == nil {
			delete(p.header, name)
		}
	}
}

// A host is a service with a signed-in user in front of a browser.
type host struct {
	*flowtest.Provider
	t      testing.TB
	now    time.Time
	store  store.Store
	app    oauthapp.Application // confidential
	public oauthapp.Application
}

// newHost returns a node of a service; nodes share a store and a key.
func newHost(t testing.TB, backend store.Store, extensions ...flow.Extension) *host {
	return newHostOf(t, flow.Config{Store: backend, Extensions: extensions})
}

// newHostOf is newHost with more of a configuration.
func newHostOf(t testing.TB, cfg flow.Config) *host {
	h := &host{t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), store: cfg.Store}
	cfg.Issuer, cfg.Resource = issuer, api
	cfg.Keys = [][]byte{[]byte("0123456789abcdefghijklmnopqrstuv")}
	cfg.CurrentUser = func(*http.Request) (*flow.User, error) {
		return &flow.User{ID: "1", Name: "alice@example.com", Session: "session", Accounts: []flow.Account{{ID: "1", Name: "Alice"}}}, nil
	}
	cfg.Now = func() time.Time { return h.now }
	cfg.Logger = slog.New(slog.DiscardHandler)
	h.Provider = flowtest.New(t, cfg)
	h.app = h.Application
	var err error
	h.public, _, err = h.Registry().Register(t.Context(), "developer", oauthapp.Registration{
		Name: "Client", HomepageURL: "https://client.example", CallbackURLs: []string{callback}, Type: oauthapp.Public,
	})
	require.NoError(t, err)
	return h
}

func newDefaultHost(t *testing.T) *host { return newHost(t, memory.New(), dpop.New(dpop.Config{})) }

// node returns another node of the same service, with the same applications.
func (h *host) node(extensions ...flow.Extension) *host {
	other := newHost(h.t, h.store, extensions...)
	other.app, other.public, other.ClientSecret, other.now = h.app, h.public, h.ClientSecret, h.now
	return other
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)"`)

func request(app oauthapp.Application) url.Values {
	sum := sha256.Sum256([]byte(verifier))
	return url.Values{
		"client_id": {app.ClientID}, "response_type": {"code"}, "redirect_uri": {callback}, "scope": {"read"},
		"code_challenge": {b64(sum[:])}, "code_challenge_method": {"S256"},
	}
}

// authorize lets the user authorize an application, with more parameters of the
// request, and returns where they are sent back to.
func (h *host) authorize(app oauthapp.Application, pairs ...string) url.Values {
	h.t.Helper()
	request := request(app)
	for i := 0; i < len(pairs); i += 2 {
		request.Set(pairs[i], pairs[i+1])
	}
	return h.authorizeRequest(request)
}

func (h *host) authorizeRequest(request url.Values) url.Values {
	h.t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, issuer+"/oauth/authorize?"+request.Encode(), nil))
	if w.Code == http.StatusOK {
		form := url.Values{"decision": {"authorize"}, "account_id": {"1"}}
		for _, match := range hiddenField.FindAllStringSubmatch(w.Body.String(), -1) {
			form.Set(match[1], html.UnescapeString(match[2]))
		}
		w = h.post("/oauth/authorize", form)
	}
	location, err := url.Parse(w.Header().Get("Location"))
	require.NoError(h.t, err, w.Body.String())
	return location.Query()
}

func (h *host) code(app oauthapp.Application, pairs ...string) string {
	h.t.Helper()
	code := h.authorize(app, pairs...).Get("code")
	require.NotEmpty(h.t, code)
	return code
}

// post sends a form to an endpoint, with a proof where there is one.
func (h *host) post(path string, form url.Values, proofs ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, issuer+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://client.example")
	if path == "/oauth/authorize" {
		r.Header.Set("Origin", "https://id.example")
	}
	for _, p := range proofs {
		r.Header.Add("DPoP", p)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// redemption is the token request for a code.
func (h *host) redemption(app oauthapp.Application, code string) url.Values {
	return h.authenticated(app, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier},
	})
}

func (h *host) refresh(app oauthapp.Application, token string) url.Values {
	return h.authenticated(app, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

func (h *host) authenticated(app oauthapp.Application, form url.Values) url.Values {
	form.Set("client_id", app.ClientID)
	if app.Type == oauthapp.Confidential {
		form.Set("client_secret", h.ClientSecret)
	}
	return form
}

// granted are a successful answer.
type granted struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	RefreshToken string `json:"refresh_token"`
}

func (h *host) granted(w *httptest.ResponseRecorder) (tokens granted) {
	h.t.Helper()
	require.Equal(h.t, http.StatusOK, w.Code, w.Body.String())
	require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &tokens))
	return tokens
}

// at returns a proof of the client for the token endpoint.
func (h *host) at(c client, edits ...func(proof)) string {
	return c.proof(h.now, http.MethodPost, tokenURL, "", edits...)
}

// bound begins a session that is bound to the client's key.
func (h *host) bound(app oauthapp.Application, c client) granted {
	h.t.Helper()
	tokens := h.granted(h.post("/oauth/token", h.redemption(app, h.code(app)), h.at(c)))
	require.Equal(h.t, "DPoP", tokens.TokenType)
	return tokens
}

// call calls the API with an Authorization header and proofs.
func (h *host) call(authorization string, proofs ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/whoami?q=1", nil)
	r.Host = "proxy.internal:8080"
	r.Header.Set("Authorization", authorization)
	for _, p := range proofs {
		r.Header.Add("DPoP", p)
	}
	w := httptest.NewRecorder()
	h.Require("read")(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })).ServeHTTP(w, r)
	return w
}

// calls calls the API as a client does.
func (h *host) calls(c client, token string, edits ...func(proof)) *httptest.ResponseRecorder {
	return h.call("DPoP "+token, c.proof(h.now, http.MethodGet, whoami, token, edits...))
}

func (h *host) introspect(token string) (described map[string]any) {
	h.t.Helper()
	w := h.post("/oauth/introspect", h.authenticated(h.app, url.Values{"token": {token}}))
	require.Equal(h.t, http.StatusOK, w.Code, w.Body.String())
	require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &described))
	return described
}

// requireError checks a refusal of an endpoint.
func requireError(t *testing.T, w *httptest.ResponseRecorder, code, says string) {
	t.Helper()
	var body map[string]string
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body), w.Body.String())
	require.Equal(t, code, body["error"], body)
	require.Contains(t, body["error_description"], says)
	require.Equal(t, http.StatusBadRequest, w.Code)
	if code == dpop.UseNonce {
		require.NotEmpty(t, w.Header().Get("DPoP-Nonce"))
	}
}

// requireRefused checks a refusal of the API, which the challenge of DPoP tells
// of.
func requireRefused(t *testing.T, w *httptest.ResponseRecorder, code, says string) {
	t.Helper()
	require.Equal(t, http.StatusUnauthorized, w.Code, w.Body.String())
	challenges := w.Header().Values("WWW-Authenticate")
	require.Len(t, challenges, 1)
	require.True(t, strings.HasPrefix(challenges[0], "DPoP "), challenges)
	require.Contains(t, challenges[0], `error="`+code+`"`)
	require.Contains(t, challenges[0], says)
	require.Contains(t, challenges[0], `algs="ES256 EdDSA Ed25519 PS256"`)
	if code == dpop.UseNonce {
		require.NotEmpty(t, w.Header().Get("DPoP-Nonce"))
	}
}

// beginWith begins a session of the confidential application that keeps extra.
func (h *host) beginWith(extra string) granted {
	h.t.Helper()
	k := h.Kernel()
	id, family := uuid.Must(uuid.NewV7()), credential.NewFamily()
	access, refresh := k.Credentials.NewAccessToken(id), k.Credentials.NewRefreshToken(id, family)
	end := h.now.Add(time.Hour)
	_, err := h.store.BeginSession(h.t.Context(), store.SessionStart{GrantID: uuid.Must(uuid.NewV7()), Session: store.Session{
		ID: id, ApplicationID: h.app.ID, UserID: "1", AccountID: "1", Scopes: []string{"read"}, CreatedAt: h.now, ExpiresAt: end,
		Access:  store.AccessToken{Digest: access.Digest(), IssuedAt: h.now, ExpiresAt: end, Scopes: []string{"read"}},
		Refresh: store.RefreshToken{Digest: refresh.Digest(), ExpiresAt: end}, RefreshFamily: family.Digest(), Extra: []byte(extra),
	}})
	require.NoError(h.t, err)
	return granted{AccessToken: access.Reveal(), RefreshToken: refresh.Reveal()}
}
