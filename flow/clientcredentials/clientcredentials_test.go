package clientcredentials_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	client "golang.org/x/oauth2/clientcredentials"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/clientcredentials"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/flow/internal/page"
	"github.com/oauthapps/oauthapps/oauthapp"
)

const account = "developer" // of flowtest.Provider.Application

type host struct {
	*flowtest.Provider
	t      *testing.T
	events []oauthapp.Event
}

func newHost(t *testing.T, cfg clientcredentials.Config) *host {
	return newHostOf(t, flow.Config{}, cfg)
}

func newHostOf(t *testing.T, base flow.Config, cfg clientcredentials.Config) *host {
	h := &host{t: t}
	base.Scopes = []flow.Scope{{Name: "read", Description: "Read", Default: true}, {Name: "write", Description: "Write"}, {Name: "admin", Description: "Administer"}}
	base.Extensions = append(base.Extensions, clientcredentials.New(cfg))
	base.Events = func(_ context.Context, e oauthapp.Event) { h.events = append(h.events, e) }
	h.Provider = flowtest.New(t, base)
	return h
}

// grant has the host grant an application scopes for itself.
func (h *host) grant(app oauthapp.Application, scopes ...string) {
	_, err := h.Registry().SetExtra(h.t.Context(), oauthapp.AnyOwner, app.ID, "clientcredentials", clientcredentials.Settings{Scopes: scopes})
	require.NoError(h.t, err)
}

func (h *host) post(path string, pairs ...string) (int, map[string]any) {
	form := url.Values{"client_id": {h.Application.ClientID}, "client_secret": {h.ClientSecret}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			form.Del(pairs[i])
		}
	}
	r := httptest.NewRequest(http.MethodPost, flowtest.Issuer+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var answer map[string]any
	require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &answer))
	return w.Code, answer
}

func (h *host) token(pairs ...string) string {
	status, answer := h.post("/oauth/token", append([]string{"grant_type", "client_credentials"}, pairs...)...)
	require.Equal(h.t, http.StatusOK, status, answer)
	return answer["access_token"].(string)
}

// call sends a token to an API behind a guard, and returns the status and what
// the handler found out.
func (h *host) call(g flow.Guard, token string) (status int, a flow.Authorization, challenge string) {
	r := httptest.NewRequest(http.MethodGet, flowtest.Issuer+"/api", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	h.Guard(g)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { a, _ = flow.AuthorizationFrom(r.Context()) })).ServeHTTP(w, r)
	return w.Code, a, w.Header().Get("WWW-Authenticate")
}

var own = flow.Guard{Applications: true}

// A token is the application's own: it names no user, reaches no account, and
// nothing refreshes it.
func TestToken(t *testing.T) {
	h := newHost(t, clientcredentials.Config{})
	h.grant(h.Application, "write", "read")
	_, answer := h.post("/oauth/token", "grant_type", "client_credentials")
	require.Equal(t, []any{"Bearer", "read write", nil, 3600.0}, []any{answer["token_type"], answer["scope"], answer["refresh_token"], answer["expires_in"]})
	_, narrow := h.post("/oauth/token", "grant_type", "client_credentials", "scope", "write")
	require.Equal(t, "write", narrow["scope"])

	event := h.events[len(h.events)-1]
	require.Equal(t, []any{oauthapp.TokenIssued, h.Application.ClientID, "", ""}, []any{event.Type, event.ClientID, event.UserID, event.AccountID})

	_, described := h.post("/oauth/introspect", "token", narrow["access_token"].(string))
	require.Equal(t, []any{true, h.Application.ClientID, "write"}, []any{described["active"], described["client_id"], described["scope"]})
	require.NotContains(t, described, "sub")
	require.NotContains(t, described, "account_id")

	require.Equal(t, http.StatusOK, func() int { s, _, _ := h.call(own, narrow["access_token"].(string)); return s }())
	usage, err := h.Registry().Usage(t.Context(), oauthapp.AnyOwner, h.Application.ID)
	require.NoError(t, err)
	require.Zero(t, usage.Users, "it is no user")

	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, flowtest.Issuer+"/.well-known/oauth-authorization-server", nil))
	require.Contains(t, w.Body.String(), `"client_credentials"`)
}

