package flow_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// What the library's own limiter allows, as Config.Limiter says.
const (
	clientFailures  = 64
	networkFailures = 512
	remembered      = 1 << 14 // clients that were right, and as many before
)

func from(address string) func(*http.Request) {
	return func(r *http.Request) { r.RemoteAddr = address }
}

// requireLimited checks an answer to a client that is to wait.
func requireLimited(t *testing.T, w *httptest.ResponseRecorder, seconds int) {
	t.Helper()
	require.Equal(t, http.StatusTooManyRequests, w.Code, w.Body.String())
	require.JSONEq(t, `{"error":"temporarily_unavailable","error_description":"too many failed attempts to authenticate the client"}`, w.Body.String())
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.Equal(t, strconv.Itoa(seconds), w.Header().Get("Retry-After"))
}

// RFC 6749, section 2.3.1: an endpoint that takes a client secret is protected against
// guessing it. Who guesses is stopped before the store; a client that does not
// exist is as one that does; and nobody else notices.
func TestGuessingIsLimited(t *testing.T) {
	for path, params := range map[string]url.Values{
		"/oauth/token":      {"grant_type": {"refresh_token"}, "refresh_token": {"x"}},
		dnsimplePath:        {"grant_type": {"authorization_code"}, "code": {"x"}},
		"/oauth/revoke":     {"token": {"x"}},
		"/oauth/introspect": {"token": {"x"}},
	} {
		t.Run(path, func(t *testing.T) {
			h := newHost(t)
			other, otherSecret := h.register(oauthapp.Confidential)
			send := func(id, secret string, edit ...func(*http.Request)) *httptest.ResponseRecorder {
				return h.post(path, change(params, "client_id", id, "client_secret", secret), edit...)
			}
			authenticates := func(w *httptest.ResponseRecorder) {
				t.Helper()
				require.Contains(t, []int{200, 400}, w.Code) // 400 for the code or token "x"
				require.NotContains(t, w.Body.String(), flow.InvalidClient)
			}
			id, wrong := h.app.ClientID, h.credentials.NewClientSecret().Reveal()
			h.issued = append(h.issued, wrong) // which may be another client's
			for range clientFailures {
				known, unknown := send(id, wrong), send("nobody", wrong)
				requireError(t, known, 401, flow.InvalidClient)
				require.Equal(t, []any{known.Code, known.Header(), known.Body}, []any{unknown.Code, unknown.Header(), unknown.Body})
			}
			h.store.reset()
			known, unknown := send(id, wrong), send("nobody", wrong)
			requireLimited(t, known, 10)
			require.Equal(t, []any{known.Code, known.Header(), known.Body}, []any{unknown.Code, unknown.Header(), unknown.Body})
			requireLimited(t, h.post(path, params, basic(id, wrong)), 10)
			requireLimited(t, send(id, ""), 10)
			require.Empty(t, h.store.counted(), "what is limited never reaches the store")

			authenticates(send(other.ClientID, otherSecret))
			authenticates(send(id, h.secret, from("192.0.2.2:1")))
			if path != "/oauth/introspect" { // which is not for public clients
				authenticates(send(h.public.ClientID, ""))
			}
			requireError(t, send(id, wrong, from("192.0.2.2:1")), 401, flow.InvalidClient)

			h.clock.advance(10*time.Second - 1500*time.Millisecond)
			requireLimited(t, send(id, wrong), 2)
			h.clock.advance(1500 * time.Millisecond)
			requireError(t, send(id, wrong), 401, flow.InvalidClient)
			requireLimited(t, send(id, wrong), 10)
			h.clock.advance(time.Hour)
			for range clientFailures {
				requireError(t, send(id, wrong), 401, flow.InvalidClient)
			}
			requireLimited(t, send(id, wrong), 10)
		})
	}
}

// A client whose secret was wrong gets in with the right one at the next attempt that is
// looked at, and is not slowed down from then on.
func TestCorrectedSecret(t *testing.T) {
	s := newService(t)
	for range clientFailures {
		s.post(authenticated, credentialsOf(s.app, "wrong"))
	}
	right := with(credentialsOf(s.app, s.secret), "token", unissued)
	requireLimited(t, s.post(authenticated, right), 10)
	s.clock.advance(10 * time.Second)
	for range 3 * clientFailures {
		require.Equal(t, http.StatusOK, s.post(authenticated, right).Code)
	}
}

