package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The published web clients of the Node world complete a login, call the API,
// refresh, and learn of a revocation. Those that can also discover the server
// and introspect their tokens.
func TestNodeClients(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, client := range []struct {
		name       string
		auth       []string
		introspect bool
	}{
		{"oauth4webapi", []string{"basic", "post", "none"}, true},
		{"openid-client", []string{"basic", "post", "none"}, true},
		{"simple-oauth2", []string{"basic", "post"}, false}, // it knows no PKCE, which public clients need
		{"passport-oauth2", []string{"post", "none"}, false},
	} {
		for _, auth := range client.auth {
			t.Run(client.name+" "+auth, func(t *testing.T) {
				t.Parallel()
				node := nodeClient(t, client.name)
				b := signIn(t, s, alice)
				clientType := "confidential"
				if auth == "none" {
					clientType = "public"
				}
				app := b.register(alice.account, client.name+" "+auth, clientType, "https://app.example.com/callback")
				node.start(s, app, map[string]string{"auth": auth, "token_path": "/oauth/token", "body_format": "form"})
				steps := node.login(b, alice.account)

				require.Contains(t, []string{"", "read write"}, steps.Scope) // RFC 6749, section 5.1: optional where it is what was asked for
				require.Equal(t, 3600, steps.ExpiresIn)
				require.Equal(t, 1, steps.WhoAmI.Data.User.ID)
				require.Equal(t, 1, steps.WhoAmI.Data.Account.ID)
				require.Equal(t, steps.WhoAmI, steps.WhoAmIRefreshed)
				require.True(t, steps.Rotated)
				require.Equal(t, "invalid_token", steps.Refused)
				if client.introspect && auth != "none" {
					require.Equal(t, true, steps.Introspection["active"])
					require.Equal(t, app.ClientID, steps.Introspection["client_id"])
					require.Equal(t, "read write", steps.Introspection["scope"])
					require.Equal(t, s.URL, steps.Introspection["iss"])
					require.Equal(t, map[string]any{"active": false}, steps.IntrospectionRevoked)
				}
			})
		}
	}
}

// The DNSimple-compatible endpoint takes the JSON bodies of simple-oauth2, with
// either client authentication. The RFC's own endpoint refuses them in words
// that tell a developer what to change.
func TestSimpleOAuth2WithJSON(t *testing.T) {
	t.Parallel()
	s := start(t)
	options := func(auth, tokenPath string) map[string]string {
		return map[string]string{"auth": auth, "token_path": tokenPath, "body_format": "json"}
	}
	for _, auth := range []string{"basic", "post"} {
		t.Run(auth, func(t *testing.T) {
			t.Parallel()
			node := nodeClient(t, "simple-oauth2")
			b := signIn(t, s, alice)
			app := b.register(acme, "simple-oauth2 "+auth, "confidential", "https://app.example.com/callback")
			node.start(s, app, options(auth, "/v2/oauth/access_token"))
			steps := node.login(b, acme)
			require.Equal(t, 2, steps.AccountID)
			require.Equal(t, 2, steps.WhoAmI.Data.Account.ID)
			require.False(t, steps.Rotated, "there is no refresh token to rotate")
		})
	}
	t.Run("at the RFC's endpoint", func(t *testing.T) {
		t.Parallel()
		node := nodeClient(t, "simple-oauth2")
		b := signIn(t, s, alice)
		app := b.register(acme, "simple-oauth2", "confidential", "https://app.example.com/callback")
		node.start(s, app, options("post", "/oauth/token"))
		node.write(b.authorize(node.question(), acme).String())
		require.Error(t, node.cmd.Wait())
		require.Contains(t, node.stderr.String(), "400 Bad Request")
		require.Contains(t, node.stderr.String(), "the content type must be "+formType)
	})
}

