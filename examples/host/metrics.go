package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/oauthapps/oauthapps/flow/telemetry"
)

// newMetrics returns where the library's metrics go, and what serves them to
// Prometheus.
func newMetrics() (telemetry.Config, http.Handler, error) {
	registry := prometheus.NewRegistry()
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry))
	if err != nil {
		return telemetry.Config{}, nil, err
	}
	meters := metric.NewMeterProvider(metric.WithReader(exporter))
	return telemetry.Config{MeterProvider: meters}, promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), nil
}

// bearer lets requests through that have a token, and none where there is no
// token. It compares digests: how long that takes tells nothing of the token.
func bearer(token string) func(http.Handler) http.Handler {
	want := sha256.Sum256([]byte(token))
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			scheme, sent, _ := strings.Cut(r.Header.Get("Authorization"), " ")
			got := sha256.Sum256([]byte(sent))
			if token == "" || !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
				w.Header().Set("WWW-Authenticate", "Bearer")
				http.Error(w, "The token is missing or wrong.", http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}
