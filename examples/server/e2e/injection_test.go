package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"
)

// sqlmap tries every parameter of the endpoints and the pages, path segments,
// the session cookie and the bearer token included, against the SQLite store.
// It finds nothing, and nothing that it sends makes the server fail.
func TestSQLInjection(t *testing.T) {
	t.Parallel()
	requireSQLMap(t)
	s := start(t, "-store", sqlite(t), "-rate-limit", "1000000")
	watched := newWatched(t, s)
	b := signIn(t, s, alice)
	app := b.register(acme, "Attacked", "confidential", "https://app.example.com/callback")
	tokens := s.tokens(t, b, app, acme)
	authorize, err := url.Parse(s.authorizeURL(app, newVerifier(), "scope", "read", "state", "s", "account_id", acme, "response_mode", "query"))
	require.NoError(t, err)
	other := b.register(acme, "Attacked too", "confidential", "https://app.example.com/callback")
	create := b.get(home(acme) + "/new").form(home(acme)).fields
	create.Set("name", "New")
	create.Set("homepage_url", "https://app.example.com/")
	create.Set("callback_url", app.Callback)
	page := func(path string) string { return b.get(app.path(path)).form(app.path(path)).fields.Encode() }

	attacks := []attack{
		{name: "authorize", path: authorize.RequestURI()},
		{name: "code exchange", path: "/oauth/token", form: app.as(redemption(app, "code", newVerifier())).Encode(), skip: "client_id,client_secret"},
		{name: "refresh", path: "/oauth/token", form: app.as(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}, "scope": {"read"}}).Encode(), skip: "client_id,client_secret"},
		{name: "DNSimple", path: "/v2/oauth/access_token", form: app.as(redemption(app, "code", "")).Encode() + "&state=s", skip: "client_id,client_secret"},
		{name: "revoke", path: "/oauth/revoke", form: app.as(url.Values{"token": {"x"}, "token_type_hint": {"access_token"}}).Encode(), skip: "client_id,client_secret"},
		{name: "introspect", path: "/oauth/introspect", form: app.as(url.Values{"token": {"x"}, "token_type_hint": {"access_token"}}).Encode(), skip: "client_id,client_secret"},
		{name: "API", path: "/v2/whoami", header: "Authorization: Bearer " + tokens.str("access_token") + "*"},
		{name: "list", path: home(acme) + "?authorized_after=" + app.ID + "&after=" + app.ID + "&notice=updated"},
		{name: "path", path: "/accounts/" + acme + "*/oauth_applications/" + app.ID + "*"},
		{name: "path of grants", path: "/accounts/" + acme + "/authorized_applications/" + app.ID + "*/revoke", form: page("revoke")},
		{name: "create", path: home(acme), form: create.Encode()},
		{name: "reset", path: other.path("secrets"), form: b.get(other.path()).form(other.path("secrets")).fields.Encode()},
		{name: "edit", path: app.path(), form: b.get(app.path("edit")).form(app.path()).fields.Encode()},
		{name: "delete", path: app.path("delete"), form: page("delete")},
		{name: "login", path: "/login?return_to=/"},
		{name: "cookie", path: home(acme), cookie: "*"},
	}
	for _, target := range attacks {
		t.Run(target.name, func(t *testing.T) {
			found, report := sqlmap(t, watched.URL, target, b)
			require.False(t, found, "%s", report)
		})
	}
	require.Zero(t, watched.limited(), "what is turned away was not tried")

	// The last, as failed authentication is soon turned away.
	t.Run("client", func(t *testing.T) {
		found, report := sqlmap(t, watched.URL, attack{path: "/oauth/introspect", form: app.as(url.Values{"token": {"x"}}).Encode()}, b)
		require.False(t, found, "%s", report)
	})
	require.Greater(t, watched.requests(), 500)
	require.Empty(t, watched.failures())
	require.Equal(t, http.StatusOK, s.whoami(t, tokens.str("access_token")).Status, "nothing was changed behind the store's back")
}

