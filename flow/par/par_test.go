package par_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/flow/par"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

const (
	callback = "https://client.example/callback"
	issuer   = "https://id.example"
)

var verifier = strings.Repeat("verifier-~.", 4)

// A host is a service of several nodes that have a store in common.
type host struct {
	*flowtest.Provider // the first node
	t                  testing.TB
	store              *recordingStore
	config             flow.Config
	now                time.Time
	authenticatedAt    time.Time
	public             oauthapp.Application
	events             []oauthapp.Event
}

func newHost(t testing.TB, cfg par.Config) *host {
	h := &host{t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), store: &recordingStore{Store: memory.New()}}
	h.config = flow.Config{
		Issuer: issuer,
		Store:  h.store,
		Keys:   [][]byte{[]byte(strings.Repeat("k", 32))},
		CurrentUser: func(r *http.Request) (*flow.User, error) {
			if _, err := r.Cookie("signed_in"); err != nil {
				return nil, nil
			}
			return &flow.User{ID: "1", Name: "alice@example.com", AuthenticatedAt: h.authenticatedAt, Accounts: []flow.Account{{ID: "1", Name: "Alice"}}}, nil
		},
		LoginURL:   func(returnTo string) string { return "/login?return_to=" + url.QueryEscape(returnTo) },
		Now:        func() time.Time { return h.now },
		Events:     func(_ context.Context, e oauthapp.Event) { h.events = append(h.events, e) },
		Extensions: []flow.Extension{par.New(cfg)},
	}
	h.Provider = flowtest.New(t, h.config)
	var err error
	h.public, _, err = h.Registry().Register(t.Context(), "developer", oauthapp.Registration{
		Name: "Public", HomepageURL: "https://client.example", CallbackURLs: []string{callback}, Type: oauthapp.Public,
	})
	require.NoError(t, err)
	return h
}

// node returns another node of the service, or the same after a restart.
func (h *host) node() http.Handler { return flowtest.New(h.t, h.config) }

func change(params url.Values, pairs ...string) url.Values {
	for i := 0; i < len(pairs); i += 2 {
		params.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			params.Del(pairs[i])
		}
	}
	return params
}

