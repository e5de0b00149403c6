package device_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/device"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// People type codes as they like.
func TestUserCodesAsTyped(t *testing.T) {
	s := begin(t)
	c := s.ask()
	for _, typed := range []string{
		c.user, strings.ToLower(c.user), strings.ReplaceAll(c.user, "-", ""), " " + strings.Join(strings.Split(c.user, ""), " "),
	} {
		w := s.enter("ada", typed)
		require.Equal(t, http.StatusOK, w.Code, typed)
		require.Contains(t, w.Body.String(), "Authorize <bdi>Command line</bdi>")
	}
	for _, typed := range []string{"", "x", c.user + "B", "12345678", strings.Repeat("B", 100)} {
		w := s.enter("ada", typed)
		require.Equal(t, http.StatusBadRequest, w.Code, typed)
		require.Contains(t, w.Body.String(), "A code has 8 letters")
	}
	w := s.enter("ada", `"><b>`)
	require.Contains(t, w.Body.String(), `value="&#34;&gt;&lt;b&gt;"`)
	require.NotContains(t, w.Body.String(), "<b>")
	require.Contains(t, s.enter("ada", "BBBB-BBBB").Body.String(), "There is no such code")
}

// The time at which the code was asked for is in the zone that the host says for
// the person.
func TestTimeZone(t *testing.T) {
	s := newService(t, memory.New(), device.Config{}, func(cfg *flow.Config) {
		cfg.Pages.TimeZone = func(*http.Request) *time.Location { return time.FixedZone("", 9*60*60) }
	})
	c := s.ask("scope", "write")
	require.Contains(t, s.enter("ada", c.user).Body.String(), `title="6 May 2026, 21:00 UTC+9"`)
}

// The consent page shows what speaks against a request that somebody else made.
func TestConsentPageTellsWhereTheRequestCameFrom(t *testing.T) {
	s := begin(t)
	s.network = "203.0.113.9"
	c := s.ask("scope", "write")
	s.clock.pass(3 * time.Minute)
	require.Contains(t, s.enter("ada", c.user).Body.String(), "3 minutes ago</time> from the address <code>203.0.113.9</code>, which is in the network that you use now.")
	s.network = "192.0.2.1"
	page := s.enter("ada", c.user).Body.String()
	for _, shown := range []string{
		c.user, "<code>203.0.113.9</code>, which is in another network than the one that you use now", "Command line", "Write your data", "Shared",
	} {
		require.Contains(t, page, shown)
	}
	require.NotContains(t, page, "Either way you will be sent to", "it leads nowhere")
}

// A link that has the code in it asks whether it is the right one. It looks
// nothing up, and changes nothing.
func TestLinkWithACodeAsks(t *testing.T) {
	s := begin(t)
	c := s.ask()
	for range 200 { // of which one in two would be one too many
		w := s.get(device.Path+"?user_code=BBBB-BBBB", "ada")
		require.Equal(t, http.StatusOK, w.Code)
	}
	w := s.get(device.Path+"?user_code="+strings.ToLower(c.user), "ada")
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), "Is this the code on your device?")
	require.Contains(t, w.Body.String(), c.user)
	require.NotContains(t, w.Body.String(), "Command line", "which comes after the answer")
	s.requirePoll(c, "authorization_pending")

	for _, nothing := range []string{"", "?user_code=", "?user_code=x", "?user_code=%22%3E%3Cb%3E", "?user_code=%ff"} {
		w := s.get(device.Path+nothing, "ada")
		require.Equal(t, http.StatusOK, w.Code)
		require.NotContains(t, w.Body.String(), "Is this the code")
		require.Contains(t, w.Body.String(), `name="user_code" value=""`)
	}
}

