package clientkeys_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientkeys"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

const (
	issuer        = "https://id.example"
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

// A host is a service with the capability, and one application with one key.
type host struct {
	*flowtest.Provider
	t      testing.TB
	now    time.Time
	key    signer
	events []oauthapp.Event
}

func newHost(t testing.TB, cfg flow.Config, room clientkeys.Config) *host {
	h := &host{t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), key: newSigner("one")}
	if cfg.Issuer == "" {
		cfg.Issuer = issuer
	}
	cfg.Now = func() time.Time { return h.now }
	cfg.Extensions = append(cfg.Extensions, clientkeys.New(room))
	var mu sync.Mutex
	cfg.Events = func(_ context.Context, e oauthapp.Event) {
		mu.Lock()
		defer mu.Unlock()
		h.events = append(h.events, e)
	}
	h.Provider = flowtest.New(t, cfg)
	h.setKeys(clientkeys.Keys{Set: setOf(h.key)})
	return h
}

func (h *host) setKeys(keys any) {
	h.t.Helper()
	_, err := h.Registry().SetExtra(h.t.Context(), oauthapp.OwnedBy("developer"), h.Application.ID, clientkeys.Name, keys)
	require.NoError(h.t, err)
}

// A signer signs with a private key.
type signer struct {
	alg gojose.SignatureAlgorithm
	key any
	kid string
}

func newSigner(kid string) signer {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return signer{gojose.ES256, key, kid}
}

func (s signer) public() json.RawMessage {
	jwk := gojose.JSONWebKey{Key: s.key, KeyID: s.kid}
	public := jwk.Public()
	data, _ := public.MarshalJSON()
	return data
}

func setOf(signers ...signer) json.RawMessage {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	for _, s := range signers {
		set.Keys = append(set.Keys, s.public())
	}
	data, _ := json.Marshal(set)
	return data
}

// changed changes a JSON object by pairs of members in JSON; "" removes one.
func changed(object map[string]any, pairs ...string) string {
	members := map[string]any{}
	for name, value := range object {
		members[name] = value
	}
	for i := 0; i < len(pairs); i += 2 {
		members[pairs[i]] = json.RawMessage(pairs[i+1])
		if pairs[i+1] == "" {
			delete(members, pairs[i])
		}
	}
	data, _ := json.Marshal(members)
	return string(data)
}

func (s signer) header(pairs ...string) string {
	header := map[string]any{"alg": s.alg, "typ": "client-authentication+jwt"}
	if s.kid != "" {
		header["kid"] = s.kid
	}
	return changed(header, pairs...)
}

func encode(data string) string { return base64.RawURLEncoding.EncodeToString([]byte(data)) }

