//go:build unix

package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// A racer does what can be done once, many times at once and at different
// nodes.
type racer struct {
	t       *testing.T
	c       *cluster
	browser *browser
	app     application
	holder  holder
}

// startRacer starts a cluster on a store, and an application on it.
func startRacer(t *testing.T, store string) *racer {
	c := newCluster(t, "-store", store, "-key-file", t.TempDir()+"/key")
	c.nodes[0] = c.spawn(t) // which makes the store and the keys
	c.nodes[0].await(t)
	c.proxy.set(0, c.nodes[0])
	for i := 1; i < size; i++ {
		c.replace(t, i)
	}
	b := signIn(t, c.server, alice)
	return &racer{t, c, b, b.register(acme, "Racing", "confidential", callback), newHolder(t)}
}

// atOnce does something n times at once, and counts what came of it.
func (r *racer) atOnce(n int, do func(i int) string) map[string]int {
	outcomes := make([]string, n)
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			outcomes[i] = do(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	count := map[string]int{}
	for _, outcome := range outcomes {
		count[outcome]++
	}
	return count
}

// outcome is the error code of an answer, or "granted". What was granted is
// noted.
func outcome(a answer, granted *sync.Map) string {
	switch {
	case a.Status == http.StatusOK:
		granted.Store(a.str("access_token"), true)
		return "granted"
	case a.str("error") != "":
		return a.str("error")
	}
	return fmt.Sprint(a.Status, " ", a.Body)
}

// node is the ith node, whose requests are for the URL of the cluster.
func (r *racer) node(i int) *server { return r.c.nodes[i%size] }

func (r *racer) code() url.Values {
	verifier := newVerifier()
	callback := r.browser.authorize(r.c.authorizeURL(r.app, verifier, "account_id", acme), acme)
	return r.app.as(redemption(r.app, callback.Query().Get("code"), verifier))
}

// proofs redeems different codes with one proof.
func (r *racer) proofs(granted *sync.Map) map[string]int {
	codes := make([]url.Values, 10)
	for i := range codes {
		codes[i] = r.code()
	}
	proof := r.holder.proof(http.MethodPost, r.c.URL+"/oauth/token", "")
	return r.atOnce(len(codes), func(i int) string {
		return outcome(r.node(i).postWith(r.t, "/oauth/token", codes[i], proof), granted)
	})
}

// polls polls for one device with proofs of their own, while the user has said
// yes.
func (r *racer) polls(granted *sync.Map) map[string]int {
	asked := r.c.post(r.t, "/oauth/device_authorization", r.app.as(url.Values{}))
	require.Equal(r.t, http.StatusOK, asked.Status, "%s", asked.Body)
	require.Contains(r.t, r.browser.decideOnDevice(asked.str("user_code"), "authorize", acme).text(), "Your device is connected")
	fields := r.app.as(url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {asked.str("device_code")}})
	proofs := make([]string, 50)
	for i := range proofs {
		proofs[i] = r.holder.proof(http.MethodPost, r.c.URL+"/oauth/token", "")
	}
	return r.atOnce(len(proofs), func(i int) string {
		return outcome(r.node(i).postWith(r.t, "/oauth/token", fields, proofs[i]), granted)
	})
}

// pushes has one pushed request decided many times, and each code redeemed.
func (r *racer) pushes(granted *sync.Map) map[string]int {
	verifier := newVerifier()
	_, query, _ := strings.Cut(r.c.authorizeURL(r.app, verifier, "prompt", "consent"), "?")
	fields, err := url.ParseQuery(query)
	require.NoError(r.t, err)
	pushed := r.c.post(r.t, "/oauth/par", r.app.as(fields))
	require.Equal(r.t, http.StatusCreated, pushed.Status, "%s", pushed.Body)
	asked := url.Values{"client_id": {r.app.ClientID}, "request_uri": {pushed.str("request_uri")}}
	yes := r.browser.get("/oauth/authorize?" + asked.Encode()).form("/oauth/authorize")
	yes.set("account_id", acme).set("decision", "authorize")
	return r.atOnce(20, func(int) string {
		a := r.c.postAs(r.t, r.browser, "/oauth/authorize", yes.fields)
		code, err := a.code(nil)
		if err != nil {
			return fmt.Sprint(a.Status)
		}
		proof := r.holder.proof(http.MethodPost, r.c.URL+"/oauth/token", "")
		return outcome(r.c.postWith(r.t, "/oauth/token", r.app.as(redemption(r.app, code, verifier)), proof), granted)
	})
}

// revokeAll has the owner revoke all users' tokens.
func (r *racer) revokeAll(b *browser) {
	require.Less(r.t, b.get(r.app.path("revoke")).form(r.app.path("revoke")).submit().Status, 300)
}

// What can be done once is done once, however many try at once, at several
// nodes: a proof at the token endpoint, a yes to a pushed request, a poll after
// a yes. While somebody revokes all tokens it is done once or not at all, and
// no token is good after that.
func TestOnceAtSeveralNodes(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]func(*testing.T) string{
		"SQLite":     sqlite,
		"PostgreSQL": func(t *testing.T) string { return newDatabase(t).dsn() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startRacer(t, store(t))
			var granted sync.Map
			for range 3 {
				require.Equal(t, map[string]int{"granted": 1, "invalid_dpop_proof": 9}, r.proofs(&granted))
				require.Equal(t, map[string]int{"granted": 1, "invalid_grant": 49}, r.polls(&granted))
				require.Equal(t, map[string]int{"granted": 1, "400": 19}, r.pushes(&granted))
			}
			granted.Range(func(access, _ any) bool {
				require.Equal(t, http.StatusOK, r.holder.call(r.c.server, access.(string)).Status)
				return true
			})
			r.raceWithRevocation(&granted)
		})
	}
}

// raceWithRevocation does the same while all tokens are revoked again and
// again.
func (r *racer) raceWithRevocation(granted *sync.Map) {
	owner := signIn(r.t, r.c.server, alice)
	var over atomic.Bool
	var revoking sync.WaitGroup
	revocations := 0
	revoking.Go(func() {
		for ; !over.Load(); revocations++ {
			r.revokeAll(owner)
		}
	})
	end := func() {
		over.Store(true)
		revoking.Wait()
	}
	defer end()
	for range 3 {
		for what, count := range map[string]map[string]int{"proofs": r.proofs(granted), "polls": r.polls(granted), "pushes": r.pushes(granted)} {
			require.LessOrEqual(r.t, count["granted"], 1, "%s: %v", what, count)
			for outcome := range count {
				require.Contains(r.t, []string{"granted", "invalid_grant", "invalid_dpop_proof", "access_denied", "400"}, outcome, what)
			}
		}
	}
	end()
	require.Greater(r.t, revocations, 3)
	r.revokeAll(owner)
	granted.Range(func(access, _ any) bool {
		for i := range size {
			require.Equal(r.t, http.StatusUnauthorized, r.callAt(i, access.(string)), "node %d", i)
		}
		return true
	})
}

// callAt is a call of the API at the ith node itself.
func (r *racer) callAt(i int, access string) int {
	return r.node(i).request(r.t, http.MethodGet, "/v2/whoami", "", func(req *http.Request) {
		req.Header.Set("Authorization", "DPoP "+access)
		req.Header.Set("DPoP", r.holder.proof(http.MethodGet, r.c.URL+"/v2/whoami", access))
	}).Status
}