// Whoever is not signed in comes back with their code.
func TestSignIn(t *testing.T) {
	s := begin(t)
	c := s.ask()
	back := func(w http.Header) string {
		location, err := url.Parse(w.Get("Location"))
		require.NoError(t, err)
		require.Equal(t, "/login", location.Path)
		return location.Query().Get("return_to")
	}
	w := s.get(device.Path, "")
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "/tenant/device", back(w.Header()))
	w = s.get(device.Path+"?user_code="+c.user+"&next=https://evil.example", "")
	require.Equal(t, "/tenant/device?user_code="+c.user, back(w.Header()))
	w = s.enter("", strings.ToLower(c.user))
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "/tenant/device?user_code="+c.user, back(w.Header()))
	form := consentForm(t, s.enter("ada", c.user))
	w = s.postForm(device.Path, "", append(form, "decision", "authorize", "account_id", "11")...)
	require.Equal(t, "/tenant/device?user_code="+c.user, back(w.Header()))
	s.requirePoll(c, "authorization_pending")
}

// The answer of another session, of another page or of another site counts for
// nothing.
func TestForgedAnswers(t *testing.T) {
	s := begin(t)
	c, own := s.ask(), s.ask()
	form := consentForm(t, s.enter("ada", c.user))
	ofBob := consentForm(t, s.enter("bob", c.user))
	ofAnother := consentForm(t, s.enter("ada", own.user))
	ticketOf := func(form []string) string { return url.Values{form[0]: {form[1]}, form[2]: {form[3]}}.Get("ticket") }
	requestOf := func(form []string) string { return url.Values{form[0]: {form[1]}, form[2]: {form[3]}}.Get("request") }
	for name, forged := range map[string][]string{
		"another person":  {"ticket", ticketOf(ofBob), "request", requestOf(form)},
		"another request": {"ticket", ticketOf(ofAnother), "request", requestOf(form)},
		"made up":         {"ticket", "x", "request", requestOf(form)},
		"code alone":      {"ticket", "x", "request", "user_code=" + c.user},
	} {
		t.Run(name, func(t *testing.T) {
			w := s.postForm(device.Path, "ada", append(forged, "decision", "authorize", "account_id", "11")...)
			require.Equal(t, http.StatusBadRequest, w.Code)
			require.Contains(t, w.Body.String(), "another session")
			require.Contains(t, w.Body.String(), "Authorize <bdi>Command line</bdi>")
		})
	}
	require.NotEmpty(t, s.events.of(oauthapp.ConsentFormRefused))
	for _, form := range [][]string{{"user_code", c.user}, append(form, "decision", "authorize", "account_id", "11")} {
		values := url.Values{}
		for i := 0; i < len(form); i += 2 {
			values.Set(form[i], form[i+1])
		}
		r, err := http.NewRequest(http.MethodPost, issuer+device.Path, strings.NewReader(values.Encode()))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Person", "ada")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Origin", "https://evil.example")
		require.Equal(t, http.StatusForbidden, s.do(r).Code)
	}
	for name, answer := range map[string][]string{
		"no decision":        {"account_id", "11"},
		"no account":         {"decision", "authorize"},
		"account of another": {"decision", "authorize", "account_id", "20"},
	} {
		t.Run(name, func(t *testing.T) {
			w := s.postForm(device.Path, "ada", append(form, answer...)...)
			require.Equal(t, http.StatusBadRequest, w.Code)
			require.Contains(t, w.Body.String(), "Please choose")
		})
	}
	s.requirePoll(c, "authorization_pending")
	require.Empty(t, flowGrants(t, s))
}

// A page that is answered late asks again, and a person without an account has
// nothing to give.
func TestLateAnswers(t *testing.T) {
	s := newService(t, begin(t).store, device.Config{Lifetime: 30 * time.Minute})
	s.clock.pass(-time.Minute)
	c := s.ask()
	form := consentForm(t, s.enter("ada", c.user))
	s.clock.pass(30*time.Minute - 1)
	w := s.postForm(device.Path, "ada", append(form, "decision", "authorize", "account_id", "11")...)
	require.Equal(t, http.StatusOK, w.Code)

	w = s.enter("eve", s.ask().user)
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Contains(t, w.Body.String(), "the user has no account")
}

