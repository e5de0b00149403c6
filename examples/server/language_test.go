package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// The footer offers the languages that there are, and what is chosen there
// counts more than what the browser prefers.
func TestLanguageIsChosen(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	const page = "/accounts/1/oauth_applications"
	get := func() string { return b.do(http.MethodGet, page, nil, "Accept-Language", "fr").text }
	require.Contains(t, get(), "<h1>Applications OAuth</h1>")
	require.Contains(t, get(), `lang="fr" aria-current="true"`)

	chosen := b.do(http.MethodGet, "/language?tag=de", nil, "Referer", b.url+page)
	require.Equal(t, http.StatusSeeOther, chosen.StatusCode)
	require.Equal(t, page, chosen.Header.Get("Location"))
	require.Contains(t, get(), "<h1>OAuth-Anwendungen</h1>")
	require.Contains(t, get(), `<html lang="de">`)

	for _, referer := range []string{"", "https://evil.example/x", b.url + "//evil.example/"} {
		require.Equal(t, "/", b.do(http.MethodGet, "/language?tag=de", nil, "Referer", referer).Header.Get("Location"))
	}
}
