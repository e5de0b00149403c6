package flow_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

func TestCodeExchange(t *testing.T) {
	h := newHost(t)
	for name, test := range map[string]struct {
		app  oauthapp.Application
		form []string
		edit func(*http.Request)
	}{
		"confidential by body":  {h.app, nil, func(*http.Request) {}},
		"confidential by Basic": {h.app, []string{"client_secret", "", "client_id", ""}, basic(h.app.ClientID, h.secret)},
		"public":                {h.public, nil, func(*http.Request) {}},
		"unknown parameters":    {h.public, []string{"state", "x", "scope", "write", "foo", "z"}, func(*http.Request) {}},
	} {
		t.Run(name, func(t *testing.T) {
			code := h.code(request(test.app, "scope", "write read"), "2")
			granted := h.tokens(h.redemption(test.app, code, test.form...), test.edit)
			require.Equal(t, "read write", granted.Scope)
			require.EqualValues(t, 3600, granted.ExpiresIn)
			require.NotEmpty(t, granted.RefreshToken)
			require.True(t, h.accepts(granted.AccessToken))

			next := h.tokens(h.refreshing(test.app, granted.RefreshToken))
			require.Equal(t, "read write", next.Scope)
			require.EqualValues(t, 3600, next.ExpiresIn)
			require.NotEqual(t, granted.RefreshToken, next.RefreshToken)
			require.True(t, h.accepts(next.AccessToken))
			require.True(t, h.accepts(granted.AccessToken), "the access token before stays valid")
			last := h.tokens(h.refreshing(test.app, next.RefreshToken))
			require.False(t, h.accepts(granted.AccessToken), "but not the one before that")
			require.True(t, h.accepts(last.AccessToken))
		})
	}
}

// PKCE is for whoever sends a challenge; without one, only a confidential
// client gets by.
func TestCodeExchangeWithoutPKCE(t *testing.T) {
	h := newHost(t)
	params := request(h.app, "code_challenge", "", "code_challenge_method", "")
	code := h.code(params, "1")
	requireError(t, h.post("/oauth/token", h.redemption(h.app, code)), 400, "invalid_grant") // a verifier for no challenge
	h.tokens(h.redemption(h.app, code, "code_verifier", ""))
}

