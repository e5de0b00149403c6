package device_test

import (
	"context"
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/device"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

const issuer = "https://id.example/tenant"

var key = []byte(strings.Repeat("k", 32))

// A service is a host with the capability, its store, and the clock and the
// events of its provider.
type service struct {
	*flow.Provider
	t       *testing.T
	store   store.Store
	app     oauthapp.Application // confidential
	public  oauthapp.Application
	secret  string
	clock   *clock
	events  *events
	network string // that requests come from
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

type events struct {
	mu  sync.Mutex
	all []oauthapp.Event
}

func (e *events) add(_ context.Context, event oauthapp.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, event)
}

func (e *events) of(kind oauthapp.EventType) []oauthapp.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	var found []oauthapp.Event
	for _, event := range e.all {
		if event.Type == kind {
			found = append(found, event)
		}
	}
	return found
}

var people = map[string]*flow.User{
	"ada": {ID: "1", Name: "Ada", Session: "of ada", Accounts: []flow.Account{{ID: "10", Name: "Ada"}, {ID: "11", Name: "Shared"}}},
	"bob": {ID: "2", Name: "Bob", Session: "of bob", Accounts: []flow.Account{{ID: "20", Name: "Bob"}}},
	"eve": {ID: "3", Name: "Eve", Session: "of eve"},
}

// node returns another provider on a store, as after a restart.
func node(t *testing.T, backend store.Store, c *clock, e *events, cfg device.Config, edit ...func(*flow.Config)) *flow.Provider {
	config := flow.Config{
		Issuer: issuer, Store: backend, Keys: [][]byte{key}, Now: c.now, Events: e.add,
		CurrentUser: func(r *http.Request) (*flow.User, error) { return people[r.Header.Get("Person")], nil },
		LoginURL:    func(returnTo string) string { return "/login?return_to=" + url.QueryEscape(returnTo) },
		Scopes: []flow.Scope{
			{Name: "read", Description: "Read your data", Default: true}, {Name: "write", Description: "Write your data"}, {Name: "admin", Description: "Administer"},
		},
		Extensions: []flow.Extension{device.New(cfg)},
	}
	for _, e := range edit {
		e(&config)
	}
	p, err := flow.New(config)
	require.NoError(t, err)
	return p
}

func newService(t *testing.T, backend store.Store, cfg device.Config, edit ...func(*flow.Config)) *service {
	s := &service{
		t: t, store: backend, clock: &clock{at: time.Date(2026, 5, 6, 12, 0, 0, 0, time.UTC)}, events: &events{}, network: "192.0.2.1",
	}
	s.Provider = node(t, backend, s.clock, s.events, cfg, edit...)
	registration := oauthapp.Registration{Name: "Television", HomepageURL: "https://tv.example", CallbackURLs: []string{"https://tv.example/callback"}}
	app, secret, err := s.Registry().Register(t.Context(), "owner", registration)
	require.NoError(t, err)
	registration.Name, registration.Type, registration.Scopes = "Command line", oauthapp.Public, []string{"read", "write"}
	s.public, _, err = s.Registry().Register(t.Context(), "owner", registration)
	require.NoError(t, err)
	s.app, s.secret = app, secret.Reveal()
	return s
}

func begin(t *testing.T) *service { return newService(t, memory.New(), device.Config{}) }

// other returns the service on another node.
func (s *service) other() *service {
	o := *s
	o.Provider = node(s.t, s.store, s.clock, s.events, device.Config{})
	return &o
}

func (s *service) do(r *http.Request) *httptest.ResponseRecorder {
	r.RemoteAddr = s.network + ":1234"
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// post sends a form with names and values in turn, and returns the answer.
func (s *service) post(path string, pairs ...string) (int, map[string]any) {
	w := s.postForm(path, "", pairs...)
	var answer map[string]any
	require.NoError(s.t, json.Unmarshal(w.Body.Bytes(), &answer), w.Body.String())
	require.Equal(s.t, "no-store", w.Header().Get("Cache-Control"))
	return w.Code, answer
}

func (s *service) postForm(path, person string, pairs ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, issuer+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Person", person)
	return s.do(r)
}

func (s *service) get(path, person string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, issuer+path, nil)
	r.Header.Set("Person", person)
	return s.do(r)
}

// Codes are what a device gets.
type codes struct{ device, user string }

// ask has a device of the public application ask for authorization.
func (s *service) ask(pairs ...string) codes {
	s.t.Helper()
	status, answer := s.post(device.AuthorizationPath, append([]string{"client_id", s.public.ClientID}, pairs...)...)
	require.Equal(s.t, http.StatusOK, status, answer)
	return codes{answer["device_code"].(string), answer["user_code"].(string)}
}

// poll has the device poll. The status is that of the answer, and the error "".
func (s *service) poll(c codes) (status int, code string, answer map[string]any) {
	s.t.Helper()
	status, answer = s.post("/oauth/token", "grant_type", device.GrantType, "device_code", c.device, "client_id", s.public.ClientID)
	code, _ = answer["error"].(string)
	return status, code, answer
}

// requirePoll has the device poll and compares the error, "" for none.
func (s *service) requirePoll(c codes, want string) map[string]any {
	s.t.Helper()
	status, got, answer := s.poll(c)
	require.Equal(s.t, want, got, answer)
	if want != "" {
		require.Equal(s.t, http.StatusBadRequest, status)
	}
	return answer
}

// enter has a person enter a user code.
func (s *service) enter(person, code string) *httptest.ResponseRecorder {
	return s.postForm(device.Path, person, "user_code", code)
}

var (
	hidden = regexp.MustCompile(`<input type="hidden" name="(request|ticket)" value="([^"]*)">`)
	action = regexp.MustCompile(`<form method="post" action="([^"]*)">`)
)

// consentForm takes the form off a consent page, as names and values in turn.
func consentForm(t *testing.T, w *httptest.ResponseRecorder) []string {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	require.Equal(t, "/tenant"+device.Path, action.FindStringSubmatch(w.Body.String())[1])
	var form []string
	for _, field := range hidden.FindAllStringSubmatch(w.Body.String(), -1) {
		form = append(form, field[1], html.UnescapeString(field[2]))
	}
	require.Len(t, form, 4)
	return form
}

// answer has a person enter a code and answer the consent page.
func (s *service) answer(person, code, decision, account string) *httptest.ResponseRecorder {
	s.t.Helper()
	form := consentForm(s.t, s.enter(person, code))
	return s.postForm(device.Path, person, append(form, "decision", decision, "account_id", account)...)
}

// authorize has Ada say yes.
func (s *service) authorize(c codes) {
	s.t.Helper()
	w := s.answer("ada", c.user, "authorize", "11")
	require.Equal(s.t, http.StatusOK, w.Code, w.Body.String())
	require.Contains(s.t, w.Body.String(), "Your device is connected")
}

// call uses an access token, and returns the status.
func (s *service) call(answer map[string]any) int {
	r := httptest.NewRequest(http.MethodGet, issuer+"/api", nil)
	r.Header.Set("Authorization", "Bearer "+answer["access_token"].(string))
	w := httptest.NewRecorder()
	s.Require("read")(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })).ServeHTTP(w, r)
	return w.Code
}

// named is one of many people.
func named(i int) *flow.User {
	id := "n" + strconv.Itoa(i)
	return &flow.User{ID: id, Name: id, Session: id, Accounts: []flow.Account{{ID: id, Name: id}}}
}
