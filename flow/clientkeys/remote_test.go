package clientkeys_test

import (
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientkeys"
	"github.com/oauthapps/oauthapps/flow/internal/jose"
)

// An origin serves the keys of an application.
type origin struct {
	*httptest.Server
	answer  func(w http.ResponseWriter)
	fetches atomic.Int64
}

func (o *origin) serve(keys ...signer) {
	o.answer = func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/jwk-set+json")
		w.Header().Set("Cache-Control", "max-age=86400")
		_, _ = w.Write(setOf(keys...))
	}
}

func (o *origin) fail(status int) {
	o.answer = func(w http.ResponseWriter) { http.Error(w, "{}", status) }
}

// newRemoteHost returns a host whose application has its keys at an origin. The
// fetcher admits loopback addresses as the issuer is one.
func newRemoteHost(t *testing.T) (*host, *origin) {
	o := &origin{}
	o.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		o.fetches.Add(1)
		o.answer(w)
	}))
	t.Cleanup(o.Close)
	h := newHost(t, flow.Config{Issuer: "http://127.0.0.1:8080"}, clientkeys.Config{Roots: []*x509.Certificate{o.Certificate()}})
	h.setKeys(clientkeys.Keys{URI: o.URL + "/jwks.json"})
	return h, o
}

func TestKeysAtAURL(t *testing.T) {
	h, o := newRemoteHost(t)
	o.serve(h.key)
	for range 3 {
		require.Equal(t, http.StatusOK, h.present(h.assertion()).Code)
	}
	require.EqualValues(t, 1, o.fetches.Load())
	requireRefused(t, h.present(newSigner("one").sign(h.key.header(), h.claims())))
	require.EqualValues(t, 1, o.fetches.Load(), "a wrong signature fetches nothing")

	h.now = h.now.Add(time.Hour)
	require.Equal(t, http.StatusOK, h.present(h.assertion()).Code)
	require.EqualValues(t, 2, o.fetches.Load(), "an hour old at most, whatever their server says")
}

// An unknown kid has the keys fetched again, at most once a minute.
func TestRotationAtAURL(t *testing.T) {
	h, o := newRemoteHost(t)
	next, last := newSigner("two"), newSigner("three")
	o.serve(h.key)
	require.Equal(t, http.StatusOK, h.present(h.assertion()).Code)
	o.serve(next)
	require.Equal(t, http.StatusOK, h.present(next.sign(next.header(), h.claims())).Code)
	require.EqualValues(t, 2, o.fetches.Load())
	requireRefused(t, h.present(h.assertion()))

	o.serve(last)
	for range 20 {
		requireRefused(t, h.present(last.sign(last.header(), h.claims())))
	}
	require.EqualValues(t, 2, o.fetches.Load())
	h.now = h.now.Add(time.Minute)
	require.Equal(t, http.StatusOK, h.present(last.sign(last.header(), h.claims())).Code)
	require.EqualValues(t, 3, o.fetches.Load())
}

// While the keys cannot be reached those of the last hour are used. Then the
// client is told to come again.
func TestOutageOfKeys(t *testing.T) {
	h, o := newRemoteHost(t)
	o.fail(http.StatusInternalServerError)
	w := h.present(h.assertion())
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.NotEmpty(t, w.Header().Get("Retry-After"))

	o.serve(h.key)
	require.Equal(t, http.StatusOK, h.present(h.assertion()).Code)
	fetched := h.now
	o.fail(http.StatusInternalServerError)
	other := newSigner("two")
	require.Equal(t, http.StatusServiceUnavailable, h.present(other.sign(other.header(), h.claims())).Code, "it may be a new key")
	h.now = fetched.Add(time.Hour - time.Second)
	require.Equal(t, http.StatusOK, h.present(h.assertion()).Code)
	h.now = fetched.Add(time.Hour)
	require.Equal(t, http.StatusServiceUnavailable, h.present(h.assertion()).Code)
	o.serve(h.key)
	h.now = h.now.Add(time.Minute)
	require.Equal(t, http.StatusOK, h.present(h.assertion()).Code)
}

// Keys of a document are good until they are out of date. Then the client is
// told to come again.
func TestKeysThatAreOutOfDate(t *testing.T) {
	h := newHost(t, flow.Config{}, clientkeys.Config{})
	h.setKeys(jose.Source{Set: setOf(h.key), GoodUntil: h.now.Add(time.Hour)})
	h.now = h.now.Add(time.Hour - time.Second)
	require.Equal(t, http.StatusOK, h.present(h.assertion()).Code)
	h.now = h.now.Add(time.Second)
	w := h.present(h.assertion())
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.NotEmpty(t, w.Header().Get("Retry-After"))
}

// What is no key set is the client's own fault.
func TestNoKeysAtAURL(t *testing.T) {
	h, o := newRemoteHost(t)
	o.fail(http.StatusNotFound)
	requireRefused(t, h.present(h.assertion()))
	require.Equal(t, "no usable key set at the application's jwks_uri", h.lastReason())
	o.answer = func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"keys":[]}`))
	}
	requireRefused(t, h.present(h.assertion()))
	require.Equal(t, "no usable key set at the application's jwks_uri", h.lastReason())
}

// A service that others can reach fetches nothing from its own machine.
func TestNoKeysFromLoopback(t *testing.T) {
	_, o := newRemoteHost(t)
	h := newHost(t, flow.Config{}, clientkeys.Config{Roots: []*x509.Certificate{o.Certificate()}})
	o.serve(h.key)
	h.setKeys(clientkeys.Keys{URI: o.URL + "/jwks.json"})
	requireRefused(t, h.present(h.assertion()))
	require.Zero(t, o.fetches.Load())
}
