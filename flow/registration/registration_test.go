package registration_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/flow/internal/clientauth"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/flow/registration"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

const callback = "https://client.example/callback"

var verifier = strings.Repeat("verifier-~.", 4)

// A host is a service with a signed-in user in front of a browser.
type host struct {
	*flowtest.Provider
	t      *testing.T
	now    time.Time
	addr   string
	mu     sync.Mutex
	events []oauthapp.Event
}

func newHost(t *testing.T, cfg registration.Config, edit ...func(*flow.Config)) *host {
	h := &host{t: t, now: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC), addr: "192.0.2.1"}
	user := &flow.User{ID: "1", Name: "alice@example.com", Session: "session", Accounts: []flow.Account{{ID: "1", Name: "Alice"}}}
	config := flow.Config{
		Issuer:      "https://id.example",
		CurrentUser: func(*http.Request) (*flow.User, error) { return user, nil },
		Scopes:      []flow.Scope{{Name: "read", Description: "Read", Default: true}, {Name: "write", Description: "Write"}, {Name: "admin", Description: "Administer"}},
		Now:         func() time.Time { return h.now },
		RemoteAddr:  func(*http.Request) string { return h.addr },
		Extensions:  []flow.Extension{registration.New(cfg)},
		Events: func(_ context.Context, e oauthapp.Event) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.events = append(h.events, e)
		},
	}
	for _, e := range edit {
		e(&config)
	}
	h.Provider = flowtest.New(t, config)
	return h
}

type object = map[string]any

// metadata is what a client sends, changed by members; one that is nil is left
// out.
func metadata(members object) object {
	m := object{
		"client_name": "Notes", "redirect_uris": []string{callback}, "token_endpoint_auth_method": "none",
		"grant_types": []string{"authorization_code", "refresh_token"}, "response_types": []string{"code"},
	}
	maps.Copy(m, members)
	maps.DeleteFunc(m, func(_ string, value any) bool { return value == nil })
	return m
}

// An answer is one of the endpoints.
type answer struct {
	*httptest.ResponseRecorder
	body object
}

func (a answer) text(name string) string {
	s, _ := a.body[name].(string)
	return s
}

func (h *host) send(method, path, token string, body any) answer {
	h.t.Helper()
	encoded, err := json.Marshal(body)
	require.NoError(h.t, err)
	if raw, ok := body.(string); ok {
		encoded = []byte(raw)
	}
	r := httptest.NewRequest(method, "https://id.example"+path, strings.NewReader(string(encoded)))
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	a := answer{httptest.NewRecorder(), nil}
	h.ServeHTTP(a, r)
	require.Equal(h.t, "no-store", a.Header().Get("Cache-Control"))
	if a.Code != http.StatusNoContent {
		require.NoError(h.t, json.Unmarshal(a.Body.Bytes(), &a.body), a.Body.String())
	}
	return a
}

func (h *host) register(members object) answer {
	h.t.Helper()
	return h.send(http.MethodPost, registration.Path, "", metadata(members))
}

func (h *host) registered(members object) answer {
	h.t.Helper()
	a := h.register(members)
	require.Equal(h.t, http.StatusCreated, a.Code, a.Body.String())
	return a
}

// manage sends a request to a client's own endpoint.
func (h *host) manage(method string, client answer, token string, body any) answer {
	h.t.Helper()
	path, ok := strings.CutPrefix(client.text("registration_client_uri"), "https://id.example")
	require.True(h.t, ok)
	return h.send(method, path, token, body)
}

func (h *host) visit(clientID string) *httptest.ResponseRecorder {
	sum := sha256.Sum256([]byte(verifier))
	return h.ask(url.Values{
		"client_id": {clientID}, "response_type": {"code"}, "redirect_uri": {callback}, "scope": {"read"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	})
}

// ask shows what the user is asked for a request.
func (h *host) ask(params url.Values) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://id.example/oauth/authorize?"+params.Encode(), nil))
	return w
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)"`)

