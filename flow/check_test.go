package flow_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// careful is a configuration that leaves nothing to say.
func careful() flow.Config {
	cfg := minimal()
	key := sha256.Sum256([]byte("a random key"))
	cfg.Keys = [][]byte{key[:]}
	cfg.RequirePKCE = true
	cfg.RemoteAddr = func(r *http.Request) string { return r.Header.Get("X-Vouched-For") }
	cfg.MayAct = func(context.Context, string, string) ([]string, error) { return []string{"read"}, nil }
	cfg.Events = func(context.Context, oauthapp.Event) {}
	cfg.Applications.ReservedName = func(_, name string) bool { return oauthapp.Imitates(name, "Example Cloud") }
	cfg.Pages.AccountName = func(context.Context, string) (string, error) { return "Example Inc", nil }
	return cfg
}

func TestCheck(t *testing.T) {
	require.Empty(t, careful().Check())
	const day = 24 * time.Hour
	for name, test := range map[string]struct {
		edit     func(*flow.Config)
		severity flow.Severity
		field    string
		says     string
	}{
		"http":                   {func(c *flow.Config) { c.Issuer = "http://localhost:8080" }, flow.Warning, "Issuer", "https"},
		"no key":                 {func(c *flow.Config) { c.Keys = nil }, flow.Warning, "Keys", "random key"},
		"key of zeros":           {func(c *flow.Config) { c.Keys = append(c.Keys, make([]byte, 32)) }, flow.Warning, "Keys", "forge"},
		"key that repeats":       {func(c *flow.Config) { c.Keys[0] = bytes.Repeat([]byte("secret"), 8) }, flow.Warning, "Keys", "forge"},
		"long access token":      {func(c *flow.Config) { c.Lifetimes.AccessToken = 90 * time.Minute }, flow.Warning, "Lifetimes.AccessToken", "good for 1h30m."},
		"longer access token":    {func(c *flow.Config) { c.Lifetimes.AccessToken = 30 * day }, flow.Warning, "Lifetimes.AccessToken", "good for 30 days."},
		"long refresh token":     {func(c *flow.Config) { c.Lifetimes.RefreshToken = 90*day + time.Hour }, flow.Warning, "Lifetimes.RefreshToken", "for 2161h."},
		"refresh token of years": {func(c *flow.Config) { c.Lifetimes.RefreshToken = 730 * day }, flow.Warning, "Lifetimes.RefreshToken", "for 730 days."},
		"long session":           {func(c *flow.Config) { c.Lifetimes.Session = 366 * day }, flow.Advice, "Lifetimes.Session", "after 366 days"},
		"no PKCE":                {func(c *flow.Config) { c.RequirePKCE = false }, flow.Advice, "RequirePKCE", "PKCE"},
		"address of a proxy":     {func(c *flow.Config) { c.RemoteAddr = nil }, flow.Advice, "RemoteAddr", "proxy"},
		"no reserved names":      {func(c *flow.Config) { c.Applications.ReservedName = nil }, flow.Advice, "Applications.ReservedName", "oauthapp.Imitates"},
		"schemes without period": {func(c *flow.Config) { c.Applications.PrivateUseSchemes = []string{"cursor"} }, flow.Advice, "Applications.PrivateUseSchemes", "claim"},
		"owners by ID":           {func(c *flow.Config) { c.Pages.AccountName = nil }, flow.Advice, "Pages.AccountName", "by its ID"},
		"access that stays":      {func(c *flow.Config) { c.MayAct = nil }, flow.Warning, "MayAct", "keeps API access"},
		"no events":              {func(c *flow.Config) { c.Events = nil }, flow.Advice, "Events", "Nobody learns"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := careful()
			test.edit(&cfg)
			_, err := flow.New(cfg)
			require.NoError(t, err, "what New refuses needs no finding")
			findings := cfg.Check()
			require.Len(t, findings, 1)
			f := findings[0]
			require.Equal(t, []any{test.severity, test.field}, []any{f.Severity, f.Field})
			require.Contains(t, f.Message, test.says)
			require.Regexp(t, `^RFC \d{4}, section [\d.]*\d$`, f.Reference)
			require.Equal(t, fmt.Sprintf("%s: %s: %s (%s)", f.Severity, f.Field, f.Message, f.Reference), f.String())
		})
	}
}