// nodeSteps is what a client reports of its steps; it leaves out what it cannot
// do.
type nodeSteps struct {
	Scope                string
	ExpiresIn            int `json:"expires_in"`
	AccountID            int `json:"account_id"`
	WhoAmI               whoami
	Introspection        map[string]any
	Rotated              bool
	WhoAmIRefreshed      whoami `json:"whoami_refreshed"`
	Refused              string
	IntrospectionRevoked map[string]any `json:"introspection_revoked"`
}

// whoami is the body of the protected API.
type whoami struct {
	Data struct {
		User    struct{ ID int }
		Account struct{ ID int }
	}
}

// nodePackage returns the folder of a Node client, having made sure that an npm
// package is installed there.
func nodePackage(t *testing.T, folder, name string) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("clients", folder))
	require.NoError(t, err)
	if _, err := exec.LookPath("node"); err != nil {
		missing(t, "Node.js", "install Node.js 20 or newer")
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", name)); err != nil {
		missing(t, "The npm package "+name, "run npm ci in examples/server/e2e/clients/"+folder)
	}
	return dir
}

// A nodeProcess is a Node program that speaks in lines of JSON, as
// clients/node/harness.mjs tells.
type nodeProcess struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.Writer
	lines  *bufio.Scanner
	stderr *output
}

// nodeClient is the client of a package, not started yet.
func nodeClient(t *testing.T, name string) *nodeProcess {
	t.Helper()
	return newNode(t, nodePackage(t, "node", name), name+".mjs")
}

// newNode is a program of a folder, not started yet.
func newNode(t *testing.T, dir, script string) *nodeProcess {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	t.Cleanup(cancel)
	c := &nodeProcess{t: t, stderr: newOutput()}
	c.cmd = exec.CommandContext(ctx, "node", script)
	c.cmd.Dir = dir
	c.cmd.Stderr = c.stderr
	return c
}

// start starts the client as an application of the server's, with more options.
func (c *nodeProcess) start(s *server, app application, more map[string]string) {
	c.t.Helper()
	options := map[string]string{
		"issuer": s.URL, "api": s.URL + "/v2/whoami", "client_id": app.ClientID, "client_secret": app.ClientSecret,
		"redirect_uri": app.Callback, "scope": "read write",
	}
	maps.Copy(options, more)
	arg, err := json.Marshal(options)
	require.NoError(c.t, err)
	c.cmd.Args = append(c.cmd.Args, string(arg))
	c.stdin, err = c.cmd.StdinPipe()
	require.NoError(c.t, err)
	stdout, err := c.cmd.StdoutPipe()
	require.NoError(c.t, err)
	require.NoError(c.t, c.cmd.Start())
	c.lines = bufio.NewScanner(stdout)
}

// login plays the user, who authorizes the client for an account, and waits for
// what the client does from there.
func (c *nodeProcess) login(b *browser, account string) nodeSteps {
	c.t.Helper()
	return c.goOn(b, c.question(), account)
}

// goOn is login from the client's question on.
func (c *nodeProcess) goOn(b *browser, question, account string) nodeSteps {
	c.t.Helper()
	c.write(b.authorize(question, account).String())
	var result struct{ Steps nodeSteps }
	c.read(&result)
	c.wait()
	return result.Steps
}

// question is the URL that the client sends its user to.
func (c *nodeProcess) question() string {
	c.t.Helper()
	var question struct{ Authorize string }
	c.read(&question)
	return question.Authorize
}

func (c *nodeProcess) write(line string) {
	c.t.Helper()
	_, err := fmt.Fprintln(c.stdin, line)
	require.NoError(c.t, err)
}

// read reads the next line.
func (c *nodeProcess) read(v any) {
	c.t.Helper()
	if !c.lines.Scan() {
		_ = c.cmd.Wait() // for the rest of its errors
		c.t.Fatalf("the client ended:\n%s", c.stderr)
	}
	require.NoError(c.t, json.Unmarshal(c.lines.Bytes(), v), "%s", c.lines.Text())
}

// wait waits for the end of the client, which must be a good one.
func (c *nodeProcess) wait() {
	c.t.Helper()
	require.NoError(c.t, c.cmd.Wait(), "%s", c.stderr)
}
