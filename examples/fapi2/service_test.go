package fapi2

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientkeys"
	"github.com/oauthapps/oauthapps/flow/dpop"
	"github.com/oauthapps/oauthapps/flow/par"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

const (
	issuer        = "https://id.example"
	parURL        = issuer + "/oauth/par"
	tokenURL      = issuer + "/oauth/token"
	api           = "https://api.example"
	accountsURL   = api + "/accounts"
	callback      = "https://client.example/callback"
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

var verifier = strings.Repeat("verifier-~.", 4)

// config is that of a service that meets FAPI 2.0.
func config() flow.Config {
	return flow.Config{
		Issuer:   issuer,
		Resource: api,
		Store:    memory.New(),
		Profile:  flow.FAPI2,
		Keys:     [][]byte{[]byte("0123456789abcdefghijklmnopqrstuv")},
		Scopes:   []flow.Scope{{Name: "read", Description: "Read your accounts", Default: true}, {Name: "pay", Description: "Pay"}},
		CurrentUser: func(*http.Request) (*flow.User, error) {
			return &flow.User{ID: "1", Name: "ann@example.com", Session: "session", Accounts: []flow.Account{{ID: "7", Name: "Ann"}}}, nil
		},
		LoginURL: func(string) string { return "/login" },
		Logger:   slog.New(slog.DiscardHandler),
		Extensions: []flow.Extension{
			clientkeys.New(clientkeys.Config{}),
			dpop.New(dpop.Config{}),
			par.New(par.Config{}),
		},
	}
}

// A service is a node of one that meets FAPI 2.0, at a time of its own.
type service struct {
	*flow.Provider
	t   testing.TB
	mu  sync.Mutex
	now time.Time
}

func newService(t testing.TB, edits ...func(*flow.Config)) *service {
	t.Helper()
	s := &service{t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	cfg := config()
	cfg.Now = s.time
	for _, edit := range edits {
		edit(&cfg)
	}
	provider, err := flow.New(cfg)
	require.NoError(t, err)
	s.Provider = provider
	return s
}

func (s *service) time() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *service) wait(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// A key signs with an algorithm.
type key struct {
	algorithm jose.SignatureAlgorithm
	private   crypto.Signer
}

func newKey(t testing.TB) key {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key{jose.ES256, private}
}

func (k key) public() jose.JSONWebKey { return jose.JSONWebKey{Key: k.private.Public()} }

func (k key) thumbprint(t testing.TB) string {
	public := k.public()
	sum, err := public.Thumbprint(crypto.SHA256)
	require.NoError(t, err)
	return base64.RawURLEncoding.EncodeToString(sum)
}

type claims map[string]any

// with returns claims of which some are others; nil removes one.
func (c claims) with(pairs ...any) claims {
	for i := 0; i < len(pairs); i += 2 {
		c[pairs[i].(string)] = pairs[i+1]
		if pairs[i+1] == nil {
			delete(c, pairs[i].(string))
		}
	}
	return c
}

func (k key) sign(t testing.TB, typ string, embed bool, c claims) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: k.algorithm, Key: k.private},
		(&jose.SignerOptions{EmbedJWK: embed}).WithType(jose.ContentType(typ)))
	require.NoError(t, err)
	payload, err := json.Marshal(c)
	require.NoError(t, err)
	signed, err := signer.Sign(payload)
	require.NoError(t, err)
	compact, err := signed.CompactSerialize()
	require.NoError(t, err)
	return compact
}

// A client is an application with a key to authenticate with, and one for its
// tokens.
type client struct {
	*service
	app       oauthapp.Application
	key, dpop key
	cookies   map[string]string // of its user's browser
}

func (s *service) register(t testing.TB, keys ...key) *client {
	t.Helper()
	app, _, err := s.Registry().Register(t.Context(), "developer", oauthapp.Registration{
		Name: "Budget", HomepageURL: "https://client.example", CallbackURLs: []string{callback},
	})
	require.NoError(t, err)
	c := &client{service: s, app: app, key: newKey(t), dpop: newKey(t), cookies: map[string]string{}}
	if len(keys) > 0 {
		c.key = keys[0]
	}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{c.key.public()}})
	require.NoError(t, err)
	_, err = s.Registry().SetExtra(t.Context(), oauthapp.OwnedBy("developer"), app.ID, clientkeys.Name, clientkeys.Keys{Set: set})
	require.NoError(t, err)
	return c
}

