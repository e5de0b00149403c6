package device

import (
	"net/http"
	"sync"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/bucket"
	"github.com/oauthapps/oauthapps/flow/internal/kernel"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
)

// The limits of this process. Entering a user code counts whether there is such
// a code or not, so that a right one in between sets nothing back. At these
// paces one person tries 2900 codes a day, and one network 17000: of a thousand
// requests that wait at any time, a network that never stops finds one in four
// years on average.
const (
	personBurst  = 20 // codes entered by one person; then
	personPace   = 30 * time.Second
	networkBurst = 100 // codes entered from one network; then
	networkPace  = 5 * time.Second

	beginBurst = 200 // requests begun from one network; then
	beginPace  = time.Second
)

// Limits count in bounded memory. They are safe for concurrent use.
type limits struct {
	k *kernel.Kernel

	mu        sync.Mutex
	byPerson  bucket.Set // codes entered
	byNetwork bucket.Set // codes entered
	begun     bucket.Set // requests, by network
	polls     bucket.Set // by device code
}

// newLimits returns limits that have counted nothing, with what a device must
// wait between two polls.
func newLimits(k *kernel.Kernel, interval time.Duration) *limits {
	return &limits{
		k:         k,
		byPerson:  bucket.New(personBurst, personPace),
		byNetwork: bucket.New(networkBurst, networkPace),
		begun:     bucket.New(beginBurst, beginPace),
		// A poll that the network delays is followed by one that seems early.
		polls: bucket.New(1, interval-interval/5),
	}
}

func (l *limits) network(r *http.Request) string {
	return bucket.Network(l.k.Actor(r, "").RemoteAddr)
}

// enter counts a user code that somebody enters, and returns 0. Where there
// were too many it counts nothing, and returns how long to wait.
func (l *limits) enter(r *http.Request, user string) time.Duration {
	person, network := bucket.KeyOf(user), bucket.KeyOf(l.network(r))
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.k.Now()
	if wait := max(l.byPerson.Wait(person, now), l.byNetwork.Wait(network, now)); wait > 0 {
		return wait
	}
	l.byPerson.Take(person, now)
	l.byNetwork.Take(network, now)
	return 0
}

// begin counts a request that a device begins, as enter does.
func (l *limits) begin(r *http.Request) time.Duration {
	return l.take(&l.begun, bucket.KeyOf(l.network(r)))
}

// poll counts a poll of a device, as enter does.
func (l *limits) poll(code credential.Digest) time.Duration {
	return l.take(&l.polls, bucket.Key(code))
}

func (l *limits) take(set *bucket.Set, key bucket.Key) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.k.Now()
	if wait := set.Wait(key, now); wait > 0 {
		return wait
	}
	set.Take(key, now)
	return 0
}
