package tokens_test

import (
	"context"
	"errors"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/tokens"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

const issuer = "https://id.example"

// A service is a host with the capability, its clock, its people and its
// events.
type service struct {
	*flow.Provider
	t      *testing.T
	store  *outages
	api    http.Handler // answers "user account token"
	rs     oauthapp.Application
	secret string

	mu     sync.Mutex
	at     time.Time
	events []oauthapp.Event
	may    map[string][]string // by user and account; all where there is no entry
}

// outages is a store that can be down.
type outages struct {
	store.Store
	mu   sync.Mutex
	down bool
}

func (s *outages) set(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func (s *outages) err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return errors.New("the store is down")
	}
	return nil
}

func (s *outages) APIToken(ctx context.Context, id uuid.UUID, now time.Time) (oauthapp.APIToken, error) {
	if err := s.err(); err != nil {
		return oauthapp.APIToken{}, err
	}
	return s.Store.APIToken(ctx, id, now)
}

func (s *outages) CreateAPIToken(ctx context.Context, token oauthapp.APIToken, limit int) error {
	if err := s.err(); err != nil {
		return err
	}
	return s.Store.CreateAPIToken(ctx, token, limit)
}

var people = map[string]*flow.User{
	"ada":  {ID: "1", Name: "Ada", Session: "of ada", Accounts: []flow.Account{{ID: "10", Name: "Ada's"}, {ID: "11", Name: "Shared"}}},
	"cleo": {ID: "3", Name: "Cleo", Session: "of cleo", Accounts: []flow.Account{{ID: "11", Name: "Shared", Role: flow.SeeGrants | flow.NoAuthorize}}},
	"dan":  {ID: "4", Name: "Dan", Session: "of dan", Accounts: []flow.Account{{ID: "11", Name: "Shared"}}},
	"bob":  {ID: "2", Name: "Bob", Session: "of bob", Accounts: []flow.Account{{ID: "20", Name: "Bob's"}, {ID: "11", Name: "Shared", Role: flow.Administrator}}},
}

func newService(t *testing.T, cfg tokens.Config, edit ...func(*flow.Config)) *service {
	s := &service{t: t, at: time.Date(2026, 5, 6, 12, 0, 0, 0, time.UTC), may: map[string][]string{}, store: &outages{Store: memory.New()}}
	config := flow.Config{
		Issuer: issuer, Store: s.store, Now: s.now, Events: s.note,
		CurrentUser: func(r *http.Request) (*flow.User, error) { return people[r.Header.Get("Person")], nil },
		MayAct:      s.mayAct,
		LoginURL:    func(returnTo string) string { return "/login?return_to=" + url.QueryEscape(returnTo) },
		Scopes: []flow.Scope{
			{Name: "read", Description: "Read your data", Default: true}, {Name: "write", Description: "Write your data"},
		},
		Pages: flow.Pages{UserName: func(_ context.Context, user string) (string, error) {
			return map[string]string{"1": "Ada", "2": "Bob"}[user], nil
		}},
		Extensions: []flow.Extension{tokens.New(cfg)},
		Logger:     slog.New(slog.DiscardHandler),
	}
	for _, edit := range edit {
		edit(&config)
	}
	rs, secret, err := must(flow.New(config)).Registry().Register(t.Context(), "owner", oauthapp.Registration{
		Name: "Resource server", HomepageURL: "https://rs.example", CallbackURLs: []string{"https://rs.example/callback"},
	})
	require.NoError(t, err)
	config.ResourceServers = []string{rs.ClientID}
	s.Provider, s.rs, s.secret = must(flow.New(config)), rs, secret.Reveal()
	s.api = s.Require("read")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, _ := flow.AuthorizationFrom(r.Context())
		if a.IsAPIToken() {
			_, _ = w.Write([]byte(a.UserID + "," + a.AccountID + "," + strings.Join(a.Scopes, " ")))
		}
	}))
	return s
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func (s *service) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

func (s *service) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = s.at.Add(d)
}

func (s *service) note(_ context.Context, e oauthapp.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

func (s *service) eventsOf(kind oauthapp.EventType) (found []oauthapp.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if e.Type == kind {
			found = append(found, e)
		}
	}
	return found
}

func (s *service) mayAct(_ context.Context, user, account string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	scopes, set := s.may[user+"/"+account]
	switch {
	case !set:
		return []string{"read", "write"}, nil
	case len(scopes) == 1 && scopes[0] == "outage":
		return nil, errors.New("the directory is down")
	}
	return scopes, nil
}

func (s *service) set(user, account string, scopes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.may[user+"/"+account] = scopes
}

// get and post are requests of a person, "" for nobody.
func (s *service) get(person, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, issuer+path, nil)
	r.Header.Set("Person", person)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func (s *service) post(person, path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, issuer+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", issuer)
	r.Header.Set("Person", person)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// form is that of the page, filled in.
func (s *service) form(person, account string, fields url.Values) url.Values {
	page := s.get(person, "/accounts/"+account+"/api_tokens")
	require.Equal(s.t, http.StatusOK, page.Code, page.Body)
	_, form, _ := strings.Cut(page.Body.String(), `aria-labelledby="new-token"`)
	filled := url.Values{"name": {"CI"}, "scope": {"read", "write"}, "kind": {"user"}, "expires_in": {""}}
	for _, field := range []string{"ticket", "id"} {
		filled.Set(field, regexp.MustCompile(`name="` + field + `" value="([^"]*)"`).FindStringSubmatch(form)[1])
	}
	for name, values := range fields {
		filled[name] = values
	}
	return filled
}

var shown = regexp.MustCompile(`<code id="api-token" class="copy"[^>]*>([^<]*)</code>`)

// make fills in the form and returns the token.
func (s *service) make(person, account string, fields url.Values) string {
	answer := s.post(person, "/accounts/"+account+"/api_tokens", s.form(person, account, fields))
	require.Equal(s.t, http.StatusOK, answer.Code, answer.Body)
	return html.UnescapeString(shown.FindStringSubmatch(answer.Body.String())[1])
}

// call calls the API with a token.
func (s *service) call(token string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, issuer+"/api", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, r)
	return w
}

// revocation returns the form that revokes the first token of a page.
func (s *service) revocation(person, account string) (path string, form url.Values) {
	found := regexp.MustCompile(`action="([^"]*/revoke)"><input type="hidden" name="ticket" value="([^"]*)"`).
		FindStringSubmatch(s.get(person, "/accounts/"+account+"/api_tokens").Body.String())
	require.NotNil(s.t, found)
	return found[1], url.Values{"ticket": {found[2]}}
}
