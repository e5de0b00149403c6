package main

import (
	"flag"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
)

func TestOptions(t *testing.T) {
	opts, err := parseOptions(nil)
	require.NoError(t, err)
	require.Equal(t, options{
		addr: "127.0.0.1:8080", store: dataSource{kind: sqliteStore, path: "oauthapps.db"}, keyFile: "oauthapps.db.key", rateLimit: 2400,
	}, opts)

	opts, err = parseOptions(strings.Fields("-addr :0 -issuer https://id.example -store memory -code-ttl 2s -access-token-ttl 1m -refresh-token-ttl 1h"))
	require.NoError(t, err)
	require.Equal(t, options{
		addr: ":0", issuer: "https://id.example", store: dataSource{kind: memoryStore},
		codeTTL: 2 * time.Second, accessTokenTTL: time.Minute, refreshTokenTTL: time.Hour, rateLimit: 2400,
	}, opts)
	require.True(t, opts.secure())

	opts, err = parseOptions(strings.Fields("-store sqlite:/a/b.db -key-file /c/key"))
	require.NoError(t, err)
	require.Equal(t, dataSource{kind: sqliteStore, path: "/a/b.db"}, opts.store)
	require.Equal(t, "/c/key", opts.keyFile)

	opts, err = parseOptions(strings.Fields("-without par,dnsimple"))
	require.NoError(t, err)
	require.Equal(t, []string{"par", "dnsimple"}, opts.without)
	require.Len(t, capabilities(opts), len(capabilities(options{}))-2)

	_, err = parseOptions([]string{"-h"})
	require.ErrorIs(t, err, flag.ErrHelp)
}

func TestOperatorToken(t *testing.T) {
	t.Setenv("OAUTHAPPS_OPERATOR_TOKEN", "of-the-environment")
	opts, err := parseOptions(nil)
	require.NoError(t, err)
	require.Equal(t, "of-the-environment", opts.operatorToken)
	opts, err = parseOptions(strings.Fields("-operator-token of-the-flag"))
	require.NoError(t, err)
	require.Equal(t, "of-the-flag", opts.operatorToken)
	var usage strings.Builder
	printUsage(&usage)
	require.NotContains(t, usage.String(), "of-the-environment")
}

// Anybody may register clients only where that is whoever is at the machine.
func TestOpenRegistrationIsLocal(t *testing.T) {
	for issuer, want := range map[string]bool{
		"http://127.0.0.1:8080": true, "http://[::1]:8080": true, "http://localhost": true, "https://localhost:8443": true,
		"https://id.example": false, "https://127.0.0.1.example": false, "https://192.0.2.1": false, "": false,
	} {
		opts := options{issuer: issuer}
		require.Equal(t, want, slices.ContainsFunc(capabilities(opts), func(e flow.Extension) bool { return e.Name() == "registration" }), issuer)
	}
	_, err := parseOptions(strings.Fields("-issuer https://id.example -without registration"))
	require.NoError(t, err)
}

func TestBadOptions(t *testing.T) {
	for _, line := range []string{
		"-no-such-flag", "argument", "-addr 8080", "-addr", "-code-ttl soon", "-code-ttl -1s", "-access-token-ttl 0.5", "-refresh-token-ttl -1h",
		"-issuer id.example", "-issuer ftp://id.example", "-issuer https://", "-issuer https://id.example/path",
		"-store", "-store mysql://x", "-store sqlite:", "-store sqlite::memory:", "-store memory:", "-rate-limit 0", "-profile", "-profile fapi3", "-without", "-without nothing", "-without par,",
	} {
		_, err := parseOptions(strings.Fields(line))
		require.Error(t, err, line)
		require.NotErrorIs(t, err, flag.ErrHelp)
		require.NotContains(t, err.Error(), "\n", line)
	}
	_, err := parseOptions([]string{"-store", "mysql://user:password@host"})
	require.NotContains(t, err.Error(), "password")
}
