// Package clientmetadata is a capability of package flow: clients that nobody
// has registered here. Their client ID is an https URL, at which there is a
// document that says who they are: a Client ID Metadata Document
// (draft-ietf-oauth-client-id-metadata-document-03).
//
//	flow.Config{Extensions: []flow.Extension{clientmetadata.New(clientmetadata.Config{})}}
//
// The service fetches the document when a user who is signed in comes with such
// a client. The consent page names the hosts of the client ID and of the
// redirect URI. When the first user says yes, the client becomes an application
// without an owner, which the host's administrators can suspend and delete like
// any other. A URL that was deleted is refused for ever.
//
// # Documents
//
// A document is a JSON object of at most 5 KB, whose client_id is its URL. Its
// redirect_uris follow the rules of callback URLs (oauthapp.Registration):
// others are left out, and a document with none left is refused. A client_name
// that the service would not accept is replaced by the host of the client ID. A
// client_uri is shown only if it is at the host of the client ID. A logo is
// never shown. Scopes, grant types and authentication methods that this service
// lacks are left out. A document with a shared secret is refused.
//
// A client is public, and proves itself with PKCE, unless its
// token_endpoint_auth_method is private_key_jwt and package clientkeys is there
// too: then it authenticates with the keys of its jwks or jwks_uri.
//
// # Changes
//
// A document is used for as long as its Cache-Control says: 1 minute to 1 hour,
// or 5 minutes if it says nothing. Then it is fetched again, also at an
// exchange and a refresh, and what it says by then holds. While it cannot be
// fetched, the last one holds for [Config.MaxStale]; the keys in it hold for an
// hour. If the answer is status 404 or 410, the client ends.
//
// # Fetching
//
// Only https URLs at public addresses are fetched; loopback addresses are
// fetched if the issuer itself is on one. Each node limits its fetches: to 20
// for one user, to 10 from one origin, to 10 for all requests that come without
// a user, as to package par, and then to one every 6 seconds of each; in all to
// 120, and then 2 a second. A document that the service knows already has a
// limit of its own instead: 10 fetches, and then one every 6 seconds.
package clientmetadata

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/internal/fetch"
	"github.com/oauthapps/oauthapps/flow/internal/jose"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
)

// Name is the name of the capability.
const Name = "clientmetadata"

const (
	minFresh     = time.Minute // for refreshes of a client whose document is not to be kept
	defaultStale = 7 * 24 * time.Hour
	maxStale     = 365 * 24 * time.Hour
)

// Config configures the capability. Its zero value is ready to use.
type Config struct {
	// Allow lists the only clients that are admitted. Each is an origin, such
	// as "https://client.example"; all origins below a domain, such as
	// "https://*.client.example"; or a client ID, such as
	// "https://client.example/client.json". Defaults to all.
	Allow []string

	// Deny lists clients that are refused, in the form of Allow, which it
	// overrules. Clients that users authorized before are refused too. Defaults
	// to none.
	Deny []string

	// Scopes are the most that such a client can ask for. Defaults to every
	// scope of the service.
	Scopes []string

	// MaxStale is how long after its last fetch a document holds while it
	// cannot be fetched again: 1 hour to 365 days. Defaults to 7 days.
	MaxStale time.Duration

	// Roots are root certificates that are trusted beside those of the system
	// when documents are fetched. Defaults to none.
	Roots []*x509.Certificate
}

// New returns the capability, for flow.Config.Extensions.
func New(cfg Config) flow.Extension {
	if cfg.MaxStale == 0 {
		cfg.MaxStale = defaultStale
	}
	return extension{cfg}
}

type extension struct{ cfg Config }

func (extension) Name() string { return Name }

func (e extension) Findings() []kernel.Finding {
	if len(e.cfg.Allow) > 0 || len(e.cfg.Scopes) > 0 {
		return nil
	}
	return []kernel.Finding{{
		Field:     "Extensions",
		Reference: "draft-ietf-oauth-client-id-metadata-document-03, section 8",
		Message: "Package clientmetadata lets every client on the internet ask users for every scope. " +
			"Set its Config.Scopes to what a stranger may ask for, or Config.Allow to the clients that you know.",
	}}
}

func (e extension) Contribute(k *kernel.Kernel) (kernel.Contribution, error) {
	if e.cfg.MaxStale < time.Hour || e.cfg.MaxStale > maxStale {
		return kernel.Contribution{}, fmt.Errorf("Config.MaxStale must be 1 hour to 365 days")
	}
	for _, scope := range e.cfg.Scopes {
		if _, ok := k.Scopes[scope]; !ok {
			return kernel.Contribution{}, fmt.Errorf("Config.Scopes: %q is not one of flow.Config.Scopes", scope)
		}
	}
	s := &source{kernel: k, cfg: e.cfg}
	var err error
	if s.allow, err = parsePatterns(e.cfg.Allow); err != nil {
		return kernel.Contribution{}, fmt.Errorf("Config.Allow: %w", err)
	}
	if s.deny, err = parsePatterns(e.cfg.Deny); err != nil {
		return kernel.Contribution{}, fmt.Errorf("Config.Deny: %w", err)
	}
	s.fetcher, err = fetch.New(fetch.Config{
		Issuer:   k.Issuer,
		Roots:    e.cfg.Roots,
		MinFresh: minFresh,
		MaxFresh: jose.MaxAge - time.Second, // its keys are dated in whole seconds
		MaxStale: e.cfg.MaxStale,
		Check: func(clientID string, body []byte) error {
			_, err := s.parse(clientID, body)
			return err
		},
		Now: k.Now,
	})
	if err != nil {
		return kernel.Contribution{}, err
	}
	return kernel.Contribution{
		Clients:  &kernel.ClientSource{Match: isURL, Resolve: s.resolve, Keep: s.keep},
		Metadata: map[string]any{"client_id_metadata_document_supported": true},
	}, nil
}

// A pattern stands for client IDs, as Config.Allow says.
type pattern struct {
	clientID string // one that has a path; ""
	host     string // with a port that is not 443
	below    bool   // all hosts below, and not the host itself
}

func parsePatterns(texts []string) (patterns []pattern, err error) {
	for _, text := range texts {
		rest, ok := strings.CutPrefix(text, "https://")
		if ok && strings.Contains(rest, "/") {
			if err := checkClientID(text); err != nil {
				return nil, fmt.Errorf("%q: %w", text, err)
			}
			patterns = append(patterns, pattern{clientID: text})
			continue
		}
		host, below := strings.CutPrefix(rest, "*.")
		if err := checkClientID("https://" + host + "/"); !ok || err != nil {
			return nil, fmt.Errorf(`%q must be written as in "https://client.example", "https://*.client.example" or "https://client.example/client.json"`, text)
		}
		patterns = append(patterns, pattern{host: strings.TrimSuffix(host, ":443"), below: below})
	}
	return patterns, nil
}

func (p pattern) matches(clientID string, u *url.URL) bool {
	host := strings.TrimSuffix(u.Host, ":443")
	switch {
	case p.clientID != "":
		return p.clientID == clientID
	case p.below:
		return strings.HasSuffix(host, "."+p.host)
	}
	return host == p.host
}

// admits reports whether the lists of the host admit a client.
func (s *source) admits(clientID string) bool {
	u, err := url.Parse(clientID)
	if err != nil {
		return false
	}
	matches := func(p pattern) bool { return p.matches(clientID, u) }
	if slices.ContainsFunc(s.deny, matches) {
		return false
	}
	return len(s.allow) == 0 || slices.ContainsFunc(s.allow, matches)
}
