package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/sample"
)

// failures counts the statements that failed with a code.
type failures struct {
	mu    sync.Mutex
	codes map[string]int
}

func (f *failures) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (f *failures) TraceQueryEnd(_ context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	for _, code := range []string{serializationFailure, deadlockDetected} {
		if isCode(data.Err, code) {
			f.mu.Lock()
			f.codes[code]++
			f.mu.Unlock()
		}
	}
}

func (f *failures) of(code string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.codes[code]
}

func openTraced(t *testing.T, dsn string) (*Store, *failures) {
	t.Helper()
	traced := &failures{codes: map[string]int{}}
	pool := openPool(t, dsn, func(config *pgxpool.Config) { config.ConnConfig.Tracer = traced })
	require.NoError(t, Migrate(ctx, pool))
	return New(pool), traced
}

// An operation that PostgreSQL chose as the victim of a deadlock is run again.
func TestDeadlockIsRetried(t *testing.T) {
	s, traced := openTraced(t, newSchema(t))
	app := create(t, s)
	b := begin(t, s, app.ID, "user")
	session, err := s.Session(ctx, b.Session.ID)
	require.NoError(t, err)

	other, err := s.pool.Begin(ctx)
	require.NoError(t, err)
	defer other.Rollback(ctx)
	_, err = other.Exec(ctx, `SET LOCAL deadlock_timeout = '1min'`) // so the other one is the victim
	require.NoError(t, err)
	_, err = other.Exec(ctx, `SELECT FROM oauth_application_uses WHERE application_id = $1 FOR UPDATE`, app.ID)
	require.NoError(t, err)

	touched := make(chan error, 1)
	go func() { touched <- s.Touch(ctx, store.Use{GrantID: session.GrantID, At: now.Add(time.Minute)}) }()
	require.Eventually(t, func() bool { return waiting(t, s) == 1 }, 10*time.Second, time.Millisecond, "the touch waits for the application's uses")
	_, err = other.Exec(ctx, `SELECT FROM oauth_grants WHERE id = $1 FOR UPDATE`, session.GrantID) // which the touch has locked
	require.NoError(t, err)
	require.NoError(t, other.Commit(ctx))

	require.NoError(t, <-touched)
	require.Equal(t, 1, traced.of(deadlockDetected))
	grant, err := sample.Grant(ctx, s, app.ID, "user", "7")
	require.NoError(t, err)
	require.Equal(t, now.Add(time.Minute), grant.LastUsedAt)
}

// waiting returns how many statements about a store's tables wait for a lock of
// another transaction.
func waiting(t *testing.T, s *Store) (n int) {
	require.NoError(t, s.pool.QueryRow(ctx, `SELECT count(DISTINCT l.pid) FROM pg_locks l
		WHERE NOT l.granted AND EXISTS (SELECT FROM pg_locks h WHERE h.pid = l.pid AND h.relation = 'oauth_grants'::regclass)`).Scan(&n))
	return n
}

// Operations that end in a serialization failure are run again, but not for
// ever.
func TestSerializationFailureIsRetried(t *testing.T) {
	s, traced := openTraced(t, newSchema(t))
	app := create(t, s)
	for _, sql := range []string{
		// A sequence is not rolled back.
		`CREATE SEQUENCE tries`,
		`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF nextval('tries') < TG_ARGV[0]::bigint THEN RAISE EXCEPTION 'try again' USING ERRCODE = '40001'; END IF;
			RETURN NEW;
		END $$`,
		`CREATE TRIGGER fail BEFORE UPDATE ON oauth_sessions FOR EACH ROW EXECUTE FUNCTION fail(4)`,
	} {
		_, err := s.pool.Exec(ctx, sql)
		require.NoError(t, err)
	}
	b := begin(t, s, app.ID, "user")
	require.NoError(t, s.RedeemCode(ctx, redemption(b)), "the fourth try succeeds")
	require.Equal(t, 3, traced.of(serializationFailure))

	_, err := s.pool.Exec(ctx, `ALTER SEQUENCE tries MINVALUE -1000000 RESTART -1000000`)
	require.NoError(t, err)
	b = begin(t, s, app.ID, "user")
	err = s.RedeemCode(ctx, redemption(b))
	require.True(t, isCode(err, serializationFailure), "%v", err)
	require.False(t, isRefusal(err))
	require.Equal(t, 3+tries, traced.of(serializationFailure))
	session, err := s.Session(ctx, b.Session.ID)
	require.NoError(t, err)
	require.True(t, session.Code.RedeemedAt.IsZero())
}

