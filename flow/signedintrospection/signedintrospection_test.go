package signedintrospection_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/flow/signedintrospection"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

const issuer = "https://id.example/auth"

// algorithms are those that go-jose, which verifies here, knows too.
var algorithms = []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA, jose.PS256, jose.RS256}

func newKey(t testing.TB, algorithm string) flow.SigningKey {
	t.Helper()
	var key crypto.Signer
	var err error
	switch algorithm {
	case "ES256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "EdDSA", "Ed25519":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	require.NoError(t, err)
	return flow.SigningKey{Signer: key, Algorithm: algorithm}
}

// A host is a service with the capability, and an API of it that is another
// program.
type host struct {
	*flowtest.Provider
	t      testing.TB
	api    oauthapp.Application // of flow.Config.ResourceServers
	secret string
	log    *bytes.Buffer
}

func newHost(t testing.TB, keys []flow.SigningKey, extensions ...flow.Extension) *host {
	t.Helper()
	h := &host{t: t, log: &bytes.Buffer{}}
	backend := memory.New()
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: backend})
	require.NoError(t, err)
	app, secret, err := registry.Register(context.Background(), "operator", oauthapp.Registration{
		Name: "API", HomepageURL: "https://api.example", CallbackURLs: []string{"https://api.example/callback"},
	})
	require.NoError(t, err)
	h.api, h.secret = app, secret.Reveal()
	h.Provider = flowtest.New(t, flow.Config{
		Issuer: issuer, Store: backend, SigningKeys: keys, Extensions: extensions,
		ResourceServers: []string{app.ClientID},
		Logger:          slog.New(slog.NewTextHandler(h.log, nil)),
	})
	return h
}

func newDefaultHost(t testing.TB, keys ...flow.SigningKey) *host {
	t.Helper()
	return newHost(t, keys, signedintrospection.New(signedintrospection.Config{}))
}

func (h *host) get(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://id.example"+path, nil))
	return w
}

