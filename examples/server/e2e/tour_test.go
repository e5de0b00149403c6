package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// Whatever its users do, no page of the server sends anything anywhere but to
// the server itself and, when they decide so, to the client; what reaches that
// tells nothing of where they came from. (RFC 9700, section 4.2.4.)
func TestEveryRequestOfEveryPage(t *testing.T) {
	t.Parallel()
	c := newChromium(t, true)
	s := start(t)
	client := newRecordingClient(t)
	var (
		mu       sync.Mutex
		requests []string // to others than the client
		left     []string // by way of what the browser went to the client
		pages    = map[string]bool{}
		problems []string
	)
	require.NoError(t, chromedp.Listen(c.ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch event := event.(type) {
		case *network.EventRequestWillBeSent:
			url, kind := event.Request.URL, event.Type
			switch {
			case strings.HasPrefix(url, client.URL+"/") && kind == network.ResourceTypeDocument:
				left = append(left, url)
				if r := event.RedirectResponse; r != nil {
					problems = append(problems, header(r, "Cache-Control", "no-store")+header(r, "Referrer-Policy", "no-referrer"))
				}
			case !strings.HasPrefix(url, s.URL+"/"):
				requests = append(requests, string(kind)+" "+url)
			}
		case *network.EventResponseReceived:
			r := event.Response
			if !strings.HasPrefix(r.URL, s.URL+"/") {
				return
			}
			switch event.Type {
			case network.ResourceTypeDocument:
				pages[r.URL] = true
				problems = append(problems, header(r, "Cache-Control", "no-store")+header(r, "Referrer-Policy", "same-origin"))
			case network.ResourceTypeStylesheet:
			case network.ResourceTypeScript:
				if !strings.Contains(r.URL, "/oauth/copy.js?v=") {
					requests = append(requests, string(event.Type)+" "+r.URL)
				}
			default: // the browser's own search for an icon
				if !strings.HasSuffix(r.URL, "/favicon.ico") {
					requests = append(requests, string(event.Type)+" "+r.URL)
				}
			}
		}
	}))

	names := tour(c, s, client, func(string) {})

	mu.Lock()
	defer mu.Unlock()
	require.Empty(t, requests, "sent to others, or for what no page needs")
	require.Empty(t, strings.Join(problems, ""))
	require.Len(t, left, 3, "authorized, denied, and followed a link")
	require.Greater(t, len(pages), len(names)/2)
	for _, header := range client.seen() {
		require.Empty(t, header.Values("Referer"))
		require.Empty(t, header.Values("Cookie"))
	}
}

// header says what is wrong with a header of a response.
func header(r *network.Response, name, want string) string {
	for key, value := range r.Headers {
		if strings.EqualFold(key, name) && value == want {
			return ""
		}
	}
	return fmt.Sprintf("%s: no %s: %s\n", r.URL, name, want)
}

// A person who sees no screen, uses no mouse, sees little or holds a telephone,
// finds on every page what it is, what to fill in and what to press. (WCAG
// 2.2.)
func TestEveryPageIsAccessible(t *testing.T) {
	t.Parallel()
	c := newChromium(t, true)
	s := start(t)
	names := tour(c, s, newRecordingClient(t), func(name string) {
		for _, scheme := range []string{"light", "dark"} {
			_, err := chromedp.Call(c.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
			})
			require.NoError(t, err)
			for _, width := range []int64{1280, 320} {
				require.NoError(t, chromedp.Do(c.ctx, chromedp.EmulateViewport(width, 800)))
				problems, err := chromedp.Run(c.ctx, chromedp.Evaluate[[]string](findProblems))
				require.NoError(t, err)
				require.Empty(t, problems, "%s, %s, %d pixels wide", name, scheme, width)
			}
		}
		require.NoError(t, chromedp.Do(c.ctx, chromedp.EmulateViewport(1280, 800)))
		c.requireNames(name)
		c.requireKeyboard(name)
	})
	require.Greater(t, len(names), 20)
}