// Any operation that writes may learn from the COMMIT alone that it has to be
// run again; then it happens once.
func TestEveryVerbIsRetried(t *testing.T) {
	s := openTemp(t)
	for _, sql := range []string{
		`CREATE SEQUENCE tries`, // which is not rolled back
		`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF current_setting('oauthapps_test.passed', true) = 'yes' THEN RETURN NULL; END IF;
			IF nextval('tries') % 3 <> 0 THEN RAISE EXCEPTION 'try again' USING ERRCODE = '40001'; END IF;
			PERFORM set_config('oauthapps_test.passed', 'yes', true);
			RETURN NULL;
		END $$`,
	} {
		_, err := s.pool.Exec(ctx, sql)
		require.NoError(t, err)
	}
	for _, table := range []string{"oauth_applications", "oauth_application_uses", "oauth_client_secrets", "oauth_grants", "oauth_sessions"} {
		_, err := s.pool.Exec(ctx, `CREATE CONSTRAINT TRIGGER fail AFTER INSERT OR UPDATE OR DELETE ON `+table+`
			DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()`)
		require.NoError(t, err)
	}
	var tried int64
	threeTries := func(name string, err error) {
		t.Helper()
		require.NoError(t, err, name)
		before := tried
		require.NoError(t, s.pool.QueryRow(ctx, `SELECT last_value FROM tries`).Scan(&tried))
		require.EqualValues(t, 3, tried-before, "tries of %s", name)
	}

	app := newApplication("owner")
	first, second := newSecret(app.ID), newSecret(app.ID)
	threeTries("CreateApplication", s.CreateApplication(ctx, app, &first, 1))
	app.Name = "Changed"
	threeTries("UpdateApplication", s.UpdateApplication(ctx, oauthapp.OwnedBy("owner"), app))
	threeTries("AddSecret", s.AddSecret(ctx, oauthapp.OwnedBy("owner"), second, now.Add(time.Hour), 2))
	b := sessionStart(app.ID, "user")
	grant, err := s.BeginSession(ctx, b)
	threeTries("BeginSession", err)
	again := sessionStart(app.ID, "user")
	again.GrantID = uuid.Nil
	_, err = s.BeginSession(ctx, again)
	threeTries("BeginSession of a user who consented before", err)
	issued := redemption(b)
	threeTries("RedeemCode", s.RedeemCode(ctx, issued))
	rotated := rotation(b.Session.ID, issued.Refresh.Digest)
	threeTries("RotateRefreshToken", s.RotateRefreshToken(ctx, rotated))
	threeTries("Touch", s.Touch(ctx, store.Use{GrantID: grant.ID, ApplicationID: app.ID, SecretID: second.ID, At: now}))

	kept, err := s.Application(ctx, oauthapp.OwnedBy("owner"), app.ID)
	require.NoError(t, err)
	require.Equal(t, app.Version+1, kept.Version)
	secrets, err := s.Secrets(ctx, oauthapp.OwnedBy("owner"), app.ID, now)
	require.NoError(t, err)
	require.Len(t, secrets, 2)
	require.Equal(t, now, secrets[0].LastUsedAt)
	session, err := s.Session(ctx, b.Session.ID)
	require.NoError(t, err)
	require.Equal(t, rotated.Refresh.Digest, session.Refresh.Digest)
	require.Equal(t, issued.Refresh.Digest, session.PreviousRefresh)
	require.Equal(t, now, session.GrantUsedAt)

	_, err = s.RevokeSecret(ctx, oauthapp.OwnedBy("owner"), app.ID, first.ID, now)
	threeTries("RevokeSecret", err)
	threeTries("EndSession", s.EndSession(ctx, again.Session.ID))
	_, err = s.RevokeGrant(ctx, oauthapp.GrantsOfUser("user"), grant.ID)
	threeTries("RevokeGrant", err)
	_, removed, err := s.CleanUp(ctx, now, "", 10)
	threeTries("CleanUp of sessions", err)
	require.Equal(t, 1, removed)
	_, err = s.RevokeTokens(ctx, oauthapp.OwnedBy("owner"), app.ID, 10)
	threeTries("RevokeTokens", err)
	deleted, err := s.DeleteApplication(ctx, oauthapp.OwnedBy("owner"), app.ID, now)
	threeTries("DeleteApplication", err)
	require.Equal(t, kept.Name, deleted.Name)
}

