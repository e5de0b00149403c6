package globalrevocation_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/flow/globalrevocation"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

const (
	issuer   = "http://127.0.0.1:8080"
	endpoint = issuer + globalrevocation.Path
	idp      = "https://acme.okta.example"
)

// A host has two tenants: Acme, with an identity provider, and Other.
type host struct {
	*flowtest.Provider
	t   testing.TB
	now time.Time
	key *ecdsa.PrivateKey

	mu        sync.Mutex
	signedOut []string
	events    []oauthapp.Event
	outage    error
	provider  globalrevocation.IdentityProvider
}

func newKey() *ecdsa.PrivateKey {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return key
}

func newHost(t testing.TB, kept store.Store, change func(*globalrevocation.Config)) *host {
	h := &host{t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), key: newKey()}
	h.provider = globalrevocation.IdentityProvider{Tenant: "acme", Subject: "0oa1", Keys: setOf(h.key)}
	users := map[globalrevocation.Subject]string{
		{Format: "email", Email: "alice@example.com"}:                             "alice",
		{Format: "iss_sub", Issuer: idp, Subject: "00u1"}:                         "alice",
		{Format: "opaque", ID: "user-1"}:                                          "alice",
		{Format: "iss_sub", Issuer: "https://elsewhere.example", Subject: "00u1"}: "bob",
		{Format: "email", Email: "nothing-to-end@example.com"}:                    "carol",
	}
	cfg := globalrevocation.Config{
		IdentityProvider: func(_ context.Context, issuer string) (*globalrevocation.IdentityProvider, error) {
			if issuer != idp {
				return nil, h.outage
			}
			return &h.provider, h.outage
		},
		BearerToken: func(_ context.Context, token string) (string, bool, error) {
			return "other", token == "a-token-of-other", h.outage
		},
		User: func(_ context.Context, tenant string, subject globalrevocation.Subject) (string, error) {
			user := users[subject]
			if (tenant == "acme") == (user == "bob") {
				return "", nil
			}
			return user, nil
		},
		SignOut: func(_ context.Context, user string) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.signedOut = append(h.signedOut, user)
			return nil
		},
	}
	if change != nil {
		change(&cfg)
	}
	h.Provider = flowtest.New(t, flow.Config{
		Issuer: issuer, Store: kept, Now: func() time.Time { return h.now },
		Extensions: []flow.Extension{globalrevocation.New(cfg)},
		Events: func(_ context.Context, e oauthapp.Event) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.events = append(h.events, e)
		},
	})
	return h
}

func setOf(keys ...*ecdsa.PrivateKey) json.RawMessage {
	var set gojose.JSONWebKeySet
	for _, key := range keys {
		set.Keys = append(set.Keys, gojose.JSONWebKey{Key: key.Public()})
	}
	data, _ := json.Marshal(set)
	return data
}

var jtis atomic.Int64

// claims are those that Okta sends, changed by pairs; nil takes one away.
func (h *host) claims(pairs ...any) map[string]any {
	claims := map[string]any{
		"iss": idp, "sub": "0oa1", "aud": endpoint, "jti": fmt.Sprint("jti-", jtis.Add(1)),
		"iat": h.now.Unix(), "nbf": h.now.Add(-5 * time.Minute).Unix(), "exp": h.now.Add(5 * time.Minute).Unix(),
	}
	for i := 0; i < len(pairs); i += 2 {
		claims[pairs[i].(string)] = pairs[i+1]
		if pairs[i+1] == nil {
			delete(claims, pairs[i].(string))
		}
	}
	return claims
}

func (h *host) sign(key any, typ string, claims map[string]any) string {
	algorithm := gojose.ES256
	if _, ok := key.([]byte); ok {
		algorithm = gojose.HS256
	}
	signer, err := gojose.NewSigner(gojose.SigningKey{Algorithm: algorithm, Key: key}, (&gojose.SignerOptions{}).WithType(gojose.ContentType(typ)))
	require.NoError(h.t, err)
	payload, _ := json.Marshal(claims)
	signed, err := signer.Sign(payload)
	require.NoError(h.t, err)
	compact, err := signed.CompactSerialize()
	require.NoError(h.t, err)
	return compact
}

