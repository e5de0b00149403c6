package flow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// A Finding is something about a configuration that a host should know of: a
// setting that is right on a developer's machine, or for one client, but not
// for every service.
type Finding struct {
	Severity Severity
	Field    string // of Config, such as "Lifetimes.AccessToken"
	Message  string // what follows from it and what to do about it, in full sentences
	// Reference is where that is recommended, such as "RFC 9700, section
	// 2.1.1".
	Reference string
}

// String returns the finding on one line.
func (f Finding) String() string {
	return fmt.Sprintf("%s: %s: %s (%s)", f.Severity, f.Field, f.Message, f.Reference)
}

// Severity tells what to make of a [Finding].
type Severity int

const (
	// Advice is for what is safe, and could be safer.
	Advice Severity = iota
	// Warning is for what is not fit for a service that others rely on.
	Warning
)

// String returns "advice" or "warning".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "advice"
}

// What Check finds long.
const (
	longAccessTokenLifetime  = time.Hour
	longRefreshTokenLifetime = 90 * 24 * time.Hour
	longSessionLifetime      = 365 * 24 * time.Hour
	fewBytes                 = 8 // distinct ones in a key; 32 random bytes have 30
)

// Check reviews the configuration as the host writes it, before [New] fills in
// the defaults, and returns what to think about before others rely on the
// service: warnings first. It returns nil where there is nothing to say, and
// does not repeat what New refuses. [Provider.Check] adds what only the store
// can tell.
//
// Neither sees what a configuration does not tell, such as a store that keeps
// everything in memory, or TLS that ends elsewhere.
func (cfg Config) Check() []Finding {
	given := cfg
	cfg.setDefaults()
	issuer, err := parseIssuer(cfg.Issuer)
	secure := err == nil && issuer.Scheme == "https"
	local := err == nil && isLoopback(issuer)

	var findings []Finding
	find := func(found bool, severity Severity, field, reference, message string) {
		if found {
			findings = append(findings, Finding{severity, field, message, reference})
		}
	}
	find(err == nil && !secure, Warning, "Issuer", "RFC 6749, section 3.1",
		"Codes, tokens and secrets cross the network unprotected, which is fine on one machine only. Serve it by https.")
	find(len(given.Keys) == 0, Warning, "Keys", "RFC 9700, section 4.7",
		"Forms are signed with a random key, so that those open during a restart, or made by another node, are refused. Give all nodes the same key of 32 random bytes.")
	find(slices.ContainsFunc(given.Keys, isGuessable), Warning, "Keys", "RFC 9700, section 4.7",
		"A key repeats the same few bytes: who guesses it can forge consent. Make it of 32 random bytes.")
	find(cfg.Lifetimes.AccessToken > longAccessTokenLifetime, Warning, "Lifetimes.AccessToken", "RFC 6750, section 5.3",
		"A stolen access token is good for "+kernel.Words(cfg.Lifetimes.AccessToken)+". Choose an hour or less: clients refresh.")
	find(cfg.Lifetimes.RefreshToken > longRefreshTokenLifetime, Warning, "Lifetimes.RefreshToken", "RFC 9700, section 4.14.2",
		"A client that nobody uses keeps its access for "+kernel.Words(cfg.Lifetimes.RefreshToken)+". Choose 90 days or less.")
	find(cfg.Lifetimes.Session > max(longSessionLifetime, cfg.Lifetimes.RefreshToken), Advice, "Lifetimes.Session", "RFC 9700, section 4.14.2",
		"Users are asked again after "+kernel.Words(cfg.Lifetimes.Session)+" only. A year or less lets them think about it again.")
	find(!cfg.RequirePKCE, Advice, "RequirePKCE", "RFC 9700, section 2.1.1",
		"Confidential clients may leave out PKCE, and the code is then protected by their secret and state alone. Require it once all clients send it.")
	find(secure && given.RemoteAddr == nil, Advice, "RemoteAddr", "RFC 9700, section 4.13",
		"Callers are known by the address of the connection. Behind a proxy that is the proxy's, for events and limits alike: take the one that it vouches for.")
	find(given.Applications.ReservedName == nil, Advice, "Applications.ReservedName", "RFC 7591, section 5",
		"Any developer can give an application the name of this service, and users authorize it for that. Refuse such names; oauthapp.Imitates compares them as they look.")
	find(len(given.Applications.PrivateUseSchemes) > 0, Advice, "Applications.PrivateUseSchemes", "RFC 8252, section 8.4",
		"Any program on a user's device can claim a scheme without a period, and receives what is sent to it. Take one out once its applications have another callback URL.")
	find(given.Pages.AccountName == nil, Advice, "Pages.AccountName", "RFC 6749, section 10.2",
		"The consent page tells users by its ID which account registered an application. Tell its name.")
	find(given.MayAct == nil, Warning, "MayAct", "RFC 9700, section 2.3",
		"Who leaves an account keeps API access to it by the applications that they authorized, for up to "+kernel.Words(cfg.Lifetimes.Session)+". Tell what a user may still do.")
	find(given.Events == nil, Advice, "Events", "RFC 9700, section 4.14.2",
		"Nobody learns of replayed codes, reused refresh tokens and clients that guess. Write events to the log that you watch.")

	for _, extension := range cfg.Extensions {
		if extension == nil {
			continue // which New refuses
		}
		for _, f := range extension.Findings() {
			if f.Unless != "" && f.Unless == cfg.Profile || f.Public && local {
				continue
			}
			severity := Advice
			if f.Warning {
				severity = Warning
			}
			findings = append(findings, Finding{severity, f.Field, f.Message, f.Reference})
		}
	}
	sortFindings(findings)
	return findings
}

