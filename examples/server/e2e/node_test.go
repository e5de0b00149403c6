package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// oauth4webapi, which checks every answer strictly, completes discovery, a login
// with PKCE, refresh, introspection and revocation.
func TestOAuth4WebAPI(t *testing.T) {
	t.Parallel()
	node := nodeClients(t)
	s := start(t)
	for _, auth := range []string{"basic", "post", "none"} {
		t.Run(auth, func(t *testing.T) {
			b := signIn(t, s, alice)
			clientType := "confidential"
			if auth == "none" {
				clientType = "public"
			}
			app := b.register(alice.account, "oauth4webapi", clientType, "https://app.example.com/callback")
			client := startNode(t, node, "oauth4webapi.mjs", map[string]string{
				"issuer": s.URL, "api": s.URL + "/v2/whoami", "client_id": app.ClientID, "client_secret": app.ClientSecret,
				"redirect_uri": app.Callback, "scope": "read write", "auth": auth,
			})
			var question struct{ Authorize string }
			client.read(&question)
			client.write(b.authorize(question.Authorize, alice.account).String())
			var result struct {
				Steps struct {
					Scope                string
					ExpiresIn            int `json:"expires_in"`
					WhoAmI               whoami
					Introspection        map[string]any
					Rotated              bool
					WhoAmIRefreshed      whoami `json:"whoami_refreshed"`
					Refused              string
					IntrospectionRevoked map[string]any `json:"introspection_revoked"`
				}
			}
			client.read(&result)
			client.wait()

			steps := result.Steps
			require.Contains(t, []string{"", "read write"}, steps.Scope) // RFC 6749, section 5.1: optional where it is what was asked for
			require.Equal(t, 3600, steps.ExpiresIn)
			require.Equal(t, 1, steps.WhoAmI.Data.User.ID)
			require.Equal(t, 1, steps.WhoAmI.Data.Account.ID)
			require.Equal(t, steps.WhoAmI, steps.WhoAmIRefreshed)
			require.True(t, steps.Rotated)
			require.Equal(t, "invalid_token", steps.Refused)
			if auth != "none" {
				require.Equal(t, true, steps.Introspection["active"])
				require.Equal(t, app.ClientID, steps.Introspection["client_id"])
				require.Equal(t, "read write", steps.Introspection["scope"])
				require.Equal(t, s.URL, steps.Introspection["iss"])
				require.Equal(t, map[string]any{"active": false}, steps.IntrospectionRevoked)
			}
		})
	}
}

// whoami is the body of the protected API.
type whoami struct {
	Data struct {
		User    struct{ ID int }
		Account struct{ ID int }
	}
}

// nodeClients returns the folder of the Node clients, whose packages are installed.
func nodeClients(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("clients", "node"))
	require.NoError(t, err)
	if _, err := exec.LookPath("node"); err != nil {
		missing(t, "Node.js", "install Node.js 20 or newer")
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "oauth4webapi")); err != nil {
		missing(t, "The npm package oauth4webapi", "run npm ci in examples/server/e2e/clients/node")
	}
	return dir
}

// A nodeClient is a running Node program that speaks in lines of JSON.
type nodeClient struct {
	t      *testing.T
	cmd    *exec.Cmd
	write  func(line string)
	lines  *bufio.Scanner
	stderr *output
}

func startNode(t *testing.T, dir, script string, options map[string]string) *nodeClient {
	t.Helper()
	arg, err := json.Marshal(options)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	c := &nodeClient{t: t, stderr: newOutput()}
	c.cmd = exec.CommandContext(ctx, "node", script, string(arg))
	c.cmd.Dir = dir
	c.cmd.Stderr = c.stderr
	stdin, err := c.cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := c.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.cmd.Start())
	c.lines = bufio.NewScanner(stdout)
	c.write = func(line string) {
		_, err := fmt.Fprintln(stdin, line)
		require.NoError(t, err)
	}
	return c
}

// read reads the next line.
func (c *nodeClient) read(v any) {
	c.t.Helper()
	if !c.lines.Scan() {
		_ = c.cmd.Wait() // for the rest of its errors
		c.t.Fatalf("the client ended:\n%s", c.stderr)
	}
	require.NoError(c.t, json.Unmarshal(c.lines.Bytes(), v), "%s", c.lines.Text())
}

func (c *nodeClient) wait() {
	c.t.Helper()
	require.NoError(c.t, c.cmd.Wait(), "%s", c.stderr)
}
