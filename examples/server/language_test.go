package main

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/flowtest"
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

// A page that answers a form has no address: whoever chose a language there
// would lose a request to authorize, or a secret that is shown once.
func TestLanguageIsNotChosenOnAnswers(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	const path = "/accounts/1/oauth_applications"
	require.Contains(t, b.get(path+"/new").text, "/language?tag=de")
	answer := b.do(http.MethodPost, path, url.Values{"name": {""}})
	require.NotEqual(t, http.StatusSeeOther, answer.StatusCode)
	require.Contains(t, answer.text, "<footer")
	require.NotContains(t, answer.text, "/language?tag=")
}

// The demo's pages say nothing but messages, whatever they show.
func TestPagesSayMessagesAlone(t *testing.T) {
	cfg := flow.Config{
		Scopes:    demoScopes,
		Resources: demoResources(flowtest.Issuer),
		Pages: flow.Pages{
			Files: pageFiles(),
			Data: func(*http.Request) any {
				return &visitor{Email: "alice@example.com", FormToken: "token", ReturnTo: "/"}
			},
		},
	}
	for name, samples := range map[string][]any{
		"home.html":    {[]accountLinks{{"Alice", "/a", "/t"}, {"Acme Inc", "/b", ""}}},
		"login.html":   {loginPage{People: []demoPerson{{"alice@example.com", "password"}}}, loginPage{Problem: "demo.no_match", Email: "x@example.com", ReturnTo: "/x"}},
		"problem.html": {problemPage{Status: http.StatusForbidden, Title: "demo.other_site", Message: "demo.other_site_text"}},
	} {
		for _, sample := range samples {
			require.Empty(t, flowtest.Untranslated(t, cfg, name, sample), name)
		}
	}
}

// Every language has all that the demo says, of its scopes and APIs too.
func TestEveryLanguageIsWhole(t *testing.T) {
	for _, line := range newBrowser(t).logged("configuration") {
		require.NotEqual(t, "Pages.Files", line.Field, line.Finding)
	}
}

// The login page is in the language of the application that sent the user, as
// the consent page will be, and what goes wrong there is too. A choice of
// another language leads back to it, and to the application from there.
func TestLoginSpeaksTheLanguageOfTheRequest(t *testing.T) {
	b := newBrowser(t)
	const asked = "/oauth/authorize?client_id=x&ui_locales=xx+fr"
	page := b.do(http.MethodGet, loginURL(asked), nil, "Accept-Language", "es")
	require.Contains(t, page.text, "<h1>Se connecter</h1>")

	form := b.loginForm("alice@example.com", "wrong", asked)
	action := html.UnescapeString(regexp.MustCompile(`method="post" action="([^"]+)"`).FindStringSubmatch(page.text)[1])
	failed := b.do(http.MethodPost, action, form, "Accept-Language", "es")
	require.Equal(t, http.StatusUnauthorized, failed.StatusCode)
	require.Contains(t, failed.text, "<title>Erreur : Se connecter</title>")
	require.Contains(t, failed.text, "ne correspondent pas")

	chosen := b.do(http.MethodGet, "/language?tag=ar", nil, "Referer", b.url+action)
	again := b.do(http.MethodGet, chosen.Header.Get("Location"), nil)
	require.Contains(t, again.text, `<html lang="ar" dir="rtl">`)
	require.Equal(t, asked, html.UnescapeString(hidden(t, again.text, "return_to")))
}
