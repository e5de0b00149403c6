package dashboard_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
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
	"golang.org/x/net/html"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/dashboard"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/memory"
)

// A site is a host with the pages, over the store in memory.
type site struct {
	t        testing.TB
	store    *faultyStore
	provider *flow.Provider
	pages    *dashboard.Dashboard
	user     *flow.User // who is signed in; nil for nobody
	userErr  error
	log      bytes.Buffer

	mu     sync.Mutex
	now    time.Time
	events []oauthapp.Event
}

// administered are accounts, an ID and a name each, with all rights.
func administered(idsAndNames ...string) []flow.Account {
	var accounts []flow.Account
	for i := 0; i < len(idsAndNames); i += 2 {
		accounts = append(accounts, flow.Account{ID: idsAndNames[i], Name: idsAndNames[i+1], Role: flow.Administrator})
	}
	return accounts
}

func alice() *flow.User {
	return &flow.User{ID: "1", Name: "alice@example.com", Session: "alice-1", Accounts: administered("1", "Alice", "2", "Acme Inc")}
}

func bob() *flow.User {
	return &flow.User{ID: "2", Name: "bob@example.com", Session: "bob-1", Accounts: administered("3", "Bob", "2", "Acme Inc")}
}

// newSite returns a site at which Alice is signed in.
func newSite(t testing.TB, edit ...func(*flow.Config, *dashboard.Config)) *site {
	t.Helper()
	s := &site{
		t: t, store: &faultyStore{Store: memory.New()}, user: alice(),
		now: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC),
	}
	cfg := flow.Config{
		Issuer:      "https://service.example",
		Store:       s.store,
		CurrentUser: func(*http.Request) (*flow.User, error) { return s.user, s.userErr },
		LoginURL:    func(returnTo string) string { return "/login?return_to=" + url.QueryEscape(returnTo) },
		Scopes: []flow.Scope{
			{Name: "read", Description: "Read your domains", Default: true},
			{Name: "write", Description: "Change your domains"},
		},
		Logger: slog.New(slog.NewTextHandler(&s.log, nil)),
		Now: func() time.Time {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.now
		},
		Events: func(_ context.Context, e oauthapp.Event) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.events = append(s.events, e)
		},
	}
	var pages dashboard.Config
	for _, e := range edit {
		e(&cfg, &pages)
	}
	var err error
	s.provider, err = flow.New(cfg)
	require.NoError(t, err)
	pages.Provider = s.provider
	s.pages, err = dashboard.New(pages)
	require.NoError(t, err)
	return s
}

// pass lets time pass.
func (s *site) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// An answer is a page that was sent.
type answer struct {
	t      testing.TB
	Status int
	Header http.Header
	Body   string
	root   *html.Node
}

// do sends a request as a browser does that shows a page of the site.
func (s *site) do(method, target string, form url.Values, edit ...func(*http.Request)) *answer {
	s.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, "https://service.example"+target, body)
	r.RemoteAddr = "192.0.2.7:4711"
	r.Header.Set("User-Agent", "Browser/1.0")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, e := range edit {
		e(r)
	}
	w := httptest.NewRecorder()
	s.pages.ServeHTTP(w, r)
	a := &answer{t: s.t, Status: w.Code, Header: w.Header(), Body: w.Body.String()}
	var err error
	a.root, err = html.Parse(strings.NewReader(a.Body))
	require.NoError(s.t, err)
	return a
}

func (s *site) get(target string) *answer {
	s.t.Helper()
	return s.do(http.MethodGet, target, nil)
}

// open gets a page that must be there.
func (s *site) open(target string) *answer {
	s.t.Helper()
	a := s.get(target)
	require.Equal(s.t, http.StatusOK, a.Status, a.text())
	return a
}

// submit opens a page, fills in the form that posts to action and sends it.
func (s *site) submit(target, action string, pairs ...string) *answer {
	s.t.Helper()
	return s.do(http.MethodPost, action, fill(s.open(target).form(action), pairs...))
}

