package flow_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A service is a provider on a memory store whose clock, failures, events and
// logs a test sees and sets. When the test ends, none of the credentials it
// issued may be in its logs and events.
type service struct {
	*flowtest.Provider
	t      testing.TB
	store  *faultyStore
	clock  *clock
	log    *lockedBuffer
	events *eventLog

	app    oauthapp.Application // confidential
	secret string
	public oauthapp.Application

	sessionTTL  time.Duration // how long refreshing can go on
	credentials credential.Format
	issued      []string
}

func newService(t testing.TB, edit ...func(*flow.Config)) *service {
	s := &service{
		t:      t,
		store:  &faultyStore{Store: memory.New(), calls: map[string]int{}, failures: map[string]error{}},
		clock:  &clock{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)},
		log:    &lockedBuffer{},
		events: &eventLog{},

		sessionTTL: 365 * 24 * time.Hour,
	}
	cfg := flow.Config{
		Issuer: "https://id.example",
		Store:  s.store,
		Scopes: []flow.Scope{
			{Name: "read", Description: "Read your data", Default: true},
			{Name: "write", Description: "Change your data"},
		},
		Logger: slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Events: s.events.add,
		Now:    s.clock.Now,
	}
	for _, e := range edit {
		e(&cfg)
	}
	s.Provider = flowtest.New(t, cfg)
	s.credentials = s.Kernel().Credentials
	s.app, s.secret = s.Application, s.ClientSecret
	s.public, _ = s.register(oauthapp.Public)
	s.issued = append(s.issued, s.secret)
	s.store.reset()
	s.events.reset()
	t.Cleanup(s.requireNothingLeaked)
	return s
}

func (s *service) requireNothingLeaked() {
	logged := s.log.String() + fmt.Sprintf("%+v", s.events.all())
	for _, issued := range s.issued {
		if strings.Contains(logged, issued) {
			s.t.Errorf("a credential is in the logs or events")
		}
	}
}

func (s *service) register(typ oauthapp.ClientType) (oauthapp.Application, string) {
	s.t.Helper()
	app, secret, err := s.Registry().Register(context.Background(), "developer", oauthapp.Registration{
		Name:         "Client",
		HomepageURL:  "https://client.example",
		CallbackURLs: []string{"https://client.example/callback"},
		Type:         typ,
	})
	require.NoError(s.t, err)
	if !secret.IsZero() {
		s.issued = append(s.issued, secret.Reveal())
	}
	return app, secret.Reveal()
}

// tokens are what one session has issued.
type tokens struct {
	session               uuid.UUID
	family                credential.Family
	code, access, refresh string
}

// begin has "user-1" authorize an application for "account-1", and returns the
// session and its code, which lives a minute.
func (s *service) begin(app oauthapp.Application, scopes ...string) (uuid.UUID, string) {
	s.t.Helper()
	now := s.clock.Now()
	id := uuid.Must(uuid.NewV7())
	code := s.credentials.NewCode(id)
	_, err := s.store.BeginSession(context.Background(), store.SessionStart{
		GrantID: uuid.Must(uuid.NewV7()),
		Session: store.Session{
			ID: id, ApplicationID: app.ID, UserID: "user-1", AccountID: "account-1", Scopes: scopes,
			CreatedAt: now, ExpiresAt: now.Add(time.Minute),
			Code: store.Code{Digest: code.Digest(), ExpiresAt: now.Add(time.Minute), RedirectURI: app.CallbackURLs[0]},
		},
	})
	require.NoError(s.t, err)
	s.store.reset()
	s.issued = append(s.issued, code.Reveal())
	return id, code.Reveal()
}

// What has the form of a code and an access token, and was never issued: only
// the store can tell.
var (
	unissuedCode = credential.Format{}.NewCode(uuid.Must(uuid.NewV7())).Reveal()
	unissued     = credential.Format{}.NewAccessToken(uuid.Must(uuid.NewV7())).Reveal()
)

// garbage is a token with a character changed, as none was ever issued.
func garbage(token string) string {
	last := token[len(token)-1]
	if last == 'a' {
		return token[:len(token)-1] + "b"
	}
	return token[:len(token)-1] + "a"
}

// grant returns the one grant of user-1.
func (s *service) grant() oauthapp.Grant {
	list, err := s.store.Grants(context.Background(), oauthapp.GrantsOfUser("user-1"), oauthapp.Page{})
	require.NoError(s.t, err)
	require.Len(s.t, list.Items, 1)
	return list.Items[0]
}

// authorize issues the tokens of a new session; the access token lives an hour.
func (s *service) authorize(app oauthapp.Application, scopes ...string) tokens {
	s.t.Helper()
	id, code := s.begin(app, scopes...)
	now := s.clock.Now()
	family := credential.NewFamily()
	access, refresh := s.credentials.NewAccessToken(id), s.credentials.NewRefreshToken(id, family)
	require.NoError(s.t, s.store.RedeemCode(context.Background(), store.Redemption{
		SessionID: id, Code: credential.DigestOf(code), At: now, ExpiresAt: now.Add(s.sessionTTL), Family: family.Digest(),
		Access:  store.AccessToken{Digest: access.Digest(), IssuedAt: now, ExpiresAt: now.Add(time.Hour), Scopes: scopes},
		Refresh: store.RefreshToken{Digest: refresh.Digest(), ExpiresAt: now.Add(30 * 24 * time.Hour)},
	}))
	s.store.reset()
	tok := tokens{id, family, code, access.Reveal(), refresh.Reveal()}
	s.issued = append(s.issued, tok.access, tok.refresh)
	return tok
}