func (c *client) claims(pairs ...any) claims {
	now := c.time()
	return claims{
		"iss": c.app.ClientID, "sub": c.app.ClientID, "aud": issuer, "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}.with(pairs...)
}

func (c *client) assertion(pairs ...any) string {
	c.t.Helper()
	return c.key.sign(c.t, "JWT", false, c.claims(pairs...))
}

// proof is one for a request; token is that of a call of the API.
func (c *client) proof(method, uri, token string, pairs ...any) string {
	c.t.Helper()
	all := claims{"jti": rand.Text(), "htm": method, "htu": uri, "iat": c.time().Unix()}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		all["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return c.dpop.sign(c.t, "dpop+jwt", true, all.with(pairs...))
}

// authenticated adds a client assertion to a form.
func (c *client) authenticated(form url.Values, pairs ...any) url.Values {
	c.t.Helper()
	form.Set("client_id", c.app.ClientID)
	form.Set("client_assertion_type", assertionType)
	form.Set("client_assertion", c.assertion(pairs...))
	return form
}

// request is a good authorization request, of which some parameters are others;
// "" removes one.
func (c *client) request(pairs ...string) url.Values {
	sum := sha256.Sum256([]byte(verifier))
	form := url.Values{
		"response_type": {"code"}, "redirect_uri": {callback}, "scope": {"read"}, "state": {"opaque"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			form.Del(pairs[i])
		}
	}
	return form
}

// send sends a form, with proofs.
func (c *client) send(target string, form url.Values, proofs ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, proof := range proofs {
		r.Header.Add("DPoP", proof)
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w
}

// push pushes a request and returns its request_uri.
func (c *client) push(pairs ...string) string {
	c.t.Helper()
	w := c.send(parURL, c.authenticated(c.request(pairs...)))
	require.Equal(c.t, http.StatusCreated, w.Code, w.Body.String())
	var answer struct {
		RequestURI string `json:"request_uri"`
		ExpiresIn  int    `json:"expires_in"`
	}
	require.NoError(c.t, json.Unmarshal(w.Body.Bytes(), &answer))
	require.Less(c.t, answer.ExpiresIn, 600)
	require.Greater(c.t, answer.ExpiresIn, 5)
	return answer.RequestURI
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)"`)

// open has the browser of the user open the authorization endpoint.
func (c *client) open(params url.Values) *httptest.ResponseRecorder {
	return c.browse(httptest.NewRequest(http.MethodGet, issuer+"/oauth/authorize?"+params.Encode(), nil))
}

func (c *client) browse(r *http.Request) *httptest.ResponseRecorder {
	for name, value := range c.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	for _, cookie := range w.Result().Cookies() {
		c.cookies[cookie.Name] = cookie.Value
	}
	return w
}

// decide sends the form of the consent page.
func (c *client) decide(page *httptest.ResponseRecorder, decision string) *httptest.ResponseRecorder {
	c.t.Helper()
	require.Equal(c.t, http.StatusOK, page.Code, page.Body.String())
	form := url.Values{"decision": {decision}, "account_id": {"7"}}
	for _, match := range hiddenField.FindAllStringSubmatch(page.Body.String(), -1) {
		form.Set(match[1], html.UnescapeString(match[2]))
	}
	r := httptest.NewRequest(http.MethodPost, issuer+"/oauth/authorize", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", issuer)
	return c.browse(r)
}

// presented are the parameters with which a browser presents a pushed request.
func (c *client) presented(requestURI string) url.Values {
	return url.Values{"client_id": {c.app.ClientID}, "request_uri": {requestURI}}
}

// authorize has the user authorize a pushed request, and returns where they are
// sent.
func (c *client) authorize(requestURI string) url.Values {
	c.t.Helper()
	return c.goOn(c.open(c.presented(requestURI)))
}

// goOn authorizes where the user is asked, which they are the first time.
func (c *client) goOn(w *httptest.ResponseRecorder) url.Values {
	c.t.Helper()
	if w.Code == http.StatusOK {
		w = c.decide(w, "authorize")
	}
	return c.sentTo(w)
}

// sentTo is the query with which a browser is sent back to the client.
func (c *client) sentTo(w *httptest.ResponseRecorder) url.Values {
	c.t.Helper()
	require.Equal(c.t, http.StatusSeeOther, w.Code, w.Body.String())
	location, err := url.Parse(w.Header().Get("Location"))
	require.NoError(c.t, err)
	require.Equal(c.t, callback, location.Scheme+"://"+location.Host+location.Path)
	require.Equal(c.t, issuer, location.Query().Get("iss"))
	return location.Query()
}

func (c *client) code(pairs ...string) string {
	c.t.Helper()
	code := c.authorize(c.push(pairs...)).Get("code")
	require.NotEmpty(c.t, code)
	return code
}

func redemption(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
}

func refresh(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
}

// granted are a successful answer.
type granted struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
	Scope        string `json:"scope"`
}

// at returns a proof for the token endpoint.
func (c *client) at(pairs ...any) string { return c.proof(http.MethodPost, tokenURL, "", pairs...) }

// exchange makes a token request that is granted.
func (c *client) exchange(form url.Values) (tokens granted) {
	c.t.Helper()
	w := c.send(tokenURL, c.authenticated(form), c.at())
	require.Equal(c.t, http.StatusOK, w.Code, w.Body.String())
	require.NoError(c.t, json.Unmarshal(w.Body.Bytes(), &tokens))
	require.Equal(c.t, "DPoP", tokens.TokenType)
	return tokens
}

func (c *client) signIn(pairs ...string) granted { return c.exchange(redemption(c.code(pairs...))) }

// call calls the API with an Authorization header and proofs.
func (c *client) call(authorization string, proofs ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, accountsURL+"?page=1", nil)
	r.Header.Set("Authorization", authorization)
	for _, proof := range proofs {
		r.Header.Add("DPoP", proof)
	}
	w := httptest.NewRecorder()
	c.Require("read")(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })).ServeHTTP(w, r)
	return w
}

// calls calls the API as the client does, and returns the status.
func (c *client) calls(token string, pairs ...any) int {
	return c.call("DPoP "+token, c.proof(http.MethodGet, accountsURL, token, pairs...)).Code
}

// requireError checks the error of an endpoint.
func requireError(t testing.TB, w *httptest.ResponseRecorder, codes ...string) {
	t.Helper()
	var body map[string]string
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body), w.Body.String())
	require.Contains(t, codes, body["error"], w.Body.String())
	require.Contains(t, []int{http.StatusBadRequest, http.StatusUnauthorized}, w.Code)
}
