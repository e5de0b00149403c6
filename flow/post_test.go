package flow_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
)

// TestPostEndpointsAreStrict: whatever the body would have done, a request in
// the wrong shape does nothing.
func TestPostEndpointsAreStrict(t *testing.T) {
	s := newService(t)
	_, code := s.begin(s.app, "read")
	good := with(with(with(with(credentialsOf(s.app, s.secret),
		"grant_type", "authorization_code"), "code", code), "redirect_uri", s.app.CallbackURLs[0]), "token", code).Encode()
	const form = "application/x-www-form-urlencoded"

	for _, path := range []string{"/oauth/token", "/oauth/revoke", "/oauth/introspect"} {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodPatch} {
			r := httptest.NewRequest(method, "https://id.example"+path, strings.NewReader(good))
			r.Header.Set("Content-Type", form)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			require.Equal(t, http.StatusMethodNotAllowed, w.Code, method+" "+path)
			require.Contains(t, w.Header().Get("Allow"), http.MethodPost)
		}
		for _, tt := range []struct {
			name, query, contentType, body string
			status                         int
		}{
			{"text", "", "text/plain", good, 400},
			{"no content type", "", "", good, 400},
			{"multipart", "", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\n1\r\n--x--\r\n", 400},
			{"JSON", "", "application/json", `{"grant_type":"authorization_code"}`, 400},
			{"everything in the query", "?" + good, form, "", 400},
			{"secret in the query", "?client_secret=" + s.secret, form, good, 400},
			{"a parameter in both", "?client_id=" + s.app.ClientID, form, good, 400},
			{"duplicate", "", form, good + "&client_id=" + s.app.ClientID, 400},
			{"bad escape", "", form, good + "&client_assertion=%zz", 400},
			{"NUL", "", form, good + "&client_assertion=%00", 400},
			{"invalid UTF-8", "", form, good + "&client_assertion=%ff", 400},
			{"ten megabytes", "", form, good + "&foo=" + strings.Repeat("a", 10<<20), 413},
		} {
			r := httptest.NewRequest(http.MethodPost, "https://id.example"+path+tt.query, strings.NewReader(tt.body))
			if tt.contentType != "" {
				r.Header.Set("Content-Type", tt.contentType)
			}
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			requireError(t, w, tt.status, flow.InvalidRequest)
		}
	}
	require.Empty(t, s.store.counted(), "none of it reached the store")

	// The code is good still, whatever else comes with it.
	r := httptest.NewRequest(http.MethodPost, "https://id.example/oauth/token?utm_source=x&%zz;code=%ff",
		strings.NewReader("foo=%zz&state&state=%00&%ff=\xff&code;=&"+good+"&foo&resource=https://id.example&resource=https://id.example/&empty="+strings.Repeat("&a", 10_000)))
	r.Header.Set("Content-Type", form+"; charset=")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
}
