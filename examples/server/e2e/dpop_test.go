package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// dpopSteps is what a client with DPoP reports of its steps.
type dpopSteps struct {
	TokenType       string `json:"token_type"` // in small letters
	Stolen          string // the error for the access token as a bearer token
	WhoAmI          whoami
	WhoAmIRefreshed whoami `json:"whoami_refreshed"`
	Thumbprint      string
	Introspection   struct {
		Active       bool
		TokenType    string               `json:"token_type"`
		Confirmation struct{ JKT string } `json:"cnf"`
	}
	Rotated bool     // whether a refresh gave another refresh token
	Refused string   // the error for a token that was revoked, or never was
	Nonces  int      // how often it had to make its proof again
	Again   []string // the errors for what it sent twice
}

// Published clients bind their tokens with DPoP, call the API, refresh, and
// learn of a revocation, whether they keep a secret, push their requests, and
// whatever their clock says.
func TestDPoPClients(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, test := range []struct{ client, auth, alg, clockSkew, push string }{
		{"openid-client", "basic", "ES256", "0", "false"},
		{"openid-client", "none", "PS256", "0", "true"},
		{"openid-client", "none", "ES256", "86400", "true"},
		{"oauth4webapi", "basic", "PS256", "0", "false"},
		{"oauth4webapi", "none", "ES256", "0", "false"},
		{"oauth4webapi", "basic", "Ed25519", "0", "false"},
		{"openid-client", "none", "Ed25519", "0", "true"},
		{"oauth4webapi", "none", "ES256", "-86400", "false"},
	} {
		t.Run(test.client+" "+test.auth+" "+test.alg+" "+test.clockSkew, func(t *testing.T) {
			t.Parallel()
			steps := runDPoP(t, s, newNode(t, nodePackage(t, "node", test.client), "dpop-"+test.client+".mjs"), test.auth, test.alg, test.clockSkew, test.push)
			require.Equal(t, "invalid_token", steps.Refused)
			if test.auth != "none" {
				require.True(t, steps.Introspection.Active)
				require.Equal(t, "DPoP", steps.Introspection.TokenType)
				require.Equal(t, steps.Thumbprint, steps.Introspection.Confirmation.JKT)
			}
			if test.client == "oauth4webapi" {
				require.Equal(t, test.clockSkew != "0", steps.Nonces > 0)
			}
		})
	}
	for _, alg := range []string{"ES256", "PS256", "Ed25519"} {
		t.Run("dpop "+alg, func(t *testing.T) {
			t.Parallel()
			steps := runDPoP(t, s, newNode(t, nodePackage(t, "node", "dpop"), "dpop.mjs"), "none", alg, "0", "false")
			require.Equal(t, "invalid_token", steps.Refused)
			require.Equal(t, []string{"invalid_dpop_proof", "invalid_dpop_proof", "invalid_dpop_proof"}, steps.Again)
		})
	}
}

func runDPoP(t *testing.T, s *server, node *nodeProcess, auth, alg, clockSkew, push string) dpopSteps {
	t.Helper()
	b := signIn(t, s, alice)
	clientType := "confidential"
	if auth == "none" {
		clientType = "public"
	}
	app := b.register(alice.account, "DPoP "+auth+" "+alg+" "+clockSkew, clientType, "https://app.example.com/callback")
	node.start(s, app, map[string]string{"auth": auth, "alg": alg, "clock_skew": clockSkew, "push": push})
	return node.dpop(b, node.question())
}

// dpop answers the question of the client, and returns what it did then, with a
// token that nobody else could use.
func (n *nodeProcess) dpop(b *browser, question string) dpopSteps {
	n.t.Helper()
	n.write(b.authorize(question, alice.account).String())
	var result struct{ Steps dpopSteps }
	n.read(&result)
	n.wait()
	require.Equal(n.t, "dpop", result.Steps.TokenType)
	require.Equal(n.t, "invalid_token", result.Steps.Stolen)
	require.Equal(n.t, 1, result.Steps.WhoAmI.Data.User.ID)
	require.Equal(n.t, result.Steps.WhoAmI, result.Steps.WhoAmIRefreshed)
	return result.Steps
}