const typ = "global-token-revocation+jwt"

func (h *host) assertion(pairs ...any) string { return h.sign(h.key, typ, h.claims(pairs...)) }

func (h *host) revoke(token, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, endpoint, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const alice = `{"sub_id":{"format":"email","email":"alice@example.com"}}`

func (h *host) works(token string) bool {
	guarded := h.Require("read")(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	r := httptest.NewRequest(http.MethodGet, issuer+"/api", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	guarded.ServeHTTP(w, r)
	return w.Code == http.StatusOK
}

// Each of the three formats names a user, all of whose access ends, and nobody
// else's.
func TestFormats(t *testing.T) {
	for _, body := range []string{
		alice,
		`{"sub_id":{"format":"iss_sub","iss":"` + idp + `","sub":"00u1"}}`,
		`{"sub_id":{"format":"opaque","id":"user-1"},"else":1}`,
	} {
		h := newHost(t, nil, nil)
		first, second, bobs := h.AccessToken("alice", "1", "read"), h.AccessToken("alice", "2", "read"), h.AccessToken("bob", "1", "read")
		w := h.revoke(h.assertion(), body)
		require.Equal(t, http.StatusNoContent, w.Code, w.Body.String())
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		require.False(t, h.works(first) || h.works(second))
		require.True(t, h.works(bobs))
		require.Equal(t, []string{"alice"}, h.signedOut)
		last := h.events[len(h.events)-1]
		require.Equal(t, oauthapp.AccessEnded, last.Type)
		require.Equal(t, "alice", last.UserID)
		require.Equal(t, 2, last.Grants)
		require.NotEmpty(t, last.Actor.RemoteAddr)
	}
}

func TestNothingToEnd(t *testing.T) {
	h := newHost(t, nil, nil)
	require.Equal(t, http.StatusNoContent, h.revoke(h.assertion(), `{"sub_id":{"format":"email","email":"nothing-to-end@example.com"}}`).Code)
	require.Equal(t, []string{"carol"}, h.signedOut)
}

// A caller reaches the users of its own tenant alone.
func TestTenants(t *testing.T) {
	h := newHost(t, nil, nil)
	alices, bobs := h.AccessToken("alice", "1", "read"), h.AccessToken("bob", "1", "read")
	bob := `{"sub_id":{"format":"iss_sub","iss":"https://elsewhere.example","sub":"00u1"}}`
	require.Equal(t, http.StatusNotFound, h.revoke(h.assertion(), bob).Code)
	require.Equal(t, http.StatusNotFound, h.revoke("a-token-of-other", alice).Code)
	require.Equal(t, http.StatusNotFound, h.revoke(h.assertion(), `{"sub_id":{"format":"email","email":"nobody@example.com"}}`).Code)
	require.True(t, h.works(alices) && h.works(bobs))
	require.Empty(t, h.signedOut)
	require.Equal(t, http.StatusNoContent, h.revoke("a-token-of-other", bob).Code)
	require.False(t, h.works(bobs))
}

func TestMalformedRequests(t *testing.T) {
	h := newHost(t, nil, nil)
	for _, body := range []string{
		``, `[]`, `{}`, `{"sub_id":"alice@example.com"}`, `{"sub_id":null}`, `{"sub_id":{}}`,
		`{"sub_id":{"format":"email"}}`, `{"sub_id":{"format":"email","email":""}}`, `{"sub_id":{"format":"email","email":1}}`,
		`{"sub_id":{"format":"Email","email":"alice@example.com"}}`, `{"sub_id":{"format":"phone_number","phone_number":"+1"}}`,
		`{"sub_id":{"format":"iss_sub","iss":"` + idp + `"}}`, `{"sub_id":{"format":"opaque","id":"a\u0000b"}}`,
		`{"sub_id":{"format":"email","email":"a@example.com","email":"alice@example.com"}}`,
		`{"sub_id":{"format":"opaque","id":"` + strings.Repeat("x", 1025) + `"}}`,
		alice + alice, `{"subject":{"format":"email","email":"alice@example.com"}}`,
	} {
		require.Equal(t, http.StatusBadRequest, h.revoke(h.assertion(), body).Code, body)
	}
	require.Empty(t, h.signedOut)
}

func TestCallersThatAreNotKnown(t *testing.T) {
	h := newHost(t, nil, nil)
	for says, token := range map[string]string{
		"needs an assertion":       "",
		"token is not valid":       "a-token-of-others",
		"aud must be":              h.assertion("aud", "https://other.example/oauth/global-token-revocation"),
		"aud must be " + endpoint:  h.assertion("aud", []string{endpoint, issuer}),
		"exp is missing":           h.assertion("exp", nil),
		"has expired":              h.assertion("exp", h.now.Add(-time.Minute).Unix()),
		"at most 10m away":         h.assertion("exp", h.now.Add(12*time.Minute).Unix(), "iat", nil),
		"nbf is in the future":     h.assertion("nbf", h.now.Add(2*time.Minute).Unix()),
		"jti is missing":           h.assertion("jti", nil),
		"iss is missing":           h.assertion("iss", nil),
		"no identity provider":     h.assertion("iss", "https://other.example"),
		"sub of the assertion":     h.assertion("sub", "0oa2"),
		"made the signature":       h.sign(newKey(), typ, h.claims()),
		"alg is none of":           h.sign([]byte(strings.Repeat("k", 32)), typ, h.claims()),
		"typ is not the one":       h.sign(h.key, "JWT", h.claims()),
		"typ is not the one of it": h.sign(h.key, "at+jwt", h.claims()),
	} {
		w := h.revoke(token, alice)
		require.Equal(t, http.StatusUnauthorized, w.Code, says)
		require.Contains(t, w.Body.String(), says)
		require.Equal(t, `Bearer error="invalid_token"`, w.Header().Get("WWW-Authenticate"))
		last := h.events[len(h.events)-1]
		require.Equal(t, oauthapp.RequestRefused, last.Type)
		require.Equal(t, globalrevocation.Path, last.Endpoint)
	}
	require.Empty(t, h.signedOut)
	require.Equal(t, http.StatusNoContent, h.revoke(h.sign(h.key, "client-authentication+jwt", h.claims("aud", issuer)), alice).Code)
}

// However many send one assertion at once, and at whichever node, it counts
// once. A forged one uses nothing up.
func TestReplay(t *testing.T) {
	shared := memory.New()
	h := newHost(t, shared, nil)
	other := newHost(t, shared, nil)
	other.key, other.provider = h.key, h.provider
	claims := h.claims()
	require.Equal(t, http.StatusUnauthorized, h.revoke(h.sign(newKey(), typ, claims), alice).Code)
	token := h.sign(h.key, typ, claims)
	var done, refused atomic.Int64
	var wait sync.WaitGroup
	for i := range 16 {
		wait.Go(func() {
			node := h
			if i%2 == 1 {
				node = other
			}
			switch node.revoke(token, alice).Code {
			case http.StatusNoContent:
				done.Add(1)
			case http.StatusUnauthorized:
				refused.Add(1)
			}
		})
	}
	wait.Wait()
	require.EqualValues(t, 1, done.Load())
	require.EqualValues(t, 15, refused.Load())
}

func TestTooManyThatAreNotKnown(t *testing.T) {
	h := newHost(t, nil, nil)
	for range 64 {
		require.Equal(t, http.StatusUnauthorized, h.revoke("wrong", alice).Code)
	}
	w := h.revoke("wrong", alice)
	require.Equal(t, http.StatusTooManyRequests, w.Code)
	require.NotEmpty(t, w.Header().Get("Retry-After"))
	require.Equal(t, http.StatusNoContent, h.revoke(h.assertion(), alice).Code, "a caller that is known is not held up")
}

type failing struct{ store.Store }

func (failing) EndGrants(context.Context, oauthapp.GrantFilter, string, int) (string, oauthapp.Ended, error) {
	return "", oauthapp.Ended{}, errors.New("the store is down")
}

// An outage is neither yes nor no.
func TestOutages(t *testing.T) {
	down := errors.New("down")
	for name, h := range map[string]*host{
		"host": newHost(t, nil, nil),
		"user": newHost(t, nil, func(c *globalrevocation.Config) {
			c.User = func(context.Context, string, globalrevocation.Subject) (string, error) { return "alice", down }
		}),
		"sign out": newHost(t, nil, func(c *globalrevocation.Config) {
			c.SignOut = func(context.Context, string) error { return down }
		}),
		"store": newHost(t, failing{memory.New()}, nil),
	} {
		if name == "host" {
			h.outage = down
			require.Equal(t, http.StatusServiceUnavailable, h.revoke("a-token-of-other", alice).Code)
		}
		w := h.revoke(h.assertion(), alice)
		require.Equal(t, http.StatusServiceUnavailable, w.Code, name)
		require.NotEmpty(t, w.Header().Get("Retry-After"))
		require.NotContains(t, w.Body.String(), "down")
	}
}

// Keys at a URL are fetched, and an outage of theirs is one of this service.
func TestKeysAtAURL(t *testing.T) {
	var h *host
	var down atomic.Bool
	origin := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(setOf(h.key))
	}))
	defer origin.Close()
	h = newHost(t, nil, func(c *globalrevocation.Config) { c.Roots = []*x509.Certificate{origin.Certificate()} })
	h.provider.Keys, h.provider.KeysURL = nil, origin.URL+"/oauth2/v1/keys"
	down.Store(true)
	require.Equal(t, http.StatusServiceUnavailable, h.revoke(h.assertion(), alice).Code)
	down.Store(false)
	h.now = h.now.Add(time.Minute)
	require.Equal(t, http.StatusNoContent, h.revoke(h.assertion(), alice).Code)
	require.Equal(t, http.StatusUnauthorized, h.revoke(h.sign(newKey(), typ, h.claims()), alice).Code)
}

