package e2e

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

// A holder is a client with a key, which it proves and authenticates with.
type holder struct {
	t      testing.TB
	key    *ecdsa.PrivateKey
	signer jose.Signer // of proofs
}

func newHolder(t testing.TB) holder {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"))
	require.NoError(t, err)
	return holder{t, key, signer}
}

func (h holder) sign(signer jose.Signer, claims map[string]any) string {
	payload, err := json.Marshal(claims)
	require.NoError(h.t, err)
	signed, err := signer.Sign(payload)
	require.NoError(h.t, err)
	compact, err := signed.CompactSerialize()
	require.NoError(h.t, err)
	return compact
}

// proof is a DPoP proof for a request, and for an access token where there is
// one (RFC 9449, section 4.2).
func (h holder) proof(method, uri, accessToken string) string {
	claims := map[string]any{"jti": rand.Text(), "htm": method, "htu": uri, "iat": time.Now().Unix()}
	if accessToken != "" {
		digest := sha256.Sum256([]byte(accessToken))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(digest[:])
	}
	return h.sign(h.signer, claims)
}

// thumbprint is that of the key, for dpop_jkt.
func (h holder) thumbprint() string {
	public := jose.JSONWebKey{Key: h.key.Public()}
	sum, err := public.Thumbprint(crypto.SHA256)
	require.NoError(h.t, err)
	return base64.RawURLEncoding.EncodeToString(sum)
}

// asKey adds the authentication of a client with the key (private_key_jwt).
func (h holder) asKey(s *server, app application, fields url.Values) url.Values {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: h.key}, (&jose.SignerOptions{}).WithType("client-authentication+jwt"))
	require.NoError(h.t, err)
	now := time.Now().Unix()
	fields.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	fields.Set("client_assertion", h.sign(signer, map[string]any{
		"iss": app.ClientID, "sub": app.ClientID, "aud": s.URL, "iat": now, "exp": now + 60, "jti": rand.Text(),
	}))
	return fields
}

// publish has the application authenticate with the key.
func (h holder) publish(b *browser, app application) {
	h.t.Helper()
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: h.key.Public()}}})
	require.NoError(h.t, err)
	form := b.get(app.path("edit")).form(app.path())
	require.Less(h.t, form.set("jwks", string(set)).submit().Status, 300)
}

// postWith posts a form with a proof.
func (s *server) postWith(t testing.TB, path string, fields url.Values, proof string) answer {
	t.Helper()
	return s.request(t, http.MethodPost, path, fields.Encode(), func(r *http.Request) {
		r.Header.Set("Content-Type", formType)
		r.Header.Set("DPoP", proof)
	})
}

// call calls the protected API with a bound token.
func (h holder) call(s *server, accessToken string) answer {
	h.t.Helper()
	return s.request(h.t, http.MethodGet, "/v2/whoami", "", func(r *http.Request) {
		r.Header.Set("Authorization", "DPoP "+accessToken)
		r.Header.Set("DPoP", h.proof(http.MethodGet, s.URL+"/v2/whoami", accessToken))
	})
}

// requireBound asserts that an access token is good with the key alone.
func (h holder) requireBound(s *server, tokens answer) {
	h.t.Helper()
	require.Equal(h.t, http.StatusOK, tokens.Status, "%s", tokens.Body)
	require.Equal(h.t, "DPoP", tokens.str("token_type"), "%s", tokens.Body)
	access := tokens.str("access_token")
	require.Equal(h.t, http.StatusOK, h.call(s, access).Status)
	require.Equal(h.t, http.StatusUnauthorized, newHolder(h.t).call(s, access).Status, "with the key of another")
	require.Equal(h.t, http.StatusUnauthorized, s.whoami(h.t, access).Status, "as a bearer token")
}