// A request that fails leaves the code as it was, for the client that does it
// right; nor does it open a way around the proof key.
func TestFailuresKeepTheCode(t *testing.T) {
	h := newHost(t)
	other, otherSecret := h.register(oauthapp.Confidential)
	for _, app := range []oauthapp.Application{h.app, h.public} {
		code := h.code(request(app), "1")
		for name, test := range map[string]struct {
			pairs  []string
			status int
			code   string
		}{
			"no verifier":             {[]string{"code_verifier", ""}, 400, "invalid_grant"},
			"wrong verifier":          {[]string{"code_verifier", strings.Repeat("w", 43)}, 400, "invalid_grant"},
			"challenge as verifier":   {[]string{"code_verifier", challenge}, 400, "invalid_grant"},
			"short verifier":          {[]string{"code_verifier", verifier[:42]}, 400, "invalid_grant"},
			"long verifier":           {[]string{"code_verifier", strings.Repeat("v", 129)}, 400, "invalid_grant"},
			"verifier with a space":   {[]string{"code_verifier", strings.Repeat("v", 42) + " "}, 400, "invalid_grant"},
			"no redirect_uri":         {[]string{"redirect_uri", ""}, 400, "invalid_grant"},
			"other redirect_uri":      {[]string{"redirect_uri", callback + "/"}, 400, "invalid_grant"},
			"foreign client":          {[]string{"client_id", other.ClientID, "client_secret", otherSecret}, 400, "invalid_grant"},
			"unknown client":          {[]string{"client_id", "nobody"}, 401, "invalid_client"},
			"no code":                 {[]string{"code", ""}, 400, "invalid_request"},
			"no grant_type":           {[]string{"grant_type", ""}, 400, "invalid_request"},
			"unknown grant_type":      {[]string{"grant_type", "password"}, 400, "unsupported_grant_type"},
			"grant_type in caps":      {[]string{"grant_type", "Authorization_Code"}, 400, "unsupported_grant_type"},
			"two grant types":         {[]string{"grant_type", "authorization_code refresh_token"}, 400, "unsupported_grant_type"},
			"client credentials":      {[]string{"grant_type", "client_credentials"}, 400, "unsupported_grant_type"},
			"code as refresh token":   {[]string{"grant_type", "refresh_token", "refresh_token", code}, 400, "invalid_grant"},
			"code cut":                {[]string{"code", code[:len(code)-1]}, 400, "invalid_grant"},
			"code altered":            {[]string{"code", alter(code)}, 400, "invalid_grant"},
			"no code of ours":         {[]string{"code", "x"}, 400, "invalid_grant"},
			"code of another session": {[]string{"code", h.credentials.NewCode(uuid.Must(uuid.NewV7())).Reveal()}, 400, "invalid_grant"},
			"code of no session":      {[]string{"code", h.credentials.NewCode(uuid.Nil).Reveal()}, 400, "invalid_grant"},
			"other code of session":   {[]string{"code", h.sibling(code)}, 400, "invalid_grant"},
		} {
			t.Run(string(app.Type)+"/"+name, func(t *testing.T) {
				requireError(t, h.post("/oauth/token", h.redemption(app, code, test.pairs...)), test.status, test.code)
			})
		}
		t.Run(string(app.Type)+"/wrong then none", func(t *testing.T) {
			requireError(t, h.post("/oauth/token", h.redemption(app, code, "code_verifier", strings.Repeat("w", 43))), 400, "invalid_grant")
			requireError(t, h.post("/oauth/token", h.redemption(app, code, "code_verifier", "")), 400, "invalid_grant")
		})
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodHead} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(method, "https://id.example/oauth/token?"+h.redemption(app, code).Encode(), nil))
			require.Equal(t, http.StatusMethodNotAllowed, w.Code)
			require.Equal(t, "OPTIONS, POST", w.Header().Get("Allow"))
		}
		require.True(t, h.accepts(h.tokens(h.redemption(app, code)).AccessToken))
	}
	require.NotContains(t, h.store.counted(), "EndSession")
}

// alter changes one character in the middle of a credential.
func alter(credential string) string {
	b := []byte(credential)
	i := len(b) / 2
	b[i] ^= 1
	return string(b)
}

// sibling returns a well-formed code of the same session that was never issued.
func (h *host) sibling(code string) string {
	parsed, err := h.credentials.Parse(credential.AuthorizationCode, code)
	require.NoError(h.t, err)
	return h.credentials.NewCode(parsed.Session).Reveal()
}

func TestRedirectURIOfTheOnlyCallback(t *testing.T) {
	h := newHost(t)
	params := request(h.app, "redirect_uri", "")
	h.tokens(h.redemption(h.app, h.code(params, "1"), "redirect_uri", ""))
	h.tokens(h.redemption(h.app, h.code(params, "1"), "redirect_uri", callback))
	requireError(t, h.post("/oauth/token", h.redemption(h.app, h.code(params, "1"), "redirect_uri", "https://evil.example/")), 400, "invalid_grant")
}

// A code that comes again from its client, with the verifier, ends the session,
// also after refreshes. Whoever found the code in a browser's history ends
// nothing.
func TestCodeReplay(t *testing.T) {
	h := newHost(t)
	other, otherSecret := h.register(oauthapp.Confidential)
	for _, app := range []oauthapp.Application{h.app, h.public} {
		code := h.code(request(app), "1")
		first := h.tokens(h.redemption(app, code))
		second := h.tokens(h.refreshing(app, first.RefreshToken))
		bystander := h.login(app)
		h.events.reset()

		for name, pairs := range map[string][]string{
			"by another client":         {"client_id", other.ClientID, "client_secret", otherSecret},
			"without the verifier":      {"code_verifier", ""},
			"with a wrong verifier":     {"code_verifier", strings.Repeat("w", 43)},
			"with a wrong code":         {"code", alter(code)},
			"with a sibling never made": {"code", h.sibling(code)},
		} {
			requireError(t, h.post("/oauth/token", h.redemption(app, code, pairs...)), 400, "invalid_grant")
			require.True(t, h.accepts(second.AccessToken), name)
		}
		if app.Type == oauthapp.Confidential {
			requireError(t, h.post("/oauth/token", h.redemption(app, code, "client_secret", "wrong")), 401, "invalid_client")
			require.True(t, h.accepts(second.AccessToken))
		}
		h.events.reset()

		h.clock.advance(30 * time.Second)
		requireError(t, h.post("/oauth/token", h.redemption(app, code)), 400, "invalid_grant")
		require.False(t, h.accepts(first.AccessToken))
		require.False(t, h.accepts(second.AccessToken))
		requireError(t, h.post("/oauth/token", h.refreshing(app, second.RefreshToken)), 400, "invalid_grant")
		require.True(t, h.accepts(bystander.AccessToken), "other sessions live on")
		require.Equal(t, []oauthapp.EventType{oauthapp.CodeReplayed, oauthapp.RequestRefused}, h.eventTypes())
	}
}