func (s signer) sign(header, claims string) string {
	input := encode(header) + "." + encode(claims)
	var signature []byte
	switch key := s.key.(type) {
	case *ecdsa.PrivateKey:
		digest := sha256.Sum256([]byte(input))
		r, v, _ := ecdsa.Sign(rand.Reader, key, digest[:])
		signature = append(r.FillBytes(make([]byte, 32)), v.FillBytes(make([]byte, 32))...)
	case []byte:
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(input))
		signature = mac.Sum(nil)
	default:
		opts := (&gojose.SignerOptions{}).WithType("JWT").WithHeader("kid", s.kid)
		library, err := gojose.NewSigner(gojose.SigningKey{Algorithm: s.alg, Key: key}, opts)
		if err != nil {
			panic(err)
		}
		signed, _ := library.Sign([]byte(claims))
		compact, _ := signed.CompactSerialize()
		return compact
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

var jtis atomic.Int64

// claims are those of a good assertion of the application, changed by pairs.
func (h *host) claims(pairs ...string) string {
	return changed(map[string]any{
		"iss": h.Application.ClientID, "sub": h.Application.ClientID, "aud": h.Issuer(), "jti": fmt.Sprint("jti-", jtis.Add(1)),
		"iat": h.now.Unix(), "exp": h.now.Add(time.Minute).Unix(),
	}, pairs...)
}

func (h *host) Issuer() string { return h.Kernel().Issuer }

// assertion is a good one, its claims changed by pairs.
func (h *host) assertion(pairs ...string) string {
	return h.key.sign(h.key.header(), h.claims(pairs...))
}

func post(handler http.Handler, path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, issuer+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

func withAssertion(assertion string, pairs ...string) url.Values {
	form := url.Values{"token": {"x"}, "client_assertion": {assertion}, "client_assertion_type": {assertionType}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			form.Del(pairs[i])
		}
	}
	return form
}

// present presents an assertion to the endpoint that admits confidential
// clients alone.
func (h *host) present(assertion string, pairs ...string) *httptest.ResponseRecorder {
	return post(h, "/oauth/introspect", withAssertion(assertion, pairs...))
}

func requireRefused(t testing.TB, w *httptest.ResponseRecorder) (description string) {
	t.Helper()
	require.Equal(t, http.StatusUnauthorized, w.Code, w.Body.String())
	var body map[string]string
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	require.Equal(t, "invalid_client", body["error"])
	return body["error_description"]
}

// lastReason is what the host was told last.
func (h *host) lastReason() string { return h.events[len(h.events)-1].Reason }

func TestEveryEndpoint(t *testing.T) {
	h := newHost(t, flow.Config{}, clientkeys.Config{})
	access := h.AccessToken("1", "1", "read")
	described := h.present(h.assertion(), "token", access)
	require.Equal(t, http.StatusOK, described.Code)
	require.Contains(t, described.Body.String(), `"active":true`)

	exchange := post(h, "/oauth/token", withAssertion(h.assertion(), "grant_type", "authorization_code", "code", "x", "redirect_uri", "https://client.example/callback"))
	require.Equal(t, http.StatusBadRequest, exchange.Code)
	require.Contains(t, exchange.Body.String(), "invalid_grant", "the client is itself, the code is none")

	require.Equal(t, http.StatusOK, post(h, "/oauth/revoke", withAssertion(h.assertion(), "token", access)).Code)
	require.Contains(t, h.present(h.assertion(), "token", access).Body.String(), `"active":false`)
}

func TestAlgorithms(t *testing.T) {
	h := newHost(t, flow.Config{}, clientkeys.Config{})
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	rsa2048, _ := rsa.GenerateKey(rand.Reader, 2048)
	other, _ := rsa.GenerateKey(rand.Reader, 2048)
	signers := []signer{newSigner("ec"), {gojose.EdDSA, ed, "ed"}, {gojose.PS256, rsa2048, "ps"}, {gojose.RS256, other, "rs"}}
	h.setKeys(clientkeys.Keys{Set: setOf(signers...)})
	for i, s := range signers {
		require.Equal(t, http.StatusOK, h.present(s.sign(s.header(), h.claims())).Code, s.alg)
		s.kid = signers[(i+1)%len(signers)].kid
		requireRefused(t, h.present(s.sign(s.header(), h.claims())))
	}
}

func TestAcceptedAssertions(t *testing.T) {
	h := newHost(t, flow.Config{}, clientkeys.Config{})
	at := func(d time.Duration) string { return fmt.Sprint(h.now.Add(d).Unix()) }
	for name, assertion := range map[string]string{
		"as it is":               h.assertion(),
		"typ JWT":                h.key.sign(h.key.header("typ", `"JWT"`), h.claims()),
		"no typ":                 h.key.sign(h.key.header("typ", ""), h.claims()),
		"aud an array of one":    h.assertion("aud", `["`+issuer+`"]`),
		"no iat":                 h.assertion("iat", ""),
		"as long as may be":      h.assertion("exp", at(10*time.Minute)),
		"long for a fast clock":  h.assertion("iat", at(time.Minute), "exp", at(11*time.Minute)),
		"expired for a slow one": h.assertion("iat", at(-2*time.Minute), "exp", at(-59*time.Second)),
		"nbf for a fast clock":   h.assertion("nbf", at(time.Minute)),
		"other claims":           h.assertion("scope", `"read"`, "x", `{"a":[1]}`),
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, http.StatusOK, h.present(assertion).Code)
		})
	}
	require.Equal(t, http.StatusOK, h.present(h.assertion(), "client_id", h.Application.ClientID).Code)
}

