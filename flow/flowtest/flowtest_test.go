package flowtest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/flow/flowtest"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

func call(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	response, err := client.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}

func TestActingAs(t *testing.T) {
	p := flowtest.New(t, flow.Config{})
	server := httptest.NewServer(p.Require("read")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, _ := flow.AuthorizationFrom(r.Context())
		_, _ = io.WriteString(w, a.UserID+" "+a.AccountID+" "+a.ClientID)
	})))
	defer server.Close()

	alice, bob := p.ActingAs("alice", "1", "read"), p.ActingAs("bob", "2", "read")
	status, body := call(t, alice, server.URL)
	require.Equal(t, 200, status)
	require.Equal(t, "alice 1 "+p.Application.ClientID, body)
	_, body = call(t, bob, server.URL)
	require.Equal(t, "bob 2 "+p.Application.ClientID, body)
	status, _ = call(t, http.DefaultClient, server.URL)
	require.Equal(t, 401, status)
	status, _ = call(t, p.ActingAs("alice", "1"), server.URL)
	require.Equal(t, 403, status, "a token without scopes")

	// The grants are real: revoking one has its effect, and on nobody else.
	filter := oauthapp.GrantsOfUser("alice")
	grants, err := p.Registry().Grants(t.Context(), filter, oauthapp.Page{})
	require.NoError(t, err)
	require.Len(t, grants.Items, 1)
	_, err = p.Registry().RevokeGrant(t.Context(), filter, grants.Items[0].ID)
	require.NoError(t, err)
	status, _ = call(t, alice, server.URL)
	require.Equal(t, 401, status)
	status, _ = call(t, bob, server.URL)
	require.Equal(t, 200, status)
}

// TestAPI runs what the example shows.
func TestAPI(t *testing.T) { testAPI(t) }

// TestTokensOfTheHostsOwnProvider: a host that makes its provider itself shares
// its configuration.
func TestTokensOfTheHostsOwnProvider(t *testing.T) {
	cfg := flow.Config{
		Issuer:           "https://host.example",
		Store:            memory.New(),
		CurrentUser:      func(*http.Request) (*flow.User, error) { return nil, nil },
		LoginURL:         func(string) string { return "/login" },
		Scopes:           []flow.Scope{{Name: "read", Description: "Read", Default: true}},
		CredentialPrefix: "host",
	}
	own, err := flow.New(cfg)
	require.NoError(t, err)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+flowtest.New(t, cfg).AccessToken("alice", "1", "read"))
	a, err := own.Authenticate(r, flow.Guard{})
	require.NoError(t, err)
	require.Equal(t, "alice", a.UserID)
}

const mcp = flowtest.Issuer + "/mcp"

// withMCP has a service have a second API, which takes the scope read alone.
func withMCP() flow.Config {
	return flow.Config{
		Scopes:    []flow.Scope{{Name: "read", Description: "Read", Default: true}, {Name: "write", Description: "Write"}},
		Resources: []flow.Resource{{Identifier: mcp, Scopes: []string{"read"}}},
	}
}

// Tokens for another API open that one alone, and the others do not.
func TestAt(t *testing.T) {
	p := flowtest.New(t, withMCP())
	for name, token := range map[string]string{
		mcp:             p.At(mcp+"/").AccessToken("alice", "1", "read"),
		flowtest.Issuer: p.At(flowtest.Issuer).AccessToken("alice", "1", "read"),
		"default":       p.AccessToken("alice", "1", "read"),
	} {
		for _, at := range []string{mcp, flowtest.Issuer} {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Authorization", "Bearer "+token)
			a, err := p.Authenticate(r, flow.Guard{Resource: at, Scopes: []string{"read"}})
			if (name == mcp) != (at == mcp) {
				require.Error(t, err, "%s at %s", name, at)
				continue
			}
			require.NoError(t, err, at)
			require.Equal(t, []string{"read"}, a.Scopes)
		}
	}
}

// failing is a test whose failure is what is tested.
type failing struct {
	testing.TB
	said string
}

func (f *failing) Fatalf(format string, args ...any) {
	f.said = fmt.Sprintf(format, args...)
	panic(f)
}

func TestMistakesEndTheTest(t *testing.T) {
	const authorizePath = flowtest.Issuer + "/oauth/authorize?response_type=code&client_id="
	authorize := func(t testing.TB, answer flowtest.Answer) {
		p := flowtest.New(t, flow.Config{})
		p.Authorize(ann, authorizePath+p.Application.ClientID, answer)
	}
	for says, mistake := range map[string]func(testing.TB){
		`"reed" is not one of Config.Scopes`: func(t testing.TB) { flowtest.New(t, flow.Config{}).ActingAs("alice", "1", "reed") },
		"none of the APIs of this service":   func(t testing.TB) { flowtest.New(t, withMCP()).At("https://elsewhere.example") },
		mcp + ": flow: 400: invalid_scope":   func(t testing.TB) { flowtest.New(t, withMCP()).At(mcp).AccessToken("alice", "1", "write") },
		"Config.Issuer":                      func(t testing.TB) { flowtest.New(t, flow.Config{Issuer: "http://host.example"}) },

		"not sent back to the client: 400": func(t testing.TB) {
			flowtest.New(t, flow.Config{}).Authorize(ann, authorizePath+"nobody", flowtest.Answer{})
		},
		`offers ["7" "8"] for account_id, and not "9"`: func(t testing.TB) {
			authorize(t, flowtest.Answer{AccountID: "9"})
		},
		`offers [] for scope, and not "write"`: func(t testing.TB) {
			authorize(t, flowtest.Answer{Scopes: []string{"write"}})
		},
		"no form with the fields request and ticket": func(t testing.TB) {
			const page = `{{define "title"}}T{{end}}{{define "main"}}<form><input type="hidden" name="request" value="{{.Page.Request}}"></form>{{end}}`
			p := flowtest.New(t, flow.Config{Pages: flow.Pages{Files: fstest.MapFS{"consent.html": {Data: []byte(page)}}}})
			p.Authorize(ann, authorizePath+p.Application.ClientID, flowtest.Answer{})
		},
		"not sent back to the client: 303": func(t testing.TB) {
			p := flowtest.New(t, flow.Config{})
			hourAgo := flow.User{ID: "ann", AuthenticatedAt: time.Now().Add(-time.Hour), Accounts: ann.Accounts}
			p.Authorize(hourAgo, authorizePath+p.Application.ClientID+"&prompt=login", flowtest.Answer{})
		},
	} {
		f := &failing{TB: t}
		require.Panics(t, func() { mistake(f) }, says)
		require.Contains(t, f.said, says)
	}
}

// The tokens live as long as those of any client, and nothing refreshes them.
func TestTokensExpire(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	p := flowtest.New(t, flow.Config{Now: func() time.Time { return now }})
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+p.AccessToken("alice", "1", "read"))
	a, err := p.Authenticate(r, flow.Guard{})
	require.NoError(t, err)
	require.Equal(t, now.Add(time.Hour), a.ExpiresAt)
	now = a.ExpiresAt
	_, err = p.Authenticate(r, flow.Guard{})
	require.Error(t, err)
}
