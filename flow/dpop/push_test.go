package dpop_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dpop"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
)

// A pushed request that proves a key binds its code to that key, as dpop_jkt
// does (RFC 9449, section 10.1).
func TestPushedRequests(t *testing.T) {
	h, c, other := newDefaultHost(t), newClient(t, "ES256"), newClient(t, "ES256")
	k := h.Kernel()
	found, err := h.store.Client(t.Context(), h.app.ClientID, uuid.Nil, h.now)
	require.NoError(t, err)
	const parURL = issuer + "/oauth/par"
	push := func(jkt string, proofs ...string) (wire.Params, *wire.Error) {
		r := httptest.NewRequest(http.MethodPost, parURL, nil)
		for _, p := range proofs {
			r.Header.Add("DPoP", p)
		}
		params := wire.Params{{Name: "client_id", Value: h.app.ClientID}, {Name: "response_type", Value: "code"}, {Name: "redirect_uri", Value: callback}}
		if jkt != "" {
			params = append(params, wire.Param{Name: "dpop_jkt", Value: jkt})
		}
		return k.JudgePushed(r, found, params)
	}
	proof := c.proof(h.now, http.MethodPost, parURL, "")
	params, refusal := push("", proof)
	require.Nil(t, refusal)
	require.Equal(t, c.thumbprint(), params.Get("dpop_jkt"))
	params, refusal = push(c.thumbprint(), c.proof(h.now, http.MethodPost, parURL, ""))
	require.Nil(t, refusal)
	require.Equal(t, 1, params.Count("dpop_jkt"))
	params, refusal = push(c.thumbprint())
	require.Nil(t, refusal)
	require.Equal(t, c.thumbprint(), params.Get("dpop_jkt"))
	params, refusal = push("")
	require.Nil(t, refusal)
	require.False(t, params.Has("dpop_jkt"))

	for name, test := range map[string]struct {
		jkt    string
		proofs []string
		code   string
	}{
		"another key":          {other.thumbprint(), []string{c.proof(h.now, http.MethodPost, parURL, "")}, flow.InvalidRequest},
		"a proof again":        {"", []string{proof}, dpop.InvalidProof},
		"for the token":        {"", []string{h.at(c)}, dpop.InvalidProof},
		"two proofs":           {"", []string{proof, c.proof(h.now, http.MethodPost, parURL, "")}, dpop.InvalidProof},
		"a made-up nonce":      {"", []string{c.proof(h.now, http.MethodPost, parURL, "", claim("nonce", "x"))}, dpop.UseNonce},
		"no thumbprint at all": {"x", nil, flow.InvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			_, refusal := push(test.jkt, test.proofs...)
			require.NotNil(t, refusal)
			require.Equal(t, test.code, refusal.Code)
		})
	}
}