func TestRefusedAssertions(t *testing.T) {
	h := newHost(t, flow.Config{}, clientkeys.Config{})
	stranger := newSigner("one")
	mac := signer{gojose.HS256, []byte(h.key.public()), "one"}
	macOfSecret := signer{gojose.HS256, []byte(h.ClientSecret), "one"}
	at := func(d time.Duration) string { return fmt.Sprint(h.now.Add(d).Unix()) }
	parts := strings.Split(h.assertion(), ".")
	for name, assertion := range map[string]string{
		"missing":                     "",
		"no token":                    "x",
		"aud the token endpoint":      h.assertion("aud", `"`+issuer+`/oauth/token"`),
		"aud with a slash":            h.assertion("aud", `"`+issuer+`/"`),
		"aud another":                 h.assertion("aud", `"https://other.example"`),
		"aud an array of two":         h.assertion("aud", `["`+issuer+`","https://other.example"]`),
		"aud twice the issuer":        h.assertion("aud", `["`+issuer+`","`+issuer+`"]`),
		"aud an empty array":          h.assertion("aud", `[]`),
		"no aud":                      h.assertion("aud", ""),
		"no exp":                      h.assertion("exp", ""),
		"exp null":                    h.assertion("exp", "null"),
		"exp a text":                  h.assertion("exp", `"`+at(time.Minute)+`"`),
		"expired":                     h.assertion("exp", at(-time.Minute)),
		"too long":                    h.assertion("iat", "", "exp", at(11*time.Minute+time.Second)),
		"made long ago":               h.assertion("iat", at(-10*time.Minute)),
		"iat in the future":           h.assertion("iat", at(61*time.Second), "exp", at(2*time.Minute)),
		"nbf in the future":           h.assertion("nbf", at(61*time.Second)),
		"no jti":                      h.assertion("jti", ""),
		"jti empty":                   h.assertion("jti", `""`),
		"jti a number":                h.assertion("jti", "1"),
		"no iss":                      h.assertion("iss", ""),
		"no sub":                      h.assertion("sub", ""),
		"iss another":                 h.assertion("iss", `"other"`),
		"sub another":                 h.assertion("sub", `"other"`),
		"both another":                h.assertion("iss", `"other"`, "sub", `"other"`),
		"signature of another":        stranger.sign(stranger.header(), h.claims()),
		"no signature":                parts[0] + "." + parts[1] + ".",
		"none":                        encode(h.key.header("alg", `"none"`)) + "." + parts[1] + ".",
		"HMAC with the public key":    mac.sign(mac.header(), h.claims()),
		"HMAC with the secret":        macOfSecret.sign(macOfSecret.header(), h.claims()),
		"alg of another type":         h.key.sign(h.key.header("alg", `"RS256"`), h.claims()),
		"jwk":                         stranger.sign(stranger.header("jwk", string(stranger.public())), h.claims()),
		"its own key as jwk":          h.key.sign(h.key.header("jwk", string(h.key.public())), h.claims()),
		"jku":                         h.key.sign(h.key.header("jku", `"https://client.example/jwks.json"`), h.claims()),
		"x5u":                         h.key.sign(h.key.header("x5u", `"https://client.example/cert"`), h.claims()),
		"x5c":                         h.key.sign(h.key.header("x5c", `["MIIB"]`), h.claims()),
		"crit":                        h.key.sign(h.key.header("crit", `["exp"]`), h.claims()),
		"unknown kid":                 h.key.sign(h.key.header("kid", `"two"`), h.claims()),
		"typ of a proof":              h.key.sign(h.key.header("typ", `"dpop+jwt"`), h.claims()),
		"typ of an access token":      h.key.sign(h.key.header("typ", `"at+jwt"`), h.claims()),
		"claim twice":                 h.key.sign(h.key.header(), `{"aud":"`+issuer+`",`+h.claims()[1:]),
		"line break in the client ID": h.assertion("iss", `"a\nb"`, "sub", `"a\nb"`),
	} {
		t.Run(name, func(t *testing.T) {
			w := h.present(assertion)
			requireRefused(t, w)
			require.NotContains(t, h.lastReason(), "jti-")
		})
	}
	require.Equal(t, http.StatusOK, h.present(h.assertion()).Code)
	requireRefused(t, h.present(h.assertion(), "client_assertion_type", ""))
	requireRefused(t, h.present(h.assertion(), "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"))
	requireRefused(t, h.present(h.assertion(), "client_id", "other"))
}

