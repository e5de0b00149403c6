package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// The life of an application, clicked through in Chromium: added, edited,
// authorized, revoked in every way there is, and deleted: with a mouse, without
// scripts, and with nothing but a keyboard. The callback is a client that
// listens, so that the browser really has to reach it.
func TestLifeOfAnApplication(t *testing.T) {
	t.Parallel()
	for name, person := range map[string]struct{ scripts, keyboard bool }{
		"mouse":           {scripts: true},
		"without scripts": {scripts: false},
		"keyboard":        {scripts: true, keyboard: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newChromium(t, person.scripts)
			c.keyboard = person.keyboard
			s := start(t)
			client := newThirdParty(t)

			// Sign in, on the way to the OAuth Applications page of Acme Inc.
			c.open(s.URL + home(acme))
			c.signIn(alice)
			require.Equal(t, s.URL+home(acme), c.location())
			require.Contains(t, c.text("main"), "Developer applications")

			// Add.
			c.click(`a[href$="/oauth_applications/new"]`)
			c.fill("name", "Clicked & Tested")
			c.fill("homepage_url", client.URL)
			c.fill("callback_url", client.URL+"/callback")
			c.click(`form:has([name="callback_url"]) button`)
			app := application{Name: "Clicked & Tested", Account: acme, Callback: client.URL + "/callback",
				ClientID: c.text("#client-id"), ClientSecret: c.text("#client-secret")}
			require.NotEmpty(t, app.ClientID)
			require.NotEmpty(t, app.ClientSecret)

			// Its page, found on the card, shows the secret no more.
			c.open(s.URL + home(acme))
			c.click(`a[href*="/oauth_applications/"]:not([href$="/new"]):not([href$="/receive"]):not([href*="?"])`)
			m := applicationPath.FindStringSubmatch(strings.TrimPrefix(c.location(), s.URL))
			require.NotNil(t, m, "%s", c.location())
			app.ID = m[1]
			require.Equal(t, app.ClientID, c.text("#client-id"))
			require.False(t, c.has("#client-secret"))

			// Edit.
			c.click(`a[href$="/edit"]`)
			c.fill("description", "Clicks through everything")
			c.click(`form:has([name="callback_url"]) button`)
			require.Contains(t, c.text("main"), "Clicks through everything")

			// Authorize, from the client and back to it.
			authorize := func() answer {
				t.Helper()
				verifier := newVerifier()
				c.open(s.authorizeURL(app, verifier, "state", "from the client"))
				if c.has(`button[name="decision"][value="authorize"]`) {
					require.Contains(t, c.text("main"), app.Name)
					c.press(`input[name="account_id"][value="` + acme + `"]`)
					c.click(`button[name="decision"][value="authorize"]`)
				}
				require.Equal(t, "Back at the client", c.text("h1"))
				callback := client.last()
				require.Equal(t, "from the client", callback.Get("state"))
				require.Equal(t, s.URL, callback.Get("iss"))
				tokens := s.exchange(t, app, callback.Get("code"), verifier)
				require.Equal(t, http.StatusOK, tokens.Status, "%s", tokens.Body)
				require.Equal(t, http.StatusOK, s.whoami(t, tokens.str("access_token")).Status)
				return tokens
			}
			refused := func(tokens answer) {
				t.Helper()
				require.Equal(t, http.StatusUnauthorized, s.whoami(t, tokens.str("access_token")).Status)
				require.Equal(t, "invalid_grant", s.refresh(t, app, tokens.str("refresh_token")).str("error"))
			}
			tokens := authorize()

			// The consent is remembered: who signs in on the way is sent on at
			// once.
			c.open(s.URL + home(acme))
			c.click(`form[action^="/logout"] button`)
			c.open(s.authorizeURL(app, newVerifier(), "account_id", acme))
			c.signIn(alice)
			require.Equal(t, "Back at the client", c.text("h1"))

			// Cancel is as good an answer.
			c.open(s.authorizeURL(app, newVerifier(), "account_id", alice.account))
			c.click(`button[name="decision"][value="deny"]`)
			require.Equal(t, "access_denied", client.last().Get("error"))

			// Revoke on the Applications card.
			c.open(s.URL + home(acme))
			c.press(`.confirm summary`)
			c.click(`form[action*="/authorized_applications/"] button`)
			require.False(t, c.has(`form[action*="/authorized_applications/"]`))
			refused(tokens)

			// Revoke all user tokens, after a warning.
			tokens = authorize()
			c.open(s.URL + app.path())
			c.click(`a[href$="` + app.path("revoke") + `"]`)
			require.Contains(t, c.text("main"), "This cannot be undone.")
			c.click(`form[action$="` + app.path("revoke") + `"] button`)
			refused(tokens)

			// Reset secret.
			c.open(s.URL + app.path())
			c.press(`input[name="overlap"][value="0"]`)
			c.click(`form[action$="` + app.path("secrets") + `"] button`)
			fresh := c.text("#client-secret")
			require.NotEqual(t, app.ClientSecret, fresh)
			require.Equal(t, "invalid_client", s.refresh(t, app, "x").str("error"))
			app.ClientSecret = fresh
			tokens = authorize()

			// Delete, by typing the name.
			c.open(s.URL + app.path())
			c.click(`a[href$="` + app.path("delete") + `"]`)
			c.fill("confirm_name", "Clicked")
			require.GreaterOrEqual(t, c.click(`form[action$="`+app.path("delete")+`"] button`), 400)
			require.Equal(t, http.StatusOK, s.whoami(t, tokens.str("access_token")).Status)
			c.fill("confirm_name", app.Name)
			c.click(`form[action$="` + app.path("delete") + `"] button`)
			require.NotContains(t, c.text("main"), app.ClientID)
			require.Equal(t, http.StatusUnauthorized, s.whoami(t, tokens.str("access_token")).Status)

			// Authorizing shows an error page.
			require.GreaterOrEqual(t, c.open(s.authorizeURL(app, newVerifier())), 400)
			require.True(t, strings.HasPrefix(c.location(), s.URL), "%s", c.location())
			require.NotEmpty(t, c.text("h1"))

			c.click(`form[action^="/logout"] button`)
			c.open(s.URL + home(acme))
			require.True(t, c.has(`input[name="password"]`))
		})
	}
}

