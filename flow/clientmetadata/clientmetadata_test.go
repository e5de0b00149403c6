package clientmetadata_test

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"html"
	"maps"
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
	"github.com/oauthapps/oauthapps/flow/clientmetadata"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

const callback = "https://client.example/callback"

var verifier = strings.Repeat("verifier-~.", 4)

// A host is a service on a loopback address, with a user in front of a browser,
// and an origin where clients have their documents.
type host struct {
	*flowtest.Provider
	t      testing.TB
	origin *httptest.Server
	url    string // of the client's document

	mu      sync.Mutex
	now     time.Time
	user    *flow.User
	answer  func(w http.ResponseWriter, r *http.Request)
	fetches int
	events  []oauthapp.Event
}

func newHost(t testing.TB, cfg clientmetadata.Config, edit ...func(*flow.Config)) *host {
	h := &host{
		t:    t,
		now:  time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC),
		user: &flow.User{ID: "1", Name: "alice@example.com", Session: "session", Accounts: []flow.Account{{ID: "1", Name: "Alice"}}},
	}
	h.origin = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.fetches++
		h.answer(w, r)
	}))
	t.Cleanup(h.origin.Close)
	h.url = h.origin.URL + "/client.json"
	h.serve(nil)
	for _, list := range [][]string{cfg.Allow, cfg.Deny} {
		for i, entry := range list {
			list[i] = strings.Replace(entry, "ORIGIN", h.origin.URL, 1)
		}
	}
	cfg.Roots = []*x509.Certificate{h.origin.Certificate()}
	config := flow.Config{
		Issuer:      "http://127.0.0.1",
		CurrentUser: func(*http.Request) (*flow.User, error) { return h.user, nil },
		Scopes: []flow.Scope{
			{Name: "read", Description: "Read", Default: true}, {Name: "write", Description: "Write"}, {Name: "admin", Description: "Administer"},
		},
		Now:        func() time.Time { return h.now },
		Extensions: []flow.Extension{clientmetadata.New(cfg)},
		Events:     func(_ context.Context, e oauthapp.Event) { h.events = append(h.events, e) },
	}
	for _, e := range edit {
		e(&config)
	}
	h.Provider = flowtest.New(t, config)
	return h
}

type document = map[string]any

// serve has the origin answer with the document of a client, changed by
// members; one that is nil is left out.
func (h *host) serve(members document, header ...string) {
	d := document{
		"client_id": h.url, "client_name": "Notes", "client_uri": h.origin.URL + "/about", "redirect_uris": []string{callback},
		"grant_types": []string{"authorization_code", "refresh_token"}, "response_types": []string{"code"}, "token_endpoint_auth_method": "none",
	}
	maps.Copy(d, members)
	maps.DeleteFunc(d, func(_ string, value any) bool { return value == nil })
	body, err := json.Marshal(d)
	require.NoError(h.t, err)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		_, _ = w.Write(body)
	}
}

func (h *host) serveStatus(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

func change(params url.Values, pairs ...string) url.Values {
	for i := 0; i < len(pairs); i += 2 {
		params.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			params.Del(pairs[i])
		}
	}
	return params
}

// request is an authorization request of the client, changed by pairs.
func (h *host) request(pairs ...string) url.Values {
	sum := sha256.Sum256([]byte(verifier))
	return change(url.Values{
		"client_id": {h.url}, "response_type": {"code"}, "redirect_uri": {callback}, "scope": {"read"}, "state": {"the-state"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}, pairs...)
}

// visit opens the authorization endpoint.
func (h *host) visit(pairs ...string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/oauth/authorize?"+h.request(pairs...).Encode(), nil))
	return w
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)"`)

func (h *host) post(path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// authorize has the user say yes on a page and returns the answer.
func (h *host) authorize(page *httptest.ResponseRecorder) *httptest.ResponseRecorder {
	h.t.Helper()
	require.Equal(h.t, http.StatusOK, page.Code, page.Body.String())
	form := url.Values{"decision": {"authorize"}, "account_id": {"1"}}
	for _, match := range hiddenField.FindAllStringSubmatch(page.Body.String(), -1) {
		form.Set(match[1], html.UnescapeString(match[2]))
	}
	return h.post("/oauth/authorize", form)
}

func (h *host) code(pairs ...string) string {
	h.t.Helper()
	answer := h.authorize(h.visit(pairs...))
	location, err := url.Parse(answer.Header().Get("Location"))
	require.NoError(h.t, err)
	require.NotEmpty(h.t, location.Query().Get("code"), answer.Body.String())
	return location.Query().Get("code")
}

func (h *host) redeem(code string) *httptest.ResponseRecorder {
	return h.post("/oauth/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}, "client_id": {h.url},
	})
}

func (h *host) refresh(token string) *httptest.ResponseRecorder {
	return h.post("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {h.url}})
}

type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Scope   string `json:"scope"`
	Error   string `json:"error"`
}

func (h *host) tokens(w *httptest.ResponseRecorder) (t tokens) {
	h.t.Helper()
	require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &t), w.Body.String())
	return t
}