// What a try had read before it failed is not in what the next one returns.
func TestTriesShareNothing(t *testing.T) {
	s := openTemp(t)
	for _, sql := range []string{
		`CREATE SEQUENCE tries`, // which is not rolled back
		`CREATE FUNCTION first_only(part integer) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
			IF part = 2 AND nextval('tries') = 1 THEN RAISE EXCEPTION 'try again' USING ERRCODE = '40001'; END IF;
			RETURN CASE WHEN NOT (SELECT is_called FROM tries) THEN 'of the first try' END;
		END $$`,
	} {
		_, err := s.pool.Exec(ctx, sql)
		require.NoError(t, err)
	}
	var read []string
	got, err := one(ctx, s.reading("test"), func(row *columns, to *string) { row.text(to); read = append(read, *to) },
		`SELECT first_only(part) FROM generate_series(1, 2) part`)
	require.NoError(t, err)
	require.Equal(t, []string{"of the first try", "", ""}, read)
	require.Empty(t, got)
}

// A database that can only be read, as a standby, answers reads and fails to
// write; it never refuses.
func TestReadOnlyDatabase(t *testing.T) {
	dsn := newSchema(t)
	s := openDSN(t, dsn)
	app := create(t, s)
	b, issued := issue(t, s, app.ID, "user")
	session, err := s.Session(ctx, b.Session.ID)
	require.NoError(t, err)

	standby := New(openPool(t, with(dsn, "default_transaction_read_only", "on"), nil))
	_, err = standby.Session(ctx, b.Session.ID)
	require.NoError(t, err)
	_, _, cleanUpErr := standby.CleanUp(ctx, now, "", 10)
	_, revokeErr := standby.RevokeTokens(ctx, oauthapp.OwnedBy("owner"), app.ID, 10)
	_, beginErr := standby.BeginSession(ctx, sessionStart(app.ID, "user"))
	for name, err := range map[string]error{
		"RedeemCode":         standby.RedeemCode(ctx, issued),
		"RotateRefreshToken": standby.RotateRefreshToken(ctx, rotation(b.Session.ID, issued.Refresh.Digest)),
		"CreateApplication":  standby.CreateApplication(ctx, newApplication("owner"), nil, 10),
		"AddSecret":          standby.AddSecret(ctx, oauthapp.OwnedBy("owner"), newSecret(app.ID), now, 10),
		"EndSession":         standby.EndSession(ctx, b.Session.ID),
		"Touch":              standby.Touch(ctx, store.Use{GrantID: session.GrantID, At: now}),
		"BeginSession":       beginErr,
		"RevokeTokens":       revokeErr,
		"CleanUp":            cleanUpErr,
	} {
		require.True(t, isCode(err, "25006"), "%s returned %v", name, err)
		require.False(t, isRefusal(err), name)
		require.NotContains(t, err.Error(), "\n")
	}
}

