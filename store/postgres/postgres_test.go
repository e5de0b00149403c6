package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/sample"
	"github.com/oauthapps/oauthapps/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel() // with the other two, as each mostly waits for the disk
	storetest.Run(t, harnessIn(newSchema(t)))
}

// No statement notices that sessions are partitioned.
func TestStorePartitioned(t *testing.T) {
	t.Parallel()
	dsn := with(newSchema(t), "synchronous_commit", "off")
	_, err := openDSN(t, dsn).pool.Exec(ctx, `
		ALTER TABLE oauth_sessions RENAME TO oauth_sessions_whole;
		CREATE TABLE oauth_sessions (LIKE oauth_sessions_whole INCLUDING DEFAULTS, PRIMARY KEY (id)) PARTITION BY HASH (id);
		CREATE TABLE oauth_sessions_0 PARTITION OF oauth_sessions FOR VALUES WITH (MODULUS 3, REMAINDER 0) WITH (fillfactor = 90);
		CREATE TABLE oauth_sessions_1 PARTITION OF oauth_sessions FOR VALUES WITH (MODULUS 3, REMAINDER 1) WITH (fillfactor = 90);
		CREATE TABLE oauth_sessions_2 PARTITION OF oauth_sessions FOR VALUES WITH (MODULUS 3, REMAINDER 2) WITH (fillfactor = 90);
		DROP TABLE oauth_sessions_whole`)
	require.NoError(t, err)
	storetest.Run(t, harnessIn(dsn))
}

// harnessIn opens stores one after the other in one place, which is quicker.
func harnessIn(dsn string) storetest.Harness {
	return storetest.Harness{
		New: func(tb testing.TB) store.Store {
			s := openDSN(tb, dsn)
			_, err := s.pool.Exec(ctx, `DELETE FROM oauth_application_uses; DELETE FROM oauth_client_secrets; DELETE FROM oauth_sessions;
				DELETE FROM oauth_grants; DELETE FROM oauth_applications; DELETE FROM oauth_records; DELETE FROM oauth_api_tokens`)
			require.NoError(tb, err)
			return s
		},
		Reopen: func(tb testing.TB, s store.Store) store.Store {
			require.NoError(tb, s.(*Store).Close())
			return openDSN(tb, dsn)
		},
		Beside: func(tb testing.TB, _ store.Store) store.Store { return openDSN(tb, dsn) },
	}
}

// atOnce calls f n times at once and returns what they returned.
func atOnce(n int, f func(i int) error) []error {
	results := make(chan error, n)
	gate := make(chan struct{})
	for i := range n {
		go func() {
			<-gate
			results <- f(i)
		}()
	}
	close(gate)
	errs := make([]error, n)
	for i := range errs {
		errs[i] = <-results
	}
	return errs
}

func TestNewTakesTheHostsPool(t *testing.T) {
	dsn := newSchema(t)
	pool := openPool(t, dsn, nil)
	s := New(pool)

	err := s.CreateApplication(ctx, newApplication("owner"), nil, 10)
	require.ErrorContains(t, err, "is the schema migrated", "New migrates nothing")

	require.NoError(t, Migrate(ctx, pool))
	create(t, s)
	require.NoError(t, s.Close())
	require.NoError(t, pool.Ping(ctx), "the pool is the host's to close")
	create(t, s)
}

// What PostgreSQL cannot keep as text nobody has kept: it is not found, and no
// outage.
func TestTextsThatCannotBeKept(t *testing.T) {
	s := openTemp(t)
	app := create(t, s)
	for _, text := range []string{"a\x00b", "\xff\xfe"} {
		_, err := s.Client(ctx, text, uuid.Nil, now)
		require.ErrorIs(t, err, store.ErrNotFound)
		_, err = s.Application(ctx, oauthapp.OwnedBy(text), app.ID)
		require.ErrorIs(t, err, store.ErrNotFound)
		require.ErrorIs(t, s.UpdateApplication(ctx, oauthapp.OwnedBy(text), app), store.ErrNotFound)
		_, err = s.DeleteApplication(ctx, oauthapp.OwnedBy(text), app.ID, now)
		require.ErrorIs(t, err, store.ErrNotFound)
		_, err = s.Secrets(ctx, oauthapp.OwnedBy(text), app.ID, now)
		require.ErrorIs(t, err, store.ErrNotFound)
		require.ErrorIs(t, s.AddSecret(ctx, oauthapp.OwnedBy(text), newSecret(app.ID), now, 10), store.ErrNotFound)
		_, err = s.RevokeSecret(ctx, oauthapp.OwnedBy(text), app.ID, uuid.New(), now)
		require.ErrorIs(t, err, store.ErrNotFound)
		_, err = s.Usage(ctx, oauthapp.OwnedBy(text), app.ID, 10)
		require.ErrorIs(t, err, store.ErrNotFound)
		_, err = s.RevokeTokens(ctx, oauthapp.OwnedBy(text), app.ID, 10)
		require.ErrorIs(t, err, store.ErrNotFound)
		_, err = sample.Grant(ctx, s, app.ID, text, "account")
		require.ErrorIs(t, err, store.ErrNotFound)
		_, err = s.RevokeGrant(ctx, oauthapp.GrantsOfUser(text), uuid.New())
		require.ErrorIs(t, err, store.ErrNotFound)
		apps, err := s.Applications(ctx, oauthapp.OwnedBy(text), oauthapp.Page{})
		require.NoError(t, err)
		require.Empty(t, apps.Items)
		grants, err := s.Grants(ctx, oauthapp.GrantsForAccount(text), oauthapp.Page{})
		require.NoError(t, err)
		require.Empty(t, grants.Items)

		// To keep one is refused, wholly.
		b := sessionStart(app.ID, text)
		_, err = s.BeginSession(ctx, b)
		require.Error(t, err)
		require.False(t, isRefusal(err), "%v", err)
		_, err = s.Session(ctx, b.Session.ID)
		require.ErrorIs(t, err, store.ErrNotFound)
		bad := newApplication("owner")
		bad.Name = text
		err = s.CreateApplication(ctx, bad, nil, 1000)
		require.Error(t, err)
		require.False(t, isRefusal(err), "%v", err)
	}
}