// Nor is it by another client that has a secret of its own, and writes it in ever other ways.
func TestOneClientHasNoOtherForgotten(t *testing.T) {
	s := newService(t)
	garbage := url.Values{"token": {unissued}}
	right := basic(s.app.ClientID, s.secret)
	require.Equal(t, http.StatusOK, s.post(authenticated, garbage, right).Code)
	for i := range networkFailures + 1 {
		s.post(authenticated, url.Values{"client_id": {fmt.Sprint("nobody", i)}, "client_secret": {"x"}})
	}
	other, secret := s.register(oauthapp.Confidential)
	variant := func(n int) string { // each of n's bits has a character escaped, or not
		pair := []byte(other.ClientID + ":")
		for i, c := range []byte(secret) {
			if n>>i&1 == 1 {
				pair = fmt.Appendf(pair, "%%%02x", c)
			} else {
				pair = append(pair, c)
			}
		}
		return "Basic " + base64.StdEncoding.EncodeToString(pair)
	}
	for n := range 2*remembered + 1 {
		require.Equal(t, http.StatusOK, s.post(authenticated, garbage, from("198.51.100.1:1"), header("Authorization", variant(n))).Code)
	}
	require.Equal(t, http.StatusOK, s.post(authenticated, garbage, right).Code)
}

// A client that has its secret is not locked out by whoever knows its client ID, not
// even from its own address, as everyone has behind a proxy that the host does not know of.
func TestNobodyLocksOutAClientAtWork(t *testing.T) {
	s := newService(t)
	right := with(credentialsOf(s.app, s.secret), "token", unissued)
	public := with(credentialsOf(s.public, ""), "token", unissued)
	require.Equal(t, http.StatusOK, s.post(authenticated, right).Code)
	require.Equal(t, http.StatusOK, s.post(authenticated, with(public, "client_secret", "any")).Code)
	for i := range networkFailures + 1 {
		s.post(authenticated, url.Values{"client_id": {fmt.Sprint("nobody", i)}, "client_secret": {"x"}})
		s.post(authenticated, credentialsOf(s.app, fmt.Sprint("wrong", i)))
	}
	requireLimited(t, s.post(authenticated, credentialsOf(s.app, "wrong")), 10)
	for range networkFailures + 1 {
		require.Equal(t, http.StatusOK, s.post(authenticated, right).Code)
		require.Equal(t, http.StatusOK, s.post(authenticated, public).Code)
	}

	// From the moment that it is revoked, the secret is as good as any other guess.
	next, err := s.Registry().ResetSecret(t.Context(), "developer", s.app.ID, 0)
	require.NoError(t, err)
	s.issued = append(s.issued, next.Reveal())
	requireError(t, s.post(authenticated, right), 401, flow.InvalidClient)
	require.Equal(t, http.StatusTooManyRequests, s.post(authenticated, right).Code)
}

// One address cannot try ever new client IDs; an IPv6 address is all that one caller has.
func TestNetworkIsLimited(t *testing.T) {
	for _, tt := range []struct {
		name, same, other string
		remoteAddr        func(*http.Request) string
	}{
		{name: "IPv4", same: "192.0.2.1:%d", other: "192.0.2.2:1"},
		{name: "IPv6", same: "[2001:db8:0:1::%x]:1", other: "[2001:db8:0:2::1]:1"},
		{name: "IPv4 in IPv6", same: "[::ffff:192.0.2.1]:%d", other: "[::ffff:192.0.2.2]:1"},
		{name: "zone", same: "[fe80::%x%%eth0]:1", other: "[fe80:0:0:1::1%eth0]:1"},
		{name: "what the host takes for one", same: "192.0.2.%d:1", other: "192.0.3.1:1", remoteAddr: func(r *http.Request) string {
			return "gateway of " + r.RemoteAddr[:len("192.0.2")]
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newService(t, func(cfg *flow.Config) { cfg.RemoteAddr = tt.remoteAddr })
			guess := func(client, address string) *httptest.ResponseRecorder {
				return s.post(authenticated, url.Values{"client_id": {client}, "client_secret": {"x"}}, from(address))
			}
			for i := range networkFailures {
				requireError(t, guess(fmt.Sprint("nobody", i), fmt.Sprintf(tt.same, i+1)), 401, flow.InvalidClient)
			}
			requireLimited(t, guess("somebody", fmt.Sprintf(tt.same, 1)), 1)
			requireError(t, guess("somebody", tt.other), 401, flow.InvalidClient)
			s.clock.advance(time.Second)
			requireError(t, guess("somebody", fmt.Sprintf(tt.same, 1)), 401, flow.InvalidClient)
			requireLimited(t, guess("somebody", fmt.Sprintf(tt.same, 1)), 1)
		})
	}
}

// Failures of one client leave room for the others at its address for good.
func TestOneClientThatFailsForever(t *testing.T) {
	s := newService(t)
	for range 10 * networkFailures {
		s.post(authenticated, credentialsOf(s.app, "wrong"))
		s.clock.advance(100 * time.Millisecond)
	}
	requireError(t, s.post(authenticated, url.Values{"client_id": {"nobody"}}), 401, flow.InvalidClient)
}

