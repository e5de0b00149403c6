package leaks_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/leaks"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A service is a host with the capability.
type service struct {
	*flowtest.Provider
	t *testing.T

	mu     sync.Mutex
	events []oauthapp.Event
	down   bool
}

// outages is a store that ends no session while the service is down.
type outages struct {
	store.Store
	s *service
}

func (o outages) EndSession(ctx context.Context, id uuid.UUID) error {
	o.s.mu.Lock()
	defer o.s.mu.Unlock()
	if o.s.down {
		return errors.New("the store is down")
	}
	return o.Store.EndSession(ctx, id)
}

func (s *service) set(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func newService(t *testing.T) *service {
	s := &service{t: t}
	s.Provider = flowtest.New(t, flow.Config{
		Store:  outages{memory.New(), s},
		Logger: slog.New(slog.DiscardHandler),
		Events: func(_ context.Context, e oauthapp.Event) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.events = append(s.events, e)
		},
		Extensions: []flow.Extension{leaks.New(leaks.Config{Reporter: func(_ context.Context, token string) (string, error) {
			switch token {
			case "scanner-token":
				return "scanner", nil
			case "outage":
				return "", errors.New("the directory is down")
			}
			return "", nil
		}})},
	})
	return s
}

func (s *service) leaked() (found []oauthapp.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if e.Type == oauthapp.CredentialLeaked {
			found = append(found, e)
		}
	}
	return found
}

