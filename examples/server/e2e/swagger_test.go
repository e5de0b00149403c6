package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// Swagger UI logs in from a page of another origin, in Chromium, as somebody
// does who tries out an API. Its call of the token endpoint has the header
// X-Requested-With, which CORS has to let through.
func TestSwaggerUI(t *testing.T) {
	t.Parallel()
	folder := nodePackage(t, "swagger-ui", "swagger-ui-dist")
	c := newChromium(t, true)
	s := start(t)
	var clientID string
	page := swaggerUI(t, folder, s.URL, &clientID)
	app := signIn(t, s, alice).register(alice.account, "Swagger UI", "public", page.URL+"/oauth2-redirect.html")
	clientID = app.ClientID

	c.open(page.URL)
	c.appear("button.authorize")
	c.press("button.authorize")
	c.appear(".modal-ux button.authorize")
	// By key, as the dialog is higher than the window.
	require.NoError(t, chromedp.Do(c.ctx, chromedp.SendKeys(chromedp.CSS(".modal-ux button.authorize"), kb.Enter)))
	p := c.opened()
	p.fill("email", alice.email)
	p.fill("password", alice.password)
	p.click(`form[action^="/login"] button`)
	p.press(`button[name="decision"][value="authorize"]`)
	c.appear(".modal-ux .auth-container .errors, .modal-ux button[aria-label='Remove authorization']")
	require.False(t, c.has(".modal-ux .errors"), c.text(".modal-ux"))
}

// appear waits for an element.
func (c *chromium) appear(selector string) {
	c.t.Helper()
	_, err := chromedp.Run(c.ctx, chromedp.WaitVisible(chromedp.CSS(selector)))
	require.NoError(c.t, err, selector)
}

// swaggerUI serves Swagger UI on an origin of its own, with the description of
// an API that the demo server guards.
func swaggerUI(t *testing.T, folder, issuer string, clientID *string) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServer(http.Dir(filepath.Join(folder, "node_modules", "swagger-ui-dist"))))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(folder, "page.html"))
	})
	mux.HandleFunc("GET /config.json", func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": issuer, "client_id": *clientID}) // the page says so if it got none
	})
	page := httptest.NewServer(mux)
	t.Cleanup(page.Close)
	return page
}
