package flow_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// What is wrong with the client or its redirect URI is told on a page, whatever
// else is wrong, whether or not somebody is signed in.
func TestRefusalsOnPage(t *testing.T) {
	h := newHost(t)
	for name, query := range map[string]string{
		"no client_id":             request(h.app, "client_id", "").Encode(),
		"unknown client_id":        request(h.app, "client_id", "nobody").Encode(),
		"client_id with markup":    request(h.app, "client_id", `"><svg onload=alert(1)>`).Encode(),
		"client_id with NUL":       request(h.app, "client_id", "a\x00b").Encode(),
		"client_id far too long":   request(h.app, "client_id", strings.Repeat("a", 20000)).Encode(),
		"client_id twice":          request(h.app).Encode() + "&client_id=" + h.app.ClientID,
		"client_id twice, empty":   request(h.app).Encode() + "&client_id=",
		"redirect_uri of another":  request(h.app, "redirect_uri", "https://evil.example/").Encode(),
		"redirect_uri with query":  request(h.app, "redirect_uri", callback+"?x=1").Encode(),
		"redirect_uri in caps":     request(h.app, "redirect_uri", "https://client.example/CALLBACK").Encode(),
		"redirect_uri below":       request(h.app, "redirect_uri", callback+"/x").Encode(),
		"redirect_uri fragment":    request(h.app, "redirect_uri", callback+"#").Encode(),
		"redirect_uri javascript":  request(h.app, "redirect_uri", "javascript:alert(1)").Encode(),
		"redirect_uri twice":       request(h.app).Encode() + "&redirect_uri=" + url.QueryEscape(callback),
		"redirect_uri and scope":   request(h.app, "redirect_uri", "https://evil.example/", "scope", "zzz").Encode(),
		"redirect_uri and type":    request(h.app, "redirect_uri", "https://evil.example/", "response_type", "token").Encode(),
		"redirect_uri and prompt":  request(h.app, "redirect_uri", "https://evil.example/", "prompt", "none").Encode(),
		"malformed escape":         request(h.app, "state", "").Encode() + "&state=%zz",
		"far too long":             request(h.app, "state", strings.Repeat("s", 100_000)).Encode(),
		"redirect_uri with CRLF":   request(h.app, "redirect_uri", callback+"\r\nX: y").Encode(),
		"redirect_uri of any type": "redirect_uri=" + url.QueryEscape(callback),
	} {
		t.Run(name, func(t *testing.T) {
			for _, user := range []*flow.User{nil, alice()} {
				h.user = user
				w := h.get("/oauth/authorize?" + query)
				requirePage(t, w, http.StatusBadRequest)
				require.NotContains(t, w.Body.String(), `="https://evil.example`, "no link")
				require.NotContains(t, w.Body.String(), "<svg")
			}
		})
	}
	require.NotContains(t, h.store.counted(), "BeginSession")
}

// A program that asks for JSON is told in JSON what is wrong, as far as that
// can be told before anybody has signed in, and is redirected to no client.
func TestRefusalsInJSON(t *testing.T) {
	h := newHost(t)
	open := func(query, accept string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "https://id.example/oauth/authorize?"+query, nil)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	nobody := request(h.app, "client_id", "nobody").Encode()
	h.suspend(h.public, true)
	for _, h.user = range []*flow.User{nil, alice()} {
		for query, code := range map[string]string{
			nobody:                     flow.UnauthorizedClient,
			request(h.public).Encode(): flow.UnauthorizedClient,
			request(h.app, "redirect_uri", "https://evil.example/").Encode(): flow.InvalidRequest,
		} {
			w := open(query, "application/json")
			requireError(t, w, http.StatusBadRequest, code)
			require.Contains(t, w.Header().Values("Vary"), "Accept")
		}
		for _, accept := range []string{"text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8", "*/*", ""} {
			requirePage(t, open(nobody, accept), http.StatusBadRequest)
		}
	}
	h.user = nil
	requireError(t, open(request(h.app, "scope", "zzz").Encode(), "application/json"), http.StatusBadRequest, flow.InvalidScope)
	w := open(request(h.app).Encode(), "application/json")
	require.Equal(t, http.StatusSeeOther, w.Code, w.Body.String())
	require.Contains(t, w.Header().Get("Location"), "/login")

	h.store.fail(errBroken, "Client")
	requireOutage(t, open(nobody, "application/json"))
}