// request is a pushed authorization request, changed by pairs; "" removes a
// parameter.
func (h *host) request(app oauthapp.Application, pairs ...string) url.Values {
	sum := sha256.Sum256([]byte(verifier))
	params := url.Values{
		"client_id": {app.ClientID}, "response_type": {"code"}, "redirect_uri": {callback}, "scope": {"read"}, "state": {"the-state"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	if app.Type == oauthapp.Confidential {
		params.Set("client_secret", h.ClientSecret)
	}
	return change(params, pairs...)
}

func post(handler http.Handler, path string, form url.Values, edit ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, issuer+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://app.example")
	for _, e := range edit {
		e(r)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

// push pushes a request that must be taken, and returns its request_uri.
func (h *host) push(params url.Values, edit ...func(*http.Request)) string {
	h.t.Helper()
	w := post(h, par.Path, params, edit...)
	require.Equal(h.t, http.StatusCreated, w.Code, w.Body.String())
	require.Equal(h.t, "application/json", w.Header().Get("Content-Type"))
	require.Equal(h.t, "no-store", w.Header().Get("Cache-Control"))
	require.Equal(h.t, "*", w.Header().Get("Access-Control-Allow-Origin"))
	var answer struct {
		RequestURI string `json:"request_uri"`
		ExpiresIn  int    `json:"expires_in"`
	}
	require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &answer))
	require.Equal(h.t, 60, answer.ExpiresIn)
	require.Regexp(h.t, `^urn:ietf:params:oauth:request_uri:[A-Za-z0-9_-]{43}$`, answer.RequestURI)
	return answer.RequestURI
}

// A browser keeps cookies.
type browser struct {
	t       testing.TB
	handler http.Handler
	cookies map[string]string
}

func (h *host) browser() *browser {
	return &browser{h.t, h, map[string]string{"signed_in": "1"}}
}

func (b *browser) send(method, path string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, issuer+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		b.cookies[c.Name] = c.Value
	}
	return w
}

func authorizePath(app oauthapp.Application, requestURI string, pairs ...string) string {
	return "/oauth/authorize?" + change(url.Values{"client_id": {app.ClientID}, "request_uri": {requestURI}}, pairs...).Encode()
}

func (b *browser) open(app oauthapp.Application, requestURI string, pairs ...string) *httptest.ResponseRecorder {
	return b.send(http.MethodGet, authorizePath(app, requestURI, pairs...), nil)
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)"`)

// form is that of a consent page.
func form(t testing.TB, page *httptest.ResponseRecorder, decision string) url.Values {
	t.Helper()
	require.Equal(t, http.StatusOK, page.Code, page.Body.String())
	form := url.Values{"decision": {decision}}
	for _, match := range hiddenField.FindAllStringSubmatch(page.Body.String(), -1) {
		form.Set(match[1], html.UnescapeString(match[2]))
	}
	require.True(t, form.Has("ticket"), page.Body.String())
	return form
}

func (b *browser) decide(page *httptest.ResponseRecorder, decision string) *httptest.ResponseRecorder {
	b.t.Helper()
	return b.send(http.MethodPost, "/oauth/authorize", form(b.t, page, decision))
}

// answer is what the browser brings to the client.
func answer(t testing.TB, w *httptest.ResponseRecorder) url.Values {
	t.Helper()
	require.Equal(t, http.StatusSeeOther, w.Code, w.Body.String())
	location, err := url.Parse(w.Header().Get("Location"))
	require.NoError(t, err)
	require.Equal(t, callback, location.Scheme+"://"+location.Host+location.Path)
	return location.Query()
}

func requireError(t testing.TB, w *httptest.ResponseRecorder, status int, code string) (description string) {
	t.Helper()
	require.Equal(t, status, w.Code, w.Body.String())
	var body map[string]string
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body), w.Body.String())
	require.Equal(t, code, body["error"])
	return body["error_description"]
}

func requirePage(t testing.TB, w *httptest.ResponseRecorder, status int, says string) {
	t.Helper()
	require.Equal(t, status, w.Code, w.Body.String())
	require.Empty(t, w.Header().Get("Location"))
	require.Contains(t, w.Body.String(), html.EscapeString(says))
}

const gone = "request_uri: it has expired, was used already or was never issued"

// A recordingStore keeps what is written of records, and fails where it is told
// to.
type recordingStore struct {
	store.Store
	broken bool

	mu   sync.Mutex
	kept []store.Record
}

// record keeps a record of a pushed request.
func (s *recordingStore) record(r store.Record) {
	if r.Kind != "par" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(s.kept, r)
}

var errBroken = errors.New("broken")

func (s *recordingStore) Keep(ctx context.Context, r store.Record, now time.Time) error {
	if s.broken {
		return errBroken
	}
	s.record(r)
	return s.Store.Keep(ctx, r, now)
}

func (s *recordingStore) Replace(ctx context.Context, r store.Record, old []byte, now time.Time) error {
	s.record(r)
	return s.Store.Replace(ctx, r, old, now)
}

func (s *recordingStore) Look(ctx context.Context, kind string, digest credential.Digest, now time.Time) (store.Record, error) {
	if s.broken {
		return store.Record{}, errBroken
	}
	return s.Store.Look(ctx, kind, digest, now)
}

func (s *recordingStore) Take(ctx context.Context, kind string, digest credential.Digest, now time.Time) (store.Record, error) {
	if s.broken {
		return store.Record{}, errBroken
	}
	return s.Store.Take(ctx, kind, digest, now)
}

