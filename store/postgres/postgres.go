package postgres

import (
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/clientcache"
)

// A Store keeps everything in one schema of a PostgreSQL database. It is safe for concurrent
// use, and holds nothing but its pool of connections, and what it remembers of clients, which the database confirms whenever it is
// used: any number of Stores, on any number of machines, work on one database.
//
// A call ends within 15 seconds, though its context allow more: after 10 it waits no longer for a connection
// or a lock, and a statement that was sent then has 5 more to finish. Where it had not, the call may have taken
// effect or not. Whoever needs an answer sooner gives the context a deadline, 5 seconds before that.
type Store struct {
	pool     *pgxpool.Pool
	owns     bool // the pool was made by Open
	prepares bool // the connections of the pool prepare statements
	limits   limits
	clients  *clientcache.Cache[uuid.UUID]
}

var _ store.Store = (*Store)(nil)

// New returns a Store on the host's own pool, which it neither configures nor closes. It
// connects to nothing: call [Migrate] before, once for each release, or at each start, and
// [Store.Ping] then, which tells whether the database can be written to.
func New(pool *pgxpool.Pool) *Store {
	mode := pool.Config().ConnConfig.DefaultQueryExecMode
	prepares := mode != pgx.QueryExecModeExec && mode != pgx.QueryExecModeSimpleProtocol
	return &Store{pool: pool, prepares: prepares, limits: defaultLimits, clients: clientcache.New[uuid.UUID]()}
}

// Close waits for the calls that are under way and closes the connections of a Store that Open
// made; calls that come later fail. The pool given to New stays open. It returns nil.
func (s *Store) Close() error {
	if s.owns {
		s.pool.Close()
	}
	return nil
}
