package postgres

import (
	"strconv"

	"github.com/oauthapps/oauthapps/store"
)

// The files queries*.go have every statement that a Store runs, as [qualified]
// reads it. Parameters are numbered and cast, so that a statement means the
// same whether it was prepared or not. NULL for an owner or a criterion of a
// filter matches anything. Lists begin below an ID: the last of the page
// before, or the greatest ID for the first page.
//
// All parts of one statement see the database as it was when the statement
// began, whatever its own parts change. An UPDATE, DELETE or SELECT FOR UPDATE
// waits for another transaction that changed the row, and then applies its
// WHERE clause to the newest version of the row. So a condition stands in the
// part that claims the row, and rows are counted by a statement that follows a
// lock.

// Grants.
var (
	grantColumns = `g.id, g.application_id, g.user_id, g.account_id, g.scopes, g.authorized_at, g.last_used_at`

	// Joins a grant g to its application a, if that makes it live.
	liveGrant = ` JOIN oauth_applications a ON a.id = g.application_id AND a.token_epoch = g.application_epoch AND a.deleted_at IS NULL `

	// The one grant of a user, an account and an application. It is found
	// between two ends of an index. By equality, a planner that believes that
	// an application has one grant may search all grants of the application.
	theGrant = ` FROM oauth_applications a CROSS JOIN LATERAL (
	SELECT * FROM oauth_grants g WHERE ` + whoseGrant + ` >= (a.id, a.token_epoch, $2::text, $3::text) AND ` + whoseGrant + ` <= (a.id, a.token_epoch, $2::text, $3::text)
	ORDER BY g.application_id, g.application_epoch, g.user_id, g.account_id LIMIT 1
) g WHERE a.id = $1::uuid AND a.deleted_at IS NULL AND NOT a.suspended`
	whoseGrant = `(g.application_id, g.application_epoch, g.user_id, g.account_id)`

	// None selects the grant of an application itself.
	isSelected = `g.user_id <> '' AND ($3::text IS NULL OR g.user_id = $3::text) AND ($4::text IS NULL OR g.account_id = $4::text)
AND ($5::uuid IS NULL OR g.application_id = $5::uuid) AND ($6::text IS NULL OR a.owner = $6::text)`

	// One statement for each index that a list can follow in its order.
	selectGrants            = `SELECT ` + grantColumns + `, ` + applicationColumns + ` FROM oauth_grants g` + liveGrant + `WHERE `
	inOrder                 = `g.id < $1::uuid AND ` + isSelected + ` ORDER BY g.id DESC LIMIT $2::bigint`
	listGrants              = qualified(selectGrants + inOrder)
	listGrantsOfUser        = qualified(selectGrants + `g.user_id = $3::text AND ` + inOrder)
	listGrantsOfAccount     = qualified(selectGrants + `g.account_id = $4::text AND ` + inOrder)
	listGrantsOfApplication = qualified(selectGrants + `g.application_id = $5::uuid AND g.application_epoch =
(SELECT token_epoch FROM oauth_applications WHERE id = $5::uuid) AND ` + inOrder)

	// The newest of each of the owner's applications $3. They lie below an end
	// of the index, as in countUsers.
	listGrantsOfOwner = qualified(`SELECT ` + grantColumns + `, ` + applicationColumns + ` FROM oauth_applications a CROSS JOIN LATERAL (
	SELECT * FROM oauth_grants g WHERE (g.application_id, g.application_epoch, g.id) < (a.id, a.token_epoch, $1::uuid) AND g.user_id <> ''
	ORDER BY g.application_id DESC, g.application_epoch DESC, g.id DESC LIMIT $2::bigint
) g WHERE g.application_id = a.id AND g.application_epoch = a.token_epoch AND a.id = ANY ($3::uuid[]) AND a.owner = $4::text AND a.deleted_at IS NULL
ORDER BY g.id DESC LIMIT $2::bigint`)

	// Remove the next grants of a user, or of an account, that the filter
	// selects, live or not, and count the live ones.
	endGrantsOfUser    = qualified(nextGrants + `g.user_id = $3::text` + thenRemove)
	endGrantsOfAccount = qualified(nextGrants + `g.account_id = $4::text` + thenRemove)
	nextGrants         = `WITH seen AS MATERIALIZED (
	SELECT g.number, g.id, g.user_id, g.account_id, g.application_id FROM oauth_grants g WHERE g.id < $1::uuid AND `
	thenRemove = ` ORDER BY g.id DESC LIMIT $2::bigint
), removed AS (
	DELETE FROM oauth_grants g WHERE g.number = ANY (ARRAY(SELECT g.number FROM seen g
		WHERE ($3::text IS NULL OR g.user_id = $3::text) AND ($4::text IS NULL OR g.account_id = $4::text) AND ($5::uuid IS NULL OR g.application_id = $5::uuid)
		AND ($6::text IS NULL OR (SELECT a.owner FROM oauth_applications a WHERE a.id = g.application_id) = $6::text)))
	RETURNING g.application_id, g.application_epoch
)
SELECT (SELECT id FROM seen ORDER BY id LIMIT 1), (SELECT count(*) FROM seen), (SELECT count(*) FROM removed r
	WHERE (SELECT a.token_epoch = r.application_epoch AND a.deleted_at IS NULL FROM oauth_applications a WHERE a.id = r.application_id) IS TRUE)`

	// The conditions on the application name no column of an index of grants,
	// as in itsApplication.
	revokeGrant = qualified(`DELETE FROM oauth_grants g USING oauth_applications a
WHERE g.id = $1::uuid AND a.id = (SELECT g.application_id) AND (a.token_epoch = g.application_epoch) IS TRUE AND a.deleted_at IS NULL AND ` + isSelected + `
AND $2::bigint > 0 RETURNING ` + grantColumns + `, ` + applicationColumns)

	// A use of a grant is a use of its application. If the grant was used later
	// than u.At, so was its application. The secret is looked up by its whole
	// primary key, which parameters alone give.
	touch = qualified(`WITH granted AS (
	UPDATE oauth_grants g SET last_used_at = $2::timestamptz
	WHERE g.id = $1::uuid AND g.application_epoch = (SELECT a.token_epoch FROM oauth_applications a WHERE a.id = g.application_id AND a.deleted_at IS NULL)
	AND (g.last_used_at IS NULL OR g.last_used_at < $2::timestamptz) RETURNING g.application_id
), used AS (
	UPDATE oauth_application_uses u SET last_used_at = $2::timestamptz FROM granted
	WHERE u.application_id = granted.application_id AND (u.last_used_at IS NULL OR u.last_used_at < $2::timestamptz)
), revised AS (
	UPDATE oauth_applications a SET revision = gen_random_uuid() WHERE a.id = $3::uuid
	AND EXISTS (SELECT FROM oauth_client_secrets c WHERE c.application_id = a.id AND ` + isUsedLater + `) RETURNING a.id
)
UPDATE oauth_client_secrets c SET last_used_at = $2::timestamptz FROM revised WHERE c.application_id = $3::uuid AND ` + isUsedLater)
	isUsedLater = `c.id = $4::uuid AND (c.last_used_at IS NULL OR c.last_used_at < $2::timestamptz)`
)