// What is not granted to the application for itself it does not get.
func TestRefusals(t *testing.T) {
	h := newHost(t, clientcredentials.Config{})
	public, _, err := h.Registry().Register(t.Context(), account, oauthapp.Registration{
		Name: "Public", HomepageURL: "https://client.example", CallbackURLs: []string{"https://client.example/"}, Type: oauthapp.Public,
	})
	require.NoError(t, err)
	h.grant(public, "read")
	refuse := func(status int, code string, pairs ...string) {
		t.Helper()
		got, answer := h.post("/oauth/token", append([]string{"grant_type", "client_credentials"}, pairs...)...)
		require.Equal(t, []any{status, code}, []any{got, answer["error"]}, answer)
	}
	refuse(http.StatusBadRequest, flow.UnauthorizedClient)
	refuse(http.StatusBadRequest, flow.UnauthorizedClient, "scope", "read")
	refuse(http.StatusBadRequest, flow.UnauthorizedClient, "client_id", public.ClientID, "client_secret", "")
	h.grant(h.Application, "nothing")
	refuse(http.StatusBadRequest, flow.UnauthorizedClient)
	h.grant(h.Application, "read")
	refuse(http.StatusBadRequest, flow.InvalidScope, "scope", "read write")
	refuse(http.StatusBadRequest, flow.InvalidScope, "scope", "nothing")
	refuse(http.StatusUnauthorized, flow.InvalidClient, "client_secret", "wrong")
	refuse(http.StatusUnauthorized, flow.InvalidClient, "client_secret", "")
	h.token("scope", "read")
	h.grant(h.Application)
	refuse(http.StatusBadRequest, flow.UnauthorizedClient)

	without := flowtest.New(t, flow.Config{})
	h.Provider = without
	refuse(http.StatusBadRequest, flow.UnsupportedGrantType)
}

// A handler gets such tokens where it asks for them, and can tell them.
func TestGuard(t *testing.T) {
	h := newHost(t, clientcredentials.Config{})
	h.grant(h.Application, "read")
	token := h.token()
	status, _, challenge := h.call(flow.Guard{}, token)
	require.Equal(t, http.StatusForbidden, status)
	require.Contains(t, challenge, `error="insufficient_scope"`)
	r := httptest.NewRequest(http.MethodGet, flowtest.Issuer, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	_, err := h.Authenticate(r, flow.Guard{})
	require.Error(t, err)
	w := httptest.NewRecorder()
	h.Require("read")(http.NotFoundHandler()).ServeHTTP(w, r)
	require.Equal(t, http.StatusForbidden, w.Code)

	status, a, _ := h.call(flow.Guard{Applications: true, Scopes: []string{"read"}}, token)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, []any{true, "", "", h.Application.ID}, []any{a.IsApplication(), a.UserID, a.AccountID, a.ApplicationID})
	status, _, _ = h.call(flow.Guard{Applications: true, Scopes: []string{"write"}}, token)
	require.Equal(t, http.StatusForbidden, status)
	status, a, _ = h.call(own, h.AccessToken("1", "1", "read"))
	require.Equal(t, []any{http.StatusOK, false, "1"}, []any{status, a.IsApplication(), a.UserID})
}

// An owner grants and limits what the host lets owners grant, and takes away
// what the host granted.
func TestOwnerScopes(t *testing.T) {
	h := newHost(t, clientcredentials.Config{OwnerScopes: []string{"read", "write"}})
	field := h.field()
	read := func() oauthapp.Application {
		app, err := h.Registry().Application(t.Context(), oauthapp.AnyOwner, h.Application.ID)
		require.NoError(t, err)
		return app
	}
	save := func(text string) *page.Message {
		entry, problem := field.Entry(read(), text)
		if problem == nil {
			_, err := h.Registry().SetExtra(t.Context(), oauthapp.OwnedBy(account), h.Application.ID, field.Capability, entry)
			require.NoError(t, err)
		}
		return problem
	}
	shown := func() []any {
		text, has := field.Text(read())
		return []any{text, field.Scopes(read()), h.Kernel().OwnScopes(read()), has}
	}
	require.Equal(t, []any{"", []string{"read", "write"}, []string(nil), true}, shown(), "none by default")
	_, has := field.Text(oauthapp.Application{})
	require.True(t, has, "when it is registered")

	require.Nil(t, save("write read read"))
	require.Equal(t, []any{"read write", []string{"read", "write"}, []string{"read", "write"}, true}, shown())
	h.token("scope", "read write")
	require.Equal(t, page.Say("clientcredentials.unknown", `"admin"`), save("admin"))
	h.token("scope", "read write")

	h.grant(h.Application, "admin", "read")
	require.Equal(t, []any{"admin read", []string{"admin", "read", "write"}, []string{"admin", "read"}, true}, shown())
	require.Nil(t, save("admin write"), "the owner limits what the host granted")
	h.token("scope", "admin write")
	_, answer := h.post("/oauth/token", "grant_type", "client_credentials", "scope", "read")
	require.Equal(t, flow.InvalidScope, answer["error"])
	require.Nil(t, save(""), "the owner turns it off")
	_, answer = h.post("/oauth/token", "grant_type", "client_credentials")
	require.Equal(t, flow.UnauthorizedClient, answer["error"])
	require.NotNil(t, save("admin"), "what was taken away the host grants again")
	require.Equal(t, []any{"", []string{"read", "write"}, []string(nil), true}, shown())

	public := oauthapp.Application{Type: oauthapp.Public}
	_, problem := field.Entry(public, "read")
	require.NotNil(t, problem)
	entry, problem := field.Entry(public, "")
	require.Nil(t, entry)
	require.Nil(t, problem)
	_, has = field.Text(public)
	require.False(t, has)
}