// The page of a redirect URI that is not registered shows it, as text that is
// bounded and hides nothing, beside what to do.
func TestMismatchShowsTheRedirectURI(t *testing.T) {
	h := newHost(t)
	for received, shown := range map[string]string{
		"https://client.example/Callback":                     "<code>https://client.example/Callback</code>",
		`https://evil.example/"><svg onload=alert(1)>`:        "<code>https://evil.example/&#34;&gt;&lt;svg%20onload=alert(1)&gt;</code>",
		"https://client.example/\u202egpj":                    "<code>https://client.example/%E2%80%AEgpj</code>",
		"https://client.example/" + strings.Repeat("a", 5000): "<code>https://client.example/" + strings.Repeat("a", 277) + "…</code>",
	} {
		body := h.open(request(h.app, "redirect_uri", received)).Body.String()
		require.Contains(t, body, shown)
		require.Contains(t, body, "add this one to them")
	}
	require.NotContains(t, h.open(request(h.app, "client_id", "nobody")).Body.String(), "Received")
}

func TestRedirectURILeftOut(t *testing.T) {
	h := newHost(t)
	params := request(h.app, "redirect_uri", "", "redirect_url", "https://misspelt.example/")
	w := h.decide(h.open(params), "authorize", "1")
	require.True(t, strings.HasPrefix(w.Header().Get("Location"), callback+"?"))
	h.answer(w)

	_, err := h.Registry().Update(t.Context(), oauthapp.AnyOwner, h.app.ID, oauthapp.Registration{
		Name: "Client", HomepageURL: "https://client.example",
		CallbackURLs: []string{callback, "https://client.example/other"},
	})
	require.NoError(t, err)
	requirePage(t, h.open(params), http.StatusBadRequest)
}

// Whoever is not signed in is sent to sign in, before anything is redirected to
// a client, and comes back to the very same request.
func TestSignInFirst(t *testing.T) {
	h := newHost(t)
	for name, query := range map[string]string{
		"good request":      request(h.app).Encode(),
		"unknown scope":     request(h.app, "scope", "zzz").Encode(),
		"implicit":          request(h.app, "response_type", "token").Encode(),
		"no response_type":  request(h.app, "response_type", "").Encode(),
		"state twice":       request(h.app).Encode() + "&state=other",
		"request object":    request(h.app, "request", "x.y.z").Encode(),
		"difficult state":   request(h.app, "state", "a&b=c#d%20e+f\"<x>\xff\x00\r\né").Encode(),
		"unknown parameter": request(h.app, "nonce", "none").Encode(),
		"unknown prompt":    request(h.app, "prompt", "create").Encode(),
		"none and more":     request(h.app, "prompt", "none login").Encode(),
		"malformed max_age": request(h.app, "max_age", "-1").Encode(),
		"for the login":     request(h.app, "login_hint", "a+b@example.com", "ui_locales", "fr-CA fr").Encode(),
	} {
		t.Run(name, func(t *testing.T) {
			h.user = nil
			w := h.get("/oauth/authorize?" + query)
			require.Equal(t, http.StatusSeeOther, w.Code)
			login, err := url.Parse(w.Header().Get("Location"))
			require.NoError(t, err)
			require.Equal(t, "/login", login.Path)
			returnTo := login.Query().Get("return_to")
			require.True(t, strings.HasPrefix(returnTo, "/oauth/authorize?"))

			h.user = alice()
			direct, back := h.get("/oauth/authorize?"+query), h.get(returnTo)
			require.Equal(t, direct.Code, back.Code)
			require.Equal(t, direct.Header().Get("Location"), back.Header().Get("Location"))
		})
	}
}

