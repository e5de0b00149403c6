package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A logLine is a line of the log, as far as tests look at it.
type logLine struct {
	Level, Msg     string
	Field, Finding string
	See            string
	UserID         string `json:"user_id"`
	RemoteAddr     string `json:"remote_addr"`
	Event          struct {
		Type, Reason string
		ClientID     string `json:"client_id"`
		RemoteAddr   string `json:"remote_addr"`
		UserAgent    string `json:"user_agent"`
	}
}

func (b *browser) logged(msg string) []logLine {
	b.t.Helper()
	var lines []logLine
	for text := range strings.Lines(b.log.String()) {
		var line logLine
		require.NoError(b.t, json.Unmarshal([]byte(text), &line), text)
		if line.Msg == msg {
			lines = append(lines, line)
		}
	}
	return lines
}

// The operator is told at the start what is right for a demo only, as often as
// it is true.
func TestFindingsAreLogged(t *testing.T) {
	for _, c := range []struct {
		args []string
		want []string
	}{
		{nil, []string{"WARN Issuer", "INFO RequirePKCE", "INFO Extensions", "INFO Extensions", "INFO Extensions", "INFO Extensions", "INFO tokens.Config.MaxLifetime"}},
		{[]string{"-issuer", "https://id.example", "-access-token-ttl", "2h"}, []string{"WARN Lifetimes.AccessToken", "INFO RequirePKCE", "INFO RemoteAddr", "INFO Extensions", "INFO Extensions", "INFO Extensions", "INFO Extensions", "INFO tokens.Config.MaxLifetime"}},
	} {
		var got []string
		for _, line := range newBrowser(t, c.args...).logged("configuration") {
			got = append(got, line.Level+" "+line.Field)
			require.NotEmpty(t, line.Finding)
			require.Regexp(t, `^(RFC |draft-)`, line.See)
		}
		require.Equal(t, c.want, got)
	}
}

// The log tells whose sign-in was tried, how it ended and from where, and who
// was to be signed in or out by a forged form.
func TestSignInsAreLogged(t *testing.T) {
	b := newBrowser(t)
	want := map[string][]string{} // the users of each message
	sign := func(message, user, email, password string) {
		b.do(http.MethodPost, "/login", b.loginForm(email, password, "/"))
		want[message] = append(want[message], user)
	}
	sign("sign-in failed", "", "nobody@example.com", "x")
	for range emailBurst {
		sign("sign-in failed", "2", "BOB@example.com", "x")
	}
	sign("too many sign-in attempts", "2", "bob@example.com", "bob-demo-password")
	b.do(http.MethodPost, "/login", url.Values{"email": {"alice@example.com"}, "password": {"alice-demo-password"}})
	want["sign-in form refused"] = []string{""}
	sign("signed in", "1", "alice@example.com", "alice-demo-password")
	b.do(http.MethodPost, "/logout", nil)
	want["sign-out form refused"] = []string{"1"}
	b.do(http.MethodPost, "/logout", nil, "Sec-Fetch-Site", "cross-site")
	want["form of another site refused"] = []string{""}
	b.do(http.MethodPost, "/logout", url.Values{"form_token": {hidden(t, b.get("/").text, "form_token")}})
	want["signed out"] = []string{"1"}
	for message, users := range want {
		var got []string
		for _, line := range b.logged(message) {
			require.Equal(t, "127.0.0.1", line.RemoteAddr)
			got = append(got, line.UserID)
		}
		require.Equal(t, users, got, message)
	}
}

// A form that is sent to a path with empty or dot segments is not sent on,
// password and all (RFC 9700, section 4.12).
func TestNoRedirectRepeatsAForm(t *testing.T) {
	b := newBrowser(t)
	for _, path := range []string{"//login", "/./login", "/oauth/../login", "//oauth/token", "/oauth//authorize", "/v2//oauth/access_token", "/accounts//oauth_applications", "/login/."} {
		for _, form := range []url.Values{nil, {"email": {"alice@example.com"}, "password": {"alice-demo-password"}}} {
			method := http.MethodGet
			if form != nil {
				method = http.MethodPost
			}
			a := b.do(method, path, form)
			require.Equal(t, http.StatusNotFound, a.StatusCode, "%s %s", method, path)
			require.Empty(t, a.Header.Get("Location"))
		}
	}
}

// The log tells who guesses, from where, and when they were stopped, but not
// what they tried; and the token endpoint under /v2/ keeps its own headers.
func TestGuessesAreLogged(t *testing.T) {
	b := newBrowser(t)
	guess := func() answered {
		form := url.Values{"grant_type": {"authorization_code"}, "code": {"the-code"}, "client_id": {"nobody"}, "client_secret": {"the-guess"}}
		return b.do(http.MethodPost, dnsimpleTokenPath, form, "User-Agent", "guesser/1")
	}
	answer := guess()
	failures := 0
	for ; answer.StatusCode == http.StatusUnauthorized; answer = guess() {
		failures++
	}
	require.Equal(t, http.StatusTooManyRequests, answer.StatusCode)
	require.NotEmpty(t, answer.Header.Get("Retry-After"))
	require.NotEmpty(t, answer.Header.Get("X-RateLimit-Remaining"))

	events := b.logged("event")
	require.Len(t, events, failures+1)
	for i, want := range map[int]string{
		0:        "token.client_authentication_failed unknown client",
		failures: "token.client_authentication_limited too many failed attempts",
	} {
		e := events[i].Event
		require.Equal(t, want, e.Type+" "+e.Reason)
		require.Equal(t, []string{"127.0.0.1", "guesser/1"}, []string{e.RemoteAddr, e.UserAgent})
		require.Empty(t, e.ClientID, "no client that exists")
	}
	require.NotContains(t, b.log.String(), "the-guess")
	require.NotContains(t, b.log.String(), "the-code")
}
