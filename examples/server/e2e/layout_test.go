package e2e

import (
	"regexp"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// In every language nothing reaches beyond the screen, or out of the card that
// it is in, on phones, on a tablet and where tables have just enough room. What
// scrolls within itself may be as wide as it likes.
func TestNothingOverflows(t *testing.T) {
	t.Parallel()
	s := start(t)
	index := newBrowser(t, s).get("/oauth/gallery")
	pages := regexp.MustCompile(`/oauth/gallery/[a-z_]+/[0-9]+`).FindAllString(index.Body, -1)
	require.Greater(t, len(pages), 25)
	const tooWide = `(() => {
		const found = document.documentElement.scrollWidth > innerWidth ? ["the page: " + document.documentElement.scrollWidth] : []
		const seen = e => e.getClientRects().length > 0 && e.checkVisibility({contentVisibilityAuto: true}) && !e.closest(".hidden, thead, .copy")
		for (const card of document.querySelectorAll(".card, .notice, .page-head")) {
			const around = card.getBoundingClientRect()
			for (const e of card.querySelectorAll("*")) {
				const at = e.getBoundingClientRect()
				if (seen(e) && (at.left < around.left - 1 || at.right > around.right + 1)) found.push(e.outerHTML.slice(0, 200))
			}
		}
		return found
	})()`
	c := newChromium(t, true)
	for _, language := range []string{"en", "de", "fr", "es", "pt", "ja", "ar"} {
		for _, page := range pages {
			c.open(s.URL + page + "?ui_locales=" + language)
			_, err := chromedp.Run(c.ctx, chromedp.Evaluate[bool](`document.querySelectorAll("details").forEach(e => e.open = true), true`))
			require.NoError(t, err)
			for _, width := range []int64{320, 390, 720, 987} {
				_, err := chromedp.Call(c.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1})
				require.NoError(t, err)
				found, err := chromedp.Run(c.ctx, chromedp.Evaluate[[]string](tooWide))
				require.NoError(t, err)
				assert.Empty(t, found, "%s in %s at %d", page, language, width)
			}
		}
	}
}
