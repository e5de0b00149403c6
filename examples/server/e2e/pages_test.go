package e2e

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLogin(t *testing.T) {
	t.Parallel()
	s := start(t)

	b := newBrowser(t, s)
	login := b.get(home(acme)) // asks to sign in first
	require.Equal(t, "/login", login.URL.Path)
	wrong := login.form("/login").set("email", alice.email).set("password", "wrong").submit()
	require.Equal(t, "/login", wrong.URL.Path)
	require.GreaterOrEqual(t, wrong.Status, 400)
	nobody := login.form("/login").set("email", "nobody@example.com").set("password", "wrong").submit()
	require.Equal(t, wrong.Status, nobody.Status)
	after := b.signIn(login, alice)
	require.Equal(t, home(acme), after.URL.Path, "it goes on where the person wanted to go")

	after.form("/logout").submit()
	require.Equal(t, "/login", b.get(home(acme)).URL.Path)
}

func TestReturnToIsALocalPath(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, target := range []string{
		"https://evil.example/", "//evil.example/", `/\evil.example/`, `\\evil.example`, "/\t/evil.example", "https:evil.example",
		"javascript:alert(1)", "/\r\nSet-Cookie: a=b", "http://127.0.0.1@evil.example/", "///evil.example", "/%09//evil.example/../..//evil.example",
	} {
		b := newBrowser(t, s)
		login := b.get("/login?return_to=" + url.QueryEscape(target))
		f := login.form("/login").set("email", bob.email).set("password", bob.password)
		f.fields.Set("return_to", target) // even if the page left it out
		p := f.submit()
		require.Less(t, p.Status, 400, "%q led to %s", target, p.URL)
		require.Empty(t, p.Header.Get("Location"), "%q", target)
		require.Empty(t, p.Header.Values("A"), "%q", target)
	}
}