func TestRefusalsByRedirect(t *testing.T) {
	h := newHost(t)
	for name, test := range map[string]struct {
		query string
		code  string
	}{
		"no response_type":          {request(h.app, "response_type", "").Encode(), "invalid_request"},
		"empty response_type":       {request(h.app, "response_type", "").Encode() + "&response_type=", "invalid_request"},
		"response_type token":       {request(h.app, "response_type", "token").Encode(), "unsupported_response_type"},
		"response_type id_token":    {request(h.app, "response_type", "id_token").Encode(), "unsupported_response_type"},
		"response_type code token":  {request(h.app, "response_type", "code token").Encode(), "unsupported_response_type"},
		"response_type none":        {request(h.app, "response_type", "none").Encode(), "unsupported_response_type"},
		"response_type Code":        {request(h.app, "response_type", "Code").Encode(), "unsupported_response_type"},
		"response_type code code":   {request(h.app, "response_type", "code code").Encode(), "unsupported_response_type"},
		"response_type twice":       {request(h.app).Encode() + "&response_type=code", "invalid_request"},
		"response_mode fragment":    {request(h.app, "response_mode", "fragment").Encode(), "invalid_request"},
		"response_mode form_post":   {request(h.app, "response_mode", "form_post").Encode(), "invalid_request"},
		"response_mode junk":        {request(h.app, "response_mode", "junk").Encode(), "invalid_request"},
		"scope unknown":             {request(h.app, "scope", "read zzz").Encode(), "invalid_scope"},
		"scope in caps":             {request(h.app, "scope", "READ").Encode(), "invalid_scope"},
		"scope twice":               {request(h.app).Encode() + "&scope=read", "invalid_request"},
		"scope with quotes":         {request(h.app, "scope", "\"\\é\x00\r\n<x>").Encode(), "invalid_scope"},
		"scopes not by a space":     {request(h.app, "scope", "read\u00a0write").Encode(), "invalid_scope"},
		"scopes by a tab":           {request(h.app, "scope", "read\twrite").Encode(), "invalid_scope"},
		"prompt none and unknown":   {request(h.app, "prompt", "none create").Encode(), "invalid_request"},
		"prompt in caps":            {request(h.app, "prompt", "Login").Encode(), "invalid_request"},
		"prompt none and login":     {request(h.app, "prompt", "none login").Encode(), "invalid_request"},
		"prompt consent and none":   {request(h.app, "prompt", "consent none").Encode(), "invalid_request"},
		"prompt twice":              {request(h.app, "prompt", "login").Encode() + "&prompt=none", "invalid_request"},
		"max_age negative":          {request(h.app, "max_age", "-1").Encode(), "invalid_request"},
		"max_age with a unit":       {request(h.app, "max_age", "1h").Encode(), "invalid_request"},
		"max_age beyond numbers":    {request(h.app, "max_age", strings.Repeat("9", 30)).Encode(), "invalid_request"},
		"max_age twice":             {request(h.app, "max_age", "1").Encode() + "&max_age=2", "invalid_request"},
		"login_hint twice":          {request(h.app, "login_hint", "a").Encode() + "&login_hint=b", "invalid_request"},
		"request":                   {request(h.app, "request", "x.y.z").Encode(), "request_not_supported"},
		"request_uri":               {request(h.app, "request_uri", "http://127.0.0.1:1/").Encode(), "request_uri_not_supported"},
		"plain":                     {request(h.app, "code_challenge_method", "plain").Encode(), "invalid_request"},
		"s256":                      {request(h.app, "code_challenge_method", "s256").Encode(), "invalid_request"},
		"challenge without method":  {request(h.app, "code_challenge_method", "").Encode(), "invalid_request"},
		"method without challenge":  {request(h.app, "code_challenge", "").Encode(), "invalid_request"},
		"challenge short":           {request(h.app, "code_challenge", "abc").Encode(), "invalid_request"},
		"challenge padded":          {request(h.app, "code_challenge", challenge[:42]+"=").Encode(), "invalid_request"},
		"challenge long":            {request(h.app, "code_challenge", challenge+"a").Encode(), "invalid_request"},
		"challenge not URL-safe":    {request(h.app, "code_challenge", challenge[:41]+"+/").Encode(), "invalid_request"},
		"challenge twice":           {request(h.app).Encode() + "&code_challenge=" + challenge, "invalid_request"},
		"challenge method twice":    {request(h.app).Encode() + "&code_challenge_method=S256", "invalid_request"},
		"public without challenge":  {request(h.public, "code_challenge", "", "code_challenge_method", "").Encode(), "invalid_request"},
		"public, empty challenge":   {request(h.public, "code_challenge", "", "code_challenge_method", "").Encode() + "&code_challenge=", "invalid_request"},
		"account of somebody else":  {request(h.app, "account_id", "3").Encode(), "invalid_request"},
		"account_id twice":          {request(h.app, "account_id", "1").Encode() + "&account_id=2", "invalid_request"},
		"state with everything bad": {request(h.app, "scope", "zzz", "response_type", "", "code_challenge", "x").Encode(), "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := h.answer(h.get("/oauth/authorize?" + test.query))
			require.Equal(t, test.code, answer.Get("error"))
			require.Regexp(t, `^[\x20-\x21\x23-\x5B\x5D-\x7E]+$`, answer.Get("error_description"))
			require.Equal(t, "the-state", answer.Get("state"))
			require.NotContains(t, answer.Get("error_description"), challenge)
		})
	}
	t.Run("state twice", func(t *testing.T) {
		answer := h.answer(h.get("/oauth/authorize?" + request(h.app).Encode() + "&state=other"))
		require.Equal(t, "invalid_request", answer.Get("error"))
		require.False(t, answer.Has("state"))
	})
	require.NotContains(t, h.store.counted(), "BeginSession")
}

