//go:build unix

package e2e

import (
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// steps are flows that somebody else finishes later: between any two of their
// steps something breaks, and is there again.
type steps struct {
	t      *testing.T
	server *server
	app    application
	holder holder
	// breaks is called between two steps.
	breaks func()
	// user is the browser of the user, who need not sign in again.
	user *browser
}

// proof is one for the token endpoint.
func (s *steps) proof() string {
	return s.holder.proof(http.MethodPost, s.server.URL+"/oauth/token", "")
}

// pushed is a pushed authorization request (RFC 9126): the push, the page, the
// decision, the exchange of the code, and none of them once more.
func (s *steps) pushed() {
	t, verifier := s.t, newVerifier()
	_, query, _ := strings.Cut(s.server.authorizeURL(s.app, verifier, "prompt", "consent", "dpop_jkt", s.holder.thumbprint()), "?")
	fields, err := url.ParseQuery(query)
	require.NoError(t, err)
	pushed := s.server.post(t, "/oauth/par", s.app.as(fields))
	require.Equal(t, http.StatusCreated, pushed.Status, "%s", pushed.Body)
	s.breaks()
	asked := url.Values{"client_id": {s.app.ClientID}, "request_uri": {pushed.str("request_uri")}}
	yes := s.user.get("/oauth/authorize?"+asked.Encode()).form("/oauth/authorize").set("account_id", acme)
	s.breaks()
	callback := yes.submit("decision", "authorize").redirect()
	require.NotEmpty(t, callback.Query().Get("code"), "%s", callback)
	s.breaks()
	require.Equal(t, http.StatusBadRequest, yes.submit("decision", "authorize").Status, "the same request once more")
	redeem := s.app.as(redemption(s.app, callback.Query().Get("code"), verifier))
	proof := s.proof()
	tokens := s.server.postWith(t, "/oauth/token", redeem, proof)
	s.holder.requireBound(s.server, tokens)
	s.breaks()
	s.holder.requireBound(s.server, tokens)
	refresh := s.app.as(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.str("refresh_token")}})
	require.Equal(t, "invalid_dpop_proof", s.server.postWith(t, "/oauth/token", refresh, proof).str("error"), "the same proof once more")
	s.holder.requireBound(s.server, s.server.postWith(t, "/oauth/token", refresh, s.proof()))
}

// device is a device authorization (RFC 8628): the request, the page, the yes,
// the poll, and no other one.
func (s *steps) device() {
	t := s.t
	asked := s.server.post(t, "/oauth/device_authorization", s.app.as(url.Values{}))
	require.Equal(t, http.StatusOK, asked.Status, "%s", asked.Body)
	poll := func() answer {
		fields := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {asked.str("device_code")}}
		return s.server.postWith(t, "/oauth/token", s.app.as(fields), s.proof())
	}
	s.breaks()
	require.Equal(t, "authorization_pending", poll().str("error"))
	consent := s.user.get("/device").form("/device").set("user_code", asked.str("user_code")).submit()
	yes := consent.form("/device").set("account_id", acme)
	s.breaks()
	require.Contains(t, yes.submit("decision", "authorize").text(), "Your device is connected")
	s.breaks()
	tokens := poll()
	s.holder.requireBound(s.server, tokens)
	s.breaks()
	require.Equal(t, "invalid_grant", poll().str("error"), "a poll once more")
	s.holder.requireBound(s.server, tokens)

	asked = s.server.post(t, "/oauth/device_authorization", s.app.as(url.Values{}))
	require.Contains(t, s.user.decideOnDevice(asked.str("user_code"), "deny", "").text(), "Access denied")
	s.breaks()
	require.Equal(t, "access_denied", poll().str("error"))
}

// A server on SQLite is killed between any two steps of what a client pushed
// and of what a device asked for, and nothing is lost or good twice.
func TestKillBetweenSteps(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := newCluster(t, "-store", "sqlite:"+filepath.Join(dir, "oauthapps.db"), "-key-file", filepath.Join(dir, "key"))
	c.replace(t, 0)
	for i := 1; i < size; i++ {
		c.proxy.set(i, c.nodes[0])
	}
	b := signIn(t, c.server, alice)
	s := &steps{t: t, server: c.server, app: b.register(acme, "Steps", "confidential", callback), holder: newHolder(t), user: b}
	s.breaks = func() {
		c.nodes[0].kill()
		c.replace(t, 0)
		for i := 1; i < size; i++ {
			c.proxy.set(i, c.nodes[0])
		}
	}
	s.pushed()
	s.device()
}

// PostgreSQL crashes and is started again between any two steps, and so is one
// of the nodes.
func TestDatabaseCrashesBetweenSteps(t *testing.T) {
	t.Parallel()
	pg := newPostgres(t)
	c := startCluster(t, makeDatabase(t, pg.URL, "").dsn())
	b := signIn(t, c.server, alice)
	s := &steps{t: t, server: c.server, app: b.register(acme, "Steps", "confidential", callback), holder: newHolder(t), user: b}
	broken := 0
	s.breaks = func() {
		pg.stop(stopImmediate)
		c.nodes[broken%size].kill()
		pg.start(t)
		c.replace(t, broken%size)
		for _, node := range c.nodes {
			node.recovers(t)
		}
		broken++
	}
	s.pushed()
	s.device()
	require.Greater(t, broken, size)
}