// A pushed request leads to a code and to tokens, each step on another node.
// What was pushed is not in the browser, and only a digest of the request_uri
// is in the store.
func TestPushedRequest(t *testing.T) {
	h := newHost(t, par.Config{})
	for name, app := range map[string]oauthapp.Application{"confidential": h.Application, "public": h.public} {
		t.Run(name, func(t *testing.T) {
			requestURI := h.push(h.request(app))
			b := h.browser()
			b.handler = h.node()
			page := b.open(app, requestURI, "scope", "admin", "state", "beside", "redirect_uri", "https://evil.example/", "prompt", "none")
			require.NotContains(t, page.Body.String(), "the-state")
			require.Contains(t, page.Body.String(), "Read your data")
			b.handler = h.node()
			answered := answer(t, b.decide(page, "authorize"))
			require.Equal(t, []string{"the-state", issuer}, []string{answered.Get("state"), answered.Get("iss")})
			redemption := url.Values{
				"grant_type": {"authorization_code"}, "code": {answered.Get("code")}, "redirect_uri": {callback}, "code_verifier": {verifier}, "client_id": {app.ClientID},
			}
			if app.Type == oauthapp.Confidential {
				redemption.Set("client_secret", h.ClientSecret)
			}
			w := post(h, "/oauth/token", redemption)
			require.Equal(t, http.StatusOK, w.Code, w.Body.String())

			for _, kept := range h.store.kept {
				require.NotContains(t, string(kept.Value), strings.TrimPrefix(requestURI, "urn:ietf:params:oauth:request_uri:"))
				require.NotContains(t, string(kept.Value), h.ClientSecret)
				require.NotContains(t, string(kept.Value), b.cookies["__Host-oauthapps_form"])
			}
		})
	}
}

