// Package postgres keeps applications, grants and sessions in PostgreSQL. It is the
// store for a service of several nodes: they share nothing but the database, and
// what one of them has done, all others see.
//
//	s, err := postgres.Open(ctx, "postgres://oauth@db.example.com/service")
//	if err != nil {
//		return err // one line, without anything of the connection string
//	}
//	defer s.Close()
//
// A service that has a pool already gives that one, and says when to migrate:
//
//	if err := postgres.Migrate(ctx, pool); err != nil {
//		return err
//	}
//	s := postgres.New(pool)
//	if err := s.Ping(ctx); err != nil {
//		return err
//	}
//
// A [Store] is a [store.Store]. Give it to oauthapp.NewRegistry and flow.New, and
// run a [store.Cleaner] on it, on one node or on all.
//
// # What is promised
//
// A call that returned nil is committed, and durable as far as the database is set
// to be (synchronous_commit). Each call is one round trip: one statement, or one
// batch that is one transaction, in the isolation level READ COMMITTED; only a code
// or refresh token that was not taken costs a second one, to find out why, and a client
// that has changed since it was read last, and an ID that is in use. Checking a
// bearer token reads three rows by their primary keys. The first use of a statement on a
// connection costs one more, to prepare it, and so does one that was idle for more than a
// second: pgxpool asks first whether it is still there (ShouldPing in its Config).
//
// A call whose context has ended before its statement was sent changed nothing. A
// statement that was sent is finished, for up to 5 seconds after, and the call returns
// what came of it; a client that hangs up costs no connection. Deadlocks and
// serialization failures are tried again, a few times. So are reads whose connection
// was lost; writes are not, as they may have happened. A failover to a standby that is
// not synchronous forgets the last of what was committed, revocations too.
//
// What clients are, their applications and secrets, each Store remembers, and has it confirmed by each read of
// them: a revision in the row of the application, drawn at random with each change. Whoever changes
// these tables by hand sets it to gen_random_uuid(), or waits ten seconds.
//
// Nothing depends on sessions of the database: no LISTEN, no temporary tables, no
// locks that outlive a transaction.
//
// # Tables
//
// The tables are named oauth_applications, oauth_application_uses,
// oauth_client_secrets, oauth_grants, oauth_sessions, oauth_records and oauth_migrations. They stand
// in the first schema of the connection's search_path that has them, and are made in
// the first that exists; to give them one of their own, create it and add
// ?search_path=NAME to the connection string. The database has to be encoded in UTF8.
//
// Migrations only go forward, each in a transaction of its own. Nodes that start at
// once take turns. There is no way back: an older version of this library refuses
// the tables when it migrates. [Migrations] returns the files, for a tool of yours.
// Migration 2 changes how sessions keep scopes. It writes oauth_sessions and its index anew,
// which takes as much disk again until it is over, and locks the table against all else, bearer
// checks too. From then on a node of the version before fails at whatever needs a session, as in an outage, and so does one
// of this version until then. So stop the old nodes before, and where there
// are many millions of sessions, try on a copy how long it takes. Migration 3 adds a column to oauth_applications: stop the
// nodes of the version before, as what they change of a secret, this version may notice ten seconds late. Migration 4 renames two columns of oauth_sessions: a node of the
// version before fails from then on at whatever needs a session, so stop the old nodes before.
//
// A role that serves needs SELECT, INSERT, UPDATE and DELETE on these tables, and
// nothing else.
//
// # Connection poolers
//
// By default pgx prepares each statement once for each connection. PgBouncer in its
// transaction mode gives each transaction any connection, and knows prepared
// statements since version 1.21 only (max_prepared_statements). With an older
// one add default_query_exec_mode=exec to the connection string: calls still are one
// round trip each. It also drops search_path from the connection string, so set that on
// the role or the database instead.
//
// # Settings of the role
//
// No setting that says how values are written or read (DateStyle, bytea_output, IntervalStyle, TimeZone) matters, and no
// default_transaction_isolation: where one of another level makes a statement fail to serialize, it is tried again. Only
// client_encoding has to be UTF8: [Open] sets it, and on a pool of the host's all calls fail where it is another.
//
// Statements name functions, operators and types with their schema, pg_catalog. So whoever may create in the schema of the
// tables, as all may in public before PostgreSQL 15, cannot have the store run what they have made. Let nobody
// else create in a schema that comes before it in the search_path, where a table of theirs would be found first.
//
// A database that can only be read is refused by [Open]. On a pool of the host's, [Store.Ping] tells: call it at the start, and
// where the service tells whether it is ready.
//
// # Cost
//
// A session whose refresh token was rotated is a row of 390 bytes, and takes
// about 500 bytes of disk where autovacuum keeps up: its page keeps a tenth free, so that a rotation stays on
// it and leaves the index alone (a HOT update, 98 of 100), and what updates leave behind is
// used again. Of that, 32 bytes are the primary key, the only index. Where thousands of sessions begin
// between two vacuums, their pages keep more room for later. A transaction that goes on for long, in any database of
// the server, keeps what updates leave from being used again meanwhile, so that the table grows. A grant takes about
// 520 bytes with its six indexes, where users and accounts have short names.
//
// Revoking all tokens of an application, and deleting it, write one row of the
// application, whatever it has issued; to tell how many users that cuts off, up to the
// bound, reads up to twice as many of the newest grants, and where users have several each, some of each user's. When an application was last
// used is a small row of its own, so that what every check reads is seldom written. All
// users of an application share that row: each is to touch it every few minutes at most. To note the use of a client secret writes
// the row of the application, too.
//
// The clean-up walks by primary key. A batch is one statement, passes over rows that
// somebody has locked, and so waits for nobody; any number of nodes may clean up, but each
// walks through everything, so with many rows let one of them do it. The
// space is for autovacuum to return to use: let it run often on oauth_sessions
// (autovacuum_vacuum_scale_factor = 0.02 or so) where that is large.
//
// Statements find their rows by an index, so their cost does not grow with what is
// stored, nor does the cost that the planner estimates, by which it would compile them (jit_above_cost): also where PostgreSQL has
// no statistics yet, as after a restore. Lists are planned anew for their parameters at each call.
// Until the clean-up has come to the grants that a revocation ended, lists by user, account
// or owner pass over them.
//
// The figures that follow are each of one run, with client and server on 2 cores that others used too, so that they
// vary: in the run before most took a third to two thirds more; measure yours. BenchmarkCost, in microseconds of CPU, of this process and of
// PostgreSQL's processes, with 16 callers on 10 connections; a code exchange and a refresh are a Client and a RedeemCode or a RotateRefreshToken:
//
//	                   here   PostgreSQL
//	Session              20           37
//	Client               21           36
//	BeginSession         45          116    of a user who consented before
//	code exchange        74          175
//	refresh              76          174
//
// BenchmarkStore: RevokeTokens took 3.0 to 4.8 ms where it ended 1000 sessions, and 4.8 ms where it ended 1000000 whose grants
// had just been written, most of it the count of up to 1000 users. A connection that has not done so before prepares the statement
// first, which took 5 ms more where the tables of the system had left the cache. DeleteApplication took 1.1 to 1.4 and 0.8 ms. Usage counted 1000
// users in 0.6 ms, and lists passed over 100000 dead grants in up to 0.17 seconds. What revoking 100000 left was removed
// by a store.Cleaner with its defaults at 8,100 rows a second; of 100 requests at the same time, 99 took no longer than 1.6 ms, where it was
// 0.9 to 1.0 ms before and after.
//
// # How many connections
//
// A call holds a connection for its round trip alone. Two for each core of the database, and a few more for the disk it waits
// for, do all that it can: on those 2 cores, 256 callers on 10 connections got refreshes at the rate that 16 did, and on 32
// connections no faster. pgxpool makes 4, or as many as there are cores here; say pool_max_conns=10 or so in the
// connection string, and count all nodes together. Who finds none free waits in turn, and for 10 seconds at most.
//
// # Growing
//
// A thousand million live tokens are 500 million sessions, each with an access and a
// refresh token: by the sizes above 250 GB, of which 16 GB are the index, and 260 GB of grants if each is of another
// user. One server holds that. Its clean-up looks at no more than 10,000 rows a second
// with the defaults of a store.Cleaner, so that a pass takes 14 hours for the sessions alone, and longer, in which the rows of what
// expires stay: raise its Batch.
//
// Before vacuuming one table of that size takes too long, partition it by hash. Requests notice
// nothing, as each names the session by its primary key; the clean-up merges the partitions. Do it in
// one transaction, before there are many sessions or while no node serves, as sessions
// that were not copied yet are not found; and grant the role that serves its rights on the new table:
//
//	ALTER TABLE oauth_sessions RENAME TO oauth_sessions_whole;
//	CREATE TABLE oauth_sessions (LIKE oauth_sessions_whole INCLUDING DEFAULTS,
//	    PRIMARY KEY (id)) PARTITION BY HASH (id);
//	CREATE TABLE oauth_sessions_0 PARTITION OF oauth_sessions
//	    FOR VALUES WITH (MODULUS 16, REMAINDER 0) WITH (fillfactor = 90);
//	-- and so on to 15, then copy the rows
//
// Over several servers, what a token check reads is found by key, one from the
// other: the session by the ID in the token, the grant by the number in the session,
// the application by the ID in the grant. A database that distributes by key ranges
// answers that with three lookups. Under Citus, sessions and grants distributed by
// their keys do not stand together, so a check would cross shards: applications,
// their uses and their secrets are for reference tables, and grants too for as long as they fit.
// A registration counts an owner's applications under an advisory lock; where a
// database has none, registrations at the same moment may exceed the limit. None of
// that has been tried on more than one server.
//
// Reads of a standby may be late: a token revoked on the primary is good there for as
// long. Give the Store the primary alone.
//
// # Limits
//
// PostgreSQL has to be of version 13 or later; it is tested with 15. Texts are UTF-8
// without NUL. A client ID, an owner, a user and an account each have to fit
// into an index, the last two together: 2,600 bytes are safe.
//
// # Errors
//
// Besides the errors of package store, and those of contexts, a call returns what
// PostgreSQL or the connection to it says, on one line after the name of the call:
// it is for operators, holds no value that was stored, and may pass. For errors.As it is a
// *pgconn.PgError where PostgreSQL said it.
package postgres
