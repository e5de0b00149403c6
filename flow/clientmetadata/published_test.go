package clientmetadata_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientmetadata"
)

// Documents as published clients have them, and where those send their users:
// to whatever port they got, under either name of the device. Each client
// completes, and refreshes.
func TestPublishedDocuments(t *testing.T) {
	for name, test := range map[string]struct {
		members   document
		redirects []string
	}{
		"a program at the command line": {
			document{"client_name": "Claude Code", "redirect_uris": []string{"http://localhost/callback", "http://127.0.0.1/callback"}},
			[]string{"http://localhost:58135/callback", "http://127.0.0.1:52430/callback", "http://localhost/callback"},
		},
		"an editor": {
			document{
				"client_name": "Visual Studio Code", "client_uri": "https://code.visualstudio.com", "application_type": "native",
				"logo_uri":      "https://code.visualstudio.com/logo.png",
				"redirect_uris": []string{"http://127.0.0.1:33418/", "https://vscode.dev/redirect"},
				"grant_types":   []string{"authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"},
			},
			[]string{"http://127.0.0.1:33418/", "http://127.0.0.1:59656/", "https://vscode.dev/redirect"},
		},
		"an editor with a scheme of its own": {
			document{"redirect_uris": []string{"cursor://anysphere.cursor-mcp/oauth/callback", "http://localhost:8787/callback"}},
			[]string{"cursor://anysphere.cursor-mcp/oauth/callback", "http://localhost:8787/callback"},
		},
		"a service with a grant that is not offered": {
			document{"redirect_uris": []string{callback}, "grant_types": []string{"authorization_code", "urn:ietf:params:oauth:grant-type:jwt-bearer"}},
			[]string{callback},
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, clientmetadata.Config{}, func(cfg *flow.Config) { cfg.Applications.PrivateUseSchemes = []string{"cursor"} })
			h.serve(test.members)
			for _, redirect := range test.redirects {
				code := h.code("redirect_uri", redirect)
				granted := h.tokens(h.post("/oauth/token", url.Values{
					"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {verifier}, "client_id": {h.url},
				}))
				require.NotEmpty(t, granted.Access, "%s: %s", redirect, granted.Error)
				require.NotEmpty(t, h.tokens(h.refresh(granted.Refresh)).Access)
			}
		})
	}
}