// introspect asks about a token as an application.
func (h *host) introspect(clientID, secret, token string, accept ...string) *httptest.ResponseRecorder {
	form := url.Values{"client_id": {clientID}, "client_secret": {secret}, "token": {token}}
	r := httptest.NewRequest(http.MethodPost, issuer+"/oauth/introspect", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header["Accept"] = accept
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// signed asks as the API for a signed answer.
func (h *host) signed(token string) *httptest.ResponseRecorder {
	return h.introspect(h.api.ClientID, h.secret, token, signedintrospection.MediaType)
}

// A verified is what a signed answer says.
type verified struct {
	header jose.Header
	claims map[string]any
}

// verify verifies a signed answer with the keys that the service publishes.
func (h *host) verify(w *httptest.ResponseRecorder) verified {
	h.t.Helper()
	require.Equal(h.t, http.StatusOK, w.Code, w.Body.String())
	require.Equal(h.t, "application/token-introspection+jwt", w.Header().Get("Content-Type"))
	require.Equal(h.t, "no-store", w.Header().Get("Cache-Control"))
	require.Equal(h.t, "nosniff", w.Header().Get("X-Content-Type-Options"))
	var metadata struct {
		KeySet string `json:"jwks_uri"`
	}
	require.NoError(h.t, json.Unmarshal(h.get("/.well-known/oauth-authorization-server/auth").Body.Bytes(), &metadata))
	path, ok := strings.CutPrefix(metadata.KeySet, "https://id.example")
	require.True(h.t, ok)
	v, err := verify(w.Body.String(), h.get(path).Body.Bytes())
	require.NoError(h.t, err)
	return v
}

func verify(compact string, keySet []byte) (v verified, err error) {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(keySet, &set); err != nil {
		return v, err
	}
	token, err := jose.ParseSignedCompact(compact, algorithms)
	if err != nil {
		return v, err
	}
	v.header = token.Signatures[0].Protected
	keys := set.Key(v.header.KeyID)
	if len(keys) != 1 {
		return v, errors.New("the key set does not have the key")
	}
	payload, err := token.Verify(keys[0])
	if err != nil {
		return v, err
	}
	return v, json.Unmarshal(payload, &v.claims)
}

// RFC 9701, section 5.
func TestSignedAnswers(t *testing.T) {
	h := newDefaultHost(t, newKey(t, "ES256"))
	token := h.AccessToken("user-1", "account-1", "read")
	before := time.Now().Unix()
	got := h.verify(h.signed(token))
	require.Equal(t, "token-introspection+jwt", got.header.ExtraHeaders[jose.HeaderType])
	require.Equal(t, "ES256", got.header.Algorithm)
	require.Len(t, got.header.ExtraHeaders, 1)

	plain := h.introspect(h.api.ClientID, h.secret, token)
	require.Equal(t, "application/json", plain.Header().Get("Content-Type"))
	var answer map[string]any
	require.NoError(t, json.Unmarshal(plain.Body.Bytes(), &answer))
	require.Equal(t, true, answer["active"])
	require.Equal(t, "user-1", answer["sub"])
	require.Equal(t, answer, got.claims["token_introspection"], "all that the answer in JSON has")

	require.GreaterOrEqual(t, int64(got.claims["iat"].(float64)), before)
	delete(got.claims, "iat")
	delete(got.claims, "token_introspection")
	require.Equal(t, map[string]any{"iss": issuer, "aud": h.api.ClientID}, got.claims, "no exp and no sub among them")

	// The client of the token may ask too, and then it is the audience.
	own := h.verify(h.introspect(h.Application.ClientID, h.ClientSecret, token, signedintrospection.MediaType))
	require.Equal(t, h.Application.ClientID, own.claims["aud"])
	require.Equal(t, answer, own.claims["token_introspection"])
}

// A token that is not active, for whatever reason, is told as that alone.
func TestInactiveTokens(t *testing.T) {
	h := newDefaultHost(t, newKey(t, "EdDSA"))
	other, secret, err := h.Registry().Register(t.Context(), "developer", oauthapp.Registration{
		Name: "Other", HomepageURL: "https://other.example", CallbackURLs: []string{"https://other.example/callback"},
	})
	require.NoError(t, err)
	revoked := h.AccessToken("user-1", "account-1", "read")
	foreign := h.introspect(other.ClientID, secret.Reveal(), revoked, signedintrospection.MediaType)
	require.Equal(t, map[string]any{"active": false}, h.verify(foreign).claims["token_introspection"], "the token of another client")
	_, err = h.Registry().RevokeTokens(t.Context(), oauthapp.OwnedBy("developer"), h.Application.ID)
	require.NoError(t, err)
	for name, token := range map[string]string{"revoked": revoked, "garbage": "garbage", "a signed answer": foreign.Body.String()} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, map[string]any{"active": false}, h.verify(h.signed(token)).claims["token_introspection"])
		})
	}
}

// A token for another API than that of who asks is not active (RFC 9701,
// section 5).
func TestTokensForOthers(t *testing.T) {
	h := newDefaultHost(t, newKey(t, "ES256"))
	token := h.AccessToken("user-1", "account-1", "read")
	cfg := config()
	cfg.Issuer, cfg.Store = issuer, h.Kernel().Store
	cfg.SigningKeys, cfg.Extensions = []flow.SigningKey{newKey(t, "ES256")}, []flow.Extension{signedintrospection.New(signedintrospection.Config{})}
	for resource, active := range map[string]bool{issuer: true, "https://other.example": false} {
		cfg.Resources = []flow.Resource{{Identifier: resource, ResourceServers: []string{h.api.ClientID}}}
		provider, err := flow.New(cfg)
		require.NoError(t, err)
		h.Provider.Provider = provider
		told := h.verify(h.signed(token)).claims["token_introspection"]
		if active {
			require.Equal(t, true, told.(map[string]any)["active"])
		} else {
			require.Equal(t, map[string]any{"active": false}, told)
		}
	}
}

