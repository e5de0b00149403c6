package flow

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A grant of a capability that begins a session of a user cannot be had for an
// API that the user was not asked for.
func TestResourcesOfGrantsWithoutASession(t *testing.T) {
	const own, other = "https://id.example", "https://id.example/mcp"
	for _, c := range []struct {
		asked []string
		given map[string]bool // by what the token request names
	}{
		{nil, map[string]bool{"": true, own: true, other: false}},
		{[]string{own}, map[string]bool{"": true, own: true, other: false}},
		{[]string{other}, map[string]bool{"": false, own: false, other: true}},
		{[]string{own, other + "/"}, map[string]bool{"": true, own: true, other: true}},
	} {
		v := &voucher{name: "voucher", resources: c.asked}
		p, err := New(Config{
			Issuer: own, Store: memory.New(), Extensions: []Extension{v}, Resources: []Resource{{Identifier: other}},
			CurrentUser: func(*http.Request) (*User, error) { return nil, nil },
			LoginURL:    func(string) string { return "/login" },
			Scopes:      []Scope{{Name: "read", Description: "Read", Default: true}},
		})
		require.NoError(t, err)
		app, secret, err := p.registry.Register(t.Context(), "owner", oauthapp.Registration{
			Name: "Client", HomepageURL: "https://client.example", CallbackURLs: []string{"https://client.example/cb"},
		})
		require.NoError(t, err)
		for resource, given := range c.given {
			form := url.Values{"grant_type": {"urn:example:voucher"}, "voucher": {"good"}, "resource": {resource}}
			r := httptest.NewRequest(http.MethodPost, "https://id.example/oauth/token", strings.NewReader(form.Encode()))
			r.Header.Set("Content-Type", wire.FormType)
			r.SetBasicAuth(app.ClientID, secret.Reveal())
			w := httptest.NewRecorder()
			p.ServeHTTP(w, r)
			if given {
				require.Equal(t, http.StatusOK, w.Code, "%q of %q", resource, c.asked)
				continue
			}
			require.Equal(t, http.StatusBadRequest, w.Code, "%q of %q", resource, c.asked)
			require.Contains(t, w.Body.String(), InvalidTarget)
		}
	}
}
