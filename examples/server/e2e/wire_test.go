package e2e

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// An answer is a response of a protocol endpoint or of the API.
type answer struct {
	Status int
	Header http.Header
	Body   string
	JSON   map[string]any // nil if the body is no JSON object
}

// str returns a string member, "" if it is absent.
func (a answer) str(name string) string {
	v, _ := a.JSON[name].(string)
	return v
}

// checkUnavailable says what is wrong with an answer for an outage: it is 503,
// says when to try again, and tells nothing of what is broken.
func (a answer) checkUnavailable() error {
	code, hasCode := a.JSON["error"]
	switch {
	case a.Status != http.StatusServiceUnavailable, a.Header.Get("Retry-After") == "",
		a.JSON != nil && (!hasCode || code != "temporarily_unavailable"),
		internals.MatchString(a.Body):
		return fmt.Errorf("not the answer for an outage: %d, Retry-After %q: %s", a.Status, a.Header.Get("Retry-After"), a.Body)
	}
	return nil
}

// internals is what no answer may tell. Short words count as whole words alone,
// as the random values that a page repeats hold any three letters now and then.
var internals = regexp.MustCompile(`(?i)postgres|\bpgx\b|pgxpool|pgconn|sqlstate|sqlite|127\.0\.0\.1:\d+: |connection|deadline|context`)

// send sends a request without following redirects. An error is a broken
// connection, as when the server is killed.
func send(req *http.Request) (answer, error) { return sendBy(wire, req) }

func sendBy(client *http.Client, req *http.Request) (answer, error) {
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{Status: resp.StatusCode, Header: resp.Header, Body: string(body)}
	if json.Unmarshal(body, &a.JSON) != nil {
		a.JSON = nil
	}
	return a, nil
}

var wire = &http.Client{
	Timeout:       patience,
	Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// request makes a request; change, if not nil, alters it before it is sent.
func (s *server) request(t testing.TB, method, path, body string, change func(*http.Request)) answer {
	t.Helper()
	req, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	if change != nil {
		change(req)
	}
	a, err := send(req)
	require.NoError(t, err)
	return a
}

const formType = "application/x-www-form-urlencoded"

// post posts a form, as a client without authentication in the header does.
func (s *server) post(t testing.TB, path string, fields url.Values) answer {
	t.Helper()
	return s.request(t, http.MethodPost, path, fields.Encode(), func(r *http.Request) {
		r.Header.Set("Content-Type", formType)
	})
}

// formBody is fields as the body of a request.
func formBody(fields url.Values) io.Reader { return strings.NewReader(fields.Encode()) }

// as adds a client's authentication, in the body.
func (a application) as(fields url.Values) url.Values {
	fields.Set("client_id", a.ClientID)
	if !a.public() {
		fields.Set("client_secret", a.ClientSecret)
	}
	return fields
}

// whoami calls the protected API.
func (s *server) whoami(t testing.TB, accessToken string) answer {
	t.Helper()
	return s.request(t, http.MethodGet, "/v2/whoami", "", bearer(accessToken))
}

func bearer(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

// refresh uses a refresh token.
func (s *server) refresh(t testing.TB, app application, refreshToken string) answer {
	t.Helper()
	return s.post(t, "/oauth/token", app.as(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshToken}}))
}

// exchange redeems a code that was asked for with an authorizeURL of app.
func (s *server) exchange(t testing.TB, app application, code, verifier string) answer {
	t.Helper()
	return s.post(t, "/oauth/token", app.as(redemption(app, code, verifier)))
}

func redemption(app application, code, verifier string) url.Values {
	fields := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {app.Callback}}
	if verifier != "" {
		fields.Set("code_verifier", verifier)
	}
	return fields
}

// authorizeURL is where the application sends its users, with PKCE if there is
// a verifier. More parameters come in pairs of name and value; an empty value
// takes a parameter away.
func (s *server) authorizeURL(app application, verifier string, more ...string) string {
	q := url.Values{"response_type": {"code"}, "client_id": {app.ClientID}, "redirect_uri": {app.Callback}}
	if verifier != "" {
		digest := sha256.Sum256([]byte(verifier))
		q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(digest[:]))
		q.Set("code_challenge_method", "S256")
	}
	return s.URL + "/oauth/authorize?" + changed(q, more...).Encode()
}

// changed sets parameters, in pairs of name and value; an empty value takes one
// away.
func changed(params url.Values, pairs ...string) url.Values {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			params.Del(pairs[i])
		} else {
			params.Set(pairs[i], pairs[i+1])
		}
	}
	return params
}

// newVerifier makes a PKCE code verifier (RFC 7636, section 4.1).
func newVerifier() string {
	return rand.Text() + rand.Text()
}

// tokens runs the whole flow for a user and returns the token response.
func (s *server) tokens(t testing.TB, b *browser, app application, account string, more ...string) answer {
	t.Helper()
	verifier := newVerifier()
	callback := b.authorize(s.authorizeURL(app, verifier, more...), account)
	require.NotEmpty(t, callback.Query().Get("code"), "%s", callback)
	a := s.exchange(t, app, callback.Query().Get("code"), verifier)
	require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
	return a
}
