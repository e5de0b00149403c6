package e2e

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// axe-core finds nothing on any page in any state, in light and dark, on a desk
// and on a phone, from left to right and from right to left.
func TestAxe(t *testing.T) {
	t.Parallel()
	const script = "clients/axe/node_modules/axe-core/axe.min.js"
	axe, err := os.ReadFile(script)
	if err != nil {
		missing(t, "The npm package axe-core", "run npm ci in examples/server/e2e/clients/axe")
	}
	s := start(t)
	index := newBrowser(t, s).get("/oauth/gallery")
	pages := regexp.MustCompile(`/oauth/gallery/[a-z_]+/[0-9]+`).FindAllString(index.Body, -1)
	require.Greater(t, len(pages), 25)
	for _, look := range []struct {
		scheme, locale string
		width          int64
		first, step    int // of the pages: the last two looks have half of them each
	}{{"light", "en", 1280, 0, 1}, {"dark", "ar", 390, 0, 1}, {"light", "de", 390, 0, 2}, {"dark", "ja", 1280, 1, 2}} {
		t.Run(fmt.Sprintf("%s %s %d", look.scheme, look.locale, look.width), func(t *testing.T) {
			c := newChromium(t, true)
			_, err := chromedp.Call(c.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}},
			})
			require.NoError(t, err)
			_, err = chromedp.Call(c.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: look.width, Height: 900, DeviceScaleFactor: 1})
			require.NoError(t, err)
			for i := look.first; i < len(pages); i += look.step {
				page := pages[i]
				c.open(s.URL + page + "?ui_locales=" + look.locale)
				_, err := chromedp.Run(c.ctx, chromedp.Evaluate[bool](string(axe)+"; true"))
				require.NoError(t, err)
				found, err := chromedp.Run(c.ctx, chromedp.Evaluate[[]string](`axe.run().then(result => result.violations.flatMap(v => v.nodes.map(n => v.id + ": " + n.html)))`, chromedp.EvalAwaitPromise))
				require.NoError(t, err)
				require.Empty(t, found, page)
			}
		})
	}
}
