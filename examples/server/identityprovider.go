package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"strconv"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/globalrevocation"
)

// The identity provider of Acme Inc, if it has one, can have the server sign
// out people of Acme and end all access that they gave; the operator can, with
// their token, those of every account.

// everyTenant is the operator's; other tenants are the IDs of accounts.
const everyTenant = ""

// keysPath is where Okta has the keys of an issuer.
const keysPath = "/oauth2/v1/keys"

// revocation is the capability, or nil where nobody could use it.
func revocation(opts options) flow.Extension {
	if opts.identityProvider == "" && opts.operatorToken == "" {
		return nil
	}
	cfg := globalrevocation.Config{
		User: func(_ context.Context, tenant string, subject globalrevocation.Subject) (string, error) {
			return opts.userOf(tenant, subject), nil
		},
		SignOut: func(_ context.Context, user string) error {
			opts.signOut(user)
			return nil
		},
		Roots: opts.metadataRoots,
	}
	if opts.identityProvider != "" {
		cfg.IdentityProvider = func(_ context.Context, issuer string) (*globalrevocation.IdentityProvider, error) {
			if issuer != opts.identityProvider {
				return nil, nil
			}
			return &globalrevocation.IdentityProvider{Tenant: strconv.Itoa(acmeAccount.id), KeysURL: issuer + keysPath}, nil
		}
	}
	if opts.operatorToken != "" {
		want := sha256.Sum256([]byte(opts.operatorToken))
		cfg.BearerToken = func(_ context.Context, token string) (string, bool, error) {
			got := sha256.Sum256([]byte(token))
			return everyTenant, subtle.ConstantTimeCompare(want[:], got[:]) == 1, nil
		}
	}
	return globalrevocation.New(cfg)
}

// userOf finds a person of an account by how somebody else names them: by their
// e-mail address, or by their ID here.
func (o options) userOf(tenant string, subject globalrevocation.Subject) string {
	p, found := personByID(subject.ID)
	switch subject.Format {
	case globalrevocation.Email:
		p, found = personByEmail(subject.Email)
	case globalrevocation.IssuerSubject:
		p, found = personByID(subject.Subject)
		found = found && subject.Issuer == o.identityProvider
	}
	if _, isMember := p.accountByID(tenant); !found || tenant != everyTenant && !isMember {
		return ""
	}
	return strconv.Itoa(p.id)
}
