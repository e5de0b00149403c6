package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// A page with credentials has a button that copies each, under the policy that
// it is sent with; without scripts it is complete.
func TestCopyButtons(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(acme, "Copied", "confidential", callback)

	c := newChromium(t, true)
	c.signInTo(s)
	c.open(s.URL + app.path())
	c.must(`#client-id + button`)
	copied, err := chromedp.Run(c.ctx, chromedp.Evaluate[string](`(() => {
		navigator.clipboard.writeText = async text => { window.copied = text };
		document.querySelector("#client-id + button").click();
		return window.copied;
	})()`))
	require.NoError(t, err)
	require.Equal(t, app.ClientID, copied)
	c.must(`button[aria-describedby="client-id"]`)
	require.Equal(t, "Copied", c.text(`#client-id + button`))
	require.Equal(t, 200, c.open(s.URL+home(acme)))
	require.False(t, c.has("script"), "a page without credentials has no script")
}