// Who may not introspect gets no signed answer, and refusals are in JSON (RFC
// 7662, section 2.3).
func TestRefusals(t *testing.T) {
	h := newDefaultHost(t, newKey(t, "ES256"))
	public, _, err := h.Registry().Register(t.Context(), "developer", oauthapp.Registration{
		Type: oauthapp.Public, Name: "Public", HomepageURL: "https://public.example", CallbackURLs: []string{"https://public.example/callback"},
	})
	require.NoError(t, err)
	token := h.AccessToken("user-1", "account-1", "read")
	for name, test := range map[string]struct {
		clientID, secret, token string
		status                  int
		says                    string
	}{
		"nobody":        {"", "", token, http.StatusUnauthorized, flow.InvalidClient},
		"public client": {public.ClientID, "", token, http.StatusUnauthorized, flow.InvalidClient},
		"wrong secret":  {h.api.ClientID, "wrong", token, http.StatusUnauthorized, flow.InvalidClient},
		"no token":      {h.api.ClientID, h.secret, "", http.StatusBadRequest, flow.InvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			w := h.introspect(test.clientID, test.secret, test.token, signedintrospection.MediaType)
			require.Equal(t, test.status, w.Code)
			require.Equal(t, "application/json", w.Header().Get("Content-Type"))
			require.Contains(t, w.Body.String(), `"error":"`+test.says+`"`)
		})
	}
}

// The metadata tells the algorithms. RFC 9701, section 6, has RS256 as the
// default; the host chooses another for all or for a resource server.
func TestAlgorithms(t *testing.T) {
	all := []string{"ES256", "EdDSA", "PS256", "RS256"}
	var keys []flow.SigningKey
	for _, algorithm := range all {
		keys = append(keys, newKey(t, algorithm))
	}
	for name, test := range map[string]struct {
		keys []flow.SigningKey
		cfg  signedintrospection.Config
		want string
	}{
		"default":                {keys, signedintrospection.Config{}, "RS256"},
		"default without RS256":  {keys[1:3], signedintrospection.Config{}, "EdDSA"},
		"the host's for all":     {keys, signedintrospection.Config{Algorithm: "PS256"}, "PS256"},
		"the only one there is ": {keys[:1], signedintrospection.Config{Algorithm: "ES256"}, "ES256"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, test.keys, signedintrospection.New(test.cfg))
			require.Equal(t, test.want, h.verify(h.signed("garbage")).header.Algorithm)
		})
	}
	h := newHost(t, keys, signedintrospection.New(signedintrospection.Config{Algorithm: "PS256"}))
	var metadata map[string]any
	require.NoError(t, json.Unmarshal(h.get("/.well-known/oauth-authorization-server/auth").Body.Bytes(), &metadata))
	require.Equal(t, []any{"ES256", "EdDSA", "PS256", "RS256"}, metadata["introspection_signing_alg_values_supported"])
	require.NotContains(t, metadata, "introspection_encryption_alg_values_supported")
	for _, algorithm := range all {
		h.register(algorithm)
		require.Equal(t, algorithm, h.verify(h.signed("garbage")).header.Algorithm)
	}

	// No other algorithm is put in the place of one that there is no key for.
	for _, algorithm := range []string{"none", "HS256", "Ed25519"} {
		h.register(algorithm)
		w := h.signed("garbage")
		require.Equal(t, http.StatusInternalServerError, w.Code)
		require.Contains(t, w.Body.String(), `"error":"server_error"`)
		require.NotContains(t, w.Body.String(), algorithm)
	}
	require.Contains(t, h.log.String(), "introspection signed with")
	require.Equal(t, http.StatusOK, h.introspect(h.api.ClientID, h.secret, "garbage").Code, "in JSON it goes on")
}

