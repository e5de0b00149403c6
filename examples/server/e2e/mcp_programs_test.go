package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const aliceItIs = "alice@example.com in the account Alice" // what the tool tells

// mcp-remote, which gives programs that know local MCP servers alone a remote
// one, signs in at the demo without having been registered: by its metadata
// document, or by registering itself. It calls the tool, refreshes, and finds
// its tokens again when it is started anew.
func TestMCPRemote(t *testing.T) {
	t.Parallel()
	dir := nodePackage(t, "mcp-clients", "mcp-remote")
	origin := newDocumentServer(t)
	s := start(t, "-metadata-ca", origin.roots)
	b := signIn(t, s, alice)
	for _, way := range []string{"registration", "document"} {
		t.Run(way, func(t *testing.T) {
			b, home := b.in(t), t.TempDir()
			_, port, _ := strings.Cut(freeAddr(t), ":")
			args := []string{filepath.Join("node_modules", "mcp-remote", "dist", "proxy.js"), s.URL + "/mcp", port}
			if way == "document" {
				documentURL := origin.URL + "/remote/client.json"
				origin.serve("/remote/client.json", map[string]any{
					"client_id": documentURL, "client_name": "mcp-remote", "token_endpoint_auth_method": "none",
					"redirect_uris": []string{"http://localhost:" + port + "/oauth/callback"},
					"grant_types":   []string{"authorization_code", "refresh_token"},
				})
				args = append(args, "--client-metadata-url", documentURL)
			}

			remote := startMCPProgram(t, dir, "node", home, args...)
			authorize := remote.question()
			require.Equal(t, way == "document", strings.HasPrefix(query(t, authorize).Get("client_id"), origin.URL))
			require.Equal(t, s.URL+"/mcp", query(t, authorize).Get("resource"))
			b.get(b.authorize(authorize, alice.account).String())
			remote.initialize()
			require.Equal(t, aliceItIs, remote.whoami())
			first := spoilTokens(t, home)
			require.Equal(t, aliceItIs, remote.whoami())
			second := spoilTokens(t, home)
			require.NotEqual(t, first, second)
			remote.end()

			again := startMCPProgram(t, dir, "node", home, args...)
			again.initialize()
			require.Equal(t, aliceItIs, again.whoami())
			require.NotEqual(t, second, spoilTokens(t, home))
			again.end()
			_, asked := <-again.asks
			require.False(t, asked, "the user is not asked again")
		})
	}
}

// The Inspector of the Model Context Protocol, by its command line, calls the
// tool without having been registered, and again without asking its user, also
// when it has to refresh.
func TestMCPInspector(t *testing.T) {
	t.Parallel()
	dir := nodePackage(t, "mcp", "@modelcontextprotocol/inspector")
	node := node22(t, dir)
	origin := newDocumentServer(t)
	documentURL := origin.URL + "/inspector/client.json"
	origin.serve("/inspector/client.json", map[string]any{
		"client_id": documentURL, "client_name": "MCP Inspector", "token_endpoint_auth_method": "none",
		"redirect_uris": []string{"http://127.0.0.1/oauth/callback"}, "grant_types": []string{"authorization_code", "refresh_token"},
	})
	s := start(t, "-metadata-ca", origin.roots)
	b := signIn(t, s, alice)
	for way, more := range map[string][]string{"registration": nil, "document": {"--client-metadata-url", documentURL}} {
		t.Run(way, func(t *testing.T) {
			b, home := b.in(t), t.TempDir()
			whoami := func(authorizes bool) {
				t.Helper()
				args := slices.Concat([]string{
					filepath.Join("node_modules", "@modelcontextprotocol", "inspector", "clients", "launcher", "build", "index.js"),
					"--cli", s.URL + "/mcp", "--transport", "http", "--method", "tools/call", "--tool-name", "whoami",
					"--format", "json", "--callback-url", "http://127.0.0.1:0/oauth/callback",
				}, more)
				inspector := startMCPProgram(t, dir, node, home, args...)
				if authorizes {
					authorize := inspector.question()
					require.Equal(t, way == "document", query(t, authorize).Get("client_id") == documentURL)
					require.Equal(t, s.URL+"/mcp", query(t, authorize).Get("resource"))
					b.get(b.authorize(authorize, alice.account).String())
				}
				require.True(t, inspector.stdout.Scan(), "%s", inspector.stderr)
				require.Equal(t, aliceItIs, toolSays(t, inspector.stdout.Bytes()))
				inspector.end()
				_, asked := <-inspector.asks
				require.False(t, asked, "the user is asked once")
			}
			whoami(true)
			whoami(false)
			first := spoilTokens(t, home)
			whoami(false)
			second := spoilTokens(t, home)
			require.NotEqual(t, first, second)
		})
	}
}

