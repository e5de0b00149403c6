package tokens_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/flow/tokens"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

func TestTokens(t *testing.T) {
	s := newService(t, tokens.Config{})
	mine := s.make("ada", "10", url.Values{"name": {" Nightly <backup> "}})
	shared := s.make("ada", "11", url.Values{"kind": {"account"}, "scope": {"read"}, "expires_in": {"30"}})

	require.Equal(t, "1,,read write", s.call(mine).Body.String(), "a user token is for every account")
	require.Equal(t, "1,11,read", s.call(shared).Body.String())

	page := s.get("ada", "/accounts/11/api_tokens").Body.String()
	require.Contains(t, page, "Nightly &lt;backup&gt;")
	require.Contains(t, page, "just now", "it was used")
	require.NotContains(t, page, mine, "it is shown once")
	require.NotContains(t, page, shared)

	page = s.get("bob", "/accounts/11/api_tokens").Body.String()
	require.NotContains(t, page, "Nightly", "a user token is its user's")
	require.Contains(t, page, "by <bdi>Ada</bdi>", "an account token is the account's")

	created := s.eventsOf(oauthapp.APITokenCreated)
	require.Len(t, created, 2)
	require.Equal(t, "Nightly <backup>", created[0].APITokenName)
	require.Equal(t, "1", created[0].Actor.UserID)
	require.Equal(t, "11", created[1].AccountID)

	s.pass(30 * 24 * time.Hour)
	require.Equal(t, http.StatusUnauthorized, s.call(shared).Code, "it has expired")
	require.Equal(t, http.StatusOK, s.call(mine).Code)
}

func TestRevoke(t *testing.T) {
	s := newService(t, tokens.Config{})
	mine, shared := s.make("ada", "10", nil), s.make("ada", "11", url.Values{"kind": {"account"}})
	path, form := s.revocation("bob", "11")
	answer := s.post("bob", path, form)
	require.Equal(t, http.StatusSeeOther, answer.Code)
	require.Contains(t, s.get("bob", answer.Header().Get("Location")).Body.String(), "The token is revoked.")
	require.Equal(t, http.StatusUnauthorized, s.call(shared).Code)
	require.Equal(t, http.StatusOK, s.call(mine).Code)
	require.Equal(t, "2", s.eventsOf(oauthapp.APITokenRevoked)[0].Actor.UserID)
	require.Equal(t, http.StatusNotFound, s.post("bob", path, form).Code, "it has ended")

	path, form = s.revocation("ada", "10")
	require.Equal(t, http.StatusNotFound, s.post("bob", path, form).Code, "not an account of theirs")
	require.Equal(t, http.StatusForbidden, s.post("bob", strings.Replace(path, "/10/", "/11/", 1), form).Code, "not their form")
	require.Equal(t, http.StatusOK, s.call(mine).Code)
	require.Equal(t, http.StatusSeeOther, s.post("ada", path, form).Code)
	require.Equal(t, http.StatusUnauthorized, s.call(mine).Code)
}

// A form that is not filled in right comes back as it was sent, with what is
// wrong with it.
func TestForm(t *testing.T) {
	s := newService(t, tokens.Config{})
	for name, tt := range map[string]struct {
		fields url.Values
		says   string
	}{
		"no name":      {url.Values{"name": {" "}}, "Name is required"},
		"long name":    {url.Values{"name": {strings.Repeat("x", 101)}}, "too long"},
		"hidden name":  {url.Values{"name": {"a\u202eb"}}, "one line of visible characters"},
		"no scope":     {url.Values{"scope": nil}, "Choose at least one permission."},
		"other scope":  {url.Values{"scope": {"admin"}}, "is not a scope of this service"},
		"no kind":      {url.Values{"kind": nil}, "Choose what the token is for"},
		"no number":    {url.Values{"expires_in": {"soon"}}, "Write a number of days from 1 to 3650, or nothing"},
		"zero":         {url.Values{"expires_in": {"0"}}, "Write a number of days"},
		"past":         {url.Values{"expires_in": {"-1"}}, "Write a number of days"},
		"too far":      {url.Values{"expires_in": {"99999999999999999999"}}, "Write a number of days"},
		"two problems": {url.Values{"name": {""}, "scope": nil}, "Choose at least one permission."},
	} {
		t.Run(name, func(t *testing.T) {
			fields := url.Values{"name": {"Kept name"}, "scope": {"write"}, "kind": {"account"}}
			for k, v := range tt.fields {
				fields[k] = v
			}
			answer := s.post("ada", "/accounts/10/api_tokens", s.form("ada", "10", fields))
			require.Equal(t, http.StatusUnprocessableEntity, answer.Code)
			require.Contains(t, answer.Body.String(), tt.says)
			if tt.fields.Get("name") == "" && !tt.fields.Has("name") {
				require.Contains(t, answer.Body.String(), `value="Kept name"`)
			}
			if !tt.fields.Has("scope") {
				require.Contains(t, answer.Body.String(), `value="write" checked`)
			}
		})
	}
	require.Empty(t, s.eventsOf(oauthapp.APITokenCreated))
}

