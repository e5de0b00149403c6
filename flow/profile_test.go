package flow_test

import (
	"fmt"
	"log"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// Redirect URIs of a private-use scheme are not for services that are held to
// MCP, also where an application has registered one.
func TestProfileMCP(t *testing.T) {
	for profile, status := range map[flow.Profile]int{"": http.StatusOK, flow.OAuth21: http.StatusOK, flow.MCP: http.StatusBadRequest} {
		h := newHost(t, func(cfg *flow.Config) { cfg.Profile = profile })
		const native, loopback = "com.example.app:/callback", "http://127.0.0.1/callback"
		app, _, err := h.Registry().Register(t.Context(), "1", oauthapp.Registration{
			Name: "Native", HomepageURL: "https://client.example", CallbackURLs: []string{native, loopback}, Type: oauthapp.Public,
		})
		require.NoError(t, err)
		for redirectURI, want := range map[string]int{native: status, loopback: http.StatusOK} {
			w := h.open(request(app, "redirect_uri", redirectURI))
			require.Equal(t, want, w.Code, "%s %s", profile, redirectURI)
		}
	}
}

// A service learns clause by clause what it lacks.
func ExampleProvider_CheckProfile() {
	provider, err := flow.New(serviceConfig())
	if err != nil {
		log.Fatal(err)
	}
	for _, finding := range provider.CheckProfile(flow.OAuth21) {
		fmt.Println(finding)
	}
	// Output: warning: RequirePKCE: Confidential clients may leave out PKCE. Require it. (draft-ietf-oauth-v2-1-16, section 7.5.1)
}