// A client is told what to change about what it says.
func TestRemedies(t *testing.T) {
	h := newHost(t, flow.Config{}, clientkeys.Config{MaxLifetime: 2 * time.Minute})
	require.Equal(t, "client_assertion: aud must be "+issuer+" alone", requireRefused(t, h.present(h.assertion("aud", `"x"`))))
	long := h.assertion("iat", "", "exp", fmt.Sprint(h.now.Add(time.Hour).Unix()))
	require.Equal(t, "client_assertion: exp must be at most 2m away", requireRefused(t, h.present(long)))
	requireRefused(t, h.present(h.key.sign(h.key.header("kid", `"two"`), h.claims())))
	require.Equal(t, "no key for the client assertion", h.lastReason())
	requireRefused(t, h.present(newSigner("one").sign(h.key.header(), h.claims())))
	require.Equal(t, "wrong signature of the client assertion", h.lastReason())
}

func TestReplay(t *testing.T) {
	h := newHost(t, flow.Config{}, clientkeys.Config{})
	forged := newSigner("one").sign(h.key.header(), h.claims("jti", `"same"`))
	requireRefused(t, h.present(forged))
	first := h.assertion("jti", `"same"`)
	require.Equal(t, http.StatusOK, h.present(first).Code, "who cannot sign uses nothing up")
	requireRefused(t, h.present(first))
	require.Equal(t, "client assertion used before", h.lastReason())
	requireRefused(t, h.present(h.assertion("jti", `"same"`, "exp", fmt.Sprint(h.now.Add(5*time.Minute).Unix()))))

	h.now = h.now.Add(2*time.Minute - time.Second)
	requireRefused(t, h.present(first))
	require.Equal(t, "client assertion used before", h.lastReason(), "as long as it is good within the skew")
	h.now = h.now.Add(time.Second)
	require.Contains(t, requireRefused(t, h.present(first)), "expired")
}

// Of many who present one assertion at once, on two nodes, one gets through.
func TestReplayAtOnce(t *testing.T) {
	backend := memory.New()
	h := newHost(t, flow.Config{Store: backend}, clientkeys.Config{})
	other := newHost(t, flow.Config{Store: backend}, clientkeys.Config{})
	assertion := h.assertion()
	var accepted, refused atomic.Int64
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			node := h
			if i%2 == 0 {
				node = other
			}
			switch post(node, "/oauth/introspect", withAssertion(assertion)).Code {
			case http.StatusOK:
				accepted.Add(1)
			case http.StatusUnauthorized:
				refused.Add(1)
			}
		})
	}
	wg.Wait()
	require.Equal(t, []int64{1, 49}, []int64{accepted.Load(), refused.Load()})
}

