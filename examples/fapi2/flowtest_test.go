package fapi2

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow/flowtest"
)

// A failing is a test that fails.
type failing struct {
	testing.TB
	said string
}

func (f *failing) Fatalf(format string, args ...any) {
	f.said = fmt.Sprintf(format, args...)
	panic(f)
}

// A host whose tests ask for a bearer token is told why there is none.
func TestNoBearerTokensForTests(t *testing.T) {
	f := &failing{TB: t}
	provider := flowtest.New(f, config())
	require.Panics(t, func() { provider.AccessToken("1", "7", "read") })
	require.Contains(t, f.said, "Config.Profile")
}
