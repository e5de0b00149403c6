package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// TestLooks finds what can be seen and not read in the HTML.
func TestLooks(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := newChromium(t, true)
	for name, look := range map[string]struct{ page, wrong string }{
		"what it cannot do looks like what it can": {
			"consent/2", `[...document.querySelectorAll(".cannot li")].filter(e => !getComputedStyle(e, "::before").content.startsWith('"×"'))`,
		},
		"the ring around the link that has the focus is cut off": {
			"consent/2", `[...document.querySelectorAll("main a")].filter(e => {
				for (; e = e.parentElement, e && e.localName !== "main";) if (getComputedStyle(e).overflow !== "visible") return true
			})`,
		},
		"the code of a device is broken in two": {
			"device/4", `[...document.querySelectorAll(".problem")].filter(e => {
				const range = document.createRange(), text = e.firstChild, at = text.data.indexOf("WDJB")
				range.setStart(text, at)
				range.setEnd(text, at + 10)
				e.style.width = "10em"
				return range.getClientRects().length > 1
			})`,
		},
		"buttons are wider than a small phone": {
			"consent/2?ui_locales=de", `[...document.querySelectorAll("main *")].filter(e => e.scrollWidth > e.clientWidth && getComputedStyle(e).display !== "inline")`,
		},
	} {
		require.NoError(t, chromedp.Do(c.ctx, chromedp.EmulateViewport(320, 800)))
		c.open(s.URL + "/oauth/gallery/" + look.page)
		found, err := chromedp.Run(c.ctx, chromedp.Evaluate[[]string](look.wrong+`.map(e => e.outerHTML)`))
		require.NoError(t, err, name)
		require.Empty(t, found, name)
	}
}
