package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// everyPage is one of each page that the demo shows, by a name for it. The last
// ones change something: they are shown once.
func everyPage(t *testing.T, s *server) map[string]*page {
	t.Helper()
	b := signIn(t, s, alice)
	app := b.register(acme, "Every page", "confidential", "https://app.example.com/callback")
	s.tokens(t, b, app, acme)
	invalid := b.get(home(acme) + "/new").form(home(acme)).submit()
	return map[string]*page{
		"login":            newBrowser(t, s).get("/login"),
		"login refused":    newBrowser(t, s).get("/login").form("/login").set("email", "x").set("password", "y").submit(),
		"home":             b.get("/"),
		"list":             b.get(home(acme)),
		"new":              b.get(home(acme) + "/new"),
		"invalid":          invalid,
		"show":             b.get(app.path()),
		"edit":             b.get(app.path("edit")),
		"warning":          b.get(app.path("revoke")),
		"delete":           b.get(app.path("delete")),
		"secret warning":   b.get(secretPaths(b, app)[0]),
		"consent":          b.get(s.authorizeURL(app, newVerifier(), "account_id", alice.account)),
		"error":            b.get("/oauth/authorize?client_id=nobody"),
		"bad redirect URI": b.get(s.authorizeURL(app, newVerifier(), "redirect_uri", "https://evil.example/")),
		"not found":        b.get(home("99")),
		"forbidden":        b.post(app.path("revoke"), url.Values{}),
		"fresh secret":     b.get(app.path()).form(app.path("secrets")).submit(),
	}
}

// Every page has the headers that keep what is on it from others, and its
// policy allows no script and no style that is not the server's own file.
func TestHeadersOfEveryPage(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, p := range everyPage(t, s) {
		require.Equal(t, "text/html; charset=utf-8", p.Header.Get("Content-Type"), name)
		require.Equal(t, "nosniff", p.Header.Get("X-Content-Type-Options"), name)
		require.Equal(t, "DENY", p.Header.Get("X-Frame-Options"), name)
		require.Equal(t, "same-origin", p.Header.Get("Referrer-Policy"), name)
		require.Equal(t, "no-store", p.Header.Get("Cache-Control"), name)
		require.NotEmpty(t, p.Header.Get("Permissions-Policy"), name)
		require.NotEmpty(t, p.Header.Get("Cross-Origin-Opener-Policy"), name)
		require.NotContains(t, p.Header, "Access-Control-Allow-Origin", name)
		require.Len(t, p.Header.Values("Content-Security-Policy"), 1, name)

		policy := map[string]string{}
		for directive := range strings.SplitSeq(p.Header.Get("Content-Security-Policy"), ";") {
			directive, sources, _ := strings.Cut(strings.TrimSpace(directive), " ")
			require.NotContains(t, policy, directive, name)
			policy[directive] = sources
		}
		for directive, sources := range map[string]string{
			"default-src": "'none'", "base-uri": "'none'", "frame-ancestors": "'none'", "style-src": "'self'", "img-src": "'self'",
		} {
			require.Equal(t, sources, policy[directive], "%s, %s", name, directive)
		}
		for directive := range policy {
			require.Contains(t, []string{"default-src", "base-uri", "frame-ancestors", "style-src", "img-src", "form-action", "script-src"}, directive, name)
		}

		requireOwnScript(t, p)
		for n := range p.root.Descendants() { // nothing that the policy would have to stop
			require.NotContains(t, []string{"style", "iframe", "object", "embed", "base"}, n.Data, name)
			for _, a := range n.Attr {
				require.False(t, a.Key == "style" || strings.HasPrefix(a.Key, "on"), "%s: %s", name, a.Key)
			}
		}
	}
}

