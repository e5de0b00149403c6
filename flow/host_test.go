package flow_test

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
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// A host is a service with a user in front of a browser.
type host struct {
	*service
	user    *flow.User // who is signed in, nil for nobody
	userErr error
}

const callback = "https://client.example/callback"

var (
	verifier  = strings.Repeat("verifier-~.", 4)
	challenge = challengeOf(verifier)
)

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// newHost returns a host at which Alice, who has two accounts, is signed in.
func newHost(t testing.TB, edit ...func(*flow.Config)) *host {
	h := &host{user: alice()}
	configure := func(cfg *flow.Config) {
		cfg.CurrentUser = func(*http.Request) (*flow.User, error) { return h.user, h.userErr }
		cfg.LoginURL = func(returnTo string) string { return "/login?return_to=" + url.QueryEscape(returnTo) }
	}
	h.service = newService(t, append([]func(*flow.Config){configure}, edit...)...)
	h.issued = append(h.issued, verifier)
	return h
}

func alice() *flow.User {
	return &flow.User{ID: "1", Name: "alice@example.com", Session: "alice-session", Accounts: []flow.Account{
		{ID: "1", Name: "Alice"}, {ID: "2", Name: "Acme Inc"},
	}}
}

// bob has one account.
func bob() *flow.User {
	return &flow.User{ID: "2", Name: "bob@example.com", Session: "bob-session", Accounts: []flow.Account{{ID: "3", Name: "Bob"}}}
}

// request returns an authorization request of an application: with PKCE, a
// state and the scope read. Pairs change it; an empty value removes a
// parameter.
func request(app oauthapp.Application, pairs ...string) url.Values {
	params := url.Values{
		"client_id":             {app.ClientID},
		"response_type":         {"code"},
		"redirect_uri":          {callback},
		"scope":                 {"read"},
		"state":                 {"the-state"},
		"code_challenge":        {challenge},
		"code_challenge_method": {"S256"},
	}
	return change(params, pairs...)
}

func change(params url.Values, pairs ...string) url.Values {
	params = copyForm(params)
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			params.Del(pairs[i])
		} else {
			params.Set(pairs[i], pairs[i+1])
		}
	}
	return params
}

// node returns another node of the service over the same store, with a
// configuration that differs.
func (h *host) node(edit func(*flow.Config)) *host {
	h.t.Helper()
	cfg := h.Resolved()
	edit(&cfg)
	provider, err := flow.New(cfg)
	require.NoError(h.t, err)
	service, flowtest := *h.service, *h.Provider
	flowtest.Provider = provider
	service.Provider = &flowtest
	return &host{service: &service, user: h.user}
}

// restrict leaves an application some scopes to ask for.
func (h *host) restrict(app oauthapp.Application, scopes ...string) {
	h.t.Helper()
	app, err := h.Registry().Application(h.t.Context(), oauthapp.AnyOwner, app.ID)
	require.NoError(h.t, err)
	reg := app.Registration()
	reg.Scopes = scopes
	_, err = h.Registry().Update(h.t.Context(), oauthapp.AnyOwner, app.ID, reg)
	require.NoError(h.t, err)
}

// open opens an authorization request in the browser.
func (h *host) open(params url.Values) *httptest.ResponseRecorder {
	h.t.Helper()
	return h.get("/oauth/authorize?" + params.Encode())
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)"`)

// form returns the hidden fields of a consent page.
func (h *host) form(w *httptest.ResponseRecorder) url.Values {
	h.t.Helper()
	require.Contains(h.t, w.Header().Get("Content-Type"), "text/html", w.Header())
	fields := url.Values{}
	for _, match := range hiddenField.FindAllStringSubmatch(w.Body.String(), -1) {
		fields.Set(match[1], html.UnescapeString(match[2]))
	}
	require.True(h.t, fields.Has("ticket"), w.Body.String())
	return fields
}

// decide answers a consent page.
func (h *host) decide(w *httptest.ResponseRecorder, decision, account string) *httptest.ResponseRecorder {
	h.t.Helper()
	return h.post("/oauth/authorize", change(h.form(w), "decision", decision, "account_id", account))
}

// answer returns the parameters that the browser brings back to the client,
// which are there once each, with the issuer.
func (h *host) answer(w *httptest.ResponseRecorder) url.Values {
	h.t.Helper()
	require.Equal(h.t, http.StatusSeeOther, w.Code, w.Body.String())
	require.Equal(h.t, "no-store", w.Header().Get("Cache-Control"))
	require.Equal(h.t, "no-referrer", w.Header().Get("Referrer-Policy"))
	require.Empty(h.t, w.Header().Get("Access-Control-Allow-Origin"))
	location, err := url.Parse(w.Header().Get("Location"))
	require.NoError(h.t, err)
	require.Empty(h.t, location.Fragment)
	answer, err := url.ParseQuery(location.RawQuery)
	require.NoError(h.t, err)
	for name, values := range answer {
		require.Len(h.t, values, 1, name)
	}
	require.Equal(h.t, "https://id.example", answer.Get("iss"))
	require.NotEqual(h.t, answer.Has("code"), answer.Has("error"))
	if code := answer.Get("code"); code != "" {
		h.issued = append(h.issued, code)
	}
	return answer
}

