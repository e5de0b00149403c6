package e2e

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// A person with two tabs at the login signs in in both, and goes on in each to
// where it was leading. So they have signed in again while one was asking for
// consent.
func TestLoginTabs(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	first, second := d.first, d.first.tab()
	d.ask(first, "first")
	d.ask(second, "second")
	d.signIn(first, alice)
	require.Contains(t, first.text(".signed-in"), alice.email)
	d.signIn(second, alice)
	d.authorize(first, "first")
	d.authorize(second, "second")

	// The login is passed by who is signed in.
	require.Equal(t, http.StatusOK, first.open(d.server.URL+"/login?return_to="+url.QueryEscape(home(acme))))
	require.Equal(t, d.server.URL+home(acme), first.location())
	require.Equal(t, http.StatusOK, first.open(d.server.URL+"/login"))
	require.Equal(t, d.server.URL+"/", first.location())

	// Its form is good after others have come and gone, too.
	first.click(`form[action="/logout"] button`)
	d.ask(first, "late")
	second.open(d.server.URL + "/login")
	d.signIn(second, bob)
	second.click(`form[action="/logout"] button`)
	d.signIn(first, alice)
	d.authorize(first, "late")
}

// Signing out of the consent page leads back to it, as whoever signs in next. A
// consent page of another tab does not answer for that person: it asks them.
func TestConsentTabs(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	first, second := d.first, d.first.tab()
	d.ask(first, "first")
	d.signIn(first, alice)
	d.ask(second, "second")
	require.Equal(t, http.StatusOK, first.click(`form[action="/logout"] button`))
	d.signIn(first, bob)
	require.Contains(t, first.text(".signed-in"), bob.email)

	require.Contains(t, second.text(".signed-in"), alice.email)
	require.Equal(t, http.StatusBadRequest, second.click(`button[name="decision"][value="authorize"]`))
	require.Contains(t, second.text(`[role="alert"]`), "another session")
	require.Contains(t, second.text(".signed-in"), bob.email)
	d.authorize(second, "second")

	// The sign-out form of a page that was made for somebody else works, and
	// leads back.
	d.ask(second, "third")
	require.Equal(t, http.StatusOK, first.click(`form[action="/logout"] button`))
	d.signIn(first, alice)
	require.Equal(t, http.StatusOK, second.click(`form[action="/logout"] button`))
	d.signIn(second, alice)
	d.authorize(second, "third")
}

// A desk is where a person authorizes an application in several tabs.
type desk struct {
	t      *testing.T
	server *server
	client *thirdParty
	app    application
	first  *chromium
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, first: newChromium(t, true), server: start(t), client: newThirdParty(t)}
	d.app = signIn(t, d.server, alice).register(acme, "Tabs", "public", d.client.URL+"/callback")
	return d
}

func (d *desk) ask(c *chromium, state string) {
	d.t.Helper()
	require.Equal(d.t, http.StatusOK, c.open(d.server.authorizeURL(d.app, newVerifier(), "account_id", acme, "state", state)))
}

func (d *desk) signIn(c *chromium, who person) {
	d.t.Helper()
	require.Equal(d.t, http.StatusOK, c.signIn(who))
}

// authorize says yes, which leads back to the client with a code.
func (d *desk) authorize(c *chromium, state string) {
	d.t.Helper()
	require.Equal(d.t, http.StatusOK, c.click(`button[name="decision"][value="authorize"]`))
	require.Equal(d.t, "Back at the client", c.text("h1"))
	require.Equal(d.t, state, d.client.last().Get("state"))
	require.NotEmpty(d.t, d.client.last().Get("code"))
}

// Enter on a choice of account authorizes, as the button does that says so.
func TestEnterAuthorizes(t *testing.T) {
	t.Parallel()
	c := newChromium(t, true)
	s := start(t)
	client := newThirdParty(t)
	app := signIn(t, s, alice).register(acme, "Enter", "public", client.URL+"/callback")
	c.open(s.authorizeURL(app, newVerifier(), "state", "entered"))
	c.signIn(alice)

	acmes := `input[name="account_id"][value="` + acme + `"]`
	c.press(acmes)
	response, err := chromedp.RunResponse(c.ctx, chromedp.SendKeys(chromedp.CSS(acmes), kb.Enter))
	require.NoError(t, err)
	require.EqualValues(t, http.StatusOK, response.Status)
	require.Equal(t, "Back at the client", c.text("h1"))
	require.Equal(t, "entered", client.last().Get("state"))
	require.NotEmpty(t, client.last().Get("code"), "%s", client.last())

	// People still find Cancel before Authorize, in the one line that both are
	// in.
	c.open(s.authorizeURL(app, newVerifier()))
	var left [2]float64
	for i, decision := range []string{"deny", "authorize"} {
		left[i], err = chromedp.Run(c.ctx, chromedp.Evaluate[float64](`document.querySelector('[value="`+decision+`"]').getBoundingClientRect().left`))
		require.NoError(t, err)
	}
	require.Less(t, left[0], left[1])
}

// tab opens another tab of the same browser.
func (c *chromium) tab() *chromium {
	c.t.Helper()
	ctx, cancel := chromedp.NewContext(c.ctx)
	c.t.Cleanup(cancel)
	another := &chromium{t: c.t, ctx: ctx, hangs: c.hangs}
	another.watchPolicy()
	return another
}
