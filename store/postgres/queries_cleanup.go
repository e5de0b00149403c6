package postgres

// Clean-up. Each statement takes the next rows by primary key and removes those
// that are dead and not locked. It returns the last key, how many rows it saw
// and how many it removed. Rows are named one by one: for a range whose end is
// not known yet, the planner expects a third of the table. Subqueries that
// return one value judge whether a row is dead, as the planner never turns them
// into a join that reads a whole table.
var (
	// The second part is the negation of "something is left to accept". NULL
	// compares as absent.
	deadSession = `(s.expires_at <= $2::timestamptz
	OR NOT (coalesce(s.code_redeemed_at IS NULL AND s.code_expires_at > $2::timestamptz, false)
		OR coalesce(s.access_token_expires_at > $2::timestamptz, false) OR coalesce(s.previous_access_token_expires_at > $2::timestamptz, false)
		OR coalesce(s.refresh_token_expires_at > $2::timestamptz, false))
	OR (SELECT true FROM oauth_grants g` + itsApplication + `WHERE g.number = s.grant_number AND ` + isLive + `) IS NULL)`

	cleanSessions = qualified(`WITH seen AS MATERIALIZED (
	SELECT id FROM oauth_sessions WHERE id > $1::uuid ORDER BY id LIMIT $3::bigint
), removed AS (
	DELETE FROM oauth_sessions WHERE id = ANY (ARRAY(
		SELECT s.id FROM oauth_sessions s WHERE s.id = ANY (ARRAY(SELECT id FROM seen)) AND ` + deadSession + ` FOR UPDATE SKIP LOCKED))
	RETURNING id
)
SELECT (SELECT id FROM seen ORDER BY id DESC LIMIT 1), (SELECT count(*) FROM seen), (SELECT count(*) FROM removed)`)

	cleanGrants = qualified(`WITH seen AS MATERIALIZED (
	SELECT number FROM oauth_grants WHERE number > $1::bigint ORDER BY number LIMIT $2::bigint
), removed AS (
	DELETE FROM oauth_grants WHERE number = ANY (ARRAY(
		SELECT g.number FROM oauth_grants g WHERE g.number = ANY (ARRAY(SELECT number FROM seen))
		AND (SELECT a.token_epoch = g.application_epoch AND a.deleted_at IS NULL FROM oauth_applications a WHERE a.id = g.application_id) IS NOT TRUE
		FOR UPDATE SKIP LOCKED))
	RETURNING number
)
SELECT coalesce((SELECT number FROM seen ORDER BY number DESC LIMIT 1), 0), (SELECT count(*) FROM seen), (SELECT count(*) FROM removed)`)

	inBatch    = `c.application_id = ANY (ARRAY(SELECT application_id FROM seen)) AND (c.application_id, c.id) > ($1::uuid, $2::uuid) AND (c.application_id, c.id) <= (SELECT application_id, id FROM last)`
	deadSecret = `(coalesce(c.expires_at <= $3::timestamptz, false)
		OR (SELECT a.deleted_at IS NULL FROM oauth_applications a WHERE a.id = c.application_id) IS NOT TRUE)`

	// The applications are locked first, as in every statement that changes an
	// application and its secrets. SKIP LOCKED may still wait for a row that
	// was updated just then.
	cleanSecrets = qualified(`WITH seen AS MATERIALIZED (
	SELECT application_id, id FROM oauth_client_secrets WHERE (application_id, id) > ($1::uuid, $2::uuid)
	ORDER BY application_id, id LIMIT $4::bigint
), last AS (
	SELECT application_id, id FROM seen ORDER BY application_id DESC, id DESC LIMIT 1
), changed AS (
	SELECT id FROM oauth_applications WHERE id = ANY (ARRAY(
		SELECT c.application_id FROM oauth_client_secrets c WHERE ` + inBatch + ` AND ` + deadSecret + `)) FOR NO KEY UPDATE SKIP LOCKED
), dead AS (
	SELECT c.application_id, c.id FROM oauth_client_secrets c
	WHERE c.application_id = ANY (ARRAY(SELECT id FROM changed)) AND ` + inBatch + ` AND ` + deadSecret + ` FOR UPDATE SKIP LOCKED
), removed AS (
	DELETE FROM oauth_client_secrets c USING dead WHERE c.application_id = dead.application_id AND c.id = dead.id
	AND ` + inBatch + `
	RETURNING c.application_id
), revised AS (
	UPDATE oauth_applications SET revision = gen_random_uuid() WHERE id = ANY (ARRAY(SELECT application_id FROM removed))
)
SELECT (SELECT application_id FROM last), (SELECT id FROM last), (SELECT count(*) FROM seen), (SELECT count(*) FROM removed)`)

	cleanAPITokens = qualified(`WITH seen AS MATERIALIZED (
	SELECT id FROM oauth_api_tokens WHERE id > $1::uuid ORDER BY id LIMIT $3::bigint
), removed AS (
	DELETE FROM oauth_api_tokens WHERE id = ANY (ARRAY(
		SELECT t.id FROM oauth_api_tokens t WHERE t.id = ANY (ARRAY(SELECT id FROM seen)) AND t.expires_at <= $2::timestamptz FOR UPDATE SKIP LOCKED))
	RETURNING id
)
SELECT (SELECT id FROM seen ORDER BY id DESC LIMIT 1), (SELECT count(*) FROM seen), (SELECT count(*) FROM removed)`)

	cleanRecords = qualified(`WITH seen AS MATERIALIZED (
	SELECT kind, digest FROM oauth_records WHERE (kind, digest) > ($1::text, $2::bytea) ORDER BY kind, digest LIMIT $4::bigint
), last AS (
	SELECT kind, digest FROM seen ORDER BY kind DESC, digest DESC LIMIT 1
), dead AS (
	SELECT r.kind, r.digest FROM oauth_records r WHERE r.kind = ANY (ARRAY(SELECT DISTINCT kind FROM seen))
	AND r.digest = ANY (ARRAY(SELECT digest FROM seen)) AND r.expires_at <= $3::timestamptz FOR UPDATE SKIP LOCKED
), removed AS (
	DELETE FROM oauth_records r USING dead WHERE r.kind = dead.kind AND r.digest = dead.digest RETURNING r.kind
)
SELECT (SELECT kind FROM last), (SELECT digest FROM last), (SELECT count(*) FROM seen), (SELECT count(*) FROM removed)`)
)