// A tripConn counts how often the client waits for the server: what is sent
// after something was received begins a new round trip.
type tripConn struct {
	net.Conn
	trips *atomic.Int64
	heard atomic.Bool
}

func (c *tripConn) Write(b []byte) (int, error) {
	if c.heard.Swap(false) {
		c.trips.Add(1)
	}
	return c.Conn.Write(b)
}

func (c *tripConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.heard.Store(true)
	}
	return n, err
}

func TestRoundTrips(t *testing.T) {
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec} {
		t.Run(mode.String(), func(t *testing.T) {
			var trips atomic.Int64
			pool := openPool(t, newSchema(t), func(config *pgxpool.Config) {
				config.MaxConns = 1 // so that each statement is prepared once
				config.ConnConfig.DefaultQueryExecMode = mode
				config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
				dial := config.ConnConfig.DialFunc
				config.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
					c, err := dial(ctx, network, addr)
					return &tripConn{Conn: c, trips: &trips}, err
				}
			})
			require.NoError(t, Migrate(ctx, pool))
			roundTrips(t, New(pool), &trips)
		})
	}
}

func roundTrips(t *testing.T, s *Store, trips *atomic.Int64) {
	var app oauthapp.Application
	var grant oauthapp.Grant
	var session store.SessionStart
	var issued store.Redemption
	prepare := func() {
		app = create(t, s)
		session, issued = issue(t, s, app.ID, "user")
		var err error
		grant, err = sample.Grant(ctx, s, app.ID, "user", "7")
		require.NoError(t, err)
	}
	owned := oauthapp.GrantsToOwner(oauthapp.OwnedBy("owner"))
	operations := []struct {
		name string
		want int64
		call func() error
	}{
		{"Client", 1, func() error { _, err := s.Client(ctx, app.ClientID, session.Session.ID, now); return err }},
		{"Client again, with that", 2, func() error {
			if _, err := s.Client(ctx, app.ClientID, uuid.Nil, now); err != nil {
				return err
			}
			_, err := s.Client(ctx, app.ClientID, session.Session.ID, now)
			return err
		}},
		{"Client after a change, with that and the Client before", 4, func() error {
			if _, err := s.Client(ctx, app.ClientID, session.Session.ID, now); err != nil {
				return err
			}
			if _, err := s.pool.Exec(ctx, "UPDATE oauth_applications SET revision = gen_random_uuid() WHERE id = $1", app.ID); err != nil {
				return err
			}
			_, err := s.Client(ctx, app.ClientID, session.Session.ID, now)
			return err
		}},
		{"Session", 1, func() error { _, err := s.Session(ctx, session.Session.ID); return err }},
		{"BeginSession", 1, func() error { _, err := s.BeginSession(ctx, sessionStart(app.ID, "user")); return err }},
		{"BeginSession of a user who consented before", 1, func() error {
			b := sessionStart(app.ID, "user")
			b.GrantID = uuid.Nil
			_, err := s.BeginSession(ctx, b)
			return err
		}},
		{"RedeemCode", 2, func() error { // with the one that begins
			b := sessionStart(app.ID, "user")
			if _, err := s.BeginSession(ctx, b); err != nil {
				return err
			}
			return s.RedeemCode(ctx, redemption(b))
		}},
		{"a whole authorization of a user who consented before", 4, func() error {
			if _, err := s.Client(ctx, app.ClientID, uuid.Nil, now); err != nil { // authorize
				return err
			}
			b := sessionStart(app.ID, "user")
			b.GrantID = uuid.Nil
			if _, err := s.BeginSession(ctx, b); err != nil {
				return err
			}
			if _, err := s.Client(ctx, app.ClientID, b.Session.ID, now); err != nil { // token
				return err
			}
			return s.RedeemCode(ctx, redemption(b))
		}},
		{"a refresh", 2, func() error {
			if _, err := s.Client(ctx, app.ClientID, issued.SessionID, now); err != nil {
				return err
			}
			return s.RotateRefreshToken(ctx, rotation(issued.SessionID, issued.Refresh.Digest))
		}},
		{"RedeemCode again", 2, func() error { return expect(store.ErrUsed, s.RedeemCode(ctx, issued)) }},
		{"RotateRefreshToken", 1, func() error {
			return s.RotateRefreshToken(ctx, rotation(issued.SessionID, issued.Refresh.Digest))
		}},
		{"RotateRefreshToken of another", 2, func() error {
			return expect(store.ErrUsed, s.RotateRefreshToken(ctx, rotation(issued.SessionID, newDigest())))
		}},
		{"EndSession", 1, func() error { return s.EndSession(ctx, session.Session.ID) }},
		{"Touch", 1, func() error {
			return s.Touch(ctx, store.Use{GrantID: grant.ID, ApplicationID: app.ID, SecretID: newID(), At: now})
		}},
		{"CreateApplication", 1, func() error {
			app := newApplication("owner")
			secret := newSecret(app.ID)
			return s.CreateApplication(ctx, app, &secret, 1000)
		}},
		{"CreateApplication beyond the limit", 1, func() error {
			return expect(store.ErrLimit, s.CreateApplication(ctx, newApplication("owner"), nil, 1))
		}},
		{"Application", 1, func() error { _, err := s.Application(ctx, oauthapp.OwnedBy("owner"), app.ID); return err }},
		{"Applications", 1, func() error { _, err := s.Applications(ctx, oauthapp.OwnedBy("owner"), oauthapp.Page{}); return err }},
		{"UpdateApplication", 1, func() error { return s.UpdateApplication(ctx, oauthapp.OwnedBy("owner"), app) }},
		{"Secrets", 1, func() error { _, err := s.Secrets(ctx, oauthapp.OwnedBy("owner"), app.ID, now); return err }},
		{"AddSecret", 1, func() error {
			return s.AddSecret(ctx, oauthapp.OwnedBy("owner"), newSecret(app.ID), now.Add(time.Hour), 10)
		}},
		{"RevokeSecret", 2, func() error { // with the one that adds
			secret := newSecret(app.ID)
			if err := s.AddSecret(ctx, oauthapp.OwnedBy("owner"), secret, now, 10); err != nil {
				return err
			}
			_, err := s.RevokeSecret(ctx, oauthapp.OwnedBy("owner"), app.ID, secret.ID, now)
			return err
		}},
		{"Usage", 1, func() error { _, err := s.Usage(ctx, oauthapp.OwnedBy("owner"), app.ID, 10); return err }},
		{"Grant", 1, func() error { _, err := sample.Grant(ctx, s, app.ID, "user", "7"); return err }},
		{"Grants", 1, func() error { _, err := s.Grants(ctx, oauthapp.GrantsOfUser("user"), oauthapp.Page{}); return err }},
		{"Grants to all applications of an owner", 2, func() error { _, err := s.Grants(ctx, owned, oauthapp.Page{}); return err }},
		{"EndGrants", 1, func() error { _, _, err := s.EndGrants(ctx, oauthapp.GrantsOfUser("user"), "", 10); return err }},
		{"EndGrants to the applications of an owner", 1, func() error { _, _, err := s.EndGrants(ctx, owned, "", 10); return err }},
		{"SetStanding", 1, func() error {
			_, err := s.SetStanding(ctx, oauthapp.OwnedBy("owner"), app.ID, oauthapp.Standing{}, oauthapp.Standing{Suspended: true})
			return err
		}},
		{"TransferApplication", 1, func() error {
			return s.TransferApplication(ctx, oauthapp.OwnedBy("owner"), app.ID, "another", 1000)
		}},
		{"ApplicationByClientID", 1, func() error {
			_, err := s.ApplicationByClientID(ctx, oauthapp.OwnedBy("owner"), app.ClientID)
			return err
		}},
		{"RevokeGrant", 1, func() error { _, err := s.RevokeGrant(ctx, owned, grant.ID); return err }},
		{"RevokeTokens", 1, func() error { _, err := s.RevokeTokens(ctx, oauthapp.OwnedBy("owner"), app.ID, 10); return err }},
		{"DeleteApplication", 1, func() error { _, err := s.DeleteApplication(ctx, oauthapp.OwnedBy("owner"), app.ID, now); return err }},
		{"CleanUp of sessions", 1, func() error { _, _, err := s.CleanUp(ctx, now, "", 10); return err }},
		{"CleanUp of grants", 1, func() error { _, _, err := s.CleanUp(ctx, now, "g", 10); return err }},
		{"CleanUp of secrets", 1, func() error { _, _, err := s.CleanUp(ctx, now, "c", 10); return err }},
	}
	for _, v := range operations {
		prepare()
		require.NoError(t, v.call(), v.name) // what it runs is prepared now
		prepare()
		before := trips.Load()
		require.NoError(t, v.call(), v.name)
		require.Equal(t, v.want, trips.Load()-before, "round trips of %s", v.name)
	}
}

// expect returns nil for the error that was wanted.
func expect(want, err error) error {
	if errors.Is(err, want) {
		return nil
	}
	return fmt.Errorf("want the error %v, got %v", want, err)
}
