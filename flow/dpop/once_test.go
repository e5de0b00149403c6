package dpop_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dpop"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A proof is good once (RFC 9449, section 11.1): at the token endpoint whatever
// the node, at the API for each process, or for all where the host asks.
func TestProofsAreGoodOnce(t *testing.T) {
	for name, test := range map[string]struct {
		cfg       dpop.Config
		elsewhere int
	}{
		"each process for itself": {dpop.Config{}, http.StatusNoContent},
		"all nodes together":      {dpop.Config{SharedReplay: true}, http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			h, c := newHost(t, memory.New(), dpop.New(test.cfg)), newClient(t, "ES256")
			node := h.node(dpop.New(test.cfg))
			tokens, code, at := h.bound(h.app, c), h.code(h.app), h.at(c)
			h.granted(h.post("/oauth/token", h.refresh(h.app, tokens.RefreshToken), at))
			requireError(t, h.post("/oauth/token", h.redemption(h.app, code), at), dpop.InvalidProof, "used before")
			requireError(t, node.post("/oauth/token", h.redemption(h.app, code), at), dpop.InvalidProof, "used before")

			proof := c.proof(h.now, http.MethodGet, whoami, tokens.AccessToken)
			require.Equal(t, http.StatusNoContent, h.call("DPoP "+tokens.AccessToken, proof).Code)
			requireRefused(t, h.call("DPoP "+tokens.AccessToken, proof), dpop.InvalidProof, "used before")
			require.Equal(t, test.elsewhere, node.call("DPoP "+tokens.AccessToken, proof).Code)
			require.Equal(t, http.StatusUnauthorized, node.call("DPoP "+tokens.AccessToken, proof).Code)

			id := claim("jti", "the same")
			require.Equal(t, http.StatusNoContent, h.calls(c, tokens.AccessToken, id).Code)
			requireRefused(t, h.calls(c, tokens.AccessToken, id, claim("htu", whoami+"?x")), dpop.InvalidProof, "used before")
			other := newClient(t, "ES256")
			theirs := h.bound(h.app, other).AccessToken
			require.Equal(t, http.StatusNoContent, h.calls(other, theirs, id).Code, "another client may happen to use the same jti")

			h.now, node.now = h.now.Add(proofLife), node.now.Add(proofLife)
			requireError(t, node.post("/oauth/token", h.redemption(h.app, code), at), dpop.UseNonce, "past")
			requireRefused(t, h.call("DPoP "+tokens.AccessToken, proof), dpop.UseNonce, "past")
		})
	}
}

// proofLife is how long a proof without a nonce is good.
const proofLife = time.Minute

// Of 50 callers with one proof, one wins, at two nodes at once.
func TestOneOfManyCallersWins(t *testing.T) {
	cfg := dpop.Config{SharedReplay: true}
	h, c := newHost(t, memory.New(), dpop.New(cfg)), newClient(t, "ES256")
	nodes := []*host{h, h.node(dpop.New(cfg))}
	race := func(call func(node *host) int) (won, refused int32) {
		var wins, losses atomic.Int32
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				switch call(nodes[i%2]) {
				case http.StatusOK, http.StatusNoContent:
					wins.Add(1)
				case http.StatusBadRequest, http.StatusUnauthorized:
					losses.Add(1)
				}
			})
		}
		wg.Wait()
		return wins.Load(), losses.Load()
	}
	tokens := h.bound(h.public, c)
	for range 5 {
		proof := c.proof(h.now, http.MethodGet, whoami, tokens.AccessToken)
		won, refused := race(func(node *host) int { return node.call("DPoP "+tokens.AccessToken, proof).Code })
		require.EqualValues(t, []int32{1, 49}, []int32{won, refused}, "at the API")

		// Each repeats the same refresh, which would be granted with a proof of
		// its own.
		at, form := h.at(c), h.refresh(h.public, tokens.RefreshToken)
		won, refused = race(func(node *host) int { return node.post("/oauth/token", form, at).Code })
		require.EqualValues(t, []int32{1, 49}, []int32{won, refused}, "at the token endpoint")
		tokens = h.granted(h.post("/oauth/token", form, h.at(c)))
	}
}

