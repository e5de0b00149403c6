package telemetry_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/flow/telemetry"
	"github.com/oauthapps/oauthapps/store/memory"
)

// BenchmarkTelemetry measures what requests cost, over the store in memory,
// without telemetry, with metrics, and with metrics and a sampled trace that
// nobody exports.
func BenchmarkTelemetry(b *testing.B) {
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	for _, of := range []struct {
		name string
		cfg  telemetry.Config
	}{
		{"off", telemetry.Config{}},
		{"metrics", telemetry.Config{MeterProvider: meters}},
		{"traces", telemetry.Config{MeterProvider: meters, TracerProvider: sdktrace.NewTracerProvider()}},
	} {
		observed, err := telemetry.Store(memory.New(), of.cfg)
		if err != nil {
			b.Fatal(err)
		}
		p := flowtest.New(b, flow.Config{Store: observed, Extensions: []flow.Extension{telemetry.New(of.cfg)}})
		token := p.AccessToken("user", "account", "read")
		call := httptest.NewRequest(http.MethodGet, "http://localhost/api", nil)
		call.Header.Set("Authorization", "Bearer "+token)
		api := p.Require("read")(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		b.Run("request=bearer/telemetry="+of.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				api.ServeHTTP(nothing{http.Header{}}, call)
			}
		})
		body := url.Values{"token": {token}}.Encode()
		b.Run("request=introspection/telemetry="+of.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodPost, "http://localhost/oauth/introspect", strings.NewReader(body))
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				r.SetBasicAuth(p.Application.ClientID, p.ClientSecret)
				p.ServeHTTP(nothing{http.Header{}}, r)
			}
		})
	}
}