// The life of an application on its pages, without JavaScript.
func TestApplicationPages(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(acme, "Weather Report", "confidential", "https://app.example.com/callback")

	index := b.get(home(acme))
	require.Contains(t, index.text(), "Developer applications")
	var linked []string
	for _, u := range index.links() {
		linked = append(linked, u.Path)
	}
	require.Contains(t, linked, app.path())
	require.Contains(t, linked, home(acme)+"/new")

	// The secret was shown once.
	show := b.get(app.path())
	require.Equal(t, app.ClientID, show.byID("client-id"))
	require.Empty(t, show.byID("client-secret"))
	require.NotContains(t, show.Body, app.ClientSecret)
	for _, shown := range []string{app.Name, "https://app.example.com/", app.Callback, "Edit", "Reset secret", "Revoke", "Delete"} {
		require.Contains(t, show.text(), shown)
	}

	// Edit: every field, but not the client type.
	edit := b.get(app.path("edit"))
	f := edit.form(app.path())
	require.Equal(t, app.Name, f.fields.Get("name"))
	require.Equal(t, app.Callback, strings.TrimSpace(f.fields.Get("callback_url")))
	for n := range f.node.Descendants() {
		require.False(t, attr(n, "name") == "client_type" && !has(n, "disabled"), "%s", edit.Body)
	}
	f.set("name", "Weather & Tides").set("description", "What the sea does").set("homepage_url", "https://tides.example.com/")
	f.set("callback_url", "https://app.example.com/callback\nhttps://tides.example.com/callback")
	require.Less(t, f.submit().Status, 300)
	app.Name = "Weather & Tides"
	show = b.get(app.path())
	for _, shown := range []string{app.Name, "What the sea does", "https://tides.example.com/", "https://tides.example.com/callback"} {
		require.Contains(t, show.text(), shown)
	}

	// Every bad field is reported at once, and what was typed stays.
	f = b.get(app.path("edit")).form(app.path())
	f.set("name", "").set("homepage_url", "javascript:alert(1)").set("callback_url", "http://app.example.com/callback")
	bad := f.submit()
	require.Equal(t, http.StatusUnprocessableEntity, bad.Status)
	require.Equal(t, "javascript:alert(1)", bad.form(app.path()).fields.Get("homepage_url"))
	invalid := map[string]bool{}
	for n := range bad.root.Descendants() {
		if attr(n, "aria-invalid") == "true" {
			invalid[attr(n, "name")] = true
		}
	}
	require.Equal(t, map[string]bool{"name": true, "homepage_url": true, "callback_url": true}, invalid)
	require.Equal(t, app.ClientID, b.get(app.path()).byID("client-id")) // nothing changed

	// Reset secret: the old one ends.
	f = b.get(app.path()).form(app.path("secrets")).set("overlap", "0")
	reset := f.submit()
	fresh := reset.byID("client-secret")
	require.NotEmpty(t, fresh, "%s", reset.Body)
	require.NotEqual(t, app.ClientSecret, fresh)
	require.Equal(t, "no-store", reset.Header.Get("Cache-Control"))
	tokenRequest := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"nonsense"}}
	require.Equal(t, "invalid_client", s.post(t, "/oauth/token", app.as(tokenRequest)).str("error"))
	app.ClientSecret = fresh
	require.Equal(t, "invalid_grant", s.post(t, "/oauth/token", app.as(tokenRequest)).str("error"))

	// Revoke all user tokens, after a warning.
	tokens := s.tokens(t, b, app, acme)
	warning := b.get(app.path("revoke"))
	require.Contains(t, warning.text(), "This cannot be undone.")
	require.Equal(t, http.StatusOK, s.whoami(t, tokens.str("access_token")).Status, "asking does nothing")
	require.NotNil(t, grantForm(b, acme, app))
	require.Less(t, warning.form(app.path("revoke")).submit().Status, 300)
	require.Equal(t, http.StatusUnauthorized, s.whoami(t, tokens.str("access_token")).Status)
	require.Equal(t, "invalid_grant", s.refresh(t, app, tokens.str("refresh_token")).str("error"))
	require.Nil(t, grantForm(b, acme, app))
	tokens = s.tokens(t, b, app, acme) // the application stays usable

	// Delete, after a warning and by typing the name.
	warning = b.get(app.path("delete"))
	wrong := warning.form(app.path("delete")).set("confirm_name", "Weather").submit()
	require.GreaterOrEqual(t, wrong.Status, 400)
	require.Equal(t, http.StatusOK, s.whoami(t, tokens.str("access_token")).Status)
	require.Less(t, warning.form(app.path("delete")).set("confirm_name", app.Name).submit().Status, 300)
	require.Equal(t, http.StatusNotFound, b.get(app.path()).Status)
	require.NotContains(t, b.get(home(acme)).text(), app.Name)
	require.Equal(t, http.StatusUnauthorized, s.whoami(t, tokens.str("access_token")).Status)
	require.Equal(t, "invalid_client", s.refresh(t, app, tokens.str("refresh_token")).str("error"))
	refused := b.get(s.authorizeURL(app, newVerifier()))
	require.GreaterOrEqual(t, refused.Status, 400)
	require.Empty(t, refused.Header.Get("Location"))
	require.Contains(t, refused.Header.Get("Content-Type"), "text/html")
}

func TestPublicApplicationHasNoSecret(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(acme, "Native", "public", "http://127.0.0.1/callback")
	for _, f := range b.get(app.path()).forms() {
		require.NotEqual(t, app.path("secrets"), f.action.Path)
	}
	csrf := b.get(app.path("revoke")).form(app.path("revoke")).fields // what a forged form would carry
	require.GreaterOrEqual(t, b.post(app.path("secrets"), csrf).Status, 400)
	require.Empty(t, b.get(app.path()).byID("client-secret"))
}

// Revoke on the Applications card ends one user's access and nobody else's.
func TestRevokeAuthorizedApplication(t *testing.T) {
	t.Parallel()
	s := start(t)
	a, b := signIn(t, s, alice), signIn(t, s, bob)
	app := a.register(acme, "Shared", "confidential", "https://app.example.com/callback")
	forAlice, forBob := s.tokens(t, a, app, alice.account), s.tokens(t, b, app, bob.account)

	require.Nil(t, grantForm(a, acme, app), "nobody authorized it for this account")
	f := grantForm(a, alice.account, app)
	require.NotNil(t, f)
	require.Less(t, f.submit().Status, 300)
	require.Nil(t, grantForm(a, alice.account, app))
	require.Equal(t, http.StatusUnauthorized, s.whoami(t, forAlice.str("access_token")).Status)
	require.Equal(t, "invalid_grant", s.refresh(t, app, forAlice.str("refresh_token")).str("error"))
	require.Equal(t, http.StatusOK, s.whoami(t, forBob.str("access_token")).Status)
	require.NotNil(t, grantForm(b, bob.account, app))
}