func TestMaxLifetime(t *testing.T) {
	s := newService(t, tokens.Config{MaxLifetime: 30 * 24 * time.Hour})
	for _, days := range []string{"", "31"} {
		answer := s.post("ada", "/accounts/10/api_tokens", s.form("ada", "10", url.Values{"expires_in": {days}}))
		require.Equal(t, http.StatusUnprocessableEntity, answer.Code)
		require.Contains(t, answer.Body.String(), "Write a number of days from 1 to 30.")
	}
	token := s.make("ada", "10", url.Values{"expires_in": {"30"}})
	s.pass(30*24*time.Hour - time.Second)
	require.Equal(t, http.StatusOK, s.call(token).Code)
	s.pass(time.Second)
	require.Equal(t, http.StatusUnauthorized, s.call(token).Code)
}

// People write numbers with the digits of their keyboard.
func TestDaysAsTyped(t *testing.T) {
	s := newService(t, tokens.Config{})
	for _, days := range []string{"30", " 30 ", "٣٠", "۳۰", "３０"} {
		token := s.make("ada", "10", url.Values{"expires_in": {days}})
		s.pass(30*24*time.Hour - time.Second)
		require.Equal(t, http.StatusOK, s.call(token).Code, days)
		s.pass(time.Second)
		require.Equal(t, http.StatusUnauthorized, s.call(token).Code, days)
	}
}

// A form that is sent twice, as by a reload, makes one token.
func TestFormIsSentTwice(t *testing.T) {
	s := newService(t, tokens.Config{})
	form := s.form("ada", "10", nil)
	require.Equal(t, http.StatusOK, s.post("ada", "/accounts/10/api_tokens", form).Code)
	answer := s.post("ada", "/accounts/10/api_tokens", form)
	require.Equal(t, http.StatusConflict, answer.Code)
	require.Contains(t, answer.Body.String(), "This form was sent before")
	require.Len(t, s.eventsOf(oauthapp.APITokenCreated), 1)
}

// Times are in the zone that the host says for the person.
func TestTimeZone(t *testing.T) {
	s := newService(t, tokens.Config{}, func(cfg *flow.Config) {
		cfg.Pages.TimeZone = func(*http.Request) *time.Location { return time.FixedZone("", -3*60*60) }
	})
	s.make("ada", "10", url.Values{"expires_in": {"30"}})
	require.Contains(t, s.get("ada", "/accounts/10/api_tokens").Body.String(), "5 Jun 2026, 09:00 UTC−3")
	require.Contains(t, s.get("ada", "/accounts/99/api_tokens").Body.String(), "6 May 2026, 09:00:00 UTC−3</time>")
}

// A token that was made is shown, and each name on the page asked for once.
func TestShown(t *testing.T) {
	asked := 0
	s := newService(t, tokens.Config{}, func(cfg *flow.Config) {
		cfg.Pages.UserName = func(context.Context, string) (string, error) { asked++; return "", nil }
	})
	answer := s.post("ada", "/accounts/11/api_tokens?after=nonsense", s.form("ada", "11", url.Values{"kind": {"account"}}))
	require.Equal(t, http.StatusOK, answer.Code)
	require.Regexp(t, shown, answer.Body.String())
	s.make("ada", "11", url.Values{"kind": {"account"}})
	require.Equal(t, 2, strings.Count(s.get("bob", "/accounts/11/api_tokens").Body.String(), "by <bdi>1</bdi>"))
	require.Equal(t, 1, asked)
}