// A thirdParty is a client's own web server, which the user is sent back to. As
// many clients do, it goes on from its callback to a page of its own on another
// origin.
type thirdParty struct {
	*httptest.Server
	mu      sync.Mutex
	queries []url.Values
}

func newThirdParty(t *testing.T) *thirdParty {
	c := &thirdParty{}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!DOCTYPE html><title>Client</title><h1>Back at the client</h1>")
	}))
	t.Cleanup(front.Close)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.queries = append(c.queries, r.URL.Query())
		c.mu.Unlock()
		http.Redirect(w, r, front.URL, http.StatusSeeOther)
	})
	c.Server = httptest.NewServer(mux)
	t.Cleanup(c.Close)
	return c
}

// last is the query of the last request to the callback.
func (c *thirdParty) last() url.Values {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queries) == 0 {
		return nil
	}
	return c.queries[len(c.queries)-1]
}

// A chromium is a tab of a real browser. Its methods end the test on errors,
// and its test fails if any page broke its Content-Security-Policy, unless that
// is what it is about. A step that takes longer than twice the patience ends
// the browser; how long a whole test takes is bounded by go test alone.
type chromium struct {
	t            *testing.T
	ctx          context.Context
	hangs        *time.Timer // ends ctx; every step starts it again
	breaksPolicy bool
	keyboard     bool // there is no mouse
}

func newChromium(t *testing.T, scripts bool) *chromium {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		missing(t, "Chromium", "install Debian's package chromium, or put google-chrome into PATH")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // tests often run as root, where the sandbox does not
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
	)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	hangs := time.AfterFunc(2*patience, cancel)
	t.Cleanup(func() { hangs.Stop() })
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	c := &chromium{t: t, ctx: ctx, hangs: hangs}
	c.watchPolicy()
	if !scripts {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		require.NoError(t, err)
	}
	return c
}

// watchPolicy fails the test at its end for what its pages tried against their
// Content-Security-Policy.
func (c *chromium) watchPolicy() {
	c.t.Helper()
	var (
		mu         sync.Mutex
		violations []string
	)
	require.NoError(c.t, chromedp.Listen(c.ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch event := event.(type) {
		case *log.EventEntryAdded:
			if event.Entry.Source == log.EntrySourceSecurity || strings.Contains(event.Entry.Text, "Content Security Policy") {
				violations = append(violations, event.Entry.URL+": "+event.Entry.Text)
			}
		case *audits.EventIssueAdded:
			if details := event.Issue.Details; details != nil && details.ContentSecurityPolicyIssueDetails != nil {
				violations = append(violations, fmt.Sprintf("%+v", *details.ContentSecurityPolicyIssueDetails))
			}
		}
	}))
	c.t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, v := range violations {
			if c.breaksPolicy {
				continue
			}
			c.t.Errorf("Content-Security-Policy: %s", v)
		}
	})
	_, err := chromedp.Call(c.ctx, log.Enable, cdp.Empty{})
	require.NoError(c.t, err)
	_, err = chromedp.Call(c.ctx, audits.Enable, cdp.Empty{})
	require.NoError(c.t, err)
}

// step begins a step of the test.
func (c *chromium) step() { c.hangs.Reset(2 * patience) }

// open opens a URL and returns the status of the page it ends on.
func (c *chromium) open(url string) int {
	c.t.Helper()
	c.step()
	resp, err := chromedp.RunResponse(c.ctx, chromedp.Navigate(url))
	require.NoError(c.t, err, url)
	return int(resp.Status)
}

