package dpop_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dpop"
	"github.com/oauthapps/oauthapps/store/memory"
)

// Each access token of several resources is bound to the key that its client
// proved for it, also once newer ones for other resources have other keys, and
// a call is for the origin of its resource.
func TestResources(t *testing.T) {
	resources := []string{api, "https://mcp.example/mcp", "https://logs.example", "https://mail.example"}
	h := newHostOf(t, flow.Config{
		Store: memory.New(), Extensions: []flow.Extension{dpop.New(dpop.Config{})},
		Resources: []flow.Resource{{Identifier: resources[1]}, {Identifier: resources[2]}, {Identifier: resources[3]}},
	})
	call := func(resource, scheme, token string, proofs ...string) int {
		r := httptest.NewRequest(http.MethodGet, "/mcp", nil)
		r.Header.Set("Authorization", scheme+" "+token)
		for _, p := range proofs {
			r.Header.Add("DPoP", p)
		}
		w := httptest.NewRecorder()
		h.Guard(flow.Guard{Resource: resource})(http.NotFoundHandler()).ServeHTTP(w, r)
		return w.Code
	}
	target := func(resource string) string {
		u, err := url.Parse(resource)
		require.NoError(t, err)
		return u.Scheme + "://" + u.Host + "/mcp"
	}
	proves := func(c client, resource, token string) int {
		return call(resource, "DPoP", token, c.proof(h.now, http.MethodGet, target(resource), token))
	}
	first, second := newClient(t, "ES256"), newClient(t, "EdDSA")
	type issued struct {
		resource, token string
		key             *client
	}
	for name, keys := range map[string][]*client{
		"one key":           {&first, &first, &first, &first},
		"another in time":   {&first, &first, &second, &second},
		"bearer at last":    {&first, &first, &first, nil},
		"bearer first":      {nil, nil, &first, &first},
		"bound, bearer ...": {&first, nil, &first, nil},
	} {
		t.Run(name, func(t *testing.T) {
			asks := request(h.app)
			asks["resource"] = resources
			code := h.authorizeRequest(asks).Get("code")
			form := h.redemption(h.app, code)
			var all []issued
			for i, key := range keys {
				form.Set("resource", resources[i])
				var proofs []string
				if key != nil {
					proofs = append(proofs, h.at(*key))
				}
				granted := h.granted(h.post("/oauth/token", form, proofs...))
				all = append(all, issued{resources[i], granted.AccessToken, key})
				form = h.refresh(h.app, granted.RefreshToken)
				h.now = h.now.Add(time.Second)
				for n, token := range all { // whatever is left is as it was
					bearer := call(token.resource, "Bearer", token.token)
					by := map[*client]int{&first: proves(first, token.resource, token.token), &second: proves(second, token.resource, token.token)}
					for key, status := range by {
						if key != token.key {
							require.Equal(t, http.StatusUnauthorized, status)
						}
					}
					if token.key != nil {
						require.Equal(t, http.StatusUnauthorized, bearer, "a bound token is no bearer token")
					}
					alive := bearer == http.StatusNotFound || by[token.key] == http.StatusNotFound
					if n >= len(all)-2 || name == "one key" {
						require.True(t, alive, "%d of %d", n, len(all))
					}
				}
			}
			if name == "one key" {
				last := all[0]
				require.Equal(t, http.StatusUnauthorized, call(last.resource, "DPoP", last.token, first.proof(h.now, http.MethodGet, target(resources[1]), last.token)))
				require.Equal(t, map[string]any{"jkt": first.thumbprint()}, h.introspect(last.token)["cnf"])
			}
		})
	}
}