// A database that has no room left answers reads and fails to write, at once;
// it never refuses, and nothing is half done. That it has none is played by
// triggers, with the error that PostgreSQL has for it: so every operation meets
// it. TestDiskIsFull has a disk that is.
func TestDiskFull(t *testing.T) {
	s := openTemp(t)
	app := create(t, s)
	begun := begin(t, s, app.ID, "user")
	rotated, issued := issue(t, s, app.ID, "another")
	full := func(sql string) {
		for _, table := range []string{"oauth_applications", "oauth_sessions", "oauth_client_secrets"} {
			_, err := s.pool.Exec(ctx, fmt.Sprintf(sql, table))
			require.NoError(t, err)
		}
	}
	_, err := s.pool.Exec(ctx, `CREATE SEQUENCE tries; CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		PERFORM nextval('tries');
		RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100';
	END $$`)
	require.NoError(t, err)
	full(`CREATE TRIGGER fail BEFORE INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION fail()`)

	unbegun, other, secret := sessionStart(app.ID, "third"), newApplication("owner"), newSecret(app.ID)
	_, beginErr := s.BeginSession(ctx, unbegun)
	_, revokeErr := s.RevokeTokens(ctx, oauthapp.OwnedBy("owner"), app.ID, 10)
	failed := map[string]error{
		"BeginSession":       beginErr,
		"RedeemCode":         s.RedeemCode(ctx, redemption(begun)),
		"RotateRefreshToken": s.RotateRefreshToken(ctx, rotation(rotated.Session.ID, issued.Refresh.Digest)),
		"CreateApplication":  s.CreateApplication(ctx, other, nil, 10),
		"AddSecret":          s.AddSecret(ctx, oauthapp.OwnedBy("owner"), secret, now, 10),
		"RevokeTokens":       revokeErr,
	}
	for name, err := range failed {
		require.True(t, isCode(err, "53100"), "%s returned %v", name, err)
		require.False(t, isRefusal(err), name)
	}
	var tried int
	require.NoError(t, s.pool.QueryRow(ctx, `SELECT last_value FROM tries`).Scan(&tried))
	require.Len(t, failed, tried, "nothing is tried again")
	_, err = sample.Grant(ctx, s, app.ID, "third", "7")
	require.ErrorIs(t, err, store.ErrNotFound, "there is no grant without its session")
	_, err = s.Session(ctx, rotated.Session.ID)
	require.NoError(t, err)

	full(`DROP TRIGGER fail ON %s`)
	_, err = s.BeginSession(ctx, unbegun)
	require.NoError(t, err)
	require.NoError(t, s.RedeemCode(ctx, redemption(begun)))
	require.NoError(t, s.RotateRefreshToken(ctx, rotation(rotated.Session.ID, issued.Refresh.Digest)))
	require.NoError(t, s.CreateApplication(ctx, other, nil, 10))
	require.NoError(t, s.AddSecret(ctx, oauthapp.OwnedBy("owner"), secret, now, 10))
}

// Who waits for a connection waits no longer than allowed, and has changed
// nothing.
func TestPoolExhausted(t *testing.T) {
	pool := openPool(t, newSchema(t), func(config *pgxpool.Config) { config.MaxConns = 1 })
	require.NoError(t, Migrate(ctx, pool))
	s := New(pool)
	app := create(t, s)
	b := begin(t, s, app.ID, "user")

	held, err := pool.Acquire(ctx)
	require.NoError(t, err)
	limited, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.RedeemCode(limited, redemption(b)), context.DeadlineExceeded)
	s.limits.call = 20 * time.Millisecond
	requireNoAnswer(t, s.RedeemCode(ctx, redemption(b)))
	_, err = s.Session(ctx, b.Session.ID)
	requireNoAnswer(t, err)
	held.Release()
	s.limits = defaultLimits
	require.NoError(t, s.RedeemCode(ctx, redemption(b)))
}

// Connecting has a limit, as it keeps a place in the pool from others.
func TestConnectTimeout(t *testing.T) {
	dsn := newSchema(t)
	require.Equal(t, openLimit, openDSN(t, dsn).pool.Config().ConnConfig.ConnectTimeout)
	require.Equal(t, 3*time.Second, openDSN(t, with(dsn, "connect_timeout", "3")).pool.Config().ConnConfig.ConnectTimeout)
}

// A statement that gets no answer ends, be it one that could be repeated or
// not, and does not happen later.
func TestNoAnswer(t *testing.T) {
	s := openTemp(t)
	app := create(t, s)
	b := begin(t, s, app.ID, "user")
	other, err := s.pool.Begin(ctx)
	require.NoError(t, err)
	defer other.Rollback(ctx)
	_, err = other.Exec(ctx, `LOCK TABLE oauth_sessions`)
	require.NoError(t, err)

	s.limits = limits{call: 20 * time.Millisecond, finish: 20 * time.Millisecond}
	requireNoAnswer(t, s.RedeemCode(ctx, redemption(b)))
	_, err = s.Session(ctx, b.Session.ID)
	requireNoAnswer(t, err)
	require.Eventually(t, func() bool { return waiting(t, s) == 0 }, 10*time.Second, time.Millisecond, "the database stops, too")
	require.NoError(t, other.Commit(ctx))
	s.limits = defaultLimits
	require.NoError(t, s.RedeemCode(ctx, redemption(b)), "it did not happen")
}