// The client authenticates first. Then everything is refused that the
// authorization endpoint would refuse (RFC 9126, section 2.3).
func TestPushIsRefused(t *testing.T) {
	h := newHost(t, par.Config{})
	for name, test := range map[string]struct {
		pairs  []string
		edit   func(*http.Request)
		status int
		code   string
		says   string
	}{
		"wrong secret":             {[]string{"client_secret", "wrong", "redirect_uri", "https://evil.example/"}, nil, 401, "invalid_client", ""},
		"no secret":                {[]string{"client_secret", ""}, nil, 401, "invalid_client", ""},
		"unknown client":           {[]string{"client_id", "00000000000000000000"}, nil, 401, "invalid_client", ""},
		"no client":                {[]string{"client_id", "", "client_secret", ""}, nil, 401, "invalid_client", ""},
		"another's client_id":      {[]string{"client_id", h.public.ClientID, "client_secret", ""}, func(r *http.Request) { r.SetBasicAuth(h.Application.ClientID, h.ClientSecret) }, 401, "invalid_client", "client_id is not the client that authenticates"},
		"request_uri":              {[]string{"request_uri", "urn:ietf:params:oauth:request_uri:x"}, nil, 400, "invalid_request", "request_uri cannot be pushed"},
		"request":                  {[]string{"request", "a.b.c"}, nil, 400, "request_not_supported", ""},
		"foreign redirect_uri":     {[]string{"redirect_uri", "https://evil.example/"}, nil, 400, "invalid_request", "redirect_uri: the application has not registered it as a callback URL"},
		"response_type":            {[]string{"response_type", "token"}, nil, 400, "unsupported_response_type", "response_type must be code"},
		"no response_type":         {[]string{"response_type", ""}, nil, 400, "invalid_request", "response_type is missing"},
		"scope":                    {[]string{"scope", "admin"}, nil, 400, "invalid_scope", ""},
		"no S256":                  {[]string{"code_challenge_method", "plain"}, nil, 400, "invalid_request", "code_challenge_method must be S256"},
		"short challenge":          {[]string{"code_challenge", "x"}, nil, 400, "invalid_request", "code_challenge must be 43 characters of base64url"},
		"resource":                 {[]string{"resource", "https://other.example"}, nil, 400, "invalid_target", ""},
		"max_age":                  {[]string{"max_age", "soon"}, nil, 400, "invalid_request", "max_age must be a number of seconds"},
		"control character":        {[]string{"login_hint", "a\x00b"}, nil, 400, "invalid_request", "parameter with invalid characters: login_hint"},
		"too long":                 {[]string{"state", strings.Repeat("x", 33<<10)}, nil, 400, "invalid_request", "the authorization request is too long"},
		"far too long":             {[]string{"state", strings.Repeat("x", 65<<10)}, nil, 413, "invalid_request", "the body is too large"},
		"parameters in the query":  {nil, func(r *http.Request) { r.URL.RawQuery = "state=x" }, 400, "invalid_request", ""},
		"JSON":                     {nil, func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, 400, "invalid_request", ""},
		"wrong secret, wrong URI":  {[]string{"client_secret", "wrong", "redirect_uri", "https://evil.example/"}, nil, 401, "invalid_client", "client authentication failed"},
		"two authentication ways":  {nil, func(r *http.Request) { r.SetBasicAuth(h.Application.ClientID, h.ClientSecret) }, 400, "invalid_request", ""},
		"assertion of nobody's":    {[]string{"client_secret", "", "client_assertion", "x", "client_assertion_type", "y"}, nil, 401, "invalid_client", ""},
		"account_id in characters": {[]string{"account_id", "\u0001"}, nil, 400, "invalid_request", "parameter with invalid characters: account_id"},
	} {
		t.Run(name, func(t *testing.T) {
			edit := test.edit
			if edit == nil {
				edit = func(*http.Request) {}
			}
			w := post(h, par.Path, h.request(h.Application, test.pairs...), edit)
			says := requireError(t, w, test.status, test.code)
			if test.says != "" {
				require.Equal(t, test.says, says)
			}
		})
	}
	double := h.request(h.Application)
	double.Add("scope", "read")
	require.Equal(t, "parameter sent more than once: scope", requireError(t, post(h, par.Path, double), 400, "invalid_request"))
	for _, kept := range h.store.kept {
		require.Equal(t, "flow.refusals", kept.Kind, "for the page of the application alone")
	}

	r := httptest.NewRequest(http.MethodGet, issuer+par.Path, nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
	require.Equal(t, "OPTIONS, POST", w.Header().Get("Allow"))

	h.push(h.request(h.Application, "client_secret", ""), func(r *http.Request) { r.SetBasicAuth(h.Application.ClientID, h.ClientSecret) })
	h.push(h.request(h.Application, "client_secret", "", "client_id", ""), func(r *http.Request) { r.SetBasicAuth(h.Application.ClientID, h.ClientSecret) })
	h.push(h.request(h.Application, "redirect_uri", "", "state", "\xff\x00", "unknown", "x"))
}

// A request_uri is good for its client alone, for a minute, and what is wrong
// with its presentation uses nothing up.
func TestPresentation(t *testing.T) {
	h := newHost(t, par.Config{})
	requestURI := h.push(h.request(h.Application))
	presented := h.now
	for name, test := range map[string]struct {
		pairs []string
		says  string
	}{
		"another client": {[]string{"client_id", h.public.ClientID}, "client_id is not the client that pushed the request"},
		"no client_id":   {[]string{"client_id", ""}, "client_id is missing"},
		"another":        {[]string{"request_uri", requestURI[:len(requestURI)-2] + "AA"}, gone},
		"cut":            {[]string{"request_uri", requestURI[:len(requestURI)-1]}, gone},
		"nothing":        {[]string{"request_uri", "urn:ietf:params:oauth:request_uri:"}, gone},
		"long":           {[]string{"request_uri", requestURI + strings.Repeat("A", 1000)}, gone},
	} {
		t.Run(name, func(t *testing.T) {
			requirePage(t, h.browser().open(h.Application, requestURI, test.pairs...), http.StatusBadRequest, test.says)
		})
	}
	twice := authorizePath(h.Application, requestURI) + "&request_uri=" + url.QueryEscape(requestURI)
	requirePage(t, h.browser().send(http.MethodGet, twice, nil), http.StatusBadRequest, "parameter sent more than once: request_uri")
	other := answer(t, h.browser().open(h.Application, "https://client.example/request.jwt", "response_type", "code"))
	require.Equal(t, "request_uri_not_supported", other.Get("error"), "only what was pushed is taken")

	// What opens a page before the user does leaves it for the user.
	require.Equal(t, http.StatusOK, h.browser().send(http.MethodHead, authorizePath(h.Application, requestURI), nil).Code)
	require.Equal(t, http.StatusServiceUnavailable, h.browser().send(http.MethodGet, authorizePath(h.Application, requestURI), nil, "Sec-Purpose", "prefetch").Code)

	// A page that posts the request has the browser come again with its
	// cookies.
	posted := h.browser().send(http.MethodPost, "/oauth/authorize", url.Values{"client_id": {h.Application.ClientID}, "request_uri": {requestURI}})
	require.Equal(t, http.StatusSeeOther, posted.Code)
	require.Equal(t, authorizePath(h.Application, requestURI), posted.Header().Get("Location"))

	h.now = presented.Add(time.Minute - time.Microsecond)
	b := h.browser()
	require.Equal(t, http.StatusOK, b.open(h.Application, requestURI).Code)
	requirePage(t, h.browser().open(h.Application, requestURI), http.StatusBadRequest, "request_uri: another browser has opened it")
	h.now = presented.Add(10 * time.Minute)
	page := b.open(h.Application, requestURI)
	require.Equal(t, http.StatusOK, page.Code, "the user reloads the page")
	stolen := h.browser().send(http.MethodPost, "/oauth/authorize", form(t, page, "authorize"))
	requirePage(t, stolen, http.StatusBadRequest, "request_uri: another browser has opened it")
	require.NotEmpty(t, answer(t, b.decide(page, "authorize")).Get("code"))

	late := h.push(h.request(h.Application))
	h.now = h.now.Add(time.Minute)
	requirePage(t, h.browser().open(h.Application, late), http.StatusBadRequest, gone)
}

// The user can sign in first and then decide, each for half an hour.
func TestSignInFirst(t *testing.T) {
	h := newHost(t, par.Config{})
	pushed := h.now
	requestURI := h.push(h.request(h.Application, "login_hint", "alice@example.com"))
	b := h.browser()
	delete(b.cookies, "signed_in")
	toLogin := b.open(h.Application, requestURI)
	require.Equal(t, http.StatusSeeOther, toLogin.Code)
	login, err := url.Parse(toLogin.Header().Get("Location"))
	require.NoError(t, err)
	require.Equal(t, "/login", login.Path)
	returnTo := login.Query().Get("return_to")
	require.Equal(t, authorizePath(h.Application, requestURI), returnTo)
	require.Equal(t, flow.SignIn{ReturnTo: returnTo, Locales: []string{}}, flow.ParseReturnTo(returnTo))

	b.cookies["signed_in"] = "1"
	h.now = pushed.Add(29 * time.Minute)
	page := b.send(http.MethodGet, returnTo, nil)
	h.now = h.now.Add(29 * time.Minute)
	require.NotEmpty(t, answer(t, b.decide(page, "authorize")).Get("code"))

	// After that it ends, decided or not.
	requestURI = h.push(h.request(h.Application, "scope", "read", "prompt", "consent"))
	b = h.browser()
	page = b.open(h.Application, requestURI)
	h.now = h.now.Add(time.Hour)
	requirePage(t, b.open(h.Application, requestURI), http.StatusBadRequest, gone)
	requirePage(t, b.decide(page, "authorize"), http.StatusBadRequest, gone)
}

// A request that wants the user to sign in anew is obeyed, and remembered while
// they do.
func TestPushedPrompt(t *testing.T) {
	h := newHost(t, par.Config{})
	none := h.push(h.request(h.Application, "prompt", "none"))
	require.Equal(t, "consent_required", answer(t, h.browser().open(h.Application, none, "prompt", "consent")).Get("error"))

	h.authenticatedAt = h.now.Add(-time.Hour)
	requestURI := h.push(h.request(h.Application, "prompt", "login"))
	b := h.browser()
	login, err := url.Parse(b.open(h.Application, requestURI).Header().Get("Location"))
	require.NoError(t, err)
	returnTo := login.Query().Get("return_to")
	require.True(t, flow.ParseReturnTo(returnTo).Anew)
	require.Equal(t, "login_required", answer(t, b.send(http.MethodGet, returnTo, nil)).Get("error"), "the user did not sign in again")
	h.now = h.now.Add(time.Minute)
	h.authenticatedAt = h.now
	require.NotEmpty(t, answer(t, b.decide(b.send(http.MethodGet, returnTo, nil), "authorize")).Get("code"))
}

// The page blames no application for a request that is over: people go back, and
// press buttons twice.
func TestPageOfARequestThatIsOver(t *testing.T) {
	h := newHost(t, par.Config{})
	requestURI := h.push(h.request(h.public))
	b := h.browser()
	page := b.open(h.public, requestURI)
	another := h.browser().open(h.public, requestURI)
	require.NotEmpty(t, answer(t, b.decide(page, "authorize")).Get("code"))
	for _, w := range []*httptest.ResponseRecorder{another, b.decide(page, "authorize"), b.open(h.public, requestURI)} {
		requirePage(t, w, http.StatusBadRequest, "This request is no longer valid")
		require.NotContains(t, w.Body.String(), "made a mistake")
	}
}

// Either decision uses a request up.
func TestDecisionUsesUp(t *testing.T) {
	h := newHost(t, par.Config{})
	for _, decision := range []string{"authorize", "deny"} {
		requestURI := h.push(h.request(h.public))
		b := h.browser()
		page := b.open(h.public, requestURI)
		require.Equal(t, http.StatusBadRequest, b.send(http.MethodPost, "/oauth/authorize", change(form(t, page, ""), "decision", "")).Code, "no decision")
		answered := answer(t, b.decide(page, decision))
		require.Equal(t, decision == "deny", answered.Get("error") == "access_denied")
		requirePage(t, b.decide(page, "authorize"), http.StatusBadRequest, gone)
		requirePage(t, b.decide(page, "deny"), http.StatusBadRequest, gone)
		requirePage(t, b.open(h.public, requestURI), http.StatusBadRequest, gone)
	}
	created := 0
	for _, e := range h.events {
		if e.Type == oauthapp.GrantCreated || e.Type == oauthapp.GrantDenied {
			created++
		}
	}
	require.Equal(t, 2, created)

	// So does consent that is remembered.
	b := h.browser()
	require.NotEmpty(t, answer(t, b.decide(b.open(h.Application, h.push(h.request(h.Application))), "authorize")).Get("code"))
	again := h.push(h.request(h.Application))
	require.NotEmpty(t, answer(t, b.open(h.Application, again)).Get("code"))
	requirePage(t, b.open(h.Application, again), http.StatusBadRequest, gone)
}

// What changed since the push counts: the request is judged again.
func TestJudgedAgain(t *testing.T) {
	h := newHost(t, par.Config{})
	requestURI := h.push(h.request(h.Application))
	_, err := h.Registry().Update(t.Context(), oauthapp.OwnedBy("developer"), h.Application.ID, oauthapp.Registration{
		Name: "Client", HomepageURL: "https://client.example", CallbackURLs: []string{"https://client.example/other"},
	})
	require.NoError(t, err)
	requirePage(t, h.browser().open(h.Application, requestURI), http.StatusBadRequest, "redirect_uri: the application has not registered it as a callback URL")

	requestURI = h.push(h.request(h.public))
	err = h.Registry().Delete(t.Context(), oauthapp.OwnedBy("developer"), h.public.ID)
	require.NoError(t, err)
	requirePage(t, h.browser().open(h.public, requestURI), http.StatusBadRequest, "client_id: there is no such application")
}

// A host, or an application, can take pushed requests alone.
func TestRequired(t *testing.T) {
	plain := func(h *host, app oauthapp.Application) string {
		request := h.request(app)
		request.Del("client_secret")
		w := h.browser().send(http.MethodGet, "/oauth/authorize?"+request.Encode(), nil)
		if w.Code == http.StatusOK {
			return ""
		}
		return answer(t, w).Get("error_description")
	}
	metadata := func(h *host) (m map[string]any) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, issuer+"/.well-known/oauth-authorization-server", nil))
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &m))
		require.Equal(t, issuer+"/oauth/par", m["pushed_authorization_request_endpoint"])
		return m
	}
	h := newHost(t, par.Config{})
	require.NotContains(t, metadata(h), "require_pushed_authorization_requests")
	_, err := h.Registry().SetExtra(t.Context(), oauthapp.OwnedBy("developer"), h.Application.ID, "par", par.Settings{Required: true})
	require.NoError(t, err)
	require.Equal(t, "the application sends pushed authorization requests alone", plain(h, h.Application))
	require.Empty(t, plain(h, h.public))
	require.Equal(t, http.StatusOK, h.browser().open(h.Application, h.push(h.request(h.Application))).Code)

	h = newHost(t, par.Config{Required: true})
	require.Equal(t, true, metadata(h)["require_pushed_authorization_requests"])
	for _, app := range []oauthapp.Application{h.Application, h.public} {
		require.Equal(t, "this service takes pushed authorization requests alone", plain(h, app))
		require.Equal(t, http.StatusOK, h.browser().open(app, h.push(h.request(app))).Code)
	}
}