func (h *host) post(path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "https://id.example"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// yes has the user authorize a request on the page, and returns where they are
// sent.
func (h *host) yes(page *httptest.ResponseRecorder) *url.URL {
	h.t.Helper()
	require.Equal(h.t, http.StatusOK, page.Code, page.Body.String())
	form := url.Values{"decision": {"authorize"}, "account_id": {"1"}}
	for _, match := range hiddenField.FindAllStringSubmatch(page.Body.String(), -1) {
		form.Set(match[1], html.UnescapeString(match[2]))
	}
	location, err := url.Parse(h.post("/oauth/authorize", form).Header().Get("Location"))
	require.NoError(h.t, err)
	return location
}

// tokens has the user authorize a client, and exchanges the code.
func (h *host) tokens(client answer) (access string) {
	h.t.Helper()
	location := h.yes(h.visit(client.text("client_id")))
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {location.Query().Get("code")}, "redirect_uri": {callback}, "code_verifier": {verifier},
		"client_id": {client.text("client_id")},
	}
	if secret := client.text("client_secret"); secret != "" {
		form.Set("client_secret", secret)
	}
	var granted struct {
		Access string `json:"access_token"`
	}
	w := h.post("/oauth/token", form)
	require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &granted))
	require.NotEmpty(h.t, granted.Access, w.Body.String())
	return granted.Access
}

