package main

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// A browser is a tab of Chromium in which somebody is signed in. A step that
// fails or hangs ends the test.
type browser struct {
	t    *testing.T
	ctx  context.Context
	host *host
}

// newBrowser starts a browser in which nobody is signed in. It finds every
// host below "example" at this machine, and takes its certificate.
func newBrowser(t *testing.T, h *host) *browser {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	if path == "" {
		missing(t, "Chromium", "install Debian's package chromium, or put google-chrome into PATH")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // tests often run as root, where the sandbox does not
		chromedp.DisableGPU,
		chromedp.Flag("host-resolver-rules", "MAP *.example 127.0.0.1"),
		chromedp.Flag("ignore-certificate-errors", true),
	)...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return &browser{t, ctx, h}
}

// as returns a browser in which somebody has signed in.
func as(t *testing.T, h *host, email string) *browser {
	t.Helper()
	b := newBrowser(t, h)
	b.open("/login")
	b.signIn(email)
	require.Equal(t, h.URL+"/", b.location())
	return b
}

// signIn fills in the page that asks for it.
func (b *browser) signIn(email string) {
	b.t.Helper()
	b.fill("email", email)
	b.fill("password", b.host.passwords[email])
	b.click(`form[action="/login"] button`)
}

// open opens a path of the host, or a URL, and returns the status.
func (b *browser) open(url string) int {
	b.t.Helper()
	if strings.HasPrefix(url, "/") {
		url = b.host.URL + url
	}
	resp, err := chromedp.RunResponse(b.ctx, chromedp.Navigate(url))
	require.NoError(b.t, err, url)
	return int(resp.Status)
}

// click clicks what leads to another page, and returns its status.
func (b *browser) click(selector string) int {
	b.t.Helper()
	b.must(selector)
	resp, err := chromedp.RunResponse(b.ctx, chromedp.Click(chromedp.CSS(selector)))
	require.NoError(b.t, err, selector)
	return int(resp.Status)
}

// press clicks what stays on the page.
func (b *browser) press(selector string) {
	b.t.Helper()
	b.must(selector)
	require.NoError(b.t, chromedp.Do(b.ctx, chromedp.Click(chromedp.CSS(selector))), selector)
}

// authorize answers the consent page with yes. Its buttons take no click before
// the pointer has rested on the page.
func (b *browser) authorize() {
	b.t.Helper()
	const button = `button[name="decision"][value="authorize"]`
	b.must(button)
	_, err := chromedp.Call(b.ctx, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseMoved, X: 5, Y: 5})
	require.NoError(b.t, err)
	require.Eventually(b.t, func() bool {
		cover, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`getComputedStyle(document.querySelector(".decision"), "::after").visibility`))
		return err == nil && cover == "hidden"
	}, patience, 50*time.Millisecond)
	b.click(button)
}

// fill types into a field.
func (b *browser) fill(name, text string) {
	b.t.Helper()
	selector := `[name="` + name + `"]`
	b.must(selector)
	require.NoError(b.t, chromedp.Do(b.ctx, chromedp.SendKeys(chromedp.CSS(selector), text)), selector)
}

// text is what an element shows, with runs of white space as one space.
func (b *browser) text(selector string) string {
	b.t.Helper()
	b.must(selector)
	text, err := chromedp.Run(b.ctx, chromedp.TextContent(chromedp.CSS(selector)))
	require.NoError(b.t, err, selector)
	return strings.Join(strings.Fields(text), " ")
}

func (b *browser) location() string {
	b.t.Helper()
	location, err := chromedp.Run(b.ctx, chromedp.Location())
	require.NoError(b.t, err)
	return location
}

// has reports whether the page has an element now.
func (b *browser) has(selector string) bool {
	b.t.Helper()
	nodes, err := chromedp.Run(b.ctx, chromedp.Nodes(chromedp.CSSAll(selector), chromedp.AtLeast(0)))
	require.NoError(b.t, err, selector)
	return len(nodes) > 0
}

// must ends the test at once, with the page, if an element is not there.
func (b *browser) must(selector string) {
	b.t.Helper()
	if !b.has(selector) {
		page, _ := chromedp.Run(b.ctx, chromedp.OuterHTML(chromedp.CSS("html")))
		b.t.Fatalf("%s: no %s on the page:\n%s", b.location(), selector, page)
	}
}