func TestPKCEForEveryClient(t *testing.T) {
	h := newHost(t, func(cfg *flow.Config) { cfg.RequirePKCE = true })
	answer := h.answer(h.open(request(h.app, "code_challenge", "", "code_challenge_method", "")))
	require.Equal(t, "invalid_request", answer.Get("error"))
	h.tokens(h.redemption(h.app, h.code(request(h.app), "1")))
}

func TestRestrictedApplication(t *testing.T) {
	h := newHost(t)
	_, err := h.Registry().Update(t.Context(), oauthapp.AnyOwner, h.app.ID, oauthapp.Registration{
		Name: "Client", HomepageURL: "https://client.example", CallbackURLs: []string{callback}, Scopes: []string{"write"},
	})
	require.NoError(t, err)
	require.Equal(t, "invalid_scope", h.answer(h.open(request(h.app))).Get("error"), "not allowed")
	require.Equal(t, "invalid_scope", h.answer(h.open(request(h.app, "scope", ""))).Get("error"), "no default allowed")
	granted := h.tokens(h.redemption(h.app, h.code(request(h.app, "scope", "write"), "1")))
	require.Equal(t, "write", granted.Scope)
}

// The state comes back byte for byte, once, whatever it is; and not at all if
// there was none.
func TestStateEchoed(t *testing.T) {
	h := newHost(t)
	for _, state := range []string{"x", "a&b=c#d%20e+f\"<x>", "é日本\U0001F600", strings.Repeat("s", 2048), "\x00\r\nSet-Cookie: a=b", "\xff\xfe", " "} {
		require.Equal(t, state, h.answer(h.decide(h.open(request(h.app, "state", state)), "authorize", "1")).Get("state"))
		require.Equal(t, state, h.answer(h.decide(h.open(request(h.app, "state", state)), "deny", "1")).Get("state"))
		require.Equal(t, state, h.answer(h.open(request(h.app, "state", state, "scope", "zzz"))).Get("state"))
	}
	for _, query := range []string{request(h.app, "state", "").Encode(), request(h.app, "state", "").Encode() + "&state="} {
		require.False(t, h.answer(h.decide(h.get("/oauth/authorize?"+query), "authorize", "1")).Has("state"))
		require.False(t, h.answer(h.get("/oauth/authorize?scope=zzz&"+strings.Replace(query, "scope=read", "", 1))).Has("state"))
	}
}

