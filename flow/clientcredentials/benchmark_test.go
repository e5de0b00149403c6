//go:build unix

package clientcredentials_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientcredentials"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// BenchmarkToken measures a token request of an application for itself, over a
// store in memory and without the network. It reports the processor time, user
// and system.
func BenchmarkToken(b *testing.B) {
	h := flowtest.New(b, flow.Config{Extensions: []flow.Extension{clientcredentials.New(clientcredentials.Config{})}})
	settings := clientcredentials.Settings{Scopes: []string{"read"}}
	_, err := h.Registry().SetExtra(b.Context(), oauthapp.AnyOwner, h.Application.ID, "clientcredentials", settings)
	require.NoError(b, err)
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {h.Application.ClientID}, "client_secret": {h.ClientSecret}}.Encode()
	b.ReportAllocs()
	before, n := processorTime(b), 0
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, flowtest.Issuer+"/oauth/token", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(b, http.StatusOK, w.Code)
		n++
	}
	b.ReportMetric(float64(processorTime(b)-before)/float64(n), "cpu-ns/op")
}

// processorTime is what the process has spent so far, in nanoseconds.
func processorTime(b *testing.B) int64 {
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return usage.Utime.Nano() + usage.Stime.Nano()
}
