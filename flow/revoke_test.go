package flow_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// isLive asks the protected API whether an access token works.
func (s *service) isLive(access string) bool {
	s.t.Helper()
	switch w := s.guarded("Bearer "+access, "read"); w.Code {
	case http.StatusOK:
		return true
	case http.StatusUnauthorized:
		return false
	default:
		s.t.Fatalf("status %d", w.Code)
		return false
	}
}

func TestRevoke(t *testing.T) {
	s := newService(t)
	confidential, public := credentialsOf(s.app, s.secret), credentialsOf(s.public, "")
	for _, tt := range []struct {
		name   string
		app    oauthapp.Application
		client url.Values
		token  func(tokens) string
		hint   string
	}{
		{"access token", s.app, confidential, func(tok tokens) string { return tok.access }, ""},
		{"access token with its hint", s.app, confidential, func(tok tokens) string { return tok.access }, "access_token"},
		{"access token with the wrong hint", s.app, confidential, func(tok tokens) string { return tok.access }, "refresh_token"},
		{"access token with an unknown hint", s.app, confidential, func(tok tokens) string { return tok.access }, "pct"},
		{"refresh token", s.app, confidential, func(tok tokens) string { return tok.refresh }, ""},
		{"refresh token with the wrong hint", s.app, confidential, func(tok tokens) string { return tok.refresh }, "access_token"},
		{"access token of a public client", s.public, public, func(tok tokens) string { return tok.access }, ""},
		{"refresh token of a public client", s.public, public, func(tok tokens) string { return tok.refresh }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tok := s.authorize(tt.app, "read")
			bystander := s.authorize(tt.app, "read")
			require.True(t, s.isLive(tok.access))
			s.events.reset()

			form := with(tt.client, "token", tt.token(tok))
			if tt.hint != "" {
				form.Set("token_type_hint", tt.hint)
			}
			w := s.post("/oauth/revoke", form)
			require.Equal(t, http.StatusOK, w.Code)
			require.Equal(t, "{}", w.Body.String())
			require.Equal(t, "application/json", w.Header().Get("Content-Type"))
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			require.False(t, s.isLive(tok.access), "both kinds end the session")
			require.True(t, s.isLive(bystander.access), "and no other")

			events := s.events.take()
			require.Len(t, events, 1)
			require.Equal(t, oauthapp.TokenRevoked, events[0].Type)
			require.Equal(t, tt.app.ID, events[0].ApplicationID)
			require.Equal(t, tok.session, events[0].SessionID)
			require.NotEqual(t, uuid.Nil, events[0].GrantID)
			require.Equal(t, "user-1", events[0].UserID)
			require.Equal(t, "account-1", events[0].AccountID)

			require.Equal(t, http.StatusOK, s.post("/oauth/revoke", form).Code, "revoking again is no error")
			require.Empty(t, s.events.take())
		})
	}
}

// TestRevokeOlderTokens: an application that revokes what it has at hand must
// not believe in an end that did not come.
func TestRevokeOlderTokens(t *testing.T) {
	s := newService(t)
	confidential := credentialsOf(s.app, s.secret)
	for _, tt := range []struct {
		name   string
		choose func(first, second tokens) string
		ends   bool
	}{
		{"the refresh token before", func(_, second tokens) string { return second.refresh }, true},
		{"an older refresh token", func(first, _ tokens) string { return first.refresh }, true},
		{"the access token before", func(_, second tokens) string { return second.access }, true},
		{"an access token that is forgotten", func(first, _ tokens) string { return first.access }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			first := s.authorize(s.app, "read")
			second := s.rotate(first, "read")
			third := s.rotate(second, "read")
			require.Equal(t, 200, s.post("/oauth/revoke", with(confidential, "token", tt.choose(first, second))).Code)
			require.Equal(t, !tt.ends, s.isLive(third.access))
		})
	}
	t.Run("an expired access token", func(t *testing.T) {
		tok := s.authorize(s.app, "read")
		s.clock.advance(2 * time.Hour)
		require.Equal(t, 200, s.post("/oauth/revoke", with(confidential, "token", tok.access)).Code)
		_, err := s.store.Session(context.Background(), tok.session)
		require.ErrorIs(t, err, oauthapp.ErrNotFound, "the refresh token ended with it")
	})
}

