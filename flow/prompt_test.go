package flow_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// signedIn is Alice, who signed in this long ago.
func (h *host) signedIn(ago time.Duration) *flow.User {
	user := alice()
	user.AuthenticatedAt = h.clock.Now().Add(-ago)
	return user
}

// returnTo is where a user who is sent to sign in goes on.
func (h *host) returnTo(w *httptest.ResponseRecorder) string {
	h.t.Helper()
	require.Equal(h.t, http.StatusSeeOther, w.Code, w.Body.String())
	login, err := url.Parse(w.Header().Get("Location"))
	require.NoError(h.t, err)
	require.Equal(h.t, "/login", login.Path)
	return login.Query().Get("return_to")
}

// Who signed in too long ago, or at whatever time before a request with
// prompt=login, signs in anew and goes on, once.
func TestSignInAnew(t *testing.T) {
	for name, test := range map[string]struct {
		params []string
		ago    time.Duration
		anew   bool
	}{
		"prompt=login":            {[]string{"prompt", "login"}, time.Hour, true},
		"prompt=login, just now":  {[]string{"prompt", "login"}, time.Second, true},
		"login and consent":       {[]string{"prompt", "consent login"}, time.Hour, true},
		"max_age exceeded":        {[]string{"max_age", "600"}, 601 * time.Second, true},
		"max_age reached":         {[]string{"max_age", "600"}, 600 * time.Second, false},
		"max_age=0":               {[]string{"max_age", "0"}, time.Second, true},
		"max_age of centuries":    {[]string{"max_age", "18446744073709551615"}, 1000 * time.Hour, false},
		"login within max_age":    {[]string{"prompt", "login", "max_age", "7200"}, time.Hour, true},
		"prompt=consent":          {[]string{"prompt", "consent"}, time.Hour, false},
		"prompt=select_account":   {[]string{"prompt", "select_account"}, time.Hour, false},
		"neither":                 {nil, time.Hour, false},
		"prompt of spaces":        {[]string{"prompt", " "}, time.Hour, false},
		"clock of the host ahead": {[]string{"max_age", "0"}, -time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.user = h.signedIn(test.ago)
			w := h.open(request(h.app, test.params...))
			if !test.anew {
				h.form(w)
				return
			}
			returnTo := h.returnTo(w)
			require.True(t, flow.ParseReturnTo(returnTo).Anew)

			// Whoever comes back as they went is not sent round and round.
			require.Equal(t, "login_required", h.answer(h.get(returnTo)).Get("error"))
			h.user = nil
			require.Equal(t, returnTo, h.returnTo(h.get(returnTo)), "signed out meanwhile")

			h.user = h.signedIn(-10 * time.Second)
			h.clock.advance(20 * time.Second)
			shown := h.get(returnTo)
			require.NotContains(t, h.form(shown).Get("request"), "login_ticket")
			h.answer(h.decide(shown, "authorize", "1"))

			// What the user did for this request they did for no other, and not
			// for ever.
			h.clock.advance(29*time.Minute + 30*time.Second)
			h.form(h.get(returnTo))
			other := strings.Replace(returnTo, "the-state", "another-state", 1)
			require.NotEqual(t, other, h.returnTo(h.get(other)))
			h.clock.advance(time.Minute)
			require.NotEqual(t, returnTo, h.returnTo(h.get(returnTo)))
		})
	}
}

// Who signs in for the request need not do it twice, whatever the clocks of the
// nodes.
func TestSignInOnceForAPrompt(t *testing.T) {
	for name, ago := range map[string]time.Duration{"exact": 0, "behind": 50 * time.Second, "ahead": -50 * time.Second} {
		t.Run(name, func(t *testing.T) {
			for _, params := range []url.Values{request(newHost(t).app, "prompt", "login"), request(newHost(t).app, "max_age", "0")} {
				h := newHost(t)
				params.Set("client_id", h.app.ClientID)
				h.user = nil
				returnTo := h.returnTo(h.open(params))
				require.True(t, flow.ParseReturnTo(returnTo).Anew)
				h.clock.advance(5 * time.Second)
				h.user = h.signedIn(ago)
				h.user.AuthenticatedAt = h.user.AuthenticatedAt.Truncate(time.Second)
				h.form(h.get(returnTo))
			}
		})
	}
}

