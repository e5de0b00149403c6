package flow_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// registeredErrors are the values of "error" that the standards know, by the
// last part of an endpoint's path, and "" for an API.
var registeredErrors = map[string][]string{
	// RFC 6749, section 4.1.2.1, RFC 8707, section 2, RFC 9101, section 9.2,
	// and OpenID Connect Core 1.0, section 3.1.2.6.
	"authorize": {
		"login_required", "consent_required", "account_selection_required", "interaction_required",
		"invalid_request", "unauthorized_client", "access_denied", "unsupported_response_type", "invalid_scope",
		"server_error", "temporarily_unavailable", "invalid_target", "request_not_supported", "request_uri_not_supported",
	},
	"token":        tokenErrors,
	"access_token": tokenErrors,
	"revoke":       append(tokenErrors, "unsupported_token_type"), // RFC 7009, section 2.2.1
	"introspect":   tokenErrors,                                   // RFC 7662, section 2.3
	"":             {"invalid_request", "invalid_token", "insufficient_scope"},
}

// tokenErrors are those of RFC 6749, section 5.2, and RFC 8707, section 2.
var tokenErrors = []string{"invalid_target", "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}

// ServeHTTP has the provider answer, and fails the test if the answer has an
// error that is not registered for the endpoint.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.Provider.ServeHTTP(w, r)
	if answer, ok := w.(*httptest.ResponseRecorder); ok {
		s.requireRegisteredErrors(path.Base(r.URL.Path), answer)
	}
}

// Require is the provider's, with the same check as ServeHTTP.
func (s *service) Require(scopes ...string) func(http.Handler) http.Handler {
	guard := s.Provider.Require(scopes...)
	return func(next http.Handler) http.Handler {
		guarded := guard(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			guarded.ServeHTTP(w, r)
			if answer, ok := w.(*httptest.ResponseRecorder); ok {
				s.requireRegisteredErrors("", answer)
			}
		})
	}
}

func (s *service) requireRegisteredErrors(endpoint string, w *httptest.ResponseRecorder) {
	for _, code := range errorsOf(w) {
		if !isRegistered(endpoint, w.Code, code) {
			s.t.Errorf("%q answers %d %q, which is not registered for it", endpoint, w.Code, code)
		}
	}
}

// isRegistered reports whether an endpoint may answer with a status and an
// error. For outages and limits the standards have codes at the authorization
// endpoint alone; the others borrow these, with the status that tells what they
// mean. For a wrong method or path they have none, and invalid_request says it
// of every malformed request.
func isRegistered(endpoint string, status int, code string) bool {
	switch {
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed: // of whatever path
		return code == "invalid_request"
	case endpoint == "authorize":
	case status == http.StatusInternalServerError:
		return code == "server_error"
	case status == http.StatusServiceUnavailable, status == http.StatusTooManyRequests:
		return code == "temporarily_unavailable"
	}
	return slices.Contains(registeredErrors[endpoint], code)
}

var challengedError = regexp.MustCompile(`\berror="([^"]*)"`)

// errorsOf are the errors of an answer: in the body, in a challenge, and on the
// way back to a client.
func errorsOf(w *httptest.ResponseRecorder) []string {
	var codes []string
	var body map[string]json.RawMessage
	if json.Unmarshal(w.Body.Bytes(), &body) == nil && body["error"] != nil {
		var code string
		_ = json.Unmarshal(body["error"], &code) // what is no string is no registered code
		codes = append(codes, code)
	}
	for _, challenge := range w.Header()["Www-Authenticate"] {
		for _, match := range challengedError.FindAllStringSubmatch(challenge, -1) {
			codes = append(codes, match[1])
		}
	}
	if location, err := url.Parse(w.Header().Get("Location")); err == nil {
		codes = append(codes, location.Query()["error"]...)
	}
	return codes
}