// Two applications may use the same jti, and none the keys of another.
func TestOtherApplication(t *testing.T) {
	h := newHost(t, flow.Config{}, clientkeys.Config{})
	key := newSigner("one")
	app, _, err := h.Registry().Register(t.Context(), "developer", oauthapp.Registration{
		Name: "Other", HomepageURL: "https://other.example", CallbackURLs: []string{"https://other.example/callback"},
		Extra: map[string]any{clientkeys.Name: clientkeys.Keys{Set: setOf(key)}},
	})
	require.NoError(t, err)
	as := []string{"iss", `"` + app.ClientID + `"`, "sub", `"` + app.ClientID + `"`, "jti", `"same"`}
	require.Equal(t, http.StatusOK, h.present(h.assertion("jti", `"same"`)).Code)
	requireRefused(t, h.present(h.assertion(as...)))
	require.Equal(t, http.StatusOK, h.present(key.sign(key.header(), h.claims(as...))).Code)
}

func TestApplicationsWithoutKeys(t *testing.T) {
	h := newHost(t, flow.Config{}, clientkeys.Config{})
	h.setKeys(nil)
	requireRefused(t, h.present(h.assertion()))
	require.Equal(t, "no key for the client assertion", h.lastReason())
	h.setKeys(json.RawMessage(`{"jwks":{"keys":[]}}`))
	requireRefused(t, h.present(h.assertion()))
	require.Equal(t, "the application's keys cannot be used", h.lastReason())
	h.setKeys(json.RawMessage(`"no keys"`))
	require.Equal(t, http.StatusServiceUnavailable, h.present(h.assertion()).Code, "neither yes nor no")

	public, _, err := h.Registry().Register(t.Context(), "developer", oauthapp.Registration{
		Name: "Public", HomepageURL: "https://public.example", CallbackURLs: []string{"https://public.example/callback"}, Type: oauthapp.Public,
	})
	require.NoError(t, err)
	requireRefused(t, h.present(h.assertion("iss", `"`+public.ClientID+`"`, "sub", `"`+public.ClientID+`"`)))
}

// Key and secret are good at one client, as its owner chooses, one at a time.
func TestSecretAndKey(t *testing.T) {
	h := newHost(t, flow.Config{}, clientkeys.Config{})
	secret := url.Values{"token": {"x"}, "client_id": {h.Application.ClientID}, "client_secret": {h.ClientSecret}}
	require.Equal(t, http.StatusOK, post(h, "/oauth/introspect", secret).Code)
	both := post(h, "/oauth/introspect", withAssertion(h.assertion(), "client_id", h.Application.ClientID, "client_secret", h.ClientSecret))
	require.Equal(t, http.StatusBadRequest, both.Code)
	require.Contains(t, both.Body.String(), "more than one client authentication method")

	secrets, err := h.Registry().Secrets(t.Context(), oauthapp.OwnedBy("developer"), h.Application.ID)
	require.NoError(t, err)
	require.NoError(t, h.Registry().RevokeSecret(t.Context(), oauthapp.OwnedBy("developer"), h.Application.ID, secrets[0].ID))
	requireRefused(t, post(h, "/oauth/introspect", secret))
	require.Equal(t, http.StatusOK, h.present(h.assertion()).Code)

	_, err = h.Registry().ResetSecret(t.Context(), oauthapp.OwnedBy("developer"), h.Application.ID, 0)
	require.NoError(t, err)
	h.setKeys(nil)
	requireRefused(t, h.present(h.assertion()))
}

func TestRotation(t *testing.T) {
	h := newHost(t, flow.Config{}, clientkeys.Config{})
	next, plain := newSigner("two"), newSigner("")
	h.setKeys(clientkeys.Keys{Set: setOf(h.key, next, plain)})
	for _, s := range []signer{h.key, next, plain} {
		require.Equal(t, http.StatusOK, h.present(s.sign(s.header(), h.claims())).Code)
	}
	require.Equal(t, http.StatusOK, h.present(next.sign(next.header("kid", ""), h.claims())).Code, "no kid is any of them")
	h.setKeys(clientkeys.Keys{Set: setOf(next)})
	requireRefused(t, h.present(h.assertion()))
	require.Equal(t, http.StatusOK, h.present(next.sign(next.header(), h.claims())).Code)
}

