package fapi2

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/store/memory"
)

// registers registers a client by its metadata.
func registers(c *client, metadata map[string]any) *httptest.ResponseRecorder {
	body, err := json.Marshal(metadata)
	require.NoError(c.t, err)
	r := httptest.NewRequest(http.MethodPost, issuer+"/oauth/register", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w
}

// Two clients sign in, each with its own key.
func TestHappyFlow(t *testing.T) {
	s := newService(t)
	for _, c := range []*client{s.register(t), s.register(t)} {
		tokens := c.signIn("scope", "read pay")
		require.Equal(t, "read pay", tokens.Scope)
		require.Equal(t, http.StatusNoContent, c.calls(tokens.AccessToken))
		require.Equal(t, http.StatusUnauthorized, c.call("Bearer "+tokens.AccessToken).Code)
	}
}

// What a client may leave out, and how much it may send.
func TestParametersOfTheRequest(t *testing.T) {
	c := newService(t).register(t)
	back := c.authorize(c.push("state", ""))
	require.NotEmpty(t, back.Get("code"))
	require.False(t, back.Has("state"))
	long := strings.Repeat("state-1000", 100)
	require.Equal(t, long, c.authorize(c.push("state", long)).Get("state"))
	require.Equal(t, http.StatusNoContent, c.calls(c.signIn("scope", "pay read").AccessToken), "whatever the order of scopes")
}

// The parameters beside a request_uri are ignored.
func TestParametersBesideTheRequest(t *testing.T) {
	c := newService(t).register(t)
	for pushed, want := range map[string]string{"pushed": "pushed", "": ""} {
		params := c.presented(c.push("state", pushed))
		params.Set("state", "beside")
		params.Set("nonce", "beside")
		params.Set("redirect_uri", "https://evil.example/callback")
		back := c.goOn(c.open(params))
		require.Equal(t, want, back.Get("state"))
		c.exchange(redemption(back.Get("code")))
	}
}

func TestUserRefuses(t *testing.T) {
	c := newService(t).register(t)
	requestURI := c.push()
	back := c.sentTo(c.decide(c.open(c.presented(requestURI)), "deny"))
	require.Equal(t, "access_denied", back.Get("error"))
	require.Equal(t, "opaque", back.Get("state"))
	require.False(t, back.Has("code"))
	require.Equal(t, http.StatusBadRequest, c.open(c.presented(requestURI)).Code, "and the request is used up")
}

// A request that its client did not push is sent back with an error, also one
// that would have been granted at once.
func TestRequestThatWasNotPushed(t *testing.T) {
	c := newService(t).register(t)
	c.signIn()
	params := c.request()
	params.Set("client_id", c.app.ClientID)
	require.Equal(t, "invalid_request", c.sentTo(c.open(params)).Get("error"))
	params.Set("request_uri", "https://client.example/request.jwt")
	require.Equal(t, "request_uri_not_supported", c.sentTo(c.open(params)).Get("error"))
}

func TestPushIsRefused(t *testing.T) {
	c := newService(t).register(t)
	for name, test := range map[string]struct {
		pairs []string
		code  string
	}{
		"no redirect_uri":              {[]string{"redirect_uri", ""}, "invalid_request"},
		"an unregistered redirect_uri": {[]string{"redirect_uri", "https://evil.example/callback"}, "invalid_request"},
		"code id_token":                {[]string{"response_type", "code id_token"}, "unsupported_response_type"},
		"token":                        {[]string{"response_type", "token"}, "unsupported_response_type"},
		"no PKCE":                      {[]string{"code_challenge", "", "code_challenge_method", ""}, "invalid_request"},
		"plain":                        {[]string{"code_challenge_method", "plain"}, "invalid_request"},
		"no method":                    {[]string{"code_challenge_method", ""}, "invalid_request"},
		"a request_uri":                {[]string{"request_uri", "urn:ietf:params:oauth:request_uri:abc"}, "invalid_request"},
		"a request object":             {[]string{"request", "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"},
		"an unknown scope":             {[]string{"scope", "everything"}, "invalid_scope"},
		"another's dpop_jkt":           {[]string{"dpop_jkt", newKey(t).thumbprint(t)}, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			requireError(t, c.send(parURL, c.authenticated(c.request(test.pairs...)), c.proof(http.MethodPost, parURL, "")), test.code)
		})
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, httptest.NewRequest(http.MethodGet, parURL+"?"+c.authenticated(c.request()).Encode(), nil))
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
}

// A request_uri can be opened twice before the user decides, then once, by the
// client's own users, within its lifetime.
func TestRequestURI(t *testing.T) {
	s := newService(t)
	c, other := s.register(t), s.register(t)
	requestURI := c.push()
	require.Equal(t, http.StatusOK, c.open(c.presented(requestURI)).Code)
	require.NotEmpty(t, c.authorize(requestURI).Get("code"))
	require.Equal(t, http.StatusBadRequest, c.open(c.presented(requestURI)).Code)

	requestURI = c.push()
	require.Equal(t, http.StatusBadRequest, other.open(other.presented(requestURI)).Code)
	require.NotEmpty(t, c.authorize(requestURI).Get("code"), "which leaves it alone")

	requestURI = c.push()
	s.wait(time.Minute)
	require.Equal(t, http.StatusBadRequest, c.open(c.presented(requestURI)).Code)
}

// The authorization endpoint is no API: scripts of other origins read nothing
// of it.
func TestNoCORSAtTheAuthorizationEndpoint(t *testing.T) {
	c := newService(t).register(t)
	r := httptest.NewRequest(http.MethodGet, issuer+"/oauth/authorize?"+c.presented(c.push()).Encode(), nil)
	r.Header.Set("Origin", "https://client.example")
	require.Empty(t, c.browse(r).Header().Get("Access-Control-Allow-Origin"))
}

// Only what is bound opens the API, also of what was issued before the service
// was held to the profile.
func TestTokensOfBefore(t *testing.T) {
	shared := memory.New()
	before := newService(t, func(cfg *flow.Config) { cfg.Store, cfg.Profile = shared, "" })
	c := before.register(t)
	w := c.send(tokenURL, c.authenticated(redemption(c.code())))
	var bearer granted
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &bearer))
	require.Equal(t, "Bearer", bearer.TokenType)
	require.Equal(t, http.StatusNoContent, c.call("Bearer "+bearer.AccessToken).Code)

	c.service = newService(t, func(cfg *flow.Config) { cfg.Store = shared })
	require.Equal(t, http.StatusUnauthorized, c.call("Bearer "+bearer.AccessToken).Code)
	require.Equal(t, http.StatusUnauthorized, c.calls(bearer.AccessToken))
	form := c.authenticated(url.Values{"token": {bearer.AccessToken}})
	require.JSONEq(t, `{"active":false}`, c.send(issuer+"/oauth/introspect", form).Body.String())
	next := c.exchange(refresh(bearer.RefreshToken))
	require.Equal(t, bearer.RefreshToken, next.RefreshToken)
	require.Equal(t, http.StatusNoContent, c.calls(next.AccessToken))
}
