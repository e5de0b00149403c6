package dpop_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dpop"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A code is bound to the key that the authorization request names (RFC 9449,
// section 10).
func TestCodesThatAreBound(t *testing.T) {
	h, c, thief := newDefaultHost(t), newClient(t, "ES256"), newClient(t, "ES256")
	for _, app := range []oauthapp.Application{h.app, h.public} {
		code := h.code(app, "dpop_jkt", c.thumbprint())
		requireError(t, h.post("/oauth/token", h.redemption(app, code)), dpop.InvalidProof, "the code is bound")
		requireError(t, h.post("/oauth/token", h.redemption(app, code), h.at(thief)), flow.InvalidGrant, "another key")
		tokens := h.granted(h.post("/oauth/token", h.redemption(app, code), h.at(c)))
		require.Equal(t, "DPoP", tokens.TokenType)
		require.Equal(t, http.StatusNoContent, h.calls(c, tokens.AccessToken).Code)

		// Who has the code and not its key cannot end what it came to, either.
		requireError(t, h.post("/oauth/token", h.redemption(app, code), h.at(thief)), flow.InvalidGrant, "")
		if app.Type == oauthapp.Public {
			require.Equal(t, http.StatusNoContent, h.calls(c, tokens.AccessToken).Code)
		}
	}
	for _, malformed := range []string{"x", c.thumbprint() + "=", c.thumbprint()[:42], c.thumbprint()[:42] + "\n", c.thumbprint()[:42] + "/", c.thumbprint() + "AA"} {
		require.Equal(t, flow.InvalidRequest, h.authorize(h.app, "dpop_jkt", malformed).Get("error"), malformed)
	}
}

// The refresh token of a public client is bound to the key (RFC 9449, section
// 5). Whoever has a copy of it and not the key gets nothing and ends nothing.
func TestRefreshTokensOfPublicClients(t *testing.T) {
	h, c, thief := newDefaultHost(t), newClient(t, "ES256"), newClient(t, "ES256")
	first := h.bound(h.public, c)
	requireError(t, h.post("/oauth/token", h.refresh(h.public, first.RefreshToken)), dpop.InvalidProof, "the refresh token is bound")
	requireError(t, h.post("/oauth/token", h.refresh(h.public, first.RefreshToken), h.at(thief)), flow.InvalidGrant, "another key")
	second := h.granted(h.post("/oauth/token", h.refresh(h.public, first.RefreshToken), h.at(c)))
	require.Equal(t, second, h.granted(h.post("/oauth/token", h.refresh(h.public, first.RefreshToken), h.at(c))), "a repeat gets the same")
	requireError(t, h.post("/oauth/token", h.refresh(h.public, first.RefreshToken)), flow.InvalidGrant, "same key")
	requireError(t, h.post("/oauth/token", h.refresh(h.public, first.RefreshToken), h.at(thief)), flow.InvalidGrant, "same key")

	h.now = h.now.Add(time.Minute)
	requireError(t, h.post("/oauth/token", h.refresh(h.public, first.RefreshToken), h.at(thief)), flow.InvalidGrant, "another key")
	require.Equal(t, http.StatusNoContent, h.calls(c, second.AccessToken).Code, "a thief without the key ended the session")
	requireError(t, h.post("/oauth/token", h.refresh(h.public, first.RefreshToken), h.at(c)), flow.InvalidGrant, "used already")
	require.Equal(t, http.StatusUnauthorized, h.calls(c, second.AccessToken).Code, "an old token with its key is a replay")
}

