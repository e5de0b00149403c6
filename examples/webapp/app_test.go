package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
)

const issuer = "https://provider.example"

// testApp serves the application and returns a browser that follows no
// redirects.
func testApp(t *testing.T, provider string) (*app, string, *http.Client) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	base := "http://" + server.Listener.Addr().String()
	a := newApp(options{provider: provider, clientID: "id", clientSecret: "secret"}, base)
	server.Config.Handler = a.handler()
	server.Start()
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return a, base, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func get(t *testing.T, client *http.Client, url string) (*http.Response, string) {
	t.Helper()
	response, err := client.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(body)
}

func TestLoginAsksForACode(t *testing.T) {
	_, base, browser := testApp(t, issuer)
	response, _ := get(t, browser, base+"/login")
	require.Equal(t, http.StatusSeeOther, response.StatusCode)
	location, err := response.Location()
	require.NoError(t, err)
	require.Equal(t, issuer+"/oauth/authorize", "https://"+location.Host+location.Path)
	query := location.Query()
	require.Equal(t, base+"/callback", query.Get("redirect_uri"))
	require.Equal(t, "S256", query.Get("code_challenge_method"))
	require.Len(t, query.Get("code_challenge"), 43)
	require.NotEmpty(t, query.Get("state"))
	require.Empty(t, query.Get("code_verifier"))
}

func TestCallbackRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer url.Values // state is filled in unless given
		status int
		says   string
	}{
		{"another state", url.Values{"state": {"forged"}, "iss": {issuer}, "code": {"c"}}, http.StatusBadRequest, "not the answer"},
		{"no state", url.Values{"state": {""}, "iss": {issuer}, "code": {"c"}}, http.StatusBadRequest, "not the answer"},
		{"another issuer", url.Values{"iss": {"https://evil.example"}, "code": {"c"}}, http.StatusBadRequest, "somebody else"},
		{"no issuer", url.Values{"code": {"c"}}, http.StatusBadRequest, "somebody else"},
		{"denied", url.Values{"iss": {issuer}, "error": {"access_denied"}}, http.StatusForbidden, "You chose not to"},
		{"error", url.Values{"iss": {issuer}, "error": {"invalid_scope"}, "error_description": {"<b>"}}, http.StatusForbidden, "invalid_scope: &lt;b&gt;"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, base, browser := testApp(t, issuer)
			response, _ := get(t, browser, base+"/login")
			location, err := response.Location()
			require.NoError(t, err)
			state := location.Query().Get("state")
			if !c.answer.Has("state") {
				c.answer.Set("state", state)
			}
			response, body := get(t, browser, base+"/callback?"+c.answer.Encode())
			require.Equal(t, c.status, response.StatusCode)
			require.Contains(t, body, c.says)
			require.Contains(t, body, "Log in with the demo")
		})
	}
}

func TestStateIsGoodForOneAnswerInItsBrowser(t *testing.T) {
	_, base, browser := testApp(t, issuer)
	response, _ := get(t, browser, base+"/login")
	location, err := response.Location()
	require.NoError(t, err)
	answer := base + "/callback?" + url.Values{"state": {location.Query().Get("state")}, "iss": {issuer}, "error": {"access_denied"}}.Encode()

	response, _ = get(t, http.DefaultClient, answer)
	require.Equal(t, http.StatusBadRequest, response.StatusCode, "another browser")
	response, _ = get(t, browser, answer)
	require.Equal(t, http.StatusForbidden, response.StatusCode)
	response, _ = get(t, browser, answer)
	require.Equal(t, http.StatusBadRequest, response.StatusCode, "a second time")
}

// What was refused is forgotten; what failed for another reason is not.
func TestMe(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int // of the API
		page   int
		says   string
		after  int // of the page then: 303 to the start where nobody is logged in
	}{
		{"withdrawn", http.StatusUnauthorized, http.StatusUnauthorized, "no longer has access", http.StatusSeeOther},
		{"outage", http.StatusServiceUnavailable, http.StatusBadGateway, "login still stands", http.StatusBadGateway},
	} {
		t.Run(c.name, func(t *testing.T) {
			api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(c.status) }))
			defer api.Close()
			a, base, browser := testApp(t, api.URL)
			w := httptest.NewRecorder()
			a.sessions.begin(w, session{tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "token"})})
			u, err := url.Parse(base)
			require.NoError(t, err)
			browser.Jar.SetCookies(u, w.Result().Cookies())

			response, body := get(t, browser, base+"/me")
			require.Equal(t, c.page, response.StatusCode)
			require.Contains(t, body, c.says)
			response, _ = get(t, browser, base+"/me")
			require.Equal(t, c.after, response.StatusCode)
		})
	}
}

func TestVisitsStayBounded(t *testing.T) {
	all := newSessions()
	for range maxSessions + 100 {
		all.begin(httptest.NewRecorder(), session{})
	}
	require.LessOrEqual(t, len(all.byID), maxSessions)
}

func TestOptions(t *testing.T) {
	env := func(pairs ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			return ""
		}
	}
	opts, err := parseOptions([]string{"-provider", issuer + "/"}, env("OAUTH_CLIENT_ID", "id", "OAUTH_CLIENT_SECRET", "hidden"), io.Discard)
	require.NoError(t, err)
	require.Equal(t, options{addr: "127.0.0.1:8081", provider: issuer, clientID: "id", clientSecret: "hidden"}, opts)

	for _, line := range []string{"", "-client-id id", "-client-secret hidden", "-nope", "argument"} {
		var stdout, stderr bytes.Buffer
		require.Equal(t, 2, run(strings.Fields(line), env(), &stdout, &stderr), line)
		require.Equal(t, 1, strings.Count(stderr.String(), "\n"), stderr.String())
	}
	var help bytes.Buffer
	require.Zero(t, run([]string{"-help"}, env("OAUTH_CLIENT_SECRET", "hidden"), &help, io.Discard))
	require.NotContains(t, help.String(), "hidden")
}