// Of any number of requests with one code one succeeds, and its tokens are
// withdrawn: the code was replayed.
func TestConcurrentRedemptions(t *testing.T) {
	h := newHost(t)
	for range 5 {
		form := h.redemption(h.app, h.code(request(h.app), "1"))
		answers := h.concurrently(50, form)
		var winners []grantedTokens
		for _, w := range answers {
			if w.Code == http.StatusOK {
				winners = append(winners, h.granted(w))
			} else {
				requireError(t, w, 400, "invalid_grant")
			}
		}
		require.Len(t, winners, 1)
		for _, w := range winners {
			require.False(t, h.accepts(w.AccessToken))
			requireError(t, h.post("/oauth/token", h.refreshing(h.app, w.RefreshToken)), 400, "invalid_grant")
		}
	}
}

// concurrently sends n copies of a token request at once.
func (h *host) concurrently(n int, form url.Values) []*httptest.ResponseRecorder {
	answers := make([]*httptest.ResponseRecorder, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			<-start
			answers[i] = h.post("/oauth/token", form)
		})
	}
	close(start)
	wg.Wait()
	return answers
}

// Two requests that both read the code before either redeems it: the loser ends
// the session that the winner began.
func TestLostRaceForACode(t *testing.T) {
	h := newHost(t)
	code := h.code(request(h.app), "1")
	h.store.Store = racing{h.store.Store, &h.store.Store}
	requireError(t, h.post("/oauth/token", h.redemption(h.app, code)), 400, "invalid_grant")
	require.Equal(t, []oauthapp.EventType{oauthapp.GrantCreated, oauthapp.CodeReplayed}, h.eventTypes())
	parsed, err := h.credentials.Parse(credential.AuthorizationCode, code)
	require.NoError(t, err)
	_, err = h.store.Session(t.Context(), parsed.Session)
	require.ErrorIs(t, err, store.ErrNotFound)
}

// A racing store lets another request redeem or rotate first, once.
type racing struct {
	store.Store
	self *store.Store
}

func (s racing) RedeemCode(ctx context.Context, r store.Redemption) error {
	*s.self = s.Store
	if err := s.Store.RedeemCode(ctx, r); err != nil {
		return err
	}
	return s.Store.RedeemCode(ctx, r)
}

func (s racing) RotateRefreshToken(ctx context.Context, r store.Rotation) error {
	*s.self = s.Store
	if err := s.Store.RotateRefreshToken(ctx, r); err != nil {
		return err
	}
	return s.Store.RotateRefreshToken(ctx, r)
}

