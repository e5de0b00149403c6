package main

import (
	"context"
	"crypto/subtle"
	"slices"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientcredentials"
	"github.com/oauthapps/oauthapps/flow/clientkeys"
	"github.com/oauthapps/oauthapps/flow/clientmetadata"
	"github.com/oauthapps/oauthapps/flow/device"
	"github.com/oauthapps/oauthapps/flow/dnsimple"
	"github.com/oauthapps/oauthapps/flow/dpop"
	"github.com/oauthapps/oauthapps/flow/gallery"
	"github.com/oauthapps/oauthapps/flow/leaks"
	"github.com/oauthapps/oauthapps/flow/par"
	"github.com/oauthapps/oauthapps/flow/registration"
	"github.com/oauthapps/oauthapps/flow/signedintrospection"
	"github.com/oauthapps/oauthapps/flow/telemetry"
	"github.com/oauthapps/oauthapps/flow/tokens"
)

// capabilities are what the server does beyond the authorization code flow: all
// that the library has, without those that are off.
func capabilities(opts options) []flow.Extension {
	all := []flow.Extension{
		clientcredentials.New(clientcredentials.Config{OwnerScopes: []string{"read"}}),
		clientkeys.New(clientkeys.Config{Roots: opts.metadataRoots}),
		clientmetadata.New(clientmetadata.Config{Roots: opts.metadataRoots}),
		device.New(device.Config{}),
		dnsimple.New(dnsimple.Config{AccessTokenTTL: opts.accessTokenTTL}),
		dpop.New(dpop.Config{}),
		gallery.New(gallery.Config{}),
		leaks.New(leaks.Config{Reporter: opts.reporter}),
		par.New(par.Config{}),
		registration.New(registration.Config{Open: true}),
		signedintrospection.New(signedintrospection.Config{}),
		tokens.New(tokens.Config{}),
		telemetry.New(opts.metrics.config),
	}
	if e := revocation(opts); e != nil {
		all = append(all, e)
	}
	return slices.DeleteFunc(all, func(e flow.Extension) bool { return opts.isOff(e.Name()) })
}

// reporter tells that the operator's token is that of a secret scanner too. A
// service gives each scanner one of its own.
func (o options) reporter(_ context.Context, token string) (string, error) {
	if o.operatorToken == "" || subtle.ConstantTimeCompare([]byte(token), []byte(o.operatorToken)) == 0 {
		return "", nil
	}
	return "operator", nil
}

// isOff reports whether a capability of a name is turned off. Anybody may
// register clients only where that is whoever is at this machine. API tokens
// are bound to no key, which FAPI 2.0 forbids.
func (o options) isOff(name string) bool {
	switch name {
	case registration.Name:
		return !o.local() || slices.Contains(o.without, name)
	case "tokens":
		return o.profile == flow.FAPI2 || slices.Contains(o.without, name)
	}
	return slices.Contains(o.without, name)
}

// hasCapability reports whether there is a capability of a name.
func hasCapability(name string) bool {
	return slices.ContainsFunc(capabilities(options{issuer: "http://localhost", operatorToken: "any"}), func(e flow.Extension) bool { return e.Name() == name })
}