func requireNoAnswer(t *testing.T, err error) {
	t.Helper()
	require.ErrorContains(t, err, "no answer in time")
	require.NotErrorIs(t, err, context.DeadlineExceeded, "nobody but the caller has a deadline")
	require.NotErrorIs(t, err, context.Canceled)
	require.False(t, isRefusal(err))
}

// A statement whose caller has gone is finished, and the connection stays in
// use.
func TestCancelledMeanwhile(t *testing.T) {
	s := openTemp(t)
	app := create(t, s)
	b := begin(t, s, app.ID, "user")
	other, err := s.pool.Begin(ctx)
	require.NoError(t, err)
	defer other.Rollback(ctx)
	_, err = other.Exec(ctx, `SELECT FROM oauth_sessions WHERE id = $1 FOR UPDATE`, b.Session.ID)
	require.NoError(t, err)

	before := s.pool.Stat().NewConnsCount()
	cancelled, cancel := context.WithCancel(ctx)
	redeemed := make(chan error, 1)
	go func() { redeemed <- s.RedeemCode(cancelled, redemption(b)) }()
	require.Eventually(t, func() bool { return waiting(t, s) == 1 }, 10*time.Second, time.Millisecond, "the redemption waits for the row")
	opened := s.pool.Stat().NewConnsCount()
	cancel()
	require.NoError(t, other.Commit(ctx))
	require.NoError(t, <-redeemed, "it returns what happened")
	session, err := s.Session(ctx, b.Session.ID)
	require.NoError(t, err)
	require.False(t, session.Code.RedeemedAt.IsZero())
	require.GreaterOrEqual(t, opened, before)
	require.Equal(t, opened, s.pool.Stat().NewConnsCount(), "no connection was lost")
	require.ErrorIs(t, s.RedeemCode(cancelled, redemption(b)), context.Canceled, "what has not begun does not begin")
}

