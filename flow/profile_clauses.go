package flow

import (
	"slices"
	"strings"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
)

// What is said of several clauses.
const (
	setFAPI2  = "Set Profile to flow.FAPI2."
	listDPoP  = "Add package dpop to Extensions."
	listPAR   = "Add package par to Extensions."
	listKeys  = "Add package clientkeys to Extensions."
	noSecrets = "Clients authenticate with secrets, which they send to whoever asks. "
)

// fapi2Clauses are those of the FAPI 2.0 Security Profile, in its order.
var fapi2Clauses = []clause{
	{reference: "FAPI 2.0 Security Profile, section 5.2.1", deployed: true, missing: needsTLS},
	{reference: "FAPI 2.0 Security Profile, section 5.3.2.1, item 3", missing: func(p *Provider) (string, string) {
		return unless(p.cfg.Profile == FAPI2, "Profile", "Public clients are taken. "+setFAPI2)
	}},
	{reference: "FAPI 2.0 Security Profile, section 5.3.2.1, item 4", missing: func(p *Provider) (string, string) {
		if p.added.TokenSource() != nil {
			return "Extensions", "The API tokens of package tokens are bound to no key. Take it out of Extensions."
		}
		return unless(p.added.Meets(kernel.BoundTokensOnly), "Extensions",
			"Access tokens are issued that are bound to no key, and good for whoever steals them. "+
				"Add package dpop to Extensions, with its Config.RequireBinding or with Profile set to flow.FAPI2.")
	}},
	{reference: "FAPI 2.0 Security Profile, section 5.3.2.1, item 5", missing: needsDPoP},
	{reference: "FAPI 2.0 Security Profile, section 5.3.2.1, item 6", missing: func(p *Provider) (string, string) {
		if !slices.Contains(p.clients.Names(false), "private_key_jwt") {
			return "Extensions", "Clients cannot authenticate with a key. " + listKeys
		}
		return unless(p.authenticatesWith("private_key_jwt"), "Profile", noSecrets+setFAPI2)
	}},
	{reference: "FAPI 2.0 Security Profile, section 5.3.2.1, item 8", missing: func(p *Provider) (string, string) {
		return unless(p.cfg.Profile == FAPI2, "Profile", "The aud of a client assertion may be an array. "+setFAPI2)
	}},
	{reference: "FAPI 2.0 Security Profile, section 5.3.2.1, item 9", missing: func(p *Provider) (string, string) {
		return unless(p.keepsRefreshTokens(), "Profile", "Refresh tokens are rotated. "+setFAPI2)
	}},
	{reference: "FAPI 2.0 Security Profile, section 5.3.2.1, item 11", missing: func(p *Provider) (string, string) {
		return unless(p.cfg.Lifetimes.Code <= fapi2CodeLifetime, "Lifetimes.Code",
			"An authorization code lives for "+kernel.Words(p.cfg.Lifetimes.Code)+". Choose a minute or less.")
	}},
	{reference: "FAPI 2.0 Security Profile, section 5.3.2.1, item 12", missing: func(p *Provider) (string, string) {
		return unless(slices.Contains(p.authorizationParams, "dpop_jkt"), "Extensions", "No code can be bound to a key. "+listDPoP)
	}},
	{reference: "FAPI 2.0 Security Profile, section 5.3.2.1, item 13", missing: func(p *Provider) (string, string) {
		return unless(p.cfg.Profile == FAPI2, "Profile", "The iat of a DPoP proof with a nonce may be far in the future. "+setFAPI2)
	}},
	{reference: "FAPI 2.0 Security Profile, section 5.3.2.2, item 2", missing: func(p *Provider) (string, string) {
		_, ok := p.added.Metadata["pushed_authorization_request_endpoint"]
		return unless(ok, "Extensions", "Clients cannot push authorization requests. "+listPAR)
	}},
	{reference: "FAPI 2.0 Security Profile, section 5.3.2.2, item 3", missing: func(p *Provider) (string, string) {
		return unless(p.hasMetadata("require_pushed_authorization_requests", true), "Extensions",
			"Authorization requests are taken that no client pushed. Add package par to Extensions, with its Config.Required or with Profile set to flow.FAPI2.")
	}},
	{reference: "FAPI 2.0 Security Profile, section 5.3.2.2, item 4", missing: func(p *Provider) (string, string) {
		return unless(p.cfg.Profile == FAPI2, "Profile", "Public clients push without authenticating. "+setFAPI2)
	}},
	{reference: "FAPI 2.0 Security Profile, section 5.3.2.2, item 5", missing: needsPKCE},
	{reference: "FAPI 2.0 Security Profile, section 5.3.2.2, item 6", missing: func(p *Provider) (string, string) {
		return unless(p.added.Meets(kernel.PushedRequestsOnly), "Extensions",
			"A pushed request may leave out redirect_uri. Add package par to Extensions, with Profile set to flow.FAPI2.")
	}},
	{reference: "FAPI 2.0 Security Profile, section 5.3.4, item 5", missing: needsDPoP},
	{reference: "FAPI 2.0 Security Profile, section 5.4.1, item 1", missing: func(p *Provider) (string, string) {
		if p.cfg.Profile == FAPI2 {
			return unless(p.signsWithin(FAPI2.Algorithms), "SigningKeys", "A key of the service is for RS256. Take it out of SigningKeys.")
		}
		return unless(p.signsWithin(FAPI2.Algorithms), "Profile", "Signatures with RS256 are in use. "+setFAPI2)
	}},
}

