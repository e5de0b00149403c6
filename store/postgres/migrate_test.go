package postgres

import (
	"crypto/sha256"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/sample"
)

func TestMigrateAtOnce(t *testing.T) {
	dsn := newSchema(t)
	pools := make([]*pgxpool.Pool, 4)
	for i := range pools {
		pools[i] = openPool(t, dsn, nil)
	}
	for _, err := range atOnce(16, func(i int) error { return Migrate(ctx, pools[i%len(pools)]) }) {
		require.NoError(t, err)
	}
	var versions []int32
	require.NoError(t, pools[0].QueryRow(ctx, `SELECT array_agg(version ORDER BY version) FROM oauth_migrations`).Scan(&versions))
	names, err := fs.Glob(Migrations(), "*.sql")
	require.NoError(t, err)
	require.Len(t, versions, len(names))
	create(t, New(pools[0]))
}

// A host's own tool runs the migrations, and Ping tells when it has run them
// all. Migrate, which does not know what the tool has run, refuses.
func TestMigrateWithAnotherTool(t *testing.T) {
	pool := openPool(t, newSchema(t), nil)
	scripts, err := migrationScripts()
	require.NoError(t, err)
	s := New(pool)
	for _, script := range scripts {
		require.ErrorContains(t, s.Ping(ctx), "is the schema migrated")
		_, err := pool.Exec(ctx, script)
		require.NoError(t, err)
	}
	require.NoError(t, s.Ping(ctx))
	require.ErrorIs(t, Migrate(ctx, pool), errOwnTool)

	// To go over to Migrate, tell it what was run.
	_, err = pool.Exec(ctx, `CREATE TABLE oauth_migrations (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`)
	require.NoError(t, err)
	require.ErrorIs(t, Migrate(ctx, pool), errOwnTool)
	_, err = pool.Exec(ctx, `INSERT INTO oauth_migrations (version) SELECT generate_series(1, $1::integer)`, len(scripts))
	require.NoError(t, err)
	require.NoError(t, Migrate(ctx, pool))
}

