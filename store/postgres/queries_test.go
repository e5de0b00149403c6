package postgres

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oauthapps/oauthapps/oauthapp"
)

// plans has every statement. One that has a limit is planned for the parameters
// given. A list is one of something that there is much of, and must come in the
// order of an index.
var plans = map[string]struct {
	query string
	list  []any
}{
	"selectApplication":           {query: selectApplication},
	"selectApplicationByClientID": {query: selectApplicationByClientID},
	"listApplications":            {listApplications, []any{uuid.Max, 51}},
	"listApplicationsOfOwner":     {listApplicationsOfOwner, []any{uuid.Max, 51, "owner-1"}},
	"lockOwner":                   {query: lockOwner},
	"createApplication": {createApplication, []any{uuid.Max, "client", "owner-1", "", "", "", "{}", "public", "{}", now, now, 51, 1, nil, nil, nil, nil, nil, nil, nil,
		false, false, false, false, "", nil, nil}},
	"updateApplication":         {query: updateApplication},
	"existsApplication":         {query: existsApplication},
	"setStanding":               {query: setStanding},
	"deleteApplication":         {query: deleteApplication},
	"selectUsage":               {query: selectUsage},
	"revokeTokens":              {query: revokeTokens},
	"selectSecrets":             {query: selectSecrets},
	"findSecret":                {query: findSecret},
	"adoptSecret":               {query: adoptSecret},
	"lockConfidential":          {query: lockConfidential},
	"addSecret":                 {query: addSecret},
	"revokeSecret":              {query: revokeSecret},
	"listGrants":                {listGrants, []any{uuid.Max, 51, nil, nil, nil, nil}},
	"listGrantsOfUser":          {listGrantsOfUser, []any{uuid.Max, 51, "user-0", nil, nil, nil}},
	"listGrantsOfAccount":       {listGrantsOfAccount, []any{uuid.Max, 51, nil, "account-0", nil, nil}},
	"listGrantsOfOwner":         {listGrantsOfOwner, []any{uuid.Max, 51, "{00000000-0000-0000-0000-000000000001,00000000-0000-0000-0000-00000000000b}", "owner-1"}},
	"listApplicationIDsOfOwner": {listApplicationIDsOfOwner, []any{uuid.Max, 51, "owner-1"}},
	"listGrantsOfApplication":   {listGrantsOfApplication, []any{uuid.Max, 51, nil, nil, uuid.UUID{15: 1}, nil}},
	"transferApplication":       {transferApplication, []any{uuid.UUID{15: 1}, "owner-1", "owner-2", 100}},
	"endAllTokens":              {endAllTokens, []any{uuid.Max, 200}},
	"endTokensOfOwner":          {endTokensOfOwner, []any{uuid.Max, 200, "owner-1"}},
	"endTokens":                 {query: endTokens},
	"endGrantsOfUser":           {endGrantsOfUser, []any{uuid.Max, 200, "user-0", nil, nil, nil}},
	"endGrantsOfAccount":        {endGrantsOfAccount, []any{uuid.Max, 200, nil, "account-0", nil, nil}},
	"revokeGrant":               {query: revokeGrant},
	"touch":                     {query: touch},
	"selectSession":             {query: selectSession},
	"selectClient":              {query: selectClient},
	"selectSessionOfClient":     {query: selectSessionOfClient},
	"beginSession":              {query: beginSession},
	"beginSessionAgain":         {query: beginSessionAgain},
	"redeemCode":                {query: redeemCode},
	"rotateRefreshToken":        {query: rotateRefreshToken},
	"selectVerdict":             {query: selectVerdict},
	"endSession":                {query: endSession},
	"ping":                      {query: ping},
	"cleanSessions":             {cleanSessions, []any{uuid.Nil, now, 100}},
	"cleanGrants":               {cleanGrants, []any{0, 100}},
	"cleanSecrets":              {cleanSecrets, []any{uuid.Nil, uuid.Nil, now, 100}},
	"keepRecord":                {query: keepRecord},
	"selectRecord":              {query: selectRecord},
	"existsRecord":              {query: existsRecord},
	"replaceRecord":             {query: replaceRecord},
	"takeRecord":                {query: takeRecord},
	"lockUser":                  {query: lockUser},
	"createAPIToken":            {createAPIToken, []any{uuid.UUID{15: 1}, now, nil, nil, `\x00`, "user-0", "", "", "{}", "", 100}},
	"selectAPIToken":            {query: selectAPIToken},
	"listAPITokensOfUser":       {listAPITokensOfUser, []any{uuid.Max, 51, now, "", "user-0"}},
	"listAPITokensOfAccount":    {listAPITokensOfAccount, []any{uuid.Max, 51, now, "account-0"}},
	"revokeAPIToken":            {query: revokeAPIToken},
	"touchAPIToken":             {query: touchAPIToken},
	"endAPITokens":              {endAPITokens, []any{uuid.Max, 200}},
	"endAPITokensOfUser":        {endAPITokensOfUser, []any{uuid.Max, 200, "user-0", nil}},
	"endAPITokensOfAccount":     {endAPITokensOfAccount, []any{uuid.Max, 200, "account-0"}},
	"cleanAPITokens":            {cleanAPITokens, []any{uuid.Nil, now, 100}},
	"cleanRecords":              {cleanRecords, []any{"", `\x00`, now, 100}},
}