// rotate refreshes the tokens of a session once.
func (s *service) rotate(old tokens, scopes ...string) tokens {
	s.t.Helper()
	now := s.clock.Now()
	access, refresh := s.credentials.NewAccessToken(old.session), s.credentials.NewRefreshToken(old.session, old.family)
	require.NoError(s.t, s.store.RotateRefreshToken(context.Background(), store.Rotation{
		SessionID: old.session, Presented: credential.DigestOf(old.refresh), At: now,
		Access:  store.AccessToken{Digest: access.Digest(), IssuedAt: now, ExpiresAt: now.Add(time.Hour), Scopes: scopes},
		Refresh: store.RefreshToken{Digest: refresh.Digest(), ExpiresAt: now.Add(30 * 24 * time.Hour)},
	}))
	s.store.reset()
	tok := tokens{old.session, old.family, old.code, access.Reveal(), refresh.Reveal()}
	s.issued = append(s.issued, tok.access, tok.refresh)
	return tok
}

// post sends a form to an endpoint; edit may change the request.
func (s *service) post(path string, form url.Values, edit ...func(*http.Request)) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "https://id.example"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, e := range edit {
		e(r)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if path == "/oauth/token" && r.Method == http.MethodPost {
		require.Equal(s.t, "no-cache", w.Header().Get("Pragma")) // whatever the answer
	}
	return w
}

func (s *service) get(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://id.example"+path, nil))
	return w
}

// credentialsOf are the client's credentials in the body.
func credentialsOf(app oauthapp.Application, secret string) url.Values {
	form := url.Values{"client_id": {app.ClientID}}
	if secret != "" {
		form.Set("client_secret", secret)
	}
	return form
}

// with returns a form and one parameter more.
func with(form url.Values, name, value string) url.Values {
	form = copyForm(form)
	form.Set(name, value)
	return form
}

func copyForm(form url.Values) url.Values {
	c := url.Values{}
	for k, v := range form {
		c[k] = slices.Clone(v)
	}
	return c
}

func basic(id, secret string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret)) }
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Add(name, value) }
}

// requireError checks a refusal of a protocol endpoint down to its headers.
func requireError(t *testing.T, w *httptest.ResponseRecorder, status int, code string) {
	t.Helper()
	require.Equal(t, status, w.Code, w.Body.String())
	var body map[string]string
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body), w.Body.String())
	require.Equal(t, code, body["error"])
	require.Regexp(t, `^[\x20\x21\x23-\x5B\x5D-\x7E]+$`, body["error_description"])
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.Equal(t, status == http.StatusUnauthorized, w.Header().Get("WWW-Authenticate") != "")
	require.Equal(t, status == http.StatusServiceUnavailable, w.Header().Get("Retry-After") != "")
}

func requireOutage(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	requireError(t, w, http.StatusServiceUnavailable, flow.TemporarilyUnavailable)
	require.NotContains(t, w.Body.String(), errBroken.Error())
}

// errBroken is the failure of a store that a test breaks.
var errBroken = errors.New("dial tcp 10.1.2.3:5432: connection refused")

// A faultyStore is a store whose methods a test counts and makes fail.
type faultyStore struct {
	store.Store
	mu       sync.Mutex
	calls    map[string]int
	failures map[string]error
}

func (s *faultyStore) call(method string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[method]++
	return s.failures[method]
}

// fail makes methods fail until reset.
func (s *faultyStore) fail(err error, methods ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, method := range methods {
		s.failures[method] = err
	}
}

// reset forgets calls and failures.
func (s *faultyStore) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.calls)
	clear(s.failures)
}

// counted returns how often each method was called since reset.
func (s *faultyStore) counted() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := map[string]int{}
	for method, n := range s.calls {
		calls[method] = n
	}
	return calls
}

func (s *faultyStore) Client(ctx context.Context, clientID string, session uuid.UUID, now time.Time) (store.Client, error) {
	if err := s.call("Client"); err != nil {
		return store.Client{}, err
	}
	return s.Store.Client(ctx, clientID, session, now)
}

func (s *faultyStore) Session(ctx context.Context, id uuid.UUID) (store.Session, error) {
	if err := s.call("Session"); err != nil {
		return store.Session{}, err
	}
	return s.Store.Session(ctx, id)
}

func (s *faultyStore) EndSession(ctx context.Context, id uuid.UUID) error {
	if err := s.call("EndSession"); err != nil {
		return err
	}
	return s.Store.EndSession(ctx, id)
}

func (s *faultyStore) Touch(ctx context.Context, u store.Use) error {
	if err := s.call("Touch"); err != nil {
		return err
	}
	return s.Store.Touch(ctx, u)
}

// A clock stands still until a test moves it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

type eventLog struct {
	mu     sync.Mutex
	events []oauthapp.Event
	ever   []oauthapp.Event
}

func (l *eventLog) add(_ context.Context, e oauthapp.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events, l.ever = append(l.events, e), append(l.ever, e)
}

func (l *eventLog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = nil
}

// take returns the events since the last take or reset.
func (l *eventLog) take() []oauthapp.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	events := l.events
	l.events = nil
	return events
}

func (l *eventLog) all() []oauthapp.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.ever)
}
