package page_test

import (
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/internal/page"
)

func TestEveryPageExecutes(t *testing.T) {
	_, err := page.New(page.Options{})
	require.NoError(t, err)
}

func write(t *testing.T, o page.Options, name string, data any, formActions ...string) *httptest.ResponseRecorder {
	t.Helper()
	set, err := page.New(o)
	require.NoError(t, err)
	w := httptest.NewRecorder()
	set.Write(w, httptest.NewRequest(http.MethodGet, "/", nil), http.StatusOK, name, data, formActions...)
	return w
}

func files(pairs ...string) fs.FS {
	m := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return m
}

func TestHeaders(t *testing.T) {
	tests := []struct {
		name        string
		issuer      string
		page        string
		data        any
		formActions []string
		header      string
		want        string
	}{
		{"type", "http://localhost", "error.html", page.Error{}, nil, "Content-Type", "text/html; charset=utf-8"},
		{"policy", "http://localhost", "error.html", page.Error{}, nil, "Content-Security-Policy",
			"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"},
		{"policy with the login", "http://localhost", "revoke_tokens.html", page.Warning{}, []string{"https://login.example:8443", "http:", "com.example.app:"}, "Content-Security-Policy",
			"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' https://login.example:8443 http: com.example.app:"},
		{"policy takes no second directive", "http://localhost", "revoke_tokens.html", page.Warning{},
			[]string{"https://a.example; script-src *", "https://a.example, default-src *", "'unsafe-inline'", "https://a b", "*", ""}, "Content-Security-Policy",
			"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"},
		{"consent leads anywhere", "http://localhost", "consent.html", page.Consent{}, nil, "Content-Security-Policy",
			"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"},
		{"one script by its URL where there are credentials", "https://service.example/base", "application.html", page.Application{}, nil, "Content-Security-Policy",
			"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; script-src https://service.example/base/oauth/copy.js; form-action 'self'"},
		{"framing", "http://localhost", "error.html", page.Error{}, nil, "X-Frame-Options", "DENY"},
		{"sniffing", "http://localhost", "error.html", page.Error{}, nil, "X-Content-Type-Options", "nosniff"},
		{"caching", "http://localhost", "error.html", page.Error{}, nil, "Cache-Control", "no-store"},
		{"referrer", "http://localhost", "error.html", page.Error{}, nil, "Referrer-Policy", "same-origin"},
		{"pop-up consent", "http://localhost", "consent.html", page.Consent{}, nil, "Cross-Origin-Opener-Policy", "unsafe-none"},
		{"pop-up error", "http://localhost", "error.html", page.Error{}, nil, "Cross-Origin-Opener-Policy", "unsafe-none"},
		{"opener", "http://localhost", "application.html", page.Application{}, nil, "Cross-Origin-Opener-Policy", "same-origin"},
		{"no HSTS on http", "http://localhost", "error.html", page.Error{}, nil, "Strict-Transport-Security", ""},
		{"HSTS on https", "https://service.example/base", "error.html", page.Error{}, nil, "Strict-Transport-Security", "max-age=31536000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := write(t, page.Options{Issuer: tt.issuer}, tt.page, tt.data, tt.formActions...)
			require.Equal(t, http.StatusOK, w.Code)
			require.Equal(t, tt.want, w.Header().Get(tt.header))
		})
	}
}

func TestOverrides(t *testing.T) {
	type host struct{ User string }
	o := page.Options{
		Overrides: files(
			"navigation.html", `<nav>Hello {{with .Host}}{{.User}}{{end}}</nav>`,
			"error.html", `{{define "title"}}Oh{{end}}{{define "main"}}<p>{{msg .Page.Title}}!</p>{{end}}`,
			"about.html", `{{define "title"}}About{{end}}{{define "main"}}<p>{{.Page}}</p>{{end}}`,
			"style.css", `body{}`,
		),
		Data: func(r *http.Request) any { return &host{User: "<Ann>"} },
	}
	body := write(t, o, "error.html", page.Error{Title: page.Plain("Gone")}).Body.String()
	require.Contains(t, body, "<title>Oh</title>")
	require.Contains(t, body, "<nav>Hello &lt;Ann&gt;</nav>")
	require.Contains(t, body, "<p>Gone!</p>")

	t.Run("other pages stay", func(t *testing.T) {
		body := write(t, o, "consent.html", page.Consent{Application: "App"}).Body.String()
		require.Contains(t, body, `name="decision" value="authorize"`)
		require.Contains(t, body, "<nav>Hello &lt;Ann&gt;</nav>")
	})
	t.Run("a page of the host's own", func(t *testing.T) {
		w := write(t, o, "about.html", "us")
		require.Contains(t, w.Body.String(), "<nav>Hello &lt;Ann&gt;</nav>")
		require.Contains(t, w.Body.String(), "<p>us</p>")
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
		require.NotContains(t, w.Header().Get("Content-Security-Policy"), "form-action", "a login goes on to any client")
		require.Equal(t, "unsafe-none", w.Header().Get("Cross-Origin-Opener-Policy"), "a login may be in a pop-up")
	})
	t.Run("stylesheet", func(t *testing.T) {
		set, err := page.New(o)
		require.NoError(t, err)
		w := httptest.NewRecorder()
		set.Stylesheet().ServeHTTP(w, httptest.NewRequest(http.MethodGet, page.StylesheetPath, nil))
		require.Equal(t, "body{}", w.Body.String())
	})
}

