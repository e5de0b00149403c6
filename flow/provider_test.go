package flow_test

import (
	"bytes"
	"context"
	"embed"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/store/memory"
)

func minimal() flow.Config {
	return flow.Config{
		Issuer:      "https://id.example",
		Store:       memory.New(),
		CurrentUser: func(*http.Request) (*flow.User, error) { return nil, nil },
		LoginURL:    func(string) string { return "/login" },
		Scopes:      []flow.Scope{{Name: "read", Default: true}},
	}
}

func TestNewNamesTheFieldThatIsWrong(t *testing.T) {
	for name, test := range map[string]struct {
		edit  func(*flow.Config)
		field string
	}{
		"no issuer":                {func(c *flow.Config) { c.Issuer = "" }, "Issuer"},
		"issuer no URL":            {func(c *flow.Config) { c.Issuer = "https://id.example:x" }, "Issuer"},
		"issuer relative":          {func(c *flow.Config) { c.Issuer = "/id" }, "Issuer"},
		"issuer without host":      {func(c *flow.Config) { c.Issuer = "https:///x" }, "Issuer"},
		"issuer http":              {func(c *flow.Config) { c.Issuer = "http://id.example" }, "Issuer"},
		"issuer http, suffix":      {func(c *flow.Config) { c.Issuer = "http://127.0.0.1.evil.example" }, "Issuer"},
		"issuer trailing slash":    {func(c *flow.Config) { c.Issuer = "https://id.example/" }, "Issuer"},
		"issuer trailing slash 2":  {func(c *flow.Config) { c.Issuer = "https://id.example/x/" }, "Issuer"},
		"issuer query":             {func(c *flow.Config) { c.Issuer = "https://id.example?x=1" }, "Issuer"},
		"issuer bare query":        {func(c *flow.Config) { c.Issuer = "https://id.example?" }, "Issuer"},
		"issuer fragment":          {func(c *flow.Config) { c.Issuer = "https://id.example#x" }, "Issuer"},
		"issuer user":              {func(c *flow.Config) { c.Issuer = "https://u@id.example" }, "Issuer"},
		"issuer in caps":           {func(c *flow.Config) { c.Issuer = "https://ID.example" }, "Issuer"},
		"issuer wildcard":          {func(c *flow.Config) { c.Issuer = "https://id.example/{x}" }, "Issuer"},
		"issuer dot segment":       {func(c *flow.Config) { c.Issuer = "https://id.example/a/../b" }, "Issuer"},
		"issuer escaped":           {func(c *flow.Config) { c.Issuer = "https://id.example/%61" }, "Issuer"},
		"no store":                 {func(c *flow.Config) { c.Store = nil }, "Store"},
		"nil pointer of a store":   {func(c *flow.Config) { c.Store = (*memory.Store)(nil) }, "Store"},
		"nil pointer of a limiter": {func(c *flow.Config) { c.Limiter = (*hostLimiter)(nil) }, "Limiter"},
		"nil pointer of pages":     {func(c *flow.Config) { c.Pages.Files = (*embed.FS)(nil) }, "Pages.Files"},
		"no CurrentUser":           {func(c *flow.Config) { c.CurrentUser = nil }, "CurrentUser"},
		"no LoginURL":              {func(c *flow.Config) { c.LoginURL = nil }, "LoginURL"},
		"LoginURL without a URL":   {func(c *flow.Config) { c.LoginURL = func(string) string { return "" } }, "LoginURL"},
		"LoginURL that panics":     {func(c *flow.Config) { c.LoginURL = func(string) string { panic("not ready") } }, "LoginURL"},
		"no scopes":                {func(c *flow.Config) { c.Scopes = nil }, "Scopes"},
		"no default scope":         {func(c *flow.Config) { c.Scopes[0].Default = false }, "Scopes"},
		"scope with space":         {func(c *flow.Config) { c.Scopes[0].Name = "a b" }, "Scopes"},
		"scope twice":              {func(c *flow.Config) { c.Scopes = append(c.Scopes, c.Scopes[0]) }, "Scopes"},
		"negative maximum":         {func(c *flow.Config) { c.Applications.Max = -1 }, "Applications.Max"},
		"short key":                {func(c *flow.Config) { c.Keys = [][]byte{make([]byte, 31)} }, "Keys"},
		"code too long":            {func(c *flow.Config) { c.Lifetimes.Code = 10*time.Minute + 1 }, "Lifetimes.Code"},
		"negative code":            {func(c *flow.Config) { c.Lifetimes.Code = -1 }, "Lifetimes.Code"},
		"access token":             {func(c *flow.Config) { c.Lifetimes.AccessToken = -time.Hour }, "Lifetimes.AccessToken"},
		"refresh token":            {func(c *flow.Config) { c.Lifetimes.RefreshToken = time.Millisecond }, "Lifetimes.RefreshToken"},
		"session":                  {func(c *flow.Config) { c.Lifetimes.Session = -1 }, "Lifetimes.Session"},
		"session before code":      {func(c *flow.Config) { c.Lifetimes.Code, c.Lifetimes.Session = time.Minute, time.Minute-1 }, "Lifetimes.Session"},
		"grace":                    {func(c *flow.Config) { c.Lifetimes.RotationGrace = time.Hour }, "Lifetimes.RotationGrace"},
		"resource":                 {func(c *flow.Config) { c.Resource = "api" }, "Resource"},
		"resource fragment":        {func(c *flow.Config) { c.Resource = "https://api.example/#x" }, "Resource"},
		"resource bare fragment":   {func(c *flow.Config) { c.Resource = "https://api.example#" }, "Resource"},
		"resource bare query":      {func(c *flow.Config) { c.Resource = "https://api.example?" }, "Resource"},
		"resource http":            {func(c *flow.Config) { c.Resource = "http://api.example" }, "Resource"},
		"resource of no network":   {func(c *flow.Config) { c.Resource = "api://example" }, "Resource"},
		"prefix":                   {func(c *flow.Config) { c.CredentialPrefix = "A_" }, "CredentialPrefix"},
		"pages":                    {func(c *flow.Config) { c.Pages.Files = fstest.MapFS{"consent.html": {Data: []byte("{{")}} }, "Pages.Files"},
		"documentation":            {func(c *flow.Config) { c.Pages.Documentation = "javascript:alert(1)" }, "Pages.Documentation"},
		"documentation by mail":    {func(c *flow.Config) { c.Pages.Documentation = "mailto:help@service.example" }, "Pages.Documentation"},
		"support":                  {func(c *flow.Config) { c.Pages.Support = "help" }, "Pages.Support"},
		"layout without main":      {func(c *flow.Config) { c.Pages.Files = layout(`<title>{{template "title" .}}</title>`) }, "Pages.Files"},
		"layout without title":     {func(c *flow.Config) { c.Pages.Files = layout(`<main>{{template "main" .}}</main>`) }, "Pages.Files"},
		"empty layout":             {func(c *flow.Config) { c.Pages.Files = layout(``) }, "Pages.Files"},
		"page that prints a message": {func(c *flow.Config) {
			const page = `{{define "title"}}T{{end}}{{define "main"}}{{range .Page.Scopes}}{{.Description}}{{end}}{{end}}`
			c.Pages.Files = fstest.MapFS{"consent.html": {Data: []byte(page)}}
		}, "Pages.Files: page consent.html"},
		"layout that hides main": {func(c *flow.Config) {
			c.Pages.Files = layout(`{{template "title" .}}{{if .Host}}{{template "main" .}}{{end}}`)
		}, "Pages.Files"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := minimal()
			test.edit(&cfg)
			_, err := flow.New(cfg)
			require.ErrorContains(t, err, "flow: Config."+test.field+": ")
		})
	}
}

