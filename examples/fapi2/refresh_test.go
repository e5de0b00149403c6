package fapi2

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/store/sqlite"
)

// A refresh leaves the refresh token as it is, however often it is used, and
// gives a new access token that is bound to the key of its proof.
func TestRefreshKeepsTheToken(t *testing.T) {
	c := newService(t).register(t)
	first := c.signIn()
	tokens := first
	for range 5 {
		c.wait(40 * time.Minute)
		next := c.exchange(refresh(first.RefreshToken))
		require.Equal(t, first.RefreshToken, next.RefreshToken)
		require.NotEqual(t, tokens.AccessToken, next.AccessToken)
		require.Equal(t, http.StatusNoContent, c.calls(next.AccessToken))
		require.Equal(t, http.StatusNoContent, c.calls(tokens.AccessToken), "the one before, for calls under way")
		tokens = next
	}
	require.Equal(t, http.StatusUnauthorized, c.calls(first.AccessToken))

	former := c.dpop
	c.dpop = newKey(t)
	next := c.exchange(refresh(first.RefreshToken))
	require.Equal(t, http.StatusNoContent, c.calls(next.AccessToken), "a client may take another key")
	c.dpop = former
	require.Equal(t, http.StatusUnauthorized, c.calls(next.AccessToken))
	require.Equal(t, http.StatusNoContent, c.calls(tokens.AccessToken), "the one before stays bound to its own key")

	c.wait(30 * 24 * time.Hour)
	requireError(t, c.send(tokenURL, c.authenticated(refresh(first.RefreshToken)), c.at()), "invalid_grant")
}

// A client that loses an answer presents its refresh token again.
func TestLostAnswerOfARefresh(t *testing.T) {
	c := newService(t).register(t)
	first := c.signIn()
	lost := c.exchange(refresh(first.RefreshToken))
	c.wait(24 * time.Hour)
	again := c.exchange(refresh(first.RefreshToken))
	require.NotEqual(t, lost.AccessToken, again.AccessToken)
	require.Equal(t, http.StatusNoContent, c.calls(again.AccessToken))
}

func TestRefreshIsRefused(t *testing.T) {
	s := newService(t)
	c, other := s.register(t), s.register(t)
	token := c.signIn().RefreshToken
	unauthenticated := refresh(token)
	unauthenticated.Set("client_id", c.app.ClientID)
	requireError(t, c.send(tokenURL, unauthenticated, c.at()), "invalid_client")
	requireError(t, c.send(tokenURL, c.authenticated(refresh(token))), "invalid_dpop_proof")
	requireError(t, other.send(tokenURL, other.authenticated(refresh(token)), other.at()), "invalid_grant")
	require.Equal(t, token, c.exchange(refresh(token)).RefreshToken, "which changes nothing")

	w := c.send(issuer+"/oauth/revoke", c.authenticated(refresh(token), "jti", "revocation"))
	require.Equal(t, http.StatusBadRequest, w.Code, "the token is missing: %s", w.Body)
	form := c.authenticated(refresh(token))
	form.Set("token", token)
	require.Equal(t, http.StatusOK, c.send(issuer+"/oauth/revoke", form).Code)
	requireError(t, c.send(tokenURL, c.authenticated(refresh(token)), c.at()), "invalid_grant")
}

// Of refreshes at once all are granted. What the session keeps of the last two
// access tokens is right: each is good with the key that it was issued for, and
// with no other.
func TestRefreshesAtOnce(t *testing.T) {
	const callers = 6
	file, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "fapi2.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, file.Close()) })
	for name, edit := range map[string]func(*flow.Config){
		"memory": func(*flow.Config) {},
		"sqlite": func(cfg *flow.Config) { cfg.Store = file },
	} {
		t.Run(name, func(t *testing.T) {
			c := newService(t, edit).register(t)
			token := c.signIn().RefreshToken
			for range 5 {
				requireAllGranted(t, c, token, callers)
			}
		})
	}
}

func requireAllGranted(t *testing.T, c *client, token string, callers int) {
	t.Helper()
	nodes, issued := make([]*client, callers), make([]granted, callers)
	for i := range nodes {
		node := *c
		node.dpop = newKey(t)
		nodes[i] = &node
	}
	var all sync.WaitGroup
	for i, node := range nodes {
		form, proof := node.authenticated(refresh(token)), node.at()
		all.Go(func() {
			w := node.send(tokenURL, form, proof)
			if w.Code == http.StatusOK {
				_ = json.Unmarshal(w.Body.Bytes(), &issued[i])
			} else {
				t.Errorf("a refresh at once with others: %d %s", w.Code, w.Body)
			}
		})
	}
	all.Wait()
	good := 0
	for i, node := range nodes {
		require.Equal(t, token, issued[i].RefreshToken)
		for j, other := range nodes {
			status := other.calls(issued[i].AccessToken)
			if i != j {
				require.Equal(t, http.StatusUnauthorized, status, "with the key of another refresh")
			} else if status == http.StatusNoContent {
				good++
			}
		}
		_ = node
	}
	require.Equal(t, 2, good, "the newest access token and the one before")
}