// Check returns the findings of [Config.Check] and what only the store and the
// pages can tell of the configuration. It finds entries of
// Config.ResourceServers and Resource.ResourceServers that name no confidential
// application, and so can introspect nothing. It finds texts that readers of
// another language get in English, such as the description of a scope. It reads
// each of those entries from the store, and returns an error if that fails.
func (p *Provider) Check(ctx context.Context) ([]Finding, error) {
	servers, err := p.checkResourceServers(ctx, "ResourceServers", p.cfg.ResourceServers)
	if err != nil {
		return nil, err
	}
	for _, r := range p.resources {
		more, err := p.checkResourceServers(ctx, "Resources", r.ResourceServers)
		if err != nil {
			return nil, err
		}
		servers = append(servers, more...)
	}
	findings := slices.Concat(p.findings, servers, p.untranslated())
	sortFindings(findings)
	return findings, nil
}

func (p *Provider) checkResourceServers(ctx context.Context, field string, clientIDs []string) (findings []Finding, err error) {
	for _, clientID := range clientIDs {
		client, err := p.cfg.Store.Client(ctx, clientID, uuid.Nil, p.now())
		var problem string
		switch {
		case errors.Is(err, store.ErrNotFound):
			problem = "There is no application with the client ID %q. Register the resource server, and name its client ID here."
		case err != nil:
			return nil, fmt.Errorf("flow: Config.%s: %w", field, err)
		case client.Application.Type != oauthapp.Confidential:
			problem = "The application with the client ID %q is a public one, which cannot introspect tokens. Register a confidential one."
		default:
			continue
		}
		findings = append(findings, Finding{Warning, field, fmt.Sprintf(problem, clientID), "RFC 7662, section 2.1"})
	}
	return findings, nil
}

// sortFindings puts warnings first.
func sortFindings(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int { return int(b.Severity - a.Severity) })
}

// isGuessable reports whether a key was not made by a random generator.
func isGuessable(key []byte) bool {
	distinct := map[byte]bool{}
	for _, b := range key {
		distinct[b] = true
	}
	return len(distinct) < fewBytes
}
