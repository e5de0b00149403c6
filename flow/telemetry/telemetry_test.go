package telemetry_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/flow/telemetry"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

// An observer reads what is observed.
type observer struct {
	t       testing.TB
	reader  *sdkmetric.ManualReader
	spans   *tracetest.SpanRecorder
	cfg     telemetry.Config
	backend *brokenStore
}

func newObserver(t testing.TB) *observer {
	o := &observer{t: t, reader: sdkmetric.NewManualReader(), spans: tracetest.NewSpanRecorder(), backend: &brokenStore{Store: memory.New()}}
	o.cfg = telemetry.Config{
		MeterProvider:  sdkmetric.NewMeterProvider(sdkmetric.WithReader(o.reader)),
		TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(o.spans)),
	}
	return o
}

func (o *observer) store() store.Store {
	o.t.Helper()
	s, err := telemetry.Store(o.backend, o.cfg)
	require.NoError(o.t, err)
	return s
}

func (o *observer) provider(edit ...func(*flow.Config)) *flowtest.Provider {
	cfg := flow.Config{
		Store: o.store(), Extensions: []flow.Extension{telemetry.New(o.cfg)},
		Scopes: []flow.Scope{{Name: "read", Default: true}, {Name: "write"}},
	}
	for _, e := range edit {
		e(&cfg)
	}
	return flowtest.New(o.t, cfg)
}

// points returns what a metric has counted, by the values of its attributes in
// the order of their names.
func (o *observer) points(metric string) map[string]float64 {
	o.t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(o.t, o.reader.Collect(context.Background(), &all))
	counted := map[string]float64{}
	note := func(set attribute.Set, value float64) {
		var values []string
		for _, a := range set.ToSlice() {
			values = append(values, a.Value.String())
		}
		counted[strings.Join(values, " ")] = value
	}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			if m.Name != metric {
				continue
			}
			switch data := m.Data.(type) {
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					note(p.Attributes, float64(p.Count))
				}
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					note(p.Attributes, float64(p.Value))
				}
			case metricdata.Gauge[float64]:
				for _, p := range data.DataPoints {
					note(p.Attributes, p.Value)
				}
			default:
				o.t.Fatalf("%s is a %T", metric, data)
			}
		}
	}
	return counted
}

// A brokenStore fails while it is broken.
type brokenStore struct {
	store.Store
	mu  sync.Mutex
	err error
}

func (s *brokenStore) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *brokenStore) Session(ctx context.Context, id uuid.UUID) (store.Session, error) {
	s.mu.Lock()
	err := s.err
	s.mu.Unlock()
	if err != nil {
		return store.Session{}, err
	}
	return s.Store.Session(ctx, id)
}

