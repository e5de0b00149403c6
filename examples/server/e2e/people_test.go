package e2e

import (
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// A person is one of the demo's people.
type person struct {
	email, password string
	userID          int
	account         string // the person's own
}

var (
	alice = person{"alice@example.com", "alice-demo-password", 1, "1"}
	bob   = person{"bob@example.com", "bob-demo-password", 2, "3"}
	carol = person{"carol@example.com", "carol-demo-password", 3, "4"}
)

// acme is the account that Alice and Bob share.
const acme = "2"

// signIn opens a browser for a person and signs in.
func signIn(t testing.TB, s *server, who person) *browser {
	t.Helper()
	b := newBrowser(t, s)
	b.signIn(b.get("/login"), who)
	return b
}

// signIn fills in the login page and returns the page that follows.
func (b *browser) signIn(login *page, who person) *page {
	b.t.Helper()
	require.Equal(b.t, "/login", login.URL.Path)
	p := login.form("/login").set("email", who.email).set("password", who.password).submit()
	require.NotEqual(b.t, "/login", p.URL.Path, "%s could not sign in: %d %s", who.email, p.Status, p.text())
	return p
}

// An application is what a developer learns on registering it.
type application struct {
	Name         string
	Account      string // the owner
	ID           string
	ClientID     string
	ClientSecret string // "" for a public one
	Callback     string // the first callback URL
}

// home is the path of an account's OAuth Applications page.
func home(account string) string {
	return path.Join("/accounts", account, "oauth_applications")
}

// path is the application's page, or the one below it.
func (a application) path(below ...string) string {
	return path.Join(append([]string{home(a.Account), a.ID}, below...)...)
}

func (a application) public() bool { return a.ClientSecret == "" }

var applicationPath = regexp.MustCompile(`^/accounts/[^/]+/oauth_applications/([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})$`)

// register adds an application to an account through its pages. The client type
// is "" where the form has no choice of it.
func (b *browser) register(account, name, clientType, callback string) application {
	b.t.Helper()
	form := b.get(home(account) + "/new").form(home(account))
	form.set("name", name).set("homepage_url", "https://app.example.com/").set("callback_url", callback)
	if clientType != "" {
		form.set("client_type", clientType)
	}
	p := form.submit()
	require.Less(b.t, p.Status, 300, "%s", p.Body)
	app := application{Name: name, Account: account, Callback: callback}
	app.ClientID, app.ClientSecret = p.byID("client-id"), p.byID("client-secret")
	app.ID = applicationID(p)
	require.NotEmpty(b.t, app.ClientID, "%s", p.Body)
	require.NotEmpty(b.t, app.ID, "no link to the application: %s", p.Body)
	require.Equal(b.t, clientType == "public", app.public(), "%s", p.Body)
	return app
}

// applicationID finds the application that a page is about, in its address,
// links or forms.
func applicationID(p *page) string {
	candidates := append([]*url.URL{p.URL}, p.links()...)
	for _, f := range p.forms() {
		candidates = append(candidates, f.action)
	}
	for _, u := range candidates {
		for dir := u.Path; dir != "/" && dir != "."; dir = path.Dir(dir) {
			if m := applicationPath.FindStringSubmatch(dir); m != nil {
				return m[1]
			}
		}
	}
	return ""
}

// authorize opens the URL that a client sends its user to, authorizes it for an
// account ("" leaves what the page selects) if asked, and returns the URL that
// the user is sent back to.
func (b *browser) authorize(authorizeURL, account string) *url.URL {
	b.t.Helper()
	p := b.get(authorizeURL)
	if p.URL.Path == "/login" {
		p = b.signIn(p, alice)
	}
	if p.Status == http.StatusOK {
		form := p.form("/oauth/authorize")
		if account != "" {
			form.set("account_id", account)
		}
		p = form.submit("decision", "authorize")
	}
	return p.redirect()
}

// grantForm is the form that revokes an application's access to an account, on
// the account's Applications card; nil if the application is not listed there.
func grantForm(b *browser, account string, app application) *form {
	b.t.Helper()
	for _, f := range b.get(home(account)).forms() {
		if authorizedPath.MatchString(f.action.Path) && strings.Contains(text(row(f.node)), app.Name) {
			return f
		}
	}
	return nil
}

var authorizedPath = regexp.MustCompile(`^/accounts/[^/]+/authorized_applications/[0-9a-f-]{36}/revoke$`)

// row is the nearest element around a form that stands for one entry of a list.
func row(n *html.Node) *html.Node {
	for ; n.Parent != nil; n = n.Parent {
		if n.Data == "tr" || n.Data == "li" || n.Data == "article" {
			return n
		}
	}
	return n
}
