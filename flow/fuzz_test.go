package flow_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// FuzzBearer sends anything as the Authorization header to a guarded resource:
// nothing but the one access token opens it, and what cannot be a token never
// reaches the store.
func FuzzBearer(f *testing.F) {
	s := newService(f)
	tok := s.authorize(s.app, "read")
	for _, seed := range []string{
		"Bearer " + tok.access, "bearer  " + tok.access + " ", "Bearer " + tok.refresh, "Bearer " + tok.code, "Bearer " + tok.access + "," + tok.access,
		"Bearer", "Bearer ", "Basic " + tok.access, tok.access, "Bearer\t" + tok.access, "Bearer " + tok.access[:len(tok.access)-1], "Bearer " + alter(tok.access),
		"Bearer \x00", "Bearer undefined", "", " ", "Bearer a b", "Bearer \xff",
	} {
		f.Add(seed)
	}
	guarded := s.Require("read")(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodGet, "https://id.example/api", nil)
		r.Header["Authorization"] = []string{header}
		w := httptest.NewRecorder()
		s.store.reset()
		guarded.ServeHTTP(w, r)
		scheme, token, _ := strings.Cut(header, " ")
		token = strings.Trim(token, " ")
		if strings.EqualFold(scheme, "Bearer") && token == tok.access {
			require.Equal(t, http.StatusNoContent, w.Code)
			return
		}
		require.Contains(t, []int{http.StatusBadRequest, http.StatusUnauthorized}, w.Code)
		require.NotEmpty(t, w.Header().Get("WWW-Authenticate"))
		if _, err := s.credentials.Parse(credential.AccessToken, token); err != nil {
			require.Empty(t, s.store.counted())
		}
	})
}

// FuzzAuthorizationRequest sends anything as the state and the resource: where
// the consent page is shown, its form is carried out, and where the user has to
// sign in first, they come back to the same.
func FuzzAuthorizationRequest(f *testing.F) {
	h := newHost(f)
	for _, seed := range []string{"", "s", "\x00\xff", "+ %2F&=;", strings.Repeat("/", 11_000), strings.Repeat("!", 11_000), strings.Repeat(" ", 32_000), strings.Repeat("s", 32<<10), strings.Repeat("\xe9", 40<<10)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, state string) {
		h.t = t
		params := request(h.app, "state", state)
		h.user = nil
		first := h.open(params)
		h.user = alice()
		shown := h.open(params)
		if shown.Code != http.StatusOK {
			requirePage(t, first, http.StatusBadRequest)
			requirePage(t, shown, http.StatusBadRequest)
			return
		}
		login, err := url.Parse(first.Header().Get("Location"))
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, h.get(login.Query().Get("return_to")).Code)
		require.Equal(t, state, h.answer(h.decide(shown, "deny", "1")).Get("state"))
		require.Equal(t, state, h.answer(h.decide(shown, "authorize", "1")).Get("state"))
	})
}

// FuzzIgnoredParameters sends anything along with requests to every endpoint,
// before and after their parameters, and in the query: what nobody acts on
// changes no answer.
func FuzzIgnoredParameters(f *testing.F) {
	for _, seed := range []string{
		"x=1", "x=1&x=2&x", "x=%zz", "%=1", "x=%ff", "\xff=\xfe", "x=%00&\x00", "a;b=c;d", ";", "&&=&", "approval_prompt=force", "audience=%C3%A9",
		"1e999", "[{}]", "null", "{\"code\":2}", "\"\\ud800\"", "client%5fidx=2", "CODE=1", strings.Repeat("x&", 200),
	} {
		f.Add(seed)
	}
	h := newHost(f)
	issued := h.service.authorize(h.app, "read")
	client := credentialsOf(h.app, h.secret)
	exchange := change(client, "grant_type", "authorization_code", "code", unissuedCode, "redirect_uri", callback)
	send := func(method, path, query, contentType, body string) (int, string) {
		r := httptest.NewRequest(method, "https://id.example"+path, strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Header().Get("Content-Type") != "application/json" {
			return w.Code, "" // a page has a ticket of its own
		}
		return w.Code, w.Body.String()
	}
	f.Fuzz(func(t *testing.T, noise string) {
		noise = ignored(noise)
		for _, tt := range []struct {
			path string
			form url.Values
		}{
			{"/oauth/token", exchange}, {"/oauth/revoke", with(client, "token", unissued)},
			{"/oauth/introspect", with(client, "token", issued.access)}, {"/oauth/authorize", request(h.app)},
		} {
			form := tt.form.Encode()
			status, answer := send(http.MethodPost, tt.path, "", formType, form)
			for _, body := range []string{noise + "&" + form, form + "&" + noise} {
				gotStatus, got := send(http.MethodPost, tt.path, noise, formType+"; charset=", body)
				require.Equal(t, status, gotStatus, tt.path)
				require.Equal(t, answer, got, tt.path)
			}
		}
		status, _ := send(http.MethodGet, "/oauth/authorize", noise+"&"+request(h.app).Encode()+"&"+noise, "", "")
		require.Equal(t, http.StatusOK, status)
	})
}

const (
	formType = "application/x-www-form-urlencoded"
)

// ignored leaves out of a form the parameters that some endpoint acts on.
func ignored(form string) string {
	acted := []string{
		"grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "scope", "state", "resource", "token", "token_type_hint",
		"client_id", "client_secret", "client_assertion", "client_assertion_type",
		"response_type", "response_mode", "code_challenge", "code_challenge_method", "request", "request_uri", "account_id", "ticket", "decision",
		"prompt", "max_age", "login_hint", "ui_locales",
	}
	return strings.Join(slices.DeleteFunc(strings.Split(form[:min(len(form), 8<<10)], "&"), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		return err == nil && slices.Contains(acted, name)
	}), "&")
}
