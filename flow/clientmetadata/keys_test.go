package clientmetadata_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientmetadata"
	"github.com/oauthapps/oauthapps/flow/internal/clientauth"
	"github.com/oauthapps/oauthapps/flow/internal/jose"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// keyed stands for package clientkeys: a client authenticates by naming where
// its keys are. It notes the keys that there are.
type keyed struct {
	flow.Extension
	seen *jose.Source
}

func (keyed) Name() string               { return "clientkeys" }
func (keyed) Findings() []kernel.Finding { return nil }

func (k keyed) Contribute(*kernel.Kernel) (kernel.Contribution, error) {
	return kernel.Contribution{ClientAuthentication: []clientauth.Method{{
		Name:   "private_key_jwt",
		Params: []string{"client_assertion"},
		Present: func(_ *http.Request, params wire.Params) (clientauth.Presented, bool, *wire.Error) {
			proof := params.Get("client_assertion")
			return clientauth.Presented{ClientID: params.Get("client_id"), Proof: proof}, proof != "", nil
		},
		Verify: func(_ *http.Request, client store.Client, p clientauth.Presented, _ time.Time) (clientauth.Verdict, error) {
			var keys jose.Source
			found, err := client.Application.ReadExtra("clientkeys", &keys)
			if k.seen != nil {
				*k.seen = keys
			}
			if err != nil || !found || keys.URI != p.Proof {
				return clientauth.Verdict{Reason: "wrong key"}, err
			}
			return clientauth.Verdict{}, nil
		},
	}}}, nil
}

// A client with keys authenticates with them, from its first token on, with
// those that its document names now.
func TestClientWithKeys(t *testing.T) {
	h := newHost(t, clientmetadata.Config{}, func(cfg *flow.Config) { cfg.Extensions = append(cfg.Extensions, keyed{}) })
	withKeys := func(uri string) {
		h.serve(document{"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": uri})
	}
	withKeys("https://client.example/jwks.json")
	code := h.code()
	require.Equal(t, oauthapp.Confidential, h.row().Type)
	require.Equal(t, "invalid_client", h.tokens(h.redeem(code)).Error, "nothing proves who it is")
	exchange := func(form url.Values, key string) tokens {
		form.Set("client_id", h.url)
		form.Set("client_assertion", key)
		return h.tokens(h.post("/oauth/token", form))
	}
	redemption := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	require.Equal(t, "invalid_client", exchange(redemption, "https://mallory.example/jwks.json").Error)
	granted := exchange(redemption, "https://client.example/jwks.json")
	require.NotEmpty(t, granted.Access)

	withKeys("https://client.example/new.json")
	h.now = h.now.Add(5 * time.Minute)
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {granted.Refresh}}
	require.Equal(t, "invalid_client", exchange(refresh, "https://client.example/jwks.json").Error)
	granted = exchange(refresh, "https://client.example/new.json")
	require.NotEmpty(t, granted.Access)

	h.serveStatus(http.StatusBadGateway)
	h.now = h.now.Add(time.Hour)
	require.Equal(t, "invalid_client", h.tokens(h.refresh(granted.Refresh)).Error, "an outage of the document makes nobody public")
}

// Keys in a document are an hour old at most, also while it cannot be fetched
// and the rest of it holds.
func TestKeysInADocument(t *testing.T) {
	var seen jose.Source
	h := newHost(t, clientmetadata.Config{}, func(cfg *flow.Config) { cfg.Extensions = append(cfg.Extensions, keyed{seen: &seen}) })
	key := document{"kty": "OKP", "crv": "Ed25519", "x": "iPSsWokFMLs9Ikx6UXhU91YTeVCLxhhSC490gIZv1lc"}
	keys := document{"token_endpoint_auth_method": "private_key_jwt", "jwks": document{"keys": []any{key}}}
	h.serve(keys, "Cache-Control", "max-age=86400")
	code := h.code()
	goodUntil := func() time.Time {
		h.post("/oauth/token", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "client_id": {h.url}, "client_assertion": {"x"}})
		require.NotEmpty(t, seen.Set)
		return seen.GoodUntil
	}
	fetched := h.now
	require.Equal(t, fetched.Add(time.Hour), goodUntil())
	h.serveStatus(http.StatusBadGateway)
	for range 3 { // they hold until then, and then are out of date
		h.now = h.now.Add(time.Hour - 2*time.Second)
		require.Equal(t, fetched.Add(time.Hour), goodUntil())
	}
	h.serve(keys)
	h.now = h.now.Add(time.Minute)
	require.Equal(t, h.now.Add(time.Hour), goodUntil())
}

// A client that gives up its keys has none left, also where its new callback
// URLs are none for the type of application that it began as.
func TestClientThatGivesUpItsKeys(t *testing.T) {
	h := newHost(t, clientmetadata.Config{}, func(cfg *flow.Config) { cfg.Extensions = append(cfg.Extensions, keyed{}) })
	h.serve(document{"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://client.example/jwks.json"})
	h.code()
	const native = "com.example.client:/callback"
	h.serve(document{"redirect_uris": []string{native}})
	h.now = h.now.Add(5 * time.Minute)
	require.Equal(t, http.StatusOK, h.visit("redirect_uri", native).Code)
	var keys any
	found, err := h.row().ReadExtra("clientkeys", &keys)
	require.NoError(t, err)
	require.False(t, found)
}

func TestKeysOfDocuments(t *testing.T) {
	public := document{"kty": "OKP", "crv": "Ed25519", "x": "iPSsWokFMLs9Ikx6UXhU91YTeVCLxhhSC490gIZv1lc"}
	for name, test := range map[string]struct {
		members document
		status  int
	}{
		"jwks":           {document{"jwks": document{"keys": []any{public}}}, http.StatusOK},
		"jwks_uri":       {document{"jwks_uri": "https://client.example/jwks.json"}, http.StatusOK},
		"neither":        {document{}, http.StatusBadRequest},
		"both":           {document{"jwks": document{"keys": []any{public}}, "jwks_uri": "https://client.example/jwks.json"}, http.StatusBadRequest},
		"no keys at all": {document{"jwks": "x"}, http.StatusBadRequest},
		"shared key":     {document{"jwks": document{"keys": []any{document{"kty": "oct", "k": "c2VjcmV0"}}}}, http.StatusBadRequest},
		"private key":    {document{"jwks": document{"keys": []any{document{"kty": "EC", "d": "x"}}}}, http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, clientmetadata.Config{}, func(cfg *flow.Config) { cfg.Extensions = append(cfg.Extensions, keyed{}) })
			test.members["token_endpoint_auth_method"] = "private_key_jwt"
			h.serve(test.members)
			require.Equal(t, test.status, h.visit().Code)
		})
	}
}