// The owner of an application has a box for it.
func TestApplicationField(t *testing.T) {
	require.Empty(t, newHost(t, par.Config{Required: true}).Kernel().ApplicationFields())
	h := newHost(t, par.Config{})
	fields := h.Kernel().ApplicationFields()
	require.Len(t, fields, 1)
	app := h.Application
	for _, text := range []string{"true", ""} {
		entry, problem := fields[0].Entry(app, text)
		require.Empty(t, problem)
		var err error
		app, err = h.Registry().SetExtra(t.Context(), oauthapp.OwnedBy("developer"), app.ID, "par", entry)
		require.NoError(t, err)
		shown, has := fields[0].Text(app)
		require.True(t, has)
		require.Equal(t, text, shown)
	}
}

// What the host has fixed for an application is not its owner's to change.
func TestFixedByTheHost(t *testing.T) {
	h := newHost(t, par.Config{})
	for required, text := range map[bool]string{true: "true", false: ""} {
		app, err := h.Registry().SetExtra(t.Context(), oauthapp.OwnedBy("developer"), h.Application.ID, "par", par.Settings{Required: required, Fixed: true})
		require.NoError(t, err)
		shown, has := h.Kernel().ApplicationFields()[0].Text(app)
		require.False(t, has)
		require.Equal(t, text, shown)
	}
}

