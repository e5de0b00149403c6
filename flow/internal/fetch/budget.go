package fetch

import (
	"net/netip"
	"time"

	"github.com/oauthapps/oauthapps/flow/internal/bucket"
)

// budgets are how many fetches there may be. A burst is followed by a pace.
type budgets struct{ all, origins, networks, users, nobody, renewals, failures bucket.Set }

func newBudgets() budgets {
	return budgets{
		all:      bucket.New(120, time.Second/2),
		origins:  bucket.New(10, 6*time.Second),
		networks: bucket.New(60, time.Second), // one network serves the documents of many
		users:    bucket.New(20, 6*time.Second),
		nobody:   bucket.New(10, 6*time.Second),
		renewals: bucket.New(10, 6*time.Second), // of each document
		failures: bucket.New(3, 5*time.Second),  // of each document that is not known
	}
}

// note counts that a document failed, whatever the failure was: that is not
// kept.
func (f *Fetcher) note(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.budgets.failures.Take(bucket.KeyOf(key), f.cfg.Now())
}

// failsOften reports whether a document has failed too often to be asked for
// now.
func (f *Fetcher) failsOften(key string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.budgets.failures.Wait(bucket.KeyOf(key), f.cfg.Now()) > 0
}

// A charge is what a fetch takes from a budget.
type charge struct {
	set *bucket.Set
	key bucket.Key
}

func (b *budgets) forRequest(origin, user string) []charge {
	who := charge{&b.users, bucket.KeyOf(user)}
	if user == "" {
		who.set = &b.nobody
	}
	return []charge{who, {&b.origins, bucket.KeyOf(origin)}, {&b.all, bucket.KeyOf("")}}
}

func (b *budgets) forAddresses(addresses []netip.Addr) (charges []charge) {
	seen := map[string]bool{}
	for _, address := range addresses {
		if network := bucket.Network(address.String()); !seen[network] {
			seen[network] = true
			charges = append(charges, charge{&b.networks, bucket.KeyOf(network)})
		}
	}
	return charges
}

// take takes all of the charges, or nothing where one of the budgets is spent.
func (f *Fetcher) take(charges []charge) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.cfg.Now()
	for _, c := range charges {
		if c.set.Wait(c.key, now) > 0 {
			return false
		}
	}
	for _, c := range charges {
		c.set.Take(c.key, now)
	}
	return true
}
