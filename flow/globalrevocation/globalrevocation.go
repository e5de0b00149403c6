// Package globalrevocation is a capability of package flow: a company's
// identity provider, or a tool that watches over security, ends everything that
// one of the company's users gave access to (Global Token Revocation,
// draft-parecki-oauth-global-token-revocation-06). Okta calls it Universal
// Logout.
//
//	flow.Config{Extensions: []flow.Extension{globalrevocation.New(globalrevocation.Config{
//		IdentityProvider: identityProviders.ByIssuer, // whose keys sign requests
//		User:             users.ByIdentifier,         // of that tenant alone
//		SignOut:          sessions.EndAllOf,
//	})}}
//
// It adds POST /oauth/global-token-revocation, whose body names a user:
//
//	{"sub_id": {"format": "email", "email": "user@example.com"}}
//	{"sub_id": {"format": "iss_sub", "iss": "https://idp.example", "sub": "00u1"}}
//	{"sub_id": {"format": "opaque", "id": "user-1"}}
//
// The service then signs the user out at the host, and ends what
// oauthapp.Registry.EndAccess ends of a user: every code, access token, refresh
// token and API token, and what the user agreed to. No client gets new tokens
// before the user has signed in and agreed again. A consent that the user gives
// at that very moment may still count.
//
// # Callers
//
// A caller sends "Authorization: Bearer" with an assertion or, where
// [Config.BearerToken] is set, with a token that the host gave it. It acts for
// one tenant, such as a company, and reaches the users of that tenant alone:
// [Config.User] is told the tenant, and must find nobody else.
//
// An assertion is a JWT (RFC 7523) of the type global-token-revocation+jwt or
// client-authentication+jwt that is signed with ES256, Ed25519 (EdDSA), PS256
// or RS256. Its iss names the identity provider. Its aud is the URL of the
// endpoint or flow.Config.Issuer, and nothing else. Its exp is at most
// [Config.MaxLifetime] away. Its jti is accepted once, whichever node it comes
// to: to repeat a request that failed, sign a new assertion. Keys at a URL are
// fetched again when their Cache-Control says, after 1 minute to 1 hour, or
// after 5 minutes if it says nothing. While the URL cannot be reached, they are
// used for an hour after the last fetch.
//
// # Answers
//
// The status is 204 once all access has ended, or if there was none. It is 400
// for a malformed request, 401 for an unknown caller, 404 for a user whom the
// tenant does not have, and 429 after too many unknown callers from one
// network. It is 503, with Retry-After, if the host or the store failed: some
// access may have ended, and the caller sends the request again.
package globalrevocation

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/internal/assertion"
	"github.com/oauthapps/oauthapps/flow/internal/clientauth"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
)

// Name is the name of the capability.
const Name = "globalrevocation"

// Path is the path of the endpoint, below that of the issuer.
const Path = "/oauth/global-token-revocation"

const defaultLifetime = 10 * time.Minute

// Config configures the capability. User and SignOut are required, and one of
// IdentityProvider and BearerToken. The functions are called by many goroutines
// at once. An error of one is an outage, which is answered with status 503.
type Config struct {
	// IdentityProvider returns the identity provider that has an issuer, or nil
	// if there is none. Anybody can send any issuer. If it is set, a token of
	// three parts with periods between them counts as an assertion.
	IdentityProvider func(ctx context.Context, issuer string) (*IdentityProvider, error)

	// BearerToken reports whether the host gave out a token for this purpose,
	// and to which tenant. Let it compare digests, or in constant time.
	BearerToken func(ctx context.Context, token string) (tenant string, ok bool, err error)

	// User returns the ID of the user of a tenant whom a subject names, as
	// flow.User has it, or "" where the tenant has no such user. A user of
	// another tenant is none.
	User func(ctx context.Context, tenant string, subject Subject) (userID string, err error)

	// SignOut ends the sessions of a user at the host, so that nobody who is
	// signed in as them can agree to anything before signing in again. Its
	// context does not end when the caller goes away.
	SignOut func(ctx context.Context, userID string) error

	// MaxLifetime is how far in the future exp of an assertion may be, and how
	// long after its iat: 1 second to 1 hour. Defaults to 10 minutes.
	MaxLifetime time.Duration

	// Roots are root certificates that are trusted beside those of the system
	// when keys are fetched. Defaults to none.
	Roots []*x509.Certificate
}

// An IdentityProvider signs assertions. It has either Keys or KeysURL.
type IdentityProvider struct {
	// Tenant is whose users it may name, in the words of the host, such as the
	// ID of a company.
	Tenant string
	// Subject is the sub that its assertions must have, such as the client ID
	// that Okta knows this service by. Defaults to any.
	Subject string
	// Keys are its public keys, a JWK Set (RFC 7517) of at most 16384 bytes.
	Keys json.RawMessage
	// KeysURL is the https URL of such a set, such as
	// https://example.okta.com/oauth2/v1/keys.
	KeysURL string
}

// New returns the capability, for flow.Config.Extensions.
func New(cfg Config) flow.Extension {
	if cfg.MaxLifetime == 0 {
		cfg.MaxLifetime = defaultLifetime
	}
	return extension{cfg}
}

type extension struct{ cfg Config }

func (extension) Name() string { return Name }

func (extension) Findings() []kernel.Finding { return nil }

func (e extension) Contribute(k *kernel.Kernel) (kernel.Contribution, error) {
	if err := e.check(); err != nil {
		return kernel.Contribution{}, err
	}
	keys, err := assertion.NewKeys(k, e.cfg.Roots)
	if err != nil {
		return kernel.Contribution{}, fmt.Errorf("Config.Roots: %w", err)
	}
	endpoint := k.Issuer + Path
	s := &service{kernel: k, cfg: e.cfg, keys: keys, failures: clientauth.NewLimiter(k.Now), rules: assertion.Rules{
		Types:     []string{"global-token-revocation+jwt", "client-authentication+jwt"},
		Audiences: []string{endpoint, k.Issuer},
		Lifetime:  e.cfg.MaxLifetime,
		Profile:   k.Profile,
	}}
	return kernel.Contribution{
		Routes: []kernel.Route{{Method: http.MethodPost, Path: Path, Handler: s.serve}},
		Metadata: map[string]any{
			"global_token_revocation_endpoint":                        endpoint,
			"global_token_revocation_endpoint_auth_methods_supported": e.methods(),
		},
	}, nil
}

func (e extension) check() error {
	switch {
	case e.cfg.User == nil:
		return errors.New("Config.User is required")
	case e.cfg.SignOut == nil:
		return errors.New("Config.SignOut is required")
	case e.cfg.IdentityProvider == nil && e.cfg.BearerToken == nil:
		return errors.New("Config.IdentityProvider or Config.BearerToken is required")
	case e.cfg.MaxLifetime < time.Second || e.cfg.MaxLifetime > assertion.MaxLifetime:
		return errors.New("Config.MaxLifetime must be 1 second to 1 hour")
	}
	return nil
}

// methods are how callers authenticate, as the draft has them: by methods of
// client authentication or types of access tokens.
func (e extension) methods() (methods []string) {
	if e.cfg.IdentityProvider != nil {
		methods = append(methods, "private_key_jwt")
	}
	if e.cfg.BearerToken != nil {
		methods = append(methods, kernel.Bearer)
	}
	return methods
}
