package registration_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/registration"
)

// What published clients of the Model Context Protocol send to register
// themselves, and then send their users with. Each completes, and refreshes.
func TestPublishedClients(t *testing.T) {
	for name, test := range map[string]struct {
		body     string
		redirect string // at run time
		scope    string // of the authorization request
	}{
		"an editor, listening on a port of its own": {`{
			"client_name": "Visual Studio Code", "client_uri": "https://code.visualstudio.com",
			"grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"], "response_types": ["code"],
			"redirect_uris": ["https://insiders.vscode.dev/redirect", "https://vscode.dev/redirect", "http://127.0.0.1/", "http://127.0.0.1:33418/"],
			"scope": "read offline_access", "token_endpoint_auth_method": "none", "application_type": "native"
		}`, "http://127.0.0.1:59656/", "read"},
		"the same, by its website": {`{
			"client_name": "Visual Studio Code", "redirect_uris": ["https://insiders.vscode.dev/redirect", "https://vscode.dev/redirect", "http://127.0.0.1/"],
			"token_endpoint_auth_method": "none", "application_type": "native"
		}`, "https://vscode.dev/redirect", "read"},
		"an editor with a scheme of its own": {`{
			"client_name": "Cursor", "redirect_uris": ["cursor://anysphere.cursor-mcp/oauth/callback"], "application_type": "web",
			"token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"]
		}`, "cursor://anysphere.cursor-mcp/oauth/callback", "read"},
		"the same, beside others": {`{
			"client_name": "Cursor", "token_endpoint_auth_method": "none",
			"redirect_uris": ["cursor://anysphere.cursor-mcp/oauth/callback", "https://www.cursor.com/agents/mcp/oauth/callback", "http://localhost:8787/callback"]
		}`, "http://localhost:8787/callback", "read"},
		"a program at the command line, without scope": {`{
			"client_name": "Claude Code", "redirect_uris": ["http://localhost:58135/callback"], "grant_types": ["authorization_code", "refresh_token"],
			"response_types": ["code"], "token_endpoint_auth_method": "none"
		}`, "http://localhost:58136/callback", "read write"},
		"a service with a grant that is not offered": {`{
			"client_name": "Claude", "redirect_uris": ["https://claude.ai/api/mcp/auth_callback"],
			"grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer"],
			"response_types": ["code"], "token_endpoint_auth_method": "client_secret_post", "scope": "groups profile offline_access"
		}`, "https://claude.ai/api/mcp/auth_callback", "read"},
		"a service that names no refresh tokens, and the API": {`{
			"client_name": "ChatGPT", "redirect_uris": ["https://chatgpt.com/connector_platform_oauth_redirect"],
			"grant_types": ["authorization_code"], "response_types": ["code"], "resource": "https://id.example", "token_endpoint_auth_method": "client_secret_basic"
		}`, "https://chatgpt.com/connector_platform_oauth_redirect", "read"},
		"an application of a device": {`{
			"client_name": "App", "redirect_uris": ["com.example.app:/oauth/callback"], "token_endpoint_auth_method": "none", "contacts": [], "jwks": null
		}`, "com.example.app:/oauth/callback", "read"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, registration.Config{Open: true}, func(cfg *flow.Config) {
				cfg.Applications.PrivateUseSchemes = []string{"cursor"}
			})
			client := h.send(http.MethodPost, registration.Path, "", test.body)
			require.Equal(t, http.StatusCreated, client.Code, client.Body.String())
			for _, grant := range client.body["grant_types"].([]any) {
				require.Contains(t, []string{"authorization_code", "refresh_token"}, grant, "what is answered is what there is")
			}
			sum := sha256.Sum256([]byte(verifier))
			location := h.yes(h.ask(url.Values{
				"client_id": {client.text("client_id")}, "response_type": {"code"}, "redirect_uri": {test.redirect}, "scope": {test.scope},
				"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}, "resource": {"https://id.example/"},
			}))
			code := location.Query().Get("code")
			location.RawQuery = ""
			require.Equal(t, test.redirect, location.String())

			granted := h.grant(client, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {test.redirect}, "code_verifier": {verifier}})
			require.Equal(t, test.scope, granted.Scope)
			granted = h.grant(client, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {granted.Refresh}})
			require.True(t, h.accepts(granted.Access))
		})
	}
}

type granted struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Scope   string
}

// grant sends a token request of a client, with its secret where it has one.
func (h *host) grant(client answer, form url.Values) (g granted) {
	h.t.Helper()
	form.Set("client_id", client.text("client_id"))
	if secret := client.text("client_secret"); secret != "" {
		form.Set("client_secret", secret)
	}
	w := h.post("/oauth/token", form)
	require.Equal(h.t, http.StatusOK, w.Code, w.Body.String())
	require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &g))
	return g
}
