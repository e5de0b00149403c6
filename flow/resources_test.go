package flow_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

const (
	api  = "https://id.example" // the default
	mcp  = "https://id.example/mcp"
	logs = "https://logs.example/v1/"
)

// withResources has a host have three APIs: the default one, one that takes
// the scope read alone, and one at another host.
func withResources(cfg *flow.Config) {
	cfg.Resources = []flow.Resource{
		{Identifier: mcp, Name: "Example MCP", Scopes: []string{"read"}, Metadata: map[string]any{"resource_name": "Example MCP"}},
		{Identifier: logs},
	}
}

// at returns an authorization request for resources.
func at(app oauthapp.Application, scope string, resources ...string) url.Values {
	params := request(app, "scope", scope)
	params["resource"] = resources
	return params
}

// takes tells which of the APIs take an access token.
func (h *host) takes(token string) (taken []string) {
	h.t.Helper()
	for _, resource := range []string{api, mcp, logs} {
		if cfg := h.Resolved(); resource != cfg.Resource && !slices.ContainsFunc(cfg.Resources, func(r flow.Resource) bool { return r.Identifier == resource }) {
			continue
		}
		r := httptest.NewRequest(http.MethodGet, resource, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		h.Guard(flow.Guard{Resource: resource})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
		})).ServeHTTP(w, r)
		switch w.Code {
		case http.StatusNoContent:
			taken = append(taken, resource)
		case http.StatusUnauthorized:
		default:
			require.Fail(h.t, w.Body.String())
		}
	}
	return taken
}

// aud is the audience of an access token, as its client is told.
func (h *host) aud(app oauthapp.Application, token string) any {
	h.t.Helper()
	w := h.post("/oauth/introspect", url.Values{"client_id": {app.ClientID}, "client_secret": {h.secret}, "token": {token}})
	require.Equal(h.t, http.StatusOK, w.Code, w.Body.String())
	var answer struct {
		Active bool
		Aud    any
	}
	require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &answer))
	if !answer.Active {
		return "not active"
	}
	return answer.Aud
}