func fill(form url.Values, pairs ...string) url.Values {
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

// follow goes where a form was redirected to.
func (s *site) follow(a *answer) *answer {
	s.t.Helper()
	require.Equal(s.t, http.StatusSeeOther, a.Status, a.text())
	return s.open(a.Header.Get("Location"))
}

// register registers an application through the pages.
func (s *site) register(account string, pairs ...string) (app oauthapp.Application, secret string) {
	s.t.Helper()
	a := s.submit(list(account)+"/new", list(account), append(registration(), pairs...)...)
	require.Equal(s.t, http.StatusOK, a.Status, a.text())
	apps, err := s.provider.Registry().Applications(s.t.Context(), oauthapp.OwnedBy(account), oauthapp.Page{Limit: 1})
	require.NoError(s.t, err)
	require.Equal(s.t, a.byID("client-id"), apps.Items[0].ClientID)
	return apps.Items[0], a.byID("client-secret")
}

func registration() []string {
	return []string{"name", "Weather Station", "homepage_url", "https://weather.example", "callback_url", "https://weather.example/callback"}
}

// authorize gives an application access to an account, as the flow does.
func (s *site) authorize(app oauthapp.Application, user, account string, scopes ...string) oauthapp.Grant {
	s.t.Helper()
	now := s.provider.Kernel().Now()
	grant, err := s.store.BeginSession(s.t.Context(), store.SessionStart{
		GrantID: uuid.Must(uuid.NewV7()),
		Session: store.Session{
			ID: uuid.Must(uuid.NewV7()), ApplicationID: app.ID, UserID: user, AccountID: account, Scopes: scopes,
			CreatedAt: now, ExpiresAt: now.Add(time.Hour),
			Code: store.Code{Digest: credential.DigestOf(app.Name), ExpiresAt: now.Add(time.Minute)},
		},
	})
	require.NoError(s.t, err)
	return grant
}

// ticketFor returns a form with no more than what lets it through to an action.
func (s *site) ticketFor(action string) url.Values {
	s.t.Helper()
	path, _, _ := strings.Cut(action, "?")
	keys := s.provider.Kernel().Tickets
	expires := s.provider.Kernel().Now().Add(time.Hour)
	return url.Values{"ticket": {keys.Sign(expires, "dashboard session", s.user.ID, s.user.Session, "") + "." +
		keys.Sign(expires, "dashboard action", s.user.ID, path)}}
}

func (s *site) eventTypes() []oauthapp.EventType {
	var types []oauthapp.EventType
	for _, e := range s.events {
		types = append(types, e.Type)
	}
	return types
}

func list(account string) string { return "/accounts/" + account + "/oauth_applications" }

func pathOf(app oauthapp.Application, below ...string) string {
	return strings.Join(append([]string{list(app.Owner), app.ID.String()}, below...), "/")
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// byID returns the text of an element, "" if there is none.
func (a *answer) byID(id string) string {
	for n := range a.root.Descendants() {
		if n.Type == html.ElementNode && attr(n, "id") == id {
			return textOf(n)
		}
	}
	return ""
}

// text is the page as it reads.
func (a *answer) text() string { return textOf(a.root) }

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// form returns what a browser would send with the form that posts to action, as
// it is.
func (a *answer) form(action string) url.Values {
	a.t.Helper()
	for n := range a.root.Descendants() {
		if n.Data == "form" && attr(n, "action") == action {
			return fields(n)
		}
	}
	require.Fail(a.t, "no form", "%s: %s", action, a.text())
	return nil
}

func fields(form *html.Node) url.Values {
	values := url.Values{}
	for n := range form.Descendants() {
		switch {
		case n.Data == "input" && (attr(n, "type") == "radio" || attr(n, "type") == "checkbox"):
			if hasAttr(n, "checked") {
				values.Add(attr(n, "name"), attr(n, "value"))
			}
		case n.Data == "input":
			values.Add(attr(n, "name"), attr(n, "value"))
		case n.Data == "textarea":
			value := ""
			if n.FirstChild != nil {
				value = n.FirstChild.Data
			}
			values.Add(attr(n, "name"), value)
		case n.Data == "select":
			for o := range n.Descendants() {
				if o.Data == "option" {
					values.Add(attr(n, "name"), attr(o, "value"))
					break
				}
			}
		}
	}
	return values
}

func hasAttr(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// links returns the targets of all links.
func (a *answer) links() []string {
	var links []string
	for n := range a.root.Descendants() {
		if n.Data == "a" && n.Type == html.ElementNode {
			links = append(links, attr(n, "href"))
		}
	}
	return links
}

// link returns the target of the link with a text.
func (a *answer) link(text string) string {
	a.t.Helper()
	for n := range a.root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "a" && textOf(n) == text {
			return attr(n, "href")
		}
	}
	require.Fail(a.t, "no link", "%s: %s", text, a.text())
	return ""
}

// isID reports whether s is a client ID.
func isID(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 10
}

var errOutage = errors.New("connection refused by db-7.internal")

// A faultyStore fails the methods that are down.
type faultyStore struct {
	store.Store
	down string

	// Called once, before the next Replace, and after the next that replaced a
	// record.
	replacing, replaced func()
}

func (f *faultyStore) Replace(ctx context.Context, record store.Record, before []byte, now time.Time) error {
	if then := f.replacing; then != nil {
		f.replacing = nil
		then()
	}
	err := f.Store.Replace(ctx, record, before, now)
	if then := f.replaced; err == nil && then != nil {
		f.replaced = nil
		then()
	}
	return err
}

func (f *faultyStore) fail(method string) error {
	if f.down == method {
		return errOutage
	}
	return nil
}

func (f *faultyStore) Look(ctx context.Context, kind string, digest credential.Digest, now time.Time) (store.Record, error) {
	if err := f.fail("Look"); err != nil {
		return store.Record{}, err
	}
	return f.Store.Look(ctx, kind, digest, now)
}

func (f *faultyStore) TransferApplication(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, to string, limit int) error {
	if err := f.fail("TransferApplication"); err != nil {
		return err
	}
	return f.Store.TransferApplication(ctx, owner, id, to, limit)
}

func (f *faultyStore) CreateApplication(ctx context.Context, app oauthapp.Application, secret *oauthapp.Secret, limit int) error {
	if err := f.fail("CreateApplication"); err != nil {
		return err
	}
	return f.Store.CreateApplication(ctx, app, secret, limit)
}

func (f *faultyStore) Application(ctx context.Context, owner oauthapp.Owner, id uuid.UUID) (oauthapp.Application, error) {
	if err := f.fail("Application"); err != nil {
		return oauthapp.Application{}, err
	}
	return f.Store.Application(ctx, owner, id)
}

func (f *faultyStore) Applications(ctx context.Context, owner oauthapp.Owner, page oauthapp.Page) (oauthapp.List[oauthapp.Application], error) {
	if err := f.fail("Applications"); err != nil {
		return oauthapp.List[oauthapp.Application]{}, err
	}
	return f.Store.Applications(ctx, owner, page)
}

func (f *faultyStore) UpdateApplication(ctx context.Context, owner oauthapp.Owner, app oauthapp.Application) error {
	if err := f.fail("UpdateApplication"); err != nil {
		return err
	}
	return f.Store.UpdateApplication(ctx, owner, app)
}

func (f *faultyStore) DeleteApplication(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, at time.Time) (oauthapp.Application, error) {
	if err := f.fail("DeleteApplication"); err != nil {
		return oauthapp.Application{}, err
	}
	return f.Store.DeleteApplication(ctx, owner, id, at)
}

func (f *faultyStore) Secrets(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, now time.Time) ([]oauthapp.Secret, error) {
	if err := f.fail("Secrets"); err != nil {
		return nil, err
	}
	return f.Store.Secrets(ctx, owner, id, now)
}

func (f *faultyStore) AddSecret(ctx context.Context, owner oauthapp.Owner, secret oauthapp.Secret, othersExpireAt time.Time, limit int) error {
	if err := f.fail("AddSecret"); err != nil {
		return err
	}
	return f.Store.AddSecret(ctx, owner, secret, othersExpireAt, limit)
}

func (f *faultyStore) RevokeSecret(ctx context.Context, owner oauthapp.Owner, id, secret uuid.UUID, at time.Time) (oauthapp.Secret, error) {
	if err := f.fail("RevokeSecret"); err != nil {
		return oauthapp.Secret{}, err
	}
	return f.Store.RevokeSecret(ctx, owner, id, secret, at)
}

func (f *faultyStore) Usage(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, bound int) (oauthapp.Usage, error) {
	if err := f.fail("Usage"); err != nil {
		return oauthapp.Usage{}, err
	}
	return f.Store.Usage(ctx, owner, id, bound)
}

func (f *faultyStore) RevokeTokens(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, bound int) (oauthapp.Usage, error) {
	if err := f.fail("RevokeTokens"); err != nil {
		return oauthapp.Usage{}, err
	}
	return f.Store.RevokeTokens(ctx, owner, id, bound)
}

func (f *faultyStore) Grants(ctx context.Context, filter oauthapp.GrantFilter, page oauthapp.Page) (oauthapp.List[oauthapp.Grant], error) {
	if err := f.fail("Grants"); err != nil {
		return oauthapp.List[oauthapp.Grant]{}, err
	}
	return f.Store.Grants(ctx, filter, page)
}

func (f *faultyStore) RevokeGrant(ctx context.Context, filter oauthapp.GrantFilter, id uuid.UUID) (oauthapp.Grant, error) {
	if err := f.fail("RevokeGrant"); err != nil {
		return oauthapp.Grant{}, err
	}
	return f.Store.RevokeGrant(ctx, filter, id)
}