// oauth21Clauses are those of OAuth 2.1.
var oauth21Clauses = []clause{
	{reference: "draft-ietf-oauth-v2-1-16, section 1.5", deployed: true, missing: needsTLS},
	{reference: "draft-ietf-oauth-v2-1-16, section 7.5.1", missing: needsPKCE},
	{reference: "draft-ietf-oauth-v2-1-16, section 7.1.3", recommended: true, missing: shortLived},
}

// mcpClauses are those of the Model Context Protocol.
var mcpClauses = []clause{
	{reference: "MCP 2026-07-28, Authorization, Overview, item 1", missing: func(p *Provider) (string, string) {
		return unless(p.cfg.Profile != FAPI2, "Profile", "Public clients are refused, as which most clients of MCP come. Set Profile to flow.MCP.")
	}},
	{reference: "MCP 2026-07-28, Authorization, Overview, item 1, and draft-ietf-oauth-v2-1-16, section 7.5.1", missing: needsPKCE},
	{reference: "MCP 2026-07-28, Authorization, Overview, item 2", recommended: true, missing: func(p *Provider) (string, string) {
		return unless(p.hasMetadata("client_id_metadata_document_supported", true), "Extensions",
			"Clients that nobody registered have no client ID. Add package clientmetadata to Extensions.")
	}},
	{reference: "MCP 2026-07-28, Security Considerations, Token Theft", recommended: true, missing: shortLived},
	{reference: "MCP 2026-07-28, Security Considerations, Communication Security, item 1", deployed: true, missing: needsTLS},
	{reference: "MCP 2026-07-28, Security Considerations, Communication Security, item 2", missing: func(p *Provider) (string, string) {
		return unless(p.cfg.Profile == MCP || p.cfg.Profile == FAPI2, "Profile",
			"Public clients may have redirect URIs of a private-use scheme. Set Profile to flow.MCP.")
	}},
}

// unless is what a clause returns that is met on a condition.
func unless(met bool, field, message string) (string, string) {
	if met {
		return "", ""
	}
	return field, message
}

func needsTLS(p *Provider) (field, message string) {
	for _, r := range p.resources {
		if !strings.HasPrefix(r.Identifier, "https://") {
			field, message = "Resource", "Access tokens cross the network unprotected, which is fine on one machine only. Serve the API by https."
		}
	}
	if p.issuer.Scheme != "https" {
		field, message = "Issuer", "Codes, tokens and assertions cross the network unprotected, which is fine on one machine only. Serve it by https."
	}
	return field, message
}

func needsDPoP(p *Provider) (field, message string) {
	return unless(p.added.HasScheme("DPoP"), "Extensions", "The API cannot take tokens that are bound to a key. "+listDPoP)
}

func needsPKCE(p *Provider) (field, message string) {
	return unless(p.cfg.RequirePKCE, "RequirePKCE", "Confidential clients may leave out PKCE. Require it.")
}

func shortLived(p *Provider) (field, message string) {
	return unless(p.cfg.Lifetimes.AccessToken <= longAccessTokenLifetime, "Lifetimes.AccessToken",
		"A stolen access token is good for "+kernel.Words(p.cfg.Lifetimes.AccessToken)+". Choose an hour or less: clients refresh.")
}

// signsWithin reports whether the metadata lists no algorithms of signatures
// but those that a profile admits.
func (p *Provider) signsWithin(admits func(all []string) []string) bool {
	for member, value := range p.added.Metadata {
		algorithms, ok := value.([]string)
		if ok && strings.HasSuffix(member, "_alg_values_supported") && len(admits(algorithms)) < len(algorithms) {
			return false
		}
	}
	return true
}