// A token is for the APIs that its user authorized, as far as its client asks
// for them, and opens no other one.
func TestResources(t *testing.T) {
	h := newHost(t, withResources)
	list := func(names ...string) any {
		all := make([]any, len(names))
		for i, name := range names {
			all[i] = name
		}
		return all
	}
	for name, test := range map[string]struct {
		asked, narrowed []string
		taken           []string
		aud             any
		scope           string
	}{
		"none":                     {nil, nil, []string{api}, api, "read write"},
		"none, then the default":   {nil, []string{api}, []string{api}, api, "read write"},
		"the default":              {[]string{api + "/"}, nil, []string{api}, api, "read write"},
		"one":                      {[]string{mcp}, nil, []string{mcp}, mcp, "read"},
		"one, slash":               {[]string{mcp + "/"}, []string{mcp}, []string{mcp}, mcp, "read"},
		"one of another host":      {[]string{strings.TrimSuffix(logs, "/")}, nil, []string{logs}, logs, "read write"},
		"two":                      {[]string{logs, mcp, mcp}, nil, []string{mcp, logs}, list(mcp, logs), "read write"},
		"two, narrowed":            {[]string{logs, mcp}, []string{mcp}, []string{mcp}, mcp, "read"},
		"all":                      {[]string{mcp, api, logs}, nil, []string{api, mcp, logs}, list(api, mcp, logs), "read write"},
		"all, narrowed to default": {[]string{mcp, api, logs}, []string{api}, []string{api}, api, "read write"},
	} {
		t.Run(name, func(t *testing.T) {
			asks := at(h.app, "read write", test.asked...)
			if len(test.taken) == 1 && test.taken[0] == mcp && test.narrowed == nil || name == "one, slash" {
				asks.Set("scope", "read")
			}
			code := h.answer(h.decide(h.open(asks), "authorize", "1")).Get("code")
			redeeming := h.redemption(h.app, code)
			redeeming["resource"] = test.narrowed
			granted := h.tokens(redeeming)
			for range 3 { // refreshes keep it
				require.Equal(t, test.taken, h.takes(granted.AccessToken))
				require.Equal(t, test.aud, h.aud(h.app, granted.AccessToken))
				require.Equal(t, test.scope, granted.Scope)
				refreshing := h.refreshing(h.app, granted.RefreshToken)
				refreshing["resource"] = test.narrowed
				granted = h.tokens(refreshing)
			}
			for _, more := range []string{api, mcp, logs} { // and never widen it
				asked := func(resource string) bool { return strings.TrimSuffix(resource, "/") == strings.TrimSuffix(more, "/") }
				if slices.ContainsFunc(test.asked, asked) || test.asked == nil && more == api {
					continue
				}
				requireError(t, h.post("/oauth/token", h.refreshing(h.app, granted.RefreshToken, "resource", more)), 400, flow.InvalidTarget)
			}
			h.tokens(h.refreshing(h.app, granted.RefreshToken))
		})
	}
	t.Run("code", func(t *testing.T) {
		code := h.answer(h.decide(h.open(at(h.app, "read", mcp)), "authorize", "1")).Get("code")
		requireError(t, h.post("/oauth/token", h.redemption(h.app, code, "resource", api)), 400, flow.InvalidTarget)
		requireError(t, h.post("/oauth/token", h.redemption(h.app, code, "resource", "https://evil.example")), 400, flow.InvalidTarget)
		h.tokens(h.redemption(h.app, code, "resource", mcp))
	})
	t.Run("scopes", func(t *testing.T) {
		both := h.tokens(h.redemption(h.app, h.answer(h.decide(h.open(at(h.app, "read write", mcp, logs)), "authorize", "1")).Get("code")))
		for resource, scopes := range map[string][]string{mcp: {"read"}, logs: {"read", "write"}} {
			r := httptest.NewRequest(http.MethodGet, resource, nil)
			r.Header.Set("Authorization", "Bearer "+both.AccessToken)
			a, err := h.Authenticate(r, flow.Guard{Resource: resource})
			require.NoError(t, err)
			require.Equal(t, scopes, a.Scopes, "those that %s takes", resource)
		}
		writes := h.tokens(h.refreshing(h.app, both.RefreshToken, "scope", "write"))
		require.Equal(t, list(mcp, logs), h.aud(h.app, writes.AccessToken))
		r := httptest.NewRequest(http.MethodGet, mcp, nil)
		r.Header.Set("Authorization", "Bearer "+writes.AccessToken)
		_, err := h.Authenticate(r, flow.Guard{Resource: mcp})
		require.ErrorContains(t, err, flow.InsufficientScope)
	})
	t.Run("refused", func(t *testing.T) {
		require.Equal(t, flow.InvalidTarget, h.answer(h.open(at(h.app, "read", mcp, "https://evil.example"))).Get("error"))
		refused := h.answer(h.open(at(h.app, "write", mcp)))
		require.Equal(t, flow.InvalidScope, refused.Get("error"))
		require.Equal(t, "a scope that the API does not take: write", refused.Get("error_description"))
	})
	t.Run("consent page", func(t *testing.T) {
		page := h.open(at(h.app, "read", mcp)).Body.String()
		require.Contains(t, page, "<bdi>Example MCP</bdi> <code>"+mcp+"</code>")
		require.NotContains(t, page, "logs.example")
		require.Contains(t, h.open(request(h.app, "prompt", "consent")).Body.String(), "<bdi>id.example</bdi>")
	})
	t.Run("challenge", func(t *testing.T) {
		w := httptest.NewRecorder()
		h.Guard(flow.Guard{Resource: mcp, Scopes: []string{"read"}})(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, mcp, nil))
		require.Equal(t, http.StatusUnauthorized, w.Code)
		require.Contains(t, w.Header().Get("WWW-Authenticate"), `resource_metadata="https://id.example/.well-known/oauth-protected-resource/mcp"`)
		require.PanicsWithValue(t, "flow: Guard: "+mcp+" does not take write", func() { h.Guard(flow.Guard{Resource: mcp, Scopes: []string{"write"}}) })
		require.Panics(t, func() { h.Guard(flow.Guard{Resource: "https://evil.example"}) })
	})
}

