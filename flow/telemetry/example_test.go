package telemetry_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/telemetry"
	"github.com/oauthapps/oauthapps/store/memory"
)

// Calls of the API are counted, by how they were answered. A service exports
// the metrics, such as to Prometheus; this example reads them.
func Example() {
	reader := sdkmetric.NewManualReader()
	cfg := telemetry.Config{MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))}
	observed, err := telemetry.Store(memory.New(), cfg)
	if err != nil {
		log.Fatal(err)
	}
	provider, err := flow.New(flow.Config{
		Issuer:      "https://service.example",
		Store:       observed, // also for store.Cleaner
		CurrentUser: func(*http.Request) (*flow.User, error) { return nil, nil },
		LoginURL:    func(string) string { return "/login" },
		Scopes:      []flow.Scope{{Name: "read", Description: "Read your domains", Default: true}},
		Extensions:  []flow.Extension{telemetry.New(cfg)},
	})
	if err != nil {
		log.Fatal(err)
	}
	api := provider.Require("read")(http.NotFoundHandler())
	for range 3 {
		r := httptest.NewRequest(http.MethodGet, "/api/domains", nil)
		r.Header.Set("Authorization", "Bearer of-somebody-else")
		api.ServeHTTP(httptest.NewRecorder(), r)
	}

	var collected metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &collected); err != nil {
		log.Fatal(err)
	}
	for _, m := range collected.ScopeMetrics[0].Metrics {
		durations, _ := m.Data.(metricdata.Histogram[float64])
		for _, point := range durations.DataPoints {
			fmt.Println(m.Name, point.Count, point.Attributes.Encoded(attribute.DefaultEncoder()))
		}
	}
	// Output: oauthapps.request.duration 3 http.response.status_code=401,oauthapps.endpoint=resource,oauthapps.result=invalid_token
}