func TestRefreshRefusals(t *testing.T) {
	h := newHost(t)
	other, otherSecret := h.register(oauthapp.Confidential)
	granted := h.login(h.app)
	parsed, err := h.credentials.Parse(credential.RefreshToken, granted.RefreshToken)
	require.NoError(t, err)
	for name, test := range map[string]struct {
		pairs  []string
		status int
		code   string
	}{
		"no refresh_token":     {[]string{"refresh_token", ""}, 400, "invalid_request"},
		"no token of ours":     {[]string{"refresh_token", "x"}, 400, "invalid_grant"},
		"altered":              {[]string{"refresh_token", alter(granted.RefreshToken)}, 400, "invalid_grant"},
		"access token":         {[]string{"refresh_token", granted.AccessToken}, 400, "invalid_grant"},
		"forged family":        {[]string{"refresh_token", h.credentials.NewRefreshToken(parsed.Session, credential.NewFamily()).Reveal()}, 400, "invalid_grant"},
		"foreign client":       {[]string{"client_id", other.ClientID, "client_secret", otherSecret}, 400, "invalid_grant"},
		"public client":        {[]string{"client_id", h.public.ClientID, "client_secret", ""}, 400, "invalid_grant"},
		"no secret":            {[]string{"client_secret", ""}, 401, "invalid_client"},
		"no client":            {[]string{"client_secret", "", "client_id", ""}, 401, "invalid_client"},
		"broader scope":        {[]string{"scope", "read write"}, 400, "invalid_scope"},
		"other scope":          {[]string{"scope", "write"}, 400, "invalid_scope"},
		"unknown scope":        {[]string{"scope", "zzz"}, 400, "invalid_scope"},
		"scope in caps":        {[]string{"scope", "READ"}, 400, "invalid_scope"},
		"nothing but a space":  {[]string{"scope", " "}, 400, "invalid_scope"},
		"forged, broader":      {[]string{"scope", "write", "refresh_token", h.credentials.NewRefreshToken(parsed.Session, credential.NewFamily()).Reveal()}, 400, "invalid_grant"},
		"code that is missing": {[]string{"grant_type", "authorization_code"}, 400, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			requireError(t, h.post("/oauth/token", h.refreshing(h.app, granted.RefreshToken, test.pairs...)), test.status, test.code)
		})
	}
	require.NotContains(t, h.store.counted(), "EndSession")
	h.tokens(h.refreshing(h.app, granted.RefreshToken))
}

func TestRefreshNarrowsScope(t *testing.T) {
	h := newHost(t)
	granted := h.login(h.app, "scope", "read write")
	narrow := h.tokens(h.refreshing(h.app, granted.RefreshToken, "scope", "write write"))
	require.Equal(t, "write", narrow.Scope)
	require.Equal(t, http.StatusForbidden, h.callRequiring(narrow.AccessToken, "read"))
	require.Equal(t, http.StatusNoContent, h.callRequiring(narrow.AccessToken, "write"))
	full := h.tokens(h.refreshing(h.app, narrow.RefreshToken))
	require.Equal(t, "read write", full.Scope, "the refresh token stands for all of it")
}

func (h *host) callRequiring(token, scope string) int {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "https://id.example/api", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	h.Require(scope)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })).ServeHTTP(w, r)
	return w.Code
}

// New tokens leave out what the application may no longer ask for.
func TestScopesTakenFromTheApplication(t *testing.T) {
	h := newHost(t)
	granted := h.login(h.app, "scope", "read write")
	code := h.code(request(h.app, "scope", "read write"), "1")
	h.restrict(h.app, "write")
	require.Equal(t, "write", h.tokens(h.redemption(h.app, code)).Scope)
	requireError(t, h.post("/oauth/token", h.refreshing(h.app, granted.RefreshToken, "scope", "read")), 400, "invalid_scope")
	requireError(t, h.post("/oauth/token", h.refreshing(h.app, granted.RefreshToken, "scope", "read write zzz")), 400, "invalid_scope")
	granted = h.tokens(h.refreshing(h.app, granted.RefreshToken))
	require.Equal(t, "write", granted.Scope)
	granted = h.tokens(h.refreshing(h.app, granted.RefreshToken, "scope", "read write")) // as many clients repeat it
	require.Equal(t, "write", granted.Scope)
	onlyWrite := h.login(h.app, "scope", "write")
	h.restrict(h.app, "read")
	requireError(t, h.post("/oauth/token", h.refreshing(h.app, onlyWrite.RefreshToken)), 400, "invalid_scope")
	h.restrict(h.app)
	require.Equal(t, "read write", h.tokens(h.refreshing(h.app, granted.RefreshToken)).Scope)
}

// Whoever hangs up after presenting a stolen credential has ended the session
// all the same.
func TestReuseByAClientThatHangsUp(t *testing.T) {
	h := newHost(t)
	granted := h.login(h.app)
	newest := h.tokens(h.refreshing(h.app, granted.RefreshToken))
	h.clock.advance(time.Minute)
	ctx, hangUp := context.WithCancel(t.Context())
	h.store.Store = hangingUp{h.store.Store, hangUp}
	h.post("/oauth/token", h.refreshing(h.app, granted.RefreshToken), func(r *http.Request) { *r = *r.WithContext(ctx) })
	require.Error(t, ctx.Err())
	require.False(t, h.accepts(newest.AccessToken))
}