// Each guess is counted before it is looked at: many at once are not more than one by one.
func TestGuessesAtOnce(t *testing.T) {
	s := newService(t)
	statuses := atOnce(4*clientFailures, func(i int) int {
		return s.post(authenticated, credentialsOf(s.app, fmt.Sprint("wrong", i))).Code
	})
	require.Equal(t, map[int]int{401: clientFailures, 429: 3 * clientFailures}, statuses)
	require.Equal(t, map[string]int{"Client": clientFailures}, s.store.counted())
}

// A client may begin with any number of requests at once, as after a restart of this
// process: those that come while its secret is being looked at wait for that. Guesses gain
// nothing by it.
func TestCredentialsSentManyTimesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := newService(t, func(cfg *flow.Config) { cfg.Store = waitingStore{cfg.Store, release} })
		for _, tt := range []struct {
			form url.Values
			want map[int]int
		}{
			{with(credentialsOf(s.app, s.secret), "token", unissued), map[int]int{200: 500}},
			{with(credentialsOf(s.public, ""), "token", unissued), map[int]int{200: 500}},
			{credentialsOf(s.app, "wrong"), map[int]int{401: clientFailures, 429: 500 - clientFailures}},
		} {
			s.store.reset()
			statuses := make(chan map[int]int)
			go func() { statuses <- atOnce(500, func(int) int { return s.post(authenticated, tt.form).Code }) }()
			for range clientFailures {
				synctest.Wait() // until all have come as far as they come
				release <- struct{}{}
			}
			for {
				synctest.Wait()
				select {
				case release <- struct{}{}:
					continue
				case got := <-statuses:
					require.Equal(t, tt.want, got)
				}
				break
			}
		}
		require.Equal(t, clientFailures, s.store.counted()["Client"])
	})
}

// A request that waits in this way goes with its client.
func TestWaitingEndsWithTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := newService(t, func(cfg *flow.Config) { cfg.Store = waitingStore{cfg.Store, release} })
		var all sync.WaitGroup
		for range clientFailures {
			all.Go(func() { s.post(authenticated, credentialsOf(s.app, "wrong")) })
		}
		synctest.Wait()
		ctx, hangUp := context.WithCancel(t.Context())
		answered := make(chan *httptest.ResponseRecorder)
		go func() {
			answered <- s.post(authenticated, credentialsOf(s.app, "wrong"), func(r *http.Request) { *r = *r.WithContext(ctx) })
		}()
		synctest.Wait()
		select {
		case <-answered:
			t.Fatal("it did not wait")
		default:
		}
		requireLimited(t, s.post(authenticated, credentialsOf(s.app, "another")), 10) // which waits for nobody
		hangUp()
		requireLimited(t, <-answered, 10)
		close(release)
		all.Wait()
	})
}

// A waitingStore finds a client when it is told to.
type waitingStore struct {
	store.Store
	release <-chan struct{}
}

func (s waitingStore) Client(ctx context.Context, clientID string, session uuid.UUID, now time.Time) (store.Client, error) {
	<-s.release
	return s.Store.Client(ctx, clientID, session, now)
}

// atOnce counts the results of n concurrent calls.
func atOnce(n int, f func(i int) int) map[int]int {
	var mu sync.Mutex
	results := map[int]int{}
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			result := f(i)
			mu.Lock()
			defer mu.Unlock()
			results[result]++
		})
	}
	close(start)
	wg.Wait()
	return results
}

// An outage of the store is nobody's failure, but who hangs up has had the guess looked at.
func TestUnjudgedAttempts(t *testing.T) {
	s := newService(t)
	right := with(credentialsOf(s.app, s.secret), "token", unissued)
	s.store.fail(errBroken, "Client")
	for range 2 * clientFailures {
		requireOutage(t, s.post(authenticated, right))
	}
	s.store.reset()
	requireError(t, s.post(authenticated, credentialsOf(s.app, "wrong")), 401, flow.InvalidClient)

	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	for range clientFailures - 1 {
		s.post(authenticated, credentialsOf(s.app, "wrong"), func(r *http.Request) { *r = *r.WithContext(gone) })
	}
	requireLimited(t, s.post(authenticated, right), 10)
}