// Where the host alone grants, the owner sees and takes away.
func TestHostScopes(t *testing.T) {
	h := newHost(t, clientcredentials.Config{})
	field := h.field()
	_, has := field.Text(h.Application)
	require.False(t, has, "there is nothing to choose")
	h.grant(h.Application, "write", "read", "nothing")
	app, err := h.Registry().Application(t.Context(), oauthapp.AnyOwner, h.Application.ID)
	require.NoError(t, err)
	text, has := field.Text(app)
	require.Equal(t, []any{"nothing read write", true}, []any{text, has})
	require.Equal(t, []string{"write", "read"}, h.Kernel().OwnScopes(app), "of those that the service has")
	entry, problem := field.Entry(app, "read")
	require.Nil(t, problem)
	require.Equal(t, clientcredentials.Settings{Scopes: []string{"read"}}, entry)
	_, problem = field.Entry(app, "admin read")
	require.NotNil(t, problem)

	_, err = flow.New(flow.Config{
		Issuer: flowtest.Issuer, Store: h.Kernel().Store, Scopes: []flow.Scope{{Name: "read", Default: true}},
		CurrentUser: func(*http.Request) (*flow.User, error) { return nil, nil }, LoginURL: func(string) string { return "/login" },
		Extensions: []flow.Extension{clientcredentials.New(clientcredentials.Config{OwnerScopes: []string{"write"}})},
	})
	require.ErrorContains(t, err, "Config.OwnerScopes")
}

func (h *host) field() kernel.ApplicationField {
	fields := h.Kernel().ApplicationFields()
	field := fields[len(fields)-1] // after that of flow
	require.Equal(h.t, "clientcredentials", field.Capability)
	return field
}

// A published client gets tokens with its secret in the header and in the body,
// and calls the API with them.
func TestPublishedClient(t *testing.T) {
	h := newHost(t, clientcredentials.Config{})
	h.grant(h.Application, "read")
	mux := http.NewServeMux()
	h.Mount(mux)
	mux.Handle("GET /whoami", h.Guard(own)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, _ := flow.AuthorizationFrom(r.Context())
		_, _ = w.Write([]byte(a.ClientID))
	})))
	server := httptest.NewServer(mux)
	defer server.Close()
	for name, style := range map[string]oauth2.AuthStyle{"header": oauth2.AuthStyleInHeader, "body": oauth2.AuthStyleInParams} {
		t.Run(name, func(t *testing.T) {
			cfg := client.Config{
				ClientID: h.Application.ClientID, ClientSecret: h.ClientSecret, TokenURL: server.URL + "/oauth/token",
				Scopes: []string{"read"}, AuthStyle: style,
			}
			token, err := cfg.Token(t.Context())
			require.NoError(t, err)
			require.WithinDuration(t, time.Now().Add(time.Hour), token.Expiry, time.Minute)
			response, err := cfg.Client(t.Context()).Get(server.URL + "/whoami")
			require.NoError(t, err)
			defer response.Body.Close()
			require.Equal(t, http.StatusOK, response.StatusCode)
		})
	}
}

// An application asks for a token for one of several resources, and gets the
// scopes of its own that this takes.
func TestResources(t *testing.T) {
	const mcp = flowtest.Issuer + "/mcp"
	h := &host{t: t}
	h.Provider = flowtest.New(t, flow.Config{
		Scopes:     []flow.Scope{{Name: "read", Description: "Read", Default: true}, {Name: "write", Description: "Write"}},
		Resources:  []flow.Resource{{Identifier: mcp, Scopes: []string{"read"}}},
		Extensions: []flow.Extension{clientcredentials.New(clientcredentials.Config{})},
	})
	h.grant(h.Application, "write", "read")
	at := flow.Guard{Applications: true, Resource: mcp}
	status, a, _ := h.call(at, h.token("resource", mcp))
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, []string{"read"}, a.Scopes)
	status, _, _ = h.call(own, h.token("resource", mcp))
	require.Equal(t, http.StatusUnauthorized, status)
	status, _, challenge := h.call(at, h.token())
	require.Equal(t, http.StatusUnauthorized, status)
	require.Contains(t, challenge, "oauth-protected-resource/mcp")
	_, refused := h.post("/oauth/token", "grant_type", "client_credentials", "resource", mcp, "scope", "write")
	require.Equal(t, "invalid_scope", refused["error"])
	_, refused = h.post("/oauth/token", "grant_type", "client_credentials", "resource", "https://evil.example")
	require.Equal(t, "invalid_target", refused["error"])
	_, both := h.post("/oauth/introspect", "token", h.token("resource", mcp))
	require.Equal(t, mcp, both["aud"])
}