func post(p http.Handler, path string, form url.Values) int {
	r := httptest.NewRequest(http.MethodPost, "https://flowtest.example"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w.Code
}

func call(p *flowtest.Provider, token string, scopes ...string) int {
	r := httptest.NewRequest(http.MethodGet, "https://flowtest.example/api", nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	p.Require(scopes...)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
	return w.Code
}

// Requests are counted by endpoint, grant type and result, and what a caller
// makes up is no value of an attribute.
func TestRequests(t *testing.T) {
	o := newObserver(t)
	p := o.provider()
	client := url.Values{"client_id": {p.Application.ClientID}, "client_secret": {p.ClientSecret}}
	with := func(pairs ...string) url.Values {
		form := url.Values{"client_id": client["client_id"], "client_secret": client["client_secret"]}
		for i := 0; i < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		return form
	}
	token := p.AccessToken("user", "account", "read")
	require.Equal(t, 200, post(p, "/oauth/introspect", with("token", token)))
	require.Equal(t, 200, post(p, "/oauth/introspect", with("token", token)))
	require.Equal(t, 400, post(p, "/oauth/token", with("grant_type", "refresh_token", "refresh_token", "x")))
	require.Equal(t, 400, post(p, "/oauth/token", with("grant_type", "made-up")))
	require.Equal(t, 401, post(p, "/oauth/token", with("grant_type", "refresh_token", "refresh_token", "x", "client_secret", "wrong")))
	require.Equal(t, 200, call(p, token, "read"))
	require.Equal(t, 401, call(p, ""))
	require.Equal(t, 403, call(p, token, "write"))
	o.backend.fail(errors.New("connection refused by db.internal"))
	require.Equal(t, 503, call(p, token, "read"))

	require.Equal(t, map[string]float64{
		"/oauth/introspect ok":                          2,
		"400 /oauth/token refresh_token invalid_grant":  1,
		"400 /oauth/token unsupported_grant_type":       1,
		"401 /oauth/token refresh_token invalid_client": 1,
		"resource ok":                          1,
		"401 resource no_token":                1,
		"403 resource insufficient_scope":      1,
		"503 resource temporarily_unavailable": 1,
	}, o.points("oauthapps.request.duration"))
	calls := o.points("oauthapps.store.call.duration")
	require.Equal(t, 2.0, calls["ok Session"])
	require.Equal(t, 1.0, calls["failure Session"])
	require.Equal(t, 5.0, calls["ok Client"], "one of them after the refusal, to tell the developer")
	require.Empty(t, o.points("oauthapps.limiter.refusals"))

	for range 64 {
		post(p, "/oauth/token", with("grant_type", "refresh_token", "refresh_token", "x", "client_secret", "wrong"))
	}
	require.Equal(t, map[string]float64{"/oauth/token": 1}, o.points("oauthapps.limiter.refusals"))
	require.Equal(t, 1.0, o.points("oauthapps.request.duration")["429 /oauth/token refresh_token temporarily_unavailable"])

	for _, span := range o.spans.Ended() {
		for _, a := range span.Attributes() {
			for _, secret := range []string{p.ClientSecret, token, "made-up", "db.internal", "wrong"} {
				require.NotContains(t, a.Value.String()+span.Name()+span.Status().Description, secret)
			}
		}
	}
}

// A request has a span, and each call of the store one within it.
func TestTraces(t *testing.T) {
	o := newObserver(t)
	p := o.provider()
	token := p.AccessToken("user", "account", "read")
	before := len(o.spans.Ended())
	require.Equal(t, 403, call(p, token, "write"))
	o.backend.fail(errors.New("down"))
	require.Equal(t, 503, call(p, token))
	o.backend.fail(nil)

	byName := func(name string) (found []sdktrace.ReadOnlySpan) {
		for _, span := range o.spans.Ended()[before:] {
			if span.Name() == name {
				found = append(found, span)
			}
		}
		return found
	}
	requests, calls := byName("oauthapps resource"), byName("store.Session")
	require.Len(t, requests, 2)
	require.Len(t, calls, 2)
	for i := range requests {
		require.Equal(t, requests[i].SpanContext().SpanID(), calls[i].Parent().SpanID())
	}
	require.Equal(t, codes.Unset, requests[0].Status().Code, "a refusal is the client's")
	require.Contains(t, requests[0].Attributes(), attribute.String("oauthapps.client_id", p.Application.ClientID))
	require.Contains(t, requests[0].Attributes(), attribute.String("oauthapps.result", "insufficient_scope"))
	require.Equal(t, codes.Error, requests[1].Status().Code)
	require.Equal(t, codes.Error, calls[1].Status().Code)
	require.Equal(t, "failure", calls[1].Status().Description)
}

// A request whose handler panics counts as one that failed.
func TestPanics(t *testing.T) {
	o := newObserver(t)
	p := o.provider(func(cfg *flow.Config) {
		cfg.CurrentUser = func(*http.Request) (*flow.User, error) { panic("the host's own") }
	})
	require.PanicsWithValue(t, "the host's own", func() {
		p.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/oauth/authorize?client_id="+p.Application.ClientID, nil))
	})
	require.Equal(t, map[string]float64{"500 /oauth/authorize server_error": 1}, o.points("oauthapps.request.duration"))
}

// No method of a store is forgotten.
func TestEachMethodIsObserved(t *testing.T) {
	o := newObserver(t)
	observed, err := telemetry.Store(struct{ store.Store }{}, o.cfg)
	require.NoError(t, err)
	methods := reflect.TypeFor[store.Store]()
	for i := range methods.NumMethod() {
		method := reflect.ValueOf(observed).MethodByName(methods.Method(i).Name)
		args := []reflect.Value{reflect.ValueOf(t.Context())}
		for j := 1; j < method.Type().NumIn(); j++ {
			args = append(args, reflect.Zero(method.Type().In(j)))
		}
		require.Panics(t, func() { method.Call(args) }, "there is no store behind")
		require.Equal(t, 1.0, o.points("oauthapps.store.call.duration")["ok "+methods.Method(i).Name], methods.Method(i).Name)
	}
}

// A pass of the clean-up is followed through its batches.
func TestCleanUp(t *testing.T) {
	o := newObserver(t)
	s := o.store()
	now := time.Now()
	for i := range 5 {
		digest := [32]byte{byte(i + 1)}
		require.NoError(t, s.Keep(t.Context(), store.Record{Kind: "test", Digest: digest, ExpiresAt: now.Add(time.Second)}, now))
	}
	require.Empty(t, o.points("oauthapps.cleanup.pass.age"))
	removed, err := store.Cleaner{Store: s, Batch: 2, Now: func() time.Time { return now.Add(time.Minute) }}.Pass(t.Context())
	require.NoError(t, err)
	require.Equal(t, 5, removed)
	require.Equal(t, map[string]float64{"": 5}, o.points("oauthapps.cleanup.removed"))
	require.Equal(t, map[string]float64{"": 1}, o.points("oauthapps.cleanup.pass.duration"))
	require.Greater(t, o.points("oauthapps.store.call.duration")["ok CleanUp"], 2.0)
	require.Contains(t, o.points("oauthapps.cleanup.pass.age"), "")

	next, _, err := s.CleanUp(t.Context(), now, "", 1)
	require.NoError(t, err)
	require.NotEmpty(t, next)
	_, err = store.Cleaner{Store: s}.Pass(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]float64{"": 2}, o.points("oauthapps.cleanup.pass.duration"), "one that was given up is none")
}

// What is off costs nothing: the same allocations as without the capability.
func TestOffCostsNothing(t *testing.T) {
	s := memory.New()
	same, err := telemetry.Store(s, telemetry.Config{})
	require.NoError(t, err)
	require.Same(t, store.Store(s), same)

	allocs := func(extensions ...flow.Extension) (api, endpoint float64) {
		p := flowtest.New(t, flow.Config{Extensions: extensions, Scopes: []flow.Scope{{Name: "read", Default: true}}})
		r := httptest.NewRequest(http.MethodGet, "/api", nil)
		r.Header.Set("Authorization", "Bearer "+p.AccessToken("user", "account", "read"))
		guarded := p.Require("read")(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		w := nothing{http.Header{}}
		metadata := httptest.NewRequest(http.MethodGet, "https://flowtest.example/oauth/style.css", nil)
		return testing.AllocsPerRun(100, func() { guarded.ServeHTTP(w, r) }), testing.AllocsPerRun(100, func() { p.ServeHTTP(w, metadata) })
	}
	api, endpoint := allocs()
	offAPI, offEndpoint := allocs(telemetry.New(telemetry.Config{}))
	require.Equal(t, []float64{api, endpoint}, []float64{offAPI, offEndpoint})
	o := newObserver(t)
	onAPI, onEndpoint := allocs(telemetry.New(o.cfg))
	require.Greater(t, onAPI, api, "or nothing is measured")
	require.Greater(t, onEndpoint, endpoint)
}

// nothing takes an answer and keeps nothing of it.
type nothing struct{ header http.Header }

func (w nothing) Header() http.Header         { return w.header }
func (w nothing) Write(b []byte) (int, error) { return len(b), nil }
func (w nothing) WriteHeader(int)             {}

// The package stands on the API alone: which SDK there is, is up to the host.
func TestNeedsTheAPIOnly(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{join .Imports "\n"}}`, ".").Output()
	require.NoError(t, err)
	for path := range strings.Lines(string(out)) {
		if path = strings.TrimSpace(path); strings.HasPrefix(path, "go.opentelemetry.io/") {
			require.Contains(t, []string{
				"go.opentelemetry.io/otel/attribute", "go.opentelemetry.io/otel/codes",
				"go.opentelemetry.io/otel/metric", "go.opentelemetry.io/otel/metric/noop",
				"go.opentelemetry.io/otel/trace", "go.opentelemetry.io/otel/trace/noop",
			}, path)
		}
	}
}