// Every statement of the files queries*.go is seen by the test of plans.
func TestEveryStatementHasAPlan(t *testing.T) {
	names, err := filepath.Glob("queries*.go")
	require.NoError(t, err)
	names = slices.DeleteFunc(names, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
	statements := 0
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok {
				if _, ok := spec.Values[0].(*ast.CallExpr); ok { // of qualified
					statements++
					require.Contains(t, plans, spec.Names[0].Name)
				}
			}
			return true
		})
	}
	require.Len(t, plans, statements)
}

// No statement scans a table, and no list is sorted: its cost does not grow
// with what is stored.
func TestQueryPlans(t *testing.T) {
	s := openTemp(t)
	fill(t, s, 20000, 2000)
	analyze(t, s)
	conn, err := s.pool.Acquire(ctx)
	require.NoError(t, err)
	defer conn.Release()
	// Small tables are scanned for a reason, so that is forbidden; all other
	// choices are the planner's.
	_, err = conn.Exec(ctx, "SET enable_seqscan = off")
	require.NoError(t, err)
	for name, plan := range plans {
		steps := planOf(t, conn.Conn(), name, plan.query, plan.list)
		require.NotContains(t, steps, "Seq Scan", "%s\n%s", name, steps)
		if name != "cleanSecrets" { // which joins one batch with itself
			require.NotRegexp(t, "(Hash|Merge) .*Join", steps, "%s\n%s", name, steps)
		}
		if strings.HasPrefix(name, "list") || name == "selectUsage" || name == "revokeTokens" {
			if name == "listGrantsOfOwner" { // which sorts the newest of each application
				require.Equal(t, 1, strings.Count(steps, "Sort Key"), "%s\n%s", name, steps)
				require.Contains(t, steps, "Index Scan Backward using oauth_grants_by_application", "%s\n%s", name, steps)
				require.NotContains(t, steps, "Bitmap Heap Scan on oauth_grants", "%s\n%s", name, steps)
			} else {
				require.NotContains(t, steps, "Sort", "%s\n%s", name, steps)
				require.NotContains(t, steps, "Bitmap", "%s\n%s", name, steps)
			}
			require.NotContains(t, steps, "HashAggregate", "%s\n%s", name, steps)
		}
		if name == "selectUsage" || name == "revokeTokens" {
			require.Equal(t, 2, strings.Count(steps, "Index Only Scan using oauth_grants_once"), "%s\n%s", name, steps)
			require.Equal(t, 2, strings.Count(steps, "Index Scan Backward using oauth_grants_by_application"), "%s\n%s", name, steps)
			require.Equal(t, 3, strings.Count(steps, "(ROW(application_id, application_epoch) <= ROW("), "it ends with the grants of one epoch: %s\n%s", name, steps)
		}
		if name != "lockOwner" && name != "lockUser" && name != "keepRecord" {
			require.Contains(t, steps, "Index", "%s\n%s", name, steps)
		}
	}
}