// Failures are counted as wrong secrets are, and never those of who succeeds.
func TestFailuresAreLimited(t *testing.T) {
	h := newHost(t, flow.Config{}, clientkeys.Config{})
	forged := func() string { return newSigner("one").sign(h.key.header(), h.claims()) }
	for range 64 {
		requireRefused(t, h.present(forged()))
	}
	limited := h.present(forged())
	require.Equal(t, http.StatusTooManyRequests, limited.Code)
	require.NotEmpty(t, limited.Header().Get("Retry-After"))
	require.Equal(t, http.StatusOK, h.present(h.assertion()).Code)
}

func TestMetadata(t *testing.T) {
	read := func(p http.Handler) (metadata map[string]any) {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, issuer+"/.well-known/oauth-authorization-server", nil))
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &metadata))
		return metadata
	}
	with := read(newHost(t, flow.Config{}, clientkeys.Config{}))
	without := flowtest.New(t, flow.Config{Issuer: issuer})
	for _, endpoint := range []string{"token", "revocation", "introspection"} {
		require.Contains(t, with[endpoint+"_endpoint_auth_methods_supported"], "private_key_jwt")
		require.Equal(t, []any{"ES256", "EdDSA", "Ed25519", "PS256", "RS256"}, with[endpoint+"_endpoint_auth_signing_alg_values_supported"])
		require.NotContains(t, read(without)[endpoint+"_endpoint_auth_methods_supported"], "private_key_jwt")
		require.NotContains(t, read(without), endpoint+"_endpoint_auth_signing_alg_values_supported")
	}
	requireRefused(t, post(without, "/oauth/introspect", withAssertion("x")))
}

func TestConfig(t *testing.T) {
	for _, lifetime := range []time.Duration{-time.Second, time.Millisecond, time.Hour + 1} {
		_, err := flow.New(flow.Config{
			Issuer: issuer, Store: memory.New(), Scopes: []flow.Scope{{Name: "read", Description: "Read", Default: true}},
			CurrentUser: func(*http.Request) (*flow.User, error) { return nil, nil },
			LoginURL:    func(string) string { return "/login" },
			Extensions:  []flow.Extension{clientkeys.New(clientkeys.Config{MaxLifetime: lifetime})},
		})
		require.ErrorContains(t, err, "clientkeys: Config.MaxLifetime")
	}
	h := newHost(t, flow.Config{}, clientkeys.Config{MaxLifetime: time.Hour})
	require.Equal(t, http.StatusOK, h.present(h.assertion("exp", fmt.Sprint(h.now.Add(time.Hour).Unix()))).Code)
}

// A keeper fails to keep records.
type keeper struct{ store.Store }

func (keeper) Keep(context.Context, store.Record, time.Time) error { return errors.New("out of order") }

func TestOutageOfTheStore(t *testing.T) {
	h := newHost(t, flow.Config{Store: keeper{memory.New()}}, clientkeys.Config{})
	w := h.present(h.assertion())
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.NotContains(t, w.Body.String(), "out of order")
}

func FuzzAssertion(f *testing.F) {
	h := newHost(f, flow.Config{}, clientkeys.Config{})
	stranger := newSigner("one")
	for _, seed := range []string{
		stranger.sign(h.key.header(), h.claims()), stranger.sign(`{"alg":"ES256"}`, `{"aud":[],"exp":1e300}`), "..", "",
	} {
		f.Add(seed, assertionType, h.Application.ClientID)
	}
	f.Fuzz(func(t *testing.T, assertion, kind, client string) {
		w := post(h, "/oauth/introspect", url.Values{
			"token": {"x"}, "client_assertion": {assertion}, "client_assertion_type": {kind}, "client_id": {client},
		})
		require.Contains(t, []int{http.StatusUnauthorized, http.StatusBadRequest, http.StatusTooManyRequests, http.StatusRequestEntityTooLarge}, w.Code)
	})
}