// An outage is told as one, and a request survives it.
func TestOutage(t *testing.T) {
	h := newHost(t, par.Config{})
	requestURI := h.push(h.request(h.Application))
	b := h.browser()
	page := b.open(h.Application, requestURI)
	h.store.broken = true
	requireError(t, post(h, par.Path, h.request(h.Application)), http.StatusServiceUnavailable, "temporarily_unavailable")
	require.Equal(t, http.StatusServiceUnavailable, b.open(h.Application, requestURI).Code)
	require.Equal(t, http.StatusServiceUnavailable, b.decide(page, "authorize").Code)
	h.store.broken = false
	require.NotEmpty(t, answer(t, b.decide(page, "authorize")).Get("code"))
}

// Anybody can pose as a public client: such pushes are limited.
func TestPublicPushesAreLimited(t *testing.T) {
	h := newHost(t, par.Config{})
	for range 120 {
		h.push(h.request(h.public))
	}
	w := post(h, par.Path, h.request(h.public))
	requireError(t, w, http.StatusTooManyRequests, "temporarily_unavailable")
	require.Equal(t, "1", w.Header().Get("Retry-After"))
	h.push(h.request(h.Application))
	h.push(h.request(h.public), func(r *http.Request) { r.RemoteAddr = "198.51.100.7:1" })
	h.now = h.now.Add(time.Second)
	h.push(h.request(h.public))
}