// DPoP binds tokens whatever the grant and the endpoint, and however the client
// authenticates: one key for both, too.
func TestProofsWithOtherCapabilities(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	register := func(t *testing.T, name string) (application, holder) {
		app, h := b.in(t).register(acme, name, "confidential", callbackOfClient), newHolder(t)
		h.publish(b.in(t), app)
		return app, h
	}
	token := func(h holder) string { return h.proof(http.MethodPost, s.URL+"/oauth/token", "") }

	t.Run("clientcredentials and clientkeys", func(t *testing.T) {
		app, h := register(t, "Itself")
		form := b.in(t).get(app.path("edit")).form(app.path())
		require.Less(t, form.set("application_scopes", "read").submit().Status, 300)
		ask := func() url.Values { return h.asKey(s, app, url.Values{"grant_type": {"client_credentials"}}) }
		proof := token(h)
		tokens := s.postWith(t, "/oauth/token", ask(), proof)
		h.requireBound(s, tokens)
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(s.introspectSigned(t, app, tokens.str("access_token")).Body, ".")[1])
		require.NoError(t, err)
		require.Contains(t, string(payload), `"cnf":{"jkt":"`+h.thumbprint()+`"}`, "a signed answer tells it too")
		require.Equal(t, "invalid_dpop_proof", s.postWith(t, "/oauth/token", ask(), proof).str("error"), "the same proof once more")
		require.Equal(t, "Bearer", s.post(t, "/oauth/token", ask()).str("token_type"), "without a proof")

		// Neither is the other, though one key signs both.
		fields := ask()
		require.Equal(t, "invalid_dpop_proof", s.postWith(t, "/oauth/token", ask(), fields.Get("client_assertion")).str("error"))
		fields.Set("client_assertion", token(h))
		require.Equal(t, "invalid_client", s.postWith(t, "/oauth/token", fields, token(h)).str("error"))
	})
	t.Run("device and clientkeys", func(t *testing.T) {
		app, h := register(t, "Device")
		asked := s.post(t, "/oauth/device_authorization", h.asKey(s, app, url.Values{"scope": {"read"}}))
		require.Equal(t, http.StatusOK, asked.Status, "%s", asked.Body)
		poll := func() answer {
			fields := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {asked.str("device_code")}}
			return s.postWith(t, "/oauth/token", h.asKey(s, app, fields), token(h))
		}
		require.Equal(t, "authorization_pending", poll().str("error"))
		require.Contains(t, b.in(t).decideOnDevice(asked.str("user_code"), "authorize", acme).text(), "Your device is connected")
		tokens := poll()
		h.requireBound(s, tokens)
		refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.str("refresh_token")}}
		h.requireBound(s, s.postWith(t, "/oauth/token", h.asKey(s, app, refresh), token(h)))
	})
	t.Run("device and a public client", func(t *testing.T) {
		app, h := b.in(t).register(acme, "Command line", "public", "http://127.0.0.1/callback"), newHolder(t)
		asked := s.post(t, "/oauth/device_authorization", app.as(url.Values{}))
		b.in(t).decideOnDevice(asked.str("user_code"), "authorize", acme)
		fields := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {asked.str("device_code")}}
		tokens := s.postWith(t, "/oauth/token", app.as(fields), token(h))
		h.requireBound(s, tokens)
		refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.str("refresh_token")}}
		require.Equal(t, "invalid_grant", s.postWith(t, "/oauth/token", app.as(refresh), token(newHolder(t))).str("error"), "with the key of another")
		h.requireBound(s, s.postWith(t, "/oauth/token", app.as(refresh), token(h)))
	})
	t.Run("dnsimple and clientkeys", func(t *testing.T) {
		app, h := register(t, "Compatible")
		code := func() url.Values {
			callback := b.in(t).authorize(s.authorizeURL(app, "", "account_id", acme, "dpop_jkt", h.thumbprint()), acme)
			return redemption(app, callback.Query().Get("code"), "")
		}
		proof := func(h holder) string { return h.proof(http.MethodPost, s.URL+compatible, "") }
		stolen := code()
		require.Equal(t, http.StatusBadRequest, s.post(t, compatible, h.asKey(s, app, stolen)).Status, "a code that is bound to a key, without a proof")
		require.Equal(t, http.StatusBadRequest, s.postWith(t, compatible, h.asKey(s, app, stolen), proof(newHolder(t))).Status, "with the key of another")
		require.Equal(t, http.StatusBadRequest, s.postWith(t, compatible, h.asKey(s, app, stolen), token(h)).Status, "with a proof for another endpoint")
		h.requireBound(s, s.postWith(t, compatible, h.asKey(s, app, stolen), proof(h)))
	})
}

const callbackOfClient = "https://app.example.com/callback"
