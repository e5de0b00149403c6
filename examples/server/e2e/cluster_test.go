//go:build unix

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// A cluster is several demo servers, its nodes, on one PostgreSQL database. Its
// URL is that of a proxy, which gives every request to another node than the
// one before.
type cluster struct {
	*server // the proxy, as if it were one server
	nodes   []*server
	args    []string // of every node
	proxy   *roundRobin
}

const (
	size     = 3 // nodes of a cluster
	callback = "https://app.example.com/callback"
)

// startCluster starts the nodes of a cluster at once, with one key file.
func startCluster(t *testing.T, dsn string) *cluster {
	t.Helper()
	c := newCluster(t, "-store", dsn, "-key-file", filepath.Join(t.TempDir(), "key"), "-rotation-grace", grace.String())
	for i := range c.nodes {
		c.nodes[i] = c.spawn(t)
	}
	for i, node := range c.nodes {
		node.await(t)
		c.proxy.set(i, node)
	}
	return c
}

// newCluster returns a cluster none of whose nodes was started.
func newCluster(t *testing.T, args ...string) *cluster {
	t.Helper()
	proxy := &roundRobin{
		nodes:     make([]string, size),
		transport: &http.Transport{MaxIdleConnsPerHost: 64},
	}
	front := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.Host = "http", r.In.Host },
		Transport: proxy,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			w.WriteHeader(http.StatusBadGateway)
		},
	})
	t.Cleanup(proxy.transport.CloseIdleConnections)
	t.Cleanup(front.Close)
	return &cluster{server: &server{URL: front.URL}, nodes: make([]*server, size), args: append(args, "-issuer", front.URL), proxy: proxy}
}

// spawn starts a node and does not wait. More arguments go before those of
// every node.
func (c *cluster) spawn(t *testing.T, more ...string) *server {
	t.Helper()
	return spawn(t, "server", append(append([]string{"-addr", "127.0.0.1:0"}, c.args...), more...)...)
}

// replace puts a new node in the place of one.
func (c *cluster) replace(t *testing.T, i int, more ...string) {
	t.Helper()
	c.nodes[i] = c.spawn(t, more...)
	c.nodes[i].await(t)
	c.proxy.set(i, c.nodes[i])
}

// A roundRobin sends every request to the next of some nodes that can be
// connected to.
type roundRobin struct {
	transport *http.Transport

	mu    sync.Mutex
	nodes []string // host and port
	next  int
}

func (p *roundRobin) set(i int, node *server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.nodes[i] = strings.TrimPrefix(node.URL, "http://")
}

func (p *roundRobin) addresses() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.nodes)
}

func (p *roundRobin) pick() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	return p.nodes[p.next%len(p.nodes)]
}

// RoundTrip implements http.RoundTripper.
func (p *roundRobin) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	var err error
	if r.Body != nil {
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body.Close()
	}
	for range p.nodes {
		r.URL.Host = p.pick()
		r.Body = io.NopCloser(bytes.NewReader(body))
		var resp *http.Response
		if resp, err = p.transport.RoundTrip(r); err == nil || !isDialError(err) {
			return resp, err
		}
	}
	return nil, err
}

// isDialError reports whether a request was not sent, as there was nobody to
// send it to.
func isDialError(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial) && dial.Op == "dial"
}

// everywhere asserts the status of an access token at each node itself.
func (c *cluster) everywhere(t *testing.T, accessToken string, status int) {
	t.Helper()
	for i, node := range c.nodes {
		require.Equal(t, status, node.whoami(t, accessToken).Status, "node %d", i)
	}
}

func (c *cluster) introspect(t *testing.T, app application, token string) bool {
	t.Helper()
	a := c.post(t, "/oauth/introspect", app.as(url.Values{"token": {token}}))
	require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
	return a.JSON["active"] == true
}