// A public client that begins to send proofs is bound from then on.
func TestPublicClientsThatBeginWithProofs(t *testing.T) {
	h, c := newDefaultHost(t), newClient(t, "ES256")
	first := h.granted(h.post("/oauth/token", h.redemption(h.public, h.code(h.public))))
	second := h.granted(h.post("/oauth/token", h.refresh(h.public, first.RefreshToken), h.at(c)))
	require.Equal(t, "DPoP", second.TokenType)
	requireError(t, h.post("/oauth/token", h.refresh(h.public, second.RefreshToken)), dpop.InvalidProof, "")
	require.Equal(t, http.StatusNoContent, h.calls(c, second.AccessToken).Code)

	require.Equal(t, http.StatusNoContent, h.call("Bearer "+first.AccessToken).Code, "the access token before is what it was")
	require.Equal(t, http.StatusUnauthorized, h.call("Bearer "+second.AccessToken).Code)
}

// A confidential client authenticates, so that its refresh tokens are bound to
// no key (RFC 9449, section 5): it may change its key, and each of its access
// tokens stays bound to its own.
func TestRefreshTokensOfConfidentialClients(t *testing.T) {
	h, one, two := newDefaultHost(t), newClient(t, "ES256"), newClient(t, "ES256")
	first := h.bound(h.app, one)
	second := h.granted(h.post("/oauth/token", h.refresh(h.app, first.RefreshToken), h.at(two)))
	require.Equal(t, "DPoP", second.TokenType)
	for _, test := range []struct {
		token      string
		key, other client
	}{{first.AccessToken, one, two}, {second.AccessToken, two, one}} {
		require.Equal(t, http.StatusNoContent, h.calls(test.key, test.token).Code)
		requireRefused(t, h.calls(test.other, test.token), flow.InvalidToken, "another key")
		requireRefused(t, h.call("Bearer "+test.token), flow.InvalidToken, "scheme DPoP")
		require.Equal(t, map[string]any{"jkt": test.key.thumbprint()}, h.introspect(test.token)["cnf"])
	}
	requireError(t, h.post("/oauth/token", h.refresh(h.app, first.RefreshToken), h.at(one)), flow.InvalidGrant, "same key")
	require.Equal(t, second, h.granted(h.post("/oauth/token", h.refresh(h.app, first.RefreshToken), h.at(two))))

	third := h.granted(h.post("/oauth/token", h.refresh(h.app, second.RefreshToken)))
	require.Equal(t, "Bearer", third.TokenType)
	require.Equal(t, http.StatusNoContent, h.call("Bearer "+third.AccessToken).Code)
	requireRefused(t, h.calls(two, third.AccessToken), flow.InvalidToken, "bearer token")
	requireRefused(t, h.call("Bearer "+second.AccessToken), flow.InvalidToken, "scheme DPoP")
	require.Equal(t, http.StatusNoContent, h.calls(two, second.AccessToken).Code)
	require.Equal(t, http.StatusUnauthorized, h.calls(one, first.AccessToken).Code, "two refreshes ago")
	require.Equal(t, "Bearer", h.introspect(third.AccessToken)["token_type"])
	require.Equal(t, "DPoP", h.introspect(second.AccessToken)["token_type"])

	fourth := h.granted(h.post("/oauth/token", h.refresh(h.app, third.RefreshToken)))
	require.Equal(t, "Bearer", fourth.TokenType)
	require.Equal(t, http.StatusNoContent, h.call("Bearer "+third.AccessToken).Code)
	h = h.node() // nothing is bound any more, so that nobody need know of it
	require.Equal(t, http.StatusNoContent, h.call("Bearer "+fourth.AccessToken).Code)
}

