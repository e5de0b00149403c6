package oauthapp_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

func TestCheckCallback(t *testing.T) {
	require.NoError(t, oauthapp.CheckCallback(oauthapp.Confidential, "https://client.example/callback"))
	require.NoError(t, oauthapp.CheckCallback(oauthapp.Public, "com.example.app:/callback"))
	require.ErrorContains(t, oauthapp.CheckCallback(oauthapp.Confidential, "com.example.app:/callback"), "public applications only")
	require.EqualError(t, oauthapp.CheckCallback(oauthapp.Public, "https://*.client.example/"), "has a wildcard; list every URL in full")
}

// An application without an owner needs no homepage and may have a URL as its
// client ID. One with an owner is as ever.
func TestCheckOwnerless(t *testing.T) {
	f := newFixture(t)
	reg := oauthapp.Registration{Name: "Notes", CallbackURLs: []string{"https://client.example"}, ClientID: "https://client.example/client.json"}
	kept, err := f.CheckOwnerless(reg)
	require.NoError(t, err)
	require.Equal(t, []string{"https://client.example/"}, kept.CallbackURLs)
	app, _, err := f.RegisterOwnerless(t.Context(), reg)
	require.NoError(t, err)
	require.Equal(t, reg.ClientID, app.ClientID)
	_, _, err = f.RegisterOwnerless(t.Context(), reg)
	require.ErrorIs(t, err, oauthapp.ErrExists)
	edited := app.Registration()
	edited.Name = "Notes 2"
	app, err = f.Update(t.Context(), oauthapp.AnyOwner, app.ID, edited)
	require.NoError(t, err)
	require.Equal(t, "Notes 2", app.Name)

	_, _, err = f.Register(t.Context(), "account", reg)
	var invalid *oauthapp.ValidationError
	require.ErrorAs(t, err, &invalid)
	require.NotEmpty(t, invalid.Message("homepage_url"))
	require.NotEmpty(t, invalid.Message("client_id"))
	for _, id := range []string{"http://client.example/c", "https://client.example/../c", "https://client.example/c#f", "client", "https://client.example/" + strings.Repeat("a", 1024)} {
		reg.ClientID = id
		_, err := f.CheckOwnerless(reg)
		require.ErrorAs(t, err, &invalid, id)
	}
}

// A host that lists a scheme without a period has public applications register
// callback URLs of it, with a host or without. They match as they are.
func TestListedSchemes(t *testing.T) {
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: memory.New(), PrivateUseSchemes: []string{"cursor", "vscode"}})
	require.NoError(t, err)
	for callback, problem := range map[string]string{
		"cursor://anysphere.cursor-mcp/oauth/callback": "",
		"vscode:/callback":             "",
		"cursor://a/callback?a=b":      "",
		"com.example.app:/callback":    "",
		"windsurf://a/callback":        "a private-use scheme that has a period",
		"CURSOR://a/callback":          "scheme in lower case",
		"cursor:callback":              "no path",
		"cursor:":                      "no path",
		"cursor:///callback":           "between the slashes",
		"cursor://user@a/callback":     "between the slashes",
		"cursor://a:1/callback":        "between the slashes",
		"cursor://A/callback":          "between the slashes",
		"cursor://a":                   "no path",
		"cursor://":                    "no path",
		"cursor:////callback":          "between the slashes",
		"cursor://a/../callback":       "segment",
		"cursor://a//callback":         "empty segment",
		"cursor://a/callback#f":        "fragment",
		"cursor://a/callback?code=1":   `"code"`,
		"cursor://a/*":                 "wildcard",
		"com.example.app://a/callback": "one slash after its scheme",
	} {
		err := registry.CheckCallback(oauthapp.Public, callback)
		require.Error(t, registry.CheckCallback(oauthapp.Confidential, callback), callback)
		if problem != "" {
			require.ErrorContains(t, err, problem, callback)
			continue
		}
		require.NoError(t, err, callback)
		require.True(t, oauthapp.MatchCallback(oauthapp.Public, []string{callback}, callback))
		require.False(t, oauthapp.MatchCallback(oauthapp.Public, []string{callback}, callback+"/"))
		if !strings.HasPrefix(callback, "com.") {
			require.Error(t, oauthapp.CheckCallback(oauthapp.Public, callback), callback)
		}
	}
}