// mcp-remote asks, before it opens a browser, what its registration is worth.
// Where the service does not have it any more, it registers again by the time
// that it is started anew.
func TestMCPRemoteRegistersAgain(t *testing.T) {
	t.Parallel()
	dir := nodePackage(t, "mcp-clients", "mcp-remote")
	home, addr := t.TempDir(), freeAddr(t)
	remote := func(s *server) *mcpProgram {
		script := filepath.Join("node_modules", "mcp-remote", "dist", "proxy.js")
		return startMCPProgram(t, dir, "node", home, script, s.URL+"/mcp")
	}
	knownAs := func() (clientID string) { // what it keeps of its registration
		files, _ := filepath.Glob(filepath.Join(home, "*", "*_client_info.json"))
		for _, file := range files {
			content, _ := os.ReadFile(file)
			var kept struct {
				ClientID string `json:"client_id"`
			}
			_ = json.Unmarshal(content, &kept) // which may be half written
			clientID = kept.ClientID
		}
		return clientID
	}
	forgetful := start(t, "-addr", addr)
	first := remote(forgetful)
	registered := query(t, first.question()).Get("client_id")
	require.Equal(t, registered, knownAs())
	require.NoError(t, first.cmd.Process.Kill()) // before anybody authorized it
	forgetful.kill()

	s := start(t, "-addr", addr)
	second := remote(s)
	require.Equal(t, registered, query(t, second.question()).Get("client_id"))
	require.Eventually(t, func() bool { id := knownAs(); return id != "" && id != registered }, patience, 50*time.Millisecond)
	require.NoError(t, second.cmd.Process.Kill())

	third := remote(s)
	authorize := third.question()
	require.NotEqual(t, registered, query(t, authorize).Get("client_id"))
	b := signIn(t, s, alice)
	b.get(b.authorize(authorize, alice.account).String())
	third.initialize()
	require.Equal(t, aliceItIs, third.whoami())
	third.end()
}

// An mcpProgram is a program that connects to the demo's MCP server, and may
// have been asked to be one itself, on its standard streams.
type mcpProgram struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Scanner
	stderr *output
	asks   chan string // the URLs that it sends its user to, until it ends
	silent chan struct{}
}

// startMCPProgram starts a program of Node.js, which keeps what it keeps below
// a home of its own. The browser that it opens does nothing.
func startMCPProgram(t *testing.T, dir, node, home string, args ...string) *mcpProgram {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	t.Cleanup(cancel)
	p := &mcpProgram{t: t, cmd: exec.CommandContext(ctx, node, args...), stderr: newOutput(), asks: make(chan string, 10), silent: make(chan struct{})}
	p.cmd.Dir = dir
	p.cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "BROWSER=true", "MCP_REMOTE_CONFIG_DIR=" + home,
		"MCP_STORAGE_DIR=" + home, "MCP_INSPECTOR_SECRET_STORE=file", "MCP_AUTO_OPEN_ENABLED=true",
	}
	var err error
	p.stdin, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	stderr, err := p.cmd.StderrPipe()
	require.NoError(t, err)
	p.stdout = bufio.NewScanner(stdout)
	require.NoError(t, p.cmd.Start())
	go func() {
		defer close(p.silent)
		defer close(p.asks)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			_, _ = p.stderr.Write([]byte(lines.Text() + "\n"))
			if i := strings.Index(lines.Text(), "http://"); i >= 0 && strings.Contains(lines.Text(), "/oauth/authorize?") {
				p.asks <- lines.Text()[i:]
			}
		}
	}()
	return p
}