// row is the application of the client, nil where there is none.
func (h *host) row() *oauthapp.Application {
	client, err := h.Kernel().Store.Client(h.t.Context(), h.url, uuid.Nil, h.now)
	if err != nil {
		require.ErrorIs(h.t, err, oauthapp.ErrNotFound)
		return nil
	}
	return &client.Application
}

// A client that nobody registered gets tokens, uses them and refreshes them. It
// is in the store from the first yes on, once, and nobody owns it.
func TestClient(t *testing.T) {
	h := newHost(t, clientmetadata.Config{})
	page := h.visit()
	body := page.Body.String()
	require.Contains(t, body, "Authorize <bdi>Notes</bdi>")
	require.Contains(t, body, "from <bdi>"+strings.TrimPrefix(h.origin.URL, "https://")+"</bdi>")
	require.Contains(t, body, "<bdi>https://client.example</bdi>")
	require.Nil(t, h.row())

	granted := h.tokens(h.redeem(h.code()))
	require.NotEmpty(t, granted.Access)
	require.Equal(t, "read", granted.Scope)
	row := h.row()
	require.Empty(t, row.Owner)
	require.Equal(t, oauthapp.Public, row.Type)
	require.Equal(t, "Notes", row.Name)
	require.Equal(t, []string{callback}, row.CallbackURLs)
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/api", nil)
	r.Header.Set("Authorization", "Bearer "+granted.Access)
	a, err := h.Authenticate(r, flow.Guard{})
	require.NoError(t, err)
	require.Equal(t, h.url, a.ClientID)

	again := h.tokens(h.refresh(granted.Refresh))
	require.NotEmpty(t, again.Access)
	h.code()
	require.Equal(t, row.ID, h.row().ID)
	require.Equal(t, 1, h.fetches, "a document is fetched once while it is fresh")

	grants, err := h.Registry().Grants(t.Context(), oauthapp.GrantsOfUser("1"), oauthapp.Page{})
	require.NoError(t, err)
	require.Len(t, grants.Items, 1)
	require.Equal(t, "Notes", grants.Items[0].Application.Name)
	var created int
	for _, e := range h.events {
		if e.Type == oauthapp.ApplicationCreated && e.ClientID == h.url {
			created++
		}
	}
	require.Equal(t, 1, created)
}

// Nothing is fetched for people who are not signed in: they sign in first.
func TestNothingIsFetchedBeforeSignIn(t *testing.T) {
	h := newHost(t, clientmetadata.Config{})
	h.user = nil
	w := h.visit()
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Zero(t, h.fetches)
	w = h.visit("prompt", "none")
	require.NotEqual(t, http.StatusOK, w.Code)
	require.Zero(t, h.fetches)
}

// Where the capability is not listed, a URL is no client, and nothing is
// fetched or advertised.
func TestIsOffUnlessAskedFor(t *testing.T) {
	h := newHost(t, clientmetadata.Config{}, func(cfg *flow.Config) { cfg.Extensions = nil })
	require.Equal(t, http.StatusBadRequest, h.visit().Code)
	require.Equal(t, "invalid_client", h.tokens(h.redeem("code")).Error)
	require.Zero(t, h.fetches)
	require.NotContains(t, h.metadata(), "client_id_metadata_document_supported")
	h = newHost(t, clientmetadata.Config{})
	require.Equal(t, true, h.metadata()["client_id_metadata_document_supported"])
}

func (h *host) metadata() (m document) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/.well-known/oauth-authorization-server", nil))
	require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &m))
	return m
}

