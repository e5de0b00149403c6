package fapi2

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientkeys"
	"github.com/oauthapps/oauthapps/flow/dpop"
	"github.com/oauthapps/oauthapps/flow/par"
	"github.com/oauthapps/oauthapps/flow/signedintrospection"
	"github.com/oauthapps/oauthapps/flow/tokens"
)

// A service that says that it meets the profile does, and Check proves it.
func TestNothingIsMissing(t *testing.T) {
	s := newService(t)
	require.Empty(t, s.CheckProfile(flow.FAPI2))
	for _, finding := range config().Check() {
		require.NotContains(t, finding.Reference, "RFC 9700, section 2.2.1", "every token is bound")
		require.NotEqual(t, "RequirePKCE", finding.Field)
	}
	loopback := newService(t, func(cfg *flow.Config) { cfg.Issuer, cfg.Resource = "http://127.0.0.1:8080", "" })
	findings := loopback.CheckProfile(flow.FAPI2)
	require.Len(t, findings, 1)
	require.Equal(t, "FAPI 2.0 Security Profile, section 5.2.1", findings[0].Reference)
}

// New refuses a configuration that cannot meet the profile, and names the
// clause and what to do.
func TestWhatIsMissingIsNamed(t *testing.T) {
	keys, proofs, pushes := clientkeys.New(clientkeys.Config{}), dpop.New(dpop.Config{}), par.New(par.Config{})
	for name, test := range map[string]struct {
		edit func(*flow.Config)
		says []string
	}{
		"no room":       {func(cfg *flow.Config) { cfg.Extensions = nil }, []string{"section 5.3.2.1, item 4", "package dpop"}},
		"no dpop":       {func(cfg *flow.Config) { cfg.Extensions = []flow.Extension{keys, pushes} }, []string{"section 5.3.2.1, item 4", "package dpop"}},
		"no clientkeys": {func(cfg *flow.Config) { cfg.Extensions = []flow.Extension{proofs, pushes} }, []string{"section 5.3.2.1, item 6", "package clientkeys"}},
		"no par":        {func(cfg *flow.Config) { cfg.Extensions = []flow.Extension{keys, proofs} }, []string{"section 5.3.2.2, item 2", "package par"}},
		"API tokens": {func(cfg *flow.Config) { cfg.Extensions = append(cfg.Extensions, tokens.New(tokens.Config{})) },
			[]string{"section 5.3.2.1, item 4", "package tokens"}},
		"a key for RS256": {func(cfg *flow.Config) {
			private, err := rsa.GenerateKey(rand.Reader, 2048)
			require.NoError(t, err)
			cfg.SigningKeys = []flow.SigningKey{{Signer: private, Algorithm: "RS256"}}
			cfg.Extensions = append(cfg.Extensions, signedintrospection.New(signedintrospection.Config{}))
		}, []string{"section 5.4.1, item 1", "SigningKeys"}},
		"long-lived codes": {func(cfg *flow.Config) { cfg.Lifetimes.Code = time.Minute + time.Second }, []string{"Config.Lifetimes.Code", "1m"}},
		"no such profile":  {func(cfg *flow.Config) { cfg.Profile = "FAPI 3.0" }, []string{"Config.Profile", "FAPI 3.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config()
			test.edit(&cfg)
			_, err := flow.New(cfg)
			require.Error(t, err)
			for _, says := range test.says {
				require.ErrorContains(t, err, says)
			}
		})
	}
}

