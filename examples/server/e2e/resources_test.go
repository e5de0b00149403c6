package e2e

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
	"github.com/stretchr/testify/require"
)

// callMCP calls the MCP server of the demo with an access token, and returns
// the status.
func (s *server) callMCP(t testing.TB, token string) int {
	t.Helper()
	const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","arguments":{}}}`
	return s.request(t, http.MethodPost, "/mcp", call, func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json, text/event-stream")
	}).Status
}

// The two APIs of the demo have tokens of their own, in every store: those of
// one session live beside each other, refreshes for both at once end nothing,
// and a revocation ends all.
func TestResources(t *testing.T) {
	t.Parallel()
	for name, args := range map[string]func(*testing.T) []string{
		"memory":     func(*testing.T) []string { return nil },
		"SQLite":     func(t *testing.T) []string { return []string{"-store", sqlite(t)} },
		"PostgreSQL": func(t *testing.T) []string { return []string{"-store", newDatabase(t).dsn()} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, args(t)...)
			b := signIn(t, s, alice)
			app := b.register(alice.account, "Resources", "confidential", callback)
			atMCP := s.URL + "/mcp"
			old := s.tokens(t, b, app, alice.account).str("access_token")
			require.Equal(t, http.StatusOK, s.whoami(t, old).Status)
			require.Equal(t, http.StatusUnauthorized, s.callMCP(t, old))

			verifier := newVerifier()
			page := s.authorizeURL(app, verifier, "resource", s.URL) + "&" + url.Values{"resource": {atMCP}}.Encode()
			require.Contains(t, b.get(page).Body, "Demo MCP server")
			both := s.exchange(t, app, b.authorize(page, alice.account).Query().Get("code"), verifier)
			require.Equal(t, http.StatusOK, both.Status, both.Body)
			refresh := func(token, resource string) answer {
				return s.post(t, "/oauth/token", app.as(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "resource": {resource}}))
			}
			newest := both.str("refresh_token")
			held := map[string]string{}
			for range 3 {
				for _, resource := range []string{s.URL, atMCP} {
					a := refresh(newest, resource)
					require.Equal(t, http.StatusOK, a.Status, a.Body)
					newest, held[resource] = a.str("refresh_token"), a.str("access_token")
				}
				require.Equal(t, http.StatusOK, s.whoami(t, held[s.URL]).Status)
				require.Equal(t, http.StatusUnauthorized, s.callMCP(t, held[s.URL]))
				require.Equal(t, http.StatusOK, s.callMCP(t, held[atMCP]))
				require.Equal(t, http.StatusUnauthorized, s.whoami(t, held[atMCP]).Status)
			}
			introspected := s.post(t, "/oauth/introspect", app.as(url.Values{"token": {held[atMCP]}}))
			require.Equal(t, atMCP, introspected.str("aud"))

			for range 5 { // refreshes for both at once
				answers := atOnce(8, func(i int) answer { return refresh(newest, []string{s.URL, atMCP}[i%2]) })
				before := newest
				for _, a := range answers {
					switch a.Status {
					case http.StatusOK:
						require.Contains(t, []string{before, a.str("refresh_token")}, newest, "one successor")
						newest = a.str("refresh_token")
					default:
						require.Equal(t, "invalid_target", a.str("error"), a.Body)
					}
				}
				require.NotEqual(t, before, newest)
			}

			var answers []answer // refreshes during a revocation
			var revocation sync.WaitGroup
			revocation.Go(func() {
				s.post(t, "/oauth/revoke", app.as(url.Values{"token": {newest}}))
			})
			answers = atOnce(8, func(i int) answer { return refresh(newest, []string{s.URL, atMCP}[i%2]) })
			revocation.Wait()
			for _, token := range held {
				require.Equal(t, []int{http.StatusUnauthorized, http.StatusUnauthorized}, []int{s.whoami(t, token).Status, s.callMCP(t, token)})
			}
			for _, a := range answers {
				if a.Status == http.StatusOK {
					require.Equal(t, http.StatusUnauthorized, s.whoami(t, a.str("access_token")).Status)
					require.Equal(t, http.StatusUnauthorized, s.callMCP(t, a.str("access_token")))
				}
			}
		})
	}
}

// The client of the Go SDK of the Model Context Protocol knows the URL of the
// demo's MCP server alone. It registers itself, has its user authorize it,
// calls the tool, and refreshes before every call, as its tokens live for
// seconds.
func TestGoMCPClient(t *testing.T) {
	t.Parallel()
	s := start(t, "-access-token-ttl", "5s")
	b := signIn(t, s, alice)
	pages := 0
	handler, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{Metadata: &oauthex.ClientRegistrationMetadata{
			ClientName: "Go client", RedirectURIs: []string{"http://127.0.0.1:49321/callback"}, GrantTypes: []string{"authorization_code", "refresh_token"},
		}},
		AuthorizationCodeFetcher: func(_ context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
			pages++
			require.Equal(t, s.URL+"/mcp", query(t, args.URL).Get("resource"))
			back := b.authorize(args.URL, alice.account).Query()
			return &auth.AuthorizationResult{Code: back.Get("code"), State: back.Get("state"), Iss: back.Get("iss")}, nil
		},
	})
	require.NoError(t, err)
	client := mcp.NewClient(&mcp.Implementation{Name: "e2e", Version: "1.0.0"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: s.URL + "/mcp", OAuthHandler: handler}, nil)
	require.NoError(t, err)
	defer session.Close()
	source, err := handler.TokenSource(t.Context())
	require.NoError(t, err)
	for range 3 {
		before, err := source.Token()
		require.NoError(t, err)
		result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "whoami"})
		require.NoError(t, err)
		require.Equal(t, "alice@example.com in the account Alice", result.Content[0].(*mcp.TextContent).Text)
		after, err := source.Token()
		require.NoError(t, err)
		require.NotEqual(t, before.RefreshToken, after.RefreshToken)
	}
	require.Equal(t, 1, pages)
}
