package main

import (
	"slices"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/device"
	"github.com/oauthapps/oauthapps/flow/dnsimple"
	"github.com/oauthapps/oauthapps/flow/par"
)

// capabilities are what the server does beyond the authorization code flow: all
// that the library has, without those that the options turn off.
func capabilities(opts options) []flow.Extension {
	all := []flow.Extension{
		device.New(device.Config{}),
		dnsimple.New(dnsimple.Config{AccessTokenTTL: opts.accessTokenTTL}),
		par.New(par.Config{}),
	}
	return slices.DeleteFunc(all, func(e flow.Extension) bool { return slices.Contains(opts.without, e.Name()) })
}

// hasCapability reports whether there is a capability of a name.
func hasCapability(name string) bool {
	return slices.ContainsFunc(capabilities(options{}), func(e flow.Extension) bool { return e.Name() == name })
}
