package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// What developers and attackers write is text in a real browser: on no page
// does it run a script, load anything, or put anything into the console.
func TestScriptsOfOthersDoNotRun(t *testing.T) {
	t.Parallel()
	c := newChromium(t, true)
	s := start(t)
	b := signIn(t, s, alice)
	const script = `"'></title></textarea></option></select><script>alert(1);window.ran=1</script><img src=x onerror="alert(2);window.ran=2"><svg onload="window.ran=3"><a href="javascript:window.ran=4">{{7*7}}`
	require.Less(t, len(script)+len("Name "), 2*100)

	name := script[:95] + "&lt;" // the limit is 100 characters
	form := b.get(home(acme) + "/new").form(home(acme))
	form.set("name", name).set("description", script).set("homepage_url", "https://app.example.com/?'onmouseover=window.ran=5;//").set("callback_url", "https://app.example.com/cb?'-window.ran=6-'=1")
	created := form.submit()
	require.Less(t, created.Status, 300, "%s", created.Body)
	app := application{Name: name, Account: acme, Callback: "https://app.example.com/cb?'-window.ran=6-'=1", ClientID: created.byID("client-id"), ClientSecret: created.byID("client-secret"), ID: applicationID(created)}
	s.tokens(t, b, app, acme)

	var (
		mu      sync.Mutex
		noise   []string
		opening = func(event any) {
			mu.Lock()
			defer mu.Unlock()
			switch event := event.(type) {
			case *cdppage.EventJavascriptDialogOpening:
				noise = append(noise, "dialog: "+event.Message)
				go func() { // or the browser waits for it
					_, _ = chromedp.Call(c.ctx, cdppage.HandleJavaScriptDialog, cdppage.HandleJavaScriptDialogParams{Accept: true})
				}()
			case *runtime.EventConsoleAPICalled, *runtime.EventExceptionThrown:
				noise = append(noise, "console")
			}
		}
	)
	require.NoError(t, chromedp.Listen(c.ctx, opening))
	_, err := chromedp.Call(c.ctx, runtime.Enable, cdp.Empty{})
	require.NoError(t, err)

	c.open(s.URL + home(acme))
	c.signIn(alice)
	q := url.QueryEscape(script)
	for _, path := range []string{
		home(acme), app.path(), app.path("edit"), app.path("revoke"), app.path("delete"), home(acme) + "?notice=" + q + "&after=" + q,
		strings.TrimPrefix(s.authorizeURL(app, newVerifier(), "account_id", alice.account, "state", script), s.URL),
		"/oauth/authorize?client_id=" + q + "&redirect_uri=" + q + "&state=" + q + "&scope=" + q,
		strings.TrimPrefix(s.authorizeURL(app, newVerifier(), "redirect_uri", "javascript:window.ran=7"), s.URL),
		"/login?return_to=" + q, "/login?return_to=javascript:window.ran=8", "/accounts/" + url.PathEscape(script) + "/oauth_applications",
	} {
		c.open(s.URL + path)
		ran, err := chromedp.Run(c.ctx, chromedp.Evaluate[string](`String(window.ran)`))
		require.NoError(t, err)
		require.Equal(t, "undefined", ran, path)
		markup, err := chromedp.Run(c.ctx, chromedp.Evaluate[int](
			`document.querySelectorAll('script:not([src^="/oauth/copy.js?v="]), svg, img[onerror], [onload], [onmouseover], a[href^="javascript:" i]').length`))
		require.NoError(t, err)
		require.Zero(t, markup, path)
	}
	c.open(s.URL + app.path())
	require.Contains(t, c.text("main"), strings.Join(strings.Fields(name), " "), "it is there, as text")

	// Typed into a form that is refused, it is shown again.
	c.open(s.URL + home(acme) + "/new")
	for _, field := range []string{"name", "homepage_url", "callback_url", "description"} {
		c.fill(field, script)
	}
	require.Equal(t, http.StatusUnprocessableEntity, c.click(`form:has([name="callback_url"]) button`))
	ran, err := chromedp.Run(c.ctx, chromedp.Evaluate[string](`String(window.ran)`))
	require.NoError(t, err)
	require.Equal(t, "undefined", ran)

	mu.Lock()
	quiet := len(noise) == 0
	heard := strings.Join(noise, "\n")
	mu.Unlock()
	require.True(t, quiet, "%s", heard)

	// The listener hears what it listens for.
	_, err = chromedp.Run(c.ctx, chromedp.Evaluate[bool](`console.log("heard"), true`))
	require.NoError(t, err)
	require.Eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(noise) > 0 }, patience, patience/1000)
}

// No page of the server can be put into a frame of another, where a user would
// click on what they do not see.
func TestFramesAreRefused(t *testing.T) {
	t.Parallel()
	c := newChromium(t, true)
	c.breaksPolicy = true
	s := start(t)
	app := signIn(t, s, alice).register(acme, "Framed", "confidential", "https://app.example.com/callback")
	consent := s.authorizeURL(app, newVerifier(), "account_id", acme)

	// A page that may be framed, to see that the frames work.
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!DOCTYPE html><title>Framed</title><p>in a frame</p>"))
	}))
	defer plain.Close()
	framing := http.NewServeMux()
	framing.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!DOCTYPE html><title>Framing</title><iframe id="frame" src="` + r.URL.Query().Get("of") + `"></iframe>`))
	})
	// On the server's own site, so that the browser sends its cookies to the
	// frame.
	evil := httptest.NewServer(framing)
	defer evil.Close()

	c.signInTo(s)
	shown := func(of string) string {
		c.open(evil.URL + "/?of=" + url.QueryEscape(of))
		tree, err := chromedp.Call(c.ctx, cdppage.GetFrameTree, cdp.Empty{})
		require.NoError(t, err)
		require.Len(t, tree.FrameTree.ChildFrames, 1)
		return tree.FrameTree.ChildFrames[0].Frame.URL
	}
	require.Equal(t, plain.URL+"/", shown(plain.URL+"/"))
	for name, of := range map[string]string{
		"login": s.URL + "/login", "list": s.URL + home(acme), "show": s.URL + app.path(), "edit": s.URL + app.path("edit"), "delete": s.URL + app.path("delete"),
		"consent": consent, "error": s.URL + "/oauth/authorize?client_id=nobody", "not found": s.URL + home("99"),
	} {
		require.Equal(t, "chrome-error://chromewebdata/", shown(of), name)
	}
}
