//go:build unix

package clientkeys_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/url"
	"syscall"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientkeys"
)

// BenchmarkAuthentication measures a request of a client that authenticates
// with a secret, and with a key of each algorithm, over a store in memory and
// without the network. It reports the processor time, user and system.
func BenchmarkAuthentication(b *testing.B) {
	h := newHost(b, flow.Config{}, clientkeys.Config{})
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	rsa2048, _ := rsa.GenerateKey(rand.Reader, 2048)
	signers := []signer{newSigner("ec"), {gojose.EdDSA, ed, "ed"}, {gojose.PS256, rsa2048, "ps"}, {gojose.RS256, rsa2048, "rs"}}
	run := func(name string, form func() url.Values) {
		b.Run(name, func(b *testing.B) {
			forms := make([]url.Values, b.N)
			for i := range forms {
				forms[i] = form()
			}
			b.ReportAllocs()
			b.ResetTimer()
			before := processorTime(b)
			for _, form := range forms {
				require.Equal(b, http.StatusOK, post(h, "/oauth/introspect", form).Code)
			}
			b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
	run("secret", func() url.Values {
		return url.Values{"token": {"x"}, "client_id": {h.Application.ClientID}, "client_secret": {h.ClientSecret}}
	})
	for _, s := range signers {
		h.setKeys(clientkeys.Keys{Set: setOf(s)})
		run(string(s.alg), func() url.Values { return withAssertion(s.sign(s.header(), h.claims())) })
	}
}

// processorTime is what the process has spent so far, in nanoseconds.
func processorTime(b *testing.B) int64 {
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return usage.Utime.Nano() + usage.Stime.Nano()
}