// The query of a callback URL is kept, byte for byte.
func TestCallbackWithQuery(t *testing.T) {
	h := newHost(t)
	registered := "https://client.example/cb?a=1&b=%2F+c&b=2"
	_, err := h.Registry().Update(t.Context(), oauthapp.AnyOwner, h.app.ID, oauthapp.Registration{
		Name: "Client", HomepageURL: "https://client.example", CallbackURLs: []string{registered},
	})
	require.NoError(t, err)
	w := h.decide(h.open(request(h.app, "redirect_uri", registered)), "authorize", "1")
	location, added := strings.CutPrefix(w.Header().Get("Location"), registered+"&code=")
	require.True(t, added, location)
	w = h.open(request(h.app, "redirect_uri", registered, "scope", "zzz"))
	require.True(t, strings.HasPrefix(w.Header().Get("Location"), registered+"&error=invalid_scope&"))
}

func TestUnknownParametersIgnored(t *testing.T) {
	h := newHost(t)
	params := request(h.app, "approval_prompt", "force", "hd", "x", "nonce", "n", "response_mode", "query", "registration", "{}", "audience", "a")
	h.tokens(h.redemption(h.app, h.code(params, "1")))

	ignored := "&x=%zz&x=%ff&%=%00&x;y=\"&client_id;=1&ticket=1&decision=deny&client%69d=2&" + strings.Repeat("x&", 10_000)
	state := request(h.app, "state", "a;b=c").Encode()
	for _, query := range []string{ignored + state, state + ignored, strings.ReplaceAll(state, "%3B", ";") + ignored} {
		byPost := httptest.NewRequest(http.MethodPost, "https://id.example/oauth/authorize?x=%zz;&x", strings.NewReader(query))
		byPost.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=")
		posted := httptest.NewRecorder()
		h.ServeHTTP(posted, byPost)
		for _, page := range []*httptest.ResponseRecorder{h.get("/oauth/authorize?" + query), posted} {
			answer := h.answer(h.decide(page, "authorize", "1"))
			require.Equal(t, "a;b=c", answer.Get("state"))
			h.tokens(h.redemption(h.app, answer.Get("code")))
		}
	}
}

func TestLoopbackAndPrivateUseRedirects(t *testing.T) {
	h := newHost(t)
	_, err := h.Registry().Update(t.Context(), oauthapp.AnyOwner, h.public.ID, oauthapp.Registration{
		Name: "Native", HomepageURL: "https://client.example",
		CallbackURLs: []string{"http://127.0.0.1/cb", "http://[::1]/cb", "http://localhost/cb", "com.example.app:/cb"},
	})
	require.NoError(t, err)
	for _, redirectURI := range []string{"http://127.0.0.1:49152/cb", "http://[::1]:49152/cb", "http://localhost:49152/cb", "com.example.app:/cb"} {
		w := h.decide(h.open(request(h.public, "redirect_uri", redirectURI)), "authorize", "1")
		require.True(t, strings.HasPrefix(w.Header().Get("Location"), redirectURI+"?code="), w.Header().Get("Location"))
		code := h.answer(w).Get("code")
		requireError(t, h.post("/oauth/token", h.redemption(h.public, code, "redirect_uri", "http://127.0.0.1:1/cb")), 400, "invalid_grant")
		h.tokens(h.redemption(h.public, code, "redirect_uri", redirectURI))
	}

	_, err = h.Registry().Update(t.Context(), oauthapp.AnyOwner, h.app.ID, oauthapp.Registration{
		Name: "Client", HomepageURL: "https://client.example", CallbackURLs: []string{"http://127.0.0.1/cb", "http://localhost:3000/cb"},
	})
	require.NoError(t, err)
	h.answer(h.decide(h.open(request(h.app, "redirect_uri", "http://127.0.0.1:49152/cb")), "authorize", "1"))
	h.answer(h.decide(h.open(request(h.app, "redirect_uri", "http://localhost:3000/cb")), "authorize", "1"))
	requirePage(t, h.open(request(h.app, "redirect_uri", "http://localhost:49152/cb")), http.StatusBadRequest)
}