// Whoever is held to nothing learns clause by clause what is missing.
func TestClauses(t *testing.T) {
	references := func(s *service, profile flow.Profile, severity flow.Severity) (all []string) {
		for _, finding := range s.CheckProfile(profile) {
			require.NotEmpty(t, finding.Message)
			if finding.Severity == severity {
				all = append(all, finding.Field+" "+finding.Reference)
			}
		}
		return all
	}
	bare := newService(t, func(cfg *flow.Config) { cfg.Profile, cfg.Extensions = "", nil })
	const of1, of2 = "FAPI 2.0 Security Profile, section 5.3.2.1, item ", "FAPI 2.0 Security Profile, section 5.3.2.2, item "
	require.Equal(t, []string{
		"Profile " + of1 + "3", "Extensions " + of1 + "4", "Extensions " + of1 + "5", "Extensions " + of1 + "6", "Profile " + of1 + "8",
		"Profile " + of1 + "9", "Lifetimes.Code " + of1 + "11", "Extensions " + of1 + "12", "Profile " + of1 + "13",
		"Extensions " + of2 + "2", "Extensions " + of2 + "3", "Profile " + of2 + "4", "RequirePKCE " + of2 + "5", "Extensions " + of2 + "6",
		"Extensions FAPI 2.0 Security Profile, section 5.3.4, item 5",
	}, references(bare, flow.FAPI2, flow.Warning))

	loose := newService(t, func(cfg *flow.Config) { cfg.Profile = "" })
	require.Equal(t, []string{
		"Profile " + of1 + "3", "Extensions " + of1 + "4", "Profile " + of1 + "6", "Profile " + of1 + "8",
		"Profile " + of1 + "9", "Lifetimes.Code " + of1 + "11", "Profile " + of1 + "13",
		"Extensions " + of2 + "3", "Profile " + of2 + "4", "RequirePKCE " + of2 + "5", "Extensions " + of2 + "6",
		"Profile FAPI 2.0 Security Profile, section 5.4.1, item 1",
	}, references(loose, flow.FAPI2, flow.Warning))

	require.Equal(t, []string{"RequirePKCE draft-ietf-oauth-v2-1-16, section 7.5.1"}, references(bare, flow.OAuth21, flow.Warning))
	require.Len(t, references(bare, flow.MCP, flow.Warning), 2)
	require.Len(t, references(bare, flow.MCP, flow.Advice), 1)
	require.Len(t, references(newService(t), flow.MCP, flow.Warning), 1, "who takes confidential clients alone is of no use to clients of MCP")
	require.Empty(t, references(newService(t), flow.OAuth21, flow.Warning))
	for _, profile := range []flow.Profile{flow.OAuth21, flow.MCP} {
		s := newService(t, func(cfg *flow.Config) { cfg.Profile, cfg.Extensions = profile, nil })
		require.Empty(t, references(s, profile, flow.Warning), "what no capability is needed for is narrowed")
	}
	require.Len(t, references(bare, "", flow.Warning), 1)
	require.Len(t, references(bare, "FAPI 3.0", flow.Warning), 1)
}

// What clients read of the service is narrowed too.
func TestMetadata(t *testing.T) {
	s := newService(t)
	read := func(path string) (document map[string]any) {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, issuer+path, nil))
		require.Equal(t, http.StatusOK, w.Code)
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &document))
		return document
	}
	server := read("/.well-known/oauth-authorization-server")
	require.Equal(t, issuer, server["issuer"])
	require.Equal(t, true, server["require_pushed_authorization_requests"])
	require.Equal(t, true, server["authorization_response_iss_parameter_supported"])
	require.Equal(t, []any{"S256"}, server["code_challenge_methods_supported"])
	require.Equal(t, []any{"code"}, server["response_types_supported"])
	for member, value := range server {
		switch {
		case strings.HasSuffix(member, "_auth_methods_supported"):
			require.Equal(t, []any{"private_key_jwt"}, value, member)
		case strings.HasSuffix(member, "_alg_values_supported"):
			require.Subset(t, []any{"PS256", "ES256", "EdDSA", "Ed25519"}, value, member)
			require.Contains(t, value, "PS256", member)
		}
	}
	require.Contains(t, server, "dpop_signing_alg_values_supported")
	require.Contains(t, server, "token_endpoint_auth_signing_alg_values_supported")
	require.Equal(t, true, read("/.well-known/oauth-protected-resource")["dpop_bound_access_tokens_required"])
}