// Pages have no scripts and are sent with the headers of every page.
func TestPageHeaders(t *testing.T) {
	s := begin(t)
	c := s.ask()
	for _, w := range []interface{ Header() http.Header }{
		s.get(device.Path, "ada"), s.get(device.Path+"?user_code="+c.user, "ada"), s.enter("ada", "x"), s.enter("ada", c.user), s.answer("ada", c.user, "deny", ""),
	} {
		policy := w.Header().Get("Content-Security-Policy")
		require.Contains(t, policy, "default-src 'none'")
		require.NotContains(t, policy, "script-src")
		require.Contains(t, policy, "frame-ancestors 'none'")
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	}
	require.Contains(t, s.get(device.Path, "ada").Header().Get("Content-Security-Policy"), "form-action 'self'")
}

// Guesses are counted for the person, wherever they are, and for the network,
// whoever they are. A right one sets nothing back.
func TestGuessesAreLimited(t *testing.T) {
	guess := func(s *service, person string, i int) int {
		code := []byte("BBBBBBBB")
		for j := range 4 {
			code[j] = "BCDFGHJKLMNPQRSTVWXZ"[i%20]
			i /= 20
		}
		return s.enter(person, string(code)).Code
	}
	t.Run("person", func(t *testing.T) {
		s := begin(t)
		right := s.ask()
		for i := range 19 {
			s.network = "198.51.100." + strconv.Itoa(i)
			require.Equal(t, http.StatusBadRequest, guess(s, "ada", i))
		}
		require.Equal(t, http.StatusOK, s.enter("ada", right.user).Code)
		w := s.enter("ada", right.user)
		require.Equal(t, http.StatusTooManyRequests, w.Code, "also for one that is right")
		require.Equal(t, "30", w.Header().Get("Retry-After"))
		require.Contains(t, w.Body.String(), "Please wait 30 seconds")
		require.Equal(t, http.StatusOK, s.enter("bob", right.user).Code)
		limited := s.events.of(oauthapp.UserCodesLimited)
		require.Len(t, limited, 1)
		require.Equal(t, "1", limited[0].Actor.UserID)
		s.clock.pass(30 * time.Second)
		require.Equal(t, http.StatusOK, s.enter("ada", right.user).Code)
		require.Equal(t, http.StatusTooManyRequests, s.enter("ada", right.user).Code)
	})
	t.Run("network", func(t *testing.T) {
		s := begin(t)
		right := s.ask()
		s.network = "198.51.100.1"
		for i := range 100 {
			people[strconv.Itoa(i)] = named(i)
			defer delete(people, strconv.Itoa(i))
			require.Equal(t, http.StatusBadRequest, guess(s, strconv.Itoa(i), i))
		}
		require.Equal(t, http.StatusTooManyRequests, s.enter("ada", right.user).Code)
		s.network = "198.51.100.2"
		require.Equal(t, http.StatusOK, s.enter("ada", right.user).Code)
	})
	t.Run("answers that prove nothing", func(t *testing.T) {
		s := begin(t)
		for range 20 {
			s.postForm(device.Path, "ada", "ticket", "x", "request", "user_code=BBBBBBBB", "decision", "authorize")
		}
		require.Equal(t, http.StatusTooManyRequests, s.enter("ada", s.ask().user).Code)
	})
	t.Run("answers that do", func(t *testing.T) {
		s := begin(t)
		form := consentForm(t, s.enter("ada", s.ask().user))
		for range 19 {
			guess(s, "ada", 1)
		}
		w := s.postForm(device.Path, "ada", append(form, "decision", "authorize", "account_id", "11")...)
		require.Equal(t, http.StatusOK, w.Code)
	})
}

// Nobody fills the store with requests.
func TestRequestsOfANetworkAreLimited(t *testing.T) {
	s := begin(t)
	for range 200 {
		s.ask()
	}
	w := s.postForm(device.AuthorizationPath, "", "client_id", s.public.ClientID)
	require.Equal(t, http.StatusTooManyRequests, w.Code)
	require.Equal(t, "1", w.Header().Get("Retry-After"))
	s.network = "192.0.2.2"
	s.ask()
}