func TestBrokenOverrideFailsNewWithItsName(t *testing.T) {
	tests := []struct {
		name, file, text string
	}{
		{"does not parse", "consent.html", `{{define "title"}}{{end}}{{define "main"}}{{if}}{{end}}`},
		{"no such field", "consent.html", `{{define "title"}}{{end}}{{define "main"}}{{.Page.Aplication}}{{end}}`},
		{"no such field in a list", "applications.html", `{{define "title"}}{{end}}{{define "main"}}{{range .Page.Developer}}{{.Nam}}{{end}}{{end}}`},
		{"no such field in a branch", "application.html", `{{define "title"}}{{end}}{{define "main"}}{{if .Page.ClientSecret}}{{.Page.Secret}}{{end}}{{end}}`},
		{"unclosed", "error.html", `{{define "title"}}{{end}}{{define "main"}}<a href="{{.Page.Title}}>{{end}}`},
		{"no main", "error.html", `{{define "title"}}{{end}}<p>text</p>`},
		{"no such part", "layout.html", `{{template "sidebar" .}}`},
		{"layout", "layout.html", `{{.Pages}}`},
		{"layout without main", "layout.html", `<title>{{template "title" .}}</title>`},
		{"layout without title", "layout.html", `<main>{{template "main" .}}</main>`},
		{"layout that shows main now and then", "layout.html", `{{template "title" .}}{{if .Host}}{{template "main" .}}{{end}}`},
		{"page of the host's own", "about.html", `{{define "title"}}`},
		{"no such message", "about.html", `{{define "title"}}{{end}}{{define "main"}}{{msg "about.us"}}{{end}}`},
		{"no such message in a branch", "about.html", `{{define "title"}}{{end}}{{define "main"}}{{range .Page}}{{else}}{{with .Host}}{{.}}{{else}}{{mark "b" (msg "about.us")}}{{end}}{{end}}{{end}}`},
		{"no such message in a title", "about.html", `{{define "title"}}{{if .Host}}{{msg "about.us" | mark "b"}}{{end}}{{end}}{{define "main"}}{{end}}`},
		{"no such message in a part", "footer.html", `{{if .Host}}{{msg "about.us"}}{{end}}`},
		{"no such message that a part is given", "about.html", `{{define "title"}}{{end}}{{define "part"}}{{.}}{{end}}{{define "main"}}{{template "part" (msg "about.us")}}{{end}}`},
		{"lost argument", "about.html", `{{define "title"}}{{end}}{{define "main"}}{{msg "consent.heading"}}{{end}}`},
		{"lost second argument", "about.html", `{{define "title"}}{{end}}{{define "main"}}{{.Page | msg "list.shown"}}{{end}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := page.New(page.Options{Overrides: files(tt.file, tt.text)})
			require.Error(t, err)
			require.Contains(t, err.Error(), tt.file)
		})
	}
}

// A page of the host may say any message, and take its key from data.
func TestMessagesOfTheHostsPages(t *testing.T) {
	_, err := page.New(page.Options{Overrides: files("about.html",
		`{{define "title"}}{{.Page | msg "consent.heading"}}{{end}}{{define "main"}}{{msg "list.shown" 1 2}}{{msg .Page 1}}{{msg (printf "about.%s" .Page)}}{{end}}`)})
	require.NoError(t, err)
}

func TestPageDataThatNeedsASessionFailsNew(t *testing.T) {
	_, err := page.New(page.Options{Data: func(r *http.Request) any {
		return r.Context().Value("session").(string)
	}})
	require.ErrorContains(t, err, "Data: panicked for a request that nobody is signed in to")
}

func TestFailedPageSendsNoPartOfIt(t *testing.T) {
	var log strings.Builder
	w := write(t, page.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, "consent.html", struct{ Application string }{"App"})
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.NotContains(t, w.Body.String(), "App")
	require.Contains(t, log.String(), "consent.html")

	w = write(t, page.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, "nonsense.html", nil)
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.Contains(t, log.String(), "nonsense.html")
}

func TestHeadHasNoBody(t *testing.T) {
	set, err := page.New(page.Options{})
	require.NoError(t, err)
	w := httptest.NewRecorder()
	set.Write(w, httptest.NewRequest(http.MethodHead, "/", nil), http.StatusNotFound, "error.html", page.Error{Title: page.Plain("Gone")})
	require.Equal(t, http.StatusNotFound, w.Code)
	require.Zero(t, w.Body.Len())
	require.NotEqual(t, "0", w.Header().Get("Content-Length"))
}

func TestStylesheetIsCachedByItsDigest(t *testing.T) {
	set, err := page.New(page.Options{})
	require.NoError(t, err)
	w := httptest.NewRecorder()
	set.Write(w, httptest.NewRequest(http.MethodGet, "/", nil), http.StatusOK, "error.html", page.Error{})
	_, rest, found := strings.Cut(w.Body.String(), `<link rel="stylesheet" href="`)
	require.True(t, found)
	url, _, _ := strings.Cut(rest, `"`)

	get := func(target, etag string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.Header.Set("If-None-Match", etag)
		w := httptest.NewRecorder()
		set.Stylesheet().ServeHTTP(w, r)
		return w
	}
	named := get(url, "")
	require.Equal(t, http.StatusOK, named.Code)
	require.Equal(t, "text/css; charset=utf-8", named.Header().Get("Content-Type"))
	require.Contains(t, named.Header().Get("Cache-Control"), "immutable")

	old := get(page.StylesheetPath+"?v=old", "")
	require.Equal(t, "no-cache", old.Header().Get("Cache-Control"))
	require.Equal(t, http.StatusNotModified, get(url, old.Header().Get("ETag")).Code)
}

// BenchmarkNew measures what every provider does when it is made.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		_, err := page.New(page.Options{})
		require.NoError(b, err)
	}
}
