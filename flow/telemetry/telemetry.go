// Package telemetry is a capability of package flow: metrics and traces through
// the API of OpenTelemetry. The SDK that the host brings decides what happens
// to them, such as to serve them to Prometheus.
//
//	cfg := telemetry.Config{MeterProvider: meters, TracerProvider: traces}
//	observed, err := telemetry.Store(st, cfg)
//	flow.Config{Store: observed, Extensions: []flow.Extension{telemetry.New(cfg)}}
//	store.Cleaner{Store: observed}
//
// For Prometheus, with go.opentelemetry.io/otel/exporters/prometheus and
// go.opentelemetry.io/otel/sdk/metric:
//
//	registry := prometheus.NewRegistry()
//	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry))
//	meters := metric.NewMeterProvider(metric.WithReader(exporter))
//	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
//
// Names have underscores and units there, such as
// oauthapps_request_duration_seconds. Show the metrics to your monitoring alone.
//
// # Metrics
//
// Durations are histograms in seconds, whose count is the number of requests or
// calls.
//
//	oauthapps.request.duration        requests at an endpoint, and checks of access tokens by the API
//	oauthapps.limiter.refusals        requests that were answered 429
//	oauthapps.store.call.duration     calls of the store
//	oauthapps.cleanup.removed         rows that the clean-up of this node removed
//	oauthapps.cleanup.pass.duration   passes of it that went through the whole store
//	oauthapps.cleanup.pass.age        seconds since the last such pass ended; absent before the first
//
// If a store fills faster than it is cleaned up, passes take ever longer, and
// the age grows beyond the interval of the Cleaner.
//
// The attributes have few values, and no caller can add one:
//
//	oauthapps.endpoint          the path of the endpoint below the issuer's,
//	                            or "resource" for the API
//	oauthapps.grant_type        of a token request, one that the service has
//	oauthapps.result            "ok", or the error code of the answer; of a
//	                            store call "ok", "not_found", "exists",
//	                            "conflict", "limit", "used", "canceled" or
//	                            "failure"
//	http.response.status_code   of a request that was refused; 503 in an outage
//	oauthapps.store.method      the method of the store
//
// # Traces
//
// A request has a span within that of the host, such as one of otelhttp, and a
// store call one within that. A span has the attributes above, and
// oauthapps.client_id where the client is known. Its status is an error if the
// service failed, and not if a request was refused. No span and no metric has a
// secret, code, token, user or address.
package telemetry

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
)

// Config says where metrics and traces go. With the zero Config nothing is
// observed, and requests cost nothing more.
type Config struct {
	// MeterProvider receives the metrics. Defaults to none.
	MeterProvider metric.MeterProvider

	// TracerProvider receives the traces. Defaults to none.
	TracerProvider trace.TracerProvider
}

// New returns the capability, for flow.Config.Extensions.
func New(cfg Config) flow.Extension { return extension{cfg} }

type extension struct{ cfg Config }

func (extension) Name() string { return "telemetry" }

func (extension) Findings() []kernel.Finding { return nil }

func (e extension) Contribute(*kernel.Kernel) (kernel.Contribution, error) {
	if e.cfg.off() {
		return kernel.Contribution{}, nil
	}
	r := requests{tracer: e.cfg.tracer()}
	var err error
	meter := e.cfg.meter()
	if r.duration, err = histogram(meter, "oauthapps.request.duration", "Requests at an endpoint, and checks of access tokens."); err != nil {
		return kernel.Contribution{}, fmt.Errorf("Config.MeterProvider: %w", err)
	}
	r.limited, err = meter.Int64Counter("oauthapps.limiter.refusals", metric.WithUnit("{request}"), metric.WithDescription("Requests that were answered 429."))
	if err != nil {
		return kernel.Contribution{}, fmt.Errorf("Config.MeterProvider: %w", err)
	}
	return kernel.Contribution{Observe: r.observe}, nil
}

func (cfg Config) off() bool { return cfg.MeterProvider == nil && cfg.TracerProvider == nil }

// scope is the instrumentation scope of all metrics and spans.
const scope = "github.com/oauthapps/oauthapps/flow/telemetry"

func (cfg Config) meter() metric.Meter {
	if cfg.MeterProvider == nil {
		return metricnoop.NewMeterProvider().Meter(scope)
	}
	return cfg.MeterProvider.Meter(scope)
}

func (cfg Config) tracer() trace.Tracer {
	if cfg.TracerProvider == nil {
		return tracenoop.NewTracerProvider().Tracer(scope)
	}
	return cfg.TracerProvider.Tracer(scope)
}

// histogram makes one of durations in seconds.
func histogram(meter metric.Meter, name, description string) (metric.Float64Histogram, error) {
	return meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description),
		metric.WithExplicitBucketBoundaries(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10))
}

// The attributes.
const (
	endpointKey  = attribute.Key("oauthapps.endpoint")
	grantTypeKey = attribute.Key("oauthapps.grant_type")
	resultKey    = attribute.Key("oauthapps.result")
	methodKey    = attribute.Key("oauthapps.store.method")
	clientIDKey  = attribute.Key("oauthapps.client_id")
	statusKey    = attribute.Key("http.response.status_code")

	ok = "ok"
)

// requests observes requests.
type requests struct {
	tracer   trace.Tracer
	duration metric.Float64Histogram
	limited  metric.Int64Counter
}

// observe begins the span of a request.
func (t *requests) observe(ctx context.Context, _ *http.Request, endpoint string) (context.Context, func(*kernel.Outcome)) {
	began := time.Now()
	ctx, span := t.tracer.Start(ctx, "oauthapps "+endpoint)
	return ctx, func(o *kernel.Outcome) {
		attributes := attributesOf(o)
		t.duration.Record(ctx, time.Since(began).Seconds(), metric.WithAttributes(attributes...))
		if o.Refusal != nil && o.Refusal.Status == http.StatusTooManyRequests {
			t.limited.Add(ctx, 1, metric.WithAttributes(endpointKey.String(endpoint)))
		}
		defer span.End()
		if !span.IsRecording() {
			return
		}
		if o.Known {
			attributes = append(attributes, clientIDKey.String(o.About.ClientID))
		}
		span.SetAttributes(attributes...)
		if o.Refusal != nil && o.Refusal.Status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, o.Refusal.Code) // the cause is in the log
		}
	}
}

// attributesOf are those of a request.
func attributesOf(o *kernel.Outcome) []attribute.KeyValue {
	attributes := make([]attribute.KeyValue, 0, 5)
	attributes = append(attributes, endpointKey.String(o.Endpoint))
	if o.GrantType != "" {
		attributes = append(attributes, grantTypeKey.String(o.GrantType))
	}
	switch {
	case o.Refusal == nil:
		return append(attributes, resultKey.String(ok))
	case o.Refusal.Code == "": // a request to the API without an access token
		attributes = append(attributes, resultKey.String("no_token"))
	default:
		attributes = append(attributes, resultKey.String(o.Refusal.Code))
	}
	return append(attributes, statusKey.Int(o.Refusal.Status))
}