func layout(text string) fstest.MapFS { return fstest.MapFS{"layout.html": {Data: []byte(text)}} }

func TestNewFillsACopy(t *testing.T) {
	cfg := minimal()
	p, err := flow.New(cfg)
	require.NoError(t, err)
	require.Zero(t, cfg.Lifetimes.Code)
	require.Nil(t, cfg.Keys)
	cfg.Scopes[0].Name = "changed"

	resolved := p.Resolved()
	require.Equal(t, "read", resolved.Scopes[0].Name)
	require.Equal(t, 5*time.Minute, resolved.Lifetimes.Code)
	require.Equal(t, time.Hour, resolved.Lifetimes.AccessToken)
	require.Equal(t, 30*24*time.Hour, resolved.Lifetimes.RefreshToken)
	require.Equal(t, 365*24*time.Hour, resolved.Lifetimes.Session)
	require.Equal(t, 10*time.Second, resolved.Lifetimes.RotationGrace)
	require.Equal(t, "https://id.example", resolved.Resource)
	require.Len(t, resolved.Keys, 1)
	require.Len(t, resolved.Keys[0], 32)
	name, err := resolved.Pages.AccountName(t.Context(), "7")
	require.NoError(t, err)
	require.Equal(t, "7", name)
	name, err = resolved.Pages.UserName(t.Context(), "7")
	require.NoError(t, err)
	require.Empty(t, name)

	cfg.Pages.AccountName = func(context.Context, string) (string, error) { return "", nil }
	p, err = flow.New(cfg)
	require.NoError(t, err)
	name, err = p.Resolved().Pages.AccountName(t.Context(), "7")
	require.NoError(t, err)
	require.Equal(t, "7", name, "an owner that the host does not know any more is not nobody")
	for _, optional := range []string{"Resource", "CredentialPrefix", "RemoteAddr", "Logger", "Now"} {
		require.False(t, reflect.ValueOf(resolved).FieldByName(optional).IsZero(), optional)
	}

	cfg = minimal()
	cfg.Lifetimes.RefreshToken = 400 * 24 * time.Hour
	p, err = flow.New(cfg)
	require.NoError(t, err)
	require.Equal(t, 400*24*time.Hour, p.Resolved().Lifetimes.Session)
}