func TestRevokeUnknown(t *testing.T) {
	s := newService(t)
	tok := s.authorize(s.app, "read")
	unknown := uuid.Must(uuid.NewV7())
	confidential := credentialsOf(s.app, s.secret)
	for _, tt := range []struct {
		name, token string
		reads       int // of sessions
	}{
		{"garbage", "garbage", 0},
		{"foreign format", "gho_16C7e42F292c6912E7710c838347Ae178B4a", 0},
		{"cut short", tok.access[:len(tok.access)-1], 0},
		{"authorization code", tok.code, 0},
		{"client secret", s.secret, 0},
		{"endless", strings.Repeat("a", 10000), 0},
		{"access token of no session", s.credentials.NewAccessToken(unknown).Reveal(), 1},
		{"refresh token of no session", s.credentials.NewRefreshToken(unknown, credential.NewFamily()).Reveal(), 1},
		{"forged access token", s.credentials.NewAccessToken(tok.session).Reveal(), 0},
		{"forged refresh token", s.credentials.NewRefreshToken(tok.session, credential.NewFamily()).Reveal(), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.store.reset()
			s.events.reset()
			w := s.post("/oauth/revoke", with(confidential, "token", tt.token))
			require.Equal(t, http.StatusOK, w.Code)
			require.Equal(t, "{}", w.Body.String())
			require.Equal(t, tt.reads, s.store.counted()["Session"])
			require.Zero(t, s.store.counted()["EndSession"])
			require.Empty(t, s.events.take())
			require.True(t, s.isLive(tok.access))
		})
	}
}

func TestRevokeTokenOfAnotherClient(t *testing.T) {
	s := newService(t)
	other, otherSecret := s.register(oauthapp.Confidential)
	tok := s.authorize(s.app, "read")
	old := tok
	tok = s.rotate(tok, "read")
	for name, client := range map[string]url.Values{
		"confidential": credentialsOf(other, otherSecret),
		"public":       credentialsOf(s.public, ""),
	} {
		for kind, token := range map[string]string{"access": tok.access, "refresh": tok.refresh, "old refresh": old.refresh} {
			w := s.post("/oauth/revoke", with(client, "token", token))
			requireError(t, w, http.StatusBadRequest, flow.InvalidGrant)
			require.True(t, s.isLive(tok.access), name+" "+kind)
		}
		// Whoever only knows the session's ID learns nothing.
		forged := s.credentials.NewAccessToken(tok.session).Reveal()
		require.Equal(t, 200, s.post("/oauth/revoke", with(client, "token", forged)).Code)
		require.True(t, s.isLive(tok.access))
	}
}

func TestRevokeRefusals(t *testing.T) {
	s := newService(t)
	tok := s.authorize(s.app, "read")
	requireError(t, s.post("/oauth/revoke", credentialsOf(s.app, s.secret)), 400, flow.InvalidRequest)
	requireError(t, s.post("/oauth/revoke", with(credentialsOf(s.app, s.secret), "token", "")), 400, flow.InvalidRequest)
	requireError(t, s.post("/oauth/revoke", with(credentialsOf(s.app, "wrong"), "token", tok.access)), 401, flow.InvalidClient)
	requireError(t, s.post("/oauth/revoke", with(credentialsOf(s.app, ""), "token", tok.access)), 401, flow.InvalidClient)
	requireError(t, s.post("/oauth/revoke", url.Values{"token": {tok.access}}), 401, flow.InvalidClient)
	twice := with(credentialsOf(s.app, s.secret), "token", tok.access)
	twice.Add("token", "x")
	requireError(t, s.post("/oauth/revoke", twice), 400, flow.InvalidRequest)
	requireError(t, s.post("/oauth/revoke?token="+tok.access, credentialsOf(s.app, s.secret)), 400, flow.InvalidRequest)
	w := s.get("/oauth/revoke?token=" + tok.access)
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
	require.Contains(t, w.Header().Get("Allow"), http.MethodPost)
	require.True(t, s.isLive(tok.access))
}

func TestRevokeOutage(t *testing.T) {
	s := newService(t)
	other, otherSecret := s.register(oauthapp.Confidential)
	tok := s.authorize(s.app, "read")
	s.events.reset()
	s.store.fail(errBroken, "EndSession")
	requireOutage(t, s.post("/oauth/revoke", with(credentialsOf(s.app, s.secret), "token", tok.access)))
	require.True(t, s.isLive(tok.access))
	require.Empty(t, s.events.take(), "what did not happen is not reported")
	s.store.reset()
	s.store.fail(errBroken, "Session")
	requireOutage(t, s.post("/oauth/revoke", with(credentialsOf(other, otherSecret), "token", tok.access)))
	require.Contains(t, s.log.String(), errBroken.Error())
}

func TestConcurrentRevocations(t *testing.T) {
	s := newService(t)
	tok := s.authorize(s.app, "read")
	var wg sync.WaitGroup
	for i := range 20 {
		token := tok.access
		if i%2 == 0 {
			token = tok.refresh
		}
		wg.Go(func() {
			if w := s.post("/oauth/revoke", with(credentialsOf(s.app, s.secret), "token", token)); w.Code != 200 {
				t.Errorf("status %d", w.Code)
			}
			if s.isLive(tok.access) {
				t.Error("the token works after it was revoked")
			}
		})
	}
	wg.Wait()
}
