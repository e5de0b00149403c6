package e2e

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Another account's application, secret and grant answer each path and method
// as one answers that does not exist: with the same status, headers and bytes.
func TestAccountsAreIsolated(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := signIn(t, s, alice)
	app := a.register(alice.account, "Private", "confidential", "https://app.example.com/callback")
	app.ClientSecret = a.get(app.path()).form(app.path("secrets")).set("overlap", "168h").submit().byID("client-secret")
	tokens := s.tokens(t, a, app, alice.account)
	secret := strings.Split(secretPaths(a, app)[0], "/")[6]
	grant := strings.Split(grantForm(a, alice.account, app).action.Path, "/")[4]

	c := signIn(t, s, carol)
	own := c.register(carol.account, "Carol's own", "confidential", "https://app.example.com/callback")
	fields := c.get(own.path("edit")).form(own.path()).fields // with a ticket that is good
	fields.Set("name", "Taken over")
	fields.Set("confirm_name", app.Name)

	const absent = "01890a5d-ac96-774b-bcce-b302099a8057"
	u, err := url.Parse(s.URL)
	require.NoError(t, err)
	ask := func(method, path string) answer {
		got := s.request(t, method, path, fields.Encode(), func(r *http.Request) {
			if method == http.MethodPost {
				r.Header.Set("Content-Type", formType)
			}
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			for _, cookie := range c.client.Jar.Cookies(u) {
				r.AddCookie(cookie)
			}
		})
		got.Header.Del("Date")
		got.Body = times.ReplaceAllString(got.Body, "")
		return got
	}
	compared := 0
	for _, account := range []string{alice.account, carol.account} { // theirs, and hers in which it is not
		for _, below := range []string{
			"/oauth_applications/{app}", "/oauth_applications/{app}/edit", "/oauth_applications/{app}/secrets",
			"/oauth_applications/{app}/secrets/{secret}/revoke", "/oauth_applications/{app}/revoke", "/oauth_applications/{app}/delete",
			"/authorized_applications/{grant}/revoke", "/oauth_applications", "/oauth_applications/new",
		} {
			if account == carol.account && !strings.Contains(below, "{") {
				continue // her own
			}
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions} {
				real := strings.NewReplacer("{app}", app.ID, "{secret}", secret, "{grant}", grant).Replace(below)
				none := strings.NewReplacer("{app}", absent, "{secret}", absent, "{grant}", absent).Replace(below)
				noAccount := account
				if account == alice.account {
					noAccount = "99"
				}
				theirs, nobodys := ask(method, "/accounts/"+account+real), ask(method, "/accounts/"+noAccount+none)
				require.Contains(t, []int{http.StatusNotFound, http.StatusMethodNotAllowed}, theirs.Status, "%s %s", method, real)
				require.Equal(t, nobodys, theirs, "%s %s", method, real)
				compared++
			}
		}
	}
	require.Equal(t, 7*(9+7), compared)
	// Carol's own application does not open another's secret.
	require.Equal(t, http.StatusNotFound, ask(http.MethodPost, own.path("secrets", secret, "revoke")).Status)

	require.Equal(t, http.StatusOK, s.whoami(t, tokens.str("access_token")).Status)
	require.Equal(t, http.StatusOK, s.refresh(t, app, tokens.str("refresh_token")).Status)
	require.Contains(t, a.get(app.path()).text(), app.Name)
}

// times are the times that a page shows.
var times = regexp.MustCompile(`<time [^>]*>[^<]*</time>`)
