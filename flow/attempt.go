package flow

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// attempts watches the attempts to authenticate at a provider: which credentials were
// right lately, and whom its limiter stopped.
type attempts struct {
	limiter  Limiter // the host's
	fallback *limiter

	era atomic.Int64 // one that ended has nobody recognized by what was proven in it

	mu       sync.Mutex
	proven   recent[proof]   // that a client ID and a secret belong together
	inFlight map[key]*flight // of a client ID and a secret that may belong together
	reported buckets         // clients, each at a network
	networks buckets         // that clients were reported of
}

// A proof tells of credentials when a store was last asked that said yes.
type proof struct {
	at       time.Time
	era      int64
	clientID string
	secret   credential.Digest // zero for a public client
}

// A flight is one or more attempts with the same credentials that are looked at.
type flight struct {
	n       int
	settled chan struct{} // closed when it is known of the next of them how it ended
}

func newAttempts(cfg Config) *attempts {
	a := &attempts{
		limiter:  cfg.Limiter,
		fallback: newLimiter(cfg.Now),
		proven:   newRecent[proof](maxLimited),
		inFlight: map[key]*flight{},
		reported: newBuckets(1, reportPace),
		networks: newBuckets(reportBurst, reportPace),
	}
	if a.limiter == nil {
		a.limiter = a.fallback
	}
	return a
}

// An attempt is one that was let through. It stays counted as a failure unless succeeded,
// named or unjudged is called, and it ends with end.
type attempt struct {
	Attempt
	p           *Provider
	r           *http.Request
	counted     Limiter
	credentials key
	secret      credential.Digest
	proof       proof // if Proven
	era         int64 // in which the store is asked
	flight      key   // the credentials as presented
}

// attempt begins an attempt, or returns the refusal of one that is limited.
//
// An attempt that would be limited while the very same credentials are looked at waits for
// what comes of them. So a client that begins with more requests at once than may
// fail, as after a restart of this process, has them all answered if its secret is right,
// and a guess is none the better for being sent twice.
func (p *Provider) attempt(r *http.Request, presented clientCredentials) (attempt, *Error) {
	a := attempt{
		Attempt:     Attempt{ClientID: presented.id, Network: network(p.cfg.RemoteAddr(r))},
		p:           p,
		r:           r,
		credentials: presented.key,
		secret:      presented.secret,
		flight:      presented.key,
	}
	for {
		a.proof, a.Proven, a.era = p.attempts.proofOf(a.credentials)
		wait := a.take()
		if wait <= 0 {
			a.begin()
			return a, nil
		}
		if !a.Proven && a.awaitOthers() {
			continue
		}
		p.limited(r, a.Attempt)
		return attempt{}, &Error{
			Code:        TemporarilyUnavailable,
			Description: "too many failed attempts to authenticate the client",
			Status:      http.StatusTooManyRequests,
			retryAfter:  wait,
		}
	}
}

// take has the attempt counted, and returns 0 or how long to wait.
func (a *attempt) take() time.Duration {
	a.counted = a.p.attempts.limiter
	wait, err := a.counted.Take(a.r.Context(), a.Attempt)
	if err != nil {
		a.p.logFailure(a.r, "limiter failed", err)
		a.counted = a.p.attempts.fallback
		wait, _ = a.counted.Take(a.r.Context(), a.Attempt) // which never fails
	}
	return wait
}

// begin lets others with the same credentials wait for this attempt. Those that are
// proven have nothing to wait for.
func (a *attempt) begin() {
	if a.Proven {
		return
	}
	all := a.p.attempts
	all.mu.Lock()
	defer all.mu.Unlock()
	f := all.inFlight[a.flight]
	if f == nil {
		f = &flight{settled: make(chan struct{})}
		all.inFlight[a.flight] = f
	}
	f.n++
}