// An operation that is cut off when it has written one row and waits to write
// another leaves neither.
func TestCutOffHalfway(t *testing.T) {
	dsn, name := newSchema(t), "oauthapps_test_"+newID().String()
	s, other := openDSN(t, with(dsn, "application_name", name)), openPool(t, dsn, nil)
	app := create(t, s)
	session, _ := issue(t, s, app.ID, "user")
	grant, err := sample.Grant(ctx, s, app.ID, "user", "7")
	require.NoError(t, err)
	secrets, err := s.Secrets(ctx, oauthapp.OwnedBy("owner"), app.ID, now)
	require.NoError(t, err)
	b, added := sessionStart(app.ID, "another"), newSecret(app.ID)
	later := now.Add(time.Minute)
	look := func() (seen [4]any) {
		var err error
		seen[0], err = s.Application(ctx, oauthapp.OwnedBy("owner"), app.ID)
		require.NoError(t, err)
		seen[1], err = s.Secrets(ctx, oauthapp.OwnedBy("owner"), app.ID, now)
		require.NoError(t, err)
		seen[2], err = s.Session(ctx, session.Session.ID)
		require.NoError(t, err)
		seen[3], err = s.Grants(ctx, oauthapp.GrantsToApplication(app.ID), oauthapp.Page{})
		require.NoError(t, err)
		return seen
	}
	for _, operation := range []struct {
		name  string
		holds string // what another transaction does, so that the operation waits
		args  []any
		call  func(context.Context) error
	}{
		{"BeginSession", `INSERT INTO oauth_sessions (id, grant_number, created_at, expires_at, scope, code_digest)
			SELECT $1, grant_number, created_at, expires_at, scope, code_digest FROM oauth_sessions LIMIT 1`, []any{b.Session.ID},
			func(ctx context.Context) error { _, err := s.BeginSession(ctx, b); return err }},
		{"AddSecret", `INSERT INTO oauth_client_secrets (application_id, id, created_at, digest, hint)
			SELECT application_id, $1, created_at, digest, hint FROM oauth_client_secrets LIMIT 1`, []any{added.ID},
			func(ctx context.Context) error { return s.AddSecret(ctx, oauthapp.OwnedBy("owner"), added, later, 10) }},
		{"Touch", `SELECT FROM oauth_application_uses WHERE application_id = $1 FOR UPDATE`, []any{app.ID},
			func(ctx context.Context) error {
				return s.Touch(ctx, store.Use{GrantID: grant.ID, ApplicationID: app.ID, SecretID: secrets[0].ID, At: later})
			}},
		{"DeleteApplication", `SELECT FROM oauth_application_uses WHERE application_id = $1 FOR UPDATE`, []any{app.ID},
			func(ctx context.Context) error {
				_, err := s.DeleteApplication(ctx, oauthapp.OwnedBy("owner"), app.ID, later)
				return err
			}},
	} {
		t.Run(operation.name, func(t *testing.T) {
			before := look()
			tx, err := other.Begin(ctx)
			require.NoError(t, err)
			defer tx.Rollback(ctx)
			_, err = tx.Exec(ctx, operation.holds, operation.args...)
			require.NoError(t, err)

			s.limits = limits{call: time.Minute, finish: time.Millisecond}
			leaving, leave := context.WithCancel(ctx)
			defer leave()
			called := make(chan error, 1)
			go func() { called <- operation.call(leaving) }()
			blocked := func() (n int) {
				require.NoError(t, other.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'`, name).Scan(&n))
				return n
			}
			for deadline := time.Now().Add(10 * time.Second); blocked() != 1; {
				require.True(t, time.Now().Before(deadline) && len(called) == 0, "it waits")
			}
			leave()
			require.ErrorIs(t, <-called, context.Canceled)
			for deadline := time.Now().Add(10 * time.Second); blocked() != 0; {
				require.True(t, time.Now().Before(deadline), "the database stops, too")
			}
			require.NoError(t, tx.Rollback(ctx))
			s.limits = defaultLimits
			require.Equal(t, before, look())
			require.NoError(t, operation.call(ctx), "it is as if it had not been called")
		})
	}
}

// aConnection is one as a call sees it.
type aConnection struct {
	conn   net.Conn
	closed bool
}

func (c *aConnection) Conn() net.Conn { return c.conn }
func (c *aConnection) IsClosed() bool { return c.closed }

// A statement goes on for some time after its call has ended, by the caller or
// by its limit, and what comes after it has no deadline.
func TestFinishing(t *testing.T) {
	type key struct{}
	limits := limits{call: time.Minute, finish: 5 * time.Second}
	read := func(c net.Conn) error { _, err := c.Read(make([]byte, 1)); return err }
	for name, test := range map[string]struct {
		allowed time.Duration // by the caller
		closed  bool
	}{
		"limit":            {time.Hour, false},
		"caller":           {time.Second, false},
		"caller, too late": {0, false},
		"closed":           {time.Second, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			here, there := net.Pipe()
			defer here.Close()
			c := &aConnection{here, test.closed}
			ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, name), min(test.allowed, limits.call))
			defer cancel()

			began := time.Now()
			require.ErrorIs(t, limits.finishing(ctx, c, func(ctx context.Context) error {
				require.Equal(t, name, ctx.Value(key{}))
				return errors.Join(read(here), ctx.Err())
			}), os.ErrDeadlineExceeded, name)
			require.Equal(t, min(test.allowed, limits.call)+limits.finish, time.Since(began), name)
			defer time.AfterFunc(time.Minute, func() { there.Close() }).Stop()
			if test.closed {
				require.ErrorIs(t, read(here), os.ErrDeadlineExceeded, "the deadline of a farewell is left alone")
			} else {
				require.ErrorIs(t, read(here), io.EOF, "the next statement has no deadline of the last")
			}
		})
	}
}

// A statement that is finished in time leaves no deadline on its connection
// when its context ends later.
func TestFinishedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		defer here.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.NoError(t, defaultLimits.finishing(ctx, &aConnection{conn: here}, func(context.Context) error { return nil }))
		<-ctx.Done()
		time.AfterFunc(10*time.Minute, func() { there.Close() })
		_, err := here.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
	})
}