// What a statement costs by the estimate of PostgreSQL does not grow with what
// is stored. It compiles a statement whose estimate is high (jit_above_cost),
// for a hundred times as long as it then runs.
func TestEstimatesDoNotGrow(t *testing.T) {
	s := openTemp(t)
	fill(t, s, 1000, 1000)
	_, err := s.pool.Exec(ctx, `INSERT INTO oauth_records (kind, digest, value, expires_at)
		SELECT 'kind-' || i % 5, sha256(i::text::bytea), 'value', now() FROM generate_series(1, 1000) i`)
	require.NoError(t, err)
	for _, table := range tables {
		_, err := s.pool.Exec(ctx, "ALTER TABLE "+table+" SET (autovacuum_enabled = false)")
		require.NoError(t, err)
	}
	analyze(t, s)
	conn, err := s.pool.Acquire(ctx)
	require.NoError(t, err)
	defer conn.Release()
	_, err = conn.Exec(ctx, "SET enable_seqscan = off") // which is right for few rows
	require.NoError(t, err)
	estimates := func() map[string]float64 {
		costs := map[string]float64{}
		for name, plan := range plans {
			costs[name] = estimateOf(t, conn.Conn(), name, plan.query, plan.list)
		}
		return costs
	}
	few := estimates()
	_, err = conn.Exec(ctx, `UPDATE pg_class SET reltuples = reltuples * 1e6 WHERE relnamespace = current_schema()::regnamespace AND reltuples > 0`)
	require.NoError(t, err)
	for name, cost := range estimates() {
		t.Logf("%-24s %10.2f %16.2f", name, few[name], cost)
		assert.LessOrEqual(t, cost, 2*few[name], name)
	}
}

// estimateOf returns the cost of a statement as PostgreSQL estimates it.
func estimateOf(t *testing.T, conn *pgx.Conn, name, query string, args []any) float64 {
	t.Helper()
	var plans []struct {
		Plan struct {
			Cost float64 `json:"Total Cost"`
		}
	}
	require.NoError(t, conn.QueryRow(ctx, explain(t, conn, "FORMAT JSON", name, query, args), pgx.QueryExecModeExec).Scan(&plans), name)
	return plans[0].Plan.Cost
}

// planOf returns the plan of a statement for its parameters, or for any.
func planOf(t *testing.T, conn *pgx.Conn, name, query string, args []any) string {
	t.Helper()
	rows, err := conn.Query(ctx, explain(t, conn, "COSTS OFF", name, query, args))
	require.NoError(t, err, name)
	steps, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err, name)
	t.Log(name, "\n   ", strings.Join(steps, "\n    "))
	return strings.Join(steps, "\n")
}

// explain prepares a statement, and returns the one that explains how it is run
// with its parameters, or with any.
func explain(t *testing.T, conn *pgx.Conn, options, name, query string, args []any) string {
	t.Helper()
	prepared, err := conn.Prepare(ctx, "plan_"+name, query)
	require.NoError(t, err, name)
	mode, values := "force_custom_plan", make([]string, len(prepared.ParamOIDs))
	if args == nil {
		mode, args = "force_generic_plan", make([]any, len(values))
	}
	for i, arg := range args {
		values[i] = "NULL"
		if at, ok := arg.(time.Time); ok {
			arg = at.Format(time.RFC3339)
		}
		if arg != nil {
			values[i] = fmt.Sprintf("'%v'", arg)
		}
	}
	_, err = conn.Exec(ctx, "SET plan_cache_mode = "+mode)
	require.NoError(t, err)
	return fmt.Sprintf(`EXPLAIN (%s) EXECUTE "plan_%s"(%s)`, options, name, strings.Join(values, ", "))
}

// tables are those that statements look things up in.
var tables = []string{"oauth_applications", "oauth_application_uses", "oauth_client_secrets", "oauth_grants", "oauth_sessions", "oauth_records", "oauth_api_tokens"}