func TestWritePage(t *testing.T) {
	cfg := minimal()
	cfg.Issuer = "https://id.example/auth"
	cfg.Pages.Files = fstest.MapFS{
		"login.html":      {Data: []byte(`{{define "title"}}Sign in{{end}}{{define "main"}}<p>{{.Page.Problem}}</p>{{end}}`)},
		"navigation.html": {Data: []byte(`<nav>{{.Host}}</nav>`)},
	}
	cfg.Pages.Data = func(r *http.Request) any { return "You are at " + r.URL.Path }
	p, err := flow.New(cfg)
	require.NoError(t, err)
	w := httptest.NewRecorder()
	p.WritePage(w, httptest.NewRequest(http.MethodPost, "/login", nil), http.StatusUnauthorized, "login.html", struct{ Problem string }{"Wrong <password>"})
	require.Equal(t, http.StatusUnauthorized, w.Code)
	for _, part := range []string{"<title>Sign in</title>", "<nav>You are at /login</nav>", "<p>Wrong &lt;password&gt;</p>", `href="/auth/oauth/style.css?v=`} {
		require.Contains(t, w.Body.String(), part)
	}
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.Equal(t, "DENY", w.Header().Get("X-Frame-Options"))
}

// Below an issuer with a path, everything is where the standards want it, and
// pages and redirects name the whole path.
func TestIssuerWithPath(t *testing.T) {
	for _, issuer := range []string{"http://localhost:8080/auth/v1", "http://127.0.0.1:8080/auth/v1", "http://[::1]:8080/auth/v1", "https://id.example/auth/v1"} {
		cfg := minimal()
		cfg.Issuer = issuer
		cfg.LoginURL = func(returnTo string) string { return returnTo }
		p, err := flow.New(cfg)
		require.NoError(t, err)
		for target, status := range map[string]int{
			"/.well-known/oauth-authorization-server/auth/v1": http.StatusOK,
			"/.well-known/oauth-protected-resource/auth/v1":   http.StatusOK,
			"/auth/v1/oauth/style.css":                        http.StatusOK,
			"/auth/v1/oauth/authorize":                        http.StatusBadRequest,
			"/auth/v1/oauth/token":                            http.StatusMethodNotAllowed,
			"/.well-known/oauth-authorization-server":         http.StatusNotFound,
			"/oauth/authorize":                                http.StatusNotFound,
			"/auth/v1/":                                       http.StatusNotFound,
		} {
			w := httptest.NewRecorder()
			p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
			require.Equal(t, status, w.Code, target)
		}
	}
	h := newHost(t, func(cfg *flow.Config) { cfg.Issuer = "https://id.example/auth/v1" })
	w := h.get("/auth/v1/oauth/authorize?" + request(h.app).Encode())
	require.Contains(t, w.Body.String(), `action="/auth/v1/oauth/authorize"`)
	require.Contains(t, w.Body.String(), `href="/auth/v1/oauth/style.css`)
	h.user = nil
	w = h.get("/auth/v1/oauth/authorize?" + request(h.app).Encode())
	require.Contains(t, w.Header().Get("Location"), "return_to=%2Fauth%2Fv1%2Foauth%2Fauthorize%3F")
}

