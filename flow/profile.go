package flow

import (
	"fmt"
	"slices"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// A Profile is a set of requirements that a service can be held to as a whole,
// with [Config.Profile], or compared with, by [Provider.CheckProfile].
// PROFILES.md, beside this file, lists the clauses of each.
type Profile = kernel.Profile

const (
	// FAPI2 is the FAPI 2.0 Security Profile of the OpenID Foundation (Final,
	// February 2025), for high-value APIs. It needs packages clientkeys, dpop
	// and par. Clients are confidential and authenticate with keys alone:
	// public clients, client secrets and signatures with RS256 are refused.
	// They push every authorization request, with PKCE and redirect_uri. They
	// send a DPoP proof with every token request, and every access token is
	// bound: bearer tokens, also those of before, are refused. A code lives for
	// 1 minute at most. A refresh gives a new access token and keeps the
	// refresh token; the access token before is good until the next refresh.
	FAPI2 = kernel.FAPI2

	// OAuth21 is OAuth 2.1 (draft-ietf-oauth-v2-1-16). Confidential clients
	// need PKCE as well; everything else that it demands is so anyway.
	OAuth21 = kernel.OAuth21

	// MCP is what the Model Context Protocol demands of an authorization server
	// (revision 2026-07-28). It has all of OAuth21, and takes redirect URIs
	// with https, or http of this machine, alone: none of a private-use scheme.
	MCP = kernel.MCP
)

// fapi2CodeLifetime is the longest of FAPI 2.0, section 5.3.2.1, item 11.
const fapi2CodeLifetime = time.Minute

func checkProfile(profile Profile) error {
	if profile != "" && clausesOf(profile) == nil {
		return fmt.Errorf("%q must be FAPI2, OAuth21 or MCP, or empty for none", profile)
	}
	return nil
}

// narrow has the configuration meet the profile where that takes no decision of
// the host.
func (cfg *Config) narrow() {
	if cfg.Profile == "" {
		return
	}
	cfg.RequirePKCE = true
	if cfg.Profile == FAPI2 {
		setDefault(&cfg.Lifetimes.Code, fapi2CodeLifetime)
	}
}

// A clause is a requirement of a profile that a configuration can miss. Those
// that none can miss stand in PROFILES.md alone.
type clause struct {
	reference   string
	recommended bool // and not demanded
	deployed    bool // demanded of a service that others reach, and not on a developer's machine
	// missing returns the field of Config, and what follows and what to do
	// about it in full sentences, or "" where the clause is met.
	missing func(p *Provider) (field, message string)
}

func clausesOf(profile Profile) []clause {
	switch profile {
	case FAPI2:
		return fapi2Clauses
	case OAuth21:
		return oauth21Clauses
	case MCP:
		return mcpClauses
	}
	return nil
}

// CheckProfile compares the provider with a profile, whichever it is held to,
// and returns what is missing, clause by clause: warnings, for what the profile
// demands, first. It returns nil where the provider meets the profile, as far
// as it can tell: it does not see, for instance, with which TLS the endpoints
// are served. It does not ask the store. For a profile that this package does
// not know it returns one warning.
func (p *Provider) CheckProfile(profile Profile) []Finding {
	if profile == "" || checkProfile(profile) != nil {
		return []Finding{{Warning, "Profile", "There is no profile of the name " + string(profile) + ".", "package flow"}}
	}
	var findings []Finding
	for _, c := range clausesOf(profile) {
		if field, message := c.missing(p); message != "" {
			severity := Warning
			if c.recommended {
				severity = Advice
			}
			findings = append(findings, Finding{severity, field, message, c.reference})
		}
	}
	sortFindings(findings)
	return findings
}

// requireProfile refuses a provider that misses a clause of its profile.
func (p *Provider) requireProfile() error {
	for _, c := range clausesOf(p.cfg.Profile) {
		if c.recommended || c.deployed {
			continue
		}
		if _, message := c.missing(p); message != "" {
			return fmt.Errorf("%s: %s", c.reference, message)
		}
	}
	return nil
}

// isBoundEnough reports whether an access token is bound where the profile
// wants that. One that was issued before may be a bearer token.
func (p *Provider) isBoundEnough(s *store.Session, token credential.Digest) bool {
	return p.cfg.Profile != FAPI2 || p.added.TokenType(s, token) != kernel.Bearer
}

// hasMetadata reports whether the metadata has a member of a value.
func (p *Provider) hasMetadata(member string, value any) bool {
	return p.added.Metadata[member] == value
}

// authenticatesWith reports whether clients come with these methods of
// authentication alone; "none" is that of public clients.
func (p *Provider) authenticatesWith(methods ...string) bool {
	return !slices.ContainsFunc(p.clients.Names(true), func(method string) bool { return !slices.Contains(methods, method) })
}