// The defaults are no reason for a finding, nor are a host's own limiter,
// or anything at the very bounds.
func TestCheckSaysNothingWithoutNeed(t *testing.T) {
	cfg := careful()
	cfg.Limiter = &hostLimiter{}
	cfg.Lifetimes.AccessToken, cfg.Lifetimes.RefreshToken, cfg.Lifetimes.Session = time.Hour, 90*24*time.Hour, 365*24*time.Hour
	require.Empty(t, cfg.Check())

	local := careful()
	local.Issuer, local.RemoteAddr = "http://localhost", nil
	require.Len(t, local.Check(), 1, "there is no proxy on a developer's machine")
}

// Check changes nothing, takes a configuration that New refuses, and names
// warnings first.
func TestCheckOfNothing(t *testing.T) {
	var cfg flow.Config
	var fields []string
	for _, f := range cfg.Check() {
		fields = append(fields, f.Severity.String()+" "+f.Field)
	}
	require.Equal(t, []string{"warning Keys", "warning MayAct", "advice RequirePKCE", "advice Applications.ReservedName", "advice Pages.AccountName", "advice Events"}, fields)
	require.Zero(t, cfg.Keys)
}

// What only the store can tell, the provider's own Check adds, and an outage is
// one.
func TestCheckOfTheStore(t *testing.T) {
	s := newService(t)
	check := func(resourceServers ...string) ([]flow.Finding, error) {
		cfg := careful()
		cfg.Store, cfg.Now, cfg.RequirePKCE, cfg.ResourceServers = s.store, s.clock.Now, false, resourceServers
		cfg.Pages.Languages = []string{"en"}
		p, err := flow.New(cfg)
		require.NoError(t, err, "New asks no store")
		return p.Check(t.Context())
	}
	findings, err := check(s.app.ClientID)
	require.NoError(t, err)
	require.Len(t, findings, 1)
	require.Equal(t, "RequirePKCE", findings[0].Field, "what Config.Check finds")

	findings, err = check("mistyped", s.app.ClientID, s.public.ClientID)
	require.NoError(t, err)
	require.Len(t, findings, 3)
	for i, says := range []string{`no application with the client ID "mistyped"`, s.public.ClientID + `" is a public one`} {
		require.Equal(t, []any{flow.Warning, "ResourceServers"}, []any{findings[i].Severity, findings[i].Field})
		require.Contains(t, findings[i].Message, says)
	}
	cfg := careful()
	cfg.Store, cfg.Now, cfg.Resources = s.store, s.clock.Now, []flow.Resource{{Identifier: "https://other.example", ResourceServers: []string{"mistyped"}}}
	p, err := flow.New(cfg)
	require.NoError(t, err)
	findings, err = p.Check(t.Context())
	require.NoError(t, err)
	require.Contains(t, findings[0].String(), `Resources: There is no application with the client ID "mistyped"`)
	s.store.fail(errBroken, "Client")
	_, err = check(s.app.ClientID)
	require.ErrorIs(t, err, errBroken)
	require.ErrorContains(t, err, "Config.ResourceServers")
}

// A host has its configuration reviewed when it starts, or in a test of its
// own.
func ExampleConfig_Check() {
	cfg := careful()
	cfg.Lifetimes.AccessToken = 24 * time.Hour
	for _, finding := range cfg.Check() {
		fmt.Println(finding)
	}
	// Output:
	// warning: Lifetimes.AccessToken: A stolen access token is good for 24h. Choose an hour or less: clients refresh. (RFC 6750, section 5.3)
}