// RFC 6749, section 11.4: errors are registered. Every answer that a service of
// these tests records is checked for that; this one has each endpoint send
// those that a client brings about.
func TestErrorsAreRegistered(t *testing.T) {
	h := newHost(t)
	sent := map[string][]string{}
	note := func(endpoint string, answers ...*httptest.ResponseRecorder) {
		t.Helper()
		for _, w := range answers {
			codes := errorsOf(w)
			require.NotEmpty(t, codes, "%d %s", w.Code, w.Body)
			h.requireRegisteredErrors(endpoint, w)
			for _, code := range codes {
				if !slices.Contains(sent[endpoint], code) {
					sent[endpoint] = append(sent[endpoint], code)
				}
			}
		}
	}
	access := h.authorize(h.app, "read").access
	right := credentialsOf(h.app, h.secret)

	note("authorize",
		h.open(request(h.app, "code_challenge_method", "plain")),
		h.open(request(h.app, "response_type", "token")),
		h.open(request(h.app, "scope", "zzz")),
		h.open(request(h.app, "request", "x.y.z")),
		h.open(request(h.app, "request_uri", "https://client.example/request")),
		h.decide(h.open(request(h.app)), "deny", "1"),
	)
	for endpoint, path := range map[string]string{"token": "/oauth/token"} {
		note(endpoint,
			h.post(path, with(right, "grant_type", "password")),
			h.post(path, right),
			h.post(path, with(change(right, "grant_type", "authorization_code", "code", "x"), "client_secret", "wrong")),
			h.post(path, change(right, "grant_type", "authorization_code", "code", "x", "redirect_uri", callback)),
		)
	}
	refresh := h.login(h.app).RefreshToken
	note("token", h.post("/oauth/token", h.refreshing(h.app, refresh, "scope", "read write")))
	for endpoint, path := range map[string]string{"revoke": "/oauth/revoke", "introspect": "/oauth/introspect"} {
		note(endpoint, h.post(path, right), h.post(path, credentialsOf(h.app, "wrong")))
	}
	other, _ := h.register(oauthapp.Public)
	note("revoke", h.post("/oauth/revoke", with(credentialsOf(other, ""), "token", access)))
	note("", h.guarded("Bearer x"), h.guarded("Bearer "+access, "write"), h.guarded("Bearer "))

	h.store.fail(errBroken, "Client", "Session")
	for endpoint, path := range map[string]string{"token": "/oauth/token", "revoke": "/oauth/revoke", "introspect": "/oauth/introspect"} {
		note(endpoint, h.post(path, change(right, "grant_type", "authorization_code", "code", unissuedCode, "token", unissued)))
	}
	note("", h.guarded("Bearer "+access))

	for endpoint, want := range map[string][]string{
		"authorize":  {"invalid_request", "unsupported_response_type", "invalid_scope", "request_not_supported", "request_uri_not_supported", "access_denied"},
		"token":      {"invalid_request", "invalid_client", "invalid_grant", "unsupported_grant_type", "invalid_scope", "temporarily_unavailable"},
		"revoke":     {"invalid_request", "invalid_client", "invalid_grant", "temporarily_unavailable"},
		"introspect": {"invalid_request", "invalid_client", "temporarily_unavailable"},
		"":           {"invalid_request", "invalid_token", "insufficient_scope", "temporarily_unavailable"},
	} {
		require.ElementsMatch(t, want, sent[endpoint], endpoint)
	}
}

// What is not registered, or not there, is found.
func TestIsRegistered(t *testing.T) {
	for _, code := range []string{"request_unauthorized", "invalid_state", "Invalid_Grant", "", flow.InvalidToken} {
		require.False(t, isRegistered("token", http.StatusBadRequest, code), code)
	}
	require.False(t, isRegistered("token", http.StatusBadRequest, flow.TemporarilyUnavailable))
	require.False(t, isRegistered("", http.StatusUnauthorized, flow.InvalidGrant))
	require.False(t, isRegistered("elsewhere", http.StatusBadRequest, flow.InvalidRequest))

	w := httptest.NewRecorder()
	w.Header().Set("WWW-Authenticate", `Bearer realm="api", error="one", error_description="x"`)
	w.Header().Set("Location", "https://client.example/callback?error=two")
	_, _ = w.WriteString(`{"error":3}`)
	require.Equal(t, []string{"", "one", "two"}, errorsOf(w))
}
