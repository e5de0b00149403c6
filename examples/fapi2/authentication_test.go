package fapi2

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientmetadata"
	"github.com/oauthapps/oauthapps/flow/dashboard"
	"github.com/oauthapps/oauthapps/flow/registration"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// Client assertions are judged in the same way at the token endpoint and at the
// push.
func TestClientAssertions(t *testing.T) {
	c := newService(t).register(t)
	token := c.signIn().RefreshToken
	now := c.time()
	for name, test := range map[string]struct {
		pairs []any
		good  bool
	}{
		"as it should be":               {nil, true},
		"iat and nbf 8 seconds ahead":   {[]any{"iat", now.Add(8 * time.Second).Unix(), "nbf", now.Add(8 * time.Second).Unix()}, true},
		"iat 61 seconds ahead":          {[]any{"iat", now.Add(61 * time.Second).Unix(), "exp", now.Add(2 * time.Minute).Unix()}, false},
		"nbf 61 seconds ahead":          {[]any{"nbf", now.Add(61 * time.Second).Unix(), "exp", now.Add(2 * time.Minute).Unix()}, false},
		"expired 5 minutes ago":         {[]any{"exp", now.Add(-5 * time.Minute).Unix()}, false},
		"without exp":                   {[]any{"exp", nil}, false},
		"without sub":                   {[]any{"sub", nil}, false},
		"without aud":                   {[]any{"aud", nil}, false},
		"for another server":            {[]any{"aud", "https://other.example"}, false},
		"aud is an array":               {[]any{"aud", []string{issuer}}, false},
		"aud is an array of two":        {[]any{"aud", []string{issuer, parURL}}, false},
		"aud is the PAR endpoint":       {[]any{"aud", parURL}, false},
		"aud is the token endpoint":     {[]any{"aud", tokenURL}, false},
		"aud is the issuer and a slash": {[]any{"aud", issuer + "/"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			pushed := c.send(parURL, c.authenticated(c.request(), test.pairs...))
			refreshed := c.send(tokenURL, c.authenticated(refresh(token), test.pairs...), c.at())
			if test.good {
				require.Equal(t, http.StatusCreated, pushed.Code, pushed.Body.String())
				require.Equal(t, http.StatusOK, refreshed.Code, refreshed.Body.String())
				return
			}
			requireError(t, pushed, "invalid_client")
			requireError(t, refreshed, "invalid_client")
		})
	}
}

// PS256, ES256 and EdDSA are the algorithms; RS256 is none, with the same key.
func TestAlgorithmsOfClientAssertions(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	c := newService(t).register(t, key{jose.PS256, private})
	token := c.signIn().RefreshToken
	c.key.algorithm = jose.RS256
	requireError(t, c.send(tokenURL, c.authenticated(refresh(token)), c.at()), "invalid_client")
	requireError(t, c.send(parURL, c.authenticated(c.request())), "invalid_client")

	payload, err := json.Marshal(c.claims())
	require.NoError(t, err)
	encode := base64.RawURLEncoding.EncodeToString
	form := c.authenticated(refresh(token))
	form.Set("client_assertion", encode([]byte(`{"alg":"none"}`))+"."+encode(payload)+".")
	requireError(t, c.send(tokenURL, form, c.at()), "invalid_client")

	c.key.algorithm = jose.PS256
	require.Equal(t, token, c.exchange(refresh(token)).RefreshToken)
}

// Neither secrets nor public clients are taken, anywhere. Public applications
// can be there from before, and cannot be registered.
func TestNobodyComesWithoutAKey(t *testing.T) {
	shared := memory.New()
	before := newService(t, func(cfg *flow.Config) { cfg.Store, cfg.Profile = shared, "" })
	native := oauthapp.Registration{
		Name: "Native", HomepageURL: "https://client.example", CallbackURLs: []string{callback}, Type: oauthapp.Public,
	}
	public, _, err := before.Registry().Register(t.Context(), "developer", native)
	require.NoError(t, err)

	s := newService(t, func(cfg *flow.Config) { cfg.Store = shared })
	c := s.register(t)
	secret, err := s.Registry().ResetSecret(t.Context(), oauthapp.OwnedBy("developer"), c.app.ID, 0)
	require.NoError(t, err)
	_, _, err = s.Registry().Register(t.Context(), "developer", native)
	invalid, ok := errors.AsType[*oauthapp.ValidationError](err)
	require.True(t, ok, err)
	require.NotEmpty(t, invalid.Message("client_type"))
	native.Name = "Native app"
	_, err = s.Registry().Update(t.Context(), oauthapp.OwnedBy("developer"), public.ID, native)
	require.NoError(t, err)
	tokens := c.signIn()
	for path, form := range map[string]url.Values{
		"/oauth/token":      refresh(tokens.RefreshToken),
		"/oauth/par":        c.request(),
		"/oauth/revoke":     {"token": {tokens.AccessToken}},
		"/oauth/introspect": {"token": {tokens.AccessToken}},
	} {
		t.Run(path, func(t *testing.T) {
			form.Set("client_id", c.app.ClientID)
			requireError(t, c.send(issuer+path, form, c.proof(http.MethodPost, issuer+path, "")), "invalid_client")
			form.Set("client_secret", secret.Reveal())
			requireError(t, c.send(issuer+path, form, c.proof(http.MethodPost, issuer+path, "")), "invalid_client")
			form.Del("client_secret")
			form.Set("client_id", public.ClientID)
			requireError(t, c.send(issuer+path, form, c.proof(http.MethodPost, issuer+path, "")), "invalid_client")
		})
	}
	require.Equal(t, http.StatusNoContent, c.calls(tokens.AccessToken), "and nothing was revoked")
}