// The search finds what it is for: a handler that builds its SQL from a
// parameter.
func TestSQLInjectionIsFound(t *testing.T) {
	t.Parallel()
	requireSQLMap(t)
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "injectable.db"))
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec("CREATE TABLE people (name TEXT); INSERT INTO people VALUES ('alice')")
	require.NoError(t, err)
	injectable := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var name string
		if db.QueryRow("SELECT name FROM people WHERE name = '"+r.FormValue("name")+"'").Scan(&name) != nil {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprintf(w, "<p>hello %s</p>", name)
	}))
	defer injectable.Close()
	found, report := sqlmap(t, injectable.URL, attack{path: "/?name=alice"}, nil)
	require.True(t, found, "%s", report)
}

// An attack is a request whose parameters sqlmap tries, or if there is an
// asterisk in it, what stands before that; but not those to skip.
type attack struct{ name, path, form, header, cookie, skip string }

// sqlmap reports whether it could inject anything, and what it has to say. The
// request is that of a browser that may be signed in. Techniques that tell by
// the time an answer takes are left out, as they take long and see ghosts on a
// busy machine.
func sqlmap(t *testing.T, origin string, a attack, b *browser) (found bool, report string) {
	t.Helper()
	method, body := http.MethodGet, ""
	if a.form != "" {
		method, body = http.MethodPost, "Content-Type: "+formType+"\r\n\r\n"+a.form
	} else {
		body = "\r\n"
	}
	head := method + " " + a.path + " HTTP/1.1\r\nHost: " + strings.TrimPrefix(origin, "http://") + "\r\nAccept: text/html\r\n"
	if b != nil {
		u, err := url.Parse(b.origin)
		require.NoError(t, err)
		for _, cookie := range b.client.Jar.Cookies(u) {
			head += "Cookie: " + cookie.String() + a.cookie + "\r\n"
		}
	}
	if a.header != "" {
		head += a.header + "\r\n"
	}
	dir := t.TempDir()
	request := filepath.Join(dir, "request")
	require.NoError(t, os.WriteFile(request, []byte(head+body), 0o600))

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sqlmap", "-r", request, "--ignore-stdin", "--batch", "--disable-coloring",
		"--output-dir", filepath.Join(dir, "output"), "--level=1", "--risk=1", "--technique=BEUQ", "--dbms=SQLite",
		"--skip="+a.skip, "--skip-waf", "--ignore-redirects", "--ignore-code=400,401,403,404,405,422,429", "--keep-alive", "--retries=1")
	out, err := cmd.CombinedOutput()
	report = string(out)
	require.NoError(t, err, "%s", report)
	// It ends in one of these two ways, or could not do its work.
	found = strings.Contains(report, "identified the following injection point")
	require.True(t, found || strings.Contains(report, "do not appear to be injectable"), "%s", report)
	return found, report
}

func requireSQLMap(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("sqlmap"); err != nil {
		missing(t, "sqlmap", "install Debian's package sqlmap")
	}
}

// A watched server is a proxy before a server that looks at its answers.
type watched struct {
	*httptest.Server
	mu     sync.Mutex
	count  int
	turned int
	failed []string
}

func newWatched(t *testing.T, s *server) *watched {
	t.Helper()
	target, err := url.Parse(s.URL)
	require.NoError(t, err)
	w := &watched{}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(resp *http.Response) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.count++
		if resp.StatusCode == http.StatusTooManyRequests {
			w.turned++
		}
		if resp.StatusCode >= 500 {
			w.failed = append(w.failed, fmt.Sprintf("%s %s: %s", resp.Request.Method, resp.Request.URL, resp.Status))
		}
		return nil
	}
	w.Server = httptest.NewServer(proxy)
	t.Cleanup(w.Close)
	return w
}

func (w *watched) requests() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count
}

// limited is how many requests were too many.
func (w *watched) limited() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.turned
}

func (w *watched) failures() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed
}
