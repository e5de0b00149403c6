package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// A browser may look ahead at the link that signs in, whether or not the user
// follows it. Nobody is signed in by that, and the click has its own answer.
func TestLookingAheadSignsNobodyIn(t *testing.T) {
	t.Parallel()
	c := newChromium(t, true)
	s := start(t)
	b := signIn(t, s, alice)
	arrived := make(chan url.Values, 10)
	client := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		switch r.URL.Path {
		case "/callback":
			arrived <- r.URL.Query()
			fmt.Fprint(w, "<!DOCTYPE html><title>Client</title><h1>Back at the client</h1>")
		case "/":
			fmt.Fprintf(w, `<!DOCTYPE html><title>Client</title><h1>Sign in</h1><a id="go" href="%[2]s">Sign in</a>
				<script type="speculationrules">{"%[1]s":[{"urls":["%[2]s"],"eagerness":"immediate"}]}</script>`,
				r.URL.Query().Get("how"), r.URL.Query().Get("to"))
		}
	}))
	defer client.Close()
	app := b.register(alice.account, "Ahead", "confidential", client.URL+"/callback")
	visit := func(state string) string {
		return s.authorizeURL(app, newVerifier(), "account_id", alice.account, "state", state)
	}
	c.open(visit("first"))
	c.signIn(alice)
	c.click(`button[name="decision"][value="authorize"]`)
	require.Equal(t, "first", (<-arrived).Get("state"))

	for _, how := range []string{"prefetch", "prerender"} {
		c.open(client.URL + "/?how=" + how + "&to=" + url.QueryEscape(visit(how)))
		_, err := chromedp.Run(c.ctx, chromedp.Sleep(2*time.Second))
		require.NoError(t, err)
		require.Empty(t, arrived, how)
		require.Equal(t, http.StatusOK, c.click("#go"), how)
		require.Equal(t, "Back at the client", c.text("h1"), how)
		require.Equal(t, how, (<-arrived).Get("state"))
		require.Empty(t, arrived, how)
	}
}
