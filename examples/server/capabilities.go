package main

import (
	"slices"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientcredentials"
	"github.com/oauthapps/oauthapps/flow/clientkeys"
	"github.com/oauthapps/oauthapps/flow/clientmetadata"
	"github.com/oauthapps/oauthapps/flow/device"
	"github.com/oauthapps/oauthapps/flow/dnsimple"
	"github.com/oauthapps/oauthapps/flow/dpop"
	"github.com/oauthapps/oauthapps/flow/par"
	"github.com/oauthapps/oauthapps/flow/registration"
	"github.com/oauthapps/oauthapps/flow/telemetry"
)

// capabilities are what the server does beyond the authorization code flow: all
// that the library has, without those that the options turn off.
func capabilities(opts options) []flow.Extension {
	all := []flow.Extension{
		clientcredentials.New(clientcredentials.Config{OwnerScopes: []string{"read"}}),
		clientkeys.New(clientkeys.Config{}),
		clientmetadata.New(clientmetadata.Config{}),
		device.New(device.Config{}),
		dnsimple.New(dnsimple.Config{AccessTokenTTL: opts.accessTokenTTL}),
		dpop.New(dpop.Config{}),
		par.New(par.Config{}),
		registration.New(registration.Config{Open: true}),
		telemetry.New(opts.metrics.config),
	}
	return slices.DeleteFunc(all, func(e flow.Extension) bool { return slices.Contains(opts.without, e.Name()) })
}

// hasCapability reports whether there is a capability of a name.
func hasCapability(name string) bool {
	return slices.ContainsFunc(capabilities(options{}), func(e flow.Extension) bool { return e.Name() == name })
}
