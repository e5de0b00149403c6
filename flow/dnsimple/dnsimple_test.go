package dnsimple_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dnsimple"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

const callback = "https://client.example/callback"

var verifier = strings.Repeat("verifier-~.", 4)

// A host is a service with a signed-in user in front of a browser.
type host struct {
	*flowtest.Provider
	t        *testing.T
	now      time.Time
	accounts []flow.Account
	app      oauthapp.Application // confidential
	public   oauthapp.Application
}

func newHost(t *testing.T, extensions ...flow.Extension) *host {
	h := &host{t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), accounts: []flow.Account{{ID: "1", Name: "Alice"}, {ID: "2", Name: "Acme Inc"}}}
	h.Provider = flowtest.New(t, flow.Config{
		Issuer: "https://id.example",
		CurrentUser: func(*http.Request) (*flow.User, error) {
			return &flow.User{ID: "1", Name: "alice@example.com", Session: "session", Accounts: h.accounts}, nil
		},
		Now:        func() time.Time { return h.now },
		Extensions: extensions,
	})
	h.app = h.Application
	var err error
	h.public, _, err = h.Registry().Register(t.Context(), "developer", oauthapp.Registration{
		Name: "Client", HomepageURL: "https://client.example", CallbackURLs: []string{callback}, Type: oauthapp.Public,
	})
	require.NoError(t, err)
	return h
}

func change(params url.Values, pairs ...string) url.Values {
	for i := 0; i < len(pairs); i += 2 {
		params.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			params.Del(pairs[i])
		}
	}
	return params
}

// request is an authorization request, changed by pairs; "" removes a
// parameter.
func request(app oauthapp.Application, pairs ...string) url.Values {
	sum := sha256.Sum256([]byte(verifier))
	return change(url.Values{
		"client_id": {app.ClientID}, "response_type": {"code"}, "redirect_uri": {callback}, "scope": {"read"}, "state": {"the-state"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}, pairs...)
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)"`)

// code lets the user authorize a request for an account and returns the code.
func (h *host) code(params url.Values, account string) string {
	h.t.Helper()
	page := httptest.NewRecorder()
	h.ServeHTTP(page, httptest.NewRequest(http.MethodGet, "https://id.example/oauth/authorize?"+params.Encode(), nil))
	form := url.Values{"decision": {"authorize"}, "account_id": {account}}
	for _, match := range hiddenField.FindAllStringSubmatch(page.Body.String(), -1) {
		form.Set(match[1], html.UnescapeString(match[2]))
	}
	answer := h.send("/oauth/authorize", "application/x-www-form-urlencoded", form.Encode())
	location, err := url.Parse(answer.Header().Get("Location"))
	require.NoError(h.t, err)
	code := location.Query().Get("code")
	require.NotEmpty(h.t, code, answer.Body.String())
	return code
}

// redemption is the token request for a code of request(app).
func (h *host) redemption(app oauthapp.Application, code string, pairs ...string) url.Values {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}, "client_id": {app.ClientID},
	}
	if app.Type == oauthapp.Confidential {
		form.Set("client_secret", h.ClientSecret)
	}
	return change(form, pairs...)
}

func (h *host) send(path, contentType, body string, edit ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "https://id.example"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	for _, e := range edit {
		e(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// postRaw sends a body to the token endpoint as it is.
func (h *host) postRaw(path, contentType, body string, edit ...func(*http.Request)) *httptest.ResponseRecorder {
	h.t.Helper()
	w := h.send(path, contentType, body, edit...)
	require.Equal(h.t, "no-cache", w.Header().Get("Pragma")) // whatever the answer
	require.Equal(h.t, "no-store", w.Header().Get("Cache-Control"))
	return w
}

func (h *host) postForm(path string, form url.Values) *httptest.ResponseRecorder {
	return h.send(path, "application/x-www-form-urlencoded", form.Encode())
}

func authorization(value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", value) }
}

func jsonOf(form url.Values) string {
	object := map[string]string{}
	for name := range form {
		object[name] = form.Get(name)
	}
	b, _ := json.Marshal(object)
	return string(b)
}

// grantedTokens are a successful answer.
type grantedTokens struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
	Scope        string `json:"scope"`
}

func (h *host) granted(w *httptest.ResponseRecorder) (granted grantedTokens) {
	h.t.Helper()
	require.Equal(h.t, http.StatusOK, w.Code, w.Body.String())
	require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &granted))
	require.Equal(h.t, "Bearer", granted.TokenType)
	return granted
}

// accepts reports whether an API of the service accepts an access token.
func (h *host) accepts(token string) bool {
	r := httptest.NewRequest(http.MethodGet, "https://id.example/api", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	_, err := h.Authenticate(r, flow.Guard{})
	return err == nil
}

// alter changes one character in the middle of a credential.
func alter(credential string) string {
	b := []byte(credential)
	b[len(b)/2] ^= 1
	return string(b)
}

func requireError(t *testing.T, w *httptest.ResponseRecorder, status int, code string) {
	t.Helper()
	require.Equal(t, status, w.Code, w.Body.String())
	var body map[string]string
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body), w.Body.String())
	require.Equal(t, code, body["error"])
	require.Equal(t, status == http.StatusUnauthorized, w.Header().Get("WWW-Authenticate") != "")
}

