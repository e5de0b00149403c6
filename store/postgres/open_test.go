package postgres

import (
	"context"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOpenErrors(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	free := listener.Addr().String()
	require.NoError(t, listener.Close())
	dsns := map[string]struct{ dsn, want string }{
		"nobody listens": {"postgres://user:pass-word@" + free + "/database", "connection refused"},
		"no URL":         {"postgres://user:pass-word@host:port/database", "check its port"},
		"no setting":     {"host=127.0.0.1 password=pass-word dbname=x sslmode=perhaps", "check its sslmode"},
		"empty":          {"", "is empty"},
		"blank":          {" \n", "is empty"},
		"no database":    {"postgres://user:pass-word@" + free, "names no database"},
		"no such host":   {"postgres://user:pass-word@nowhere.invalid/database", "host was not found"},
	}
	if dsn := server(t); strings.Contains(dsn, "://") {
		dsns["no schema"] = struct{ dsn, want string }{with(dsn, "search_path", "oauthapps_test_absent"), "search_path names no schema"}
		dsns["no such database"] = struct{ dsn, want string }{databaseOf(t, "oauthapps_test_absent"), "no such database"}
		dsns["read-only"] = struct{ dsn, want string }{with(newSchema(t), "default_transaction_read_only", "on"), "read-only"}
	}
	t.Setenv("PGDATABASE", "")
	for name, test := range dsns {
		t.Run(name, func(t *testing.T) {
			s, err := Open(ctx, test.dsn)
			require.Nil(t, s)
			require.ErrorContains(t, err, "postgres: open: ")
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), "\n")
			require.NotContains(t, err.Error(), "pass-word")
		})
	}

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = Open(cancelled, server(t))
	require.ErrorIs(t, err, context.Canceled)
}

// databaseOf returns the connection string of another database of the server.
func databaseOf(t *testing.T, name string) string {
	t.Helper()
	u, err := url.Parse(server(t))
	require.NoError(t, err)
	u.Path = "/" + name
	return u.String()
}

// Whatever is wrong with a connection string, no error quotes a part of it:
// what PostgreSQL, the network and pgx take for a host, a database or a setting
// may be part of a password.
func TestOpenQuotesNothing(t *testing.T) {
	config := openDSN(t, newSchema(t)).pool.Config().ConnConfig
	at := net.JoinHostPort(config.Host, "5432")
	for _, dsn := range []string{
		"user=u password = Sesame Open",
		"user=u password = Sesame sslmode=perhaps",
		"user=u password='Sesame sslmode=disable",
		"user=u password=Sesame\\ host=h sslmode=perhaps",
		"password=Sesame",
		"dbname=Sesame host=" + config.Host + " user=" + config.User,
		"dbname=d password=x Sesame=y host=" + config.Host + " user=" + config.User,
		"dbname=d password=x options=-cSesame=1 host=" + config.Host + " user=" + config.User,
		"dbname=d user=Sesame host=" + config.Host,
		"dbname=d host=Sesame.invalid",
		"dbname=d host=Sesame/",
		"dbname=d host=/Sesame",
		"dbname=d service=Sesame",
		"dbname=d sslmode=require sslrootcert=/Sesame",
		"dbname=d sslmode=Sesame",
		"dbname=d port=Sesame",
		"dbname=d connect_timeout=Sesame",
		"dbname=d target_session_attrs=Sesame",
		"dbname=d channel_binding=Sesame",
		"dbname=d min_protocol_version=Sesame",
		"dbname=d default_query_exec_mode=Sesame",
		"dbname=d pool_max_conns=Sesame",
		"dbname=d pool_max_conn_lifetime=Sesame",
		"dbname=d Sesame",
		"Sesame",
		"=Sesame",
		"postgres://u:Sesame@" + at + "/d?sslmode=perhaps",
		"postgres://u:x#Sesame@" + at + "/d",
		"postgres://u:x/Sesame@" + at + "/d",
		"postgres://u:1/Sesame@" + at + "/d",
		"postgres://u:5432/Sesame@" + at + "/d",
		"postgres://" + at + "/Sesame",
		"postgres://u:x?Sesame@" + at + "/d",
		"postgres://" + at + "/d?Sesame@=x",
		"postgres://" + at + "/d?password=x&Sesame",
		"postgres://" + at + "/d?client_encoding=x&DateStyle=Sesame",
		"postgres://u:%zzSesame@" + at + "/d",
		"postgres://u:x@Sesame.invalid/d",
		"postgres://u:x@y@Sesame:99999/d",
		"postgres://[Sesame/d",
		"postgres:/u:Sesame@" + at + "/d",
		"postgresql://u:Sesame@[::1]:x/d",
		"mysql://u:Sesame@" + at + "/d",
		"\x7f\x00Sesame",
	} {
		opening, cancel := context.WithTimeout(ctx, 5*time.Second)
		s, err := Open(opening, dsn)
		cancel()
		if err == nil {
			require.NoError(t, s.Close())
			t.Errorf("opened %s", dsn)
			continue
		}
		require.NotContains(t, strings.ToLower(err.Error()), "sesame", dsn)
		require.Less(t, len(err.Error()), 250, dsn)
	}
}

// A database that can only be read is no place to start, and no node there is
// ready.
func TestPing(t *testing.T) {
	dsn := newSchema(t)
	s := openDSN(t, dsn)
	require.NoError(t, s.Ping(ctx))
	standby := New(openPool(t, with(dsn, "default_transaction_read_only", "on"), nil))
	require.ErrorContains(t, standby.Ping(ctx), "give the store the primary")
	_, err := Open(ctx, with(dsn, "default_transaction_read_only", "on"))
	require.ErrorContains(t, err, "give the store the primary")
	require.ErrorContains(t, New(openPool(t, newSchema(t), nil)).Ping(ctx), "is the schema migrated")
	role := schemaOf(dsn) + "_reader"
	admin(t, `CREATE ROLE `+role)
	t.Cleanup(func() { admin(t, `DROP OWNED BY `+role); admin(t, `DROP ROLE `+role) })
	admin(t, `GRANT USAGE ON SCHEMA `+schemaOf(dsn)+` TO `+role)
	admin(t, `GRANT SELECT ON ALL TABLES IN SCHEMA `+schemaOf(dsn)+` TO `+role)
	require.ErrorContains(t, New(openPool(t, with(dsn, "role", role), nil)).Ping(ctx), "permission denied")
	require.NoError(t, s.Close())
	require.Error(t, s.Ping(ctx))
}