// The host, or an application, may demand that every token is bound.
func TestDemandedProofs(t *testing.T) {
	h, c := newDefaultHost(t), newClient(t, "ES256")
	before := h.granted(h.post("/oauth/token", h.redemption(h.app, h.code(h.app))))
	_, err := h.Registry().SetExtra(t.Context(), oauthapp.OwnedBy("developer"), h.app.ID, dpop.Name, dpop.Application{BoundAccessTokens: true})
	require.NoError(t, err)
	demanding := h.node(dpop.New(dpop.Config{RequireBinding: true}))
	for name, test := range map[string]struct {
		host *host
		app  oauthapp.Application
	}{"application": {h, h.app}, "host": {demanding, h.public}} {
		t.Run(name, func(t *testing.T) {
			code := test.host.code(test.app)
			requireError(t, test.host.post("/oauth/token", test.host.redemption(test.app, code)), dpop.InvalidProof, "missing")
			tokens := test.host.granted(test.host.post("/oauth/token", test.host.redemption(test.app, code), test.host.at(c)))
			require.Equal(t, "DPoP", tokens.TokenType)
			requireError(t, test.host.post("/oauth/token", test.host.refresh(test.app, tokens.RefreshToken)), dpop.InvalidProof, "missing")
		})
	}
	requireError(t, h.post("/oauth/token", h.refresh(h.app, before.RefreshToken)), dpop.InvalidProof, "missing")
	h.granted(h.post("/oauth/token", h.redemption(h.public, h.code(h.public))))

	_, err = h.Registry().SetExtra(t.Context(), oauthapp.OwnedBy("developer"), h.app.ID, dpop.Name, "what nobody understands")
	require.NoError(t, err)
	requireError(t, h.post("/oauth/token", h.redemption(h.app, h.code(h.app))), dpop.InvalidProof, "missing")
	_, err = h.Registry().SetExtra(t.Context(), oauthapp.OwnedBy("developer"), h.app.ID, dpop.Name, dpop.Application{})
	require.NoError(t, err)
	h.granted(h.post("/oauth/token", h.redemption(h.app, h.code(h.app))))
}

// What a session keeps and nobody can read is refused everywhere.
func TestUnreadableBindings(t *testing.T) {
	h, c := newHost(t, memory.New(), dpop.New(dpop.Config{})), newClient(t, "ES256")
	tokens := h.beginWith(`{"dpop":"what nobody understands"}`)
	require.Equal(t, http.StatusInternalServerError, h.calls(c, tokens.AccessToken).Code)
	require.Equal(t, http.StatusInternalServerError, h.call("Bearer "+tokens.AccessToken).Code)
	require.Equal(t, http.StatusInternalServerError, h.post("/oauth/token", h.refresh(h.app, tokens.RefreshToken), h.at(c)).Code)
}

// The owner of an application ticks a box, unless the host demands it of all.
func TestApplicationField(t *testing.T) {
	h := newDefaultHost(t)
	field := h.Kernel().ApplicationFields()[0]
	require.True(t, field.Flag)
	text, has := field.Text(h.app)
	require.Equal(t, []any{"", true}, []any{text, has})
	entry, problem := field.Entry(oauthapp.Application{Type: oauthapp.Public}, "true")
	require.Empty(t, problem)
	app, err := h.Registry().SetExtra(t.Context(), oauthapp.OwnedBy("developer"), h.app.ID, field.Capability, entry)
	require.NoError(t, err)
	text, _ = field.Text(app)
	require.Equal(t, "true", text)
	requireError(t, h.post("/oauth/token", h.redemption(h.app, h.code(h.app))), dpop.InvalidProof, "missing")

	entry, problem = field.Entry(oauthapp.Application{Type: oauthapp.Public}, "")
	require.Nil(t, entry)
	require.Empty(t, problem)
	_, has = h.node(dpop.New(dpop.Config{RequireBinding: true})).Kernel().ApplicationFields()[0].Text(h.app)
	require.False(t, has)
}

// What the host has fixed for an application is not its owner's to change.
func TestFixedByTheHost(t *testing.T) {
	h := newDefaultHost(t)
	for bound, text := range map[bool]string{true: "true", false: ""} {
		app, err := h.Registry().SetExtra(t.Context(), oauthapp.OwnedBy("developer"), h.app.ID, dpop.Name, dpop.Application{BoundAccessTokens: bound, Fixed: true})
		require.NoError(t, err)
		shown, has := h.Kernel().ApplicationFields()[0].Text(app)
		require.False(t, has)
		require.Equal(t, text, shown)
	}
}