func TestClientIDs(t *testing.T) {
	h := newHost(t, clientmetadata.Config{})
	for _, id := range []string{
		h.origin.URL, h.url + "#", h.url + "#f", strings.Replace(h.url, "https://", "https://user@", 1), h.origin.URL + "/a/../client.json", h.origin.URL + "/./client.json",
		h.origin.URL + "/%2e%2e/client.json", h.origin.URL + "/a%2fb", "https://", "https:///client.json", "https://EXAMPLE.com/c", h.origin.URL + "/" + strings.Repeat("a", 1024),
		"http" + strings.TrimPrefix(h.url, "https"), "HTTPS" + strings.TrimPrefix(h.url, "https"), h.url + "\x00", h.url + " ", h.url + "?",
	} {
		require.Equal(t, http.StatusBadRequest, h.visit("client_id", id).Code, id)
	}
	require.Zero(t, h.fetches)
	for _, id := range []string{"https://10.0.0.1/c", "https://169.254.169.254/latest/meta-data", "https://[::ffff:127.0.0.1]/c", "https://[64:ff9b::7f00:1]/c", "https://intranet/c"} {
		require.Equal(t, http.StatusBadRequest, h.visit("client_id", id).Code, id)
	}
}

// What the client is told may quote it. What the host is told does not.
func TestReasonsQuoteNothing(t *testing.T) {
	h := newHost(t, clientmetadata.Config{})
	w := h.post("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}, "client_id": {"https://quoted.example"}})
	require.Contains(t, w.Body.String(), "quoted.example")
	require.Equal(t, "the client ID is no URL of a metadata document", h.events[len(h.events)-1].Reason)
}

// Documents that are refused, and those of which the rest is taken.
func TestDocuments(t *testing.T) {
	for name, test := range map[string]struct {
		members document
		refused string // what the page says; "" for a document that is taken
	}{
		"other client_id":         {document{"client_id": "https://client.example/other"}, "client_id of the document is not its URL"},
		"no client_id":            {document{"client_id": nil}, "client_id of the document is not its URL"},
		"client_id of other case": {document{"client_id": nil, "Client_Id": "x"}, "client_id of the document is not its URL"},
		"client_secret":           {document{"client_secret": "s"}, "client secret"},
		"secret's expiry":         {document{"client_secret_expires_at": 0}, "client secret"},
		"client_secret_basic":     {document{"token_endpoint_auth_method": "client_secret_basic"}, "token_endpoint_auth_method"},
		"client_secret_post":      {document{"token_endpoint_auth_method": "client_secret_post"}, "token_endpoint_auth_method"},
		"client_secret_jwt":       {document{"token_endpoint_auth_method": "client_secret_jwt"}, "token_endpoint_auth_method"},
		"keys without the room":   {document{"token_endpoint_auth_method": "private_key_jwt", "jwks": document{"keys": []any{}}}, "token_endpoint_auth_method"},
		"keys beside none":        {document{"token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_methods_supported": []string{"private_key_jwt", "none"}}, ""},
		"no method":               {document{"token_endpoint_auth_method": nil}, ""},
		"no redirect_uris":        {document{"redirect_uris": nil}, "redirect_uris"},
		"bad redirect_uris":       {document{"redirect_uris": []string{"javascript:alert(1)", "http://client.example/", "https://*.client.example/", "data:text/html,x", "https://client.example/#f"}}, "redirect_uris"},
		"redirect_uris no list":   {document{"redirect_uris": document{"a": callback}}, "redirect_uris"},
		"bad beside good":         {document{"redirect_uris": []any{"javascript:alert(1)", callback, callback, 1, "com.example.app:/callback", "http://127.0.0.1/cb"}}, ""},
		"grants we lack":          {document{"grant_types": []string{"authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange"}}, ""},
		"only grants we lack":     {document{"grant_types": []string{"client_credentials"}}, "grant_types"},
		"scopes we lack":          {document{"scope": "openid read profile"}, ""},
		"empty scope":             {document{"scope": ""}, ""},
		"no name":                 {document{"client_name": nil}, ""},
		"bad name":                {document{"client_name": "a\u202eb"}, ""},
		"unknown members":         {document{"logo_uri": "https://client.example/logo.png", "software_id": "x", "application_type": "native", "jwks": 1}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, clientmetadata.Config{})
			h.serve(test.members)
			w := h.visit()
			if test.refused != "" {
				require.Equal(t, http.StatusBadRequest, w.Code)
				require.Contains(t, html.UnescapeString(w.Body.String()), test.refused)
				require.Nil(t, h.row())
				return
			}
			require.Equal(t, http.StatusOK, w.Code, w.Body.String())
			require.NotContains(t, w.Body.String(), "<img")
			require.NotContains(t, w.Body.String(), "logo.png")
			require.NotEmpty(t, h.tokens(h.redeem(h.code())).Access)
		})
	}
}