type hangingUp struct {
	store.Store
	hangUp func()
}

func (s hangingUp) Client(ctx context.Context, id string, session uuid.UUID, now time.Time) (store.Client, error) {
	defer s.hangUp()
	return s.Store.Client(ctx, id, session, now)
}

// What is withdrawn is gone for every request that follows.
func TestTokensOfWhatWasWithdrawn(t *testing.T) {
	for name, withdraw := range map[string]func(*testing.T, *host){
		"all tokens of the application": func(t *testing.T, h *host) {
			_, err := h.Registry().RevokeTokens(t.Context(), oauthapp.AnyOwner, h.app.ID)
			require.NoError(t, err)
		},
		"the grant": func(t *testing.T, h *host) {
			grants, err := h.Registry().Grants(t.Context(), oauthapp.GrantsOfUser("1"), oauthapp.Page{})
			require.NoError(t, err)
			_, err = h.Registry().RevokeGrant(t.Context(), oauthapp.GrantsOfUser("1"), grants.Items[0].ID)
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			granted := h.login(h.app)
			code := h.code(request(h.app), "1")
			withdraw(t, h)
			require.False(t, h.accepts(granted.AccessToken))
			requireError(t, h.post("/oauth/token", h.refreshing(h.app, granted.RefreshToken)), 400, "invalid_grant")
			requireError(t, h.post("/oauth/token", h.redemption(h.app, code)), 400, "invalid_grant")
			require.True(t, h.accepts(h.login(h.app).AccessToken))
		})
	}
	t.Run("the application", func(t *testing.T) {
		h := newHost(t)
		granted := h.login(h.app)
		code := h.code(request(h.app), "1")
		require.NoError(t, h.Registry().Delete(t.Context(), oauthapp.AnyOwner, h.app.ID))
		require.False(t, h.accepts(granted.AccessToken))
		requireError(t, h.post("/oauth/token", h.refreshing(h.app, granted.RefreshToken)), 401, "invalid_client")
		requireError(t, h.post("/oauth/token", h.redemption(h.app, code)), 401, "invalid_client")
	})
}

// Every time is exclusive: what expires at a time is expired at it. The clock
// is the real one, driven by testing/synctest.
func TestLifetimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t, func(cfg *flow.Config) {
			cfg.Now = time.Now
			cfg.Lifetimes.Code = time.Minute
			cfg.Lifetimes.AccessToken = 10*time.Minute + 500*time.Millisecond
			cfg.Lifetimes.RefreshToken = time.Hour
			cfg.Lifetimes.Session = 3 * time.Hour
		})
		kept, lost := h.code(request(h.app), "1"), h.code(request(h.app), "1")
		time.Sleep(time.Minute - time.Microsecond)
		granted := h.tokens(h.redemption(h.app, kept))
		require.EqualValues(t, 600, granted.ExpiresIn, "rounded down")
		time.Sleep(time.Microsecond)
		requireError(t, h.post("/oauth/token", h.redemption(h.app, lost)), 400, "invalid_grant")

		time.Sleep(10 * time.Minute)
		require.True(t, h.accepts(granted.AccessToken))
		time.Sleep(500 * time.Millisecond)
		require.False(t, h.accepts(granted.AccessToken))

		idle := h.login(h.app)
		time.Sleep(time.Hour)
		requireError(t, h.post("/oauth/token", h.refreshing(h.app, idle.RefreshToken)), 400, "invalid_grant")

		granted = h.login(h.app)
		began := time.Now()
		for range 5 {
			time.Sleep(35 * time.Minute)
			granted = h.tokens(h.refreshing(h.app, granted.RefreshToken))
		}
		require.EqualValues(t, 5*60, granted.ExpiresIn, "no token outlives the session")
		time.Sleep(time.Until(began.Add(3*time.Hour)) - time.Microsecond)
		require.True(t, h.accepts(granted.AccessToken))
		last := h.tokens(h.refreshing(h.app, granted.RefreshToken))
		require.EqualValues(t, 1, last.ExpiresIn, "never 0, which clients take for no end")
		time.Sleep(time.Microsecond)
		require.False(t, h.accepts(last.AccessToken))
		requireError(t, h.post("/oauth/token", h.refreshing(h.app, last.RefreshToken)), 400, "invalid_grant")
	})
}

