package flow_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// withResourceServer makes a service whose API is another program, and returns
// that program's credentials.
func withResourceServer(t *testing.T) (*service, url.Values) {
	kept := memory.New()
	registry, err := oauthapp.NewRegistry(oauthapp.Config{Store: kept})
	require.NoError(t, err)
	app, secret, err := registry.Register(context.Background(), "operator", oauthapp.Registration{
		Name:         "API",
		HomepageURL:  "https://api.example",
		CallbackURLs: []string{"https://api.example/callback"},
	})
	require.NoError(t, err)
	var faulty *faultyStore
	s := newService(t, func(cfg *flow.Config) {
		faulty = cfg.Store.(*faultyStore)
		faulty.Store = kept
		cfg.ResourceServers = []string{app.ClientID}
		cfg.Resource = "https://api.example/v2"
	})
	return s, credentialsOf(app, secret.Reveal())
}

// refreshOf asks about a refresh token.
func refreshOf(credentials url.Values, token string) url.Values {
	return with(with(credentials, "token", token), "token_type_hint", "refresh_token")
}

func requireInactive(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, `{"active":false}`, w.Body.String())
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
}

func requireAnswer(t *testing.T, w *httptest.ResponseRecorder, want map[string]any) {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	var got map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	require.Equal(t, want, got)
}

func TestIntrospect(t *testing.T) {
	s, api := withResourceServer(t)
	tok := s.authorize(s.app, "read", "write")
	issued := s.clock.Now()
	access := map[string]any{
		"active": true, "scope": "read write", "client_id": s.app.ClientID, "token_type": "Bearer",
		"iat": float64(issued.Unix()), "exp": float64(issued.Add(time.Hour).Unix()),
		"sub": "user-1", "account_id": "account-1", "iss": "https://id.example", "aud": "https://api.example/v2",
	}
	own := credentialsOf(s.app, s.secret)
	requireAnswer(t, s.post("/oauth/introspect", with(own, "token", tok.access)), access)
	hinted := with(with(own, "token", tok.access), "token_type_hint", "refresh_token")
	requireAnswer(t, s.post("/oauth/introspect", hinted), access)
	requireAnswer(t, s.post("/oauth/introspect", url.Values{"token": {tok.access}}, basic(s.app.ClientID, s.secret)), access)
	requireAnswer(t, s.post("/oauth/introspect", with(api, "token", tok.access)), access)

	refresh := map[string]any{
		"active": true, "scope": "read write", "client_id": s.app.ClientID,
		"iat": float64(issued.Unix()), "exp": float64(issued.Add(30 * 24 * time.Hour).Unix()),
		"sub": "user-1", "account_id": "account-1", "iss": "https://id.example",
	}
	requireAnswer(t, s.post("/oauth/introspect", refreshOf(own, tok.refresh)), refresh)
	requireInactive(t, s.post("/oauth/introspect", refreshOf(api, tok.refresh)))
	for _, hint := range []string{"", "access_token", "Refresh_token", "refresh_token ", "other"} {
		requireInactive(t, s.post("/oauth/introspect", with(with(own, "token", tok.refresh), "token_type_hint", hint)))
	}

	// After a refresh that narrowed the scope.
	s.clock.advance(30 * time.Minute)
	next := s.rotate(tok, "read")
	refreshed := s.clock.Now()
	requireAnswer(t, s.post("/oauth/introspect", with(own, "token", tok.access)), access)
	access["scope"] = "read"
	access["iat"], access["exp"] = float64(refreshed.Unix()), float64(refreshed.Add(time.Hour).Unix())
	requireAnswer(t, s.post("/oauth/introspect", with(own, "token", next.access)), access)
	refresh["iat"], refresh["exp"] = float64(refreshed.Unix()), float64(refreshed.Add(30*24*time.Hour).Unix())
	requireAnswer(t, s.post("/oauth/introspect", refreshOf(own, next.refresh)), refresh)
	requireInactive(t, s.post("/oauth/introspect", refreshOf(own, tok.refresh)))

	// The access token before ends first, then the newer one, then the refresh
	// token.
	s.clock.advance(30 * time.Minute)
	requireInactive(t, s.post("/oauth/introspect", with(own, "token", tok.access)))
	require.Contains(t, s.post("/oauth/introspect", with(own, "token", next.access)).Body.String(), `"active":true`)
	s.clock.advance(30 * time.Minute)
	requireInactive(t, s.post("/oauth/introspect", with(own, "token", next.access)))
	requireInactive(t, s.post("/oauth/introspect", with(api, "token", next.access)))
	s.clock.advance(30*24*time.Hour - time.Hour - time.Microsecond)
	require.Contains(t, s.post("/oauth/introspect", refreshOf(own, next.refresh)).Body.String(), `"active":true`)
	s.clock.advance(time.Microsecond)
	requireInactive(t, s.post("/oauth/introspect", refreshOf(own, next.refresh)))
}