// A request that can come to nothing keeps no proof: nobody fills the store
// with what they make up.
func TestMadeUpTokensKeepNoProofs(t *testing.T) {
	backend := &counting{Store: memory.New()}
	h, c := newHost(t, backend, dpop.New(dpop.Config{}), refusing{}), newClient(t, "ES256")
	requireError(t, h.post("/oauth/token", h.redemption(h.public, "made-up"), h.at(c)), flow.InvalidGrant, "")
	requireError(t, h.post("/oauth/token", h.refresh(h.public, "made-up"), h.at(c)), flow.InvalidGrant, "")
	for _, grant := range []string{"client_credentials", "urn:ietf:params:oauth:grant-type:device_code"} {
		form := url.Values{"grant_type": {grant}, "client_id": {h.public.ClientID}, "device_code": {"made-up"}}
		requireError(t, h.post("/oauth/token", form, h.at(c)), flow.InvalidGrant, "")
	}
	require.Zero(t, backend.kept.Load())
	h.bound(h.public, c)
	require.EqualValues(t, 1, backend.kept.Load())
}

// refusing has the grants of packages clientcredentials and device, and refuses
// what they refuse.
type refusing struct{}

func (refusing) Name() string               { return "refusing" }
func (refusing) Findings() []kernel.Finding { return nil }

func (refusing) Contribute(*kernel.Kernel) (kernel.Contribution, error) {
	refuse := func(*kernel.TokenRequest) (kernel.Tokens, *wire.Error) {
		return kernel.Tokens{}, wire.Refuse(wire.InvalidGrant, "refused")
	}
	return kernel.Contribution{Grants: []kernel.Grant{
		{Type: "client_credentials", Exchange: refuse},
		{Type: "urn:ietf:params:oauth:grant-type:device_code", Params: []string{"device_code"}, Exchange: refuse},
	}}, nil
}

// An outage is no yes and no no.
func TestOutages(t *testing.T) {
	backend := &counting{Store: memory.New()}
	h, c := newHost(t, backend, dpop.New(dpop.Config{SharedReplay: true})), newClient(t, "ES256")
	tokens, code := h.bound(h.app, c), h.code(h.app)
	backend.fails.Store(true)
	require.Equal(t, http.StatusServiceUnavailable, h.post("/oauth/token", h.redemption(h.app, code), h.at(c)).Code)
	require.Equal(t, http.StatusServiceUnavailable, h.calls(c, tokens.AccessToken).Code)
	backend.fails.Store(false)
	h.granted(h.post("/oauth/token", h.redemption(h.app, code), h.at(c)))
	require.Equal(t, http.StatusNoContent, h.calls(c, tokens.AccessToken).Code)
}

// counting counts the records that are kept, or fails to keep them.
type counting struct {
	store.Store
	kept  atomic.Int32
	fails atomic.Bool
}

func (c *counting) Keep(ctx context.Context, r store.Record, now time.Time) error {
	if c.fails.Load() && r.Kind == dpop.Name {
		return errors.New("no connection")
	}
	if r.Kind == dpop.Name {
		c.kept.Add(1)
	}
	return c.Store.Keep(ctx, r, now)
}