// momentShown is what the demo's error pages end with: when they were made, to
// the second.
var momentShown = regexp.MustCompile(`\d+ \w+ \d{4}, \d\d:\d\d:\d\d UTC`)

// What is not the signed-in user's is not found, and looks like what does not
// exist.
func TestOtherPeoplesPagesAreNotFound(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := signIn(t, s, alice)
	app := a.register(alice.account, "Private", "confidential", "https://app.example.com/callback")
	tokens := s.tokens(t, a, app, alice.account)
	grant := grantForm(a, alice.account, app).action.Path
	inAcme := app
	inAcme.Account = acme // Alice's account too, but not the application's
	carols := app
	carols.Account = carol.account
	absent := app
	absent.Account, absent.ID = carol.account, "01890a5d-ac96-774b-bcce-b302099a8057"

	c := signIn(t, s, carol)
	own := c.register(carol.account, "Carol's own", "confidential", "https://app.example.com/callback")
	ticket := c.get(own.path("revoke")).form(own.path("revoke")).fields
	ticket.Set("confirm_name", app.Name)
	notFound := c.get(absent.path())
	require.Equal(t, http.StatusNotFound, notFound.Status)
	timeless := func(p *page) string { return momentShown.ReplaceAllString(p.text(), "") }
	require.NotEqual(t, notFound.text(), timeless(notFound))

	for _, path := range []string{home(alice.account), home(alice.account) + "/new", home("99"), home("x"), app.path(), carols.path(), app.path("edit"),
		carols.path("edit"), carols.path("revoke"), carols.path("delete"), home(carol.account) + "/not-an-id"} {
		p := c.get(path)
		require.Equal(t, http.StatusNotFound, p.Status, "%s", path)
		require.Equal(t, timeless(notFound), timeless(p), "%s", path)
	}
	for _, path := range []string{home(alice.account), app.path(), carols.path(), carols.path("secrets"), carols.path("revoke"), carols.path("delete"),
		grant, strings.Replace(grant, "/accounts/1/", "/accounts/4/", 1)} {
		require.Equal(t, http.StatusNotFound, c.post(path, ticket).Status, "%s", path)
	}
	require.Equal(t, http.StatusNotFound, a.get(inAcme.path()).Status)

	require.Equal(t, http.StatusOK, s.whoami(t, tokens.str("access_token")).Status)
	require.Equal(t, app.ClientID, a.get(app.path()).byID("client-id"))
}

// A form is good only from the page it stands on, in the session it was made
// for.
func TestForgedForms(t *testing.T) {
	t.Parallel()
	s := start(t)
	a, b := signIn(t, s, alice), signIn(t, s, bob)
	app := a.register(acme, "Target", "confidential", "https://app.example.com/callback")
	tokens := s.tokens(t, a, app, acme)
	revoke := a.get(app.path("revoke")).form(app.path("revoke"))
	bobs := b.get(app.path("revoke")).form(app.path("revoke")) // Bob may do it too, with his own form

	require.Equal(t, http.StatusForbidden, a.post(app.path("revoke"), url.Values{}).Status, "no hidden fields")
	require.Equal(t, http.StatusForbidden, a.post(app.path("revoke"), bobs.fields).Status, "of another session")
	crossSite := func(r *http.Request) {
		r.Header.Set("Content-Type", formType)
		r.Header.Set("Origin", "https://evil.example")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		u, _ := url.Parse(s.URL)
		for _, cookie := range a.client.Jar.Cookies(u) {
			r.AddCookie(cookie)
		}
	}
	for _, path := range []string{app.path("revoke"), app.path("delete"), app.path("secrets"), app.path(), home(acme), "/logout", "/oauth/authorize"} {
		require.Equal(t, http.StatusForbidden, s.request(t, http.MethodPost, path, revoke.fields.Encode(), crossSite).Status, "%s", path)
	}
	require.Equal(t, http.StatusOK, s.whoami(t, tokens.str("access_token")).Status)
	require.Less(t, revoke.submit().Status, 300, "the real form still works")
	require.Equal(t, http.StatusUnauthorized, s.whoami(t, tokens.str("access_token")).Status)
}

