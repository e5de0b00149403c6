package flow_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
)

// A client learns at once if it asks for a token for another API than this
// service's: it was sent here by that other API, which would get the token (RFC
// 8707, section 2).
func TestResource(t *testing.T) {
	h := newHost(t, func(cfg *flow.Config) { cfg.Resource = "https://api.example/v2" })
	asking := func(resources ...string) url.Values {
		params := request(h.app)
		params["resource"] = resources
		return params
	}
	for _, own := range [][]string{nil, {""}, {"https://api.example/v2"}, {"https://api.example/v2/"}, {"https://api.example/v2", "https://api.example/v2"}, {"", "https://api.example/v2"}} {
		w := h.decide(h.open(asking(own...)), "authorize", "1")
		require.Empty(t, h.answer(w).Get("error"), "%q", own)
		h.tokens(h.redemption(h.app, h.answer(w).Get("code")))
	}
	for _, other := range [][]string{
		{"https://evil.example"}, {"https://api.example"}, {"https://api.example/v2/x"}, {"https://api.example/v2?a"}, {"https://api.example/v2#f"}, {"https://api.example/V2"},
		{"http://api.example/v2"}, {"//api.example/v2"}, {"/v2"}, {"v2"}, {"%zz"}, {"\x00"}, {"https://api.example/v2//"}, {" "}, {"https://id.example"},
		{"https://api.example/v2", "https://evil.example"}, {"https://evil.example", "https://api.example/v2"},
	} {
		answer := h.answer(h.open(asking(other...)))
		require.Equal(t, flow.InvalidTarget, answer.Get("error"), "%q", other)
		require.Equal(t, "the-state", answer.Get("state"))
	}

	// So at the token endpoint, which leaves the code and the refresh token as
	// they were.
	code := h.answer(h.decide(h.open(asking()), "authorize", "1")).Get("code")
	requireError(t, h.post("/oauth/token", h.redemption(h.app, code, "resource", "https://evil.example")), 400, flow.InvalidTarget)
	requireError(t, h.post("/oauth/token", h.redemption(h.app, code, "resource", "https://evil.example", "client_secret", "wrong")), 401, flow.InvalidClient)
	granted := h.tokens(h.redemption(h.app, code, "resource", "https://api.example/v2"))
	refreshing := h.refreshing(h.app, granted.RefreshToken)
	refreshing["resource"] = []string{"https://api.example/v2", "https://evil.example"}
	requireError(t, h.post("/oauth/token", refreshing), 400, flow.InvalidTarget)
	h.tokens(h.refreshing(h.app, granted.RefreshToken, "resource", "https://api.example/v2/"))

	// The issuer is what tokens are for where nothing else is said. As a URL
	// without a path it has two spellings.
	h = newHost(t)
	for _, own := range []string{"https://id.example", "https://id.example/"} {
		h.form(h.open(request(h.app, "resource", own)))
	}
	require.Equal(t, flow.InvalidTarget, h.answer(h.open(request(h.app, "resource", "https://id.example/v2"))).Get("error"))

	// It is in the form, which is checked again.
	form := h.form(h.open(request(h.app, "resource", "https://id.example")))
	require.Contains(t, form.Get("request"), "resource=")
}
