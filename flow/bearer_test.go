package flow_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// whoami answers with the Authorization that the middleware found.
var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	a, ok := flow.AuthorizationFrom(r.Context())
	if !ok {
		http.Error(w, "not guarded", http.StatusInternalServerError)
		return
	}
	_ = json.NewEncoder(w).Encode(a)
})

// guarded calls an API that requires scopes.
func (s *service) guarded(authorization string, scopes ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "https://api.example/v2/whoami", nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	s.Require(scopes...)(whoami).ServeHTTP(w, r)
	return w
}

func TestRequire(t *testing.T) {
	s := newService(t)
	tok := s.authorize(s.app, "read", "write")
	for _, authorization := range []string{"Bearer " + tok.access, "bearer " + tok.access, "BEARER  " + tok.access} {
		w := s.guarded(authorization, "read")
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		var got flow.Authorization
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
		require.Equal(t, flow.Authorization{
			ApplicationID: s.app.ID,
			ClientID:      s.app.ClientID,
			UserID:        "user-1",
			AccountID:     "account-1",
			Scopes:        []string{"read", "write"},
			SessionID:     tok.session,
			ExpiresAt:     s.clock.Now().Add(time.Hour),
		}, got)
		require.True(t, got.HasScope("write"))
		require.False(t, got.HasScope("WRITE"))
		require.False(t, got.HasScope(""))
	}
	require.Equal(t, http.StatusOK, s.guarded("Bearer "+tok.access).Code, "no scopes: any token will do")
	require.Equal(t, http.StatusOK, s.guarded("Bearer "+tok.access, "write", "read").Code)

	_, ok := flow.AuthorizationFrom(context.Background())
	require.False(t, ok)
}

func TestRequireRefuses(t *testing.T) {
	s := newService(t)
	tok := s.authorize(s.app, "read")
	unknown := s.credentials.NewAccessToken(uuid.Must(uuid.NewV7())).Reveal()
	const none = `Bearer realm="https://id.example", scope="read write", resource_metadata="https://id.example/.well-known/oauth-protected-resource"`
	const invalid = none + `, error="invalid_token", error_description="the access token is not valid"`

	for _, tt := range []struct {
		name          string
		authorization []string
		status        int
		code          string
		challenge     string
		reads         int // of the store
	}{
		{"nothing", nil, 401, flow.InvalidToken, none, 0},
		{"empty", []string{""}, 401, flow.InvalidToken, none, 0},
		{"Basic", []string{"Basic YTpi"}, 401, flow.InvalidToken, none, 0},
		{"no scheme", []string{tok.access}, 401, flow.InvalidToken, none, 0},
		{"another scheme", []string{"Token " + tok.access}, 401, flow.InvalidToken, none, 0},
		{"a tab after the scheme", []string{"Bearer\t" + tok.access}, 401, flow.InvalidToken, none, 0},

		{"scheme alone", []string{"Bearer"}, 400, flow.InvalidRequest, "", 0},
		{"empty token", []string{"Bearer "}, 400, flow.InvalidRequest, "", 0},
		{"two tokens", []string{"Bearer " + tok.access + " " + tok.access}, 400, flow.InvalidRequest, "", 0},
		{"two schemes", []string{"Bearer " + tok.access + ", Basic YTpi"}, 400, flow.InvalidRequest, "", 0},
		{"two headers", []string{"Bearer " + tok.access, "Bearer " + tok.access}, 400, flow.InvalidRequest, "", 0},

		{"garbage", []string{"Bearer undefined"}, 401, flow.InvalidToken, invalid, 0},
		{"refresh token", []string{"Bearer " + tok.refresh}, 401, flow.InvalidToken, invalid, 0},
		{"code", []string{"Bearer " + tok.code}, 401, flow.InvalidToken, invalid, 0},
		{"client secret", []string{"Bearer " + s.secret}, 401, flow.InvalidToken, invalid, 0},
		{"client ID", []string{"Bearer " + s.app.ClientID}, 401, flow.InvalidToken, invalid, 0},
		{"without its prefix", []string{"Bearer " + strings.TrimPrefix(tok.access, "oa_at_")}, 401, flow.InvalidToken, invalid, 0},
		{"endless", []string{"Bearer " + strings.Repeat("a", 100000)}, 401, flow.InvalidToken, invalid, 0},
		{"of no session", []string{"Bearer " + unknown}, 401, flow.InvalidToken, invalid, 1},
		{"forged for a session", []string{"Bearer " + s.credentials.NewAccessToken(tok.session).Reveal()}, 401, flow.InvalidToken, invalid, 1},

		{"lacks a scope", []string{"Bearer " + tok.access}, 403, flow.InsufficientScope,
			none + `, error="insufficient_scope", error_description="the access token lacks a scope"`, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.store.reset()
			r := httptest.NewRequest(http.MethodGet, "https://api.example/v2/whoami", nil)
			for _, value := range tt.authorization {
				r.Header.Add("Authorization", value)
			}
			w := httptest.NewRecorder()
			s.Require("read", "write")(whoami).ServeHTTP(w, r)
			require.Equal(t, tt.status, w.Code, w.Body.String())
			var body map[string]string
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
			require.Equal(t, tt.code, body["error"])
			require.NotEmpty(t, body["error_description"])
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			challenge := w.Header().Get("WWW-Authenticate")
			if tt.challenge != "" {
				require.Equal(t, tt.challenge, challenge)
			}
			require.True(t, strings.HasPrefix(challenge, "Bearer "))
			require.Equal(t, tt.challenge != none, strings.Contains(challenge, `error="`+tt.code+`"`))
			require.Equal(t, tt.reads, s.store.counted()["Session"])
			require.Zero(t, s.store.counted()["Touch"])
		})
	}
}