func TestResourceMetadataPath(t *testing.T) {
	for resource, path := range map[string]string{
		"https://api.example":     "/.well-known/oauth-protected-resource",
		"https://api.example/":    "/.well-known/oauth-protected-resource",
		"https://api.example/v2":  "/.well-known/oauth-protected-resource/v2",
		"https://api.example/v2/": "/.well-known/oauth-protected-resource/v2/",
	} {
		cfg := minimal()
		cfg.Resource = resource
		p, err := flow.New(cfg)
		require.NoError(t, err)
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		require.Equal(t, http.StatusOK, w.Code, resource)
		require.Contains(t, w.Body.String(), `"`+resource+`"`)
	}
}

// Nodes that share keys and a store are one provider: a page made by one is
// answered by another, also while keys are being replaced.
func TestNodesShareKeys(t *testing.T) {
	older, newer := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	first := newHost(t, func(cfg *flow.Config) { cfg.Keys = [][]byte{older} })
	second := newHost(t, func(cfg *flow.Config) {
		cfg.Keys = [][]byte{newer, older}
		cfg.Store = first.store
	})
	page := first.open(request(first.app))
	form := change(first.form(page), "decision", "authorize", "account_id", "1")
	code := second.answer(second.post("/oauth/authorize", form)).Get("code")
	granted := first.tokens(first.redemption(first.app, code))
	require.True(t, second.accepts(granted.AccessToken))
}

func TestCustomPrefix(t *testing.T) {
	h := newHost(t, func(cfg *flow.Config) { cfg.CredentialPrefix = "acme" })
	code := h.code(request(h.app), "1")
	granted := h.tokens(h.redemption(h.app, code))
	require.Regexp(t, "^acme_ac_", code)
	require.Regexp(t, "^acme_at_", granted.AccessToken)
	require.Regexp(t, "^acme_rt_", granted.RefreshToken)
	require.Regexp(t, "^acme_cs_", h.secret)
}

// A LoginURL that fails for one path only is an outage there, and no redirect
// to nowhere.
func TestLoginURLWithoutAURL(t *testing.T) {
	h := newHost(t, func(cfg *flow.Config) {
		cfg.LoginURL = func(returnTo string) string {
			if strings.Contains(returnTo, "client_id") {
				return ""
			}
			return "/login"
		}
	})
	h.user = nil
	requirePage(t, h.open(request(h.app)), http.StatusServiceUnavailable)
	require.Contains(t, h.log.String(), "Config.LoginURL returned no URL")
}