// What version 1 kept goes on to work: codes and tokens of live sessions,
// remembered consent, and what was dead stays dead.
func TestMigrateFromVersion1(t *testing.T) {
	dsn := newSchema(t)
	pools := []*pgxpool.Pool{openPool(t, dsn, nil), openPool(t, dsn, nil)}
	scripts, err := migrationScripts()
	require.NoError(t, err)
	require.NoError(t, applyNext(ctx, pools[0], scripts[:1]))
	data, err := os.ReadFile("testdata/version1.sql")
	require.NoError(t, err)
	_, err = pools[0].Exec(ctx, string(data))
	require.NoError(t, err)
	for _, err := range atOnce(8, func(i int) error { return Migrate(ctx, pools[i%2]) }) {
		require.NoError(t, err)
	}

	s := New(pools[1])
	app := uuid.MustParse("01900000-0000-7000-8000-000000000001")
	id := func(n byte) uuid.UUID { return uuid.UUID{0: 1, 15: n} }
	at := func(minute int) time.Time { return time.Date(2026, 11, 1, 12, minute, 0, 123456000, time.UTC) }
	expires := time.Date(2027, 11, 1, 12, 0, 0, 0, time.UTC)
	begun := store.Session{
		ID: id(1), ApplicationID: app, GrantID: uuid.MustParse("01900000-0000-7000-8000-000000000002"), ClientID: "client",
		UserID: "user", AccountID: "account", GrantUsedAt: at(9), Scopes: []string{"read", "write"}, CreatedAt: at(0), ExpiresAt: at(10),
		Code: store.Code{Digest: digestOf("code"), ExpiresAt: at(10), RedirectURI: "https://example.com/cb", CodeChallenge: "challenge", State: digestOf("state")},
	}
	redeemed := begun
	redeemed.ID, redeemed.ExpiresAt = id(2), expires
	redeemed.Code = store.Code{Digest: digestOf("code"), RedeemedAt: at(1)}
	redeemed.Access = store.AccessToken{Digest: digestOf("access 1"), IssuedAt: at(1), ExpiresAt: at(61), Scopes: []string{"read", "write"}}
	redeemed.Refresh = store.RefreshToken{Digest: digestOf("refresh 1"), ExpiresAt: expires}
	redeemed.RefreshFamily = digestOf("family")
	rotated := redeemed
	rotated.ID = id(3)
	rotated.PreviousAccess, rotated.PreviousRefresh = redeemed.Access, redeemed.Refresh.Digest
	rotated.Access = store.AccessToken{Digest: digestOf("access 2"), IssuedAt: at(5), ExpiresAt: at(65), Scopes: []string{"read"}}
	rotated.Refresh.Digest, rotated.RotatedAt = digestOf("refresh 2"), at(5)
	late := rotated // whose rotation was later than its access token counts from
	late.ID, late.RotatedAt = id(4), at(6)
	late.Access.Scopes, late.Scopes, late.PreviousAccess.Scopes = []string{}, []string{"read"}, []string{"read"}
	for _, want := range []store.Session{begun, redeemed, rotated, late} {
		got, err := s.Session(ctx, want.ID)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err = s.Session(ctx, id(5))
	require.ErrorIs(t, err, store.ErrNotFound, "of a revoked epoch")

	redemption := store.Redemption{SessionID: id(1), Code: digestOf("code"), Access: redeemed.Access, Refresh: redeemed.Refresh, ExpiresAt: expires, At: at(1)}
	require.NoError(t, s.RedeemCode(ctx, redemption))
	require.ErrorIs(t, s.RedeemCode(ctx, redemption), store.ErrUsed)
	for _, session := range []store.Session{redeemed, rotated, late} {
		require.ErrorIs(t, s.RotateRefreshToken(ctx, rotation(session.ID, digestOf("another"))), store.ErrUsed)
		require.NoError(t, s.RotateRefreshToken(ctx, rotation(session.ID, session.Refresh.Digest)))
	}
	again := sessionStart(app, "user")
	again.GrantID, again.Session.AccountID = uuid.Nil, "account"
	_, err = s.BeginSession(ctx, again)
	require.NoError(t, err, "consent is remembered")
	client, err := s.Client(ctx, "client", id(1), at(2))
	require.NoError(t, err)
	require.Len(t, client.Secrets, 1)
	require.Equal(t, id(1), client.Session.ID)
	require.Equal(t, oauthapp.Standing{}, client.Application.Standing)
	_, err = s.SetStanding(ctx, oauthapp.OwnedBy("owner"), app, oauthapp.Standing{}, oauthapp.Standing{Suspended: true})
	require.NoError(t, err)
	_, err = s.Session(ctx, id(1))
	require.ErrorIs(t, err, store.ErrNotFound, "a suspension holds for what was kept before there were any")
	token := oauthapp.APIToken{ID: id(7), UserID: "user", Name: "Name", Scopes: []string{"read"}, Digest: digestOf("token"), Hint: "hint", CreatedAt: at(0)}
	require.NoError(t, s.CreateAPIToken(ctx, token, 1))
	got, err := s.APIToken(ctx, token.ID, at(1))
	require.NoError(t, err)
	require.Equal(t, token, got)
}

// What version 9 kept goes on to work, a session of each kind: those of an
// application itself were not counted then, and ended with no secret.
func TestMigrateFromVersion9(t *testing.T) {
	pool := openPool(t, with(newSchema(t), "synchronous_commit", "off"), nil)
	scripts, err := migrationScripts()
	require.NoError(t, err)
	for range 9 {
		require.NoError(t, applyNext(ctx, pool, scripts[:9]))
	}
	data, err := os.ReadFile("testdata/version9.sql")
	require.NoError(t, err)
	_, err = pool.Exec(ctx, string(data))
	require.NoError(t, err)
	require.NoError(t, Migrate(ctx, pool))
	sample.CheckKept(t, New(pool))
}

// A node of version 9 goes on to serve: it begins sessions, and takes what
// begins under the new schema for what it knows. It does not see that a session
// ends with its secret, or is older than the newest.
func TestVersion9AfterTheMigration(t *testing.T) {
	s := openTemp(t)
	app := create(t, s)
	for range 2 {
		tag, err := s.pool.Exec(ctx, `WITH granted AS (
			INSERT INTO oauth_grants AS g (id, application_id, application_epoch, user_id, account_id, scopes, authorized_at)
			SELECT $1::uuid, a.id, a.token_epoch, '', '', '{read}', now() FROM oauth_applications a WHERE a.id = $2::uuid
			ON CONFLICT ON CONSTRAINT oauth_grants_once DO UPDATE SET authorized_at = excluded.authorized_at RETURNING g.number)
			INSERT INTO oauth_sessions (id, grant_number, created_at, expires_at, scope, access_token_digest, access_token_issued_at, access_token_expires_at)
			SELECT $3::uuid, number, now(), now() + interval '1 hour', 'read', sha256('token'), now(), now() + interval '1 hour' FROM granted`, newID(), app.ID, newID())
		require.NoError(t, err)
		require.EqualValues(t, 1, tag.RowsAffected())
		own := sessionStart(app.ID, "")
		own.Session.AccountID = ""
		_, err = s.BeginSession(ctx, own)
		require.NoError(t, err)
		_, err = s.Session(ctx, own.Session.ID)
		require.NoError(t, err)
	}
	var all, counted int
	require.NoError(t, s.pool.QueryRow(ctx, `SELECT count(*), max(own_number) FROM oauth_sessions`).Scan(&all, &counted))
	require.Equal(t, []int{4, 2}, []int{all, counted})
}

// A node that began before the schema was migrated fails, and takes what it
// finds for nothing else.
func TestBeforeTheMigration(t *testing.T) {
	dsn := newSchema(t)
	pool := openPool(t, dsn, nil)
	scripts, err := migrationScripts()
	require.NoError(t, err)
	require.NoError(t, applyNext(ctx, pool, scripts[:1]))
	data, err := os.ReadFile("testdata/version1.sql")
	require.NoError(t, err)
	_, err = pool.Exec(ctx, string(data))
	require.NoError(t, err)
	app, redeemed := uuid.MustParse("01900000-0000-7000-8000-000000000001"), uuid.UUID{0: 1, 15: 2}
	for _, mode := range []string{"cache_statement", "exec"} {
		s := New(openPool(t, with(dsn, "default_query_exec_mode", mode), nil))
		_, sessionErr := s.Session(ctx, redeemed)
		_, clientErr := s.Client(ctx, "client", redeemed, now)
		_, beginErr := s.BeginSession(ctx, sessionStart(app, "another"))
		for name, err := range map[string]error{
			"Session": sessionErr, "Client": clientErr, "BeginSession": beginErr,
			"RedeemCode":         s.RedeemCode(ctx, store.Redemption{SessionID: uuid.UUID{0: 1, 15: 1}, Code: digestOf("code"), At: now}),
			"RotateRefreshToken": s.RotateRefreshToken(ctx, rotation(redeemed, digestOf("refresh 1"))),
		} {
			require.ErrorContains(t, err, "is the schema migrated", "%s, %s", name, mode)
			require.False(t, isRefusal(err), name)
		}
	}
}

// A node of version 1 begins no session on the schema of version 2, where its
// list of scopes would be kept as if it were one scope.
func TestVersion1AfterTheMigration(t *testing.T) {
	s := openTemp(t)
	_, err := s.pool.Exec(ctx, `INSERT INTO oauth_sessions (id, grant_number, created_at, expires_at, scopes)
		SELECT $1::uuid, 1, now(), now(), $2::text[]`, newID(), []string{"read", "write"})
	require.True(t, isCode(err, undefinedColumn), "%v", err)
}

// The statements of a node of version 4 fail on the schema of version 5, as
// they would accept the tokens of suspended applications.
func TestVersion4AfterTheMigration(t *testing.T) {
	s := openTemp(t)
	for _, statement := range []string{
		// Session
		`SELECT s.id FROM oauth_sessions s JOIN oauth_grants g ON g.number = s.grant_number
			LEFT JOIN oauth_applications a ON a.id = g.application_id AND a.deleted_at IS NULL
			WHERE s.id = $1::uuid AND coalesce(a.epoch, -1) = g.application_epoch`,
		// Client
		`SELECT CASE WHEN g.application_id = a.id AND g.application_epoch = a.epoch THEN s.id END FROM oauth_applications a
			LEFT JOIN (oauth_sessions s JOIN oauth_grants g ON g.number = s.grant_number) ON s.id = $1::uuid`,
		// RotateRefreshToken; RedeemCode judges the same
		`UPDATE oauth_sessions s SET extra = NULL FROM oauth_grants g
			LEFT JOIN oauth_applications a ON a.id = g.application_id AND a.deleted_at IS NULL
			WHERE g.number = s.grant_number AND s.id = $1::uuid AND coalesce(a.epoch, -1) = g.application_epoch`,
		// BeginSession
		`INSERT INTO oauth_grants AS g (id, application_id, application_epoch, owner, user_id, account_id, scopes, authorized_at)
			SELECT $1::uuid, a.id, a.epoch, a.owner, 'user', '7', '{read}', now() FROM oauth_applications a`,
	} {
		_, err := s.pool.Exec(ctx, statement, newID())
		require.True(t, isCode(err, undefinedColumn), "%v", err)
	}
}

func digestOf(s string) credential.Digest { return sha256.Sum256([]byte(s)) }

func TestMigrateRefusesANewerSchema(t *testing.T) {
	dsn := newSchema(t)
	s := openDSN(t, dsn)
	_, err := s.pool.Exec(ctx, `INSERT INTO oauth_migrations (version) VALUES (1000)`)
	require.NoError(t, err)
	require.ErrorIs(t, Migrate(ctx, s.pool), errNewer)
	_, err = Open(ctx, dsn)
	require.ErrorIs(t, err, errNewer)
	require.ErrorContains(t, err, "upgrade this program")
}

// Who may not create tables can start on tables that somebody else has
// migrated, and is told so otherwise.
func TestMigrateWithoutPrivileges(t *testing.T) {
	dsn := newSchema(t)
	role := schemaOf(dsn) + "_role"
	admin(t, `CREATE ROLE `+role)
	t.Cleanup(func() { admin(t, `DROP ROLE `+role) })
	admin(t, `GRANT USAGE ON SCHEMA `+schemaOf(dsn)+` TO `+role)
	t.Cleanup(func() { admin(t, `DROP OWNED BY `+role) })
	asRole := func() *pgxpool.Pool { return openPool(t, with(dsn, "role", role), nil) }

	require.ErrorContains(t, Migrate(ctx, asRole()), "permission denied")
	openDSN(t, dsn)
	admin(t, `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA `+schemaOf(dsn)+` TO `+role)
	pool := asRole()
	require.NoError(t, Migrate(ctx, pool))
	s := New(pool)
	app := create(t, s)
	issue(t, s, app.ID, "user")
}

// Doorkeeper has a table of the same name: it is told apart from one of this
// library, and a schema before its own in the search_path is all that it takes.
func TestMigrateBesideDoorkeeper(t *testing.T) {
	dsn, own := newSchema(t), newSchema(t)
	pool := openPool(t, dsn, nil)
	_, err := pool.Exec(ctx, `CREATE TABLE oauth_applications (id bigserial PRIMARY KEY, uid varchar, secret varchar)`)
	require.NoError(t, err)
	require.ErrorContains(t, Migrate(ctx, pool), "it is not this library's: create a schema for it, and add search_path=NAME")

	s := openDSN(t, with(own, "search_path", schemaOf(own)+","+schemaOf(dsn)))
	create(t, s)
	require.NoError(t, s.Ping(ctx))
}

// A migration that fails leaves nothing behind, and can be repeated.
func TestMigrateIsWhole(t *testing.T) {
	dsn := newSchema(t)
	pool := openPool(t, dsn, nil)
	_, err := pool.Exec(ctx, `CREATE TABLE oauth_sessions (id integer)`) // in the way
	require.NoError(t, err)
	err = Migrate(ctx, pool)
	require.ErrorContains(t, err, `relation "oauth_sessions" already exists`)
	require.ErrorContains(t, err, "it is not this library's: create a schema for it, and add search_path=NAME")
	var tables int
	require.NoError(t, pool.QueryRow(ctx, `SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()`).Scan(&tables))
	require.Equal(t, 1, tables)
	_, err = pool.Exec(ctx, `DROP TABLE oauth_sessions`)
	require.NoError(t, err)
	require.NoError(t, Migrate(ctx, pool))
}

func TestMigrateRefusesWhatCannotHoldEveryText(t *testing.T) {
	name := "oauthapps_test_" + newID().String()
	admin(t, `CREATE DATABASE "`+name+`" ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`)
	t.Cleanup(func() { admin(t, `DROP DATABASE "`+name+`" WITH (FORCE)`) })
	pool := openPool(t, server(t), func(config *pgxpool.Config) { config.ConnConfig.Database = name })
	require.ErrorIs(t, Migrate(ctx, pool), errEncoding)
}