func TestPageHeaders(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(acme, "Headers", "confidential", "https://app.example.com/callback")
	pages := map[string]*page{
		"login":   newBrowser(t, s).get("/login"),
		"list":    b.get(home(acme)),
		"show":    b.get(app.path()),
		"consent": b.get(s.authorizeURL(app, newVerifier())),
		"error":   b.get(s.URL + "/oauth/authorize?client_id=nobody"),
		"absent":  b.get(home("99")),
	}
	for name, p := range pages {
		t.Run(name, func(t *testing.T) {
			csp := p.Header.Get("Content-Security-Policy")
			require.Contains(t, csp, "default-src 'none'")
			require.Contains(t, csp, "frame-ancestors 'none'")
			require.Contains(t, csp, "base-uri 'none'")
			if name != "login" && name != "consent" { // their forms lead, by redirects, to wherever a client goes
				require.Contains(t, csp, "form-action 'self'")
			}
			require.NotContains(t, csp, "unsafe")
			require.Equal(t, "DENY", p.Header.Get("X-Frame-Options"))
			require.Equal(t, "nosniff", p.Header.Get("X-Content-Type-Options"))
			require.NotEmpty(t, p.Header.Get("Referrer-Policy"))
			require.Contains(t, p.Header.Get("Cache-Control"), "no-store")
			require.Equal(t, "text/html; charset=utf-8", strings.ToLower(p.Header.Get("Content-Type")))
			requireOwnScript(t, p)
			require.Equal(t, name == "show", strings.Contains(p.Body, "<script"), "a page with credentials has the script that copies them, and no other page has one")
			require.NotContains(t, p.Body, "style=")
		})
	}
	consent := pages["consent"].text()
	for _, shown := range []string{app.Name, "Acme Inc", "app.example.com", "Authorize", "Cancel"} {
		require.Contains(t, consent, shown)
	}
}

// Nobody else's application passes for the service's own: its name is refused
// as long as it looks like the service's, and the consent page tells who
// registered it.
func TestImitatedNamesAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(alice.account, "Honest", "confidential", "https://app.example.com/callback")
	fill := func(path, action, name string) *page {
		form := b.get(path).form(action).set("name", name)
		return form.set("homepage_url", "https://app.example.com/").set("callback_url", app.Callback).submit()
	}
	for _, name := range []string{"OAuth Applications demo", "oauth-applications DEMO Support", "ОАuth Аррliсаtiоns dеmо", "0Auth App1icati0ns demo", "ＯＡｕｔｈ Applications demo"} {
		for path, action := range map[string]string{home(alice.account) + "/new": home(alice.account), app.path("edit"): app.path()} {
			p := fill(path, action, name)
			require.Equal(t, http.StatusUnprocessableEntity, p.Status, name)
			require.Contains(t, p.byID("name-problem"), "choose another", name)
		}
	}
	require.NotContains(t, b.get(home(alice.account)).text(), "Support")
	require.Less(t, fill(app.path("edit"), app.path(), "OAuth Applications").Status, 300)

	consent := signIn(t, s, bob).get(s.authorizeURL(app, newVerifier()))
	require.Contains(t, consent.text(), "by Alice")
}

// Text that developers type is shown as text.
func TestMarkupIsInert(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	name := `"><script>alert(1)</script><b onclick="x">{{7*7}}`
	app := b.register(acme, name, "confidential", "https://app.example.com/callback")
	for _, p := range []*page{
		b.get(home(acme)), b.get(app.path()), b.get(app.path("edit")), b.get(app.path("revoke")), b.get(app.path("delete")),
		b.get(s.authorizeURL(app, newVerifier())),
		b.get(s.URL + "/oauth/authorize?" + url.Values{"client_id": {name}, "redirect_uri": {name}, "state": {name}}.Encode()),
	} {
		for n := range p.root.Descendants() {
			require.Empty(t, attr(n, "onclick"), "%s", p.URL)
		}
		requireOwnScript(t, p)
	}
	require.Contains(t, b.get(app.path()).text(), name)
}

// requireOwnScript fails for any script but the library's own file, which the
// policy of the page names.
func requireOwnScript(t *testing.T, p *page) {
	t.Helper()
	for n := range p.root.Descendants() {
		if n.Data == "script" {
			src, err := p.URL.Parse(attr(n, "src"))
			require.NoError(t, err)
			require.Nil(t, n.FirstChild, "%s", p.URL)
			require.Equal(t, "/oauth/copy.js", src.Path, "%s", p.URL)
			require.Contains(t, p.Header.Get("Content-Security-Policy"), "script-src "+src.Scheme+"://"+src.Host+src.Path+";")
		}
	}
}
