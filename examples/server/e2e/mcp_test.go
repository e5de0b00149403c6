package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store/memory"
)

// The conformance suite that the Model Context Protocol publishes for
// authorization servers finds nothing wrong in either of its scenarios.
func TestMCPConformance(t *testing.T) {
	t.Parallel()
	dir := nodePackage(t, "mcp", "@modelcontextprotocol/conformance")
	node := node22(t, dir)
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(alice.account, "MCP conformance", "public", "http://127.0.0.1:5557/callback")

	_, port, err := net.SplitHostPort(freeAddr(t)) // a loopback redirect URI has any port (RFC 8252, section 7.3)
	require.NoError(t, err)
	results := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	suite := exec.CommandContext(ctx, node, filepath.Join("node_modules", "@modelcontextprotocol", "conformance", "dist", "index.js"),
		"authorization", "--url", s.URL, "--client-id", app.ClientID, "--resource", s.URL,
		"--port", port, "--output-dir", results)
	suite.Dir = dir
	stdout, err := suite.StdoutPipe()
	require.NoError(t, err)
	stderr := newOutput()
	suite.Stderr = stderr
	require.NoError(t, suite.Start())

	var report strings.Builder
	var authorizeURL string
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		report.WriteString(lines.Text() + "\n")
		switch {
		case strings.HasPrefix(lines.Text(), s.URL+"/oauth/authorize?"):
			authorizeURL = lines.Text()
		case strings.HasPrefix(lines.Text(), "Callback server started"): // it waits for the user
			b.get(b.authorize(authorizeURL, alice.account).String())
		}
	}
	require.NoError(t, suite.Wait(), "%s%s", &report, stderr)

	files, err := filepath.Glob(filepath.Join(results, "*", "checks.json"))
	require.NoError(t, err)
	require.Len(t, files, 2, "%s", &report)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		var checks []struct{ ID, Status, Description, ErrorMessage string }
		require.NoError(t, json.Unmarshal(content, &checks))
		require.NotEmpty(t, checks, file)
		for _, check := range checks {
			require.Equal(t, "SUCCESS", check.Status, "%s: %s", check.ID, check.ErrorMessage)
		}
	}
}

// An MCP client that knows the URL of an MCP server alone finds out from its
// refusal what protects it, has the user authorize it for that resource, calls
// tools, refreshes, and asks for more where a tool needs more.
func TestMCPClient(t *testing.T) {
	t.Parallel()
	node := newNode(t, nodePackage(t, "mcp", "@modelcontextprotocol/sdk"), "client.mjs")
	host, app := newMCPHost(t)
	b := newBrowser(t, host)
	node.start(host, app, map[string]string{"api": host.URL + "/mcp"})

	authorize := node.question()
	require.Equal(t, host.URL+"/mcp", query(t, authorize).Get("resource")) // RFC 8707, section 2
	require.Equal(t, "read", query(t, authorize).Get("scope"))             // what the refusal named (RFC 6750, section 3)
	node.write(b.authorize(authorize, "").String())

	authorize = node.question()
	require.Contains(t, query(t, authorize).Get("scope"), "write")
	node.write(b.authorize(authorize, "").String())

	var result struct {
		Steps struct {
			Scope           string
			Tools           []string
			WhoAmI          string
			WhoAmIRefreshed string `json:"whoami_refreshed"`
			Rotated         bool
			ScopeSteppedUp  string `json:"scope_stepped_up"`
			Rename          string
		}
	}
	node.read(&result)
	node.wait()
	steps := result.Steps
	require.Equal(t, "read", steps.Scope)
	require.Equal(t, []string{"whoami", "rename"}, steps.Tools)
	require.Equal(t, "user-1 of account-1", steps.WhoAmI)
	require.Equal(t, steps.WhoAmI, steps.WhoAmIRefreshed)
	require.True(t, steps.Rotated)
	require.Contains(t, steps.ScopeSteppedUp, "write")
	require.Equal(t, "renamed", steps.Rename)
}

// Several processes of one MCP client, each with several transports, share the
// file that holds their tokens. They all find the access token expired, and all
// refresh with the refresh token that they read before: the user stays signed
// in, in all of them, and the next time too.
func TestMCPClientsShareTokens(t *testing.T) {
	t.Parallel()
	const processes, transports, times = 4, 2, 2
	dir := nodePackage(t, "mcp", "@modelcontextprotocol/sdk")
	host, app := newMCPHost(t)
	b := newBrowser(t, host)
	tokens := host.tokens(t, b, app, "", "resource", host.URL+"/mcp").JSON
	store := filepath.Join(t.TempDir(), "tokens.json")
	for range times {
		tokens["access_token"] = "expired"
		content, err := json.Marshal(tokens)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(store, content, 0o600))

		var clients [processes]*nodeProcess
		for i := range clients {
			clients[i] = newNode(t, dir, "shared.mjs")
			clients[i].start(host, app, map[string]string{"api": host.URL + "/mcp", "store": store, "transports": strconv.Itoa(transports)})
		}
		for _, client := range clients {
			var ready struct{ Ready bool }
			client.read(&ready)
			require.True(t, ready.Ready)
		}
		for _, client := range clients {
			client.write("")
		}
		for _, client := range clients {
			var result struct{ Steps struct{ Answers []string } }
			client.read(&result)
			client.wait()
			require.Len(t, result.Steps.Answers, transports)
			for _, answer := range result.Steps.Answers {
				require.Equal(t, "user-1 of account-1", answer)
			}
		}

		before := tokens["refresh_token"]
		content, err = os.ReadFile(store)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(content, &tokens))
		require.NotEqual(t, before, tokens["refresh_token"])
	}
}