func (h *host) accepts(token string) bool {
	r := httptest.NewRequest(http.MethodGet, "https://id.example/api", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	_, err := h.Authenticate(r, flow.Guard{})
	return err == nil
}

// app is the application of a client, nil where there is none.
func (h *host) app(client answer) *oauthapp.Application {
	found, err := h.Kernel().Store.Client(h.t.Context(), client.text("client_id"), uuid.Nil, h.now)
	if err != nil {
		require.ErrorIs(h.t, err, oauthapp.ErrNotFound)
		return nil
	}
	return &found.Application
}

func TestPublicClient(t *testing.T) {
	h := newHost(t, registration.Config{Open: true})
	a := h.registered(nil)
	require.NotContains(t, a.body, "client_secret")
	require.NotContains(t, a.body, "client_secret_expires_at")
	require.Equal(t, "none", a.text("token_endpoint_auth_method"))
	require.Equal(t, "read write admin", a.text("scope"))
	require.Equal(t, []any{"authorization_code", "refresh_token"}, a.body["grant_types"])
	require.EqualValues(t, h.now.Unix(), a.body["client_id_issued_at"])
	app := h.app(a)
	require.Equal(t, oauthapp.Public, app.Type)
	require.Empty(t, app.Owner)
	require.NotContains(t, string(app.Extra), a.text("registration_access_token"))
	require.Contains(t, h.visit(a.text("client_id")).Body.String(), "registered itself")
	require.True(t, h.accepts(h.tokens(a)))
	require.False(t, h.accepts(a.text("registration_access_token")))
	require.Equal(t, oauthapp.ApplicationCreated, h.events[1].Type)
	require.Equal(t, "192.0.2.1", h.events[1].Actor.RemoteAddr)
}

func TestConfidentialClient(t *testing.T) {
	h := newHost(t, registration.Config{Open: true})
	for method, want := range map[any]string{nil: "client_secret_basic", "client_secret_post": "client_secret_post", "client_secret_basic": "client_secret_basic", "tls_client_auth": "client_secret_basic"} {
		a := h.registered(object{"token_endpoint_auth_method": method})
		require.Equal(t, want, a.text("token_endpoint_auth_method"))
		require.NotEmpty(t, a.text("client_secret"))
		require.EqualValues(t, 0, a.body["client_secret_expires_at"])
		require.True(t, h.accepts(h.tokens(a)))
	}
}

// What was stored is what is answered; what this service lacks is left out.
func TestNarrowing(t *testing.T) {
	h := newHost(t, registration.Config{Open: true, Scopes: []string{"read", "write"}})
	a := h.registered(object{
		"scope": "openid write admin", "grant_types": []string{"authorization_code", "implicit", "client_credentials"}, "response_types": []string{"code", "token"},
		"application_type": "native", "software_id": "x", "software_statement": "x", "logo_uri": "https://client.example/logo.png", "contacts": 1, "client_name": "  Notes ",
		"client_uri": "https://client.example/about", "redirect_uris": []string{callback, callback, "https://client.example", "com.example.app:/cb"},
	})
	require.Equal(t, "write", a.text("scope"))
	require.Equal(t, []any{"authorization_code", "refresh_token"}, a.body["grant_types"])
	require.Equal(t, []any{"code"}, a.body["response_types"])
	require.Equal(t, []any{callback, "https://client.example/", "com.example.app:/cb"}, a.body["redirect_uris"])
	require.Equal(t, "Notes", a.text("client_name"))
	require.Equal(t, "https://client.example/about", a.text("client_uri"))
	for _, name := range []string{"application_type", "software_id", "software_statement", "logo_uri", "contacts"} {
		require.NotContains(t, a.body, name)
	}
	app := h.app(a)
	require.Equal(t, []string{"write"}, app.Scopes)
	require.Equal(t, []string{callback, "https://client.example/", "com.example.app:/cb"}, app.CallbackURLs)

	a = h.registered(object{"scope": "", "client_name": nil, "client_uri": "https://bank.example/", "grant_types": nil, "response_types": nil})
	require.Equal(t, "read write", a.text("scope"), "never more than the host's list")
	require.Equal(t, "client.example", a.text("client_name"))
	require.NotContains(t, a.body, "client_uri", "a page of somebody else")
	a = h.registered(object{"client_name": nil, "redirect_uris": []string{"http://127.0.0.1/cb"}, "client_uri": "javascript:alert(1)"})
	require.Equal(t, "Unnamed client", a.text("client_name"))
	require.NotContains(t, a.body, "client_uri")
}

// keyed stands for package clientkeys.
type keyed struct{ flow.Extension }

func (keyed) Name() string               { return "clientkeys" }
func (keyed) Findings() []kernel.Finding { return nil }

func (keyed) Contribute(*kernel.Kernel) (kernel.Contribution, error) {
	return kernel.Contribution{ClientAuthentication: []clientauth.Method{{
		Name: "private_key_jwt",
		Present: func(*http.Request, wire.Params) (clientauth.Presented, bool, *wire.Error) {
			return clientauth.Presented{}, false, nil
		},
		Verify: func(*http.Request, store.Client, clientauth.Presented, time.Time) (clientauth.Verdict, error) {
			return clientauth.Verdict{}, nil
		},
	}}}, nil
}

// A client with keys has them where package clientkeys looks, and no secret.
func TestKeys(t *testing.T) {
	h := newHost(t, registration.Config{Open: true}, func(cfg *flow.Config) { cfg.Extensions = append(cfg.Extensions, keyed{}) })
	uriOf := func(a answer) string {
		var keys struct {
			URI string `json:"jwks_uri"`
		}
		found, err := h.app(a).ReadExtra("clientkeys", &keys)
		require.NoError(t, err)
		require.True(t, found)
		return keys.URI
	}
	withKeys := func(uri string, members object) object {
		members["token_endpoint_auth_method"], members["jwks_uri"] = "private_key_jwt", uri
		return members
	}
	a := h.registered(withKeys("https://client.example/1", object{}))
	require.Equal(t, "private_key_jwt", a.text("token_endpoint_auth_method"))
	require.Equal(t, "https://client.example/1", a.text("jwks_uri"))
	require.NotContains(t, a.body, "client_secret")
	require.NotContains(t, a.body, "jwks")
	require.Equal(t, oauthapp.Confidential, h.app(a).Type)
	require.Equal(t, "https://client.example/1", uriOf(a))

	members := metadata(withKeys("https://client.example/2", object{"client_id": a.text("client_id")}))
	replaced := h.manage(http.MethodPut, a, a.text("registration_access_token"), members)
	require.Equal(t, http.StatusOK, replaced.Code, replaced.Body.String())
	require.Equal(t, "https://client.example/2", replaced.text("jwks_uri"))
	require.Equal(t, "https://client.example/2", uriOf(a))
	members["token_endpoint_auth_method"] = "client_secret_basic"
	replaced = h.manage(http.MethodPut, a, replaced.text("registration_access_token"), members)
	require.Equal(t, "private_key_jwt", replaced.text("token_endpoint_auth_method"), "it has no secret to go on with")

	require.Equal(t, "invalid_client_metadata", h.register(withKeys("http://client.example/1", object{})).text("error"))
	secret := h.registered(object{"token_endpoint_auth_method": "client_secret_post"})
	replaced = h.manage(http.MethodPut, secret, secret.text("registration_access_token"), metadata(withKeys("https://client.example/1", object{"client_id": secret.text("client_id")})))
	require.Equal(t, "client_secret_post", replaced.text("token_endpoint_auth_method"))

	without := newHost(t, registration.Config{Open: true})
	require.Equal(t, "client_secret_basic", without.registered(withKeys("https://client.example/1", object{})).text("token_endpoint_auth_method"))
}

func TestRefusals(t *testing.T) {
	h := newHost(t, registration.Config{Open: true}, func(cfg *flow.Config) {
		cfg.Applications.ReservedName = func(owner, name string) bool { return owner == "" && oauthapp.Imitates(name, "Example Cloud") }
	})
	for name, test := range map[string]struct {
		members object
		code    string
	}{
		"no redirect_uris":     {object{"redirect_uris": nil}, "invalid_redirect_uri"},
		"empty redirect_uris":  {object{"redirect_uris": []string{}}, "invalid_redirect_uri"},
		"one redirect_uri":     {object{"redirect_uris": callback}, "invalid_redirect_uri"},
		"number":               {object{"redirect_uris": []any{1}}, "invalid_redirect_uri"},
		"javascript":           {object{"redirect_uris": []string{callback, "javascript:alert(1)"}}, "invalid_redirect_uri"},
		"data":                 {object{"redirect_uris": []string{"data:text/html,x"}}, "invalid_redirect_uri"},
		"wildcard":             {object{"redirect_uris": []string{"https://*.client.example/"}}, "invalid_redirect_uri"},
		"http":                 {object{"redirect_uris": []string{"http://client.example/"}}, "invalid_redirect_uri"},
		"fragment":             {object{"redirect_uris": []string{callback + "#f"}}, "invalid_redirect_uri"},
		"private-use, secret":  {object{"redirect_uris": []string{"com.example.app:/cb"}, "token_endpoint_auth_method": nil}, "invalid_redirect_uri"},
		"too many":             {object{"redirect_uris": many(21)}, "invalid_redirect_uri"},
		"deceptive name":       {object{"client_name": "a\u202eb"}, "invalid_client_metadata"},
		"reserved name":        {object{"client_name": "Example C1oud"}, "invalid_client_metadata"},
		"only implicit":        {object{"grant_types": []string{"implicit"}}, "invalid_client_metadata"},
		"only token":           {object{"response_types": []string{"token"}}, "invalid_client_metadata"},
		"client credentials":   {object{"grant_types": []string{"client_credentials"}}, "invalid_client_metadata"},
		"device without grant": {object{"grant_types": []string{"urn:ietf:params:oauth:grant-type:device_code"}}, "invalid_client_metadata"},
	} {
		t.Run(name, func(t *testing.T) {
			a := h.register(test.members)
			require.Equal(t, http.StatusBadRequest, a.Code)
			require.Equal(t, test.code, a.text("error"), a.Body.String())
		})
	}
	for _, body := range []string{"", "[]", `{"redirect_uris":[],"redirect_uris":[]}`, "null", "client_name=x"} {
		require.Equal(t, http.StatusBadRequest, h.send(http.MethodPost, registration.Path, "", body).Code)
	}
	require.Equal(t, http.StatusRequestEntityTooLarge, h.register(object{"client_name": strings.Repeat("a", 64<<10)}).Code)
	apps, err := h.Registry().Applications(t.Context(), oauthapp.AnyOwner, oauthapp.Page{})
	require.NoError(t, err)
	require.Len(t, apps.Items, 1, "that of flowtest")
}

func many(n int) (uris []string) {
	for i := range n {
		uris = append(uris, fmt.Sprintf("https://client.example/%d", i))
	}
	return uris
}

func TestInitialAccessToken(t *testing.T) {
	var outage error
	check := func(_ context.Context, token string) (bool, error) { return token == "good", outage }
	for name, open := range map[string]bool{"required": false, "optional": true} {
		t.Run(name, func(t *testing.T) {
			outage = nil
			h := newHost(t, registration.Config{Open: open, InitialAccessToken: check})
			for range 150 {
				a := h.send(http.MethodPost, registration.Path, "good", metadata(nil))
				require.Equal(t, http.StatusCreated, a.Code, "they are not limited")
			}
			a := h.send(http.MethodPost, registration.Path, "bad", metadata(nil))
			require.Equal(t, http.StatusUnauthorized, a.Code)
			require.Equal(t, `Bearer error="invalid_token"`, a.Header().Get("WWW-Authenticate"))
			require.Equal(t, open, h.register(nil).Code == http.StatusCreated)
			outage = errors.New("down")
			require.Equal(t, http.StatusServiceUnavailable, h.send(http.MethodPost, registration.Path, "good", metadata(nil)).Code)
		})
	}
	h := newHost(t, registration.Config{InitialAccessToken: check})
	outage = nil
	a := h.send(http.MethodPost, registration.Path, "good", metadata(nil))
	h.now = h.now.Add(48 * time.Hour)
	require.Equal(t, http.StatusOK, h.visit(a.text("client_id")).Code, "they do not end unused")
}

func TestOpenRegistrationsAreLimited(t *testing.T) {
	h := newHost(t, registration.Config{Open: true})
	for range 100 {
		h.registered(nil)
	}
	a := h.register(nil)
	require.Equal(t, http.StatusTooManyRequests, a.Code)
	require.NotEmpty(t, a.Header().Get("Retry-After"))
	require.Equal(t, http.StatusBadRequest, h.register(object{"redirect_uris": nil}).Code)
	h.addr = "198.51.100.7"
	h.registered(nil)
	h.addr = "192.0.2.1"
	h.now = h.now.Add(36 * time.Second)
	h.registered(nil)
	require.Equal(t, http.StatusTooManyRequests, h.register(nil).Code)
}

// A client that nobody authorized within a day ends, and is deleted before as
// many others have registered. One that somebody did authorize goes on.
func TestUnusedClientsEnd(t *testing.T) {
	h := newHost(t, registration.Config{Open: true})
	used, unused := h.registered(nil), h.registered(nil)
	var others []answer
	for range 90 {
		others = append(others, h.registered(nil))
	}
	h.tokens(used)
	h.now = h.now.Add(24*time.Hour - time.Second)
	require.Equal(t, http.StatusOK, h.visit(unused.text("client_id")).Code)
	h.now = h.now.Add(time.Second)
	w := h.visit(unused.text("client_id"))
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Contains(t, w.Body.String(), "unauthorized_client")
	require.Equal(t, http.StatusOK, h.visit(used.text("client_id")).Code)
	for range 4 {
		h.registered(nil)
	}
	require.Nil(t, h.app(unused))
	for _, other := range others {
		require.Nil(t, h.app(other))
	}
	require.NotNil(t, h.app(used))
	h.tokens(used)
}

// A client that asks before it opens a browser is told that its registration
// has ended, or is gone, so that it registers again.
func TestClientsLearnThatTheyEnded(t *testing.T) {
	h := newHost(t, registration.Config{Open: true}, func(cfg *flow.Config) {
		cfg.CurrentUser = func(*http.Request) (*flow.User, error) { return nil, nil }
	})
	client := h.registered(nil)
	ask := func() (int, string) {
		sum := sha256.Sum256([]byte(verifier))
		r := httptest.NewRequest(http.MethodGet, "https://id.example/oauth/authorize?"+url.Values{
			"client_id": {client.text("client_id")}, "response_type": {"code"}, "redirect_uri": {callback}, "scope": {"read"},
			"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
		}.Encode(), nil)
		r.Header.Set("Accept", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		var body struct{ Error string }
		_ = json.Unmarshal(w.Body.Bytes(), &body) // a redirect has none
		return w.Code, body.Error
	}
	status, _ := ask()
	require.Equal(t, http.StatusSeeOther, status, "to the sign-in")
	h.now = h.now.Add(24 * time.Hour)
	status, code := ask()
	require.Equal(t, []any{http.StatusBadRequest, "unauthorized_client"}, []any{status, code})
	require.NoError(t, h.Registry().Delete(t.Context(), oauthapp.AnyOwner, h.app(client).ID))
	status, code = ask()
	require.Equal(t, []any{http.StatusBadRequest, "unauthorized_client"}, []any{status, code})
}

// A client that got a token for itself is in use, whether it has used it yet or
// not.
func TestClientsThatActForThemselvesStay(t *testing.T) {
	h := newHost(t, registration.Config{Open: true})
	client := h.registered(nil)
	k := h.Kernel()
	request := &kernel.TokenRequest{HTTP: httptest.NewRequest(http.MethodPost, "/", nil), Now: k.Now(), Client: store.Client{Application: *h.app(client)}}
	_, refusal := k.Issue.Application(request, []string{"read"})
	require.Nil(t, refusal)
	h.now = h.now.Add(48 * time.Hour)
	h.registered(nil)
	require.NotNil(t, h.app(client))
	require.Equal(t, http.StatusOK, h.visit(client.text("client_id")).Code)
}

// A client of which users took all access back is not one that went unused.
func TestUsersWhoTakeAccessBackCanGiveItAgain(t *testing.T) {
	h := newHost(t, registration.Config{Open: true})
	client := h.registered(nil)
	require.True(t, h.accepts(h.tokens(client)))
	h.now = h.now.Add(48 * time.Hour)
	_, err := h.Registry().RevokeTokens(t.Context(), oauthapp.AnyOwner, h.app(client).ID)
	require.NoError(t, err)
	h.registered(nil)
	h.tokens(client)
}

func TestManagement(t *testing.T) {
	h := newHost(t, registration.Config{Open: true})
	client := h.registered(object{"token_endpoint_auth_method": nil})
	token := client.text("registration_access_token")
	read := h.manage(http.MethodGet, client, token, "")
	require.Equal(t, http.StatusOK, read.Code)
	want := maps.Clone(client.body)
	delete(want, "client_secret")
	delete(want, "client_secret_expires_at")
	require.Equal(t, want, read.body)
	access := h.tokens(client)

	replacement := metadata(object{
		"client_id": client.text("client_id"), "client_secret": client.text("client_secret"), "client_name": "Notes 2", "redirect_uris": []string{callback, callback + "2"},
		"scope": "read", "token_endpoint_auth_method": "none",
	})
	replaced := h.manage(http.MethodPut, client, token, replacement)
	require.Equal(t, http.StatusOK, replaced.Code, replaced.Body.String())
	require.Equal(t, "Notes 2", replaced.text("client_name"))
	require.Equal(t, "read", replaced.text("scope"))
	require.Equal(t, "client_secret_basic", replaced.text("token_endpoint_auth_method"), "the type is fixed")
	require.Equal(t, []string{callback, callback + "2"}, h.app(client).CallbackURLs)
	next := replaced.text("registration_access_token")
	require.NotEqual(t, token, next)
	require.Equal(t, http.StatusUnauthorized, h.manage(http.MethodGet, client, token, "").Code, "the one before has ended")
	require.Equal(t, http.StatusOK, h.manage(http.MethodGet, client, next, "").Code)
	require.True(t, h.accepts(access))

	for name, members := range map[string]object{
		"no client_id":    {"client_id": nil},
		"other client_id": {"client_id": "other"},
		"other secret":    {"client_secret": "other"},
		"bad redirect":    {"redirect_uris": []string{"javascript:x"}},
	} {
		bad := maps.Clone(replacement)
		maps.Copy(bad, members)
		a := h.manage(http.MethodPut, client, next, bad)
		require.Equal(t, http.StatusBadRequest, a.Code, name)
	}
	require.Equal(t, "Notes 2", h.app(client).Name)

	require.Equal(t, http.StatusNoContent, h.manage(http.MethodDelete, client, next, "").Code)
	require.False(t, h.accepts(access))
	require.Nil(t, h.app(client))
	require.Equal(t, http.StatusUnauthorized, h.manage(http.MethodGet, client, next, "").Code)
}

// A registration access token is for one client alone, and nothing else is
// one.
func TestManagementIsTheClientsOwn(t *testing.T) {
	h := newHost(t, registration.Config{Open: true})
	client, other := h.registered(object{"token_endpoint_auth_method": nil}), h.registered(nil)
	access := h.tokens(client)
	unknown := answer{body: object{"registration_client_uri": "https://id.example/oauth/register/00000000000000000000"}}
	owned := answer{body: object{"registration_client_uri": "https://id.example/oauth/register/" + h.Application.ClientID}}
	good := client.text("registration_access_token")
	changed := good[:len(good)-1] + "0"
	if changed == good {
		changed = good[:len(good)-1] + "1"
	}
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		for name, token := range map[string]string{
			"none": "", "another client's": other.text("registration_access_token"), "an access token": access, "a secret": client.text("client_secret"),
			"changed": changed, "made up": h.Kernel().Credentials.NewRegistrationToken().Reveal(),
		} {
			a := h.manage(method, client, token, metadata(object{"client_id": client.text("client_id")}))
			require.Equal(t, http.StatusUnauthorized, a.Code, "%s with %s", method, name)
		}
		for _, target := range []answer{unknown, owned} {
			require.Equal(t, http.StatusUnauthorized, h.manage(method, target, good, metadata(nil)).Code)
		}
	}
	require.NotNil(t, h.app(client))
	require.NotNil(t, h.app(other))
}

// A client that the host has suspended can neither change nor hide.
func TestSuspended(t *testing.T) {
	h := newHost(t, registration.Config{Open: true})
	client := h.registered(nil)
	token := client.text("registration_access_token")
	_, err := h.Registry().ChangeStanding(t.Context(), oauthapp.AnyOwner, h.app(client).ID, func(s *oauthapp.Standing) { *s = oauthapp.Standing{Suspended: true} })
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, h.manage(http.MethodPut, client, token, metadata(object{"client_id": client.text("client_id")})).Code)
	require.Equal(t, http.StatusForbidden, h.manage(http.MethodDelete, client, token, "").Code)
	require.NotNil(t, h.app(client))
}