// code lets the user authorize a request for an account and returns the code.
func (h *host) code(params url.Values, account string) string {
	h.t.Helper()
	code := h.answer(h.decide(h.open(params), "authorize", account)).Get("code")
	require.NotEmpty(h.t, code)
	return code
}

// redemption returns the token request for a code of request(app).
func (h *host) redemption(app oauthapp.Application, code string, pairs ...string) url.Values {
	form := url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {code},
		"redirect_uri":  {callback},
		"code_verifier": {verifier},
		"client_id":     {app.ClientID},
	}
	if app.Type == oauthapp.Confidential {
		form.Set("client_secret", h.secret)
	}
	return change(form, pairs...)
}

// refreshing returns the token request for a refresh token.
func (h *host) refreshing(app oauthapp.Application, token string, pairs ...string) url.Values {
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {app.ClientID}}
	if app.Type == oauthapp.Confidential {
		form.Set("client_secret", h.secret)
	}
	return change(form, pairs...)
}

// A grantedTokens is a successful answer of the token endpoint.
type grantedTokens struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
	Scope        string `json:"scope"`
}

// tokens sends a token request that must succeed.
func (h *host) tokens(form url.Values, edit ...func(*http.Request)) grantedTokens {
	h.t.Helper()
	return h.granted(h.post("/oauth/token", form, edit...))
}

func (h *host) granted(w *httptest.ResponseRecorder) grantedTokens {
	h.t.Helper()
	require.Equal(h.t, http.StatusOK, w.Code, w.Body.String())
	require.Equal(h.t, "application/json", w.Header().Get("Content-Type"))
	require.Equal(h.t, "no-store", w.Header().Get("Cache-Control"))
	require.Equal(h.t, "no-cache", w.Header().Get("Pragma"))
	var granted grantedTokens
	require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &granted))
	require.Equal(h.t, "Bearer", granted.TokenType)
	h.issued = append(h.issued, granted.AccessToken)
	if granted.RefreshToken != "" {
		h.issued = append(h.issued, granted.RefreshToken)
	}
	return granted
}

// login lets the user authorize an application and returns its tokens.
func (h *host) login(app oauthapp.Application, pairs ...string) grantedTokens {
	h.t.Helper()
	return h.tokens(h.redemption(app, h.code(request(app, pairs...), "1")))
}

// accepts reports whether an API of the service accepts an access token.
// Anything but yes and 401 fails the test.
func (h *host) accepts(token string) bool {
	h.t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "https://id.example/api", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	h.Require()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	})).ServeHTTP(w, r)
	if w.Code != http.StatusNoContent {
		require.Equal(h.t, http.StatusUnauthorized, w.Code, w.Body.String())
	}
	return w.Code == http.StatusNoContent
}

// eventTypes returns the types of the events since it was last asked.
func (h *host) eventTypes() []oauthapp.EventType {
	var types []oauthapp.EventType
	for _, e := range h.events.take() {
		types = append(types, e.Type)
	}
	return types
}

// requirePage checks a page with an error, down to what keeps it from doing
// harm.
func requirePage(t *testing.T, w *httptest.ResponseRecorder, status int) {
	t.Helper()
	require.Equal(t, status, w.Code, w.Body.String())
	require.Contains(t, w.Header().Get("Content-Type"), "text/html")
	require.Empty(t, w.Header().Get("Location"))
	require.NotContains(t, strings.ToLower(w.Body.String()), "http-equiv")
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'")
	require.Equal(t, "DENY", w.Header().Get("X-Frame-Options"))
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.Equal(t, status == http.StatusServiceUnavailable, w.Header().Get("Retry-After") != "")
	require.NotContains(t, w.Body.String(), errBroken.Error())
}

// errClosed is another failure of a store, that wraps nothing.
var errClosed = errors.New("sql: database is closed")

func (s *faultyStore) BeginSession(ctx context.Context, b store.SessionStart) (oauthapp.Grant, error) {
	if err := s.call("BeginSession"); err != nil {
		return oauthapp.Grant{}, err
	}
	return s.Store.BeginSession(ctx, b)
}

func (s *faultyStore) RedeemCode(ctx context.Context, r store.Redemption) error {
	if err := s.call("RedeemCode"); err != nil {
		return err
	}
	return s.Store.RedeemCode(ctx, r)
}

func (s *faultyStore) RotateRefreshToken(ctx context.Context, r store.Rotation) error {
	if err := s.call("RotateRefreshToken"); err != nil {
		return err
	}
	return s.Store.RotateRefreshToken(ctx, r)
}

func (s *faultyStore) Grants(ctx context.Context, filter oauthapp.GrantFilter, p oauthapp.Page) (oauthapp.List[oauthapp.Grant], error) {
	if err := s.call("Grants"); err != nil {
		return oauthapp.List[oauthapp.Grant]{}, err
	}
	return s.Store.Grants(ctx, filter, p)
}