// Anybody can register a client, or publish one, where the host has it so: a
// secret or a key of such a client limits nobody.
func TestPushesOfOwnerlessClientsAreLimited(t *testing.T) {
	h := newHost(t, par.Config{})
	ownerless, secret, err := h.Registry().RegisterOwnerless(t.Context(), oauthapp.Registration{Name: "Ownerless", CallbackURLs: []string{callback}})
	require.NoError(t, err)
	params := h.request(ownerless, "client_secret", secret.Reveal())
	for range 120 {
		h.push(params)
	}
	requireError(t, post(h, par.Path, params), http.StatusTooManyRequests, "temporarily_unavailable")
	h.push(h.request(h.Application))
}

// A request with a parameter of a capability that was left out since is
// refused: what the parameter asked for would not be kept.
func TestParameterThatNobodyActsOn(t *testing.T) {
	h := newHost(t, par.Config{})
	const id = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	value, err := json.Marshal(map[string]string{"client_id": h.public.ClientID, "params": change(h.request(h.public), "dpop_jkt", "x").Encode()})
	require.NoError(t, err)
	require.NoError(t, h.store.Keep(t.Context(), store.Record{Kind: "par", Digest: credential.DigestOf(id), Value: value, ExpiresAt: h.now.Add(time.Minute)}, h.now))
	requirePage(t, h.browser().open(h.public, "urn:ietf:params:oauth:request_uri:"+id), http.StatusBadRequest, gone)
}

