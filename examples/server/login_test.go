package main

import (
	"bytes"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/store/memory"
)

// A browser is one at a site in this process. It follows no redirects.
type browser struct {
	t      *testing.T
	url    string
	client *http.Client
	log    *logBuffer
	keys   masterKeys
}

// A logBuffer collects what the site logs.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func newBrowser(t *testing.T, args ...string) *browser {
	t.Helper()
	opts, err := parseOptions(append([]string{"-store", "memory"}, args...))
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(nil)
	log, keys := &logBuffer{}, masterKeys{newKey()}
	if opts.issuer == "" {
		opts.issuer = "http://" + server.Listener.Addr().String()
	}
	server.Config.Handler, err = newSite(opts, memory.New(), keys, slog.New(slog.NewJSONHandler(log, nil)))
	require.NoError(t, err)
	server.Start()
	t.Cleanup(server.Close)
	return (&browser{t: t, url: server.URL, log: log, keys: keys}).another()
}

// another is another browser at the same site.
func (b *browser) another() *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(b.t, err)
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &browser{t: b.t, url: b.url, client: client, log: b.log, keys: b.keys}
}

// An answered is a response and its whole body.
type answered struct {
	*http.Response
	text string
}

func (b *browser) do(method, path string, form url.Values, header ...string) answered {
	b.t.Helper()
	r, err := http.NewRequest(method, b.url+path, strings.NewReader(form.Encode()))
	require.NoError(b.t, err)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := b.client.Do(r)
	require.NoError(b.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(b.t, err)
	return answered{response, string(body)}
}

func (b *browser) get(path string) answered {
	b.t.Helper()
	return b.do(http.MethodGet, path, nil)
}

// loginForm opens the login page and fills in the form.
func (b *browser) loginForm(email, password, returnTo string) url.Values {
	b.t.Helper()
	page := b.get(loginURL(returnTo))
	require.Equal(b.t, http.StatusOK, page.StatusCode)
	return url.Values{
		"email": {email}, "password": {password},
		"return_to": {hidden(b.t, page.text, "return_to")}, "form_token": {hidden(b.t, page.text, "form_token")},
	}
}

func (b *browser) signIn() {
	b.t.Helper()
	answer := b.do(http.MethodPost, "/login", b.loginForm("alice@example.com", "alice-demo-password", "/"))
	require.Equal(b.t, http.StatusSeeOther, answer.StatusCode, answer.text)
}

func (b *browser) cookie() string {
	u, err := url.Parse(b.url)
	require.NoError(b.t, err)
	for _, cookie := range b.client.Jar.Cookies(u) {
		return cookie.String()
	}
	return ""
}

// hidden returns the value of a hidden field.
func hidden(t *testing.T, page, name string) string {
	t.Helper()
	match := regexp.MustCompile(`type="hidden" name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
	require.NotNil(t, match, "no field %s in %s", name, page)
	return html.UnescapeString(match[1])
}

func TestSignIn(t *testing.T) {
	b := newBrowser(t)
	require.Equal(t, "/login", b.get("/").Header.Get("Location"))

	const returnTo = "/oauth/authorize?client_id=a&redirect_uri=https%3A%2F%2Fclient.example%2F&state=%22%3E"
	form := b.loginForm("alice@example.com", "alice-demo-password", returnTo)
	before := b.cookie()
	answer := b.do(http.MethodPost, "/login", form)
	require.Equal(t, http.StatusSeeOther, answer.StatusCode)
	require.Equal(t, returnTo, answer.Header.Get("Location"))
	require.NotEqual(t, before, b.cookie())

	// Who planted the session that was there before knows nothing of the one
	// that is: neither its cookie nor what its forms bring back.
	planted := b.another()
	require.Equal(t, "/login", planted.do(http.MethodGet, "/", nil, "Cookie", before).Header.Get("Location"), "nobody is signed in to it")
	require.Equal(t, http.StatusForbidden, b.do(http.MethodPost, "/logout", url.Values{"form_token": form["form_token"]}).StatusCode)

	home := b.get("/")
	require.Equal(t, http.StatusOK, home.StatusCode)
	require.Contains(t, home.text, "alice@example.com")
	require.Contains(t, home.text, `href="/accounts/1/oauth_applications"`)
	require.Contains(t, home.text, `href="/accounts/2/oauth_applications"`)
	require.Contains(t, home.text, `href="/accounts/2/api_tokens"`)
	require.NotContains(t, home.text, `href="/accounts/3/`)

	log := b.log.String()
	require.Contains(t, log, `"signed in"`)
	require.NotContains(t, log, "alice-demo-password")
	require.NotContains(t, log, strings.TrimPrefix(b.cookie(), cookieName+"="))
}

func TestSignInReturnsToThisServerOnly(t *testing.T) {
	b := newBrowser(t)
	page := b.get(loginURL("//evil.example"))
	require.Equal(t, "/", hidden(t, page.text, "return_to"))

	form := b.loginForm("alice@example.com", "alice-demo-password", "/")
	form.Set("return_to", "https://evil.example/") // forged after the page was made
	require.Equal(t, "/", b.do(http.MethodPost, "/login", form).Header.Get("Location"))
}

// Nothing but the address typed back tells a known one from an unknown one.
func TestSignInFailsUniformly(t *testing.T) {
	b := newBrowser(t)
	known := b.do(http.MethodPost, "/login", b.loginForm("alice@example.com", "wrong", "/"))
	unknown := b.do(http.MethodPost, "/login", b.loginForm("nobody@example.com", "wrong", "/"))
	require.Equal(t, http.StatusUnauthorized, known.StatusCode)
	require.Equal(t, known.StatusCode, unknown.StatusCode)
	require.Equal(t,
		strings.ReplaceAll(known.text, `value="alice@example.com"`, ""),
		strings.ReplaceAll(unknown.text, `value="nobody@example.com"`, ""))
	require.NotContains(t, b.log.String(), "nobody@example.com", "people type passwords into the wrong field")
}

func TestSignInIsLimited(t *testing.T) {
	b := newBrowser(t)
	form := b.loginForm("alice@example.com", "wrong", "/")
	for range emailBurst {
		require.Equal(t, http.StatusUnauthorized, b.do(http.MethodPost, "/login", form).StatusCode)
	}
	form.Set("password", "alice-demo-password")
	refused := b.do(http.MethodPost, "/login", form)
	require.Equal(t, http.StatusTooManyRequests, refused.StatusCode, "also the right password")
	seconds, err := strconv.Atoi(refused.Header.Get("Retry-After"))
	require.NoError(t, err)
	require.InDelta(t, emailPace.Seconds(), seconds, emailPace.Seconds()-1)
	require.Contains(t, refused.text, "Too many attempts")

	form.Set("email", "bob@example.com")
	form.Set("password", "bob-demo-password")
	require.Equal(t, http.StatusSeeOther, b.do(http.MethodPost, "/login", form).StatusCode)
}

func TestFormsOfOthersAreRefused(t *testing.T) {
	b := newBrowser(t)
	other := b.another()
	foreign := other.loginForm("alice@example.com", "alice-demo-password", "/").Get("form_token")

	form := b.loginForm("alice@example.com", "alice-demo-password", "/")
	for name, change := range map[string]func(url.Values){
		"none":      func(f url.Values) { f.Del("form_token") },
		"empty":     func(f url.Values) { f.Set("form_token", "") },
		"another's": func(f url.Values) { f.Set("form_token", foreign) },
	} {
		forged := url.Values{}
		for key, values := range form {
			forged[key] = values
		}
		change(forged)
		answer := b.do(http.MethodPost, "/login", forged)
		require.Equal(t, http.StatusForbidden, answer.StatusCode, name)
		require.Equal(t, "/login", b.get("/").Header.Get("Location"), "nobody is signed in")
	}
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null", "Sec-Fetch-Site", "cross-site"}} {
		require.Equal(t, http.StatusForbidden, b.do(http.MethodPost, "/login", form, header...).StatusCode, header)
	}

	b.signIn()
	for _, token := range []string{"", foreign} {
		require.Equal(t, http.StatusForbidden, b.do(http.MethodPost, "/logout", url.Values{"form_token": {token}}).StatusCode)
		require.Equal(t, http.StatusOK, b.get("/").StatusCode, "still signed in")
	}
	own := url.Values{"form_token": {hidden(t, b.get("/").text, "form_token")}}
	require.Equal(t, http.StatusForbidden, b.do(http.MethodPost, "/logout", own, "Sec-Fetch-Site", "cross-site").StatusCode)
	require.Equal(t, http.StatusOK, b.get("/").StatusCode)
	require.Equal(t, http.StatusMethodNotAllowed, b.get("/logout").StatusCode)
}

func TestSignOutHoldsForCopiesOfTheCookie(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	copied := b.cookie()
	form := url.Values{"form_token": {hidden(t, b.get("/").text, "form_token")}}
	answer := b.do(http.MethodPost, "/logout", form)
	require.Equal(t, http.StatusSeeOther, answer.StatusCode)
	require.Equal(t, "/login", answer.Header.Get("Location"))
	require.Empty(t, b.cookie())

	thief := b.another()
	require.Equal(t, http.StatusSeeOther, thief.do(http.MethodGet, "/", nil, "Cookie", copied).StatusCode)
	page := thief.do(http.MethodGet, "/accounts/1/oauth_applications", nil, "Cookie", copied)
	require.Equal(t, http.StatusSeeOther, page.StatusCode, "nor do the library's pages accept it")
}

// Every page a signed-in person sees has the way out, the library's too.
func TestSignedInPagesHaveTheSignOutForm(t *testing.T) {
	b := newBrowser(t)
	require.NotContains(t, b.get("/login").text, `action="/logout"`)
	b.signIn()
	for _, path := range []string{
		"/", loginURL("/oauth/authorize?client_id=a&login_ticket=b"), "/accounts/1/oauth_applications", "/accounts/1/oauth_applications/new",
		"/accounts/3/oauth_applications", // another's: not found
		"/oauth/authorize?client_id=none",
	} {
		page := b.get(path)
		require.Contains(t, page.text, `action="/logout"`, path)
		form := url.Values{"form_token": {hidden(t, page.text, "form_token")}}
		require.Equal(t, http.StatusSeeOther, b.do(http.MethodPost, "/logout", form).StatusCode, path)
		b.signIn()
	}
}

func TestPageHeaders(t *testing.T) {
	b := newBrowser(t)
	for _, path := range []string{"/login", "/"} {
		page := b.get(path)
		require.Equal(t, http.StatusOK, page.StatusCode)
		h := page.Header
		require.Equal(t, "text/html; charset=utf-8", h.Get("Content-Type"))
		require.Equal(t, "no-store", h.Get("Cache-Control"))
		require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'")
		require.Contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'")
		require.NotContains(t, h.Get("Content-Security-Policy"), "unsafe-inline")
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
		require.Equal(t, "same-origin", h.Get("Referrer-Policy"))
		require.Empty(t, h.Get("Strict-Transport-Security"), "there is no TLS to insist on")
		if path == "/login" {
			b.signIn()
		}
	}
	for _, stylesheet := range []string{"/demo.css", "/oauth/style.css"} {
		answer := b.get(stylesheet)
		require.Equal(t, http.StatusOK, answer.StatusCode)
		require.Contains(t, answer.Header.Get("Content-Type"), "text/css")
	}
}

// Browsers that do not know Sec-Fetch-Site, or whose proxy takes it away, sign
// in and out: where they tell no origin either, by what the form brings back.
func TestBrowsersWithoutFetchMetadata(t *testing.T) {
	for name, origin := range map[string]func(*browser) []string{
		"their own origin": func(b *browser) []string { return []string{"Origin", b.url} },
		"null":             func(*browser) []string { return []string{"Origin", "null"} },
		"no origin":        func(*browser) []string { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBrowser(t)
			form := b.loginForm("alice@example.com", "alice-demo-password", "/")
			require.Equal(t, "/", b.do(http.MethodPost, "/login", form, origin(b)...).Header.Get("Location"))
			form = url.Values{"form_token": {hidden(t, b.get("/").text, "form_token")}}
			require.Equal(t, "/login", b.do(http.MethodPost, "/logout", form, origin(b)...).Header.Get("Location"))
		})
	}
}

