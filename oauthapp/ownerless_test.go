package oauthapp_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
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
