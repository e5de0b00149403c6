// Package clientcache remembers what stores have read of clients: nearly every request names one, and what is kept of
// one changes rarely. A database tells with each read whether the revision remembered is the one it has; so nothing is ever
// taken for current that a store has changed since, in whichever process.
package clientcache

import (
	"bytes"
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

const (
	// size is how many clients are remembered, at about a kilobyte each.
	size = 4096
	// limit is how long, so that what a hand has changed in the tables, without a new revision, takes effect soon.
	limit = 10 * time.Second
)

// A Cache remembers the clients that were asked for last. It is safe for concurrent use. R is what a database
// has for revisions: with the application and its secrets, all at once, it keeps a value that is drawn at random for each of
// their states. A count would come by again where a database is restored to a state before.
type Cache[R comparable] struct {
	entries *lru.Cache[string, Entry[R]]
	now     func() time.Time
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
	entries, err := lru.New[string, Entry[R]](size)
	if err != nil {
		panic(err) // size is positive
	}
	return &Cache[R]{entries, time.Now}
}

// Get returns what is remembered of the client with an ID as of now, to be asked about its revision.
func (c *Cache[R]) Get(clientID string, now time.Time) (Entry[R], bool) {
	e, ok := c.entries.Get(clientID)
	if !ok || now.Before(e.From) || c.now().Sub(e.Read) >= limit {
		return Entry[R]{}, false
	}
	return e, true
}

// Put remembers what was just read in one piece. An entry put late does no harm: its revision is not the current one.
func (c *Cache[R]) Put(e *Entry[R]) {
	slices.SortFunc(e.Secrets, func(a, b oauthapp.Secret) int { return bytes.Compare(b.ID[:], a.ID[:]) })
	c.entries.Add(e.Application.ClientID, *e)
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
