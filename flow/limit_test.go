package flow_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
)

// What the library's own limiter allows, as Config.Limiter says.
const (
	clientFailures  = 64
	networkFailures = 512
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

// Who fails again and again is told to wait, a client that does not exist as
// one that does. Nobody else notices, and neither does who has the secret.
func TestFailuresAreLimited(t *testing.T) {
	for path, params := range map[string]url.Values{
		"/oauth/token":      {"grant_type": {"refresh_token"}, "refresh_token": {"x"}},
		"/oauth/revoke":     {"token": {"x"}},
		"/oauth/introspect": {"token": {"x"}},
	} {
		t.Run(path, func(t *testing.T) {
			h := newHost(t)
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
				authenticates(send(id, h.secret))
			}
			known, unknown := send(id, wrong), send("nobody", wrong)
			requireLimited(t, known, 10)
			require.Equal(t, []any{known.Code, known.Header(), known.Body}, []any{unknown.Code, unknown.Header(), unknown.Body})
			requireLimited(t, h.post(path, params, basic(id, wrong)), 10)
			requireLimited(t, send(id, ""), 10)

			authenticates(send(id, h.secret))
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

// A client that has its secret is kept out by nobody, not even where all share
// one address, as behind a proxy that the host does not know of. This process
// has never seen the client before.
func TestNobodyLocksOutAClientWithItsSecret(t *testing.T) {
	s := newService(t)
	for i := range networkFailures + 1 {
		s.post(authenticated, url.Values{"client_id": {fmt.Sprint("nobody", i)}, "client_secret": {"x"}})
		s.post(authenticated, credentialsOf(s.app, fmt.Sprint("wrong", i)))
	}
	requireLimited(t, s.post(authenticated, credentialsOf(s.app, "wrong")), 10)
	for range networkFailures + 1 {
		require.Equal(t, http.StatusOK, s.post(authenticated, with(credentialsOf(s.app, s.secret), "token", unissued)).Code)
		require.Equal(t, http.StatusOK, s.post(authenticated, with(credentialsOf(s.public, ""), "token", unissued)).Code)
	}
}

// A request fails whatever is wrong with its credentials, and however far they
// came.
func TestEveryFailureIsCounted(t *testing.T) {
	for name, tt := range map[string]struct {
		path string
		form url.Values
		edit []func(*http.Request)
		wait int // once limited, in seconds
	}{
		"nothing":            {path: authenticated, wait: 10},
		"assertion":          {path: authenticated, form: url.Values{"client_assertion": {"x"}}, wait: 10},
		"assertion and ID":   {path: authenticated, form: url.Values{"client_id": {"somebody"}, "client_assertion_type": {"x"}}, wait: 10},
		"malformed Basic":    {path: authenticated, edit: []func(*http.Request){header("Authorization", "Basic !")}, wait: 10},
		"another scheme":     {path: authenticated, edit: []func(*http.Request){header("Authorization", "Digest x")}, wait: 10},
		"endless ID":         {path: authenticated, form: url.Values{"client_id": {strings.Repeat("a", 256)}}, wait: 10},
		"two clients":        {path: authenticated, form: url.Values{"client_id": {"somebody"}}, edit: []func(*http.Request){basic("else", "x")}, wait: 10},
		"public introspects": {path: "/oauth/introspect", form: url.Values{"client_id": {""}}, wait: 10},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			if tt.form.Has("client_id") && tt.form.Get("client_id") == "" {
				tt.form.Set("client_id", s.public.ClientID)
			}
			for range clientFailures {
				requireError(t, s.post(tt.path, with(tt.form, "token", "x"), tt.edit...), 401, flow.InvalidClient)
			}
			requireLimited(t, s.post(tt.path, with(tt.form, "token", "x"), tt.edit...), tt.wait)
		})
	}
}

// One address cannot try ever new client IDs; an IPv6 address is all that one
// caller has.
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

// Many failures at once are limited as one by one, and each asks the store
// once.
func TestFailuresAtOnce(t *testing.T) {
	s := newService(t)
	statuses := atOnce(4*clientFailures, func(i int) int {
		if i%2 == 0 {
			return s.post(authenticated, with(credentialsOf(s.app, s.secret), "token", unissued)).Code
		}
		return s.post(authenticated, credentialsOf(s.app, fmt.Sprint("wrong", i))).Code
	})
	require.Equal(t, map[int]int{200: 2 * clientFailures, 401: clientFailures, 429: clientFailures}, statuses)
	require.Equal(t, 4*clientFailures, s.store.counted()["Client"])
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

// An outage of the store is nobody's failure.
func TestOutagesAreNotCounted(t *testing.T) {
	s := newService(t)
	s.store.fail(errBroken, "Client")
	for range 2 * clientFailures {
		requireOutage(t, s.post(authenticated, credentialsOf(s.app, "wrong")))
	}
	s.store.reset()
	requireError(t, s.post(authenticated, credentialsOf(s.app, "wrong")), 401, flow.InvalidClient)
}

// The log of security events tells who was limited.
func TestLimitedEvent(t *testing.T) {
	s := newService(t)
	for range clientFailures + 1 {
		s.post(authenticated, credentialsOf(s.app, "wrong"), header("User-Agent", "guesser/1"))
	}
	events := s.events.take()
	require.Len(t, events, clientFailures+1)
	last := events[clientFailures]
	require.Equal(t, oauthapp.ClientAuthenticationLimited, last.Type)
	require.Equal(t, oauthapp.Actor{RemoteAddr: "192.0.2.1", UserAgent: "guesser/1"}, last.Actor)
	require.Equal(t, []any{s.app.ClientID, s.app.ID, "too many failed attempts", s.clock.Now()}, []any{last.ClientID, last.ApplicationID, last.Reason, last.Time})
}

// A hostLimiter is a limiter of the host's that a test sets and listens to.
type hostLimiter struct {
	wait   time.Duration
	err    error
	failed []flow.FailedAuthentication
}

func (l *hostLimiter) Failed(_ context.Context, f flow.FailedAuthentication) (time.Duration, error) {
	l.failed = append(l.failed, f)
	return l.wait, l.err
}

func TestLimiterOfTheHost(t *testing.T) {
	l := &hostLimiter{}
	s := newService(t, func(cfg *flow.Config) { cfg.Limiter = l })
	right, wrong := with(credentialsOf(s.app, s.secret), "token", unissued), credentialsOf(s.app, "wrong")
	s.store.fail(errBroken, "Client")
	requireOutage(t, s.post(authenticated, wrong))
	s.store.reset()
	require.Equal(t, 200, s.post(authenticated, right).Code)
	require.Empty(t, l.failed, "neither an outage nor a success is a failure")

	for range 2 * clientFailures {
		requireError(t, s.post(authenticated, wrong), 401, flow.InvalidClient)
	}
	require.Len(t, l.failed, 2*clientFailures, "the library's own has no say")
	require.Equal(t, flow.FailedAuthentication{ClientID: s.app.ClientID, Network: "192.0.2.1"}, l.failed[0])
	requireError(t, s.post(authenticated, nil, from("[2001:db8::1]:1")), 401, flow.InvalidClient)
	requireError(t, s.post(authenticated, url.Values{"client_id": {strings.Repeat("a", 256)}}), 401, flow.InvalidClient)
	require.Equal(t, []flow.FailedAuthentication{{Network: "2001:db8::/64"}, {Network: "192.0.2.1"}}, l.failed[2*clientFailures:])

	l.wait = 1500 * time.Millisecond
	requireLimited(t, s.post(authenticated, wrong), 2)
	require.Equal(t, 200, s.post(authenticated, right).Code)
}

// However many wait for one answer, a host's limiter is asked once for each
// failure.
func TestLimiterOfTheHostIsAskedOncePerFailure(t *testing.T) {
	l := &countingLimiter{}
	s := newService(t, func(cfg *flow.Config) { cfg.Limiter = l })
	require.Equal(t, map[int]int{429: 500}, atOnce(500, func(int) int { return s.post(authenticated, credentialsOf(s.app, "wrong")).Code }))
	require.EqualValues(t, 500, l.failures.Load())
}

// A countingLimiter has everybody wait.
type countingLimiter struct{ failures atomic.Int64 }

func (l *countingLimiter) Failed(context.Context, flow.FailedAuthentication) (time.Duration, error) {
	l.failures.Add(1)
	return time.Second, nil
}

// Where the host's limiter fails, the library's own decides: nobody is refused
// for that.
func TestLimiterOutage(t *testing.T) {
	l := &hostLimiter{err: errors.New("dial tcp 10.1.2.3:6379: connection refused"), wait: time.Hour}
	s := newService(t, func(cfg *flow.Config) { cfg.Limiter = l })
	require.Equal(t, 200, s.post(authenticated, with(credentialsOf(s.app, s.secret), "token", unissued)).Code)
	for range clientFailures {
		requireError(t, s.post(authenticated, credentialsOf(s.app, "wrong")), 401, flow.InvalidClient)
	}
	require.Contains(t, s.log.String(), "10.1.2.3:6379")
	requireLimited(t, s.post(authenticated, credentialsOf(s.app, "wrong")), 10)
}

// unlimited is for tests and benchmarks that fail more often than any client
// may.
type unlimited struct{}

func (unlimited) Failed(context.Context, flow.FailedAuthentication) (time.Duration, error) {
	return 0, nil
}