// What a host does with one refusal does not show in the next.
func TestRefusalsAreNotShared(t *testing.T) {
	s := newService(t)
	before := s.guarded("Bearer undefined", "read")
	for name := range before.Header() {
		before.Header()[name][0] = "changed"
		before.Header()[name] = append(before.Header()[name], "added")
	}
	after := s.guarded("Bearer undefined", "read")
	require.Equal(t, "application/json", after.Header().Get("Content-Type"))
	for name, values := range after.Header() {
		require.Len(t, values, 1, name)
		require.NotEqual(t, "changed", values[0], name)
	}

	r := httptest.NewRequest(http.MethodGet, "/", nil)
	var refusal *flow.Error
	_, err := s.Authenticate(r, flow.Guard{})
	require.ErrorAs(t, err, &refusal)
	refusal.Status = http.StatusTeapot
	_, err = s.Authenticate(r, flow.Guard{})
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, http.StatusUnauthorized, refusal.Status)
}

// TestRequireRefusesEveryMutation: no byte of a token may change, and next to
// none of what is left reaches the store.
func TestRequireRefusesEveryMutation(t *testing.T) {
	s := newService(t)
	tok := s.authorize(s.app, "read")
	guarded := s.Require("read")(whoami)
	for i := range len(tok.access) {
		for _, c := range []byte{'0', 'A', 'z', '_', tok.access[i] ^ 0x20, tok.access[i] ^ 1} {
			if c == tok.access[i] {
				continue
			}
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Authorization", "Bearer "+tok.access[:i]+string([]byte{c})+tok.access[i+1:])
			w := httptest.NewRecorder()
			guarded.ServeHTTP(w, r)
			require.Contains(t, []int{400, 401}, w.Code, i)
		}
		require.Contains(t, []int{400, 401}, s.guarded("Bearer "+tok.access[:i], "read").Code, i)
	}
	require.Zero(t, s.store.counted()["Session"])
	require.True(t, s.isLive(tok.access))
}