// The session cookie is for the server alone: no script reads it, no other
// site's form sends it, no other host or path gets it, and with https it
// travels by nothing else.
func TestCookies(t *testing.T) {
	t.Parallel()
	for _, issuer := range []string{"http://127.0.0.1:8080", "https://auth.example.com"} {
		s := start(t, "-issuer", issuer)
		secure := strings.HasPrefix(issuer, "https:")
		show := s.request(t, http.MethodGet, "/login", "", nil)
		require.Len(t, show.Header.Values("Set-Cookie"), 1)
		before, err := http.ParseSetCookie(show.Header.Get("Set-Cookie"))
		require.NoError(t, err)

		b := newBrowser(t, s)
		form := b.get("/login").form("/login").set("email", alice.email).set("password", alice.password)
		// The jar keeps no secure cookie from plain http: it is carried by
		// hand.
		shown, err := http.ParseSetCookie(form.page.Header.Get("Set-Cookie"))
		require.NoError(t, err)
		signedIn := s.request(t, http.MethodPost, "/login", form.fields.Encode(), func(r *http.Request) {
			r.Header.Set("Content-Type", formType)
			r.AddCookie(&http.Cookie{Name: shown.Name, Value: shown.Value})
		})
		require.Equal(t, http.StatusSeeOther, signedIn.Status, "%s", signedIn.Body)
		require.Len(t, signedIn.Header.Values("Set-Cookie"), 1)
		after, err := http.ParseSetCookie(signedIn.Header.Get("Set-Cookie"))
		require.NoError(t, err)
		require.NotEqual(t, shown.Value, after.Value, "a session known before signing in is worth nothing")

		for _, cookie := range []*http.Cookie{before, after} {
			require.True(t, cookie.HttpOnly)
			require.Equal(t, http.SameSiteLaxMode, cookie.SameSite) // Strict would lose the session on the way from a client
			require.Equal(t, "/", cookie.Path)
			require.Empty(t, cookie.Domain)
			require.Equal(t, secure, cookie.Secure)
			require.Equal(t, secure, strings.HasPrefix(cookie.Name, "__Host-"), cookie.Name)
		}
	}
}

// Other methods than those of a path are refused there, and none is a way
// around the checks of another.
func TestMethods(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(acme, "Methods", "confidential", "https://app.example.com/callback")
	verifier := newVerifier()
	code := b.authorize(s.authorizeURL(app, verifier), acme).Query().Get("code")
	redeem := app.as(redemption(app, code, verifier))
	u, err := url.Parse(s.URL)
	require.NoError(t, err)

	for path, allowed := range map[string]string{
		"/oauth/authorize": "GET POST HEAD", "/oauth/token": "POST OPTIONS", "/oauth/revoke": "POST OPTIONS", "/oauth/introspect": "POST OPTIONS",
		"/v2/oauth/access_token": "POST OPTIONS", "/v2/whoami": "GET HEAD", "/login": "GET POST HEAD", "/logout": "POST",
		"/.well-known/oauth-authorization-server": "GET HEAD OPTIONS", "/.well-known/oauth-protected-resource": "GET HEAD OPTIONS",
		"/oauth/jwks": "GET HEAD OPTIONS",
		home(acme):    "GET POST HEAD", app.path(): "GET POST HEAD", app.path("edit"): "GET HEAD", app.path("secrets"): "GET POST HEAD", // GET is for who reloads: it leads back
		app.path("revoke"): "GET POST HEAD", app.path("delete"): "GET POST HEAD",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "X"} {
			if strings.Contains(" "+allowed+" ", " "+method+" ") {
				continue
			}
			a := s.request(t, method, path+"?"+redeem.Encode(), "", func(r *http.Request) {
				r.Header.Set("X-Trace-Me", "echoed")
				for _, cookie := range b.client.Jar.Cookies(u) {
					r.AddCookie(cookie)
				}
			})
			require.Equal(t, http.StatusMethodNotAllowed, a.Status, "%s %s", method, path)
			require.NotEmpty(t, a.Header.Get("Allow"), "%s %s", method, path)
			require.NotContains(t, a.Body, "echoed", "%s %s", method, path)
			if strings.Contains(allowed, "OPTIONS") { // scripts may call it, and are told what is wrong
				require.Equal(t, "application/json", a.Header.Get("Content-Type"), "%s %s", method, path)
			} else {
				require.NotContains(t, a.Header, "Access-Control-Allow-Origin", "%s %s", method, path)
			}
		}
	}
	head := s.request(t, http.MethodHead, strings.TrimPrefix(s.authorizeURL(app, newVerifier(), "account_id", acme), s.URL), "", func(r *http.Request) {
		for _, cookie := range signIn(t, s, bob).client.Jar.Cookies(u) {
			r.AddCookie(cookie)
		}
	})
	require.NotContains(t, head.Header.Get("Location"), "code=")
	require.Empty(t, head.Body)
	require.Equal(t, http.StatusOK, s.post(t, "/oauth/token", redeem).Status, "nothing used up the code")
}

