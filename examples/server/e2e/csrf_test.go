package e2e

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every form that changes something is refused unless it comes from its own
// page, in the session that the page was made for.
func TestCrossSiteRequestForgery(t *testing.T) {
	t.Parallel()
	s := start(t)
	a, again, bobs := signIn(t, s, alice), signIn(t, s, alice), signIn(t, s, bob)
	app := a.register(acme, "Target", "confidential", "https://app.example.com/callback")
	reset := a.get(app.path()).form(app.path("secrets")).set("overlap", "168h").submit() // so that one of two can be revoked
	app.ClientSecret = reset.byID("client-secret")
	tokens := s.tokens(t, a, app, acme)
	s.tokens(t, bobs, app, acme)

	// The forms as each of the three sees them, filled in to do harm. Acme Inc
	// is Bob's too.
	forms := func(b *browser) map[string]*form {
		t.Helper()
		found := map[string]*form{
			"create":  b.get(home(acme)+"/new").form(home(acme)).set("name", "Forged").set("homepage_url", "https://evil.example/").set("callback_url", "https://evil.example/"),
			"edit":    b.get(app.path("edit")).form(app.path()).set("callback_url", "https://evil.example/"),
			"reset":   b.get(app.path()).form(app.path("secrets")),
			"revoke":  b.get(app.path("revoke")).form(app.path("revoke")),
			"delete":  b.get(app.path("delete")).form(app.path("delete")).set("confirm_name", app.Name),
			"access":  grantForm(b, acme, app),
			"logout":  b.get(home(acme)).form("/logout"),
			"consent": b.get(s.authorizeURL(app, newVerifier(), "scope", "read write", "state", "forged")).form("/oauth/authorize").set("decision", "authorize"),
		}
		revokeSecret := secretPaths(b, app)[0]
		found["revoke a secret"] = b.get(revokeSecret).form(revokeSecret)
		for name, f := range found {
			require.NotNil(t, f, name)
		}
		return found
	}
	own, otherSession, otherUser := forms(a), forms(again), forms(bobs)

	u, err := url.Parse(s.URL)
	require.NoError(t, err)
	send := func(b *browser, f *form, fields url.Values, headers ...string) answer {
		return s.request(t, http.MethodPost, f.action.RequestURI(), fields.Encode(), func(r *http.Request) {
			r.Header.Set("Content-Type", formType)
			for i := 0; i < len(headers); i += 2 {
				r.Header.Set(headers[i], headers[i+1])
			}
			for _, cookie := range b.client.Jar.Cookies(u) {
				r.AddCookie(cookie)
			}
		})
	}
	for name, f := range own {
		var ticket string // the field that proves where the form comes from
		for _, candidate := range []string{"ticket", "form_token"} {
			if f.fields.Has(candidate) {
				ticket = candidate
			}
		}
		require.NotEmpty(t, ticket, name)
		with := func(value ...string) url.Values {
			fields := maps.Clone(f.fields)
			fields[ticket] = value
			return fields
		}
		good := f.fields.Get(ticket)
		last := byte('A')
		if good[len(good)-3] == last {
			last = 'B'
		}
		for attack, a := range map[string]answer{
			"no ticket":                 send(a, f, with()),
			"empty ticket":              send(a, f, with("")),
			"changed ticket":            send(a, f, with(good[:len(good)-3]+string(last)+good[len(good)-2:])),
			"of another session":        send(a, f, with(otherSession[name].fields.Get(ticket))),
			"of another user":           send(a, f, with(otherUser[name].fields.Get(ticket))),
			"sent by another session":   send(again, f, f.fields),
			"sent by another user":      send(bobs, f, f.fields),
			"from another site":         send(a, f, f.fields, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"),
			"from another site's frame": send(a, f, f.fields, "Origin", "null", "Sec-Fetch-Site", "cross-site"),
			"from a site below":         send(a, f, f.fields, "Origin", "http://evil.127.0.0.1", "Sec-Fetch-Site", "same-site"),
			"from another port":         send(a, f, f.fields, "Origin", "http://127.0.0.1:1"),
			"from an opaque origin":     send(a, f, with(otherSession[name].fields.Get(ticket)), "Origin", "null"),
			"ticket in the query":       s.postAs(t, a, f.action.Path+"?"+url.Values{ticket: {good}}.Encode(), with()),
			"as text":                   send(a, f, f.fields, "Content-Type", "text/plain"),
			"as JSON":                   send(a, f, f.fields, "Content-Type", "application/json"),
			"as multipart":              send(a, f, f.fields, "Content-Type", "multipart/form-data; boundary=x"),
		} {
			// The authorization endpoint takes requests by POST too. One
			// without a ticket is no answer of the user's but such a request,
			// and an incomplete one. Who sends one with a ticket that is not
			// for this is asked.
			foreign := strings.HasPrefix(attack, "from ") && attack != "from an opaque origin"
			if name == "consent" && !foreign {
				require.Equal(t, http.StatusBadRequest, a.Status, "%s: %s", attack, a.Body)
				require.Empty(t, a.Header.Get("Location"), attack)
				continue
			}
			require.Equal(t, http.StatusForbidden, a.Status, "%s, %s: %s", name, attack, a.Body)
		}
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			path := f.action.Path + "?" + f.fields.Encode() + "&_method=POST"
			got := s.request(t, method, path, "", func(r *http.Request) {
				r.Header.Set("X-HTTP-Method-Override", http.MethodPost)
				for _, cookie := range a.client.Jar.Cookies(u) {
					r.AddCookie(cookie)
				}
			})
			require.NotContains(t, got.Header.Get("Location"), "code=", "%s by %s", name, method)
			if method != http.MethodGet && method != http.MethodHead {
				require.Equal(t, http.StatusMethodNotAllowed, got.Status, "%s by %s", name, method)
			}
		}
	}

	// Nothing of it was done.
	require.Equal(t, http.StatusOK, s.whoami(t, tokens.str("access_token")).Status)
	require.NotContains(t, a.get(home(acme)).text(), "Forged")
	require.Contains(t, a.get(app.path()).text(), app.Callback)
	require.NotNil(t, grantForm(a, acme, app))
	require.Equal(t, http.StatusOK, s.refresh(t, app, tokens.str("refresh_token")).Status)
	require.Equal(t, http.StatusOK, s.post(t, "/oauth/introspect", app.as(url.Values{"token": {"x"}})).Status)

	// The audit log tells of the attempts, and holds nothing that a form is
	// good by.
	for _, event := range []string{"oauth_application.form_refused", "grant.form_refused"} {
		require.Contains(t, s.stderr.String(), `"type":"`+event+`"`)
	}
	for name, f := range own {
		for _, field := range []string{"ticket", "form_token"} {
			if value := f.fields.Get(field); value != "" {
				require.NotContains(t, s.stderr.String(), value, name)
			}
		}
	}

	// The login form too: nobody is signed in to an account that is not theirs.
	login := newBrowser(t, s).get("/login").form("/login").set("email", bob.email).set("password", bob.password)
	visitor := login.page.browser
	without := maps.Clone(login.fields)
	without.Del("form_token")
	for attack, a := range map[string]answer{
		"no token":           send(visitor, login, without),
		"no cookie":          send(newBrowser(t, s), login, login.fields),
		"of another visitor": send(newBrowser(t, s).get("/login").browser, login, login.fields),
		"from another site":  send(visitor, login, login.fields, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"),
		"opaque origin":      send(visitor, login, without, "Origin", "null"),
	} {
		require.Equal(t, http.StatusForbidden, a.Status, attack)
	}
	require.Equal(t, "/login", visitor.get(home(acme)).URL.Path)

	// And each form that was refused is good from its own page.
	for _, name := range []string{"edit", "consent", "access", "revoke", "delete", "logout"} {
		f := own[name]
		if name == "access" {
			f = grantForm(a, acme, app)
		}
		if name == "edit" {
			f.set("callback_url", app.Callback)
		}
		require.Less(t, f.submit().Status, 400, name)
	}
}

// secretPaths are where the secrets of an application are revoked, one by one.
func secretPaths(b *browser, app application) (paths []string) {
	b.t.Helper()
	for _, link := range b.get(app.path()).links() {
		if strings.HasPrefix(link.Path, app.path("secrets")+"/") {
			paths = append(paths, link.Path)
		}
	}
	require.NotEmpty(b.t, paths)
	return paths
}

// postAs posts a form with the cookies of a browser and nothing else that a
// browser sends.
func (s *server) postAs(t *testing.T, b *browser, path string, fields url.Values) answer {
	t.Helper()
	u, err := url.Parse(s.URL)
	require.NoError(t, err)
	return s.request(t, http.MethodPost, path, fields.Encode(), func(r *http.Request) {
		r.Header.Set("Content-Type", formType)
		for _, cookie := range b.client.Jar.Cookies(u) {
			r.AddCookie(cookie)
		}
	})
}
