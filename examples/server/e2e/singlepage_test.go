package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// oidc-client-ts signs in, refreshes and revokes from a page in Chromium: a
// public client whose scripts read the metadata and call the token and
// revocation endpoints from another origin, so that CORS has to let them.
func TestOIDCClientTS(t *testing.T) {
	t.Parallel()
	folder := nodePackage(t, "node", "oidc-client-ts")
	c := newChromium(t, true)
	s := start(t)
	config := map[string]string{"issuer": s.URL}
	page := singlePage(t, folder, config)
	app := signIn(t, s, alice).register(alice.account, "oidc-client-ts", "public", page.URL+"/callback")
	config["client_id"] = app.ClientID

	c.open(page.URL)
	c.wait("ready")
	c.click("#sign-in")
	c.signIn(alice)
	c.click(`button[name="decision"][value="authorize"]`)
	user := c.wait("signed-in")
	require.Equal(t, "read write", user.Scope)
	require.Equal(t, http.StatusOK, s.whoami(t, user.AccessToken).Status)

	c.press("#refresh")
	refreshed := c.wait("refreshed")
	require.NotEqual(t, user.AccessToken, refreshed.AccessToken)
	require.NotEqual(t, user.RefreshToken, refreshed.RefreshToken)
	require.Equal(t, http.StatusOK, s.whoami(t, refreshed.AccessToken).Status)

	c.press("#revoke")
	c.wait("revoked")
	require.Equal(t, http.StatusUnauthorized, s.whoami(t, refreshed.AccessToken).Status)
}

// singlePage serves the single-page application of a client on an origin of its
// own. The configuration is read when the page asks for it.
func singlePage(t *testing.T, folder string, config map[string]string) *httptest.Server {
	t.Helper()
	app := filepath.Join(folder, "oidc-client-ts")
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServer(http.Dir(app)))
	for _, path := range []string{"/callback", "/popup"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFile(w, r, filepath.Join(app, "index.html"))
		})
	}
	mux.HandleFunc("GET /oidc-client-ts.min.js", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(folder, "node_modules", "oidc-client-ts", "dist", "browser", "oidc-client-ts.min.js"))
	})
	mux.HandleFunc("GET /config.json", func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(config) // the page says so if it got none
	})
	page := httptest.NewServer(mux)
	t.Cleanup(page.Close)
	return page
}

// pageUser is what the single-page application knows of its user.
type pageUser struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	Scope        string
}

// wait waits for a step of the single-page application, and for the user it
// ends with, if any.
func (c *chromium) wait(step string) (user pageUser) {
	c.t.Helper()
	_, err := chromedp.Run(c.ctx, chromedp.WaitReady(chromedp.CSS("#"+step+", #error")))
	require.NoError(c.t, err, step)
	require.True(c.t, c.has("#"+step), "%s: %s", step, c.text("body"))
	require.NoError(c.t, json.Unmarshal([]byte(c.text("#"+step)), &user))
	return user
}
