package postgres

// API tokens.
var (
	apiTokenColumns = `t.id, t.created_at, t.last_used_at, t.expires_at, t.digest, t.user_id, t.account_id, t.hint, t.scopes, t.name`

	isLiveAPIToken = `(t.expires_at IS NULL OR t.expires_at > `

	// As lockOwner.
	lockUser = qualified(`SELECT pg_advisory_xact_lock(hashtextextended('oauth_api_tokens of ' || $1::text, 0))`)

	// There is always room for an ID that is in use, as in createApplication.
	createAPIToken = qualified(`INSERT INTO oauth_api_tokens (id, created_at, last_used_at, expires_at, digest, user_id, account_id, hint, scopes, name)
SELECT $1::uuid, $2::timestamptz, $3::timestamptz, $4::timestamptz, $5::bytea, $6::text, $7::text, $8::text, $9::text[], $10::text
WHERE $11::bigint > (SELECT count(*) FROM
	(SELECT FROM oauth_api_tokens t WHERE t.user_id = $6::text AND ` + isLiveAPIToken + `$2::timestamptz) LIMIT greatest($11::bigint, 0)) others)
OR EXISTS (SELECT FROM oauth_api_tokens WHERE id = $1::uuid)`)

	selectAPIToken = qualified(`SELECT ` + apiTokenColumns + ` FROM oauth_api_tokens t WHERE t.id = $1::uuid AND ` + isLiveAPIToken + `$2::timestamptz)`)

	listAPITokensOfUser = qualified(`SELECT ` + apiTokenColumns + ` FROM oauth_api_tokens t WHERE t.id < $1::uuid AND t.user_id = $5::text AND t.account_id = $4::text
AND ` + isLiveAPIToken + `$3::timestamptz) ORDER BY t.user_id DESC, t.id DESC LIMIT $2::bigint`)

	listAPITokensOfAccount = qualified(`SELECT ` + apiTokenColumns + ` FROM oauth_api_tokens t WHERE t.id < $1::uuid AND t.account_id = $4::text AND t.account_id <> ''
AND ` + isLiveAPIToken + `$3::timestamptz) ORDER BY t.account_id DESC, t.id DESC LIMIT $2::bigint`)

	revokeAPIToken = qualified(`DELETE FROM oauth_api_tokens t WHERE t.id = $1::uuid AND ` + isLiveAPIToken + `$2::timestamptz)
AND t.account_id = $3::text AND ($4::text IS NULL OR t.user_id = $4::text) RETURNING ` + apiTokenColumns)

	touchAPIToken = qualified(`UPDATE oauth_api_tokens t SET last_used_at = $2::timestamptz
WHERE t.id = $1::uuid AND (t.last_used_at IS NULL OR t.last_used_at < $2::timestamptz)`)

	// Remove the next tokens of all, of a user, or of an account.
	endAPITokens          = qualified(nextAPITokens + `true ORDER BY t.id DESC LIMIT $2::bigint` + thenRemoveAPITokens + thenCount)
	endAPITokensOfUser    = qualified(nextAPITokens + `t.user_id = $3::text ORDER BY t.user_id DESC, t.id DESC LIMIT $2::bigint` + thenRemoveAPITokens + ` AND ($4::text IS NULL OR t.account_id = $4::text)` + thenCount)
	endAPITokensOfAccount = qualified(nextAPITokens + `t.account_id = $3::text AND t.account_id <> '' ORDER BY t.account_id DESC, t.id DESC LIMIT $2::bigint` + thenRemoveAPITokens + thenCount)
	nextAPITokens         = `WITH seen AS MATERIALIZED (SELECT t.id FROM oauth_api_tokens t WHERE t.id < $1::uuid AND `
	thenRemoveAPITokens   = `
), removed AS (
	DELETE FROM oauth_api_tokens t WHERE t.id = ANY (ARRAY(SELECT id FROM seen))`
	thenCount = ` RETURNING t.id
)
SELECT (SELECT id FROM seen ORDER BY id LIMIT 1), (SELECT count(*) FROM seen), (SELECT count(*) FROM removed)`
)