// end ends an attempt, once it is noted how it ended.
func (a *attempt) end() {
	if a.Proven {
		return
	}
	all := a.p.attempts
	all.mu.Lock()
	defer all.mu.Unlock()
	f := all.inFlight[a.flight]
	close(f.settled)
	f.settled = make(chan struct{})
	if f.n--; f.n == 0 {
		delete(all.inFlight, a.flight)
	}
}

// awaitOthers waits until one of the attempts with the same credentials has ended, and
// reports whether that may have changed anything.
func (a *attempt) awaitOthers() bool {
	all := a.p.attempts
	all.mu.Lock()
	f := all.inFlight[a.flight]
	if f == nil {
		_, proven := all.proven.get(a.credentials) // by one that ended just now
		all.mu.Unlock()
		return proven
	}
	settled := f.settled
	all.mu.Unlock()
	select {
	case <-settled:
		return true
	case <-a.r.Context().Done():
		return false
	}
}

// named notes that an attempt named a public client. The name alone is enough for that, so
// it is what was right, whatever came with it.
func (a *attempt) named(at time.Time) {
	c := credentialsOf(a.ClientID, "")
	a.credentials, a.secret = c.key, c.secret
	a.succeeded(at)
}

// succeeded notes that an attempt authenticated a client, by what the store was asked at a time.
func (a *attempt) succeeded(at time.Time) {
	if !a.Proven || a.proof.era != a.era || at.Sub(a.proof.at).Abs() > recognition/2 {
		// Apart from the text it came in, which may be long, and may hold the secret.
		a.p.attempts.prove(a.credentials, proof{at, a.era, strings.Clone(a.ClientID), a.secret})
	}
	a.giveBack()
}

// failed notes that the credentials were wrong, which stays counted. Those that were right
// before, as a secret that was revoked, are guesses from now on.
func (a *attempt) failed() {
	if a.Proven {
		a.p.attempts.disprove(a.credentials)
	}
}

// unjudged notes that an attempt met an outage. A client that went away caused that
// itself: it would have others judged for nothing.
func (a *attempt) unjudged() {
	if !errors.Is(a.r.Context().Err(), context.Canceled) {
		a.giveBack()
	}
}

func (a *attempt) giveBack() {
	// The client going away does not leave its success counted as a failure.
	if err := a.counted.Return(context.WithoutCancel(a.r.Context()), a.Attempt); err != nil {
		a.p.logFailure(a.r, "limiter failed", err)
	}
}

// recognition is how long credentials that were right are taken for right where nothing depends on it,
// see [Provider.recognize].
const recognition = 5 * time.Second

func (a *attempts) isRecent(p proof, now time.Time) bool {
	return p.era == a.era.Load() && now.Sub(p.at).Abs() < recognition
}

// forget has nobody recognized by what a store was asked until now. It goes by no clock, which may be set back.
func (a *attempts) forget() { a.era.Add(1) }

func (a *attempts) proofOf(credentials key) (p proof, ok bool, era int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p, ok = a.proven.get(credentials)
	return p, ok, a.era.Load()
}

func (a *attempts) prove(credentials key, p proof) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.proven.put(credentials, p)
}

func (a *attempts) disprove(credentials key) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.proven.remove(credentials)
}

// limited reports a client that was stopped, now and then.
func (p *Provider) limited(r *http.Request, a Attempt) {
	if p.attempts.reportDue(a, p.now()) {
		p.reportClient(r, oauthapp.ClientAuthenticationLimited, a.ClientID, oauthapp.Application{}, "too many failed attempts")
	}
}

// reportDue reports whether it is time to report a client that was stopped, and notes that it is. Who tries ever new
// client IDs fills no log either.
func (a *attempts) reportDue(stopped Attempt, now time.Time) bool {
	client, network := keyOf(stopped.Network, stopped.ClientID), keyOf(stopped.Network)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.reported.wait(client, now) > 0 || a.networks.wait(network, now) > 0 {
		return false
	}
	a.reported.take(client, now)
	a.networks.take(network, now)
	return true
}
