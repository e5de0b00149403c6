package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// signInTo signs Alice in, in Chromium.
func (c *chromium) signInTo(s *server) {
	c.t.Helper()
	c.open(s.URL + "/login")
	c.signIn(alice)
}

// signIn fills in the login page that is shown, and tells the status of the
// page behind it.
func (c *chromium) signIn(who person) int {
	c.t.Helper()
	c.fill("email", who.email)
	c.fill("password", who.password)
	return c.click(`form[action^="/login"] button`)
}

// place is the middle of an element, which it scrolls to.
func (c *chromium) place(selector string) (x, y float64) {
	c.t.Helper()
	at, err := chromedp.Run(c.ctx, chromedp.Evaluate[[]float64](fmt.Sprintf(
		`(e => { e.scrollIntoView({block: "center"}); let r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] })(document.querySelector(%q))`, selector)))
	require.NoError(c.t, err)
	return at[0], at[1]
}

const authorizeButton = `button[name="decision"][value="authorize"]`

// A page in front that closes at the first click of two hands the second one to
// the consent page behind it. That click presses nothing; one that comes once
// the pointer has rested on the page does, as do keys at once.
func TestDoubleClickJacking(t *testing.T) {
	t.Parallel()
	c := newChromium(t, true)
	s := start(t)
	b := signIn(t, s, alice)
	c.signInTo(s)
	attacker := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		switch r.URL.Path {
		case "/callback":
			fmt.Fprint(w, "<!DOCTYPE html><h1>Granted</h1>")
		case "/front":
			fmt.Fprintf(w, `<!DOCTYPE html><main>Double click here</main><script>opener.location = %q; onmousedown = () => close()</script>`, r.URL.Query().Get("to"))
		default:
			fmt.Fprintf(w, `<!DOCTYPE html><button id="open">A prize</button><script>document.querySelector("#open").onclick = () => open("/front" + location.search, "_blank", "width=800,height=800")</script>`)
		}
	}))
	defer attacker.Close()
	app := b.register(alice.account, "A prize", "public", attacker.URL+"/callback")

	for _, reducedMotion := range []string{"no-preference", "reduce"} {
		_, err := chromedp.Call(c.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: reducedMotion}},
		})
		require.NoError(t, err)
		c.open(attacker.URL + "/?to=" + url.QueryEscape(s.authorizeURL(app, newVerifier())))
		front := c.popUp("#open")
		_, err = chromedp.Run(c.ctx, chromedp.WaitReady(chromedp.CSS(authorizeButton)))
		require.NoError(t, err)
		x, y := c.place(authorizeButton)
		// A window that opens under the pointer has taken it from the one
		// behind: the desktop tells the browser so, here the test does.
		c.mouse(input.DispatchMouseEventTypeMouseMoved, -1, -1)
		time.Sleep(2 * time.Second) // the page behind has been there for long
		go func() {                 // no answer comes from a page that closes
			_, _ = chromedp.Call(front.ctx, input.DispatchMouseEvent, input.DispatchMouseEventParams{
				Type: input.DispatchMouseEventTypeMousePressed, X: x, Y: y, Button: input.MouseButtonLeft, ClickCount: 1,
			})
		}()
		time.Sleep(200 * time.Millisecond)
		c.mouse(input.DispatchMouseEventTypeMouseMoved, x, y)
		for range 2 {
			c.mouse(input.DispatchMouseEventTypeMousePressed, x, y)
			c.mouse(input.DispatchMouseEventTypeMouseReleased, x, y)
			time.Sleep(100 * time.Millisecond)
		}
		require.True(t, c.has(authorizeButton), c.location())
		require.True(t, strings.HasPrefix(c.location(), s.URL+"/oauth/authorize?"), c.location())

		time.Sleep(1500 * time.Millisecond)
		c.mouse(input.DispatchMouseEventTypeMousePressed, x, y)
		c.mouse(input.DispatchMouseEventTypeMouseReleased, x, y)
		require.Eventually(t, func() bool { return strings.HasPrefix(c.location(), attacker.URL+"/callback?") }, patience, 50*time.Millisecond)
	}

	c.open(s.authorizeURL(app, newVerifier()))
	require.NoError(t, chromedp.Do(c.ctx, chromedp.SendKeys(chromedp.CSS(authorizeButton), "\r")))
	require.Eventually(t, func() bool { return strings.HasPrefix(c.location(), attacker.URL+"/callback?") }, patience, 50*time.Millisecond)
}

// However long an application makes its texts, what it asks for is on the first
// screen.
func TestPermissionsStayInSight(t *testing.T) {
	t.Parallel()
	c := newChromium(t, true)
	s := start(t)
	b := signIn(t, s, alice)
	c.signInTo(s)
	host := "https://" + strings.Repeat(strings.Repeat("w", 60)+".", 4) + "example"
	app := b.register(alice.account, strings.TrimSpace(strings.Repeat("Trustworthy ", 8)), "confidential", "https://client.example/cb")
	edit := b.get(app.path("edit")).form(app.path())
	edit.set("homepage_url", host+"/"+strings.Repeat("all-is-well-", 140))
	edit.set("description", strings.Repeat("All is well.\n\n", 60))
	require.Equal(t, http.StatusOK, edit.submit().Status)

	for _, screen := range []struct{ width, height int64 }{{1280, 800}, {390, 844}} {
		_, err := chromedp.Call(c.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: screen.width, Height: screen.height, DeviceScaleFactor: 1,
		})
		require.NoError(t, err)
		c.open(s.authorizeURL(app, newVerifier(), "scope", "read write"))
		if folder := os.Getenv("OAUTHAPPS_TEST_SCREENSHOTS"); folder != "" {
			image, err := chromedp.Run(c.ctx, chromedp.CaptureScreenshot())
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("consent-%d.png", screen.width)), image, 0o644))
		}
		bottom, err := chromedp.Run(c.ctx, chromedp.Evaluate[float64](`document.querySelector(".scopes").getBoundingClientRect().bottom`))
		require.NoError(t, err)
		require.Less(t, bottom, float64(screen.height), "%d px wide", screen.width)
	}
}