// A session from before is no sign-in for the request, also where its cookie
// only came to light on the way, and no ticket is good but the service's own.
func TestOldSessionIsNoSignIn(t *testing.T) {
	h := newHost(t)
	h.user = nil
	returnTo := h.returnTo(h.open(request(h.app, "prompt", "login")))
	h.user = h.signedIn(time.Hour)
	require.Equal(t, "login_required", h.answer(h.get(returnTo)).Get("error"))
	for _, forged := range []string{"0.x", "x", "-1." + strings.Repeat("A", 54), strings.Repeat("x", 40_000)} {
		h.returnTo(h.open(request(h.app, "prompt", "login", "login_ticket", forged)))
	}
}

// A form that proves nothing is no way around it.
func TestConsentFormIsNoSignIn(t *testing.T) {
	h := newHost(t)
	h.user = h.signedIn(time.Hour)
	form := url.Values{"ticket": {"x"}, "decision": {"authorize"}, "account_id": {"1"}}
	for _, prompt := range []string{"login", "none"} {
		params := request(h.app, "prompt", prompt)
		form.Set("request", params.Encode())
		w := h.post("/oauth/authorize", form)
		require.Equal(t, http.StatusSeeOther, w.Code, w.Body.String())
		require.Equal(t, "/oauth/authorize?"+params.Encode(), w.Header().Get("Location"))
	}
}

// A host that does not tell when its users signed in cannot show that they did
// so anew.
func TestUserWithoutATimeOfSignIn(t *testing.T) {
	h := newHost(t)
	for _, params := range []url.Values{request(h.app, "prompt", "login"), request(h.app, "max_age", "4000000000")} {
		h.user = alice()
		require.Equal(t, "login_required", h.answer(h.open(params)).Get("error"))
		h.user = nil
		returnTo := h.returnTo(h.open(params))
		h.user = alice()
		require.Equal(t, "login_required", h.answer(h.get(returnTo)).Get("error"))
	}
	h.form(h.open(request(h.app)))
}

func TestPromptAsksAgain(t *testing.T) {
	h := newHost(t)
	h.user = bob()
	h.code(request(h.app), "3")
	h.answer(h.open(request(h.app))) // remembered
	for _, prompt := range []string{"consent", "select_account", "consent select_account"} {
		h.answer(h.decide(h.open(request(h.app, "prompt", prompt)), "authorize", "3"))
	}
}

// Values of extensions change nothing, and hide none of those that are known.
func TestUnknownPrompt(t *testing.T) {
	h := newHost(t)
	h.user = bob()
	h.code(request(h.app), "3")
	h.answer(h.open(request(h.app, "prompt", "create")))
	h.form(h.open(request(h.app, "prompt", "create consent")))
	h.user.AuthenticatedAt = h.clock.Now()
	h.returnTo(h.open(request(h.app, "prompt", "login create")))
}

func TestPromptNone(t *testing.T) {
	h := newHost(t)
	silent := func(app oauthapp.Application, pairs ...string) *httptest.ResponseRecorder {
		return h.open(request(app, append(pairs, "prompt", "none")...))
	}
	require.Equal(t, "account_selection_required", h.answer(silent(h.app)).Get("error"))
	require.Equal(t, "consent_required", h.answer(silent(h.app, "account_id", "2")).Get("error"))
	h.code(request(h.app), "2")
	h.tokens(h.redemption(h.app, h.answer(silent(h.app, "account_id", "2")).Get("code")))
	require.Equal(t, "consent_required", h.answer(silent(h.app, "account_id", "2", "scope", "read write")).Get("error"))
	require.Equal(t, "account_selection_required", h.answer(silent(h.app)).Get("error"))
	h.code(request(h.public), "2")
	require.Equal(t, "interaction_required", h.answer(silent(h.public, "account_id", "2")).Get("error"))

	h.user = h.signedIn(time.Hour)
	require.Equal(t, "login_required", h.answer(silent(h.app, "account_id", "2", "max_age", "60")).Get("error"))
	h.answer(silent(h.app, "account_id", "2", "max_age", "3600"))

	h.user = nil
	answer := h.answer(silent(h.app))
	require.Equal(t, "login_required", answer.Get("error"))
	require.Equal(t, "the-state", answer.Get("state"))
	requirePage(t, silent(h.app, "redirect_uri", "https://evil.example/"), http.StatusBadRequest)

	// By POST the cookie may not have come: that shows with the GET that
	// follows.
	for _, h.user = range []*flow.User{nil, alice()} {
		w := h.post("/oauth/authorize", request(h.app, "prompt", "none", "account_id", "2"))
		require.True(t, strings.HasPrefix(w.Header().Get("Location"), "/oauth/authorize?"))
	}
	h.answer(h.get(h.post("/oauth/authorize", request(h.app, "prompt", "none", "account_id", "2")).Header().Get("Location")))
}

