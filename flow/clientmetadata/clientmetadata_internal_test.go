package clientmetadata

import (
	"net/url"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

func TestPatterns(t *testing.T) {
	for _, bad := range []string{
		"", "a.example", "http://a.example", "https://", "https://a.example/#f", "https://user@a.example", "https://*", "https://*.*.example", "*", "https://a.example:0", "https://A.example",
	} {
		_, err := parsePatterns([]string{bad})
		require.Error(t, err, bad)
	}
	for text, test := range map[string]struct{ yes, no []string }{
		"https://a.example":      {[]string{"https://a.example/c", "https://a.example:443/d"}, []string{"https://b.a.example/c", "https://a.example:8443/c", "https://xa.example/c"}},
		"https://a.example:443":  {[]string{"https://a.example/c"}, []string{"https://a.example:444/c"}},
		"https://a.example:8443": {[]string{"https://a.example:8443/c"}, []string{"https://a.example/c"}},
		"https://*.a.example":    {[]string{"https://b.a.example/c", "https://c.b.a.example/c"}, []string{"https://a.example/c", "https://xa.example/c", "https://a.example.evil.example/c"}},
		"https://a.example/c":    {[]string{"https://a.example/c"}, []string{"https://a.example/c/", "https://a.example/C", "https://a.example/c?x=y"}},
	} {
		patterns, err := parsePatterns([]string{text})
		require.NoError(t, err)
		for _, clientID := range append(test.yes, test.no...) {
			u, err := url.Parse(clientID)
			require.NoError(t, err)
			require.Equal(t, slices.Contains(test.yes, clientID), patterns[0].matches(clientID, u), "%s %s", text, clientID)
		}
	}
}

// FuzzParse: whatever a document says, what is taken of it is what the registry
// would take of a developer, and never more than the host allows.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"client_id":"https://a.example/c","redirect_uris":["https://a.example/cb"]}`,
		`{"client_id":"https://a.example/c","redirect_uris":["http://127.0.0.1/","a.b:/c","javascript:x"],"scope":"read write","client_name":"\u202e","client_uri":"https://a.example/#"}`,
		`{"client_id":"https://a.example/c","redirect_uris":"https://a.example/cb","token_endpoint_auth_method":["none",1],"grant_types":["authorization_code"]}`,
		`{"client_id":"https://a.example/c","client_secret":null,"redirect_uris":[]}`,
	} {
		f.Add([]byte(seed))
	}
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: memory.New(), Scopes: []string{"read", "write"}})
	require.NoError(f, err)
	s := &source{
		cfg: Config{Scopes: []string{"read"}},
		kernel: &kernel.Kernel{
			Registry:                registry,
			HasGrant:                func(grant string) bool { return grant == "authorization_code" },
			HasClientAuthentication: func(string) bool { return true },
			Host:                    kernel.Host{Scopes: map[string]*page.Message{"read": nil, "write": nil}},
		},
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := s.parse("https://a.example/c", body)
		if err != nil {
			require.NotContains(t, err.Error(), "\n")
			return
		}
		require.Equal(t, []string{"read"}, c.registration.Scopes)
		require.NotEmpty(t, c.registration.CallbackURLs)
		for _, callback := range c.registration.CallbackURLs {
			require.NoError(t, oauthapp.CheckCallback(c.registration.Type, callback))
		}
		_, err = registry.CheckOwnerless(c.registration)
		require.NoError(t, err)
		require.Equal(t, c.keys != nil, c.registration.Type == oauthapp.Confidential)
	})
}