// Each API has metadata of its own at its well-known place (RFC 9728, section
// 3.1), also where another host has the same path.
func TestMetadataOfResources(t *testing.T) {
	h := newHost(t, withResources, func(cfg *flow.Config) {
		cfg.Resources = append(cfg.Resources, flow.Resource{Identifier: "https://other.example/mcp", Scopes: []string{"write"}})
	})
	get := func(url string) map[string]any {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, url, nil))
		require.Equal(t, http.StatusOK, w.Code, url)
		var metadata map[string]any
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &metadata))
		return metadata
	}
	const wellKnown = "/.well-known/oauth-protected-resource"
	require.Equal(t, api, get(api + wellKnown)["resource"])
	require.Equal(t, map[string]any{
		"resource": mcp, "resource_name": "Example MCP", "scopes_supported": []any{"read"},
		"authorization_servers": []any{api}, "bearer_methods_supported": []any{"header"},
	}, get(api+wellKnown+"/mcp"))
	require.Equal(t, "https://other.example/mcp", get("https://other.example" + wellKnown + "/mcp")["resource"])
	require.Equal(t, mcp, get("https://proxied.example" + wellKnown + "/mcp")["resource"])
	require.Equal(t, logs, get("https://logs.example" + wellKnown + "/v1/")["resource"])
	require.Equal(t, []any{api, mcp, logs, "https://other.example/mcp"}, get(api + "/.well-known/oauth-authorization-server")["protected_resources"])
	require.NotContains(t, newHost(t).get("/.well-known/oauth-authorization-server").Body.String(), "protected_resources")

	for says, resources := range map[string][]flow.Resource{
		"absolute URL":               {{Identifier: "mcp"}},
		"is there twice":             {{Identifier: mcp}, {Identifier: mcp + "/"}},
		"not one of Config.Scopes":   {{Identifier: mcp, Scopes: []string{"zzz"}}},
		"one or more":                {{Identifier: mcp, Scopes: []string{}}},
		"80 bytes":                   {{Identifier: mcp, Name: strings.Repeat("x", 81)}},
		"the library says itself":    {{Identifier: mcp, Metadata: map[string]any{"resource": api}}},
		"unsupported type: chan int": {{Identifier: mcp, Metadata: map[string]any{"x": make(chan int)}}},
	} {
		cfg := h.Resolved()
		cfg.Resources = resources
		_, err := flow.New(cfg)
		require.ErrorContains(t, err, "Config.Resources")
		require.ErrorContains(t, err, says)
	}
	cfg := h.Resolved()
	cfg.Resources = []flow.Resource{{Identifier: api + "/", Metadata: map[string]any{"resource_name": "API"}}}
	_, err := flow.New(cfg)
	require.NoError(t, err, "the default one is described")
}