// No spelling of a path reaches past a check that another spelling meets.
func TestPathTricks(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(alice.account, "Hidden application", "confidential", "https://app.example.com/callback")
	token := s.tokens(t, b, app, alice.account).str("access_token")
	visitor, carols := newBrowser(t, s), signIn(t, s, carol)

	id := "/oauth_applications/" + app.ID
	for _, target := range []string{
		"/accounts/4/..;/1" + id, "/accounts/4/%2e%2e/1" + id, "/accounts/4/../1" + id, "/accounts/4%2f..%2f1" + id, "/accounts/4;/../1" + id,
		"//accounts/1" + id, "/accounts//1" + id, "/accounts/1;x=4" + id, "/accounts/4%00/../1" + id, "/accounts/1/./" + id[1:], "/accounts/4/oauth_applications/..%2f..%2f1" + id,
		"/%61ccounts/1" + id, "/accounts/%31" + id, "/ACCOUNTS/1" + id, "/accounts/1" + id + "/", "/accounts/1" + id + "/.", "/accounts/1" + id + "/edit/../", "/login/../accounts/1" + id,
		"/demo.css/../accounts/1" + id, "/oauth/style.css;/../../accounts/1" + id, "/healthz/..%2faccounts/1" + id, "/accounts/4/oauth_applications/" + app.ID,
	} {
		for who, cookies := range map[string]*browser{"nobody": visitor, "carol": carols} {
			status, body := raw(t, s, "GET", target, cookies)
			require.NotContains(t, body, app.Name, "%s as %s: %d", target, who, status)
			require.NotContains(t, body, app.ClientID, "%s as %s", target, who)
			require.Less(t, status, 500, "%s as %s", target, who)
		}
	}
	for _, target := range []string{"//v2/whoami", "/v2//whoami", "/v2/./whoami", "/v2/whoami/", "/v2/%77hoami", "/v2/whoami;", "/v2/whoami%00", "/healthz/../v2/whoami", "/v2/oauth/../whoami", "/demo.css/..%2fv2/whoami", "/v2/whoami?access_token=" + token} {
		status, body := raw(t, s, "GET", target, visitor)
		require.NotContains(t, body, alice.email, target)
		require.Less(t, status, 500, target)
	}
	for _, target := range []string{"*", "http://evil.example/oauth/authorize", "/\\evil.example", "//evil.example/..", "/%0d%0aX-Injected:1", "//evil.example//"} {
		status, answer := raw(t, s, "GET", target, visitor)
		head, _, _ := strings.Cut(answer, "\r\n\r\n")
		require.NotContains(t, head, "\nLocation: http://evil", target)
		require.NotContains(t, head, "\nLocation: //evil", target)
		require.NotContains(t, head, "\nX-Injected", target)
		require.Less(t, status, 500, target)
	}
}

// raw sends a request target that no client library would, and returns the
// status and the whole answer.
func raw(t *testing.T, s *server, method, target string, b *browser) (status int, answer string) {
	t.Helper()
	u, err := url.Parse(s.URL)
	require.NoError(t, err)
	conn, err := net.Dial("tcp", u.Host)
	require.NoError(t, err)
	defer conn.Close()
	request := method + " " + target + " HTTP/1.1\r\nHost: " + u.Host + "\r\nConnection: close\r\n"
	for _, cookie := range b.client.Jar.Cookies(u) {
		request += "Cookie: " + cookie.String() + "\r\n"
	}
	_, err = io.WriteString(conn, request+"\r\n")
	require.NoError(t, err)
	all, err := io.ReadAll(conn)
	require.NoError(t, err)
	_, err = fmt.Sscanf(string(all), "HTTP/1.1 %d", &status)
	require.NoError(t, err, "%s: %s", target, all)
	return status, string(all)
}

