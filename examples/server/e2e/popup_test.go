package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// A client may show the authorization endpoint in a pop-up. The pages on the
// way, the login among them, leave the pop-up and the page that opened it
// connected, so that the answer comes back by each of the ways that clients
// know.
func TestPopUpClient(t *testing.T) {
	t.Parallel()
	c := newChromium(t, true)
	s := start(t)
	client := popUpClient(t)
	b := signIn(t, s, alice)
	app := b.register(alice.account, "Pop-up", "public", client+"/callback")

	for _, how := range []string{"message", "location"} {
		for _, decision := range []string{"authorize", "deny"} {
			c.open(client + "/?how=" + how + "&to=" + url.QueryEscape(s.authorizeURL(app, newVerifier(), "state", how)))
			p := c.popUp("#open")
			if !p.has(`button[name="decision"]`) { // the first time
				p.fill("email", alice.email)
				p.fill("password", alice.password)
				p.click(`form[action^="/login"] button`)
			}
			p.press(`button[name="decision"][value="` + decision + `"]`)
			c.wait("answered")
			answer, err := url.Parse(c.text("#url"))
			require.NoError(t, err)
			require.Equal(t, how, answer.Query().Get("state"))
			require.Equal(t, s.URL, answer.Query().Get("iss"))
			require.Equal(t, decision == "authorize", answer.Query().Has("code"))
		}
	}

	// An error that is a page, as no client can be told, leaves them connected
	// too: the client learns that its pop-up was closed from the user closing
	// it alone.
	c.open(client + "/?how=location&to=" + url.QueryEscape(s.authorizeURL(app, newVerifier(), "redirect_uri", "https://evil.example/")))
	p := c.popUp("#open")
	require.NotEmpty(t, p.text("h1"))
	require.Equal(t, "open", c.text("#state"))

	// No page that manages anything is connected with who opened it.
	for _, path := range []string{home(alice.account), app.path("delete")} {
		c.open(client + "/?how=location&to=" + url.QueryEscape(s.URL+path))
		p = c.popUp("#open")
		require.NotEmpty(t, p.text("h1"))
		opener, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](`window.opener !== null`))
		require.NoError(t, err)
		require.False(t, opener, path)
		_, err = chromedp.Run(c.ctx, chromedp.WaitReady(chromedp.CSS("#closed")))
		require.NoError(t, err, path)
	}
}

// oidc-client-ts signs in with a pop-up.
func TestOIDCClientTSPopUp(t *testing.T) {
	t.Parallel()
	folder := nodePackage(t, "node", "oidc-client-ts")
	c := newChromium(t, true)
	s := start(t)
	config := map[string]string{"issuer": s.URL}
	page := singlePage(t, folder, config)
	app := signIn(t, s, alice).register(alice.account, "oidc-client-ts", "public", page.URL+"/popup")
	config["client_id"] = app.ClientID

	c.open(page.URL)
	c.wait("ready")
	p := c.popUp("#sign-in-popup")
	p.signIn(alice)
	p.press(`button[name="decision"][value="authorize"]`)
	user := c.wait("signed-in")
	require.Equal(t, http.StatusOK, s.whoami(t, user.AccessToken).Status)
}

// popUp presses what opens a pop-up of the server's, and returns that once it
// is there.
func (c *chromium) popUp(selector string) *chromium {
	c.t.Helper()
	c.press(selector)
	return c.opened()
}

// opened returns a pop-up of the server's once it is there.
func (c *chromium) opened() *chromium {
	c.t.Helper()
	var id target.ID
	there := func() bool { // it may have no opener any more that it could be known by
		targets, err := chromedp.Targets(c.ctx)
		for _, info := range targets {
			if info.Type == "page" && !info.Attached && strings.HasPrefix(info.URL, "http://127.0.0.1") {
				id = info.TargetID
			}
		}
		return err == nil && id != ""
	}
	require.Eventually(c.t, there, patience, patience/1000)
	ctx, cancel := chromedp.NewContext(c.ctx, chromedp.WithTargetID(id))
	c.t.Cleanup(cancel)
	p := &chromium{t: c.t, ctx: ctx, hangs: c.hangs}
	p.watchPolicy()
	_, err := chromedp.Run(ctx, chromedp.WaitReady(chromedp.CSS("main")))
	require.NoError(c.t, err)
	return p
}

// popUpClient serves a client's page, on a site of its own, that opens a pop-up
// and waits for the answer: for a message from its callback page in there, or
// for the pop-up to be back at its own origin, which is all that older
// libraries look at. It returns its origin.
func popUpClient(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, popUpOpener) })
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, popUpCallback) })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}

const popUpOpener = `<!DOCTYPE html>
<title>Client</title>
<button id="open">Sign in</button>
<p id="state">not opened</p>
<script>
const query = new URLSearchParams(location.search);
let popup;
const leave = (id, text) => {
  const output = document.createElement("output");
  output.id = id;
  output.textContent = text;
  document.body.append(output);
};
const answered = (url) => {
  clearInterval(timer);
  popup.close();
  leave("url", url);
  leave("answered", "{}");
};
addEventListener("message", (event) => {
  if (query.get("how") === "message" && event.source === popup && event.origin === location.origin) answered(event.data);
});
const look = () => {
  document.getElementById("state").textContent = popup.closed ? "closed" : "open";
  if (popup.closed) {
    clearInterval(timer);
    leave("closed", "");
    leave("error", "the pop-up looks closed");
    return;
  }
  try {
    if (query.get("how") === "location" && popup.location.pathname === "/callback") answered(popup.location.href);
  } catch {
    // It is at another origin still.
  }
};
let timer;
document.getElementById("open").onclick = () => {
  popup = open(query.get("to"), "_blank", "width=500,height=600");
  timer = setInterval(look, 50);
};
</script>`

const popUpCallback = `<!DOCTYPE html>
<title>Client</title>
<script>
if (opener) opener.postMessage(location.href, location.origin);
</script>`
