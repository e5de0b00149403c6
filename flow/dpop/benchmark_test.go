package dpop_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/dpop"
	"github.com/oauthapps/oauthapps/store/memory"
)

// BenchmarkCall measures a call of the API, without the network: with a bearer
// token, and with one that is bound to a key of each algorithm.
func BenchmarkCall(b *testing.B) {
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	run := func(name string, h *host, calls func() *http.Request) {
		b.Run(name, func(b *testing.B) {
			guarded := h.Require("read")(next)
			requests := make([]*http.Request, b.N)
			for i := range requests {
				requests[i] = calls()
			}
			b.ReportAllocs()
			b.ResetTimer()
			for _, r := range requests {
				w := httptest.NewRecorder()
				guarded.ServeHTTP(w, r)
				require.Equal(b, http.StatusNoContent, w.Code)
			}
		})
	}
	h := newHost(b, memory.New(), dpop.New(dpop.Config{}))
	call := func(authorization string) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/whoami", nil)
		r.Header.Set("Authorization", authorization)
		return r
	}
	bearer := h.granted(h.post("/oauth/token", h.redemption(h.app, h.code(h.app)))).AccessToken
	run("bearer", h, func() *http.Request { return call("Bearer " + bearer) })
	for _, alg := range []string{"ES256", "EdDSA", "Ed25519", "PS256"} {
		c := newClient(b, alg)
		token := h.bound(h.app, c).AccessToken
		run(alg, h, func() *http.Request {
			r := call("DPoP " + token)
			r.Header.Set("DPoP", c.proof(h.now, http.MethodGet, whoami, token))
			return r
		})
	}
}