// The whole flow goes from node to node. Everything that one has answered holds
// at the others on their next request.
func TestCluster(t *testing.T) {
	t.Parallel()
	c := startCluster(t, newDatabase(t).dsn()) // an empty one, so that they race to migrate it, and to make the key
	b := signIn(t, c.server, alice)
	app := b.register(acme, "Spread", "confidential", callback)
	public := b.register(acme, "Public", "public", callback)

	for range size { // so that each step meets each node
		first := c.tokens(t, b, app, acme)
		c.everywhere(t, first.str("access_token"), http.StatusOK)
		second := c.refresh(t, app, first.str("refresh_token"))
		require.Equal(t, http.StatusOK, second.Status, "%s", second.Body)
		c.everywhere(t, second.str("access_token"), http.StatusOK)
		require.True(t, c.introspect(t, app, second.str("access_token")))

		a := c.post(t, "/oauth/revoke", app.as(url.Values{"token": {second.str("refresh_token")}}))
		require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
		c.everywhere(t, first.str("access_token"), http.StatusUnauthorized)
		c.everywhere(t, second.str("access_token"), http.StatusUnauthorized)
		for range c.nodes {
			require.False(t, c.introspect(t, app, second.str("access_token")))
		}
		c.proxy.pick() // one turn further than the steps before
	}

	t.Run("reuse of a refresh token", func(t *testing.T) {
		first := c.tokens(t, b, public, acme)
		second := c.refresh(t, public, first.str("refresh_token"))
		third := c.refresh(t, public, second.str("refresh_token"))
		require.Equal(t, http.StatusOK, third.Status, "%s", third.Body)
		require.Equal(t, "invalid_grant", c.refresh(t, public, first.str("refresh_token")).str("error"))
		c.everywhere(t, third.str("access_token"), http.StatusUnauthorized)
	})
	t.Run("withdrawn by the user", func(t *testing.T) {
		tokens := c.tokens(t, b, app, acme)
		form := grantForm(b, acme, app)
		require.NotNil(t, form)
		require.Less(t, form.submit().Status, 400)
		c.everywhere(t, tokens.str("access_token"), http.StatusUnauthorized)
	})
	t.Run("all tokens revoked", func(t *testing.T) {
		mine := c.tokens(t, b, app, acme)
		bobs := c.tokens(t, signIn(t, c.server, bob), app, bob.account)
		other := c.tokens(t, b, public, acme)
		require.Less(t, b.get(app.path("revoke")).form(app.path("revoke")).submit().Status, 400)
		c.everywhere(t, mine.str("access_token"), http.StatusUnauthorized)
		c.everywhere(t, bobs.str("access_token"), http.StatusUnauthorized)
		c.everywhere(t, other.str("access_token"), http.StatusOK)
		require.Equal(t, "invalid_grant", c.refresh(t, app, bobs.str("refresh_token")).str("error"))
		c.everywhere(t, c.tokens(t, b, app, acme).str("access_token"), http.StatusOK)
	})
	t.Run("secret reset", func(t *testing.T) {
		tokens := c.tokens(t, b, app, acme)
		p := b.get(app.path()).form(app.path("secrets")).set("overlap", "0").submit()
		reset := app
		reset.ClientSecret = p.byID("client-secret")
		require.NotEmpty(t, reset.ClientSecret, "%s", p.Body)
		// What no node issued is answered without asking the store, by the
		// client that it was a moment ago: its secret counts where there is
		// something to learn or to get.
		for range c.nodes {
			a := c.post(t, "/oauth/introspect", app.as(url.Values{"token": {tokens.str("access_token")}}))
			require.Equal(t, "invalid_client", a.str("error"))
			require.Equal(t, "invalid_client", c.refresh(t, app, tokens.str("refresh_token")).str("error"))
			require.True(t, c.introspect(t, reset, tokens.str("access_token")))
		}
		app = reset
	})
	t.Run("deleted", func(t *testing.T) {
		tokens := c.tokens(t, b, app, acme)
		p := b.get(app.path("delete")).form(app.path("delete")).set("confirm_name", app.Name).submit()
		require.Less(t, p.Status, 400, "%s", p.Body)
		c.everywhere(t, tokens.str("access_token"), http.StatusUnauthorized)
		for range c.nodes {
			require.Equal(t, "invalid_client", c.refresh(t, app, tokens.str("refresh_token")).str("error"))
			require.Equal(t, http.StatusNotFound, b.get(app.path()).Status)
			require.Equal(t, http.StatusBadRequest, b.get(c.authorizeURL(app, newVerifier())).Status)
		}
	})
}

// Of many who present a code at once, at different nodes, one gets tokens; all
// who present a refresh token get the same.
func TestClusterSingleUse(t *testing.T) {
	t.Parallel()
	const rounds, callers = 4, 50
	c := startCluster(t, newDatabase(t).dsn())
	b := signIn(t, c.server, alice)
	app := b.register(acme, "Once", "confidential", callback)
	for round := range rounds {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			first := c.tokens(t, b, app, acme)
			won := requireSameTokens(t, atOnce(callers, func(int) answer { return c.refresh(t, app, first.str("refresh_token")) }))
			c.everywhere(t, won.str("access_token"), http.StatusOK)
			require.Equal(t, http.StatusOK, c.refresh(t, app, won.str("refresh_token")).Status)

			verifier := newVerifier()
			code := b.in(t).authorize(c.authorizeURL(app, verifier, "account_id", acme), acme).Query().Get("code")
			redeemed := 0
			for _, a := range atOnce(callers, func(int) answer { return c.exchange(t, app, code, verifier) }) {
				if a.Status != http.StatusOK {
					require.Equal(t, "invalid_grant", a.str("error"), "%d %s", a.Status, a.Body)
					continue
				}
				redeemed++
				c.everywhere(t, a.str("access_token"), http.StatusUnauthorized) // a code sent twice is not forgiven
			}
			require.Equal(t, 1, redeemed)
		})
	}
}