// question is the URL that the program sends its user to.
func (p *mcpProgram) question() string {
	p.t.Helper()
	url, ok := <-p.asks
	require.True(p.t, ok, "the program ended:\n%s", p.stderr)
	return url
}

// end ends the program by the end of its input.
func (p *mcpProgram) end() {
	p.t.Helper()
	require.NoError(p.t, p.stdin.Close())
	for p.stdout.Scan() { // what it had left to say
	}
	<-p.silent
	require.NoError(p.t, p.cmd.Wait(), "%s", p.stderr)
}

// initialize begins to speak MCP with the program.
func (p *mcpProgram) initialize() {
	p.t.Helper()
	p.call("initialize", map[string]any{
		"protocolVersion": "2025-06-18", "capabilities": map[string]any{},
		"clientInfo": map[string]any{"name": "e2e", "version": "1.0.0"},
	})
	p.send(map[string]any{"method": "notifications/initialized"})
}

func (p *mcpProgram) whoami() string {
	p.t.Helper()
	return toolSays(p.t, p.call("tools/call", map[string]any{"name": "whoami", "arguments": map[string]any{}}))
}

// call returns the answer to a call.
func (p *mcpProgram) call(method string, params map[string]any) []byte {
	p.t.Helper()
	p.send(map[string]any{"id": method, "method": method, "params": params})
	for p.stdout.Scan() {
		var answer struct {
			ID     string
			Result json.RawMessage
		}
		require.NoError(p.t, json.Unmarshal(p.stdout.Bytes(), &answer), p.stdout.Text())
		if answer.ID == method {
			require.NotEmpty(p.t, answer.Result, p.stdout.Text())
			return p.stdout.Bytes()
		}
	}
	require.Fail(p.t, "the program ended", "%s", p.stderr)
	return nil
}

func (p *mcpProgram) send(message map[string]any) {
	p.t.Helper()
	message = maps.Clone(message)
	message["jsonrpc"] = "2.0"
	line, err := json.Marshal(message)
	require.NoError(p.t, err)
	_, err = p.stdin.Write(append(line, '\n'))
	require.NoError(p.t, err)
}

// toolSays is the text in the answer of a tool.
func toolSays(t *testing.T, answer []byte) string {
	t.Helper()
	var says struct {
		Result struct{ Content []struct{ Text string } }
	}
	require.NoError(t, json.Unmarshal(answer, &says))
	require.Len(t, says.Result.Content, 1, "%s", answer)
	return says.Result.Content[0].Text
}

// spoilTokens replaces the access token that a program keeps by one that is no
// good, and returns its refresh token.
func spoilTokens(t *testing.T, home string) (refreshToken string) {
	t.Helper()
	access := regexp.MustCompile(`(access_token\\?"\s*:\s*\\?")[^"\\]*`) // in JSON, or in a string in JSON
	refresh := regexp.MustCompile(`refresh_token\\?"\s*:\s*\\?"([^"\\]+)`)
	require.NoError(t, filepath.WalkDir(home, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil || !access.Match(content) {
			return err
		}
		refreshToken = string(refresh.FindSubmatch(content)[1])
		return os.WriteFile(path, access.ReplaceAll(content, []byte("${1}expired")), 0o600)
	}))
	require.NotEmpty(t, refreshToken, "no tokens below %s", home)
	return refreshToken
}
