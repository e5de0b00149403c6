package flow_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
)

func TestParseReturnTo(t *testing.T) {
	h := newHost(t)
	h.user = nil
	hints := []string{"login_hint", "a+b@example.com", "ui_locales", "fr-CA fr en"}
	returnTo := h.returnTo(h.open(request(h.app, hints...)))
	require.Equal(t, flow.SignIn{ReturnTo: returnTo, Hint: "a+b@example.com", Locales: []string{"fr-CA", "fr", "en"}}, flow.ParseReturnTo(returnTo))
	returnTo = h.returnTo(h.open(request(h.app, append(hints, "prompt", "login")...)))
	require.True(t, flow.ParseReturnTo(returnTo).Anew)
	for _, other := range []string{"", "/", "/oauth_applications?login_hint=x", "/oauth/authorize?client_id=a&login_hint=%zz", returnTo[:20]} {
		signIn := flow.ParseReturnTo(other)
		signIn.ReturnTo = ""
		require.Zero(t, signIn, other)
	}
}

// What a browser brings back as returnTo leads nowhere but to the service.
func TestReturnToIsLocal(t *testing.T) {
	for _, accepted := range []string{
		"/",
		"/accounts/1/oauth_applications",
		"/accounts/1/oauth_applications/",
		"/oauth/authorize?client_id=a&redirect_uri=https%3A%2F%2Fclient.example%2Fcb&state=%5C%0A",
		"/oauth/authorize?redirect_uri=https://client.example/cb&state=a@b",
		"/a%20b",
		"/@here",
		"/?x=//evil.example",
	} {
		require.Equal(t, accepted, flow.ParseReturnTo(accepted).ReturnTo)
	}
	for _, refused := range []string{
		"", "relative", "?a=b", "#a",
		"//evil.example", "///evil.example", "////evil.example/a", "//evil.example/a", "//evil.example/a/b?c=d", "//evil.example:80/",
		`/\evil.example`, `\/evil.example`, `\\evil.example`, `/%5Cevil.example`, `/a\..\..\evil`,
		"/\t/evil.example", "/%09/evil.example", "\t//evil.example", " //evil.example", "/\n/evil.example", "/%0a/evil.example",
		"/\r\nLocation: https://evil.example", "/%0d%0aSet-Cookie:a=b", "/\x00/evil", "/\u0085/evil.example",
		"/./evil", "/..//evil.example", "/../evil", "/.//evil.example", "/%2e%2e//evil", "/%2f/evil.example", "/a//evil.example", "/a/../b",
		"https://evil.example", "https:evil.example", "http:/evil.example", "HTTPS://evil.example", "javascript:alert(1)", "data:text/html,a",
		"@evil.example", "user@evil.example", "//user@evil.example", "https://127.0.0.1:8080@evil.example", "/%zz", "/a#//evil.example",
	} {
		require.Equal(t, "/", flow.ParseReturnTo(refused).ReturnTo, "%q", refused)
	}
}

// What is let through stays at the origin of the login page, for net/url and
// for browsers, which drop tabs and line breaks and take a backslash for a
// slash.
func FuzzReturnTo(f *testing.F) {
	for _, seed := range []string{
		"/", "/a?b=c", "//evil.example", "//evil.example/a", `/\evil.example`, "/\t/evil.example", "/..//evil.example", "https:evil.example", "/%09/evil.example", "/a#b",
	} {
		f.Add(seed)
	}
	base, err := url.Parse("https://here.example/login")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, returnTo string) {
		target := flow.ParseReturnTo(returnTo).ReturnTo
		if target != "/" {
			require.Equal(t, returnTo, target)
		}
		resolved, err := base.Parse(target)
		require.NoError(t, err)
		require.Equal(t, "https://here.example", resolved.Scheme+"://"+resolved.Host)
		require.Nil(t, resolved.User)

		path, _, _ := strings.Cut(target, "?")
		asBrowser := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(strings.TrimSpace(path))
		require.True(t, strings.HasPrefix(asBrowser, "/") && !strings.HasPrefix(asBrowser, "//"), "%q", target)

		// And so does what becomes of it in the header.
		recorder := httptest.NewRecorder()
		http.Redirect(recorder, httptest.NewRequest(http.MethodPost, "/login", nil), target, http.StatusSeeOther)
		location := recorder.Header().Get("Location")
		require.True(t, strings.HasPrefix(location, "/") && !strings.HasPrefix(location, "//"), "%q", location)
		require.NotContains(t, location, "\n")
	})
}