// findProblems lists what is wrong with a page: as a document, in its contrast
// (1.4.3), and in how it fits (1.4.10).
const findProblems = `(() => {
	for (const moving of document.getAnimations()) moving.finish() // colours on their way to others
	const problems = [];
	const check = (ok, text) => { if (!ok) problems.push(text); };
	check(document.documentElement.lang === "en", "lang");
	check(document.title.trim() !== "", "title");
	for (const tag of ["h1", "main"]) check(document.querySelectorAll(tag).length === 1, tag);
	check(document.documentElement.scrollWidth <= innerWidth, "wider than the window: " + document.documentElement.scrollWidth);
	let level = 0;
	for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
		const next = Number(heading.tagName[1]);
		check(next <= level + 1, "heading after h" + level + ": " + heading.outerHTML);
		level = next;
	}

	const parse = (colour) => {
		const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
		return { r, g, b, a };
	};
	const over = (top, under) => {
		const mix = (x, y) => x * top.a + y * (1 - top.a);
		return { r: mix(top.r, under.r), g: mix(top.g, under.g), b: mix(top.b, under.b), a: 1 };
	};
	const background = (element) => {
		const layers = [];
		for (let e = element; e; e = e.parentElement) layers.unshift(parse(getComputedStyle(e).backgroundColor));
		const canvas = matchMedia("(prefers-color-scheme: dark)").matches ? { r: 18, g: 18, b: 18, a: 1 } : { r: 255, g: 255, b: 255, a: 1 };
		return layers.reduce((under, top) => over(top, under), canvas);
	};
	const luminance = ({ r, g, b }) => {
		const channel = (x) => (x /= 255) <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
		return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
	};
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	let looked = 0;
	while (texts.nextNode()) {
		const element = texts.currentNode.parentElement;
		if (texts.currentNode.data.trim() === "" || !element.checkVisibility() || element.tagName === "OPTION") continue;
		const style = getComputedStyle(element), under = background(element);
		const a = luminance(over(parse(style.color), under)), b = luminance(under);
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		check(ratio >= 4.5, "contrast " + ratio.toFixed(2) + ": " + texts.currentNode.data.trim());
		looked++;
	}
	check(looked > 3, "little text");
	return problems;
})()`