// A form that was open while somebody signed in, in another tab, goes on to
// where it leads.
func TestTabs(t *testing.T) {
	const first, second = "/oauth/authorize?client_id=a", "/accounts/2/oauth_applications"
	own := []string{"Sec-Fetch-Site", "same-origin"}
	for _, next := range []person{people[0], people[1]} { // the same person, another one
		b := newBrowser(t)
		one := b.loginForm("alice@example.com", "alice-demo-password", first)
		two := b.loginForm(next.email, next.password, second)
		require.Equal(t, first, b.do(http.MethodPost, "/login", one, own...).Header.Get("Location"))
		out := url.Values{"form_token": {hidden(t, b.get("/").text, "form_token")}}
		require.Equal(t, second, b.do(http.MethodPost, "/login", two, own...).Header.Get("Location"))
		require.Contains(t, b.get("/").text, next.email)

		// So does the sign-out form of the first one, also in a browser that
		// does not say whose form it sends, where that is the same person's.
		header := own
		if next.id == people[0].id {
			header = nil
		}
		require.Equal(t, "/login", b.do(http.MethodPost, "/logout", out, header...).Header.Get("Location"))
		require.Equal(t, "/login", b.get("/").Header.Get("Location"))
	}
}

// Who is signed in is not asked again, unless the client wants that.
func TestLoginWhileSignedIn(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	require.Equal(t, "/", b.get("/login").Header.Get("Location"))
	require.Equal(t, "/", b.get(loginURL("//evil.example/")).Header.Get("Location"))
	for returnTo, form := range map[string]bool{
		"/accounts/2/oauth_applications":                   false,
		"/oauth/authorize?client_id=a":                     false,
		"/oauth/authorize?client_id=a&prompt=login":        false, // whether to sign in again, the library says
		"/oauth/authorize?client_id=a&login_ticket=signed": true,
	} {
		answer := b.get(loginURL(returnTo))
		if form {
			require.Equal(t, http.StatusOK, answer.StatusCode, returnTo)
			require.Equal(t, returnTo, hidden(t, answer.text, "return_to"))
			continue
		}
		require.Equal(t, returnTo, answer.Header.Get("Location"))
	}
}

