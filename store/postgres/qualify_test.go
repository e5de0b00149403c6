package postgres

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/store"
	"github.com/oauthapps/oauthapps/store/internal/sample"
)

// Whoever may create in the schema of the tables has made functions, operators,
// types and collations that fit better than PostgreSQL's own, or come before
// them. No statement and no migration has anything to do with them.
func TestNothingOfOthersRuns(t *testing.T) {
	for _, path := range []string{"%s", "%s, pg_catalog"} { // in the second, PostgreSQL's own come last
		dsn := newSchema(t)
		schema := schemaOf(dsn)
		attacker := schema + "_attacker"
		admin(t, `CREATE ROLE `+attacker)
		t.Cleanup(func() { admin(t, `DROP OWNED BY `+attacker); admin(t, `DROP ROLE `+attacker) })
		admin(t, `GRANT USAGE, CREATE ON SCHEMA `+schema+` TO `+attacker)
		setTraps(t, schema, attacker)

		pool := openPool(t, with(dsn, "search_path", fmt.Sprintf(path, schema)), nil)
		require.NoError(t, Migrate(ctx, pool), path)
		callEverything(t, New(pool))

		conn, err := pgx.Connect(ctx, server(t)) // without the schema
		require.NoError(t, err)
		defer conn.Close(ctx)
		statements := map[string]string{"hasMigrations": hasMigrations, "lastMigration": lastMigration, "insertMigration": insertMigration,
			"placeOfTables": placeOfTables, "lockMigrations": lockMigrations, "setSearchPath": setSearchPath}
		for name, plan := range plans {
			statements[name] = plan.query
		}
		for name, query := range statements {
			keepParsed(t, conn, pool, schema, name, query)
		}
		rows, err := conn.Query(ctx, `SELECT DISTINCT pg_describe_object(classid, objid, objsubid) || ' depends on ' || pg_describe_object(refclassid, refobjid, 0)
			FROM pg_depend WHERE refobjid IN (
				SELECT oid FROM pg_proc WHERE proowner = $1::regrole UNION ALL SELECT oid FROM pg_operator WHERE oprowner = $1::regrole
				UNION ALL SELECT oid FROM pg_type WHERE typowner = $1::regrole UNION ALL SELECT oid FROM pg_collation WHERE collowner = $1::regrole)
			AND objid NOT IN (SELECT oid FROM pg_operator WHERE oprowner = $1::regrole UNION ALL SELECT oid FROM pg_type WHERE typowner = $1::regrole)`, attacker)
		require.NoError(t, err)
		trapped, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		require.Empty(t, trapped, path)
	}
}

// keepParsed keeps a statement as PostgreSQL has understood it, so that it
// knows what the statement depends on.
func keepParsed(t *testing.T, conn *pgx.Conn, pool *pgxpool.Pool, schema, name, query string) {
	t.Helper()
	in, err := pool.Acquire(ctx)
	require.NoError(t, err)
	defer in.Release()
	prepared, err := in.Conn().Prepare(ctx, "parsed_"+name, query)
	require.NoError(t, err, name)
	types := make([]string, len(prepared.ParamOIDs))
	for i, oid := range prepared.ParamOIDs {
		require.NoError(t, conn.QueryRow(ctx, `SELECT 'pg_catalog.' || quote_ident(typname) FROM pg_type WHERE oid = $1`, oid).Scan(&types[i]))
	}
	_, err = in.Exec(ctx, fmt.Sprintf(`CREATE FUNCTION %s."statement %s"(%s) RETURNS pg_catalog.void LANGUAGE sql BEGIN ATOMIC %s; END`,
		schema, name, strings.Join(types, ", "), query))
	require.NoError(t, err, name)
}

var functionName = regexp.MustCompile(`pg_catalog\.(\w+)\(`)