// Whatever fails in the store, the answer is 503, and the client can try again.
func TestTokenOutages(t *testing.T) {
	h := newHost(t)
	code := h.code(request(h.app), "1")
	granted := h.login(h.app)
	for _, failure := range []error{errBroken, errClosed, context.DeadlineExceeded, store.ErrConflict} {
		for _, method := range []string{"Client", "RedeemCode"} {
			h.store.fail(failure, method)
			requireOutage(t, h.post("/oauth/token", h.redemption(h.app, code)))
			h.store.reset()
		}
		for _, method := range []string{"Client", "RotateRefreshToken"} {
			h.store.fail(failure, method)
			requireOutage(t, h.post("/oauth/token", h.refreshing(h.app, granted.RefreshToken)))
			h.store.reset()
		}
	}
	h.tokens(h.redemption(h.app, code))
	h.tokens(h.refreshing(h.app, granted.RefreshToken))

	t.Run("while ending a session", func(t *testing.T) {
		h.clock.advance(time.Minute)
		h.events.reset()
		h.store.fail(errBroken, "EndSession")
		requireOutage(t, h.post("/oauth/token", h.redemption(h.app, code)))
		requireOutage(t, h.post("/oauth/token", h.refreshing(h.app, granted.RefreshToken)))
		require.Empty(t, h.eventTypes(), "nothing was ended")
		h.store.reset()
		requireError(t, h.post("/oauth/token", h.redemption(h.app, code)), 400, "invalid_grant")
		requireError(t, h.post("/oauth/token", h.refreshing(h.app, granted.RefreshToken)), 400, "invalid_grant")
		require.Equal(t, []oauthapp.EventType{oauthapp.CodeReplayed, oauthapp.RefreshTokenReused}, h.eventTypes())
	})
	t.Run("while ending the session of a lost race", func(t *testing.T) {
		code := h.code(request(h.app), "1")
		h.store.fail(store.ErrUsed, "RedeemCode")
		h.store.fail(errBroken, "EndSession")
		requireOutage(t, h.post("/oauth/token", h.redemption(h.app, code)))
		h.store.reset()
	})
	t.Run("while noting the use of a grant", func(t *testing.T) {
		h.clock.advance(time.Hour)
		code := h.code(request(h.app), "1")
		h.store.fail(errBroken, "Touch")
		h.tokens(h.redemption(h.app, code))
		h.store.reset()
	})
}

// A session that ends between the read and the write yields nothing.
func TestSessionEndedMeanwhile(t *testing.T) {
	h := newHost(t)
	code, granted := h.code(request(h.app), "1"), h.login(h.app)
	h.store.fail(store.ErrNotFound, "RedeemCode", "RotateRefreshToken")
	requireError(t, h.post("/oauth/token", h.redemption(h.app, code)), 400, "invalid_grant")
	requireError(t, h.post("/oauth/token", h.refreshing(h.app, granted.RefreshToken)), 400, "invalid_grant")
	require.NotContains(t, h.store.counted(), "EndSession")
}

// An exchange is one read and one write; uses are noted once in five minutes.
func TestTokenRoundTrips(t *testing.T) {
	h := newHost(t)
	code := h.code(request(h.app), "1")
	h.store.reset()
	granted := h.tokens(h.redemption(h.app, code))
	require.Equal(t, map[string]int{"Client": 1, "RedeemCode": 1, "Touch": 1}, h.store.counted(), "Touch: the secret's first use")
	for _, step := range []struct {
		wait    time.Duration
		touches int
	}{{0, 1}, {0, 0}, {5*time.Minute - time.Microsecond, 0}, {time.Microsecond, 2}, {0, 0}} {
		h.clock.advance(step.wait)
		h.store.reset()
		granted = h.tokens(h.refreshing(h.app, granted.RefreshToken))
		want := map[string]int{"Client": 1, "RotateRefreshToken": 1}
		if step.touches > 0 {
			want["Touch"] = step.touches
		}
		require.Equal(t, want, h.store.counted())
	}
	code = h.code(request(h.app), "1")
	h.store.reset()
	h.tokens(h.redemption(h.app, code))
	require.Equal(t, map[string]int{"Client": 1, "RedeemCode": 1}, h.store.counted())
}