// fill makes n live sessions, each with a grant of its own, of so many
// applications, without the store. Much is of the user user-0, the account
// account-0, the application number 1 and its owner, owner-1.
func fill(t testing.TB, s *Store, n, applications int) {
	t.Helper()
	for _, sql := range []string{
		fmt.Sprintf(`INSERT INTO oauth_applications (id, version, created_at, updated_at, client_id, owner, type, name, description, homepage_url, callback_urls, scopes)
		SELECT lpad(to_hex(i), 32, '0')::uuid, 1, now(), now(), 'client-' || i, 'owner-' || i %% 10, 'confidential', 'Name', 'Description',
			'https://example.com/', '{https://example.com/cb}', '{read}' FROM generate_series(1, %d) i`, applications),
		`INSERT INTO oauth_application_uses (application_id) SELECT id FROM oauth_applications`,
		`INSERT INTO oauth_client_secrets (application_id, id, created_at, digest, hint)
		SELECT id, gen_random_uuid(), now(), sha256((id::text || i)::bytea), 'hint' FROM oauth_applications, generate_series(1, 3) i`,
		fmt.Sprintf(`INSERT INTO oauth_grants (id, application_id, application_epoch, user_id, account_id, scopes, authorized_at)
		SELECT lpad(to_hex(i), 32, '0')::uuid, a.id, 0, CASE WHEN i %% 3 = 0 THEN 'user-0' ELSE 'user-' || i END,
			CASE WHEN i %% 3 = 1 THEN 'account-0' ELSE 'account-' || i END, '{read}', now()
		FROM generate_series(1, %d) i JOIN oauth_applications a ON a.client_id = 'client-' || CASE WHEN i %% 7 = 0 THEN 1 ELSE 1 + i %% %d END`, n, applications),
		`INSERT INTO oauth_sessions (id, grant_number, created_at, expires_at, code_redeemed_at, access_token_issued_at, access_token_expires_at,
			refresh_token_expires_at, code_digest, access_token_digest, refresh_token_digest, refresh_family_digest, scope)
		SELECT gen_random_uuid(), number, now(), now() + interval '1 year', now(), now(), now() + interval '1 hour', now() + interval '30 days',
			sha256('code'), sha256('access'), sha256('refresh'), sha256('family'), 'read' FROM oauth_grants`,
		`INSERT INTO oauth_api_tokens (id, created_at, expires_at, digest, user_id, account_id, hint, scopes, name)
		SELECT id, now(), now() + interval '1 year', sha256('token'), user_id, CASE WHEN user_id = 'user-0' THEN '' ELSE account_id END, 'hint', '{read}', 'Name' FROM oauth_grants`,
	} {
		_, err := s.pool.Exec(ctx, sql)
		require.NoError(t, err)
	}
}

// analyze has PostgreSQL learn of the tables what it plans by.
func analyze(t testing.TB, s *Store) {
	t.Helper()
	_, err := s.pool.Exec(ctx, "ANALYZE "+strings.Join(tables, ", "))
	require.NoError(t, err)
}

// The count is exact at the ends of its pieces, too, among grants that a
// revocation ended.
func TestUsersAreCountedExactly(t *testing.T) {
	s := openTemp(t)
	for _, shape := range []struct{ users, accounts, ended int }{
		{0, 0, 300}, {1, 99, 50}, {1, 100, 50}, {1, 101, 0}, {99, 1, 500}, {100, 1, 0}, {100, 1, 500}, {101, 1, 500}, {199, 1, 150}, {200, 1, 1},
		{33, 33, 33}, {50, 4, 400}, {3, 700, 100}, {600, 2, 100}, {601, 1, 3},
	} {
		app := create(t, s)
		_, err := s.pool.Exec(ctx, `UPDATE oauth_applications SET token_epoch = 5 WHERE id = $1`, app.ID)
		require.NoError(t, err)
		_, err = s.pool.Exec(ctx, `INSERT INTO oauth_grants (id, application_id, application_epoch, user_id, account_id, scopes, authorized_at)
			SELECT gen_random_uuid(), $1, epoch, 'user-' || u, 'account-' || a, '{read}', now()
			FROM (VALUES (5, $2::int, $3::int), (4, $4::int, 1), (0, $4::int, 1)) kept (epoch, users, accounts), generate_series(1, users) u, generate_series(1, accounts) a`,
			app.ID, shape.users, shape.accounts, shape.ended)
		require.NoError(t, err)
		for _, bound := range []int{0, 1, 2, 31, 32, 33, 49, 50, 51, 99, 100, 101, 600, 1000, math.MaxInt, max(shape.users-1, 0), shape.users, shape.users + 1} {
			got, err := s.Usage(ctx, oauthapp.OwnedBy("owner"), app.ID, bound)
			require.NoError(t, err)
			require.Equal(t, oauthapp.Usage{Users: min(shape.users, bound), More: shape.users > bound}, got, "%+v up to %d", shape, bound)
		}
	}
}

