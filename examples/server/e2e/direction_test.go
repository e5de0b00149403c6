package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// From right to left, a short heading of the consent page does not scroll, and
// URLs in tables begin at the side where the names above them begin.
func TestRightToLeft(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := newChromium(t, true)
	for page, wrong := range map[string]string{
		"consent/2": `[...document.querySelectorAll(".consent-head h1")].filter(e => e.scrollHeight > e.clientHeight)`,
		"applications/3": `[...document.querySelectorAll("tbody th .url")].filter(e => {
			const text = document.createRange()
			text.selectNodeContents(e)
			return Math.abs(text.getBoundingClientRect().right - e.parentElement.getBoundingClientRect().right) > 1
		})`,
	} {
		c.open(s.URL + "/oauth/gallery/" + page + "?ui_locales=ar")
		found, err := chromedp.Run(c.ctx, chromedp.Evaluate[[]string](`document.dir !== "rtl" ? ["not rtl"] : `+wrong+`.map(e => e.outerHTML)`))
		require.NoError(t, err)
		require.Empty(t, found, page)
	}
}
