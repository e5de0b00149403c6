// Package postgres keeps applications, grants and sessions in PostgreSQL. It is
// the store for a service of several nodes. They share nothing but the
// database, and each sees at once what another has done.
//
//	s, err := postgres.Open(ctx, "postgres://oauth@db.example.com/service")
//	if err != nil {
//		return err // one line, without anything of the connection string
//	}
//	defer s.Close()
//
// A service that has a pool already hands it over and decides when to migrate:
//
//	if err := postgres.Migrate(ctx, pool); err != nil {
//		return err
//	}
//	s := postgres.New(pool)
//	if err := s.Ping(ctx); err != nil {
//		return err
//	}
//
// A [Store] is a [store.Store]. Give it to oauthapp.NewRegistry and flow.New,
// and run a [store.Cleaner] on it, on one node or on all.
//
// # What is promised
//
// A call that returned nil is committed, and as durable as the database makes a
// commit (synchronous_commit). Each call is one round trip: one statement, or
// one batch that is one transaction, in the isolation level READ COMMITTED. A
// second round trip is needed in these cases: a code or refresh token was not
// taken and the store finds out why; a client has changed since it was read
// last; an ID is in use; the grants to all applications of an owner are listed;
// a connection uses a statement for the first time and prepares it; a
// connection was idle for more than a second and pgxpool tests it (ShouldPing
// in its Config). Checking a bearer token reads three rows by their primary
// keys, and the client secret by its key where an application got the token for
// itself.
//
// A call whose context ended before its statement was sent changed nothing. A
// statement that was sent is finished, for up to 5 more seconds, and the call
// returns its outcome. A client that hangs up costs no connection. Deadlocks
// and serialization failures are retried a few times. Reads whose connection
// was lost are retried too; writes are not, as they may have happened. A
// failover to a standby that is not synchronous forgets the last commits,
// revocations included.
//
// Each Store remembers clients, which are applications and their secrets. Each
// read of a client confirms it by a revision in the row of the application,
// which is drawn at random with each change. Whoever changes an application or
// a secret by hand sets the column revision of the application to
// gen_random_uuid(); otherwise the change takes effect within ten seconds.
//
// Nothing depends on sessions of the database: there is no LISTEN, no temporary
// table, and no lock that outlives a transaction.
//
// # Tables
//
// The tables are oauth_applications, oauth_application_uses,
// oauth_client_secrets, oauth_grants, oauth_sessions, oauth_records,
// oauth_api_tokens and oauth_migrations. They are used in the first schema of
// the connection's search_path that has them, and are created in the first
// schema that exists. To give them a schema of their own, create it and add
// ?search_path=NAME to the connection string. The database must be encoded in
// UTF8.
//
// Migrations only go forward, each in a transaction of its own. Nodes that
// start at once take turns. An older version of this library refuses the tables
// when it migrates. [Migrations] returns the files, for a tool of yours.
//
// Stop the nodes of the version before for these migrations:
//
//   - Migration 2 writes oauth_sessions and its index anew. It takes as much
//     disk again while it runs, and locks the table, for bearer checks too.
//     Nodes of the version before fail after it, as in an outage, and nodes of
//     this version fail before it. With many millions of sessions, try on a
//     copy how long it takes.
//   - Migration 3 adds a column to oauth_applications. This version may notice
//     ten seconds late what a node of the version before changes of a secret.
//   - Migration 4 renames two columns of oauth_sessions. Nodes of the version
//     before fail after it.
//   - Migration 5 adds the standing of applications and renames a column of
//     oauth_applications. Nodes of the version before, which would accept the
//     tokens of suspended applications, fail after it, as in an outage.
//   - Migration 6 drops a column of oauth_grants. Nodes of the version before
//     begin no session after it.
//
// Nodes of the version before can go on during migrations 7 to 9. They refuse
// imported secrets, and end no API tokens, also when they end all access of a
// user: turn package flow/tokens on once they have stopped. While migration 8
// builds an index of oauth_client_secrets, writes to that table wait.
//
// They can go on during migration 10, too, which only adds columns. It is about
// tokens that an application got for itself. Until the nodes of the version
// before have stopped, they accept such a token even if newer ones or the end
// of its secret ended it, and such tokens that they issue are not counted and
// end with no secret.
//
// A role that serves needs SELECT, INSERT, UPDATE and DELETE on these tables,
// and nothing else.
//
// # Connection poolers
//
// By default pgx prepares each statement once for each connection. PgBouncer in
// its transaction mode may run each transaction on another connection, and
// supports prepared statements from version 1.21 on (max_prepared_statements).
// With an older version, add default_query_exec_mode=exec to the connection
// string: each call is still one round trip. PgBouncer drops search_path from
// the connection string, so set that on the role or the database.
//
// # Settings of the role
//
// No setting of how values are written or read matters (DateStyle,
// bytea_output, IntervalStyle, TimeZone). default_transaction_isolation does
// not matter either: a statement that fails to serialize in another level is
// retried. Only client_encoding must be UTF8. [Open] sets it. On a host's pool
// with another encoding, all calls fail.
//
// Statements name functions, operators and types with their schema, pg_catalog.
// So roles that may create in the schema of the tables, as all may in public
// before PostgreSQL 15, cannot make the store run their functions. Tables are
// found by the search_path: let nobody else create in a schema that comes
// before theirs.
//
// [Open] refuses a database that can only be read. On a host's pool
// [Store.Ping] tells: call it at the start and in readiness checks.
//
// # Cost
//
// A session whose refresh token was rotated is a row of 390 bytes. It takes
// about 500 bytes of disk where autovacuum keeps up. A page keeps a tenth free,
// so that a rotation stays on it, leaves the index alone (a HOT update), and
// reuses what earlier updates left. The primary key, the only index, takes 32
// of these bytes. Where thousands of sessions begin between two vacuums, pages
// keep more room. A long transaction, in any database of the server, prevents
// reuse, and the table grows meanwhile. A grant takes about 520 bytes with its
// five indexes, if the IDs of users and accounts are short.
//
// Revoking all tokens of an application, or deleting it, writes one row,
// however much it has issued. Counting the users that this cuts off reads up to
// twice as many grants as the bound, and some of each user's if users have
// several. The time of an application's last use is a small row of its own, so
// that the row that every check reads is seldom written. All users of an
// application share it: it is for a touch every few minutes at most. Touching a
// client secret writes the row of the application too.
//
// The clean-up walks by primary key. A batch is one statement and skips locked
// rows, so it waits for nobody. Any number of nodes may clean up, but each
// walks through everything, so with many rows let one node do it. Autovacuum
// makes the space usable again: let it run often on a large oauth_sessions
// (autovacuum_vacuum_scale_factor = 0.02 or so).
//
// Statements find their rows by an index, so their cost does not grow with what
// is stored. Nor does the cost that the planner estimates, which decides
// whether it compiles a statement (jit_above_cost), even without statistics, as
// after a restore. Lists are planned for their parameters at each call. Lists
// by user or account pass over the grants that a revocation ended until
// the clean-up has removed them.
//
// BenchmarkStore and BenchmarkCost measure the store on your machine.
//
// # How many connections
//
// A call holds a connection for its round trip only. Two connections for each
// core of the database, and a few more for when it waits for the disk, are all
// that it can use. pgxpool makes 4, or as many as this machine has cores: set
// pool_max_conns=10 or so in the connection string, and count all nodes
// together. A call that finds no free connection waits for one, for 10 seconds
// at most.
//
// # Growing
//
// A thousand million live tokens are 500 million sessions, each with an access
// and a refresh token. By the sizes above they take 250 GB, of which 16 GB are
// the index. Their grants take 260 GB if each is of another user. One server
// holds that. The clean-up examines at most 10,000 rows a second with the
// defaults of a store.Cleaner, so a pass takes 14 hours for the sessions alone,
// during which expired rows stay: raise its Batch.
//
// Partition a table by hash before vacuuming it takes too long. Requests do not
// notice, as each names its session by primary key, and the clean-up merges the
// partitions. Do it in one transaction, before there are many sessions or while
// no node serves, as sessions that are not copied yet are not found. Grant the
// role that serves its rights on the new table:
//
//	ALTER TABLE oauth_sessions RENAME TO oauth_sessions_whole;
//	CREATE TABLE oauth_sessions (LIKE oauth_sessions_whole INCLUDING DEFAULTS,
//	    PRIMARY KEY (id)) PARTITION BY HASH (id);
//	CREATE TABLE oauth_sessions_0 PARTITION OF oauth_sessions
//	    FOR VALUES WITH (MODULUS 16, REMAINDER 0) WITH (fillfactor = 90);
//	-- and so on to 15, then copy the rows
//
// Over several servers, a token check finds its rows by key, one from the
// other: the session by the ID in the token, the grant by the number in the
// session, the application by the ID in the grant. A database that distributes
// by key ranges answers that with three lookups. Under Citus, sessions and
// grants that are distributed by their keys are not on the same shard, so a
// check would cross shards. Make applications, their uses and their secrets
// reference tables, and grants too while they fit. A registration counts an
// owner's applications under an advisory lock. In a database without such
// locks, simultaneous registrations may exceed the limit. None of this has been
// tried on more than one server.
//
// A standby may be late: a token that was revoked on the primary stays good
// there for as long. Give the Store the primary only.
//
// # Limits
//
// PostgreSQL must be version 13 or later; it is tested with 15. Texts are UTF-8
// without NUL. A client ID, an owner, and a user with an account each must fit
// into an index: 2,600 bytes are safe.
//
// # Errors
//
// A call returns the errors of package store, those of contexts, and otherwise
// what PostgreSQL or the connection to it says, on one line after the name of
// the call. That text is for operators and holds no value that was stored. Such
// an error may pass. errors.As finds a *pgconn.PgError in it if PostgreSQL
// returned one.
package postgres
