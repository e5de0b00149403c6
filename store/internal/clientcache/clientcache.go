// Package clientcache remembers what stores have read of clients: nearly every request names one, and what is kept of
// one changes rarely. A database tells with each read whether the revision remembered is the one it has; so nothing is ever
// taken for current that a store has changed since, in whichever process.
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
	// size is how many bytes are remembered, and most how many of one client: about 4,000 clients with a secret and short
	// texts.
	size = 4 << 20
	most = size / 16
	// limit is how long, so that what a hand has changed in the tables, without a new revision, takes effect soon.
	limit = 10 * time.Second
)

// A Cache remembers the clients that were asked for last. It is safe for concurrent use. R is what a database
// has for revisions: with the application and its secrets, all at once, it keeps a value that is drawn at random for each of
// their states. A count would come by again where a database is restored to a state before.
type Cache[R comparable] struct {
	now func() time.Time

	mu      sync.Mutex // of the rest
	entries *simplelru.LRU[string, Entry[R]]
	bytes   int // of the entries
}

// An Entry is what there was of a client at a revision. It is shared, and so never changed.
type Entry[R comparable] struct {
	Revision    R
	Application oauthapp.Application // but for LastUsedAt
	Secrets     []oauthapp.Secret    // all that are live at From or later: those that expired before are of any number
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

// Get returns what is remembered of the client with an ID as of now, to be asked about its revision.
func (c *Cache[R]) Get(clientID string, now time.Time) (Entry[R], bool) {
	c.mu.Lock()
	e, ok := c.entries.Get(clientID)
	c.mu.Unlock()
	if !ok || now.Before(e.From) || c.now().Sub(e.Read) >= limit {
		return Entry[R]{}, false
	}
	return e, true
}

// Put remembers what was just read in one piece. An entry put late does no harm: its revision is not the current one.
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

// bytes is what an entry takes, with what finds it.
func (e Entry[R]) bytes() int {
	const found = 200 // the list and the map of the LRU
	a := &e.Application
	n := found + int(unsafe.Sizeof(e)) + len(a.ClientID) + len(a.Owner) + len(a.Name) + len(a.Description) + len(a.HomepageURL)
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

// Client returns what [store.Store.Client] does, now being From or later.
func (e Entry[R]) Client(session *store.Session, now time.Time) store.Client {
	client := store.Client{Application: e.Application, Session: session}
	client.Application.CallbackURLs = slices.Clone(e.Application.CallbackURLs)
	client.Application.Scopes = slices.Clone(e.Application.Scopes)
	for _, secret := range e.Secrets {
		if secret.Live(now) {
			client.Secrets = append(client.Secrets, secret)
		}
	}
	return client
}