// TestClients sends what published clients send.
func TestClients(t *testing.T) {
	h := newHost(t, dnsimple.New(dnsimple.Config{}))
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
		"JSON with a meaningless token": {h.app, plain, []string{"code_verifier", "", "state", "the-state"}, "application/json", jsonOf, authorization("Bearer undefined")},
		"JSON with an empty token":      {h.app, plain, []string{"code_verifier", "", "state", "the-state"}, "application/json", jsonOf, authorization("Bearer ")},
		"form":                          {h.app, plain, []string{"code_verifier", "", "state", "the-state"}, "application/x-www-form-urlencoded", url.Values.Encode, func(*http.Request) {}},
		"form labelled JSON": {h.app, append(plain, "redirect_uri", "", "redirect_url", callback),
			[]string{"code_verifier", "", "state", "the-state"}, "application/json", url.Values.Encode, func(*http.Request) {}},
		"state in one request only": {h.app, append(plain, "state", ""), []string{"code_verifier", "", "state", "x"}, "application/json", jsonOf, func(*http.Request) {}},
	} {
		t.Run(name, func(t *testing.T) {
			code := h.code(request(test.app, test.authorize...), "2")
			w := h.postRaw(dnsimple.Path, test.contentType, test.body(h.redemption(test.app, code, test.pairs...)), test.edit)
			granted := h.granted(w)
			require.Empty(t, granted.RefreshToken)
			require.Equal(t, "read", granted.Scope)
			require.EqualValues(t, 30*24*3600, granted.ExpiresIn)
			require.True(t, h.accepts(granted.AccessToken))
			require.Contains(t, w.Body.String(), `"account_id":2}`)
		})
	}
}

func TestRefusals(t *testing.T) {
	h := newHost(t, dnsimple.New(dnsimple.Config{}))
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
			requireError(t, h.postRaw(dnsimple.Path, "application/json", jsonOf(h.redemption(h.app, code, test.pairs...))), test.status, test.code)
		})
	}
	t.Run("wrong state", func(t *testing.T) {
		w := h.postRaw(dnsimple.Path, "application/json", jsonOf(h.redemption(h.app, code, "state", "other")))
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
			requireError(t, h.postRaw(dnsimple.Path, "application/json", body), 400, "invalid_request")
		})
	}
	h.granted(h.postRaw(dnsimple.Path, "application/json", jsonOf(h.redemption(h.app, code, "state", "the-state"))))
	requireError(t, h.postRaw(dnsimple.Path, "application/json", jsonOf(h.redemption(h.app, code))), 400, "invalid_grant")
}

// A token of the profile lives as long as the profile says, also where that is
// longer than a refresh token's life, and ends with the session.
func TestLifetime(t *testing.T) {
	const day = 24 * time.Hour
	for name, test := range map[string]struct{ ttl, lives time.Duration }{
		"as it says":       {90 * day, 90 * day},
		"with its session": {2 * 365 * day, 365*day - time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, dnsimple.New(dnsimple.Config{AccessTokenTTL: test.ttl}))
			code := h.code(request(h.app), "1")
			h.now = h.now.Add(time.Minute)
			granted := h.granted(h.postForm(dnsimple.Path, h.redemption(h.app, code)))
			require.EqualValues(t, test.lives/time.Second, granted.ExpiresIn)
			h.now = h.now.Add(test.lives - time.Microsecond)
			require.True(t, h.accepts(granted.AccessToken))
			h.now = h.now.Add(time.Microsecond)
			require.False(t, h.accepts(granted.AccessToken))
		})
	}
}

