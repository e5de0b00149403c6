package flow_test

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/oauthapps/oauthapps/flow"
	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
	postgresstore "github.com/oauthapps/oauthapps/store/postgres"
	sqlitestore "github.com/oauthapps/oauthapps/store/sqlite"
)

// What the first version of the tables kept goes on to work after an upgrade,
// for the default API alone: its tokens were issued before there were others.
func TestTokensOfTheFirstVersion(t *testing.T) {
	for name, open := range map[string]func(t *testing.T, old oldTokens) (store.Store, uuid.UUID){
		"sqlite": openOldSQLite, "postgres": openOldPostgres,
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, withResources)
			session, family := uuid.UUID{0: 1, 15: 4}, credential.NewFamily()
			if name == "postgres" {
				session[15] = 3
			}
			access, refresh, secret := h.credentials.NewAccessToken(session), h.credentials.NewRefreshToken(session, family), h.credentials.NewClientSecret()
			s, app := open(t, oldTokens{secret.Digest(), access.Digest(), refresh.Digest(), family.Digest()})
			h.store.Store, h.secret = s, secret.Reveal()
			old := oauthapp.Application{ID: app, ClientID: "client", Type: oauthapp.Confidential}

			require.Equal(t, []string{api}, h.takes(access.Reveal()))
			require.Equal(t, api, h.aud(old, access.Reveal()))
			for _, other := range []string{mcp, logs} {
				requireError(t, h.post("/oauth/token", h.refreshing(old, refresh.Reveal(), "resource", other)), 400, flow.InvalidTarget)
			}
			next := h.tokens(h.refreshing(old, refresh.Reveal()))
			require.Equal(t, []string{api}, h.takes(next.AccessToken))
			require.Equal(t, []string{api}, h.takes(access.Reveal()), "the one before")
			next = h.tokens(h.refreshing(old, next.RefreshToken, "resource", api))
			require.Equal(t, []string{api}, h.takes(next.AccessToken))
			require.Equal(t, api, h.aud(old, next.AccessToken))
		})
	}
}

// oldTokens are the digests of a client's secret and of the tokens of a
// session.
type oldTokens struct{ secret, access, refresh, family credential.Digest }

// script is what the first version kept, with the digests in place of those
// that have the names. Pairs say what else is replaced.
func (o oldTokens) script(t *testing.T, path string, digests func(credential.Digest) string, names [4]string, pairs ...string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	for i, digest := range []credential.Digest{o.secret, o.access, o.refresh, o.family} {
		require.Contains(t, string(content), names[i])
		pairs = append(pairs, names[i], digests(digest))
	}
	return strings.NewReplacer(pairs...).Replace(string(content))
}

func openOldSQLite(t *testing.T, old oldTokens) (store.Store, uuid.UUID) {
	path := filepath.Join(t.TempDir(), "old.db")
	conn, err := sqlite.OpenConn(path)
	require.NoError(t, err)
	schema, err := os.ReadFile("../store/sqlite/migrations/0001_initial.sql")
	require.NoError(t, err)
	require.NoError(t, sqlitex.ExecuteScript(conn, string(schema), nil))
	number := func(n string) string { return "X'" + strings.Repeat("0", 62) + n + "'" }
	literal := func(d credential.Digest) string { return "X'" + hex.EncodeToString(d[:]) + "'" }
	data := old.script(t, "../store/sqlite/testdata/version1.sql", literal, [4]string{number("07"), number("08"), number("09"), number("0A")})
	require.NoError(t, sqlitex.ExecuteScript(conn, data, nil))
	require.NoError(t, conn.Close())

	s, err := sqlitestore.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, uuid.UUID{0: 1, 15: 1}
}

func openOldPostgres(t *testing.T, old oldTokens) (store.Store, uuid.UUID) {
	dsn := postgresSchema(t)
	config, err := pgx.ParseConfig(dsn)
	require.NoError(t, err)
	delete(config.RuntimeParams, "pool_max_conns")
	conn, err := pgx.ConnectConfig(t.Context(), config)
	require.NoError(t, err)
	schema, err := os.ReadFile("../store/postgres/migrations/0001_initial.sql")
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), string(schema)+"; CREATE TABLE oauth_migrations AS SELECT 1 AS version, now() AS applied_at")
	require.NoError(t, err)
	literal := func(d credential.Digest) string { return `'\x` + hex.EncodeToString(d[:]) + "'" }
	data := old.script(t, "../store/postgres/testdata/version1.sql", literal,
		[4]string{"sha256('secret')", "sha256('access 2')", "sha256('refresh 2')", "sha256('family')"}, "2026-11-01 13:", "2027-01-01 13:")
	_, err = conn.Exec(t.Context(), data)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))

	s, err := postgresstore.Open(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, uuid.MustParse("01900000-0000-7000-8000-000000000001")
}