func TestWhatIsKeptOfADocument(t *testing.T) {
	h := newHost(t, clientmetadata.Config{Scopes: []string{"read", "write"}}, func(cfg *flow.Config) {
		cfg.Applications.ReservedName = func(_, name string) bool { return oauthapp.Imitates(name, "Example Cloud") }
	})
	h.serve(document{
		"client_name": "Ехаmple Cloud Support", "client_uri": "https://example.com/", "scope": "write admin openid",
		"redirect_uris": []any{"javascript:alert(1)", callback, "com.example.app:/callback"},
	})
	require.NotEmpty(t, h.code("scope", "write"))
	row := h.row()
	require.Equal(t, strings.TrimPrefix(h.origin.URL, "https://"), row.Name, "a name that users take for another's")
	require.Equal(t, h.origin.URL+"/", row.HomepageURL, "a page of somebody else")
	require.Equal(t, []string{"write"}, row.Scopes)
	require.Equal(t, []string{callback, "com.example.app:/callback"}, row.CallbackURLs)

	h = newHost(t, clientmetadata.Config{Scopes: []string{"read"}})
	h.serve(document{"scope": "openid"})
	h.code()
	require.Equal(t, []string{"read"}, h.row().Scopes, "never more than the host's list")
	refused := h.visit("scope", "admin")
	require.Equal(t, http.StatusBadRequest, refused.Code)
	require.Contains(t, refused.Body.String(), "invalid_scope", "on a page: nobody is sent to a stranger unasked")
}

// Every program on the device can be a client whose callbacks are all there.
func TestLoopbackWarning(t *testing.T) {
	h := newHost(t, clientmetadata.Config{})
	require.NotContains(t, h.visit().Body.String(), "can pose as this application")
	h = newHost(t, clientmetadata.Config{})
	h.serve(document{"redirect_uris": []string{"http://127.0.0.1/callback", "http://localhost/callback"}})
	page := h.visit("redirect_uri", "http://127.0.0.1:49152/callback")
	require.Contains(t, page.Body.String(), "can pose as this application")
	require.Contains(t, page.Body.String(), "http://127.0.0.1:49152")
}

// A list is of origins and clients. What is denied is refused before anything
// is fetched, and for clients that users have authorized before, at once.
func TestLists(t *testing.T) {
	for name, test := range map[string]struct {
		allow, deny []string
		admitted    bool
	}{
		"nothing":             {nil, nil, true},
		"allowed origin":      {[]string{"https://other.example", "ORIGIN"}, nil, true},
		"allowed client":      {[]string{"ORIGIN/client.json"}, nil, true},
		"other client":        {[]string{"ORIGIN/client.jso"}, nil, false},
		"other origin":        {[]string{"https://client.example"}, nil, false},
		"other port":          {[]string{"https://127.0.0.1"}, nil, false},
		"denied origin":       {nil, []string{"ORIGIN"}, false},
		"denied client":       {[]string{"ORIGIN"}, []string{"ORIGIN/client.json"}, false},
		"other origin denied": {nil, []string{"https://client.example", "https://127.0.0.1"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, clientmetadata.Config{Allow: test.allow, Deny: test.deny})
			if test.admitted {
				h.code()
				return
			}
			require.Equal(t, http.StatusBadRequest, h.visit().Code)
			require.Zero(t, h.fetches)
			require.Equal(t, oauthapp.ClientMetadataRefused, h.events[len(h.events)-1].Type)
			require.Equal(t, h.url, h.events[len(h.events)-1].ClientID)
		})
	}
	h := newHost(t, clientmetadata.Config{})
	granted := h.tokens(h.redeem(h.code()))
	denying := newHost(t, clientmetadata.Config{Deny: []string{h.origin.URL}}, func(cfg *flow.Config) { cfg.Store = h.Kernel().Store })
	denying.url = h.url
	require.Equal(t, "invalid_client", denying.tokens(denying.refresh(granted.Refresh)).Error)
	require.NotEmpty(t, h.tokens(h.refresh(granted.Refresh)).Access, "which has used up nothing")
}