// Access tokens for eight APIs from one refresh token live beside each other
// until they expire, and of each API the one before as well.
func TestTokensOfResourcesLiveBesideEachOther(t *testing.T) {
	var all []string
	h := newHost(t, func(cfg *flow.Config) {
		all = []string{api}
		for _, name := range strings.Split("a b c d e f g h", " ") {
			all = append(all, "https://"+name+".example")
			cfg.Resources = append(cfg.Resources, flow.Resource{Identifier: "https://" + name + ".example"})
		}
	})
	require.Equal(t, flow.InvalidTarget, h.answer(h.open(at(h.app, "read", all...))).Get("error"), "nine")
	all = all[:8]
	granted := h.tokens(h.redemption(h.app, h.answer(h.decide(h.open(at(h.app, "read write", all...)), "authorize", "1")).Get("code"), "resource", api))
	tokens := map[string][]string{api: {granted.AccessToken}}
	for range 3 {
		for _, resource := range all {
			scope := "read"
			if resource == all[3] {
				scope = "read write"
			}
			granted = h.tokens(h.refreshing(h.app, granted.RefreshToken, "resource", resource, "scope", scope))
			tokens[resource] = append(tokens[resource], granted.AccessToken)
			h.clock.advance(time.Second)
		}
	}
	accepted := func(token, resource string) bool {
		r := httptest.NewRequest(http.MethodGet, resource, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		scopes := []string{"read"}
		if resource == all[3] {
			scopes = append(scopes, "write")
		}
		h.Guard(flow.Guard{Resource: resource, Scopes: scopes})(http.NotFoundHandler()).ServeHTTP(w, r)
		if w.Code == http.StatusNotFound {
			require.Equal(t, resource, h.aud(h.app, token))
		}
		return w.Code == http.StatusNotFound
	}
	for _, resource := range all {
		issued := tokens[resource]
		require.True(t, accepted(issued[len(issued)-1], resource), resource)
		require.False(t, accepted(issued[0], resource), "it was replaced twice: %s", resource)
		for _, other := range all {
			require.Equal(t, other == resource, accepted(issued[len(issued)-1], other), "%s at %s", resource, other)
		}
	}
	// They expire as told, and end with their session.
	last := tokens[all[2]][2]
	require.Equal(t, http.StatusOK, h.post("/oauth/revoke", url.Values{"client_id": {h.app.ClientID}, "client_secret": {h.secret}, "token": {last}}).Code)
	for _, resource := range all {
		issued := tokens[resource]
		require.False(t, accepted(issued[len(issued)-1], resource))
	}

	granted = h.tokens(h.redemption(h.app, h.answer(h.decide(h.open(at(h.app, "read", all...)), "authorize", "1")).Get("code"), "resource", all[0]))
	first := granted.AccessToken
	for _, resource := range all[1:4] {
		h.clock.advance(time.Minute)
		granted = h.tokens(h.refreshing(h.app, granted.RefreshToken, "resource", resource))
	}
	h.clock.advance(57*time.Minute - time.Second)
	require.True(t, accepted(first, all[0]))
	h.clock.advance(time.Second)
	require.False(t, accepted(first, all[0]))
}

// With two APIs a token before stays good beside newer ones, as calls may be
// under way with it.
func TestTokenBeforeOfAResource(t *testing.T) {
	h := newHost(t, withResources)
	granted := h.tokens(h.redemption(h.app, h.answer(h.decide(h.open(at(h.app, "read", mcp, logs)), "authorize", "1")).Get("code"), "resource", mcp))
	first := granted.AccessToken
	for _, resource := range []string{logs, mcp} {
		granted = h.tokens(h.refreshing(h.app, granted.RefreshToken, "resource", resource))
		require.Equal(t, []string{mcp}, h.takes(first))
	}
	granted = h.tokens(h.refreshing(h.app, granted.RefreshToken, "resource", logs))
	require.Equal(t, []string{mcp}, h.takes(first))
	h.tokens(h.refreshing(h.app, granted.RefreshToken, "resource", mcp))
	require.Empty(t, h.takes(first))
}

// A repeated refresh gets the same tokens for the same APIs, and of refreshes
// for several APIs at once one is answered; the others end nothing.
func TestRepeatedRefreshOfResources(t *testing.T) {
	h := newHost(t, withResources)
	granted := h.tokens(h.redemption(h.app, h.answer(h.decide(h.open(at(h.app, "read", mcp, logs)), "authorize", "1")).Get("code")))
	next := h.tokens(h.refreshing(h.app, granted.RefreshToken, "resource", mcp))
	require.Equal(t, next, h.tokens(h.refreshing(h.app, granted.RefreshToken, "resource", mcp)))
	requireError(t, h.post("/oauth/token", h.refreshing(h.app, granted.RefreshToken, "resource", logs)), 400, flow.InvalidTarget)
	requireError(t, h.post("/oauth/token", h.refreshing(h.app, granted.RefreshToken)), 400, flow.InvalidTarget)
	require.Equal(t, []string{mcp}, h.takes(next.AccessToken))

	h.events.reset()
	for range 20 {
		answers := make([]*httptest.ResponseRecorder, 8)
		var group sync.WaitGroup
		for i := range answers {
			group.Go(func() {
				form := h.refreshing(h.app, next.RefreshToken, "resource", []string{mcp, logs}[i%2])
				r := httptest.NewRequest(http.MethodPost, "https://id.example/oauth/token", strings.NewReader(form.Encode()))
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				answers[i] = httptest.NewRecorder()
				h.Provider.ServeHTTP(answers[i], r)
			})
		}
		group.Wait()
		won := -1
		for i, answer := range answers {
			if answer.Code == http.StatusOK {
				won = i % 2
			}
		}
		require.GreaterOrEqual(t, won, 0)
		for i, answer := range answers {
			if i%2 == won {
				require.Equal(t, answers[won].Body.String(), answer.Body.String())
			} else {
				requireError(t, answer, 400, flow.InvalidTarget)
			}
		}
		first := h.granted(answers[won])
		next = h.tokens(h.refreshing(h.app, first.RefreshToken, "resource", []string{logs, mcp}[won]))
		require.Equal(t, []string{[]string{mcp, logs}[won]}, h.takes(first.AccessToken))
		require.Equal(t, []string{[]string{logs, mcp}[won]}, h.takes(next.AccessToken), "who lost asks again, with the new refresh token")
	}
	require.NotContains(t, h.eventTypes(), oauthapp.RefreshTokenReused)
}

// What a session of before the host had several APIs has is for the default
// one. Without an API, no token for it is good anywhere.
func TestResourcesComeAndGo(t *testing.T) {
	before := newHost(t)
	old := before.login(before.app)
	code := before.code(request(before.app), "1")
	h := before.node(withResources)
	require.Equal(t, []string{api}, h.takes(old.AccessToken))
	require.Equal(t, api, h.aud(h.app, old.AccessToken))
	requireError(t, h.post("/oauth/token", h.refreshing(h.app, old.RefreshToken, "resource", mcp)), 400, flow.InvalidTarget)
	refreshed := h.tokens(h.refreshing(h.app, old.RefreshToken))
	require.Equal(t, []string{api}, h.takes(refreshed.AccessToken))
	require.Equal(t, []string{api}, h.takes(old.AccessToken))
	require.Equal(t, []string{api}, h.takes(h.tokens(h.redemption(h.app, code, "resource", api)).AccessToken))

	granted := h.tokens(h.redemption(h.app, h.answer(h.decide(h.open(at(h.app, "read", mcp, logs)), "authorize", "1")).Get("code")))
	fewer := before.node(func(cfg *flow.Config) { cfg.Resources = []flow.Resource{{Identifier: mcp}} })
	require.True(t, fewer.aud(h.app, granted.AccessToken) == mcp)

	swapped := before.node(func(cfg *flow.Config) { cfg.Resource, cfg.Resources = mcp, []flow.Resource{{Identifier: api}} })
	asked := h.answer(h.decide(h.open(at(h.app, "read", mcp)), "authorize", "1"))
	first := swapped.tokens(swapped.redemption(h.app, asked.Get("code")))
	next := swapped.tokens(swapped.refreshing(h.app, first.RefreshToken))
	require.Equal(t, next, swapped.tokens(swapped.refreshing(h.app, first.RefreshToken)))
	for _, token := range []string{first.AccessToken, next.AccessToken} {
		require.Equal(t, []string{mcp}, swapped.takes(token))
		require.Equal(t, []string{mcp}, h.takes(token), "the default one is another again")
	}

	none := before.node(func(*flow.Config) {})
	require.False(t, none.accepts(granted.AccessToken))
	require.Equal(t, "not active", none.aud(h.app, granted.AccessToken))
	requireError(t, none.post("/oauth/token", none.refreshing(h.app, granted.RefreshToken)), 400, "invalid_grant")
	require.True(t, none.accepts(refreshed.AccessToken))
}

// A consent to one API is none to another, also where it is to the same scope.
func TestConsentToAResourceIsNotRemembered(t *testing.T) {
	h := newHost(t, withResources)
	asks := func(params url.Values) bool {
		w := h.open(params)
		return w.Code == http.StatusOK && strings.Contains(w.Body.String(), "ticket")
	}
	h.user = bob()
	plain := func() url.Values { return request(h.app) }
	require.NotEmpty(t, h.code(plain(), "3"))
	require.False(t, asks(plain()))
	require.True(t, asks(at(h.app, "read", mcp)))
	require.NotEmpty(t, h.code(at(h.app, "read", mcp), "3"))
	require.True(t, asks(at(h.app, "read", mcp)))
	require.True(t, asks(plain()), "the grant has the scope, and of which consent nobody knows")

	h.user = alice()
	h.user.Accounts = h.user.Accounts[:1]
	require.NotEmpty(t, h.code(at(h.app, "read", logs), "1"))
	require.True(t, asks(plain()))
	require.Equal(t, "consent_required", h.answer(h.open(request(h.app, "prompt", "none"))).Get("error"))
	h.clock.advance(364 * 24 * time.Hour)
	require.NotEmpty(t, h.code(plain(), "1"))
	h.clock.advance(2 * 24 * time.Hour)
	require.True(t, asks(plain()), "the mark lasts as long as the grant")
}