// What a statement touches does not grow with how many sessions an application
// has, but for the height of the indexes.
func TestBuffers(t *testing.T) {
	few, many := buffersOf(t, 14_000, 2000, true), buffersOf(t, 70_000, 2000, true) // of which a seventh are of the application
	for name := range few {
		t.Log(name, few[name], many[name])
		require.LessOrEqual(t, many[name], few[name]+few[name]/2+2, "buffers of %s", name)
	}
	require.LessOrEqual(t, many["selectSessionOfClient"], many["selectSession"]+2, "the application and its secrets are not read again")
	require.Less(t, many["revokeTokens after a revocation"], 40.0, "the grants that ended are not read")
	require.Less(t, many["revokeTokens"], 500.0, "the grants counted stand together")
}

// Nor does it where PostgreSQL knows nothing of the tables yet, as after they
// grew fast, after a restore and after pg_upgrade: it takes an application for
// one of few grants then.
func TestBuffersWithoutStatistics(t *testing.T) {
	for _, applications := range []int{1, 2000} {
		few, many := buffersOf(t, 700, applications, false), buffersOf(t, 21_000, applications, false)
		for name := range few {
			t.Log(name, few[name], many[name])
			if name != "selectUsage" && name != "revokeTokens" { // which count up to a bound
				require.LessOrEqual(t, many[name], few[name]+few[name]/2+2, "buffers of %s", name)
			}
		}
	}
}

// A grant that is looked up by the one key that finds it is never looked for
// among those of its application, whatever PostgreSQL believes of the tables:
// not even without the index of that key.
func TestGrantsAreFoundByTheirKey(t *testing.T) {
	for constraint, names := range map[string][]string{
		"oauth_grants_pkey":   {"selectSession", "selectClient", "selectSessionOfClient", "redeemCode", "rotateRefreshToken", "selectVerdict", "cleanSessions"},
		"oauth_grants_id_key": {"touch", "revokeGrant"},
	} {
		s := openTemp(t)
		conn, err := s.pool.Acquire(ctx)
		require.NoError(t, err)
		defer conn.Release()
		_, err = conn.Exec(ctx, "SET enable_seqscan = off")
		require.NoError(t, err)
		_, err = conn.Exec(ctx, "ALTER TABLE oauth_grants DROP CONSTRAINT "+constraint)
		require.NoError(t, err)
		for _, name := range names {
			steps := planOf(t, conn.Conn(), name, plans[name].query, nil)
			require.NotContains(t, steps, "Index Cond: (id = $4)", "a secret is found by its whole key: %s\n%s", name, steps)
			require.NotRegexp(t, `oauth_grants_\w+( on oauth_grants g)?\n\s+Index Cond: .*application_`, steps, "%s\n%s", name, steps)
		}
	}
}

