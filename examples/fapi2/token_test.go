package fapi2

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A code is good once, for a minute, with its verifier, for its client.
func TestCodes(t *testing.T) {
	s := newService(t)
	c, other := s.register(t), s.register(t)

	code := c.code()
	tokens := c.exchange(redemption(code))
	c.wait(time.Second)
	requireError(t, c.send(tokenURL, c.authenticated(redemption(code)), c.at()), "invalid_grant")
	require.Equal(t, http.StatusUnauthorized, c.calls(tokens.AccessToken), "which ends what it was exchanged for")

	code = c.code()
	c.wait(time.Minute)
	requireError(t, c.send(tokenURL, c.authenticated(redemption(code)), c.at()), "invalid_grant")

	code = c.code()
	requireError(t, other.send(tokenURL, other.authenticated(redemption(code)), other.at()), "invalid_grant")
	form := redemption(code)
	form.Del("code_verifier")
	requireError(t, c.send(tokenURL, c.authenticated(form), c.at()), "invalid_grant")
	form.Set("code_verifier", strings.Repeat("x", 43))
	requireError(t, c.send(tokenURL, c.authenticated(form), c.at()), "invalid_grant")
	form = redemption(code)
	form.Set("client_id", c.app.ClientID)
	requireError(t, c.send(tokenURL, form, c.at()), "invalid_client")
	requireError(t, c.send(tokenURL, c.authenticated(redemption(code))), "invalid_dpop_proof")
	c.exchange(redemption(code))
}

// A code is bound to the key that the push proves, or names.
func TestCodesBoundToAKey(t *testing.T) {
	c := newService(t).register(t)
	push := func(jkt string, proofs ...string) string {
		w := c.send(parURL, c.authenticated(c.request("dpop_jkt", jkt)), proofs...)
		require.Equal(t, http.StatusCreated, w.Code, w.Body.String())
		return strings.Split(strings.Split(w.Body.String(), `"request_uri":"`)[1], `"`)[0]
	}
	own := c.dpop
	for name, requestURI := range map[string]string{
		"a proof":              push("", c.proof(http.MethodPost, parURL, "")),
		"dpop_jkt":             push(own.thumbprint(t)),
		"a proof and dpop_jkt": push(own.thumbprint(t), c.proof(http.MethodPost, parURL, "")),
	} {
		t.Run(name, func(t *testing.T) {
			code := c.authorize(requestURI).Get("code")
			c.dpop = newKey(t)
			requireError(t, c.send(tokenURL, c.authenticated(redemption(code)), c.at()), "invalid_grant")
			c.dpop = own
			c.exchange(redemption(code))
		})
	}
}

// Proofs are good for a minute, and from half a minute ahead, everywhere. With
// a nonce, their iat may be any time but one far in the future.
func TestTimesOfProofs(t *testing.T) {
	c := newService(t).register(t)
	for name, test := range map[string]struct {
		pairs []any
		code  string
	}{
		"10 seconds ago":         {[]any{"iat", c.time().Add(-10 * time.Second).Unix()}, ""},
		"10 seconds ahead":       {[]any{"iat", c.time().Add(10 * time.Second).Unix()}, ""},
		"with nbf and exp":       {[]any{"nbf", c.time().Unix(), "exp", c.time().Add(time.Minute).Unix()}, ""},
		"nbf an hour ahead":      {[]any{"nbf", c.time().Add(time.Hour).Unix()}, "invalid_dpop_proof"},
		"expired":                {[]any{"exp", c.time().Add(-time.Hour).Unix()}, "invalid_dpop_proof"},
		"an hour ago":            {[]any{"iat", c.time().Add(-time.Hour).Unix()}, "use_dpop_nonce"},
		"40 seconds ahead":       {[]any{"iat", c.time().Add(40 * time.Second).Unix()}, "use_dpop_nonce"},
		"more than a minute off": {[]any{"iat", c.time().Add(61 * time.Second).Unix()}, "invalid_dpop_proof"},
	} {
		t.Run(name, func(t *testing.T) {
			pushed := c.send(parURL, c.authenticated(c.request()), c.proof(http.MethodPost, parURL, "", test.pairs...))
			form := redemption(c.code())
			redeemed := c.send(tokenURL, c.authenticated(form), c.at(test.pairs...))
			if test.code == "" {
				require.Equal(t, http.StatusCreated, pushed.Code, pushed.Body.String())
				require.Equal(t, http.StatusOK, redeemed.Code, redeemed.Body.String())
				require.Equal(t, http.StatusNoContent, c.calls(c.signIn().AccessToken, test.pairs...))
				return
			}
			requireError(t, pushed, test.code)
			requireError(t, redeemed, test.code)
			require.Equal(t, http.StatusUnauthorized, c.calls(c.signIn().AccessToken, test.pairs...))
			if test.code == "use_dpop_nonce" {
				nonce := redeemed.Header().Get("DPoP-Nonce")
				w := c.send(tokenURL, c.authenticated(form), c.at(append(test.pairs, "nonce", nonce)...))
				require.Equal(t, http.StatusOK, w.Code, w.Body.String())
				ahead := c.at("iat", c.time().Add(61*time.Second).Unix(), "nonce", nonce)
				requireError(t, c.send(tokenURL, c.authenticated(redemption(c.code())), ahead), "invalid_dpop_proof")
			}
		})
	}
}

// The scheme is DPoP in any case, in the header alone.
func TestHowTheAPIIsCalled(t *testing.T) {
	c := newService(t).register(t)
	token := c.signIn().AccessToken
	proof := func() string { return c.proof(http.MethodGet, accountsURL, token) }
	for _, scheme := range []string{"DPoP", "dpop", "DPOP", "dPoP"} {
		require.Equal(t, http.StatusNoContent, c.call(scheme+" "+token, proof()).Code, scheme)
	}
	require.Equal(t, http.StatusUnauthorized, c.call("DPoP "+token).Code)
	challenges := c.call("Bearer " + token[:len(token)-1]).Header().Values("WWW-Authenticate")
	require.Len(t, challenges, 1)
	require.Contains(t, challenges[0], "DPoP realm=")
	require.Equal(t, http.StatusUnauthorized, c.call("Bearer "+token).Code)
	require.Equal(t, http.StatusUnauthorized, c.call("Bearer "+token, proof()).Code)
	r := httptest.NewRequest(http.MethodGet, accountsURL+"?access_token="+token, nil)
	r.Header.Set("DPoP", proof())
	w := httptest.NewRecorder()
	c.Require("read")(http.NotFoundHandler()).ServeHTTP(w, r)
	require.Equal(t, http.StatusUnauthorized, w.Code)

	w = httptest.NewRecorder()
	r = httptest.NewRequest(http.MethodGet, accountsURL, nil)
	r.Header.Set("Authorization", "DPoP "+token)
	r.Header.Set("DPoP", proof())
	c.Require("pay")(http.NotFoundHandler()).ServeHTTP(w, r)
	require.Equal(t, http.StatusForbidden, w.Code)
}