// setTraps has a role make everything that statements use, for all types that
// PostgreSQL has it for, as something that fails.
func setTraps(t *testing.T, schema, role string) {
	t.Helper()
	functions := map[string]bool{"nullif": true, "gen_random_uuid": true, "array_to_string": true, "now": true}
	operators := map[string]bool{}
	for _, name := range strings.Fields("= <> < > <= >= || @> + - *") {
		operators[name] = true
	}
	for _, plan := range plans {
		for _, match := range functionName.FindAllStringSubmatch(plan.query, -1) {
			functions[match[1]] = true
		}
	}
	for _, sql := range []string{hasMigrations, lastMigration, placeOfTables, lockMigrations, setSearchPath} {
		for _, match := range functionName.FindAllStringSubmatch(sql, -1) {
			functions[match[1]] = true
		}
	}
	conn, err := pgx.Connect(ctx, server(t))
	require.NoError(t, err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, `SET ROLE `+role+`; SET search_path = pg_catalog`)
	require.NoError(t, err)

	traps := []string{`CREATE COLLATION ` + schema + `."C" FROM "POSIX"`}
	const fails = ` LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$`
	made := map[string]bool{}
	each := func(sql string, names map[string]bool, trap func(name, result string, args []string)) {
		rows, err := conn.Query(ctx, sql, slices.Collect(maps.Keys(names)))
		require.NoError(t, err)
		var name, result string
		var args []string
		_, err = pgx.ForEachRow(rows, []any{&name, &result, &args}, func() error {
			for _, of := range []string{"text", "uuid", "bigint", "bytea", "timestamp with time zone"} {
				replaced := make([]string, len(args))
				for i, arg := range args {
					replaced[i] = concreteType(arg, of)
				}
				if key := name + strings.Join(replaced, ","); !made[key] {
					made[key] = true
					trap(name, concreteType(result, of), replaced)
				}
			}
			return nil
		})
		require.NoError(t, err)
	}
	each(`SELECT quote_ident(proname), CASE WHEN proretset THEN 'SETOF ' ELSE '' END || format_type(prorettype, NULL),
		ARRAY(SELECT format_type(a, NULL) FROM unnest(proargtypes) WITH ORDINALITY AS u (a, n) ORDER BY n)
		FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY ($1) AND NOT 'internal'::regtype = ANY (proargtypes)`,
		functions, func(name, result string, args []string) {
			traps = append(traps, `CREATE FUNCTION `+schema+`.`+name+`(`+strings.Join(args, ", ")+`) RETURNS `+result+fails)
		})
	each(`SELECT oprname, format_type(oprresult, NULL), ARRAY[format_type(oprleft, NULL), format_type(oprright, NULL)]
		FROM pg_operator WHERE oprkind = 'b' AND oprname = ANY ($1)`,
		operators, func(name, result string, args []string) {
			function := fmt.Sprintf("%s.trap_%d", schema, len(traps))
			traps = append(traps, `CREATE FUNCTION `+function+`(`+strings.Join(args, ", ")+`) RETURNS `+result+fails,
				`CREATE OPERATOR `+schema+`.`+name+` (LEFTARG = `+args[0]+`, RIGHTARG = `+args[1]+`, FUNCTION = `+function+`)`)
		})
	require.Greater(t, len(traps), 500)
	for name := range types {
		traps = append(traps, `CREATE DOMAIN `+schema+`."`+name+`" AS "char"`)
	}
	_, err = conn.Exec(ctx, strings.Join(traps, ";\n"))
	require.NoError(t, err)
}

// concreteType returns a type, or what stands for a polymorphic one where the
// elements are of another.
func concreteType(name, of string) string {
	switch name {
	case "anyarray", "anycompatiblearray":
		return of + "[]"
	case "anyelement", "anynonarray", "anycompatible", "anycompatiblenonarray", `"any"`:
		return of
	case "SETOF anyelement":
		return "SETOF " + of
	}
	return name
}