// requireNames checks that the browser tells a screen reader the name of
// everything that can be used, headings and tables included (4.1.2).
func (c *chromium) requireNames(page string) {
	c.t.Helper()
	tree, err := chromedp.Call(c.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	require.NoError(c.t, err)
	used := 0
	for _, node := range tree.Nodes {
		if node.Ignored || node.Role == nil {
			continue
		}
		switch role := axText(node.Role); role {
		case "button", "link", "textbox", "combobox", "radio", "checkbox", "heading", "table", "group", "navigation", "region":
			require.NotEmpty(c.t, strings.TrimSpace(axText(node.Name)), "%s: a %s without a name", page, role)
			used++
		}
	}
	require.Greater(c.t, used, 1, page)
}

func axText(v *accessibility.Value) (text string) {
	if v != nil {
		_ = json.Unmarshal(v.Value, &text) // "" where it is none
	}
	return text
}

// requireKeyboard goes through the page with the Tab key: it reaches everything
// that can be used, and is seen wherever it is (2.1.1, 2.4.7).
func (c *chromium) requireKeyboard(page string) {
	c.t.Helper()
	want, err := chromedp.Run(c.ctx, chromedp.Evaluate[int](`(() => {
		document.activeElement.blur();
		getSelection().removeAllRanges();
		window.scrollTo(0, 0);
		const radios = new Set();
		return [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")].filter((e) => {
			if (!e.checkVisibility()) return false; // what nobody has opened
			if (e.type !== "radio") return true;
			if (radios.has(e.name)) return false; // the arrow keys go through the others
			return radios.add(e.name);
		}).length;
	})()`))
	require.NoError(c.t, err)
	reached := map[string]bool{}
	for range 3 * want { // from wherever the page begins, around the browser's own buttons
		require.NoError(c.t, chromedp.Do(c.ctx, chromedp.KeyEvent(kb.Tab)))
		at, err := chromedp.Run(c.ctx, chromedp.Evaluate[[]string](`(() => {
			const e = document.activeElement;
			if (!e.matches("a[href], button, input, select, textarea, summary")) return [];
			const style = getComputedStyle(e), box = e.getBoundingClientRect();
			const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && box.width > 0 && box.height > 0;
			return [[...document.querySelectorAll("*")].indexOf(e) + "", seen ? "" : e.outerHTML];
		})()`))
		require.NoError(c.t, err)
		if len(at) == 0 {
			continue
		}
		require.Empty(c.t, at[1], "%s: no focus to be seen", page)
		reached[at[0]] = true
		if len(reached) == want {
			return
		}
	}
	require.Len(c.t, reached, want, "%s: out of reach of the keyboard", page)
}

// tour has Alice sign in, use everything that the demo has, make every mistake
// there is, and sign out. It calls visit on each page, and returns the names of
// the pages.
func tour(c *chromium, s *server, client *recordingClient, visit func(name string)) (names []string) {
	c.t.Helper()
	look := func(name string) {
		c.t.Helper()
		names = append(names, name)
		visit(name)
	}
	c.open(s.URL + "/")
	look("login")
	c.fill("email", "nobody@example.com")
	c.fill("password", "wrong")
	c.click(`form[action^="/login"] button`)
	look("login refused")
	c.open(s.URL + "/")
	c.signIn(alice)
	look("accounts")

	c.open(s.URL + home(acme))
	look("empty lists")
	c.click(`a[href$="/oauth_applications/new"]`)
	look("add")
	require.Equal(c.t, http.StatusUnprocessableEntity, c.click(`form:has([name="callback_url"]) button`))
	look("add refused")
	app := application{Name: "Every page", Account: acme, Callback: client.URL + "/callback"}
	for field, value := range map[string]string{
		"name": app.Name, "description": "It is on every page.", "homepage_url": client.URL + "/home", "callback_url": app.Callback,
	} {
		c.fill(field, value)
	}
	c.click(`form:has([name="callback_url"]) button`)
	look("added")
	app.ClientID = c.text("#client-id")
	c.open(s.URL + home(acme))
	c.click(`a[href*="/oauth_applications/"]:not([href$="/new"]):not([href$="/receive"]):not([href*="?"])`)
	app.ID = applicationPath.FindStringSubmatch(strings.TrimPrefix(c.location(), s.URL))[1]
	look("application")
	c.click(`a.url`)
	require.Equal(c.t, client.URL+"/home", c.location())
	c.open(s.URL + app.path("edit"))
	look("edit")
	c.open(s.URL + app.path())
	c.click(`form[action$="` + app.path("secrets") + `"] button`)
	look("secret reset")
	c.click(`a[aria-label^="Revoke the secret"]`)
	look("revoke secret")

	c.open(s.authorizeURL(app, newVerifier(), "scope", "read write", "state", "secret state"))
	look("consent")
	c.press(`input[name="account_id"][value="` + acme + `"]`)
	c.click(`button[name="decision"][value="authorize"]`)
	require.True(c.t, strings.HasPrefix(c.location(), client.URL+"/callback?code="), c.location())
	c.open(s.authorizeURL(app, newVerifier()))
	look("consent once more")
	c.click(`button[name="decision"][value="deny"]`)
	require.True(c.t, strings.HasPrefix(c.location(), client.URL+"/callback?error="), c.location())

	c.open(s.URL + home(acme))
	look("lists")
	c.press(`.confirm summary`)
	c.click(`form[action*="/authorized_applications/"] button`)
	look("access revoked")
	c.open(s.URL + app.path("revoke"))
	look("revoke all")
	c.click(`form[action$="` + app.path("revoke") + `"] button`)
	look("all revoked")
	c.open(s.URL + app.path("delete"))
	look("delete")
	c.fill("confirm_name", "another")
	c.click(`form[action$="` + app.path("delete") + `"] button`)
	look("delete refused")
	c.open(s.URL + home(acme) + "/new")
	for field, value := range map[string]string{"name": "Public", "homepage_url": client.URL, "callback_url": app.Callback} {
		c.fill(field, value)
	}
	c.press(`input[name="client_type"][value="public"]`)
	c.click(`form:has([name="callback_url"]) button`)
	look("public application")
	c.open(s.authorizeURL(application{ClientID: c.text("#client-id"), Callback: app.Callback}, newVerifier()))
	look("consent to a public application")

	for name, url := range map[string]string{
		"no such application": s.URL + "/oauth/authorize?client_id=nobody",
		"bad redirect URI":    s.authorizeURL(app, newVerifier(), "redirect_uri", "https://evil.example/"),
		"not found":           s.URL + home("99"),
	} {
		require.GreaterOrEqual(c.t, c.open(url), 400, name)
		look(name)
	}
	c.open(s.URL + app.path("revoke"))
	_, err := chromedp.Run(c.ctx, chromedp.Evaluate[bool](`document.querySelector("main [name=ticket]").value = "forged", true`))
	require.NoError(c.t, err)
	require.Equal(c.t, http.StatusForbidden, c.click(`form[action$="`+app.path("revoke")+`"] button`))
	look("forged form")
	c.open(s.authorizeURL(app, newVerifier()))
	_, err = chromedp.Run(c.ctx, chromedp.Evaluate[bool](`document.querySelector("[name=ticket]").value = "forged", true`))
	require.NoError(c.t, err)
	require.Equal(c.t, http.StatusBadRequest, c.click(`button[name="decision"][value="authorize"]`))
	look("forged consent")

	c.open(s.URL + app.path("delete"))
	c.fill("confirm_name", app.Name)
	c.click(`form[action$="` + app.path("delete") + `"] button`)
	look("deleted")
	c.click(`form[action^="/logout"] button`)
	look("signed out")
	return names
}

// A recordingClient is a client on a site of its own that records what browsers
// tell it.
type recordingClient struct {
	URL     string
	mu      sync.Mutex
	headers []http.Header
}

func newRecordingClient(t *testing.T) *recordingClient {
	c := &recordingClient{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.headers = append(c.headers, r.Header)
		c.mu.Unlock()
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!DOCTYPE html><title>Client</title><link rel="icon" href="data:,"><h1>Client</h1>`)
	}))
	t.Cleanup(s.Close)
	c.URL = strings.Replace(s.URL, "127.0.0.1", "localhost", 1) // another site than the server's
	return c
}

func (c *recordingClient) seen() []http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.headers
}