// A client that needs a nonce is told one, and goes on with it, at every node
// that has the key (RFC 9449, sections 8 and 9).
func TestRequiredNonces(t *testing.T) {
	cfg := dpop.Config{RequireNonce: true}
	h, c := newHost(t, memory.New(), dpop.New(cfg)), newClient(t, "ES256")
	node := h.node(dpop.New(cfg))
	code := h.code(h.app)
	refused := h.post("/oauth/token", h.redemption(h.app, code), h.at(c))
	requireError(t, refused, dpop.UseNonce, "needs a nonce")
	require.Contains(t, refused.Header().Get("Access-Control-Expose-Headers"), "DPoP-Nonce")
	nonce := claim("nonce", refused.Header().Get("DPoP-Nonce"))
	requireError(t, h.post("/oauth/token", h.redemption(h.app, code), h.at(c, nonce, claim("htm", "GET"))), dpop.InvalidProof, "")

	answer := node.post("/oauth/token", h.redemption(h.app, code), h.at(c, nonce))
	token := h.granted(answer).AccessToken
	next := answer.Header().Get("DPoP-Nonce")
	require.NotEmpty(t, next, "every answer has the next one")

	w := h.calls(c, token)
	requireRefused(t, w, dpop.UseNonce, "needs a nonce")
	w = h.calls(c, token, claim("nonce", next))
	require.Equal(t, http.StatusNoContent, w.Code)
	require.NotEmpty(t, w.Header().Get("DPoP-Nonce"))

	proof := c.proof(h.now, http.MethodGet, whoami, token, claim("nonce", next))
	require.Equal(t, http.StatusNoContent, h.call("DPoP "+token, proof).Code)
	for range 4 {
		h.now = h.now.Add(time.Minute)
		requireRefused(t, h.call("DPoP "+token, proof), dpop.InvalidProof, "used before")
	}
	h.now = h.now.Add(time.Minute)
	w = h.calls(c, token, claim("nonce", next))
	requireRefused(t, w, dpop.UseNonce, "no more")
	require.Equal(t, http.StatusNoContent, h.calls(c, token, claim("nonce", w.Header().Get("DPoP-Nonce"))).Code)

	bearer := h.granted(h.post("/oauth/token", h.redemption(h.app, h.code(h.app))))
	w = h.call("Bearer " + bearer.AccessToken)
	require.Equal(t, http.StatusNoContent, w.Code)
	require.Empty(t, w.Header().Get("DPoP-Nonce"), "who sends no proof needs no nonce")
}

// A client whose clock is wrong needs no better one: a nonce makes up for it.
func TestNoncesForWrongClocks(t *testing.T) {
	for name, wrong := range map[string]time.Duration{"behind": -24 * time.Hour, "ahead": 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			h, c := newDefaultHost(t), newClient(t, "ES256")
			iat := claim("iat", h.now.Add(wrong).Unix())
			code := h.code(h.app)
			refused := h.post("/oauth/token", h.redemption(h.app, code), h.at(c, iat))
			requireError(t, refused, dpop.UseNonce, "iat")
			nonce := claim("nonce", refused.Header().Get("DPoP-Nonce"))
			token := h.granted(h.post("/oauth/token", h.redemption(h.app, code), h.at(c, iat, nonce))).AccessToken
			proof := c.proof(h.now, http.MethodGet, whoami, token, iat, nonce)
			require.Equal(t, http.StatusNoContent, h.call("DPoP "+token, proof).Code)
			h.now = h.now.Add(4 * time.Minute)
			requireRefused(t, h.call("DPoP "+token, proof), dpop.InvalidProof, "used before")
		})
	}
}

// A node with other keys takes no nonce, and gives its own.
func TestNoncesNeedTheKey(t *testing.T) {
	h, c := newDefaultHost(t), newClient(t, "ES256")
	stranger := flowtest.New(t, flow.Config{
		Issuer: issuer, Keys: [][]byte{bytes.Repeat([]byte("k"), 32)}, Now: func() time.Time { return h.now },
		Extensions: []flow.Extension{dpop.New(dpop.Config{RequireNonce: true})},
	})
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	token := stranger.AccessToken("1", "1", "read")
	r.Header.Set("Authorization", "DPoP "+token)
	r.Header.Set("DPoP", c.proof(h.now, http.MethodGet, issuer, token))
	w := httptest.NewRecorder()
	stranger.Require()(http.NotFoundHandler()).ServeHTTP(w, r)
	nonce := w.Header().Get("DPoP-Nonce")
	require.NotEmpty(t, nonce)
	requireError(t, h.post("/oauth/token", h.redemption(h.app, h.code(h.app)), h.at(c, claim("nonce", nonce))), dpop.UseNonce, "no more, one of this service")
}