// A token that was made is shown, also where the names of others are away.
func TestShownWithoutNames(t *testing.T) {
	away := false
	s := newService(t, tokens.Config{}, func(cfg *flow.Config) {
		cfg.Pages.UserName = func(context.Context, string) (string, error) {
			if away {
				panic("no names")
			}
			return "", nil
		}
	})
	s.make("ada", "11", url.Values{"kind": {"account"}})
	form := s.form("bob", "11", url.Values{"kind": {"account"}})
	away = true
	answer := s.post("bob", "/accounts/11/api_tokens", form)
	require.Equal(t, http.StatusOK, answer.Code)
	require.Regexp(t, shown, answer.Body.String())
	require.Equal(t, http.StatusServiceUnavailable, s.get("bob", "/accounts/11/api_tokens").Code)
}

func TestLimit(t *testing.T) {
	s := newService(t, tokens.Config{})
	for range 100 {
		_, _, err := s.Registry().CreateAPIToken(t.Context(), oauthapp.NewAPIToken{UserID: "1", Name: "CI", Scopes: []string{"read"}})
		require.NoError(t, err)
	}
	answer := s.post("ada", "/accounts/10/api_tokens", s.form("ada", "10", nil))
	require.Equal(t, http.StatusUnprocessableEntity, answer.Code)
	require.Contains(t, answer.Body.String(), "You have as many tokens as you may have.")
	require.NotEmpty(t, s.make("bob", "20", nil))
}