// An authorization request may come as a form (RFC 6749, section 3.1); to sign
// in it becomes a URL.
func TestAuthorizationRequestByPost(t *testing.T) {
	h := newHost(t)
	w := h.decide(h.post("/oauth/authorize", request(h.app)), "authorize", "1")
	h.tokens(h.redemption(h.app, h.answer(w).Get("code")))

	h.user = bob()
	h.code(request(h.app), "3")
	h.answer(h.open(request(h.app))) // remembered
	require.NotEmpty(t, h.form(h.post("/oauth/authorize", request(h.app))), "a POST always asks")

	// A cookie that is SameSite=Lax does not come with a POST of another site,
	// and with the GET that follows: nobody is asked to sign in twice.
	h.user = nil
	w = h.post("/oauth/authorize", request(h.app))
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "/oauth/authorize?"+request(h.app).Encode(), w.Header().Get("Location"))
	require.Contains(t, h.get(w.Header().Get("Location")).Header().Get("Location"), "return_to=%2Foauth%2Fauthorize%3F")

	h.user = alice()
	requirePage(t, h.post("/oauth/authorize?scope=write", request(h.app)), http.StatusBadRequest)
	requirePage(t, h.post("/oauth/authorize", request(h.app), header("Content-Type", "text/plain")), http.StatusBadRequest)
	requirePage(t, h.post("/oauth/authorize", request(h.app, "state", strings.Repeat("s", 100_000))), http.StatusRequestEntityTooLarge)
	require.Equal(t, "invalid_scope", h.answer(h.post("/oauth/authorize", request(h.app, "scope", "zzz"))).Get("error"))
}

// Looking never grants.
func TestNothingGrantedByLooking(t *testing.T) {
	h := newHost(t)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "https://id.example/oauth/authorize?"+request(h.app).Encode(), nil))
		require.Equal(t, http.StatusOK, w.Code)
		require.Empty(t, w.Header().Get("Location"))
	}
	h.user = bob()
	h.code(request(h.app), "3")
	h.store.reset()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodHead, "https://id.example/oauth/authorize?"+request(h.app).Encode(), nil))
	require.Equal(t, http.StatusOK, w.Code, "not even where consent is remembered")
	require.Empty(t, w.Body.String())
	require.NotContains(t, h.store.counted(), "BeginSession")
}

func TestAuthorizeMethods(t *testing.T) {
	h := newHost(t)
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodTrace} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(method, "https://id.example/oauth/authorize?"+request(h.app).Encode(), nil)
		r.Header.Set("Origin", "https://client.example")
		h.ServeHTTP(w, r)
		require.Equal(t, http.StatusMethodNotAllowed, w.Code)
		require.Equal(t, "GET, HEAD, POST", w.Header().Get("Allow"))
		require.Empty(t, w.Header().Get("Access-Control-Allow-Origin"))
	}
}

// A failure of the store or the host is a 503 page: neither a code nor an error
// that the client would take for an answer.
func TestAuthorizeOutages(t *testing.T) {
	h := newHost(t)
	page := h.open(request(h.app))
	for name, test := range map[string]struct {
		methods []string
		serve   func() *httptest.ResponseRecorder
	}{
		"finding the client":  {[]string{"Client"}, func() *httptest.ResponseRecorder { return h.open(request(h.app)) }},
		"finding grants":      {[]string{"Grants"}, func() *httptest.ResponseRecorder { return h.open(request(h.app)) }},
		"client of the form":  {[]string{"Client"}, func() *httptest.ResponseRecorder { return h.decide(page, "authorize", "1") }},
		"denying":             {[]string{"Client"}, func() *httptest.ResponseRecorder { return h.decide(page, "deny", "1") }},
		"beginning a session": {[]string{"BeginSession"}, func() *httptest.ResponseRecorder { return h.decide(page, "authorize", "1") }},
	} {
		t.Run(name, func(t *testing.T) {
			for _, err := range []error{errBroken, errClosed, store.ErrExists} {
				h.store.fail(err, test.methods...)
				requirePage(t, test.serve(), http.StatusServiceUnavailable)
				h.store.reset()
			}
		})
	}
	t.Run("who is signed in", func(t *testing.T) {
		h.userErr = errBroken
		requirePage(t, h.open(request(h.app)), http.StatusServiceUnavailable)
		requirePage(t, h.decide(page, "authorize", "1"), http.StatusServiceUnavailable)
		h.userErr = nil
	})
	t.Run("owner's name", func(t *testing.T) {
		h := newHost(t, func(cfg *flow.Config) { cfg.Pages.AccountName = broken })
		requirePage(t, h.open(request(h.app)), http.StatusServiceUnavailable)
	})
	require.Contains(t, h.log.String(), "flow: Config.CurrentUser: "+errBroken.Error(), "the operator is told")
}