// What a document said holds while it cannot be fetched, on every node, up to
// the bound; then nobody is told that the client is no client.
func TestUnreachable(t *testing.T) {
	for name, fail := range map[string]func(*host){
		"error":     func(h *host) { h.serveStatus(http.StatusBadGateway) },
		"redirect":  func(h *host) { h.serveStatus(http.StatusFound) },
		"forbidden": func(h *host) { h.serveStatus(http.StatusForbidden) },
		"not good":  func(h *host) { h.serve(document{"client_secret": "s"}) },
		"away":      func(h *host) { h.origin.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, clientmetadata.Config{MaxStale: 48 * time.Hour})
			granted := h.tokens(h.redeem(h.code()))
			code := h.code()
			fail(h)
			h.now = h.now.Add(time.Minute)
			node := newHost(t, clientmetadata.Config{MaxStale: 48 * time.Hour}, func(cfg *flow.Config) { cfg.Store = h.Kernel().Store })
			node.url, node.now = h.url, h.now
			require.NotEmpty(t, node.tokens(node.redeem(code)).Access)
			h.now = h.now.Add(time.Hour)
			granted = h.tokens(h.refresh(granted.Refresh))
			require.NotEmpty(t, granted.Access)
			node.now = h.now.Add(46 * time.Hour)
			granted = node.tokens(node.refresh(granted.Refresh))
			require.NotEmpty(t, granted.Access)
			require.Equal(t, http.StatusOK, node.visit().Code)
			node.now = node.now.Add(2 * time.Hour)
			w := node.refresh(granted.Refresh)
			require.Equal(t, http.StatusServiceUnavailable, w.Code, w.Body.String())
			require.Equal(t, http.StatusBadRequest, node.visit().Code)
			require.NotEmpty(t, w.Header().Get("Retry-After"))
		})
	}
	t.Run("never there", func(t *testing.T) {
		h := newHost(t, clientmetadata.Config{})
		h.serveStatus(http.StatusBadGateway)
		w := h.visit()
		require.Equal(t, http.StatusBadRequest, w.Code)
		require.NotEmpty(t, w.Header().Get("Retry-After"))
		require.Contains(t, html.UnescapeString(w.Body.String()), "cannot be fetched at the moment")
		require.Equal(t, http.StatusTooManyRequests, h.redeem("code").Code)
		require.Nil(t, h.row())
	})
}

// A document that is not there any more ends the client.
func TestWithdrawn(t *testing.T) {
	for _, status := range []int{http.StatusNotFound, http.StatusGone} {
		h := newHost(t, clientmetadata.Config{})
		granted := h.tokens(h.redeem(h.code()))
		h.serveStatus(status)
		require.NotEmpty(t, h.tokens(h.refresh(granted.Refresh)).Access, "while the document is fresh")
		h.now = h.now.Add(5 * time.Minute)
		require.Equal(t, http.StatusBadRequest, h.visit().Code)
		require.Equal(t, "invalid_client", h.tokens(h.refresh(granted.Refresh)).Error)
	}
}

// What a document says now holds within the time that it gives itself.
func TestChanges(t *testing.T) {
	h := newHost(t, clientmetadata.Config{})
	h.serve(nil, "Cache-Control", "max-age=600")
	h.code()
	moved := "https://client.example/moved"
	h.serve(document{"client_name": "Notes 2 & <more>", "redirect_uris": []string{moved}, "scope": "read"})
	h.now = h.now.Add(599 * time.Second)
	require.Equal(t, http.StatusBadRequest, h.visit("redirect_uri", moved).Code)
	h.now = h.now.Add(time.Second)
	require.Equal(t, http.StatusBadRequest, h.visit().Code, "the callback that is not there any more")
	require.Contains(t, html.UnescapeString(h.visit("redirect_uri", moved).Body.String()), "Notes 2 & <more>")
	row := h.row()
	require.Equal(t, "Notes 2 & <more>", row.Name, "lists have the new name at once")
	require.Equal(t, []string{moved}, row.CallbackURLs)
	require.Equal(t, []string{"read"}, row.Scopes)
	for range 3 {
		h.visit("redirect_uri", moved)
	}
	require.Equal(t, row.Version, h.row().Version, "what has not changed is not written")
}

// A document that is not to be kept has its origin asked once a minute, not
// with every request of the client.
func TestNoStore(t *testing.T) {
	h := newHost(t, clientmetadata.Config{})
	h.serve(nil, "Cache-Control", "no-store")
	h.code()
	h.code()
	require.Equal(t, 1, h.fetches)
	h.now = h.now.Add(time.Minute)
	h.serve(document{"client_name": "Notes 2"}, "Cache-Control", "no-store")
	require.Contains(t, h.visit().Body.String(), "Notes 2")
}

