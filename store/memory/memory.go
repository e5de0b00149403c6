// Package memory keeps applications, grants and sessions in the memory of the
// process. It is for unit tests, for trying things out, and for services that
// may forget everything when they stop.
//
//	provider, err := flow.New(flow.Config{Store: memory.New(), ...})
//
// It keeps every promise of [store.Store] except durability: its content ends
// with the process, and no other process sees it. Run a [store.Cleaner] on it;
// otherwise expired sessions pile up. A live session takes about 480 bytes and
// its grant about 210 plus its texts, everything that finds them included.
//
// Read this store before you write another: each method is the rule on its
// interface and little else.
package memory

import (
	"bytes"
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
)

// A Store is a [store.Store] in memory. The zero Store is empty and ready. It
// is safe for concurrent use and must not be copied.
//
// One lock guards everything. A call holds it for a bounded number of rows, so
// no call waits long for another.
type Store struct {
	mu sync.RWMutex

	// Rows by the IDs that tokens and clients carry. A deleted application
	// leaves nil under its ID and its client ID, so that both stay taken.
	applications map[uuid.UUID]*application
	clients      map[string]*application
	sessions     map[uuid.UUID]*session

	// Rows in order, for lists and for the clean-up. A grant is in all of its
	// sets until it is revoked or cleaned up.
	applicationsByID      ordered[*application]
	applicationsByOwner   ordered[*application]
	grantsByID            ordered[*grant]
	grantsByUser          ordered[*grant]
	grantsByAccount       ordered[*grant]
	grantsByApplication   ordered[*grant]
	grantsByAuthorization ordered[*grant]
	sessionsByID          ordered[*session]
	records               ordered[*record]
	apiTokens             apiTokens
}

var _ store.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store { return new(Store) }

// Ping is for health checks. A store in memory can always be written, so Ping
// fails only if ctx has ended.
func (s *Store) Ping(ctx context.Context) error { return done(ctx) }

// lock takes the write lock and makes the zero Store ready. Reading a zero
// Store needs no preparation: its maps and sets are empty.
func (s *Store) lock() {
	s.mu.Lock()
	if s.sessions != nil {
		return
	}
	s.applications = map[uuid.UUID]*application{}
	s.clients = map[string]*application{}
	s.sessions = map[uuid.UUID]*session{}

	s.applicationsByID.compare = func(a, b *application) int { return compareID(a.ID, b.ID) }
	s.applicationsByOwner.compare = func(a, b *application) int {
		return cmp.Or(cmp.Compare(a.Owner, b.Owner), compareID(a.ID, b.ID))
	}
	s.sessionsByID.compare = func(a, b *session) int { return compareID(a.id, b.id) }
	s.records.compare = compareRecords
	s.prepareGrants()
	s.prepareAPITokens()
}

func compareID(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

// find returns an owner's application. The caller holds the lock.
func (s *Store) find(owner oauthapp.Owner, id uuid.UUID) (*application, error) {
	a := s.applications[id]
	if a == nil || !owner.Reaches(a.Owner) {
		return nil, store.ErrNotFound
	}
	return a, nil
}

// done returns the error of ctx if the caller has gone away. A method calls it
// first, so that a call that fails did nothing.
func done(ctx context.Context) error { return ctx.Err() }

// micros is a time in microseconds since 1970. It takes a third of the room of
// a time.Time and has no pointer. It can hold the zero time.
type micros int64

func microsOf(t time.Time) micros { return micros(t.UnixMicro()) }

func (m micros) time() time.Time { return time.UnixMicro(int64(m)).UTC() }

// after reports whether m is later than t. An expiry time equal to t is
// expired.
func (m micros) after(t time.Time) bool { return m > microsOf(t) }