func TestForgedForms(t *testing.T) {
	s := newService(t, tokens.Config{})
	theirs := s.form("bob", "11", nil)
	require.Equal(t, http.StatusForbidden, s.post("ada", "/accounts/11/api_tokens", theirs).Code, "of another user")
	other := s.form("ada", "10", nil)
	require.Equal(t, http.StatusForbidden, s.post("ada", "/accounts/11/api_tokens", other).Code, "for another account")
	other.Set("id", s.form("ada", "10", nil).Get("id"))
	require.Equal(t, http.StatusForbidden, s.post("ada", "/accounts/10/api_tokens", other).Code, "of another form")
	old := s.form("ada", "10", nil)
	s.pass(25 * time.Hour)
	require.Equal(t, http.StatusForbidden, s.post("ada", "/accounts/10/api_tokens", old).Code, "too old")
	r := httptest.NewRequest(http.MethodPost, issuer+"/accounts/10/api_tokens", strings.NewReader(s.form("ada", "10", nil).Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://evil.example")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Person", "ada")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	require.Equal(t, http.StatusForbidden, w.Code, "of another site")
	require.Empty(t, s.eventsOf(oauthapp.APITokenCreated))
	require.NotEmpty(t, s.eventsOf(oauthapp.APITokenFormRefused))

	signedOut := s.post("", "/accounts/10/api_tokens", s.form("ada", "10", nil))
	require.Equal(t, "/login?return_to=%2Faccounts%2F10%2Fapi_tokens", signedOut.Header().Get("Location"))
	require.Equal(t, http.StatusNotFound, s.get("ada", "/accounts/20/api_tokens").Code)
	require.Equal(t, http.StatusNotFound, s.get("ada", "/accounts/10/api_tokens?after=nonsense").Code)
}

// What a user may do at each use is what counts, and one who may do nothing any
// more ends the token.
func TestAccessFollowsThePerson(t *testing.T) {
	s := newService(t, tokens.Config{})
	mine, shared := s.make("ada", "10", nil), s.make("ada", "11", url.Values{"kind": {"account"}})
	s.set("1", "11", "read")
	require.Equal(t, "1,11,read", s.call(shared).Body.String())
	s.set("1", "11", "outage")
	require.Equal(t, http.StatusServiceUnavailable, s.call(shared).Code)
	s.set("1", "11", "write")
	require.Equal(t, http.StatusForbidden, s.call(shared).Code)
	refused := s.eventsOf(oauthapp.RequestRefused)
	require.Equal(t, flow.InsufficientScope, refused[len(refused)-1].Error)
	require.Equal(t, "CI", refused[len(refused)-1].APITokenName)
	s.set("1", "11")
	require.Equal(t, http.StatusUnauthorized, s.call(shared).Code)
	require.Equal(t, "the user may give nothing any more", s.eventsOf(oauthapp.APITokenRevoked)[0].Reason)
	s.set("1", "11", "read", "write")
	require.Equal(t, http.StatusUnauthorized, s.call(shared).Code, "it stays ended")
	require.Equal(t, http.StatusOK, s.call(mine).Code)
	s.set("1", "")
	require.Equal(t, http.StatusUnauthorized, s.call(mine).Code)

	s.set("2", "", "read")
	answer := s.post("bob", "/accounts/20/api_tokens", s.form("bob", "20", nil))
	require.Equal(t, http.StatusUnprocessableEntity, answer.Code)
	require.Contains(t, answer.Body.String(), "You may not give “write”.")
	s.set("2", "", "outage")
	require.Equal(t, http.StatusServiceUnavailable, s.post("bob", "/accounts/20/api_tokens", s.form("bob", "20", nil)).Code)
}

// Of several APIs, the default one alone takes API tokens, with its scopes.
func TestResources(t *testing.T) {
	const other = "https://other.example"
	s := newService(t, tokens.Config{}, func(cfg *flow.Config) {
		cfg.Resources = []flow.Resource{{Identifier: issuer, Scopes: []string{"read"}}, {Identifier: other}}
	})
	answer := s.post("ada", "/accounts/10/api_tokens", s.form("ada", "10", url.Values{"scope": {"write"}}))
	require.Equal(t, http.StatusUnprocessableEntity, answer.Code)
	require.Contains(t, answer.Body.String(), "You may not give “write”.")
	require.NotContains(t, answer.Body.String(), `value="write"`)

	token := s.make("ada", "10", url.Values{"scope": {"read"}})
	require.Equal(t, "1,,read", s.call(token).Body.String())
	r := httptest.NewRequest(http.MethodGet, other, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	_, err := s.Authenticate(r, flow.Guard{Resource: other})
	require.ErrorContains(t, err, flow.InvalidToken)
	refused := s.eventsOf(oauthapp.RequestRefused)
	require.Equal(t, "the access token is for another API of this service", refused[len(refused)-1].Reason)
	require.Equal(t, "CI", refused[len(refused)-1].APITokenName)

	later := flowtest.New(t, flow.Config{
		Issuer: issuer, Store: s.store, Extensions: []flow.Extension{tokens.New(tokens.Config{})},
		Scopes: []flow.Scope{{Name: "write", Description: "Write your data", Default: true}},
	})
	r = httptest.NewRequest(http.MethodGet, issuer, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	_, err = later.Authenticate(r, flow.Guard{})
	require.ErrorContains(t, err, flow.InsufficientScope, "the service does not have its scope any more")
	require.Equal(t, "1,,read", s.call(token).Body.String(), "it was not ended")
}

func TestEndAccess(t *testing.T) {
	for name, tt := range map[string]struct {
		end  func(*service) (oauthapp.Ended, error)
		want oauthapp.Ended
		left []int
	}{
		"user": {func(s *service) (oauthapp.Ended, error) {
			return s.Registry().EndAccess(t.Context(), oauthapp.GrantsOfUser("1"), nil)
		}, oauthapp.Ended{APITokens: 2}, []int{2, 3}},
		"erased": {func(s *service) (oauthapp.Ended, error) { return s.Registry().Erase(t.Context(), "1") }, oauthapp.Ended{APITokens: 2}, []int{2, 3}},
		"account": {func(s *service) (oauthapp.Ended, error) {
			return s.Registry().EndAccess(t.Context(), oauthapp.GrantsForAccount("11"), nil)
		}, oauthapp.Ended{APITokens: 2}, []int{0, 2}},
		"user of account": {func(s *service) (oauthapp.Ended, error) {
			return s.Registry().EndAccess(t.Context(), oauthapp.GrantsOfUser("1").ForAccount("11"), nil)
		}, oauthapp.Ended{APITokens: 1}, []int{0, 2, 3}},
		"all": {func(s *service) (oauthapp.Ended, error) {
			return s.Registry().EndAccess(t.Context(), oauthapp.GrantsToOwner(oauthapp.AnyOwner), nil)
		}, oauthapp.Ended{APITokens: 4, Applications: 1}, nil},
		"owner": {func(s *service) (oauthapp.Ended, error) {
			return s.Registry().EndAccess(t.Context(), oauthapp.GrantsToOwner(oauthapp.OwnedBy("11")), nil)
		}, oauthapp.Ended{}, []int{0, 1, 2, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, tokens.Config{})
			account := url.Values{"kind": {"account"}}
			all := []string{s.make("ada", "10", nil), s.make("ada", "11", account), s.make("bob", "20", nil), s.make("bob", "11", account)}
			ended, err := tt.end(s)
			require.NoError(t, err)
			require.Equal(t, tt.want, ended)
			var left []int
			for i, token := range all {
				if s.call(token).Code == http.StatusOK {
					left = append(left, i)
				}
			}
			require.Equal(t, tt.left, left)
		})
	}
}

func TestIntrospection(t *testing.T) {
	var cfg flow.Config
	s := newService(t, tokens.Config{}, func(given *flow.Config) { cfg = *given })
	introspect := func(id, secret, token string) map[string]any {
		r := httptest.NewRequest(http.MethodPost, issuer+"/oauth/introspect", strings.NewReader(url.Values{"token": {token}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(id, secret)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		var answer map[string]any
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
		return answer
	}
	token := s.make("ada", "11", url.Values{"kind": {"account"}, "expires_in": {"1"}})
	at := float64(s.now().Unix())
	require.Equal(t, map[string]any{
		"active": true, "scope": "read write", "token_type": "Bearer", "sub": "1", "account_id": "11", "iss": issuer, "aud": issuer,
		"iat": at, "exp": at + 24*60*60,
	}, introspect(s.rs.ClientID, s.secret, token))
	forever := introspect(s.rs.ClientID, s.secret, s.make("ada", "10", nil))
	require.NotContains(t, forever, "exp")
	require.NotContains(t, forever, "account_id")

	app, secret, err := s.Registry().Register(t.Context(), "owner", oauthapp.Registration{
		Name: "Another", HomepageURL: "https://other.example", CallbackURLs: []string{"https://other.example/callback"},
	})
	require.NoError(t, err)
	inactive := map[string]any{"active": false}
	require.Equal(t, inactive, introspect(app.ClientID, secret.Reveal(), token), "it is nobody else's business")
	require.Equal(t, inactive, introspect(s.rs.ClientID, s.secret, token[:len(token)-1]+"!"))

	// Those of the default API learn of it, as far as that takes its scopes.
	provider := s.Provider
	for resource, want := range map[string]any{issuer: "read", "https://other.example": nil} {
		cfg.Resources = []flow.Resource{{Identifier: resource, Scopes: []string{"read"}, ResourceServers: []string{app.ClientID}}}
		s.Provider = must(flow.New(cfg))
		require.Equal(t, want, introspect(app.ClientID, secret.Reveal(), token)["scope"])
	}
	s.Provider = provider
	s.set("1", "11")
	require.Equal(t, inactive, introspect(s.rs.ClientID, s.secret, token))
}

func TestWhatIsNoToken(t *testing.T) {
	s := newService(t, tokens.Config{})
	token := s.make("ada", "10", nil)
	var format credential.Format
	parsed, err := format.Parse(credential.APIToken, token)
	require.NoError(t, err)
	for name, presented := range map[string]string{
		"another secret": format.NewAPIToken(parsed.Session).Reveal(),
		"another kind":   format.NewAccessToken(parsed.Session).Reveal(),
		"unknown":        format.NewAPIToken(oauthapp.NewAPITokenID()).Reveal(),
		"cut off":        token[:len(token)-1],
	} {
		answer := s.call(presented)
		require.Equal(t, http.StatusUnauthorized, answer.Code, name)
		require.Contains(t, answer.Body.String(), flow.InvalidToken, name)
	}
	s.store.set(true)
	require.Equal(t, http.StatusServiceUnavailable, s.call(token).Code, "an outage is no refusal")
	require.Equal(t, http.StatusServiceUnavailable, s.post("ada", "/accounts/10/api_tokens", s.form("ada", "10", nil)).Code)
	s.store.set(false)
	require.Equal(t, http.StatusOK, s.call(token).Code)

	found := regexp.MustCompile(format.Pattern()).FindString("export TOKEN=" + token + "\n")
	require.Equal(t, token, found, "secret scanners find it")
}

func TestOff(t *testing.T) {
	s := newService(t, tokens.Config{})
	token := s.make("ada", "10", nil)
	off := flowtest.New(t, flow.Config{Issuer: issuer, Store: s.store})
	r := httptest.NewRequest(http.MethodGet, issuer+"/api", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	_, err := off.Authenticate(r, flow.Guard{})
	require.ErrorContains(t, err, flow.InvalidToken)
	w := httptest.NewRecorder()
	off.ServeHTTP(w, httptest.NewRequest(http.MethodGet, issuer+"/accounts/10/api_tokens", nil))
	require.Equal(t, http.StatusNotFound, w.Code)
}

func TestConfig(t *testing.T) {
	for _, lifetime := range []time.Duration{-1, time.Hour, 36 * time.Hour, 4000 * 24 * time.Hour} {
		_, err := flow.New(flow.Config{
			Issuer: issuer, Store: newService(t, tokens.Config{}).store, CurrentUser: func(*http.Request) (*flow.User, error) { return nil, nil },
			LoginURL: func(string) string { return "/login" }, Scopes: []flow.Scope{{Name: "read", Description: "Read", Default: true}},
			Extensions: []flow.Extension{tokens.New(tokens.Config{MaxLifetime: lifetime})},
		})
		require.ErrorContains(t, err, "tokens: Config.MaxLifetime", "%v", lifetime)
	}
}

// However many revoke a token and use it at once, one revokes it, and no use
// that begins after that is accepted.
func TestRevokedWhileInUse(t *testing.T) {
	s := newService(t, tokens.Config{})
	for range 20 {
		token := s.make("ada", "10", nil)
		path, form := s.revocation("ada", "10")
		codes := make([]int, 8)
		var wg sync.WaitGroup
		for i := range codes {
			wg.Go(func() {
				codes[i] = s.post("ada", path, form).Code
				if code := s.call(token).Code; code != http.StatusUnauthorized {
					t.Errorf("a use after the revocation is answered %d", code)
				}
			})
		}
		wg.Wait()
		won := 0
		for _, code := range codes {
			if code == http.StatusSeeOther {
				won++
			}
		}
		require.Equal(t, 1, won)
	}
}

func TestPageHeaders(t *testing.T) {
	s := newService(t, tokens.Config{})
	for _, answer := range []*httptest.ResponseRecorder{
		s.get("ada", "/accounts/10/api_tokens"), s.post("ada", "/accounts/10/api_tokens", s.form("ada", "10", nil)),
	} {
		require.Equal(t, http.StatusOK, answer.Code)
		require.Contains(t, answer.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'")
		require.Equal(t, "same-origin", answer.Header().Get("Cross-Origin-Opener-Policy"))
		require.Contains(t, answer.Header().Get("Cache-Control"), "no-store")
		require.Contains(t, answer.Header().Get("Content-Security-Policy"), "; script-src "+issuer+"/oauth/copy.js;", "by its URL alone")
		require.Equal(t, 1, strings.Count(answer.Body.String(), "<script"))
	}
}

// Pages show what a person may do, and nothing else is done.
func TestRoles(t *testing.T) {
	s := newService(t, tokens.Config{})
	token := s.make("ada", "11", url.Values{"kind": {"account"}, "name": {"Shared token"}})
	path, form := s.revocation("bob", "11") // who may
	require.NotContains(t, s.get("dan", "/accounts/11/api_tokens").Body.String(), "Shared token", "a member sees their own")
	page := s.get("cleo", "/accounts/11/api_tokens").Body.String()
	require.Contains(t, page, "Shared token")
	require.NotContains(t, page, "/revoke", "who may see it may not revoke it")
	for _, person := range []string{"cleo", "dan"} {
		require.Equal(t, http.StatusForbidden, s.post(person, path, form).Code)
	}
	require.Equal(t, http.StatusOK, s.call(token).Code)
	answer := s.post("cleo", "/accounts/11/api_tokens", s.form("cleo", "11", url.Values{"kind": {"account"}}))
	require.Equal(t, http.StatusUnprocessableEntity, answer.Code)
	require.Contains(t, answer.Body.String(), "You may not give access to this account.")
	require.NotEmpty(t, s.make("dan", "11", url.Values{"kind": {"account"}}))
	require.Equal(t, http.StatusSeeOther, s.post("bob", path, form).Code)
}

// What package leaks asks the kernel for ends an API token once.
func TestLeaked(t *testing.T) {
	s := newService(t, tokens.Config{})
	token := s.make("ada", "11", url.Values{"kind": {"account"}})
	r := httptest.NewRequest(http.MethodPost, issuer+"/oauth/leaks", nil)
	events, err := s.Kernel().RevokeLeaked(r, token)
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.Equal(t, oauthapp.CredentialLeaked, events[0].Type)
	require.Equal(t, string(credential.APIToken), events[0].Credential)
	require.Equal(t, []string{"1", "11", "CI"}, []string{events[0].UserID, events[0].AccountID, events[0].APITokenName})
	require.Equal(t, http.StatusUnauthorized, s.call(token).Code)
	again, err := s.Kernel().RevokeLeaked(r, token)
	require.NoError(t, err)
	require.Empty(t, again)
	s.store.set(true)
	_, err = s.Kernel().RevokeLeaked(r, token)
	require.Error(t, err, "an outage is no answer")
}