// Sessions.
var (
	// Times come in one array, and all bytea columns in another, as PostgreSQL
	// and pgx take more time for a column than for an element.
	sessionColumns = `s.id, ` + furtherColumns
	furtherColumns = `s.scope, s.code_redirect_uri, s.code_challenge, s.access_token_scope, s.previous_access_token_scope,
ARRAY[s.created_at, ` + sessionEnd + `, s.code_expires_at, s.code_redeemed_at, s.access_token_issued_at, s.access_token_expires_at,
	s.previous_access_token_issued_at, s.previous_access_token_expires_at, s.refresh_token_expires_at, ` + rotatedAt + `, g.last_used_at],
ARRAY[s.code_digest, s.code_state_digest, s.access_token_digest, s.previous_access_token_digest, s.refresh_token_digest,
	s.previous_refresh_token_digest, s.refresh_family_digest, s.rotation_salt, s.extra],
g.id, g.application_id, g.user_id, g.account_id`
	sessionWidth = 12

	// Where a session ends with a secret, its end is that of the secret, which
	// is looked up for such sessions alone.
	sessionEnd = `CASE WHEN s.secret_id IS NULL THEN s.expires_at ELSE least(s.expires_at, coalesce((
		SELECT coalesce(c.expires_at, s.expires_at) FROM oauth_client_secrets c WHERE c.application_id = g.application_id AND c.id = s.secret_id), s.created_at)) END`

	rotatedAt = `coalesce(s.rotated_at, CASE WHEN s.previous_refresh_token_digest IS NOT NULL THEN s.access_token_issued_at END)`

	// A grant that is looked up by its number has no other condition that an
	// index could serve. Otherwise a planner that believes that an application
	// has one grant may search all grants of the application. So the
	// application is an outer join, and the conditions on it accept NULL: they
	// do not turn it into an inner join.
	itsApplication   = ` LEFT JOIN oauth_applications a ON a.id = g.application_id AND a.deleted_at IS NULL `
	isLive           = `coalesce(a.token_epoch, -1) = g.application_epoch AND ` + isNew
	isAccepted       = isLive + ` AND a.suspended IS NOT TRUE`
	fromLiveSessions = ` FROM oauth_sessions s JOIN oauth_grants g ON g.number = s.grant_number` + itsApplication + `WHERE s.id = $1::uuid AND ` + isAccepted

	// Of the sessions of an application itself only the newest are live.
	isNew = `coalesce(s.own_number > (g.own_sessions - ` + strconv.Itoa(store.MaxOwnSessions) + `), true)`

	selectSession = qualified(`SELECT ` + sessionColumns + `, a.client_id` + fromLiveSessions)

	// The session is NULL unless its grant is live and of the application.
	columnsOfClient = `CASE WHEN g.application_id = a.id AND g.application_epoch = a.token_epoch AND ` + isNew + ` THEN s.id END, ` + furtherColumns
	sessionOfClient = ` FROM oauth_applications a
LEFT JOIN (oauth_sessions s JOIN oauth_grants g ON g.number = s.grant_number) ON s.id = $2::uuid
`

	// One row for each live secret, or one without; each with the session.
	selectClient = qualified(`SELECT a.revision, ` + columnsOfClient + `, ` + registeredColumns + `, ` + secretColumns + sessionOfClient +
		`LEFT JOIN oauth_client_secrets c ON c.application_id = a.id AND ` + isLiveSecret + `
WHERE a.client_id = $1::text AND a.deleted_at IS NULL`)

	// For a client that is remembered: the session alone, or no row if the
	// client has changed since.
	selectSessionOfClient = qualified(`SELECT ` + columnsOfClient + sessionOfClient + `WHERE a.id = $1::uuid AND a.revision = $3::uuid AND a.deleted_at IS NULL`)

	// The grant gets the epoch that its application has when the statement
	// begins. A revocation that commits later raises the epoch of the
	// application, and so ends the grant and the session. The lock of the grant
	// numbers the sessions of an application itself in a row.
	beginSession = qualified(`WITH granted AS (
	INSERT INTO oauth_grants AS g (id, application_id, application_epoch, user_id, account_id, scopes, authorized_at, own_sessions)
	SELECT $23::uuid, a.id, a.token_epoch, $2::text, $3::text, $4::text[], $5::timestamptz, CASE WHEN $2::text = '' THEN 1 END
	FROM oauth_applications a WHERE a.id = $1::uuid AND a.deleted_at IS NULL AND NOT a.suspended
	ON CONFLICT ON CONSTRAINT oauth_grants_once DO UPDATE SET authorized_at = excluded.authorized_at, scopes = g.scopes || ARRAY(
		SELECT scope FROM unnest(excluded.scopes) WITH ORDINALITY AS added (scope, place) WHERE scope <> ALL (g.scopes) ORDER BY place),
		own_sessions = (coalesce(g.own_sessions, 0) + excluded.own_sessions)
	RETURNING g.number, g.own_sessions, ` + grantColumns + thenBegin)

	// Nobody is asked, so the grant stays as it is.
	beginSessionAgain = qualified(`WITH granted AS (
	SELECT g.number, g.own_sessions, ` + grantColumns + theGrant + ` AND $2::text <> '' AND g.scopes @> $4::text[]` + thenBegin)

	thenBegin = `
), begun AS (
	INSERT INTO oauth_sessions (id, grant_number, created_at, expires_at, scope, extra,
		code_digest, code_expires_at, code_redirect_uri, code_challenge, code_state_digest,
		access_token_digest, access_token_issued_at, access_token_expires_at, access_token_scope,
		refresh_token_digest, refresh_token_expires_at, refresh_family_digest, own_number, secret_id)
	SELECT $6::uuid, number, $5::timestamptz, $7::timestamptz, $8::text, $9::bytea,
		$10::bytea, $11::timestamptz, $12::text, $13::text, $14::bytea,
		$15::bytea, $16::timestamptz, $17::timestamptz, CASE WHEN $18::text <> $8::text THEN $18::text END,
		$19::bytea, $20::timestamptz, $21::bytea, own_sessions, $22::uuid FROM granted
)
SELECT id, application_id, user_id, account_id, scopes, authorized_at, last_used_at FROM granted`

	// For statements that change sessions.
	whereLive = ` FROM oauth_grants g` + itsApplication + `WHERE g.number = s.grant_number AND s.id = $1::uuid AND ` + isAccepted + ` `

	redeemCode = qualified(`UPDATE oauth_sessions s SET expires_at = $4::timestamptz,
	code_expires_at = NULL, code_redeemed_at = $3::timestamptz, code_redirect_uri = NULL, code_state_digest = NULL, extra = $12::bytea,
	access_token_digest = $5::bytea, access_token_issued_at = $6::timestamptz, access_token_expires_at = $7::timestamptz,
	access_token_scope = CASE WHEN $8::text <> s.scope THEN $8::text END,
	refresh_token_digest = $9::bytea, refresh_token_expires_at = $10::timestamptz, refresh_family_digest = $11::bytea
` + whereLive + `AND s.code_digest = $2::bytea AND s.code_redeemed_at IS NULL AND s.code_expires_at > $3::timestamptz`)

	// Without a successor ($8) the refresh token stays, and so do the columns
	// of its last rotation.
	rotateRefreshToken = qualified(`UPDATE oauth_sessions s SET extra = $11::bytea,
	rotated_at = CASE WHEN $8::bytea IS NULL THEN ` + rotatedAt + ` WHEN $3::timestamptz = $5::timestamptz THEN NULL ELSE $3::timestamptz END,
	rotation_salt = CASE WHEN $8::bytea IS NULL THEN s.rotation_salt ELSE $10::bytea END,
	previous_refresh_token_digest = CASE WHEN $8::bytea IS NULL THEN s.previous_refresh_token_digest ELSE s.refresh_token_digest END,
	refresh_token_digest = coalesce($8::bytea, s.refresh_token_digest), refresh_token_expires_at = $9::timestamptz,
	previous_access_token_digest = s.access_token_digest, previous_access_token_issued_at = s.access_token_issued_at,
	previous_access_token_expires_at = s.access_token_expires_at, previous_access_token_scope = s.access_token_scope,
	access_token_digest = $4::bytea, access_token_issued_at = $5::timestamptz, access_token_expires_at = $6::timestamptz,
	access_token_scope = CASE WHEN $7::text <> s.scope THEN $7::text END
` + whereLive + `AND s.refresh_token_digest = $2::bytea AND s.refresh_token_expires_at > $3::timestamptz AND s.expires_at > $3::timestamptz
AND (s.access_token_digest = $12::bytea OR $12::bytea IS NULL AND $8::bytea IS NOT NULL)`)

	// Why one of the two above changed nothing.
	selectVerdict = qualified(`SELECT s.code_digest, s.code_redeemed_at, s.refresh_token_digest, s.refresh_token_expires_at, s.expires_at` +
		fromLiveSessions)

	endSession = qualified(`DELETE FROM oauth_sessions WHERE id = $1::uuid`)

	// ping names a column of the newest migration, which it needs.
	ping = qualified(`DELETE FROM oauth_sessions WHERE id = $1::uuid AND own_number IS NULL`)
)

// One-time records. One that has expired is as good as absent.
var (
	ofRecord = ` WHERE r.kind = $1::text AND r.digest = $2::bytea AND r.expires_at > $3::timestamptz `

	keepRecord = qualified(`INSERT INTO oauth_records AS r (kind, digest, value, expires_at) VALUES ($1::text, $2::bytea, $4::bytea, $5::timestamptz)
ON CONFLICT ON CONSTRAINT oauth_records_pkey DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
WHERE r.expires_at <= $3::timestamptz`)

	selectRecord = qualified(`SELECT r.value, r.expires_at FROM oauth_records r` + ofRecord)

	existsRecord = qualified(`SELECT r.kind FROM oauth_records r` + ofRecord)

	replaceRecord = qualified(`UPDATE oauth_records r SET value = $4::bytea, expires_at = $5::timestamptz` + ofRecord + `AND r.value = $6::bytea`)

	takeRecord = qualified(`DELETE FROM oauth_records r` + ofRecord + `RETURNING r.value, r.expires_at`)
)