// However many say yes for the first time at once, there is one application.
func TestFirstYesAtOnce(t *testing.T) {
	h := newHost(t, clientmetadata.Config{}, func(cfg *flow.Config) { cfg.Events = nil })
	const users = 20
	pages := make([]*httptest.ResponseRecorder, users)
	for i := range pages {
		pages[i] = h.visit()
	}
	var deciding sync.WaitGroup
	for _, page := range pages {
		deciding.Go(func() {
			answer := h.authorize(page)
			require.Contains(t, answer.Header().Get("Location"), "code=")
		})
	}
	deciding.Wait()
	apps, err := h.Registry().Applications(t.Context(), oauthapp.AnyOwner, oauthapp.Page{})
	require.NoError(t, err)
	require.Len(t, apps.Items, 2, "and that of flowtest")
}

// The host's administrators suspend and delete such a client like any other.
func TestEndedByTheHost(t *testing.T) {
	h := newHost(t, clientmetadata.Config{})
	granted := h.tokens(h.redeem(h.code()))
	row := h.row()
	_, err := h.Registry().ChangeStanding(t.Context(), oauthapp.AnyOwner, row.ID, func(s *oauthapp.Standing) { *s = oauthapp.Standing{Suspended: true} })
	require.NoError(t, err)
	require.NotEqual(t, http.StatusOK, h.refresh(granted.Refresh).Code)
	require.NotEqual(t, http.StatusOK, h.visit().Code)
	_, err = h.Registry().ChangeStanding(t.Context(), oauthapp.AnyOwner, row.ID, func(s *oauthapp.Standing) { *s = oauthapp.Standing{} })
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, h.refresh(granted.Refresh).Code)

	require.NoError(t, h.Registry().Delete(t.Context(), oauthapp.AnyOwner, row.ID))
	require.Equal(t, "invalid_grant", h.tokens(h.refresh(granted.Refresh)).Error)
	answer := h.authorize(h.visit())
	require.NotContains(t, answer.Header().Get("Location"), "code=")
	require.Nil(t, h.row())
}

// A host that has every application approved can approve such a client once
// somebody wanted it: until then it is open to nobody.
func TestApproval(t *testing.T) {
	h := newHost(t, clientmetadata.Config{}, func(cfg *flow.Config) {
		cfg.Applications.NeedsApproval = func(oauthapp.Application) bool { return true }
	})
	require.Nil(t, h.row())
	for range 2 {
		page := h.visit()
		require.Equal(t, http.StatusForbidden, page.Code)
		require.Contains(t, page.Body.String(), "not open to you yet")
	}
	row := h.row()
	require.NotNil(t, row, "it is there to be approved")
	_, err := h.Registry().ChangeStanding(t.Context(), oauthapp.AnyOwner, row.ID, func(s *oauthapp.Standing) { s.Approved = true })
	require.NoError(t, err)
	require.NotEmpty(t, h.tokens(h.redeem(h.code())).Refresh)
}

// One user cannot keep the service busy with fetches, and others go on.
func TestFetchesHaveBudgets(t *testing.T) {
	h := newHost(t, clientmetadata.Config{})
	h.code()
	limited := 0
	for i := range 50 {
		w := h.visit("client_id", h.origin.URL+"/"+strings.Repeat("a", i+1))
		if strings.Contains(w.Body.String(), "at the moment") {
			limited++
		}
	}
	require.Equal(t, 41, limited) // an origin is asked 10 times at once, and was once before
	require.Equal(t, 10, h.fetches)
	h.code()
}

func TestConfig(t *testing.T) {
	for field, cfg := range map[string]clientmetadata.Config{
		"Config.MaxStale": {MaxStale: time.Minute},
		"Config.Scopes":   {Scopes: []string{"other"}},
		"Config.Allow":    {Allow: []string{"client.example"}},
		"Config.Deny":     {Deny: []string{"https://"}},
	} {
		_, err := flow.New(flow.Config{
			Issuer: "https://id.example", Store: memory.New(), CurrentUser: func(*http.Request) (*flow.User, error) { return nil, nil },
			LoginURL: func(string) string { return "/login" }, Scopes: []flow.Scope{{Name: "read", Default: true}},
			Extensions: []flow.Extension{clientmetadata.New(cfg)},
		})
		require.ErrorContains(t, err, "clientmetadata: "+field)
	}
}