// Connections are killed at random under load: what was acknowledged is there,
// what was not is an error that is no refusal, and work goes on.
func TestKilledConnections(t *testing.T) {
	const workers, kills, each = 8, 40, 10
	name := "oauthapps_test_" + newID().String()
	s := openDSN(t, with(newSchema(t), "application_name", name))
	app := create(t, s)

	var acknowledged, failed atomic.Int64
	var done atomic.Bool
	results := make(chan error, workers)
	for i := range workers {
		go func() {
			results <- func() error {
				for n := 0; !done.Load(); n++ {
					if err := oneLife(s, app.ID, fmt.Sprintf("user-%d-%d", i, n), &acknowledged, &failed); err != nil {
						return err
					}
				}
				return nil
			}()
		}()
	}
	killer, err := pgx.Connect(ctx, server(t))
	require.NoError(t, err)
	defer killer.Close(ctx)
	for k := range int64(kills) {
		require.Eventually(t, func() bool { return acknowledged.Load() >= k*each || len(results) > 0 }, 30*time.Second, time.Millisecond, "work goes on")
		_, err := killer.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 ORDER BY random() LIMIT 3`, name)
		require.NoError(t, err)
	}
	done.Store(true)
	for range workers {
		require.NoError(t, <-results)
	}
	require.Positive(t, failed.Load(), "some calls met a killed connection")
	t.Logf("%d calls acknowledged, %d failed", acknowledged.Load(), failed.Load())
}

// oneLife takes a session from its beginning over rotations to its end, and
// returns an error if the store does not keep what it acknowledged. A call that
// fails may have happened or not, and ends the life.
func oneLife(s *Store, app [16]byte, user string, acknowledged, failed *atomic.Int64) error {
	b := sessionStart(app, user)
	issued := redemption(b)
	last := b.Session.Code.Digest // what was acknowledged last
	seen := func(session store.Session) [32]byte {
		switch {
		case !session.RotatedAt.IsZero(), !session.Code.RedeemedAt.IsZero():
			return session.Refresh.Digest
		default:
			return session.Code.Digest
		}
	}
	steps := []func() ([32]byte, error){
		func() ([32]byte, error) { _, err := s.BeginSession(ctx, b); return b.Session.Code.Digest, err },
		func() ([32]byte, error) { return issued.Refresh.Digest, s.RedeemCode(ctx, issued) },
	}
	for range 4 {
		steps = append(steps, func() ([32]byte, error) {
			r := rotation(b.Session.ID, last)
			return r.Refresh.Digest, s.RotateRefreshToken(ctx, r)
		})
	}
	for i, step := range steps {
		digest, err := step()
		session, readErr := s.Session(ctx, b.Session.ID)
		switch {
		case isRefusal(err):
			return fmt.Errorf("step %d was refused: %w", i, err)
		case err != nil:
			failed.Add(1)
			if readErr == nil && seen(session) != digest && (i == 0 || seen(session) != last) {
				return fmt.Errorf("step %d failed, and left neither what was before nor after", i)
			}
			if i > 0 && errors.Is(readErr, store.ErrNotFound) {
				return fmt.Errorf("step %d failed, and the session is gone", i)
			}
			return nil
		}
		acknowledged.Add(1)
		last = digest
		if readErr != nil {
			if errors.Is(readErr, store.ErrNotFound) {
				return fmt.Errorf("step %d was acknowledged, and the session is gone", i)
			}
			failed.Add(1)
			continue
		}
		if seen(session) != last {
			return fmt.Errorf("step %d was acknowledged and is lost", i)
		}
	}
	return nil
}

// What has not begun does not begin once its caller has gone, not even where it
// gets its connection at the same moment.
func TestGoneBeforeAConnection(t *testing.T) {
	leave := func() {}
	pool := openPool(t, newSchema(t), func(config *pgxpool.Config) {
		config.PrepareConn = func(context.Context, *pgx.Conn) (bool, error) { leave(); return true, nil }
	})
	leaving, cancel := context.WithCancel(ctx)
	leave = cancel
	err := New(pool).writing("anything").run(leaving, func(context.Context, *pgx.Conn) error {
		t.Error("it began")
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
}