func TestTokenOutsideTheHeaderIsIgnored(t *testing.T) {
	s := newService(t)
	tok := s.authorize(s.app, "read")
	r := httptest.NewRequest(http.MethodPost, "/?access_token="+tok.access, strings.NewReader("access_token="+tok.access))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.Require("read")(whoami).ServeHTTP(w, r)
	require.Equal(t, http.StatusUnauthorized, w.Code)
	require.NotContains(t, w.Header().Get("WWW-Authenticate"), "error")

	r = httptest.NewRequest(http.MethodGet, "/?access_token=other", nil)
	r.Header.Set("Authorization", "Bearer "+tok.access)
	w = httptest.NewRecorder()
	s.Require("read")(whoami).ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code)
}

func TestAccessTokenEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(t *testing.T, s *service, tok tokens)
	}{
		{"at its expiry", func(_ *testing.T, s *service, _ tokens) { s.clock.advance(time.Hour) }},
		{"with its session", func(t *testing.T, s *service, tok tokens) {
			require.NoError(t, s.store.EndSession(context.Background(), tok.session))
		}},
		{"with its grant", func(t *testing.T, s *service, _ tokens) {
			filter := oauthapp.GrantsOfUser("user-1")
			grants, err := s.Registry().Grants(context.Background(), filter, oauthapp.Page{})
			require.NoError(t, err)
			require.Len(t, grants.Items, 1)
			_, err = s.Registry().RevokeGrant(context.Background(), filter, grants.Items[0].ID)
			require.NoError(t, err)
		}},
		{"with all tokens of its application", func(t *testing.T, s *service, _ tokens) {
			_, err := s.Registry().RevokeTokens(context.Background(), oauthapp.OwnedBy("developer"), s.app.ID)
			require.NoError(t, err)
		}},
		{"with its application", func(t *testing.T, s *service, _ tokens) {
			require.NoError(t, s.Registry().Delete(context.Background(), oauthapp.OwnedBy("developer"), s.app.ID))
		}},
		{"two refreshes later", func(_ *testing.T, s *service, tok tokens) {
			s.rotate(s.rotate(tok, "read"), "read")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newService(t)
			tok := s.authorize(s.app, "read")
			s.clock.advance(time.Hour - time.Microsecond)
			require.True(t, s.isLive(tok.access))
			s.clock.advance(time.Microsecond - time.Hour)
			tt.end(t, s, tok)
			require.False(t, s.isLive(tok.access))
		})
	}
}

func TestAccessTokenOutlivesARefresh(t *testing.T) {
	s := newService(t)
	tok := s.authorize(s.app, "read", "write")
	s.clock.advance(30 * time.Minute)
	next := s.rotate(tok, "read")
	require.Equal(t, 200, s.guarded("Bearer "+tok.access, "write").Code, "the one before keeps its scopes")
	require.Equal(t, 403, s.guarded("Bearer "+next.access, "write").Code, "the new one has the narrower ones")
	s.clock.advance(30 * time.Minute)
	require.False(t, s.isLive(tok.access), "and its expiry")
	require.True(t, s.isLive(next.access))
}

func TestAccessTokenEndsWithItsSession(t *testing.T) {
	s := newService(t)
	s.sessionTTL = 30 * time.Minute // though access tokens live an hour
	tok := s.authorize(s.app, "read")
	s.clock.advance(30*time.Minute - time.Microsecond)
	require.True(t, s.isLive(tok.access))
	s.clock.advance(time.Microsecond)
	require.False(t, s.isLive(tok.access))
}

func TestScopesAreExact(t *testing.T) {
	s := newService(t, func(cfg *flow.Config) {
		cfg.Scopes = append(cfg.Scopes, flow.Scope{Name: "READ", Description: "x"}, flow.Scope{Name: "read:all", Description: "x"})
	})
	tok := s.authorize(s.app, "read:all")
	require.Equal(t, 200, s.guarded("Bearer "+tok.access, "read:all").Code)
	for _, scope := range []string{"read", "READ"} {
		require.Equal(t, 403, s.guarded("Bearer "+tok.access, scope).Code)
	}
}

