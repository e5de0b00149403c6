package main

import (
	"context"
	"net/http"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/oauthapps/oauthapps/flow/telemetry"
	"github.com/oauthapps/oauthapps/store"
)

// metrics are what GET /metrics serves to Prometheus: those of the library,
// through OpenTelemetry. Anybody may read them in the demo; a service serves
// them where its own Prometheus alone gets at them.
type metrics struct {
	config  telemetry.Config
	handler http.Handler // nil where they are turned off
}

func newMetrics(opts options) (metrics, error) {
	if slices.Contains(opts.without, "telemetry") {
		return metrics{}, nil
	}
	registry := prometheus.NewRegistry()
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry))
	if err != nil {
		return metrics{}, err
	}
	return metrics{
		config:  telemetry.Config{MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter))},
		handler: promhttp.HandlerFor(registry, promhttp.HandlerOpts{}),
	}, nil
}

// observe returns a store whose calls are in the metrics.
func (m metrics) observe(st pingableStore) (pingableStore, error) {
	observed, err := telemetry.Store(st, m.config)
	return observedStore{observed, st}, err
}

type observedStore struct {
	store.Store
	backend pingableStore
}

// Ping asks the store behind.
func (s observedStore) Ping(ctx context.Context) error { return s.backend.Ping(ctx) }
