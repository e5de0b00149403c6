package flow_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

const dnsimplePath = "/v2/oauth/access_token"

// postRaw sends a body to an endpoint as it is.
func (h *host) postRaw(path, contentType, body string, edit ...func(*http.Request)) *httptest.ResponseRecorder {
	h.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "https://id.example"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	for _, e := range edit {
		e(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(h.t, "no-cache", w.Header().Get("Pragma")) // whatever the answer
	return w
}

func jsonOf(form url.Values) string {
	object := map[string]string{}
	for name := range form {
		object[name] = form.Get(name)
	}
	b, _ := json.Marshal(object)
	return string(b)
}

// TestDNSimpleClients sends what published clients send.
func TestDNSimpleClients(t *testing.T) {
	h := newHost(t)
	plain := []string{"code_challenge", "", "code_challenge_method", ""}
	for name, test := range map[string]struct {
		app         oauthapp.Application
		authorize   []string
		pairs       []string
		contentType string
		body        func(url.Values) string
		edit        func(*http.Request)
	}{
		"JSON with secret and state":    {h.app, plain, []string{"code_verifier", "", "state", "the-state"}, "application/json", jsonOf, func(*http.Request) {}},
		"JSON, public, no state":        {h.public, nil, nil, "application/json; charset=utf-8", jsonOf, func(*http.Request) {}},
		"JSON with a meaningless token": {h.app, plain, []string{"code_verifier", "", "state", "the-state"}, "application/json", jsonOf, header("Authorization", "Bearer undefined")},
		"JSON with an empty token":      {h.app, plain, []string{"code_verifier", "", "state", "the-state"}, "application/json", jsonOf, header("Authorization", "Bearer ")},
		"form":                          {h.app, plain, []string{"code_verifier", "", "state", "the-state"}, "application/x-www-form-urlencoded", url.Values.Encode, func(*http.Request) {}},
		"form labelled JSON": {h.app, append(plain, "redirect_uri", "", "redirect_url", callback),
			[]string{"code_verifier", "", "state", "the-state"}, "application/json", url.Values.Encode, func(*http.Request) {}},
		"state in one request only": {h.app, append(plain, "state", ""), []string{"code_verifier", "", "state", "x"}, "application/json", jsonOf, func(*http.Request) {}},
	} {
		t.Run(name, func(t *testing.T) {
			code := h.code(request(test.app, test.authorize...), "2")
			w := h.postRaw(dnsimplePath, test.contentType, test.body(h.redemption(test.app, code, test.pairs...)), test.edit)
			granted := h.granted(w)
			require.Empty(t, granted.RefreshToken)
			require.Equal(t, "read", granted.Scope)
			require.EqualValues(t, 30*24*3600, granted.ExpiresIn)
			require.True(t, h.accepts(granted.AccessToken))
			require.Contains(t, w.Body.String(), `"account_id":2}`)
		})
	}
}

func TestDNSimpleRefusals(t *testing.T) {
	h := newHost(t)
	code := h.code(request(h.app), "1")
	for name, test := range map[string]struct {
		pairs  []string
		status int
		code   string
	}{
		"other grant type":   {[]string{"grant_type", "refresh_token", "refresh_token", "x"}, 400, "invalid_request"},
		"no grant type":      {[]string{"grant_type", ""}, 400, "invalid_request"},
		"no code":            {[]string{"code", ""}, 400, "invalid_request"},
		"wrong code":         {[]string{"code", alter(code)}, 400, "invalid_grant"},
		"wrong redirect_uri": {[]string{"redirect_uri", callback + "/x"}, 400, "invalid_request"},
		"no redirect_uri":    {[]string{"redirect_uri", ""}, 400, "invalid_request"},
		"wrong secret":       {[]string{"client_secret", "wrong"}, 401, "invalid_client"},
		"no verifier":        {[]string{"code_verifier", ""}, 400, "invalid_grant"},
		"wrong verifier":     {[]string{"code_verifier", strings.Repeat("w", 43)}, 400, "invalid_grant"},
	} {
		t.Run(name, func(t *testing.T) {
			requireError(t, h.postRaw(dnsimplePath, "application/json", jsonOf(h.redemption(h.app, code, test.pairs...))), test.status, test.code)
		})
	}
	t.Run("wrong state", func(t *testing.T) {
		w := h.postRaw(dnsimplePath, "application/json", jsonOf(h.redemption(h.app, code, "state", "other")))
		require.Equal(t, http.StatusBadRequest, w.Code)
		require.JSONEq(t, `{"error":"invalid_request","error_description":"Invalid \"state\": value doesn't match the \"state\" in the authorization request"}`, w.Body.String())
	})
	for name, body := range map[string]string{
		"array":         `[]`,
		"number member": `{"grant_type":"authorization_code","code":1}`,
		"null member":   `{"grant_type":null}`,
		"member twice":  `{"grant_type":"authorization_code","grant_type":"authorization_code"}`,
		"trailing data": `{"grant_type":"authorization_code"} x`,
		"nothing":       ``,
	} {
		t.Run(name, func(t *testing.T) {
			requireError(t, h.postRaw(dnsimplePath, "application/json", body), 400, "invalid_request")
		})
	}
	h.granted(h.postRaw(dnsimplePath, "application/json", jsonOf(h.redemption(h.app, code, "state", "the-state"))))
	requireError(t, h.postRaw(dnsimplePath, "application/json", jsonOf(h.redemption(h.app, code))), 400, "invalid_grant")
}

// A token of the profile lives as long as the profile says, also where that is longer
// than a refresh token's life, and ends with the session.
func TestDNSimpleLifetime(t *testing.T) {
	const day = 24 * time.Hour
	for name, test := range map[string]struct{ ttl, lives time.Duration }{
		"as it says":       {90 * day, 90 * day},
		"with its session": {2 * 365 * day, 365*day - time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, func(cfg *flow.Config) { cfg.DNSimple = &flow.DNSimpleProfile{AccessTokenTTL: test.ttl} })
			code := h.code(request(h.app), "1")
			h.clock.advance(time.Minute)
			granted := h.granted(h.post(dnsimplePath, h.redemption(h.app, code)))
			require.EqualValues(t, test.lives/time.Second, granted.ExpiresIn)
			h.clock.advance(test.lives - time.Microsecond)
			require.True(t, h.accepts(granted.AccessToken))
			h.clock.advance(time.Microsecond)
			require.False(t, h.accepts(granted.AccessToken))
		})
	}
}

func TestDNSimpleAccountID(t *testing.T) {
	h := newHost(t)
	for id, want := range map[string]string{
		"0": "0", "7": "7", "2147483648": "2147483648", "9007199254740991": "9007199254740991",
		"9007199254740992": `"9007199254740992"`, "9007199254740993": `"9007199254740993"`, "9223372036854775807": `"9223372036854775807"`,
		"9223372036854775808": `"9223372036854775808"`, "-1": `"-1"`, "+1": `"+1"`, "01": `"01"`, "1e3": `"1e3"`, "acme": `"acme"`, `a"b`: `"a\"b"`,
	} {
		h.user.Accounts = []flow.Account{{ID: id, Name: "Account"}}
		w := h.post(dnsimplePath, h.redemption(h.app, h.code(request(h.app), id)))
		var answer map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
		require.Equal(t, want, string(answer["account_id"]))
	}
}

func TestDNSimpleIsOffUnlessAskedFor(t *testing.T) {
	h := newHost(t, func(cfg *flow.Config) { cfg.DNSimple = nil })
	require.Equal(t, http.StatusNotFound, h.post(dnsimplePath, h.redemption(h.app, h.code(request(h.app), "1"))).Code)
}