// Who is asked for consent as one person signs out, and comes back as another.
func TestSignOutOfTheConsentPage(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	const request = "/oauth/authorize?client_id=none&state=%22%3E+%2F"
	page := b.get(request)
	form := url.Values{"form_token": {hidden(t, page.text, "form_token")}, "return_to": {hidden(t, page.text, "return_to")}}
	out := b.do(http.MethodPost, "/logout", form)
	require.Equal(t, loginURL(request), out.Header.Get("Location"))
	require.Equal(t, request, hidden(t, b.get(out.Header.Get("Location")).text, "return_to"))

	b.signIn()
	form.Set("form_token", hidden(t, b.get("/").text, "form_token"))
	form.Set("return_to", "https://evil.example/")
	require.Equal(t, "/login", b.do(http.MethodPost, "/logout", form).Header.Get("Location"))
}

// The client may know who is going to sign in (OpenID Connect Core, section
// 3.1.2.1).
func TestLoginHint(t *testing.T) {
	b := newBrowser(t)
	page := b.get(loginURL("/oauth/authorize?client_id=a&login_hint=bob%2B%22%3E%40example.com"))
	require.Contains(t, page.text, `name="email" type="email" autocomplete="username" required value="bob&#43;&#34;&gt;@example.com"`)
	page = b.get(loginURL("/accounts/1/oauth_applications?login_hint=bob%40example.com"))
	require.NotContains(t, page.text, `value="bob`)
}