// click clicks a link or button that leads to a page, and returns its status.
func (c *chromium) click(selector string) int {
	c.t.Helper()
	use := chromedp.Click(chromedp.CSS(selector))
	if c.keyboard {
		c.tabTo(selector)
		use = chromedp.KeyEvent(kb.Enter)
	} else {
		c.rest(selector)
	}
	resp, err := chromedp.RunResponse(c.ctx, use)
	require.NoError(c.t, err, selector)
	return int(resp.Status)
}

// press clicks what stays on the page.
func (c *chromium) press(selector string) {
	c.t.Helper()
	if c.keyboard {
		c.tabTo(selector)
		require.NoError(c.t, chromedp.Do(c.ctx, chromedp.KeyEvent(" ")), selector)
		return
	}
	c.rest(selector)
	require.NoError(c.t, chromedp.Do(c.ctx, chromedp.Click(chromedp.CSS(selector))), selector)
}

// tabTo moves the focus to an element as who has no mouse does: with the Tab
// key, and among radio buttons of one name with the arrow keys.
func (c *chromium) tabTo(selector string) {
	c.t.Helper()
	c.must(selector)
	key := kb.Tab
	for range 200 {
		require.NoError(c.t, chromedp.Do(c.ctx, chromedp.KeyEvent(key)))
		where, err := chromedp.Run(c.ctx, chromedp.Evaluate[string](fmt.Sprintf(`(() => {
			const at = document.activeElement, wanted = document.querySelector(%q);
			if (at === wanted) return "there";
			return at.type === "radio" && at.name === wanted.name ? "beside" : "elsewhere";
		})()`, selector)))
		require.NoError(c.t, err, selector)
		switch where {
		case "there":
			return
		case "beside":
			key = kb.ArrowDown
		default:
			key = kb.Tab
		}
	}
	c.t.Fatalf("%s: the keyboard does not reach %s", c.location(), selector)
}

// rest has the pointer rest on the page for as long as the buttons of the
// consent page ask for, if it is one of them that is about to be clicked.
func (c *chromium) rest(selector string) {
	c.t.Helper()
	c.must(selector)
	if !strings.Contains(selector, `name="decision"`) {
		return
	}
	c.mouse(input.DispatchMouseEventTypeMouseMoved, 5, 5)
	require.Eventually(c.t, func() bool {
		cover, err := chromedp.Run(c.ctx, chromedp.Evaluate[string](`getComputedStyle(document.querySelector(".decision"), "::after").visibility`))
		return err == nil && cover == "hidden"
	}, patience, 50*time.Millisecond)
}

// mouse sends what a mouse does at a place of the page.
func (c *chromium) mouse(what input.DispatchMouseEventType, x, y float64) {
	c.t.Helper()
	event := input.DispatchMouseEventParams{Type: what, X: x, Y: y}
	if what != input.DispatchMouseEventTypeMouseMoved {
		event.Button, event.ClickCount = input.MouseButtonLeft, 1
	}
	_, err := chromedp.Call(c.ctx, input.DispatchMouseEvent, event)
	require.NoError(c.t, err)
}

// fill types into a field, after what it holds.
func (c *chromium) fill(name, text string) {
	c.t.Helper()
	selector := `[name="` + name + `"]`
	c.must(selector)
	use := chromedp.SendKeys(chromedp.CSS(selector), text)
	if c.keyboard {
		c.tabTo(selector)
		use = chromedp.KeyEvent(text)
	}
	require.NoError(c.t, chromedp.Do(c.ctx, use), selector)
}

func (c *chromium) text(selector string) string {
	c.t.Helper()
	c.must(selector)
	text, err := chromedp.Run(c.ctx, chromedp.TextContent(chromedp.CSS(selector)))
	require.NoError(c.t, err, selector)
	return strings.Join(strings.Fields(text), " ")
}

func (c *chromium) location() string {
	c.t.Helper()
	c.step()
	location, err := chromedp.Run(c.ctx, chromedp.Location())
	require.NoError(c.t, err)
	return location
}

// has reports whether the page has an element now.
func (c *chromium) has(selector string) bool {
	c.t.Helper()
	c.step()
	nodes, err := chromedp.Run(c.ctx, chromedp.Nodes(chromedp.CSSAll(selector), chromedp.AtLeast(0)))
	require.NoError(c.t, err, selector)
	return len(nodes) > 0
}

// must ends the test at once, with the page, if an element is not there;
// waiting for it would only end with the test's time.
func (c *chromium) must(selector string) {
	c.t.Helper()
	if !c.has(selector) {
		page, _ := chromedp.Run(c.ctx, chromedp.OuterHTML(chromedp.CSS("html")))
		c.t.Fatalf("%s: no %s on the page:\n%s", c.location(), selector, page)
	}
}