func TestIntrospectInactive(t *testing.T) {
	s, api := withResourceServer(t)
	other, otherSecret := s.register(oauthapp.Confidential)
	tok := s.authorize(s.app, "read")
	own := credentialsOf(s.app, s.secret)
	unknown := uuid.Must(uuid.NewV7())
	for name, token := range map[string]string{
		"garbage":                    "garbage",
		"code":                       tok.code,
		"client secret":              s.secret,
		"cut short":                  tok.access[:len(tok.access)-1],
		"with a space":               tok.access + " ",
		"forged":                     s.credentials.NewAccessToken(tok.session).Reveal(),
		"access token of no session": s.credentials.NewAccessToken(unknown).Reveal(),
	} {
		t.Run(name, func(t *testing.T) {
			requireInactive(t, s.post("/oauth/introspect", with(own, "token", token)))
			requireInactive(t, s.post("/oauth/introspect", with(api, "token", token)))
		})
	}
	t.Run("token of another client", func(t *testing.T) {
		s.store.reset()
		for _, token := range []string{tok.access, tok.refresh} {
			requireInactive(t, s.post("/oauth/introspect", refreshOf(credentialsOf(other, otherSecret), token)))
		}
		require.Zero(t, s.store.counted()["Session"])
	})
	t.Run("revoked", func(t *testing.T) {
		require.Equal(t, 200, s.post("/oauth/revoke", with(own, "token", tok.refresh)).Code)
		for _, token := range []string{tok.access, tok.refresh} {
			requireInactive(t, s.post("/oauth/introspect", refreshOf(own, token)))
			requireInactive(t, s.post("/oauth/introspect", refreshOf(api, token)))
		}
	})
	t.Run("all tokens revoked", func(t *testing.T) {
		tok := s.authorize(s.app, "read")
		_, err := s.Registry().RevokeTokens(context.Background(), oauthapp.OwnedBy("developer"), s.app.ID)
		require.NoError(t, err)
		requireInactive(t, s.post("/oauth/introspect", with(own, "token", tok.access)))
		requireInactive(t, s.post("/oauth/introspect", with(api, "token", tok.access)))
	})
	t.Run("application deleted", func(t *testing.T) {
		tok := s.authorize(other, "read")
		require.NoError(t, s.Registry().Delete(context.Background(), oauthapp.OwnedBy("developer"), other.ID))
		requireInactive(t, s.post("/oauth/introspect", with(api, "token", tok.access)))
		requireError(t, s.post("/oauth/introspect", with(credentialsOf(other, otherSecret), "token", tok.access)), 401, flow.InvalidClient)
	})
}

func TestIntrospectRefusals(t *testing.T) {
	s := newService(t)
	tok := s.authorize(s.public, "read")
	own := credentialsOf(s.app, s.secret)

	requireError(t, s.post("/oauth/introspect", own), 400, flow.InvalidRequest)
	requireError(t, s.post("/oauth/introspect", with(own, "token", "")), 400, flow.InvalidRequest)
	requireError(t, s.post("/oauth/introspect", url.Values{"token": {tok.access}}), 401, flow.InvalidClient)
	requireError(t, s.post("/oauth/introspect", with(credentialsOf(s.app, "wrong"), "token", tok.access)), 401, flow.InvalidClient)
	requireError(t, s.post("/oauth/introspect", url.Values{"token": {tok.access}}, header("Authorization", "Bearer "+tok.access)), 401, flow.InvalidClient)
	require.Equal(t, http.StatusMethodNotAllowed, s.get("/oauth/introspect?token="+tok.access).Code)

	s.events.reset()
	unknown := s.post("/oauth/introspect", url.Values{"client_id": {"nobody"}, "client_secret": {"x"}, "token": {tok.access}})
	s.events.reset()
	for _, secret := range []string{"", s.secret} {
		w := s.post("/oauth/introspect", with(credentialsOf(s.public, secret), "token", tok.access))
		requireError(t, w, 401, flow.InvalidClient)
		require.Equal(t, unknown.Body.String(), w.Body.String())
		events := s.events.take()
		require.Len(t, events, 1)
		require.Equal(t, oauthapp.ClientAuthenticationFailed, events[0].Type)
		require.Equal(t, s.public.ID, events[0].ApplicationID)
	}
}

func TestIntrospectionByTheResourceServerIsUse(t *testing.T) {
	s, api := withResourceServer(t)
	tok := s.authorize(s.app, "read")
	lastUsed := func() time.Time {
		return s.grant().LastUsedAt
	}
	s.post("/oauth/introspect", with(credentialsOf(s.app, s.secret), "token", tok.access))
	require.Zero(t, lastUsed(), "a client that asks about its own token does not use it")
	s.post("/oauth/introspect", with(api, "token", tok.access))
	require.Equal(t, s.clock.Now(), lastUsed())
	s.store.reset()
	s.post("/oauth/introspect", with(api, "token", tok.access))
	require.Zero(t, s.store.counted()["Touch"])
}

func TestIntrospectOutage(t *testing.T) {
	s, api := withResourceServer(t)
	tok := s.authorize(s.app, "read")
	s.store.fail(errBroken, "Session")
	requireOutage(t, s.post("/oauth/introspect", with(api, "token", tok.access)))
	s.store.fail(errBroken, "Client")
	requireOutage(t, s.post("/oauth/introspect", with(credentialsOf(s.app, s.secret), "token", tok.access)))
	require.Contains(t, s.log.String(), errBroken.Error())
}
