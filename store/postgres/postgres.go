package postgres

import (
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/clientcache"
)

// A Store keeps everything in one schema of a PostgreSQL database. It is safe
// for concurrent use. It holds its pool of connections and what it remembers of
// clients, which the database confirms at each use. Any number of Stores, on
// any number of machines, may work on one database.
//
// A call ends within 15 seconds, even if its context allows more. After 10
// seconds it stops waiting for a connection or a lock, and a statement that was
// sent by then has 5 more seconds to finish. If it does not finish, the call
// returns an error and may have taken effect. To have an answer sooner, give
// the context a deadline 5 seconds before that.
type Store struct {
	pool     *pgxpool.Pool
	owns     bool // the pool was made by Open
	prepares bool // the connections of the pool prepare statements
	limits   limits
	clients  *clientcache.Cache[uuid.UUID]
}

var _ store.Store = (*Store)(nil)

// New returns a Store on the host's own pool, which it neither configures nor
// closes. It connects to nothing. Call [Migrate] before it, once for each
// release or at each start. Call [Store.Ping] after it, which tells whether the
// database can be written to.
func New(pool *pgxpool.Pool) *Store {
	mode := pool.Config().ConnConfig.DefaultQueryExecMode
	prepares := mode != pgx.QueryExecModeExec && mode != pgx.QueryExecModeSimpleProtocol
	return &Store{pool: pool, prepares: prepares, limits: defaultLimits, clients: clientcache.New[uuid.UUID]()}
}

// Close waits for the calls that are under way. It closes the connections of a
// Store that Open made, and leaves the pool given to New open. Later calls
// fail. It returns nil.
func (s *Store) Close() error {
	if s.owns {
		s.pool.Close()
	}
	return nil
}
