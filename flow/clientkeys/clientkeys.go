// Package clientkeys is a capability of package flow: confidential applications
// authenticate with a key instead of a secret, or with either.
//
//	flow.Config{Extensions: []flow.Extension{clientkeys.New(clientkeys.Config{})}}
//
// It adds the client authentication method private_key_jwt (RFC 7521, RFC 7523
// and draft-ietf-oauth-rfc7523bis-11) at every endpoint that authenticates
// clients. A client signs a short-lived assertion for each request with a
// private key that never leaves it. The service knows the public key alone.
//
// The owner of an application pastes its public keys, or the URL where they
// are, into the form of package flow/dashboard. A host sets them with
// oauthapp.Registry.SetExtra, under [Name]:
//
//	registry.SetExtra(ctx, oauthapp.OwnedBy(account), id, clientkeys.Name, clientkeys.Keys{URI: "https://client.example/jwks.json"})
//
// Client secrets of the application stay valid. For an application that is to
// authenticate with its keys alone, revoke its secrets.
//
// # Assertions
//
// An assertion is a JWT signed with ES256, Ed25519 (EdDSA), PS256 or RS256. Its
// iss and sub are the client ID. Its aud is flow.Config.Issuer and nothing
// else: not the URL of an endpoint, and no second audience. Its exp is at most
// [Config.MaxLifetime] away. Its jti is accepted once, whichever node it comes
// to. The clocks of client and service may differ by [Skew]. The header typ is
// client-authentication+jwt, JWT or left out. A key, or a reference to a key,
// in the header is refused. With the profile flow.FAPI2, RS256 is refused, and
// so is an aud that is an array.
//
// # Keys
//
// A key with a kid verifies assertions with that kid, and a key without one
// verifies assertions without one. Several keys are good at once: to replace
// one, add the new key, sign with it, then remove the old one.
//
// Keys at a URL are fetched again when their Cache-Control says, after 1 minute
// to 1 hour, or after 5 minutes if it says nothing. While the URL cannot be
// reached, they are used for an hour after the last fetch. If an assertion has
// an unknown kid, they are fetched at once, at most once a minute for a client.
// If there are no keys to use, the answer is status 503.
package clientkeys

import (
	"crypto/x509"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/internal/assertion"
	"github.com/oauthapps/oauthapps/flow/internal/clientauth"
	"github.com/oauthapps/oauthapps/flow/internal/jose"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/flow/internal/wire"
	"github.com/oauthapps/oauthapps/store"
)

// Name is the name of the capability, under which an application keeps its
// [Keys] in oauthapp.Application.Extra.
const Name = "clientkeys"

// Skew is by how much the clocks of a client and of the service may differ: 1
// minute.
const Skew = assertion.Skew

const defaultLifetime = 10 * time.Minute

// Config configures the capability. Its zero value is ready to use.
type Config struct {
	// MaxLifetime is how far in the future exp of an assertion may be, and how
	// long after its iat: 1 second to 1 hour. Defaults to 10 minutes.
	MaxLifetime time.Duration

	// Roots are root certificates that are trusted beside those of the system
	// when keys are fetched. Defaults to none.
	Roots []*x509.Certificate
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

//go:embed messages
var messages embed.FS

func (e extension) Contribute(k *kernel.Kernel) (kernel.Contribution, error) {
	if e.cfg.MaxLifetime < time.Second || e.cfg.MaxLifetime > assertion.MaxLifetime {
		return kernel.Contribution{}, errors.New("Config.MaxLifetime must be 1 second to 1 hour")
	}
	keys, err := assertion.NewKeys(k, e.cfg.Roots)
	if err != nil {
		return kernel.Contribution{}, fmt.Errorf("Config.Roots: %w", err)
	}
	m := method{kernel: k, keys: keys, rules: assertion.Rules{
		Types:     []string{"client-authentication+jwt", "jwt", ""}, // clients of RFC 7523 send JWT or none
		Audiences: []string{k.Issuer},
		Lifetime:  e.cfg.MaxLifetime,
		Profile:   k.Profile,
	}}
	algorithms := k.Profile.Algorithms(jose.Algorithms)
	return kernel.Contribution{
		ClientAuthentication: []clientauth.Method{{
			Name:    "private_key_jwt",
			Params:  []string{"client_assertion", "client_assertion_type"},
			Present: m.present,
			Verify:  m.verify,
		}},
		Pages: page.Further{Files: messages},
		ApplicationField: &kernel.ApplicationField{
			Name:  "jwks",
			Label: page.Say("clientkeys.label"),
			Hint:  page.Say("clientkeys.hint"),
			Text:  fieldText,
			Entry: fieldEntry,
		},
		Metadata: map[string]any{
			"token_endpoint_auth_signing_alg_values_supported":         algorithms,
			"revocation_endpoint_auth_signing_alg_values_supported":    algorithms,
			"introspection_endpoint_auth_signing_alg_values_supported": algorithms,
		},
	}, nil
}

// A method is private_key_jwt.
type method struct {
	kernel *kernel.Kernel
	rules  assertion.Rules
	keys   *assertion.Keys
}

// assertionType is the client_assertion_type (RFC 7523, section 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

func (m method) present(_ *http.Request, params wire.Params) (p clientauth.Presented, found bool, refusal *wire.Error) {
	p.ClientID = params.Get("client_id")
	if !params.Has("client_assertion") && !params.Has("client_assertion_type") {
		return p, false, nil
	}
	if params.Get("client_assertion_type") != assertionType {
		return p, false, wire.Refuse(wire.InvalidClient, "client_assertion_type must be "+assertionType)
	}
	a, err := m.rules.Read(params.Get("client_assertion"))
	if err == nil && (a.Subject == "" || a.Issuer != a.Subject || !wire.IsText(a.Subject)) {
		err = errors.New("iss and sub must both be the client ID")
	}
	if err == nil {
		p.ClientID = a.Subject
		err = m.rules.Judge(&a, m.kernel.Now())
	}
	if err != nil {
		return p, false, wire.Refuse(wire.InvalidClient, "client_assertion: "+err.Error())
	}
	p.Proof = a
	return p, true, nil
}

func (m method) verify(r *http.Request, client store.Client, p clientauth.Presented, now time.Time) (v clientauth.Verdict, err error) {
	v.Reason, err = m.judge(r, client, p, now)
	return v, err
}

// judge returns "" if the assertion is good, and else why not.
func (m method) judge(r *http.Request, client store.Client, p clientauth.Presented, now time.Time) (reason string, err error) {
	a, _ := p.Proof.(assertion.Assertion)
	var kept jose.Source
	var keys []jose.Key
	if found, err := client.Application.ReadExtra(Name, &kept); err != nil {
		return "", err
	} else if found {
		keys, err = m.keys.For(r.Context(), a.Token, kept, "client "+client.Application.ClientID)
		switch {
		case errors.Is(err, assertion.ErrUnusable) && kept.URI == "":
			return "the application's keys cannot be used", nil
		case errors.Is(err, assertion.ErrUnusable):
			return "no usable key set at the application's jwks_uri", nil
		case err != nil:
			return "", err
		}
	}
	if len(keys) == 0 {
		_, _ = a.Token.Verify(decoys...) // as long as with keys
		return "no key for the client assertion", nil
	}
	if _, err := a.Token.Verify(keys...); err != nil {
		return "wrong signature of the client assertion", nil
	}
	switch err := m.kernel.Store.Keep(r.Context(), a.Record(Name+".jti"), now); {
	case errors.Is(err, store.ErrExists):
		return "client assertion used before", nil
	case err != nil:
		return "", err
	}
	return "", nil
}