func TestTokenEvents(t *testing.T) {
	h := newHost(t)
	code := h.code(request(h.app, "scope", "read write"), "2")
	created := h.events.take()[0]
	granted := h.tokens(h.redemption(h.app, code), header("User-Agent", "client/1"))
	h.tokens(h.refreshing(h.app, granted.RefreshToken, "scope", "read"))
	events := h.events.take()
	require.Len(t, events, 2)
	for i, want := range []struct {
		kind   oauthapp.EventType
		scopes []string
	}{{oauthapp.TokenIssued, []string{"read", "write"}}, {oauthapp.TokenRefreshed, []string{"read"}}} {
		e := events[i]
		require.Equal(t, want.kind, e.Type)
		require.Equal(t, want.scopes, e.Scopes)
		require.Equal(t, created.SessionID, e.SessionID)
		require.Equal(t, created.GrantID, e.GrantID)
		require.Equal(t, []string{h.app.ClientID, "1", "2"}, []string{e.ClientID, e.UserID, e.AccountID})
		require.Equal(t, h.clock.Now(), e.Time)
		require.Empty(t, e.Actor.UserID, "the application acts for itself")
		require.Equal(t, "192.0.2.1", e.Actor.RemoteAddr)
	}
	require.Equal(t, "client/1", events[0].Actor.UserAgent)
}

// The request's end is not the event's.
func TestEventsOutliveTheirRequest(t *testing.T) {
	var err error
	h := newHost(t, func(cfg *flow.Config) {
		events := cfg.Events
		cfg.Events = func(ctx context.Context, e oauthapp.Event) {
			err = ctx.Err()
			events(ctx, e)
		}
	})
	code := h.code(request(h.app), "1")
	ctx, hangUp := context.WithCancel(t.Context())
	h.store.Store = hangingUpLate{h.store.Store, hangUp}
	h.tokens(h.redemption(h.app, code), func(r *http.Request) { *r = *r.WithContext(ctx) })
	require.Error(t, ctx.Err())
	require.NoError(t, err)
	require.Equal(t, []oauthapp.EventType{oauthapp.GrantCreated, oauthapp.TokenIssued}, h.eventTypes())
}

type hangingUpLate struct {
	store.Store
	hangUp func()
}

func (s hangingUpLate) RedeemCode(ctx context.Context, r store.Redemption) error {
	defer s.hangUp()
	return s.Store.RedeemCode(ctx, r)
}

// Only digests are handed to the store.
func TestStoreSeesNoCredentials(t *testing.T) {
	h := newHost(t)
	code := h.code(request(h.app), "1")
	parsed, err := h.credentials.Parse(credential.AuthorizationCode, code)
	require.NoError(t, err)
	session, err := h.store.Session(t.Context(), parsed.Session)
	require.NoError(t, err)
	require.Equal(t, credential.DigestOf(code), session.Code.Digest)
	require.Equal(t, credential.DigestOf("the-state"), session.Code.State)
	require.Equal(t, challenge, session.Code.CodeChallenge)
	require.Equal(t, callback, session.Code.RedirectURI)
	require.Equal(t, h.clock.Now().Add(5*time.Minute), session.Code.ExpiresAt)

	granted := h.tokens(h.redemption(h.app, code))
	session, err = h.store.Session(t.Context(), parsed.Session)
	require.NoError(t, err)
	require.Equal(t, credential.DigestOf(granted.AccessToken), session.Access.Digest)
	require.Equal(t, credential.DigestOf(granted.RefreshToken), session.Refresh.Digest)
	refresh, err := h.credentials.Parse(credential.RefreshToken, granted.RefreshToken)
	require.NoError(t, err)
	require.Equal(t, refresh.Family.Digest(), session.RefreshFamily)
	require.Equal(t, h.clock.Now().Add(365*24*time.Hour), session.ExpiresAt)
	require.Equal(t, h.clock.Now().Add(30*24*time.Hour), session.Refresh.ExpiresAt)
}
