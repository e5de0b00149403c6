// Package device is a capability of package flow: the device authorization
// grant (RFC 8628), for command lines, televisions and whatever else has no
// browser at hand.
//
//	flow.Config{Extensions: []flow.Extension{device.New(device.Config{})}}
//
// A device asks POST /oauth/device_authorization for two codes. It shows its
// user the short one, and polls the token endpoint with the long one. The user
// opens /device in a browser, such as on a telephone, signs in, enters the
// short code and authorizes the application on the consent page. The next poll
// gets the tokens.
//
// Every application can do so: a confidential one authenticates, and a public
// one sends its client ID alone. The user is asked each time. Their consent is
// kept like every other: the application is listed among those with access. If
// the user withdraws it before the device polls, the poll is refused.
//
// An application has a callback URL, also where none of its users has a browser
// at hand. One on televisions alone is registered with
// https://unused.invalid/, which nobody can have.
//
// # Codes
//
// A user code is 8 letters out of 20, which are 34.6 bits: "WDJB-MJHT". People
// may type it in upper or lower case and in any width, with spaces and hyphens
// as they like. The store keeps digests of user codes that are keyed with
// flow.Config.Keys: if a service has none, a restart ends the codes that wait,
// and devices ask for new ones.
//
// # Limits
//
// A person can enter 20 user codes, and then one every 30 seconds. From one
// network 100 can be entered, and then one every 5 seconds. Right codes count
// too. From one network devices can ask 200 times for codes, and then once a
// second. Each node counts for itself, in 20 megabytes at most.
//
// # Phishing
//
// Somebody can send a person a link with the code of their own device. The
// pages ask whether that code is on the person's device, and show which
// application asks, from which address and since when. No page authorizes
// anything without a press of a button on the consent page.
package device

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
)

// The endpoints, below the path of the issuer.
const (
	AuthorizationPath = "/oauth/device_authorization" // where devices ask
	Path              = "/device"                     // where people enter user codes
)

// Config configures the capability. Its zero value is ready to use.
type Config struct {
	// Lifetime is how long the codes of a device are good: 1 minute to 30
	// minutes, in whole seconds. Defaults to 10 minutes.
	Lifetime time.Duration

	// Interval is how long a device must wait between two polls: 1 second to 1
	// minute, in whole seconds. Defaults to 5 seconds.
	Interval time.Duration
}

// The defaults and limits of Config.
const (
	defaultLifetime = 10 * time.Minute
	minLifetime     = time.Minute
	maxLifetime     = 30 * time.Minute
	defaultInterval = 5 * time.Second
	minInterval     = time.Second
	maxInterval     = time.Minute
)

// New returns the capability, for flow.Config.Extensions.
func New(cfg Config) flow.Extension {
	if cfg.Lifetime == 0 {
		cfg.Lifetime = defaultLifetime
	}
	if cfg.Interval == 0 {
		cfg.Interval = defaultInterval
	}
	return extension{cfg}
}

type extension struct{ cfg Config }

func (extension) Name() string { return "device" }

func (extension) Findings() []kernel.Finding { return nil }

//go:embed pages
var pages embed.FS

func (x extension) Contribute(k *kernel.Kernel) (kernel.Contribution, error) {
	if err := check("Config.Lifetime", x.cfg.Lifetime, minLifetime, maxLifetime); err != nil {
		return kernel.Contribution{}, err
	}
	if err := check("Config.Interval", x.cfg.Interval, minInterval, maxInterval); err != nil {
		return kernel.Contribution{}, err
	}
	files, err := fs.Sub(pages, "pages")
	if err != nil {
		return kernel.Contribution{}, err
	}
	digests, err := newCodeDigests(k.Tickets)
	if err != nil {
		return kernel.Contribution{}, err
	}
	e := &endpoints{k: k, cfg: x.cfg, requests: requests{k.Store, digests}, limits: newLimits(k, x.cfg.Interval)}
	return kernel.Contribution{
		Routes: []kernel.Route{
			{Method: http.MethodPost, Path: AuthorizationPath, Handler: e.authorize, AnyOrigin: true},
			{Method: http.MethodGet, Path: Path, Handler: e.showEntry},
			{Method: http.MethodPost, Path: Path, Handler: e.readForm},
		},
		Grants:   []kernel.Grant{e.grant()},
		Metadata: map[string]any{"device_authorization_endpoint": k.Issuer + AuthorizationPath},
		Pages:    page.Further{Files: files, Samples: samples},
	}, nil
}

// check names the field whose value is out of bounds.
func check(field string, d, least, most time.Duration) error {
	if d < least || d > most || d%time.Second != 0 {
		return fmt.Errorf("%s must be %s to %s, in whole seconds", field, kernel.Words(least), kernel.Words(most))
	}
	return nil
}
