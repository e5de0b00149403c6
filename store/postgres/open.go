package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// openLimit is how long Open waits for the first connection.
const openLimit = 10 * time.Second

// Open connects to a database and migrates its schema. The connection string is
// a URL (postgres://user@host/database) or a list of key=value, with the
// settings of pgxpool. The environment variables of PostgreSQL's own clients
// apply. The role must be allowed to create tables; for a role that is not, use
// [Migrate] and [New].
//
// Open refuses an empty connection string, one without a database if PGDATABASE
// names none either, and a database that can only be read. An error is one line
// and quotes nothing of the connection string.
//
// The context is for opening only. Close the Store when it is not needed any
// more.
func Open(ctx context.Context, dsn string) (*Store, error) {
	s, err := open(ctx, dsn)
	if err != nil {
		return nil, fmt.Errorf("postgres: open: %w", oneLine{err})
	}
	return s, nil
}

func open(ctx context.Context, dsn string) (*Store, error) {
	if strings.TrimSpace(dsn) == "" {
		return nil, errNoDSN
	}
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, parseError(err)
	}
	if config.ConnConfig.Database == "" {
		return nil, errNoDatabase
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		// A connection that is being made takes a place in the pool, also when
		// nobody waits for it any more.
		config.ConnConfig.ConnectTimeout = openLimit
	}
	config.ConnConfig.RuntimeParams["client_encoding"] = clientEncoding // whatever the role has
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, connectError{err}
	}
	s := New(pool)
	if err := s.prepare(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	s.owns = true
	return s, nil
}

func (s *Store) prepare(ctx context.Context) error {
	connecting, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	if err := s.pool.Ping(connecting); err != nil {
		return connectError{err}
	}
	if err := migrate(ctx, s.pool); err != nil {
		return explained(err)
	}
	return s.Ping(ctx)
}

// Ping reports whether the store can be written to, by deleting a session that
// does not exist. It fails if the database does not answer, can only be read (a
// standby, or default_transaction_read_only), lacks the tables or the newest
// migration, or does not let this role write the tables. It does not notice a
// full disk.
func (s *Store) Ping(ctx context.Context) error {
	return change(ctx, s.writing("ping"), nothing, ping, idValue(uuid.Nil))
}

var (
	errNoDSN      = errors.New("the connection string is empty; write postgres://user@host/database")
	errNoDatabase = errors.New("the connection string names no database; write postgres://user@host/database, or set PGDATABASE")
)

// settings are the names that errors about connection strings tell.
var settings = []string{
	"port", "connect_timeout", "sslmode", "sslcertmode", "sslrootcert", "sslcert", "sslkey", "target_session_attrs", "channel_binding",
	"require_auth", "min_protocol_version", "max_protocol_version", "service", "default_query_exec_mode", "statement_cache_capacity",
	"description_cache_capacity", "pool_max_conns", "pool_min_conns", "pool_min_idle_conns", "pool_max_conn_lifetime",
	"pool_max_conn_idle_time", "pool_health_check_period", "pool_max_conn_lifetime_jitter", "pool_ping_timeout",
}

// parseError explains a connection string that cannot be read. It quotes
// nothing of it, as the error of pgx does, which recognises the password in
// some forms only.
func parseError(err error) error {
	_, after, _ := strings.Cut(err.Error(), "`: ")
	for _, name := range settings {
		if strings.Contains(after, name) {
			return fmt.Errorf("the connection string is not valid: check its %s, and percent-encode special characters of a URL", name)
		}
	}
	return errors.New("the connection string is not valid; write postgres://user@host/database?setting=value and percent-encode special characters")
}

// A connectError tells why there is no connection. It quotes nothing of what
// the server, the network and pgx say, which may contain any part of the
// connection string. Even the name of a database may be half of a password.
type connectError struct{ error }

func (e connectError) Unwrap() error { return e.error }

func (e connectError) Error() string {
	err := e.error
	if errors.Is(err, context.Canceled) {
		return context.Canceled.Error()
	}
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		return "the server refused the connection: " + whyRefused(refused.Code)
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "the address of the host was not found"
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return "no connection to the server: " + errno.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) || pgconn.Timeout(err) {
		return "the server did not answer in time"
	}
	return "no connection to the server, which may not be PostgreSQL or not do what sslmode asks for"
}

func whyRefused(code string) string {
	switch code {
	case "28P01", "28000":
		return "the user or the password is wrong, or may not connect from here (SQLSTATE " + code + ")"
	case "3D000":
		return "there is no such database (SQLSTATE 3D000)"
	case "42704", "22023":
		return "a setting in the connection string is none of PostgreSQL's, or has a wrong value (SQLSTATE " + code + ")"
	case "08P01":
		return "a setting in the connection string is none that the connection pooler passes on (SQLSTATE 08P01)"
	case "53300":
		return "it has too many connections (SQLSTATE 53300)"
	case "57P03":
		return "it is starting or stopping (SQLSTATE 57P03)"
	}
	return "SQLSTATE " + code
}