// buffersOf returns how many buffers the statements touch that someone waits
// for, among n sessions.
func buffersOf(t *testing.T, n, applications int, analyzed bool) map[string]float64 {
	t.Helper()
	s := openDSN(t, with(newSchema(t), "synchronous_commit", "off", "plan_cache_mode", "force_generic_plan"))
	for _, table := range tables {
		_, err := s.pool.Exec(ctx, "ALTER TABLE "+table+" SET (autovacuum_enabled = false)")
		require.NoError(t, err)
	}
	fill(t, s, n, applications)
	if analyzed {
		analyze(t, s)
	}
	app, digest := uuid.UUID{15: 1}, newDigest()
	var session uuid.UUID
	var code, refresh []byte
	require.NoError(t, s.pool.QueryRow(ctx, `UPDATE oauth_sessions SET code_redeemed_at = NULL, code_expires_at = expires_at WHERE id =
		(SELECT s.id FROM oauth_sessions s JOIN oauth_grants g ON g.number = s.grant_number WHERE g.application_id = $1 LIMIT 1)
		RETURNING id, code_digest, refresh_token_digest`, app).Scan(&session, &code, &refresh))
	var grant, secret uuid.UUID
	var user, account string
	require.NoError(t, s.pool.QueryRow(ctx, `SELECT g.id, g.user_id, g.account_id FROM oauth_sessions s JOIN oauth_grants g ON g.number = s.grant_number
		WHERE s.id = $1`, session).Scan(&grant, &user, &account))
	require.NoError(t, s.pool.QueryRow(ctx, "SELECT id FROM oauth_client_secrets WHERE application_id = $1 LIMIT 1", app).Scan(&secret))
	var revision uuid.UUID
	require.NoError(t, s.pool.QueryRow(ctx, "SELECT revision FROM oauth_applications WHERE id = $1", app).Scan(&revision))
	buffers := map[string]float64{}
	measure := func(name, sql string, args ...any) {
		tx, err := s.pool.Begin(ctx)
		require.NoError(t, err)
		defer func() { _ = tx.Rollback(ctx) }() // where a statement fails, or the pool never closes
		_, err = tx.Exec(ctx, sql, args...)
		require.NoError(t, err, name) // the second time nothing has to be looked up to plan it
		require.NoError(t, tx.Rollback(ctx))
		tx, err = s.pool.Begin(ctx)
		require.NoError(t, err)
		var plans []struct {
			Plan struct {
				Hit  float64 `json:"Shared Hit Blocks"`
				Read float64 `json:"Shared Read Blocks"`
			}
		}
		require.NoError(t, tx.QueryRow(ctx, `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) `+sql, args...).Scan(&plans), name)
		require.NoError(t, tx.Rollback(ctx))
		buffers[name] = plans[0].Plan.Hit + plans[0].Plan.Read
	}
	measure("selectSession", selectSession, session)
	measure("selectClient", selectClient, "client-1", session, now)
	measure("selectSessionOfClient", selectSessionOfClient, app, session, revision)
	measure("theGrant", qualified(`SELECT `+grantColumns+theGrant), app, user, account)
	begins := []any{app, user, account, []string{"read"}, now, uuid.New(), now, "read", nil, digest[:], now, "https://example.com/cb", "challenge", digest[:],
		nil, nil, nil, nil, nil, nil, nil, nil}
	measure("beginSessionAgain", beginSessionAgain, begins...)
	measure("beginSession", beginSession, append(begins, uuid.New())...)
	own := sessionStart(app, "")
	own.Session.AccountID, own.SecretID = "", secret
	_, err := s.BeginSession(ctx, own)
	require.NoError(t, err)
	measure("beginSession of an application itself", beginSession, slices.Concat([]any{app, "", ""}, begins[3:5], []any{uuid.New()}, begins[6:21], []any{secret, uuid.New()})...)
	measure("selectSession of an application itself", selectSession, own.Session.ID)
	measure("revokeGrant", revokeGrant, grant, 1, user, nil, nil, nil)
	measure("touch", touch, grant, time.Now().Add(time.Hour), app, secret)
	measure("selectVerdict", selectVerdict, session)
	measure("endSession", endSession, session)
	measure("redeemCode", redeemCode, session, code, now, now, digest[:], now, now, "", digest[:], now, digest[:], nil)
	measure("rotateRefreshToken", rotateRefreshToken, session, refresh, now, digest[:], now, now, "", digest[:], now, digest[:16], nil, nil)
	measure("selectUsage", selectUsage, app, "owner-1", 1001)
	measure("revokeTokens", revokeTokens, app, "owner-1", 1001)
	measure("deleteApplication", deleteApplication, app, "owner-1", now)

	// The grants that a revocation ended stand in the indexes until the
	// clean-up has come to them.
	_, err = s.RevokeTokens(ctx, oauthapp.OwnedBy("owner-1"), app, 1000)
	require.NoError(t, err)
	begin(t, s, app, "user")
	measure("selectUsage after a revocation", selectUsage, app, "owner-1", 1001)
	measure("revokeTokens after a revocation", revokeTokens, app, "owner-1", 1001)
	return buffers
}