func (s *service) post(authorization, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, flowtest.Issuer+leaks.Path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// report reports strings, and returns the labels.
func (s *service) report(found ...string) (labels []string) {
	var reports []map[string]string
	for i, text := range found {
		reports = append(reports, map[string]string{"token": text, "type": fmt.Sprint("type_", i), "url": "https://code.example/file", "source": "content"})
	}
	body, err := json.Marshal(reports)
	require.NoError(s.t, err)
	answer := s.post("Bearer scanner-token", string(body))
	require.Equal(s.t, http.StatusOK, answer.Code, answer.Body)
	var verdicts []map[string]string
	require.NoError(s.t, json.Unmarshal(answer.Body.Bytes(), &verdicts))
	require.Len(s.t, verdicts, len(found))
	for i, v := range verdicts {
		hash := sha256.Sum256([]byte(found[i]))
		require.Equal(s.t, map[string]string{
			"token_hash": base64.StdEncoding.EncodeToString(hash[:]), "token_type": fmt.Sprint("type_", i), "label": v["label"],
		}, v, "the answer tells nothing else")
		labels = append(labels, v["label"])
	}
	return labels
}

func (s *service) accepts(token string) bool {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	_, err := s.Authenticate(r, flow.Guard{})
	return err == nil
}

const ours, notOurs = "true_positive", "false_positive"

func TestReport(t *testing.T) {
	s := newService(t)
	leaked, kept := s.AccessToken("user", "account", "read"), s.AccessToken("user", "account", "read")
	var format credential.Format
	made := format.NewAccessToken(uuid.Must(uuid.NewV7())).Reveal() // well-formed, but nobody's
	labels := s.report("hunter2", leaked, s.ClientSecret, made, leaked, format.NewClientSecret().Reveal(), "<script>")
	require.Equal(t, []string{notOurs, ours, ours, notOurs, ours, notOurs, notOurs}, labels)
	require.False(t, s.accepts(leaked))
	require.True(t, s.accepts(kept), "another session of the same user goes on")
	secrets, err := s.Registry().Secrets(t.Context(), oauthapp.AnyOwner, s.Application.ID)
	require.NoError(t, err)
	require.Empty(t, secrets)
	require.Equal(t, []string{notOurs, notOurs}, s.report(leaked, s.ClientSecret), "they are no live ones any more")

	events := s.leaked()
	require.Len(t, events, 2, "one for each credential")
	for _, e := range events {
		require.Equal(t, "scanner", e.Reporter)
		require.Equal(t, "https://code.example/file", e.FoundAt)
		require.Equal(t, s.Application.ClientID, e.ClientID)
		require.Equal(t, "developer", e.Owner)
		require.NotContains(t, fmt.Sprintf("%+v", e), leaked)
	}
	require.Equal(t, "at", events[0].Credential)
	require.Equal(t, "user", events[0].UserID)
	require.NotZero(t, events[0].SessionID)
	require.Equal(t, "cs", events[1].Credential)
	require.NotZero(t, events[1].SecretID)
}

// A leaked refresh token ends its session, also one that was rotated: it shows
// that the client leaks them.
func TestRefreshTokens(t *testing.T) {
	s := newService(t)
	issue := func() kernel.Tokens {
		request := &kernel.TokenRequest{HTTP: httptest.NewRequest(http.MethodPost, "/", nil), Now: s.Kernel().Now(), Client: store.Client{Application: s.Application}}
		tokens, refusal := s.Kernel().Issue.Tokens(request, kernel.Consent{UserID: "user", AccountID: "account", Scopes: []string{"read"}}, true)
		require.Nil(t, refusal)
		return tokens
	}
	first := issue()
	require.Equal(t, []string{ours}, s.report(first.Refresh))
	require.False(t, s.accepts(first.Access), "the session has ended")
	require.Equal(t, []string{notOurs}, s.report(first.Access))
	require.Equal(t, "rt", s.leaked()[0].Credential)

	old := issue()
	r := httptest.NewRequest(http.MethodPost, flowtest.Issuer+"/oauth/token", strings.NewReader(url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {old.Refresh},
	}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(s.Application.ClientID, s.ClientSecret)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var next struct {
		Access string `json:"access_token"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &next))
	require.True(t, s.accepts(next.Access))
	require.Equal(t, []string{ours}, s.report(old.Refresh))
	require.False(t, s.accepts(next.Access))
}

func TestWhoMayReport(t *testing.T) {
	s := newService(t)
	token := s.AccessToken("user", "account", "read")
	body := `[{"token":"` + token + `","type":"t","url":""}]`
	for _, authorization := range []string{"", "Bearer", "Bearer ", "Basic scanner-token", "Bearer another", "Bearer " + token} {
		answer := s.post(authorization, body)
		require.Equal(t, http.StatusUnauthorized, answer.Code, "%q", authorization)
		require.Equal(t, `Bearer error="invalid_token"`, answer.Header().Get("WWW-Authenticate"))
	}
	require.Equal(t, http.StatusServiceUnavailable, s.post("Bearer outage", body).Code)
	require.True(t, s.accepts(token))
	require.Empty(t, s.leaked())
}

func TestMalformedReports(t *testing.T) {
	s := newService(t)
	token := s.AccessToken("user", "account", "read")
	one := `{"token":"` + token + `"}`
	for name, tt := range map[string]struct {
		body string
		code int
	}{
		"empty":        {``, http.StatusBadRequest},
		"null":         {`null`, http.StatusBadRequest},
		"object":       {one, http.StatusBadRequest},
		"strings":      {`["` + token + `"]`, http.StatusBadRequest},
		"no token":     {`[` + one + `,{"type":"t"}]`, http.StatusBadRequest},
		"number":       {`[{"token":1}]`, http.StatusBadRequest},
		"something on": {`[` + one + `]x`, http.StatusBadRequest},
		"cut off":      {`[` + one, http.StatusBadRequest},
		"too many":     {`[` + strings.Repeat(one+",", 500) + one + `]`, http.StatusRequestEntityTooLarge},
		"too long":     {`[{"token":"` + strings.Repeat("x", 1<<20) + `"}]`, http.StatusRequestEntityTooLarge},
	} {
		require.Equal(t, tt.code, s.post("Bearer scanner-token", tt.body).Code, name)
	}
	require.True(t, s.accepts(token), "a report that is refused revokes nothing")
	require.Equal(t, "[]\n", strings.TrimRight(s.post("Bearer scanner-token", `[]`).Body.String(), "\n")+"\n")
	require.Len(t, s.report(append(make([]string, 0, 500), strings.Split(strings.Repeat("x,", 499)+"x", ",")...)...), 500)
}

// An outage is no answer, and the report can be sent again.
func TestOutage(t *testing.T) {
	s := newService(t)
	token := s.AccessToken("user", "account", "read")
	body := `[{"token":"` + s.ClientSecret + `"},{"token":"` + token + `"}]`
	s.set(true)
	require.Equal(t, http.StatusServiceUnavailable, s.post("Bearer scanner-token", body).Code)
	require.Len(t, s.leaked(), 1, "what was revoked is told")
	s.set(false)
	require.Equal(t, []string{notOurs, ours}, s.report(s.ClientSecret, token))
	require.Len(t, s.leaked(), 2)
}

// Many reports of one credential at once end it once.
func TestReportsAtOnce(t *testing.T) {
	s := newService(t)
	labels := make([]string, 16)
	var wg sync.WaitGroup
	for i := range labels {
		wg.Go(func() { labels[i] = s.report(s.ClientSecret)[0] })
	}
	wg.Wait()
	require.Len(t, s.leaked(), 1)
	won := 0
	for _, label := range labels {
		if label == ours {
			won++
		}
	}
	require.Equal(t, 1, won)
}

// Where a string was found is shown only where that is an address without a
// credential in it.
func TestPlaces(t *testing.T) {
	s := newService(t)
	another := s.AccessToken("user", "account", "read")
	for url, want := range map[string]string{
		"https://code.example/a?b=c#L7": "https://code.example/a?b=c#L7", "javascript:alert(1)": "", "": "", "::": "",
		"https://code.example/" + strings.Repeat("x", 2000): "", "https://code.example/TOKEN": "",
		"https://code.example/_TOKEN_x": "", "https://code.example/?token=" + another: "",
		"https://someone:password@code.example/a": "https://someone:xxxxx@code.example/a",
	} {
		token := s.AccessToken("user", "account", "read")
		before := len(s.leaked())
		url := strings.ReplaceAll(url, "TOKEN", token)
		require.Equal(t, http.StatusOK, s.post("Bearer scanner-token", `[{"token":"`+token+`","url":"`+url+`"}]`).Code)
		require.Equal(t, want, s.leaked()[before].FoundAt, url)
	}
}

func TestExpiredIsNotLive(t *testing.T) {
	s := &service{t: t}
	var mu sync.Mutex
	now := time.Now()
	s.Provider = flowtest.New(t, flow.Config{
		Now:        func() time.Time { mu.Lock(); defer mu.Unlock(); return now },
		Extensions: []flow.Extension{leaks.New(leaks.Config{Reporter: func(context.Context, string) (string, error) { return "scanner", nil }})},
	})
	token := s.AccessToken("user", "account", "read")
	mu.Lock()
	now = now.Add(1000 * 24 * time.Hour)
	mu.Unlock()
	require.Equal(t, []string{notOurs}, s.report(token))
}

func TestConfig(t *testing.T) {
	_, err := flow.New(flow.Config{
		Issuer: flowtest.Issuer, Store: memory.New(), CurrentUser: func(*http.Request) (*flow.User, error) { return nil, nil },
		LoginURL: func(string) string { return "/login" }, Scopes: []flow.Scope{{Name: "read", Description: "Read", Default: true}},
		Extensions: []flow.Extension{leaks.New(leaks.Config{})},
	})
	require.ErrorContains(t, err, "leaks: Config.Reporter is required")
	off := flowtest.New(t, flow.Config{})
	w := httptest.NewRecorder()
	off.ServeHTTP(w, httptest.NewRequest(http.MethodPost, flowtest.Issuer+leaks.Path, strings.NewReader("[]")))
	require.Equal(t, http.StatusNotFound, w.Code, "off unless asked for")
}