// newMCPHost starts a host whose protected resource is an MCP server, with one
// user who is always signed in, and an application that is registered there.
func newMCPHost(t *testing.T) (*server, application) {
	t.Helper()
	mux := http.NewServeMux()
	host := httptest.NewServer(mux)
	t.Cleanup(host.Close)
	user := &flow.User{ID: "user-1", Name: "User", Accounts: []flow.Account{{ID: "account-1", Name: "Account"}}}
	provider, err := flow.New(flow.Config{
		Issuer:      host.URL,
		Resource:    host.URL + "/mcp",
		Store:       memory.New(),
		CurrentUser: func(*http.Request) (*flow.User, error) { return user, nil },
		LoginURL:    func(string) string { return "/login" },
		Scopes: []flow.Scope{
			{Name: "read", Description: "Use tools that read", Default: true},
			{Name: "write", Description: "Use tools that change something"},
		},
	})
	require.NoError(t, err)
	mux.Handle("/", provider)
	mux.Handle("/mcp", provider.Require("read")(mcpServer(provider.Require("read", "write"))))

	registered, _, err := provider.Registry().Register(t.Context(), "account-1", oauthapp.Registration{
		Name:         "MCP client",
		HomepageURL:  "https://client.example.com/",
		CallbackURLs: []string{"http://127.0.0.1/callback"},
		Type:         oauthapp.Public,
	})
	require.NoError(t, err)
	return &server{URL: host.URL}, application{ClientID: registered.ClientID, Callback: "http://127.0.0.1:49321/callback"}
}

// mcpServer is an MCP server (Streamable HTTP, without streams) with two tools.
// The second one is called only by who passes the guard.
func mcpServer(guard func(http.Handler) http.Handler) http.Handler {
	type object = map[string]any
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.WriteHeader(http.StatusMethodNotAllowed) // it offers no stream
			return
		}
		var request struct {
			ID     any
			Method string
			Params struct{ ProtocolVersion, Name string }
		}
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if request.ID == nil { // a notification
			w.WriteHeader(http.StatusAccepted)
			return
		}
		answer := func(w http.ResponseWriter, result object) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(object{"jsonrpc": "2.0", "id": request.ID, "result": result}) // the client says what it misses
		}
		text := func(s string) object { return object{"content": []object{{"type": "text", "text": s}}} }

		switch request.Method + " " + request.Params.Name {
		case "initialize ":
			answer(w, object{
				"protocolVersion": request.Params.ProtocolVersion,
				"capabilities":    object{"tools": object{}},
				"serverInfo":      object{"name": "e2e", "version": "1.0.0"},
			})
		case "tools/list ":
			answer(w, object{"tools": []object{
				{"name": "whoami", "inputSchema": object{"type": "object"}},
				{"name": "rename", "inputSchema": object{"type": "object"}},
			}})
		case "tools/call whoami":
			a, _ := flow.AuthorizationFrom(r.Context())
			answer(w, text(a.UserID+" of "+a.AccountID))
		case "tools/call rename":
			guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				answer(w, text("renamed"))
			})).ServeHTTP(w, r)
		default:
			http.Error(w, "unknown method", http.StatusBadRequest)
		}
	})
}

func query(t *testing.T, rawURL string) url.Values {
	t.Helper()
	u, err := url.Parse(rawURL)
	require.NoError(t, err)
	return u.Query()
}

// node22 is the path of a Node.js that runs the conformance suite: the one
// installed beside it, or else the machine's own.
func node22(t *testing.T, dir string) string {
	t.Helper()
	installed, err := filepath.Glob(filepath.Join(dir, "node_modules", "node-linux-*", "bin", "node"))
	require.NoError(t, err)
	for _, node := range append(installed, "node") {
		version, err := exec.Command(node, "--version").Output()
		if err != nil {
			continue // made for another machine
		}
		major, _, _ := strings.Cut(strings.TrimPrefix(string(version), "v"), ".")
		if n, err := strconv.Atoi(major); err == nil && n >= 22 {
			return node
		}
	}
	missing(t, "Node.js 22", "run npm ci in examples/server/e2e/clients/mcp, or install Node.js 22 or newer")
	return ""
}
