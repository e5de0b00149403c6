package flow_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
)

// A repeated request is sent again and again, and nothing is made anew for it.
type repeated struct {
	handler http.Handler
	request *http.Request
	body    string
	reader  *strings.Reader
	closer  io.ReadCloser
	answer  nothing
}

func (r *repeated) send() {
	clear(r.answer.header)
	r.sendTo(r.answer)
}

func (r *repeated) sendTo(w http.ResponseWriter) {
	r.reader.Reset(r.body)
	r.request.Body = r.closer
	r.handler.ServeHTTP(w, r.request)
}

// repeatedRequests are requests that change nothing, by name.
func repeatedRequests(t testing.TB) map[string]*repeated {
	s := newService(t, func(cfg *flow.Config) { cfg.Events = nil })
	mux := http.NewServeMux()
	s.Mount(mux)
	issued := s.authorize(s.app, "read")

	requests := map[string]*repeated{}
	for name, post := range map[string]struct {
		path   string
		form   url.Values
		answer string
	}{
		"introspection":         {"/oauth/introspect", url.Values{"token": {issued.access}}, `{"active":true,`},
		"garbage-introspection": {"/oauth/introspect", url.Values{"token": {garbage(issued.access)}}, `{"active":false}`},
		"garbage-refresh":       {"/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {garbage(issued.refresh)}}, `"error":"invalid_grant"`},
	} {
		body := post.form.Encode()
		r := httptest.NewRequest(http.MethodPost, post.path, nil)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(s.app.ClientID, s.secret)
		r.ContentLength = int64(len(body))
		reader := strings.NewReader("")
		requests[name] = &repeated{mux, r, body, reader, io.NopCloser(reader), nothing{http.Header{}}}
		w := httptest.NewRecorder()
		requests[name].sendTo(w)
		require.Contains(t, w.Body.String(), post.answer)
	}
	return requests
}

// BenchmarkEndpoints is what BenchmarkCost measures without what net/http
// takes.
func BenchmarkEndpoints(b *testing.B) {
	for name, r := range repeatedRequests(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.send()
			}
		})
	}
}