// A client_id beside the assertion is the same one.
func TestClientIDOfAnother(t *testing.T) {
	s := newService(t)
	c, other := s.register(t), s.register(t)
	form := c.authenticated(redemption(c.code()))
	form.Set("client_id", other.app.ClientID)
	requireError(t, c.send(tokenURL, form, c.at()), "invalid_client")
}

// Clients that register themselves have to have a key.
func TestRegistration(t *testing.T) {
	s := newService(t, func(cfg *flow.Config) {
		cfg.Extensions = append(cfg.Extensions, registration.New(registration.Config{Open: true}))
	})
	require.Empty(t, s.CheckProfile(flow.FAPI2))
	c := s.register(t)
	for name, method := range map[string]any{
		"default": nil, "a secret": "client_secret_basic", "a secret in the body": "client_secret_post", "none": "none", "unknown": "x",
	} {
		t.Run(name, func(t *testing.T) {
			metadata := map[string]any{"redirect_uris": []string{callback}, "token_endpoint_auth_method": method}
			if method == nil {
				delete(metadata, "token_endpoint_auth_method")
			}
			requireError(t, registers(c, metadata), "invalid_client_metadata")
		})
	}
	w := registers(c, map[string]any{
		"redirect_uris": []string{callback}, "token_endpoint_auth_method": "private_key_jwt",
		"jwks": jose.JSONWebKeySet{Keys: []jose.JSONWebKey{c.key.public()}},
	})
	require.Equal(t, http.StatusCreated, w.Code, w.Body.String())
}

// So do clients with a metadata document.
func TestMetadataDocuments(t *testing.T) {
	const loopback = "http://127.0.0.1:8080"
	metadata := map[string]any{"client_name": "Budget", "redirect_uris": []string{callback}}
	documents := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		metadata["client_id"] = "https://" + r.Host + r.URL.Path
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(metadata)
	}))
	t.Cleanup(documents.Close)
	s := newService(t, func(cfg *flow.Config) {
		cfg.Issuer, cfg.Resource = loopback, ""
		roots := []*x509.Certificate{documents.Certificate()}
		cfg.Extensions = append(cfg.Extensions, clientmetadata.New(clientmetadata.Config{Roots: roots}))
	})
	c := s.register(t)
	push := func(path string) *httptest.ResponseRecorder {
		c.app.ClientID = documents.URL + path
		return c.send(loopback+"/oauth/par", c.authenticated(c.request(), "aud", loopback))
	}
	require.NotEqual(t, http.StatusCreated, push("/public").Code)
	metadata["token_endpoint_auth_method"] = "private_key_jwt"
	metadata["jwks"] = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{c.key.public()}}
	w := push("/with-a-key")
	require.Equal(t, http.StatusCreated, w.Code, w.Body.String())
}

// The form of an application offers no public ones.
func TestForm(t *testing.T) {
	for profile, offered := range map[flow.Profile]bool{"": true, flow.FAPI2: false} {
		s := newService(t, func(cfg *flow.Config) {
			cfg.Profile = profile
			cfg.CurrentUser = func(*http.Request) (*flow.User, error) {
				return &flow.User{ID: "1", Session: "session", Accounts: []flow.Account{{ID: "7", Name: "Ann", Role: flow.Administrator}}}, nil
			}
		})
		pages, err := dashboard.New(dashboard.Config{Provider: s.Provider})
		require.NoError(t, err)
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, httptest.NewRequest(http.MethodGet, issuer+"/accounts/7/oauth_applications/new", nil))
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		require.Contains(t, w.Body.String(), `name="jwks"`)
		require.Equal(t, offered, strings.Contains(w.Body.String(), "client_type"), profile)
	}
}