// Input of any size or kind is answered by a refusal, and the server is none
// the worse.
func TestHugeAndMalformedInput(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(acme, "Bounded", "confidential", "https://app.example.com/callback")
	ticket := b.get(app.path("edit")).form(app.path()).fields
	huge := strings.Repeat("a", 10<<20)
	many := strings.Repeat("a=b&", 10_000)

	bodies := map[string]string{
		"huge value": "grant_type=" + huge, "huge name": huge + "=", "many parameters": many + "grant_type=x", "bad escapes": "grant_type=%zz&code=%",
		"semicolons": "grant_type=refresh_token;refresh_token=x", "not UTF-8": "grant_type=\xff\xfe&code=%ff", "NUL": "grant_type=%00&client_id=\x00",
		"line ends": "client_id=a%0d%0aSet-Cookie:%20a=b&grant_type=x", "nothing": "", "ampersands": strings.Repeat("&", 1000), "deep JSON": strings.Repeat("[", 100_000),
	}
	for name, body := range bodies {
		for _, path := range []string{"/oauth/token", "/oauth/revoke", "/oauth/introspect", "/v2/oauth/access_token", "/oauth/authorize", "/login", "/logout", app.path(), home(acme)} {
			for _, contentType := range []string{formType, "application/json"} {
				// The server may hang up on whoever goes on sending too much;
				// its answer can then be lost, but not be another one.
				req, err := http.NewRequest(http.MethodPost, s.URL+path, strings.NewReader(body))
				require.NoError(t, err)
				req.Header.Set("Content-Type", contentType)
				u, _ := url.Parse(s.URL)
				for _, cookie := range b.client.Jar.Cookies(u) {
					req.AddCookie(cookie)
				}
				a, err := send(req)
				if err != nil && len(body) > 1<<20 {
					continue
				}
				require.NoError(t, err, "%s to %s", name, path)
				require.GreaterOrEqual(t, a.Status, 400, "%s to %s", name, path)
				require.Less(t, a.Status, 500, "%s to %s: %s", name, path, a.Body)
				require.Empty(t, a.Header.Get("Set-Cookie"), "%s to %s", name, path)
			}
		}
	}
	for name, query := range map[string]string{
		"bad escape": "client_id=%zz", "not UTF-8": "client_id=%ff&state=%fe", "line ends": "client_id=%0d%0aX-Injected:%201", "NUL": "client_id=%00",
		"50 KB": "client_id=x&state=" + huge[:50<<10], "semicolons": "client_id=x;y", "many": many,
	} {
		a := s.request(t, http.MethodGet, "/oauth/authorize?"+query, "", nil)
		require.GreaterOrEqual(t, a.Status, 400, name)
		require.Less(t, a.Status, 500, name)
		require.Empty(t, a.Header.Get("X-Injected"), name)
	}
	a := s.request(t, http.MethodGet, strings.TrimPrefix(s.authorizeURL(app, newVerifier(), "state", huge[:100<<10]), s.URL), "", nil)
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, a.Status)

	for field, value := range map[string]string{"name": huge[:1000], "description": huge[:10_000], "homepage_url": "https://" + huge[:10_000], "callback_url": strings.Repeat("https://a.example/\n", 1000)} {
		fields := url.Values{}
		for name := range ticket {
			fields.Set(name, ticket.Get(name))
		}
		fields.Set(field, value)
		require.Equal(t, http.StatusUnprocessableEntity, b.post(app.path(), fields).Status, field)
	}
	require.Equal(t, app.ClientID, b.get(app.path()).byID("client-id"))
	s.healthy(t)
}

// Who sends a request drop by drop is not waited for: neither for its headers
// nor for its body.
func TestSlowRequestsAreCutOff(t *testing.T) {
	t.Parallel()
	s := start(t)
	host := strings.TrimPrefix(s.URL, "http://")
	for name, begun := range map[string]string{
		"nothing": "",
		"headers": "GET /login HTTP/1.1\r\nHost: " + host + "\r\nX-Slow: ",
		"body":    "POST /oauth/token HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: " + formType + "\r\nContent-Length: 100\r\n\r\ngrant_type=",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", host)
			require.NoError(t, err)
			defer conn.Close()
			_, err = io.WriteString(conn, begun)
			require.NoError(t, err)
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(2*patience)))
			answer, err := io.ReadAll(conn)
			require.NoError(t, err, "the server waits still")
			require.NotContains(t, string(answer), " 200 ")
		})
	}
}