// Of many who edit an application at once, at different nodes, one saves. The
// others, whose forms show what it was before, undo nothing, and are told so.
func TestClusterLosesNoUpdate(t *testing.T) {
	t.Parallel()
	const editors = 12
	db := newDatabase(t)
	c := startCluster(t, db.dsn())
	b := signIn(t, c.server, alice)
	app := b.register(acme, "Edited", "confidential", callback)
	conn := db.connect(t)
	version := func() (n int) {
		require.NoError(t, conn.QueryRow(t.Context(), `SELECT version FROM oauth_applications WHERE client_id = $1`, app.ClientID).Scan(&n))
		return n
	}
	before := version()
	names := map[string]string{}
	forms := make([]*form, editors)
	for i := range forms { // before any of them saves
		name, target := fmt.Sprintf("Edited by %d", i), fmt.Sprintf("https://app.example.com/callback/%d", i)
		names[name] = target
		forms[i] = b.get(app.path("edit")).form(app.path()).set("name", name).set("callback_url", target).set("description", target)
	}
	statuses := make([]int, editors)
	var edits sync.WaitGroup
	for i, form := range forms {
		edits.Go(func() {
			req, err := http.NewRequest(http.MethodPost, form.action.String(), strings.NewReader(form.fields.Encode()))
			if err != nil {
				return
			}
			req.Header.Set("Content-Type", formType)
			req.Header.Set("Origin", c.URL)
			for _, cookie := range b.client.Jar.Cookies(req.URL) {
				req.AddCookie(cookie)
			}
			if a, err := send(req); err == nil {
				statuses[i] = a.Status
			}
		})
	}
	edits.Wait()
	saved := 0
	for _, status := range statuses {
		require.Contains(t, []int{http.StatusSeeOther, http.StatusConflict}, status)
		if status == http.StatusSeeOther {
			saved++
		}
	}
	require.Equal(t, 1, saved)

	form := b.get(app.path("edit")).form(app.path())
	require.Contains(t, names, form.fields.Get("name"))
	require.Equal(t, names[form.fields.Get("name")], strings.TrimSpace(form.fields.Get("callback_url")))
	require.Equal(t, names[form.fields.Get("name")], form.fields.Get("description"))
	require.Equal(t, saved, version()-before, "each that was saved is a version")
}

// A key is replaced in the three steps of the server's usage, node by node,
// while people stay signed in, forms stay open and clients keep their tokens.
func TestClusterReplacesKey(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "-store", newDatabase(t).dsn())
	dir := t.TempDir() // each node has a file of its own, as on machines of their own
	file := func(i int) string { return filepath.Join(dir, fmt.Sprintf("node-%d", i)) }
	write := func(i int, keys ...string) {
		require.NoError(t, os.WriteFile(file(i), []byte(strings.Join(keys, "\n")+"\n"), 0o600))
	}
	oldKey, newKey := strings.Repeat("b2xk", 10)+"b2w=", strings.Repeat("bmV3", 10)+"bmU=" // 32 bytes in base64
	for i := range c.nodes {
		write(i, oldKey)
		c.replace(t, i, "-key-file", file(i))
	}
	b := signIn(t, c.server, alice)
	app := b.register(acme, "Patient", "confidential", callback)
	tokens := c.tokens(t, b, app, acme)

	// open opens one form of each kind and returns what sends them, which has
	// to work.
	open := func(b *browser) func() {
		verifier := newVerifier()
		consent := b.get(c.authorizeURL(app, verifier, "scope", "read write")).form("/oauth/authorize")
		edit := b.get(app.path("edit")).form(app.path())
		return func() {
			consent.set("account_id", acme)
			sent := consent.submit("decision", "authorize").redirect()
			require.Equal(t, http.StatusOK, c.exchange(t, app, sent.Query().Get("code"), verifier).Status, "%s", sent)
			require.Equal(t, app.path(), edit.submit().URL.Path)
		}
	}
	turn := func(b *browser, keys ...string) {
		for i := range c.nodes {
			send := open(b)
			require.Zero(t, c.nodes[i].stop(t))
			write(i, keys...)
			c.replace(t, i, "-key-file", file(i))
			for range c.nodes {
				require.Equal(t, home(acme), b.get(home(acme)).URL.Path, "still signed in")
				signIn(t, c.server, bob)
			}
			send()
		}
	}
	turn(b, oldKey, newKey)
	turn(b, newKey, oldKey)
	b = signIn(t, c.server, alice) // in place of the day in which the old key's signatures end
	turn(b, newKey)

	c.everywhere(t, tokens.str("access_token"), http.StatusOK)
	require.Equal(t, http.StatusOK, c.refresh(t, app, tokens.str("refresh_token")).Status)
}
