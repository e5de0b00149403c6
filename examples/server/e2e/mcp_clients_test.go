package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"
)

// The published client package of the Model Context Protocol knows the URL of
// the demo's MCP server alone, and calls its tool: by its metadata document,
// having registered itself or beforehand, and as itself, with a secret or a
// key.
func TestMCPClientPackage(t *testing.T) {
	const redirect = "http://127.0.0.1:49321/callback"
	origin := newDocumentServer(t)
	documentURL := origin.URL + "/oauth/client.json"
	origin.serve("/oauth/client.json", map[string]any{
		"client_id": documentURL, "client_name": "Stranger", "redirect_uris": []string{redirect},
		"grant_types": []string{"authorization_code", "refresh_token"}, "token_endpoint_auth_method": "none",
	})

	dir := nodePackage(t, "mcp-clients", "@modelcontextprotocol/client")
	s := start(t, "-metadata-ca", origin.roots)
	b := signIn(t, s, alice)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	private, public := webKey(t, key, "ES256")
	for _, way := range []string{"document", "registration", "registered", "secret", "key"} {
		t.Run(way, func(t *testing.T) {
			app := application{Callback: redirect}
			more := map[string]string{"way": way, "api": s.URL + "/mcp"}
			switch way {
			case "document":
				more["metadata_url"] = documentURL
			case "registered":
				app = b.register(alice.account, "Known", "public", redirect)
			case "secret", "key":
				app = b.register(alice.account, "Itself by "+way, "confidential", redirect)
				path := home(alice.account) + "/" + app.ID
				form := b.get(path+"/edit").form(path).set("application_scopes", "read")
				if way == "key" {
					form.set("jwks", public)
					more["key"], more["algorithm"] = private, `{"name":"ECDSA","namedCurve":"P-256"}`
				}
				require.Less(t, form.submit().Status, 300)
			}
			node := newNode(t, dir, "client.mjs")
			node.start(s, app, more)
			itself := way == "secret" || way == "key"
			if !itself {
				authorize := node.question()
				require.Equal(t, s.URL+"/mcp", query(t, authorize).Get("resource"))
				node.write(b.authorize(authorize, alice.account).String())
			}
			var result struct {
				Steps struct {
					WhoAmI, Refreshed string
					Rotated           bool
				}
			}
			node.read(&result)
			node.wait()
			if itself {
				require.Equal(t, "the application "+app.ClientID+" itself", result.Steps.WhoAmI)
				return
			}
			require.Equal(t, "alice@example.com in the account Alice", result.Steps.WhoAmI)
			require.Equal(t, result.Steps.WhoAmI, result.Steps.Refreshed)
			require.True(t, result.Steps.Rotated)
		})
	}
}