// A client that names resources (RFC 8707) gets a token for them here too, in a
// form or in JSON, and one that names none a token for all that its user
// authorized.
func TestResources(t *testing.T) {
	const api, mcp, logs = "https://id.example", "https://id.example/mcp", "https://id.example/logs"
	h := newHost(t, dnsimple.New(dnsimple.Config{}))
	h.Provider = flowtest.New(t, flow.Config{
		Issuer: api,
		CurrentUser: func(*http.Request) (*flow.User, error) {
			return &flow.User{ID: "1", Session: "session", Accounts: h.accounts}, nil
		},
		Now:        func() time.Time { return h.now },
		Extensions: []flow.Extension{dnsimple.New(dnsimple.Config{})},
		Resources:  []flow.Resource{{Identifier: mcp}, {Identifier: logs}},
	})
	h.app = h.Application
	for name, test := range map[string]struct {
		asked    []string
		body     func(url.Values) string
		narrowed []string
		taken    []string // nil where the request is refused
	}{
		"none, in a form":              {nil, url.Values.Encode, nil, []string{api}},
		"one":                          {[]string{mcp}, jsonOf, nil, []string{mcp}},
		"one, named again":             {[]string{mcp}, jsonOf, []string{mcp + "/"}, []string{mcp}},
		"two":                          {[]string{mcp, logs}, jsonOf, nil, []string{mcp, logs}},
		"two, narrowed":                {[]string{mcp, logs}, jsonOf, []string{logs}, []string{logs}},
		"three, narrowed by a form":    {[]string{api, mcp, logs}, url.Values.Encode, []string{api, mcp}, []string{api, mcp}},
		"three, narrowed by an array":  {[]string{api, mcp, logs}, jsonWithArrays, []string{api, mcp}, []string{api, mcp}},
		"one that was not authorized":  {[]string{mcp}, jsonOf, []string{logs}, nil},
		"the default, not authorized":  {[]string{mcp}, jsonWithArrays, []string{api}, nil},
		"none of the service, in JSON": {nil, jsonWithArrays, []string{"https://elsewhere.example"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			asks := request(h.app)
			asks["resource"] = test.asked
			form := h.redemption(h.app, h.code(asks, "2"))
			if test.narrowed != nil {
				form["resource"] = test.narrowed
			}
			w := h.postRaw(dnsimple.Path, "application/json", test.body(form))
			if test.taken == nil {
				requireError(t, w, 400, flow.InvalidTarget)
				return
			}
			granted := h.granted(w)
			for _, resource := range []string{api, mcp, logs} {
				r := httptest.NewRequest(http.MethodGet, resource, nil)
				r.Header.Set("Authorization", "Bearer "+granted.AccessToken)
				_, err := h.Authenticate(r, flow.Guard{Resource: resource})
				require.Equal(t, slices.Contains(test.taken, resource), err == nil, resource)
			}
		})
	}
}

// jsonWithArrays is a form as a JSON object of arrays, where it may have some.
func jsonWithArrays(form url.Values) string {
	object := map[string]any{}
	for name, values := range form {
		object[name] = values[0]
		if name == "resource" {
			object[name] = values
		}
	}
	b, _ := json.Marshal(object)
	return string(b)
}

func TestAccountID(t *testing.T) {
	h := newHost(t, dnsimple.New(dnsimple.Config{}))
	for id, want := range map[string]string{
		"0": "0", "7": "7", "2147483648": "2147483648", "9007199254740991": "9007199254740991",
		"9007199254740992": `"9007199254740992"`, "9007199254740993": `"9007199254740993"`, "9223372036854775807": `"9223372036854775807"`,
		"9223372036854775808": `"9223372036854775808"`, "-1": `"-1"`, "+1": `"+1"`, "01": `"01"`, "1e3": `"1e3"`, "acme": `"acme"`, `a"b`: `"a\"b"`,
	} {
		h.accounts = []flow.Account{{ID: id, Name: "Account"}}
		w := h.postForm(dnsimple.Path, h.redemption(h.app, h.code(request(h.app), id)))
		var answer map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
		require.Equal(t, want, string(answer["account_id"]))
	}
}

func TestIsOffUnlessAskedFor(t *testing.T) {
	h := newHost(t)
	require.Equal(t, http.StatusNotFound, h.postForm(dnsimple.Path, h.redemption(h.app, h.code(request(h.app), "1"))).Code)
}

// The capability tells of its long tokens, and refuses a lifetime that is none.
func TestConfig(t *testing.T) {
	cfg := flow.Config{Extensions: []flow.Extension{dnsimple.New(dnsimple.Config{})}}
	found := false
	for _, f := range cfg.Check() {
		found = found || f.Field == "Extensions" && f.Severity == flow.Advice && strings.Contains(f.Message, "good for 30 days")
	}
	require.True(t, found)
	cfg.Extensions = []flow.Extension{dnsimple.New(dnsimple.Config{AccessTokenTTL: time.Hour})}
	for _, f := range cfg.Check() {
		require.NotEqual(t, "Extensions", f.Field)
	}

	cfg = flow.Config{
		Issuer:      "https://id.example",
		Store:       memory.New(),
		CurrentUser: func(*http.Request) (*flow.User, error) { return nil, nil },
		LoginURL:    func(string) string { return "/login" },
		Scopes:      []flow.Scope{{Name: "read", Default: true}},
		Extensions:  []flow.Extension{dnsimple.New(dnsimple.Config{AccessTokenTTL: -1})},
	}
	_, err := flow.New(cfg)
	require.EqualError(t, err, "flow: Config.Extensions: dnsimple: Config.AccessTokenTTL must be 1 second or more")
	cfg.Extensions = []flow.Extension{dnsimple.New(dnsimple.Config{}), dnsimple.New(dnsimple.Config{})}
	_, err = flow.New(cfg)
	require.EqualError(t, err, "flow: Config.Extensions: dnsimple and dnsimple both add a capability of the name dnsimple")
}