func TestRequirePanicsForAnUnknownScope(t *testing.T) {
	s := newService(t)
	require.PanicsWithValue(t, "flow: Guard: reed is not one of Config.Scopes", func() { s.Require("read", "reed") })
}

// requireNotedNowAndThen checks that a use is noted once in five minutes.
func (s *service) requireNotedNowAndThen(use func()) {
	s.t.Helper()
	noted := func() int {
		s.store.reset()
		use()
		return s.store.counted()["Touch"]
	}
	require.Equal(s.t, 1, noted())
	require.Equal(s.t, 0, noted())
	s.clock.advance(5*time.Minute - time.Microsecond)
	require.Equal(s.t, 0, noted())
	s.clock.advance(time.Microsecond)
	require.Equal(s.t, 1, noted())
}

func TestGrantUseIsNotedNowAndThen(t *testing.T) {
	s := newService(t)
	tok := s.authorize(s.app, "read")
	s.requireNotedNowAndThen(func() { require.True(t, s.isLive(tok.access)) })
	require.Equal(t, s.clock.Now(), s.grant().LastUsedAt)

	s.clock.advance(10 * time.Minute)
	s.store.fail(errBroken, "Touch")
	require.True(t, s.isLive(tok.access), "a note that fails refuses nobody")
	require.Contains(t, s.log.String(), "use not noted")
}

func TestRequireOutage(t *testing.T) {
	s := newService(t)
	tok := s.authorize(s.app, "read")
	s.store.fail(errBroken, "Session")
	w := s.guarded("Bearer "+tok.access, "read")
	requireOutage(t, w)
	require.Contains(t, s.log.String(), errBroken.Error())
	require.Equal(t, 401, s.guarded("Bearer garbage", "read").Code, "what cannot be a token needs no store")
}

func TestAuthenticate(t *testing.T) {
	s := newService(t)
	tok := s.authorize(s.app, "read")
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	_, err := s.Authenticate(r, flow.Guard{})
	var refusal *flow.Error
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, 401, refusal.Status)
	require.Empty(t, refusal.Code)

	r.Header.Set("Authorization", "Bearer "+tok.access)
	a, err := s.Authenticate(r, flow.Guard{})
	require.NoError(t, err)
	require.Equal(t, "user-1", a.UserID)
	_, err = s.Authenticate(r, flow.Guard{Scopes: []string{"read"}})
	require.NoError(t, err)
	_, err = s.Authenticate(r, flow.Guard{Scopes: []string{"read", "write"}})
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, []any{403, flow.InsufficientScope}, []any{refusal.Status, refusal.Code})

	s.store.fail(errBroken, "Session")
	_, err = s.Authenticate(r, flow.Guard{})
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, 503, refusal.Status)
	require.True(t, errors.Is(err, errBroken), "the cause is there for the operator")
	require.NotContains(t, refusal.Description, errBroken.Error())
}

func TestConcurrentBearerChecks(t *testing.T) {
	s := newService(t)
	tok := s.authorize(s.app, "read")
	guarded := s.Require("read")(whoami)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 20 {
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				r.Header.Set("Authorization", "Bearer "+tok.access)
				w := httptest.NewRecorder()
				guarded.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					t.Errorf("status %d", w.Code)
				}
			}
		})
	}
	wg.Wait()
}

// nothing is a ResponseWriter that costs nothing.
type nothing struct{ header http.Header }

func (n nothing) Header() http.Header         { return n.header }
func (n nothing) Write(b []byte) (int, error) { return len(b), nil }
func (n nothing) WriteHeader(int)             {}

func BenchmarkRequire(b *testing.B) {
	p := flowtest.New(b, flow.Config{})
	api := p.Require("read")(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for _, bb := range []struct{ name, token string }{
		{"valid", p.AccessToken("user-1", "account-1", "read")},
		{"garbage", "undefined"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Authorization", "Bearer "+bb.token)
			b.ReportAllocs()
			for b.Loop() {
				api.ServeHTTP(nothing{http.Header{}}, r)
			}
		})
	}
}