// callEverything calls every method, those that refuse too.
func callEverything(t *testing.T, s *Store) {
	t.Helper()
	require.NoError(t, s.Ping(ctx))
	app := create(t, s)
	require.ErrorIs(t, s.CreateApplication(ctx, newApplication("owner"), nil, 1), store.ErrLimit)
	require.NoError(t, s.UpdateApplication(ctx, oauthapp.OwnedBy("owner"), app))
	require.ErrorIs(t, s.UpdateApplication(ctx, oauthapp.OwnedBy("owner"), app), store.ErrConflict)
	secret := newSecret(app.ID)
	require.NoError(t, s.AddSecret(ctx, oauthapp.OwnedBy("owner"), secret, now.Add(time.Hour), 2))
	b, r := issue(t, s, app.ID, "user")
	require.ErrorIs(t, s.RedeemCode(ctx, r), store.ErrUsed)
	again := sessionStart(app.ID, "user")
	again.GrantID = uuid.Nil
	grant, err := s.BeginSession(ctx, again)
	require.NoError(t, err)
	rotated := rotation(b.Session.ID, r.Refresh.Digest)
	require.NoError(t, s.RotateRefreshToken(ctx, rotated))
	require.ErrorIs(t, s.RotateRefreshToken(ctx, rotation(b.Session.ID, r.Refresh.Digest)), store.ErrUsed)
	require.NoError(t, s.Touch(ctx, store.Use{GrantID: grant.ID, ApplicationID: app.ID, SecretID: secret.ID, At: now}))
	for range 2 {
		client, err := s.Client(ctx, app.ClientID, b.Session.ID, now)
		require.NoError(t, err)
		require.Len(t, client.Secrets, 2)
		require.Equal(t, rotated.Refresh.Digest, client.Session.Refresh.Digest)
		require.Equal(t, now, client.Session.GrantUsedAt)
	}
	session, err := s.Session(ctx, b.Session.ID)
	require.NoError(t, err)
	require.Equal(t, rotated.Salt, session.RotationSalt)
	record := newRecord("value")
	require.NoError(t, s.Keep(ctx, record, now))
	require.ErrorIs(t, s.Keep(ctx, record, now), store.ErrExists)
	require.NoError(t, s.Replace(ctx, record, record.Value, now))
	require.ErrorIs(t, s.Replace(ctx, record, []byte("another"), now), store.ErrConflict)
	_, err = s.Look(ctx, record.Kind, record.Digest, now)
	require.NoError(t, err)
	_, err = s.Take(ctx, record.Kind, record.Digest, now)
	require.NoError(t, err)
	for _, owner := range []oauthapp.Owner{oauthapp.OwnedBy("owner"), oauthapp.AnyOwner} {
		_, err = s.Application(ctx, owner, app.ID)
		require.NoError(t, err)
		apps, err := s.Applications(ctx, owner, oauthapp.Page{})
		require.NoError(t, err)
		require.Len(t, apps.Items, 1)
	}
	for _, filter := range []oauthapp.GrantFilter{oauthapp.GrantsOfUser("user"), oauthapp.GrantsForAccount("7"), oauthapp.GrantsToApplication(app.ID), oauthapp.GrantsToOwner(oauthapp.OwnedBy("owner")), oauthapp.GrantsToOwner(oauthapp.AnyOwner)} {
		grants, err := s.Grants(ctx, filter, oauthapp.Page{})
		require.NoError(t, err)
		require.Len(t, grants.Items, 1)
	}
	_, err = sample.Grant(ctx, s, app.ID, "user", "7")
	require.NoError(t, err)
	secrets, err := s.Secrets(ctx, oauthapp.OwnedBy("owner"), app.ID, now)
	require.NoError(t, err)
	require.Len(t, secrets, 2)
	_, err = s.RevokeSecret(ctx, oauthapp.OwnedBy("owner"), app.ID, secret.ID, now)
	require.NoError(t, err)
	require.NoError(t, s.EndSession(ctx, again.Session.ID))
	_, err = s.RevokeGrant(ctx, oauthapp.GrantsOfUser("user"), grant.ID)
	require.NoError(t, err)
	usage, err := s.Usage(ctx, oauthapp.OwnedBy("owner"), app.ID, 10)
	require.NoError(t, err)
	require.Zero(t, usage.Users)
	issue(t, s, app.ID, "user")
	usage, err = s.RevokeTokens(ctx, oauthapp.OwnedBy("owner"), app.ID, 10)
	require.NoError(t, err)
	require.Equal(t, 1, usage.Users)
	found, err := s.ApplicationByClientID(ctx, oauthapp.OwnedBy("owner"), app.ClientID)
	require.NoError(t, err)
	require.Equal(t, app.ID, found.ID)
	require.ErrorIs(t, s.TransferApplication(ctx, oauthapp.OwnedBy("owner"), app.ID, "another", 0), store.ErrLimit)
	require.NoError(t, s.TransferApplication(ctx, oauthapp.OwnedBy("owner"), app.ID, "another", 1))
	require.NoError(t, s.TransferApplication(ctx, oauthapp.AnyOwner, app.ID, "owner", 1))
	for _, filter := range []oauthapp.GrantFilter{
		oauthapp.GrantsOfUser("nobody").ToOwner(oauthapp.OwnedBy("owner")), oauthapp.GrantsForAccount("nobody"), oauthapp.GrantsToApplication(app.ID),
		oauthapp.GrantsToOwner(oauthapp.OwnedBy("owner")), oauthapp.GrantsToOwner(oauthapp.AnyOwner),
	} {
		_, _, err = s.EndGrants(ctx, filter, "", 10)
		require.NoError(t, err)
	}
	was, err := s.SetStanding(ctx, oauthapp.OwnedBy("owner"), app.ID, oauthapp.Standing{}, oauthapp.Standing{Suspended: true})
	require.NoError(t, err)
	require.Equal(t, app.Name, was.Name)
	_, err = s.DeleteApplication(ctx, oauthapp.OwnedBy("owner"), app.ID, now)
	require.NoError(t, err)
	removed := 0
	for cursor := ""; ; {
		next, n, err := s.CleanUp(context.Background(), now, cursor, 10)
		require.NoError(t, err)
		if removed, cursor = removed+n, next; cursor == "" {
			break
		}
	}
	require.Equal(t, 5, removed, "two sessions, one grant, two secrets")
}
