package main

import (
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/oauthapps/oauthapps/flow"
)

// options are what the command line says.
type options struct {
	addr            string
	issuer          string // "" for http:// and the address listened on
	store           dataSource
	keyFile         string        // "" for a random key that a restart forgets
	codeTTL         time.Duration // 0 for the library's default, as below
	accessTokenTTL  time.Duration
	refreshTokenTTL time.Duration
	rotationGrace   time.Duration
	rateLimit       int      // requests an hour
	without         []string // the names of capabilities that are off
	profile         flow.Profile
	operatorToken   string // "" for no interface of the operator
	metadataCA      string // "" for the roots of the system alone
	requireApproval bool   // of applications, before strangers can authorize them

	identityProvider string // the issuer of Acme Inc's; "" for none

	// Not of the command line:
	metrics       metrics
	metadataRoots []*x509.Certificate
	signOut       func(user string)
}

// parseOptions reads the flags. It returns flag.ErrHelp where they ask for
// help; every other error is one line for the person who typed them.
func parseOptions(args []string) (options, error) {
	var opts options
	flags, dsn := newFlags(&opts)
	flags.SetOutput(io.Discard) // which would be the whole usage, for one bad flag
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	var err error
	if opts.store, err = parseDataSource(*dsn); err != nil {
		return options{}, err
	}
	if opts.keyFile == "" && opts.store.kind == sqliteStore {
		opts.keyFile = opts.store.path + ".key"
	}
	if opts.operatorToken == "" {
		opts.operatorToken = os.Getenv("OAUTHAPPS_OPERATOR_TOKEN")
	}
	return opts, opts.check()
}

func newFlags(opts *options) (flags *flag.FlagSet, dsn *string) {
	flags = flag.NewFlagSet("server", flag.ContinueOnError)
	flags.StringVar(&opts.addr, "addr", "127.0.0.1:8080", "listen on `HOST:PORT`; port 0 picks a free one")
	flags.StringVar(&opts.issuer, "issuer", "", "external `URL` of the server (default http:// and the listen address)")
	dsn = flags.String("store", "sqlite:oauthapps.db", "where to keep everything: a `DSN` memory, sqlite:PATH or postgres://...")
	flags.StringVar(&opts.keyFile, "key-file", "", "`PATH` of the keys, one a line: the first signs, all verify; made on first start (default beside the SQLite file; without one, a random key)")
	flags.DurationVar(&opts.codeTTL, "code-ttl", 0, "how long an authorization code lives (default 5m)")
	flags.DurationVar(&opts.accessTokenTTL, "access-token-ttl", 0, "how long an access token lives (default 1h; 30 days from /v2/oauth/access_token)")
	flags.DurationVar(&opts.refreshTokenTTL, "refresh-token-ttl", 0, "how long a refresh token lives unused (default 720h)")
	flags.DurationVar(&opts.rotationGrace, "rotation-grace", 0, "how long a repeated refresh gets the same tokens again (default 10s)")
	flags.IntVar(&opts.rateLimit, "rate-limit", 2400, "`REQUESTS` an hour for each token or address on /v2/")
	flags.StringVar(&opts.operatorToken, "operator-token", "", "serve the operator's interface below /operator/ to whoever has the `TOKEN` (default the environment variable OAUTHAPPS_OPERATOR_TOKEN, which other users of the machine cannot see)")
	flags.BoolVar(&opts.requireApproval, "require-approval", false, "have strangers authorize an application only once the operator approved it")
	flags.StringVar(&opts.metadataCA, "metadata-ca", "", "`FILE` of further root certificates, in PEM, for fetching the metadata documents and keys of clients")
	flags.StringVar(&opts.identityProvider, "identity-provider", "", "`ISSUER` of an identity provider that may sign out the people of Acme Inc and end all access that they gave; its keys are at ISSUER/oauth2/v1/keys")
	flags.Func("without", "turn off a capability by its `NAME`, such as dnsimple; several are separated by commas", func(names string) error {
		for name := range strings.SplitSeq(names, ",") {
			if !hasCapability(name) {
				return fmt.Errorf("there is no capability of the name %q", name)
			}
			opts.without = append(opts.without, name)
		}
		return nil
	})
	flags.Func("profile", "hold the server to a profile by its `NAME`: fapi2, oauth21 or mcp (default none)", func(name string) error {
		known := map[string]flow.Profile{"fapi2": flow.FAPI2, "oauth21": flow.OAuth21, "mcp": flow.MCP}
		if opts.profile = known[name]; opts.profile == "" {
			return fmt.Errorf("there is no profile of the name %q", name)
		}
		return nil
	})
	return flags, dsn
}

func printUsage(w io.Writer) {
	fmt.Fprintln(w, "Usage: server [flags]")
	flags, _ := newFlags(new(options))
	flags.SetOutput(w)
	flags.PrintDefaults()
	fmt.Fprint(w, `
Many nodes: give each the same -store postgres://..., -issuer and keys. To replace a key
without signing anyone out, change the key file of every node in three steps, each
five minutes after all nodes have been restarted, one by one, with the one before:
  1. add a new key (openssl rand -base64 32) as the last line: all nodes verify it
  2. move it to the first line: it signs
  3. a day later, when nothing that the old key signed is good any more, remove that
`)
}

// check finds what the flag types let through.
func (o options) check() error {
	if _, _, err := net.SplitHostPort(o.addr); err != nil {
		return fmt.Errorf("-addr %q: want HOST:PORT", o.addr)
	}
	if o.issuer != "" {
		u, err := url.Parse(o.issuer)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("-issuer %q: want an http or https URL", o.issuer)
		}
		if u.Path != "" {
			return errors.New("-issuer: the demo server stands at the root of its host, so its issuer has no path")
		}
	}
	if o.identityProvider != "" && !strings.HasPrefix(o.identityProvider, "https://") {
		return fmt.Errorf("-identity-provider %q: want an https URL", o.identityProvider)
	}
	for name, ttl := range map[string]time.Duration{
		"code-ttl": o.codeTTL, "access-token-ttl": o.accessTokenTTL, "refresh-token-ttl": o.refreshTokenTTL,
		"rotation-grace": o.rotationGrace,
	} {
		if ttl < 0 {
			return fmt.Errorf("-%s %v: want a duration above zero", name, ttl)
		}
	}
	if o.rateLimit < 1 {
		return fmt.Errorf("-rate-limit %d: want one request an hour or more", o.rateLimit)
	}
	return nil
}

// local reports whether the server is for this machine alone: the host of its
// issuer is a loopback address or localhost.
func (o options) local() bool {
	u, err := url.Parse(o.issuer)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(u.Hostname())
	return err == nil && address.IsLoopback() || u.Hostname() == "localhost"
}

// secure reports whether browsers reach the server by https.
func (o options) secure() bool { return strings.HasPrefix(o.issuer, "https://") }
