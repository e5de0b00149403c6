package flow_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// openWith opens an authorization request in a browser that has a cookie, or
// none.
func (h *host) openWith(cookie *http.Cookie, params url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "https://id.example/oauth/authorize?"+params.Encode(), nil)
	if cookie != nil {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// formCookie returns the one cookie that an answer sets.
func formCookie(t *testing.T, w *httptest.ResponseRecorder) *http.Cookie {
	t.Helper()
	cookies := w.Result().Cookies()
	require.Len(t, cookies, 1)
	return cookies[0]
}

// Where the host names no session, the form is bound to a cookie: a form of
// another browser is refused although the user is the same.
func TestFormIsBoundToItsBrowser(t *testing.T) {
	h := newHost(t)
	h.user.Session = ""
	page := h.open(request(h.app))
	own := formCookie(t, page)
	require.Equal(t, "__Host-oauthapps_form", own.Name)
	require.True(t, own.Secure)
	require.True(t, own.HttpOnly)
	require.Equal(t, http.SameSiteLaxMode, own.SameSite)
	require.Equal(t, "/", own.Path)
	require.Empty(t, own.Domain)
	require.True(t, own.Expires.IsZero())
	require.Zero(t, own.MaxAge)
	value, err := base64.RawURLEncoding.DecodeString(own.Value)
	require.NoError(t, err)
	require.Len(t, value, 32)
	h.issued = append(h.issued, own.Value)
	require.NotContains(t, page.Body.String(), own.Value)
	other := formCookie(t, h.open(request(h.app)))
	require.NotEqual(t, own.Value, other.Value)

	form := change(h.form(page), "decision", "authorize", "account_id", "1")
	for name, cookie := range map[string]*http.Cookie{
		"none":              nil,
		"another browser's": other,
		"empty":             {Name: own.Name},
		"of another name":   {Name: "oauthapps_form", Value: own.Value},
		"too short":         {Name: own.Name, Value: own.Value[:42]},
	} {
		h.events.reset()
		h.store.reset()
		refused := h.post("/oauth/authorize", form, func(r *http.Request) {
			if cookie != nil {
				r.AddCookie(cookie)
			}
		})
		require.Equal(t, http.StatusBadRequest, refused.Code, name)
		require.Contains(t, refused.Body.String(), "another session", name)
		require.Equal(t, []oauthapp.EventType{oauthapp.ConsentFormRefused}, h.eventTypes(), name)
		require.NotContains(t, h.store.counted(), "BeginSession", name)
	}
	granted := h.post("/oauth/authorize", form, func(r *http.Request) { r.AddCookie(own) })
	require.NotEmpty(t, h.answer(granted).Get("code"))
	require.Empty(t, granted.Result().Cookies())
}

// The cookie is set by pages with a form alone, and once.
func TestFormCookieIsSetByFormsAlone(t *testing.T) {
	h := newHost(t)
	require.Empty(t, h.open(request(h.app)).Result().Cookies(), "the host names a session")
	h.user.Session = ""
	own := formCookie(t, h.open(request(h.app)))
	again := h.openWith(own, request(h.app))
	require.Equal(t, http.StatusOK, again.Code)
	require.Empty(t, again.Result().Cookies())
	require.Empty(t, h.open(request(h.app, "redirect_uri", "https://evil.example")).Result().Cookies(), "a page that says what is wrong")
	require.Empty(t, h.open(request(h.app, "response_type", "token")).Result().Cookies(), "a refusal")
	require.Empty(t, h.get("/oauth/style.css").Result().Cookies())

	for _, malformed := range []string{"", "x", strings.Repeat("!", 43), strings.Repeat("A", 44)} {
		replaced := formCookie(t, h.openWith(&http.Cookie{Name: own.Name, Value: malformed}, request(h.app)))
		require.NotEqual(t, malformed, replaced.Value)
	}

	local := newHost(t, func(cfg *flow.Config) { cfg.Issuer = "http://localhost" })
	local.user.Session = ""
	cookie := formCookie(t, local.open(request(local.app)))
	require.Equal(t, "oauthapps_form", cookie.Name)
	require.False(t, cookie.Secure)
}