func TestMetadata(t *testing.T) {
	read := func(p http.Handler) (metadata map[string]any) {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, issuer+"/.well-known/oauth-authorization-server", nil))
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &metadata))
		return metadata
	}
	metadata := read(newHost(t, nil, nil))
	require.Equal(t, endpoint, metadata["global_token_revocation_endpoint"])
	require.Equal(t, []any{"private_key_jwt", "Bearer"}, metadata["global_token_revocation_endpoint_auth_methods_supported"])
	without := flowtest.New(t, flow.Config{Issuer: issuer})
	require.NotContains(t, read(without), "global_token_revocation_endpoint")
	w := httptest.NewRecorder()
	without.ServeHTTP(w, httptest.NewRequest(http.MethodPost, endpoint, nil))
	require.Equal(t, http.StatusNotFound, w.Code)
}

func TestConfig(t *testing.T) {
	for field, change := range map[string]func(*globalrevocation.Config){
		"Config.User":        func(c *globalrevocation.Config) { c.User = nil },
		"Config.SignOut":     func(c *globalrevocation.Config) { c.SignOut = nil },
		"Config.BearerToken": func(c *globalrevocation.Config) { c.IdentityProvider, c.BearerToken = nil, nil },
		"Config.MaxLifetime": func(c *globalrevocation.Config) { c.MaxLifetime = 2 * time.Hour },
	} {
		cfg := globalrevocation.Config{
			BearerToken: func(context.Context, string) (string, bool, error) { return "", false, nil },
			User:        func(context.Context, string, globalrevocation.Subject) (string, error) { return "", nil },
			SignOut:     func(context.Context, string) error { return nil },
		}
		change(&cfg)
		_, err := globalrevocation.New(cfg).Contribute(flowtest.New(t, flow.Config{}).Kernel())
		require.ErrorContains(t, err, field)
	}
}