// register sets what the answers to the API are signed with.
func (h *host) register(algorithm string) {
	h.t.Helper()
	entry := signedintrospection.Application{Algorithm: algorithm}
	_, err := h.Registry().SetExtra(context.Background(), oauthapp.OwnedBy("operator"), h.api.ID, signedintrospection.Name, entry)
	require.NoError(h.t, err)
}

// awaySigner is the key of a machine that is away.
type awaySigner struct{ crypto.Signer }

func (awaySigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("the machine is away")
}

func TestOutage(t *testing.T) {
	h := newDefaultHost(t, flow.SigningKey{Signer: awaySigner{newKey(t, "ES256").Signer}, Algorithm: "ES256"})
	w := h.signed("garbage")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.NotEmpty(t, w.Header().Get("Retry-After"))
	require.NotContains(t, w.Body.String(), "away")
	require.Contains(t, h.log.String(), "the machine is away")
}

// Keys that nobody could verify with keep the provider from being made.
func TestKeysAreCheckedByNew(t *testing.T) {
	key := newKey(t, "ES256")
	for says, test := range map[string]struct {
		keys []flow.SigningKey
		cfg  signedintrospection.Config
	}{
		"flow.Config.SigningKeys must have 1 to 20 keys":               {},
		"flow.Config.SigningKeys[1]: the key is there twice":           {keys: []flow.SigningKey{key, key}},
		"flow.Config.SigningKeys[0]: Algorithm must be one of":         {keys: []flow.SigningKey{{Signer: key.Signer}}},
		`Config.Algorithm: flow.Config.SigningKeys has no key for "R`:  {[]flow.SigningKey{key}, signedintrospection.Config{Algorithm: "RS256"}},
		`Config.Algorithm: flow.Config.SigningKeys has no key for "n"`: {[]flow.SigningKey{key}, signedintrospection.Config{Algorithm: "n"}},
	} {
		cfg := config()
		cfg.SigningKeys, cfg.Extensions = test.keys, []flow.Extension{signedintrospection.New(test.cfg)}
		_, err := flow.New(cfg)
		require.ErrorContains(t, err, "flow: Config.Extensions: signedintrospection: "+says)
	}
}

func TestIsOffUnlessAskedFor(t *testing.T) {
	h := newHost(t, []flow.SigningKey{newKey(t, "ES256")})
	w := h.signed(h.AccessToken("user-1", "account-1", "read"))
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	require.Contains(t, w.Body.String(), `"active":true`)
	require.Equal(t, http.StatusNotFound, h.get("/auth/oauth/jwks").Code)
	metadata := h.get("/.well-known/oauth-authorization-server/auth").Body.String()
	require.NotContains(t, metadata, "jwks_uri")
	require.NotContains(t, metadata, "introspection_signing")
}

// A signed answer is no access token, whatever its claims say (RFC 9701,
// section 8.1).
func TestSignedAnswerIsNoAccessToken(t *testing.T) {
	h := newDefaultHost(t, newKey(t, "ES256"))
	token := h.AccessToken("user-1", "account-1", "read")
	api := h.Require("read")(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	call := func(token string) int {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		return w.Code
	}
	require.Equal(t, http.StatusNoContent, call(token))
	require.Equal(t, http.StatusUnauthorized, call(h.signed(token).Body.String()))
}

// Who asks for no signed answer pays nothing for the capability.
func TestOthersPayNothing(t *testing.T) {
	allocations := func(h *host) float64 {
		token := h.AccessToken("user-1", "account-1", "read")
		form := url.Values{"client_id": {h.api.ClientID}, "client_secret": {h.secret}, "token": {token}}.Encode()
		return testing.AllocsPerRun(200, func() {
			r := httptest.NewRequest(http.MethodPost, issuer+"/oauth/introspect", strings.NewReader(form))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				t.Fatal(w.Code)
			}
		})
	}
	key := newKey(t, "ES256")
	without := allocations(newHost(t, nil))
	with := allocations(newDefaultHost(t, key))
	require.LessOrEqual(t, with, without+2, "a signature takes dozens; the race detector makes up to two of its own")
}