// An application that is deleted while its user decides is unknown, not an
// outage.
func TestApplicationDeletedMeanwhile(t *testing.T) {
	h := newHost(t)
	page := h.open(request(h.app))
	h.store.fail(store.ErrNotFound, "BeginSession")
	requirePage(t, h.decide(page, "authorize", "1"), http.StatusBadRequest)
	h.store.reset()
	require.NoError(t, h.Registry().Delete(t.Context(), oauthapp.AnyOwner, h.app.ID))
	requirePage(t, h.decide(page, "authorize", "1"), http.StatusBadRequest)
	requirePage(t, h.open(request(h.app)), http.StatusBadRequest)
}

func TestRememberedConsentInAnOutage(t *testing.T) {
	h := newHost(t)
	h.code(request(h.app), "2")
	for _, err := range []error{errBroken, errClosed, store.ErrExists} {
		h.store.fail(err, "BeginSession")
		requirePage(t, h.open(request(h.app, "account_id", "2")), http.StatusServiceUnavailable)
		h.store.reset()
	}
	h.answer(h.open(request(h.app, "account_id", "2")))
}

// A whole authorization takes four calls of the store where the user consented
// before: two for the request, and two for the exchange of the code. Uses are
// noted once in five minutes.
func TestAuthorizeRoundTrips(t *testing.T) {
	h := newHost(t)
	page := h.open(request(h.app))
	h.store.reset()
	h.decide(page, "authorize", "1")
	require.Equal(t, map[string]int{"Client": 1, "BeginSession": 1}, h.store.counted())
	for _, wait := range []time.Duration{0, 5*time.Minute - time.Microsecond, time.Microsecond, 0} {
		h.clock.advance(wait)
		h.store.reset()
		code := h.answer(h.open(request(h.app, "account_id", "1"))).Get("code")
		want := map[string]int{"Client": 1, "BeginSession": 1}
		if wait == time.Microsecond {
			want["Touch"] = 1
		}
		require.Equal(t, want, h.store.counted())
		h.store.reset()
		h.tokens(h.redemption(h.app, code))
		require.Equal(t, 1, h.store.counted()["Client"])
		require.Equal(t, 1, h.store.counted()["RedeemCode"])
	}
	grants, err := h.Registry().Grants(t.Context(), oauthapp.GrantsOfUser("1"), oauthapp.Page{})
	require.NoError(t, err)
	require.Equal(t, h.clock.Now(), grants.Items[0].LastUsedAt)
}

func broken(context.Context, string) (string, error) { return "", errBroken }

// FuzzAuthorize sends anything to the authorization endpoint: it answers with a
// page or a redirect to the one registered callback URL, and never fails.
func FuzzAuthorize(f *testing.F) {
	h := newHost(f)
	id := "client_id=" + h.app.ClientID
	for _, query := range []string{
		request(h.app).Encode(), id, id + "&response_type=code", id + "&redirect_uri=" + url.QueryEscape(callback),
		id + "&state=%00%ff&scope=%22", id + "&code_challenge=" + challenge, "%zz", "a;b", id + "&request=x", "client_id=%ff", "=&=&&",
		id + "&response_type=code&account_id=2&scope=read+write", strings.Repeat("a=b&", 100),
	} {
		f.Add(query)
	}
	allowed := []int{http.StatusOK, http.StatusSeeOther, http.StatusBadRequest}
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest(http.MethodGet, "https://id.example/oauth/authorize", nil)
		r.URL.RawQuery = query
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.True(t, slices.Contains(allowed, w.Code), w.Code)
		if location := w.Header().Get("Location"); location != "" {
			require.True(t, strings.HasPrefix(location, callback+"?error="), location)
		}
		post := httptest.NewRequest(http.MethodPost, "https://id.example/oauth/authorize", strings.NewReader(query))
		post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w = httptest.NewRecorder()
		h.ServeHTTP(w, post)
		require.True(t, slices.Contains(append(allowed, http.StatusForbidden), w.Code), w.Code)
	})
}