// What a cache may keep comes without a cookie: a shared cache would hand it to
// the next visitor.
func TestCookiesComeWithPagesOnly(t *testing.T) {
	b := newBrowser(t)
	past := func() time.Time { return time.Now().Add(-2 * sessionRenews) }
	w := httptest.NewRecorder()
	newSessions(b.keys.derive("sessions"), false, past).begin(w, "1")
	cookie := cookieOf(t, w).String()
	renewed := 0
	for _, path := range []string{
		"/", "/login", loginURL("/oauth/authorize?client_id=a&login_ticket=b"), "/accounts/1/oauth_applications", "/accounts/nobody", "/oauth/authorize",
		"/demo.css", "/oauth/style.css", "/oauth/style.css?b=1", "/.well-known/oauth-authorization-server", "/healthz", "/v2/whoami", "/nothing", "/oauth/nothing",
	} {
		answer := b.another().do(http.MethodGet, path, nil, "Cookie", cookie)
		if len(answer.Cookies()) > 0 {
			renewed++
			require.Equal(t, "no-store", answer.Header.Get("Cache-Control"), path)
		}
	}
	require.Equal(t, 6, renewed)
}

func TestHTTPSIssuer(t *testing.T) {
	b := newBrowser(t, "-issuer", "https://id.example")
	answer := b.get("/login")
	require.NotEmpty(t, answer.Header.Get("Strict-Transport-Security"))
	require.Len(t, answer.Cookies(), 1)
	require.Equal(t, "__Host-"+cookieName, answer.Cookies()[0].Name)
	require.True(t, answer.Cookies()[0].Secure)
}

func TestLoginFormIsBounded(t *testing.T) {
	b := newBrowser(t)
	form := b.loginForm("alice@example.com", "alice-demo-password", "/")
	form.Set("padding", strings.Repeat("a", maxLoginForm))
	require.Equal(t, http.StatusBadRequest, b.do(http.MethodPost, "/login", form).StatusCode)
}