// The log of security events tells who was stopped, once a minute, and does not take a
// credential for a name.
func TestLimitedEvent(t *testing.T) {
	s := newService(t)
	fail := func(id string) {
		for range clientFailures + 5 {
			s.post(authenticated, url.Values{"client_id": {id}, "client_secret": {"x"}}, header("User-Agent", "guesser/1"))
		}
	}
	fail(s.app.ClientID)
	events := s.events.take()
	require.Len(t, events, clientFailures+1)
	last := events[clientFailures]
	require.Equal(t, oauthapp.ClientAuthenticationLimited, last.Type)
	require.Equal(t, oauthapp.Actor{RemoteAddr: "192.0.2.1", UserAgent: "guesser/1"}, last.Actor)
	require.Equal(t, []any{s.app.ClientID, "too many failed attempts", s.clock.Now()}, []any{last.ClientID, last.Reason, last.Time})

	s.clock.advance(time.Minute)
	fail(s.app.ClientID)
	require.Equal(t, 1, len(slices.DeleteFunc(s.events.take(), func(e oauthapp.Event) bool { return e.Type != oauthapp.ClientAuthenticationLimited })))

	fail(s.secret)
	events = s.events.take()
	require.Equal(t, oauthapp.ClientAuthenticationLimited, events[len(events)-1].Type)
	require.Empty(t, events[len(events)-1].ClientID)
}

// Who is stopped whatever client ID they try does not get an event for each.
func TestLimitedEventsOfANetwork(t *testing.T) {
	s := newService(t)
	limited := func(n int) (reported int) {
		for i := range n {
			s.post(authenticated, url.Values{"client_id": {fmt.Sprint("guess-", i)}, "client_secret": {"x"}})
		}
		for _, e := range s.events.take() {
			if e.Type == oauthapp.ClientAuthenticationLimited {
				reported++
			}
		}
		return reported
	}
	require.Zero(t, limited(networkFailures))
	require.Equal(t, 10, limited(100))
	require.Zero(t, limited(100))
	s.clock.advance(time.Minute)
	require.Equal(t, 1, limited(networkFailures))
}

// A hostLimiter is a limiter of the host's that a test sets and listens to.
type hostLimiter struct {
	wait     time.Duration
	err      error
	taken    []flow.Attempt
	returned []flow.Attempt
}

func (l *hostLimiter) Take(_ context.Context, a flow.Attempt) (time.Duration, error) {
	l.taken = append(l.taken, a)
	return l.wait, l.err
}

func (l *hostLimiter) Return(ctx context.Context, a flow.Attempt) error {
	l.returned = append(l.returned, a)
	return errors.Join(l.err, ctx.Err())
}

func TestLimiterOfTheHost(t *testing.T) {
	l := &hostLimiter{}
	s := newService(t, func(cfg *flow.Config) { cfg.Limiter = l })
	right := with(credentialsOf(s.app, s.secret), "token", unissued)
	unproven := flow.Attempt{ClientID: s.app.ClientID, Network: "192.0.2.1"}
	proven := unproven
	proven.Proven = true

	s.store.fail(errBroken, "Client")
	requireOutage(t, s.post(authenticated, right))
	s.store.reset()
	requireError(t, s.post(authenticated, credentialsOf(s.app, "wrong")), 401, flow.InvalidClient)
	require.Equal(t, 200, s.post(authenticated, right).Code)
	require.Equal(t, 200, s.post(authenticated, right).Code)
	requireError(t, s.post(authenticated, credentialsOf(s.app, "wrong")), 401, flow.InvalidClient)
	require.Equal(t, []flow.Attempt{unproven, unproven, unproven, proven, unproven}, l.taken)
	require.Equal(t, []flow.Attempt{unproven, unproven, proven}, l.returned, "of the outage and the successes")

	// What is in no shape to be judged is no attempt.
	requireError(t, s.post(authenticated, url.Values{"token": {"x"}}), 401, flow.InvalidClient)
	requireError(t, s.post(authenticated, url.Values{"client_id": {strings.Repeat("a", 256)}}), 401, flow.InvalidClient)
	require.Len(t, l.taken, 5)

	s.store.reset()
	l.wait = 1500 * time.Millisecond
	requireLimited(t, s.post(authenticated, right), 2)
	require.Empty(t, s.store.counted())
	require.Len(t, l.returned, 3)
}

// Where the host's limiter fails, the library's own decides: nobody is refused for that, and
// nobody guesses at will.
func TestLimiterOutage(t *testing.T) {
	l := &hostLimiter{err: errors.New("dial tcp 10.1.2.3:6379: connection refused")}
	s := newService(t, func(cfg *flow.Config) { cfg.Limiter = l })
	require.Equal(t, 200, s.post(authenticated, with(credentialsOf(s.app, s.secret), "token", unissued)).Code)
	require.Empty(t, l.returned, "it counted nothing")
	require.Contains(t, s.log.String(), "10.1.2.3:6379")
	for range clientFailures {
		requireError(t, s.post(authenticated, credentialsOf(s.app, "wrong")), 401, flow.InvalidClient)
	}
	requireLimited(t, s.post(authenticated, credentialsOf(s.app, "wrong")), 10)
}

// unlimited is for tests and benchmarks that fail more often than any client may.
type unlimited struct{}

func (unlimited) Take(context.Context, flow.Attempt) (time.Duration, error) { return 0, nil }
func (unlimited) Return(context.Context, flow.Attempt) error                { return nil }
