package e2e

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a newcomer does: a person logs in to somebody else's web application
// with their account, and takes its access away again.
func TestWebappExample(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	addr := freeAddr(t)
	app := b.register(acme, "Web application", "confidential", "http://"+addr+"/callback")
	webapp := launch(t, "webapp", "-addr", addr, "-provider", s.URL, "-client-id", app.ClientID, "-client-secret", app.ClientSecret)
	b.others = append(b.others, webapp.URL)

	consent := b.get(webapp.URL + "/login")
	require.Equal(t, "/oauth/authorize", consent.URL.Path)
	me := consent.form("/oauth/authorize").set("account_id", acme).submit("decision", "authorize")
	require.Equal(t, webapp.URL+"/me", me.URL.String(), "%s", me.text())
	require.Contains(t, me.text(), alice.email)
	require.Equal(t, http.StatusOK, b.get(webapp.URL+"/me").Status)

	grantForm(b, acme, app).submit()
	refused := b.get(webapp.URL + "/me")
	require.Equal(t, http.StatusUnauthorized, refused.Status)
	require.NotContains(t, refused.text(), alice.email)

	denied := b.get(webapp.URL+"/login").form("/oauth/authorize").submit("decision", "deny")
	require.Equal(t, http.StatusForbidden, denied.Status)
	require.Equal(t, origin(denied.URL), webapp.URL)

	b.get(app.path("delete")).form(app.path("delete")).set("confirm_name", app.Name).submit()
	gone := b.get(webapp.URL + "/login")
	require.GreaterOrEqual(t, gone.Status, 400)
	require.Equal(t, s.URL, origin(gone.URL))
}

// A native program with no secret: it prints the URL, listens on a port of its
// own and says who logged in.
func TestCommandLineExample(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := signIn(t, s, alice)
	app := b.register(alice.account, "Command line", "public", "http://127.0.0.1/callback")

	for _, decision := range []string{"authorize", "deny"} {
		t.Run(decision, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			cmd := exec.CommandContext(ctx, program("cli"), "-provider", s.URL, "-client-id", app.ClientID, "-no-browser")
			stdout, err := cmd.StdoutPipe()
			require.NoError(t, err)
			stderr := newOutput()
			cmd.Stderr = stderr
			require.NoError(t, cmd.Start())
			var printed []string
			b := b.in(t)
			for lines := bufio.NewScanner(stdout); lines.Scan(); {
				printed = append(printed, lines.Text())
				if strings.HasPrefix(lines.Text(), s.URL+"/oauth/authorize?") {
					p := b.get(lines.Text()).form("/oauth/authorize").submit("decision", decision)
					b.others = []string{origin(p.redirect())}
					b.get(p.redirect().String())
				}
			}
			err = cmd.Wait()
			if decision == "deny" {
				require.Error(t, err)
				require.Equal(t, 1, cmd.ProcessState.ExitCode())
				require.NotEmpty(t, stderr.String())
				return
			}
			require.NoError(t, err, "%s", stderr)
			require.Contains(t, printed[len(printed)-1], alice.email)
		})
	}
}

// freeAddr is an address that nothing listened on a moment ago.
func freeAddr(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}