// An application that nobody here registered may lead anywhere: nobody is sent
// there without a word.
func TestPromptNoneOfSelfRegisteredApplications(t *testing.T) {
	h := newHost(t)
	app := h.app
	app.ID[0] ^= 1
	app.ClientID, app.Owner = "selfregistered", ""
	require.NoError(t, h.store.CreateApplication(t.Context(), app, nil, 100))
	for name, user := range map[string]*flow.User{"login_required": nil, "account_selection_required": alice(), "consent_required": bob()} {
		h.user = user
		w := h.open(request(app, "prompt", "none"))
		requirePage(t, w, http.StatusBadRequest)
		require.Contains(t, w.Body.String(), name)
	}
	for code, pairs := range map[string][]string{
		"invalid_scope":   {"scope", "nonsense"},
		"invalid_request": {"account_id", "none"},
		"login_required":  {"prompt", "login"}, // the host does not tell when
	} {
		h.user = bob()
		w := h.open(request(app, pairs...))
		requirePage(t, w, http.StatusBadRequest)
		require.Contains(t, w.Body.String(), code)
	}
	h.user = h.signedIn(time.Hour)
	h.user.Accounts = bob().Accounts
	back := h.returnTo(h.open(request(app, "prompt", "login")))
	requirePage(t, h.get(back), http.StatusBadRequest) // who did not sign in again

	h.user = bob()
	require.Equal(t, "access_denied", h.answer(h.decide(h.open(request(app)), "deny", "")).Get("error"))
}

// A consent is remembered for as long as refreshing can go on.
func TestConsentIsForgotten(t *testing.T) {
	h := newHost(t)
	h.user = bob()
	h.code(request(h.app), "3")
	h.clock.advance(h.sessionTTL - time.Second)
	h.answer(h.open(request(h.app)))
	h.clock.advance(time.Second)
	h.events.reset()
	shown := h.open(request(h.app))
	h.form(shown)
	require.Empty(t, h.events.take())
	require.Equal(t, "consent_required", h.answer(h.open(request(h.app, "prompt", "none"))).Get("error"))
	h.answer(h.decide(shown, "authorize", "3"))
	h.clock.advance(time.Hour)
	h.answer(h.open(request(h.app)))
}

// Scopes that the host names are as if they were not there.
func TestIgnoredScopes(t *testing.T) {
	h := newHost(t, func(cfg *flow.Config) { cfg.IgnoredScopes = []string{"openid", "offline_access"} })
	for scope, want := range map[string]string{
		"openid read": "read", "write offline_access openid": "write", "openid": "read", "offline_access openid": "read", "": "read",
	} {
		granted := h.tokens(h.redemption(h.app, h.code(request(h.app, "scope", scope), "1")))
		require.Equal(t, want, granted.Scope, scope)
	}
	for _, scope := range []string{"openid profile", "OPENID", "openid zzz"} {
		require.Equal(t, "invalid_scope", h.answer(h.open(request(h.app, "scope", scope))).Get("error"), scope)
	}
	granted := h.login(h.app, "scope", "openid read write")
	require.Equal(t, "read write", granted.Scope)
	granted = h.tokens(h.refreshing(h.app, granted.RefreshToken, "scope", "read openid"))
	require.Equal(t, "read", granted.Scope)
	granted = h.tokens(h.refreshing(h.app, granted.RefreshToken, "scope", "openid offline_access"))
	require.Equal(t, "read write", granted.Scope)

	without := newHost(t)
	require.Equal(t, "invalid_scope", without.answer(without.open(request(without.app, "scope", "openid read"))).Get("error"))
	for name, ignored := range map[string][]string{"in Scopes": {"read"}, "no scope name": {"open id"}} {
		cfg := without.Resolved()
		cfg.IgnoredScopes = ignored
		_, err := flow.New(cfg)
		require.ErrorContains(t, err, "Config.IgnoredScopes", name)
	}
}
