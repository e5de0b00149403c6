package clientcredentials_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientcredentials"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// A user whose ID is a client ID is somebody else than the application: neither
// has anything of the other, and none ends with the other.
func TestUserOfTheSameID(t *testing.T) {
	h := newHost(t, clientcredentials.Config{})
	h.grant(h.Application, "read", "admin")
	id := h.Application.ClientID
	itself, user := h.token(), h.AccessToken(id, id, "read")
	status, a, _ := h.call(own, itself)
	require.Equal(t, []any{http.StatusOK, "", "", true}, []any{status, a.UserID, a.AccountID, a.IsApplication()})
	status, a, _ = h.call(own, user)
	require.Equal(t, []any{http.StatusOK, id, id, false}, []any{status, a.UserID, a.AccountID, a.IsApplication()})
	require.Equal(t, []string{"read"}, a.Scopes)

	list, err := h.Registry().Grants(t.Context(), oauthapp.GrantsOfUser(id), oauthapp.Page{})
	require.NoError(t, err)
	require.Len(t, list.Items, 1)
	for _, filter := range []oauthapp.GrantFilter{oauthapp.GrantsOfUser(id), oauthapp.GrantFilter{}.ForAccount(id), oauthapp.GrantsOfUser("")} {
		_, _ = h.Registry().EndAccess(t.Context(), filter, nil) // that of nobody is refused
	}
	status, _, _ = h.call(own, itself)
	require.Equal(t, http.StatusOK, status)
	status, _, _ = h.call(own, user)
	require.Equal(t, http.StatusUnauthorized, status)
}

// Another client learns nothing of the token, and cannot end it.
func TestOtherClients(t *testing.T) {
	h := newHost(t, clientcredentials.Config{})
	h.grant(h.Application, "read")
	token, first := h.token(), h.Application
	other, secret, err := h.Registry().Register(t.Context(), account, oauthapp.Registration{
		Name: "Other", HomepageURL: "https://other.example", CallbackURLs: []string{"https://other.example/"},
	})
	require.NoError(t, err)
	as := []string{"client_id", other.ClientID, "client_secret", secret.Reveal(), "token", token}
	_, answer := h.post("/oauth/introspect", as...)
	require.Equal(t, map[string]any{"active": false}, answer)
	_, answer = h.post("/oauth/revoke", as...)
	require.Equal(t, flow.InvalidGrant, answer["error"])
	status, a, _ := h.call(own, token)
	require.Equal(t, []any{http.StatusOK, first.ID}, []any{status, a.ApplicationID})
}

// The access token is nothing but an access token.
func TestNothingRefreshesIt(t *testing.T) {
	h := newHost(t, clientcredentials.Config{})
	h.grant(h.Application, "read")
	token := h.token()
	for _, pairs := range [][]string{{"grant_type", "refresh_token", "refresh_token", token}, {"grant_type", "authorization_code", "code", token, "code_verifier", "v"}} {
		status, answer := h.post("/oauth/token", pairs...)
		require.Equal(t, []any{http.StatusBadRequest, flow.InvalidGrant}, []any{status, answer["error"]})
	}
	_, answer := h.post("/oauth/introspect", "token", token, "token_type_hint", "refresh_token")
	require.Equal(t, "Bearer", answer["token_type"])
}

// A scope that the service ignores is as good as none: clients that ask for
// such everywhere get what those get that ask for nothing.
func TestIgnoredScopes(t *testing.T) {
	h := newHostOf(t, flow.Config{IgnoredScopes: []string{"openid", "offline_access"}}, clientcredentials.Config{})
	h.grant(h.Application, "write")
	for asked, want := range map[string]any{"": "write", "openid": "write", "openid offline_access": "write", "openid write": "write", "openid read": nil} {
		_, answer := h.post("/oauth/token", "grant_type", "client_credentials", "scope", asked)
		require.Equal(t, want, answer["scope"], "%q", asked)
		require.NotContains(t, answer, "refresh_token")
	}
}

// What a user may still do is nobody's question where there is no user.
func TestNobodyIsAsked(t *testing.T) {
	h := newHostOf(t, flow.Config{MayAct: func(_ context.Context, user, _ string) ([]string, error) {
		require.NotEmpty(t, user)
		return nil, nil
	}}, clientcredentials.Config{})
	h.grant(h.Application, "read")
	token := h.token()
	status, a, _ := h.call(flow.Guard{Applications: true, Current: true, Scopes: []string{"read"}}, token)
	require.Equal(t, []any{http.StatusOK, []string{"read"}}, []any{status, a.Scopes})
	_, answer := h.post("/oauth/introspect", "token", token)
	require.Equal(t, true, answer["active"])
}

// Nothing piles up: what has expired, what is older than the newest, and what a
// revocation ended go with the next clean-up.
func TestNothingPilesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t, clientcredentials.Config{})
		h.grant(h.Application, "read")
		pass := func() int {
			removed, err := store.Cleaner{Store: h.Kernel().Store}.Pass(t.Context())
			require.NoError(t, err)
			return removed
		}
		for range store.MaxOwnSessions + 100 {
			h.token()
		}
		require.Equal(t, 100, pass(), "those that are older than the newest")
		require.Zero(t, pass())
		time.Sleep(time.Hour)
		require.Equal(t, store.MaxOwnSessions, pass(), "those that have expired")
		h.token()
		_, err := h.Registry().RevokeTokens(t.Context(), oauthapp.AnyOwner, h.Application.ID)
		require.NoError(t, err)
		require.Equal(t, 2, pass(), "the one that was revoked, and its grant")
	})
}
