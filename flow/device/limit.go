package device

import (
	"net/http"
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

// The limits count in bounded memory. They are safe for concurrent use.
type limits struct {
	k *kernel.Kernel

	entered *bucket.Limiter // codes, by person and by network
	begun   *bucket.Limiter // requests, by network
	polls   *bucket.Limiter // by device code
}

// newLimits returns limits that have counted nothing, with what a device must
// wait between two polls.
func newLimits(k *kernel.Kernel, interval time.Duration) *limits {
	return &limits{
		k:       k,
		entered: bucket.NewLimiter(bucket.New(personBurst, personPace), bucket.New(networkBurst, networkPace)),
		begun:   bucket.NewLimiter(bucket.New(beginBurst, beginPace)),
		// A poll that the network delays is followed by one that seems early.
		polls: bucket.NewLimiter(bucket.New(1, interval-interval/5)),
	}
}

func (l *limits) network(r *http.Request) string {
	return bucket.Network(l.k.Actor(r, "").RemoteAddr)
}

// enter counts a user code that somebody enters, and returns 0. Where there
// were too many it counts nothing, and returns how long to wait.
func (l *limits) enter(r *http.Request, user string) time.Duration {
	return l.entered.Take(l.k.Now(), bucket.KeyOf(user), bucket.KeyOf(l.network(r)))
}

// begin counts a request that a device begins, as enter does.
func (l *limits) begin(r *http.Request) time.Duration {
	return l.begun.Take(l.k.Now(), bucket.KeyOf(l.network(r)))
}

// poll counts a poll of a device, as enter does.
func (l *limits) poll(code credential.Digest) time.Duration {
	return l.polls.Take(l.k.Now(), bucket.Key(code))
}
