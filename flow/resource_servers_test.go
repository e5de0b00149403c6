package flow_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// withServerOf registers an application that is a resource server of one of the
// APIs, and returns its credentials. It comes after withResources.
func withServerOf(t *testing.T, resource string, credentials *url.Values) func(*flow.Config) {
	return func(cfg *flow.Config) {
		registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: cfg.Store})
		require.NoError(t, err)
		app, secret, err := registry.Register(context.Background(), "operator", oauthapp.Registration{
			Name: "Server", HomepageURL: "https://api.example", CallbackURLs: []string{"https://api.example/callback"},
		})
		require.NoError(t, err)
		*credentials = credentialsOf(app, secret.Reveal())
		for i := range cfg.Resources {
			if cfg.Resources[i].Identifier == resource {
				cfg.Resources[i].ResourceServers = []string{app.ClientID}
				return
			}
		}
		cfg.Resources = append(cfg.Resources, flow.Resource{Identifier: resource, ResourceServers: []string{app.ClientID}})
	}
}

// A resource server of one API learns of the access tokens for it alone, and
// what they may there (RFC 7662, section 4, and RFC 9701, section 5).
func TestResourceServersOfAResource(t *testing.T) {
	var ofAPI, ofMCP, ofLogs url.Values
	h := newHost(t, withResources, withServerOf(t, mcp, &ofMCP), withServerOf(t, logs, &ofLogs), withServerOf(t, api, &ofAPI))
	told := func(credentials url.Values, token string) string {
		w := h.post("/oauth/introspect", with(credentials, "token", token))
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		var answer struct {
			Active bool
			Scope  string
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
		if !answer.Active {
			require.Equal(t, `{"active":false}`, w.Body.String())
			return "not active"
		}
		return answer.Scope
	}
	grant := func(scope string, resources ...string) grantedTokens {
		return h.tokens(h.redemption(h.app, h.answer(h.decide(h.open(at(h.app, scope, resources...)), "authorize", "1")).Get("code")))
	}
	for name, test := range map[string]struct {
		resources       []string
		api, mcp, inLog string
	}{
		"none":        {nil, "read write", "not active", "not active"},
		"the default": {[]string{api}, "read write", "not active", "not active"},
		"another":     {[]string{logs}, "not active", "not active", "read write"},
		"two":         {[]string{mcp, logs}, "not active", "read", "read write"},
		"all":         {[]string{api, mcp, logs}, "read write", "read", "read write"},
	} {
		t.Run(name, func(t *testing.T) {
			tokens := grant("read write", test.resources...)
			require.Equal(t, test.api, told(ofAPI, tokens.AccessToken))
			require.Equal(t, test.mcp, told(ofMCP, tokens.AccessToken))
			require.Equal(t, test.inLog, told(ofLogs, tokens.AccessToken))
			require.Equal(t, "read write", told(credentialsOf(h.app, h.secret), tokens.AccessToken), "its client learns all of it")
			for _, credentials := range []url.Values{ofAPI, ofMCP, ofLogs} {
				requireInactive(t, h.post("/oauth/introspect", refreshOf(credentials, tokens.RefreshToken)))
			}
		})
	}
}