// A push names one resource or several, which are those of the session.
func TestPushedResources(t *testing.T) {
	const mcp, logs = issuer + "/mcp", "https://logs.example"
	h := newHost(t, par.Config{})
	h.config.Resources = []flow.Resource{{Identifier: mcp, Name: "Example MCP"}, {Identifier: logs}}
	h.config.Store = h.store
	h.Provider = flowtest.New(t, h.config)
	requireError(t, post(h, par.Path, h.request(h.public, "resource", "https://evil.example")), http.StatusBadRequest, "invalid_target")

	params := h.request(h.public)
	params["resource"] = []string{mcp, logs + "/"}
	b := h.browser()
	page := b.open(h.public, h.push(params))
	require.Contains(t, page.Body.String(), "Example MCP")
	require.Contains(t, page.Body.String(), logs)
	w := post(h, "/oauth/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {answer(t, b.decide(page, "authorize")).Get("code")}, "redirect_uri": {callback},
		"code_verifier": {verifier}, "client_id": {h.public.ClientID}, "resource": {logs},
	})
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	var granted struct {
		AccessToken string `json:"access_token"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &granted))
	for resource, status := range map[string]int{issuer: http.StatusUnauthorized, mcp: http.StatusUnauthorized, logs: http.StatusNotFound} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer "+granted.AccessToken)
		w := httptest.NewRecorder()
		h.Guard(flow.Guard{Resource: resource})(http.NotFoundHandler()).ServeHTTP(w, r)
		require.Equal(t, status, w.Code, resource)
	}
}
