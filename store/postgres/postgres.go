package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
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
	pool    *pgxpool.Pool
	owns    bool // the pool was made by Open
	limits  limits
	clients *clientcache.Cache[uuid.UUID]
}

var _ store.Store = (*Store)(nil)

// New returns a Store on the host's own pool, which it neither configures nor closes. It
// connects to nothing: call [Migrate] before, once for each release, or at each start.
func New(pool *pgxpool.Pool) *Store {
	return &Store{pool: pool, limits: defaultLimits, clients: clientcache.New[uuid.UUID]()}
}

// openLimit is how long Open waits for the first connection.
const openLimit = 10 * time.Second

// Open connects to the database that a connection string names, a URL
// (postgres://user@host/database) or a list of key=value, with the settings of pgxpool and
// the environment variables of PostgreSQL's own clients. It migrates the schema, so the role
// has to be allowed to create tables; for a role that is not, use [Migrate] and [New].
//
// The context is for opening only. An error is one line and never holds the password.
// Close the Store when it is no longer used.
func Open(ctx context.Context, dsn string) (*Store, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("postgres: open: %w", oneLine{err})
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		// An attempt takes a place in the pool, also when nobody waits for it any more.
		config.ConnConfig.ConnectTimeout = openLimit
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("postgres: open: %w", oneLine{err})
	}
	if err := prepare(ctx, pool); err != nil {
		pool.Close()
		return nil, fmt.Errorf("postgres: open: %w", oneLine{err})
	}
	s := New(pool)
	s.owns = true
	return s, nil
}

func prepare(ctx context.Context, pool *pgxpool.Pool) error {
	connecting, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	if err := pool.Ping(connecting); err != nil {
		return err
	}
	return migrate(ctx, pool)
}

// Close waits for the calls that are under way and closes the connections of a Store that Open
// made; calls that come later fail. The pool given to New stays open. It returns nil.
func (s *Store) Close() error {
	if s.owns {
		s.pool.Close()
	}
	return nil
}