func TestIsOffUnlessAskedFor(t *testing.T) {
	h := newHost(t, registration.Config{Open: true}, func(cfg *flow.Config) { cfg.Extensions = nil })
	require.Equal(t, http.StatusNotFound, h.post(registration.Path, nil).Code)
	server := func(h *host) string {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://id.example/.well-known/oauth-authorization-server", nil))
		return w.Body.String()
	}
	require.NotContains(t, server(h), "registration_endpoint")
	require.Contains(t, server(newHost(t, registration.Config{Open: true})), `"registration_endpoint":"https://id.example/oauth/register"`)
	for field, cfg := range map[string]registration.Config{"Config.Open": {}, "Config.Scopes": {Open: true, Scopes: []string{"other"}}} {
		_, err := flow.New(flow.Config{
			Issuer: "https://id.example", Store: memory.New(), CurrentUser: func(*http.Request) (*flow.User, error) { return nil, nil },
			LoginURL: func(string) string { return "/login" }, Scopes: []flow.Scope{{Name: "read", Default: true}},
			Extensions: []flow.Extension{registration.New(cfg)},
		})
		require.ErrorContains(t, err, "registration: "+field)
	}
	found := func(h *host) string {
		findings, err := h.Check(t.Context())
		require.NoError(t, err)
		return fmt.Sprint(findings)
	}
	require.NotContains(t, found(h), "register clients")
	require.Contains(t, found(newHost(t, registration.Config{Open: true})), "register clients")
}