// A host that answers refusals itself gets what the answer needs.
func TestAuthenticateTellsTheNonce(t *testing.T) {
	h, c := newHost(t, memory.New(), dpop.New(dpop.Config{RequireNonce: true})), newClient(t, "ES256")
	code := h.code(h.app)
	nonce := claim("nonce", h.post("/oauth/token", h.redemption(h.app, code), h.at(c)).Header().Get("DPoP-Nonce"))
	token := h.granted(h.post("/oauth/token", h.redemption(h.app, code), h.at(c, nonce))).AccessToken
	r := httptest.NewRequest(http.MethodGet, "/whoami", nil)
	r.Header.Set("Authorization", "DPoP "+token)
	r.Header.Set("DPoP", c.proof(h.now, http.MethodGet, whoami, token))
	_, err := h.Authenticate(r, flow.Guard{})
	refusal, ok := errors.AsType[*flow.Error](err)
	require.True(t, ok)
	require.Equal(t, []any{dpop.UseNonce, http.StatusUnauthorized}, []any{refusal.Code, refusal.Status})
	require.NotEmpty(t, refusal.Header.Get("DPoP-Nonce"))
}

// The URI of a call is what the host says, where it says so, and never what the
// Host header does.
func TestRequestURL(t *testing.T) {
	h, c := newHost(t, memory.New(), dpop.New(dpop.Config{
		RequestURL: func(r *http.Request) string { return "https://www.example/api/v2" + r.URL.Path },
	})), newClient(t, "ES256")
	token := h.bound(h.app, c).AccessToken
	require.Equal(t, http.StatusNoContent, h.calls(c, token, claim("htu", "https://www.example/api/v2/whoami")).Code)
	requireRefused(t, h.calls(c, token), dpop.InvalidProof, "at https://www.example")
	requireRefused(t, h.calls(c, token, claim("htu", "http://proxy.internal:8080/whoami")), dpop.InvalidProof, "htu")

	broken := h.node(dpop.New(dpop.Config{RequestURL: func(*http.Request) string { return "whoami" }}))
	require.Equal(t, http.StatusInternalServerError, broken.calls(c, token).Code)
}

// A handler that stripped a prefix changes nothing: the client sent the request
// to the whole path.
func TestStripPrefix(t *testing.T) {
	h, c := newDefaultHost(t), newClient(t, "ES256")
	token := h.bound(h.app, c).AccessToken
	guarded := http.StripPrefix("/v1", h.Require("read")(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })))
	for uri, status := range map[string]int{api + "/v1/whoami": http.StatusNoContent, whoami: http.StatusUnauthorized} {
		r := httptest.NewRequest(http.MethodGet, "/v1/whoami", nil)
		r.Header.Set("Authorization", "DPoP "+token)
		r.Header.Set("DPoP", c.proof(h.now, http.MethodGet, uri, token))
		w := httptest.NewRecorder()
		guarded.ServeHTTP(w, r)
		require.Equal(t, status, w.Code)
	}
	bad := httptest.NewRequest(http.MethodGet, "/whoami", nil)
	bad.RequestURI = "whoami"
	bad.Header = http.Header{"Authorization": {"DPoP " + token}, "Dpop": {c.proof(h.now, http.MethodGet, whoami, token)}}
	w := httptest.NewRecorder()
	h.Require("read")(http.NotFoundHandler()).ServeHTTP(w, bad)
	requireRefused(t, w, dpop.InvalidProof, "URI")
}
