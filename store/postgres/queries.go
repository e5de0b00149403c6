package postgres

// This file has every statement that a Store runs, as [qualified] reads it.
// Parameters are numbered and cast, so that a statement means the same whether
// it was prepared or not. NULL for an owner or a criterion of a filter matches
// anything. Lists begin below an ID: the last of the page before, or the
// greatest ID for the first page.
//
// All parts of one statement see the database as it was when the statement
// began, whatever its own parts change. An UPDATE, DELETE or SELECT FOR UPDATE
// waits for another transaction that changed the row, and then applies its
// WHERE clause to the newest version of the row. So a condition stands in the
// part that claims the row, and rows are counted by a statement that follows a
// lock.

// Applications.
var (
	registeredColumns = `a.id, a.client_id, a.owner, a.name, a.description, a.homepage_url, a.callback_urls, a.type, a.scopes,
a.created_at, a.updated_at, a.version, a.suspended, a.approved, a.verified, a.trusted, a.standing_reason, a.extra`
	registeredWidth = 18

	applicationColumns = registeredColumns + `, ` + lastUsed

	fromApplications = ` FROM oauth_applications a `

	isOwned = `($2::text IS NULL OR a.owner = $2::text AND a.owner <> '') AND a.deleted_at IS NULL`

	selectApplication = qualified(`SELECT ` + applicationColumns + fromApplications + `WHERE a.id = $1::uuid AND ` + isOwned)

	selectApplicationByClientID = qualified(`SELECT ` + applicationColumns + fromApplications + `WHERE a.client_id = $1::text AND ` + isOwned)

	listApplications = qualified(`SELECT ` + applicationColumns + fromApplications + `
WHERE a.id < $1::uuid AND a.deleted_at IS NULL ORDER BY a.id DESC LIMIT $2::bigint`)

	listApplicationIDsOfOwner = qualified(`SELECT a.id FROM oauth_applications a
WHERE a.id < $1::uuid AND a.owner = $3::text AND a.deleted_at IS NULL ORDER BY a.id DESC LIMIT $2::bigint`)

	listApplicationsOfOwner = qualified(`SELECT ` + applicationColumns + fromApplications + `
WHERE a.id < $1::uuid AND a.owner = $3::text AND a.owner <> '' AND a.deleted_at IS NULL ORDER BY a.id DESC LIMIT $2::bigint`)

	// The lock is held to the end of the transaction, so that no two
	// transactions count an owner's applications at once.
	lockOwner = qualified(`SELECT pg_advisory_xact_lock(hashtextextended('oauth_applications of ' || $1::text, 0))`)

	// There is always room for an ID that is in use, so that the INSERT fails
	// for that reason.
	createApplication = qualified(`WITH room AS (
	SELECT WHERE $3::text = '' OR $12::bigint > (SELECT count(*) FROM
		(SELECT FROM oauth_applications WHERE owner = $3::text AND deleted_at IS NULL LIMIT greatest($12::bigint, 0)) others)
	OR EXISTS (SELECT FROM oauth_applications WHERE id = $1::uuid) OR EXISTS (SELECT FROM oauth_applications WHERE client_id = $2::text)
), created AS (
	INSERT INTO oauth_applications (id, client_id, owner, name, description, homepage_url, callback_urls, type, scopes, created_at, updated_at, version,
		suspended, approved, verified, trusted, standing_reason, extra)
	SELECT $1::uuid, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text[], $8::text, $9::text[], $10::timestamptz, $11::timestamptz, $13::bigint,
		$21::boolean, $22::boolean, $23::boolean, $24::boolean, $25::text, $26::bytea
	FROM room RETURNING id
), used AS (
	INSERT INTO oauth_application_uses (application_id, last_used_at) SELECT id, $14::timestamptz FROM created
), kept AS (
	INSERT INTO oauth_client_secrets (id, application_id, digest, hint, created_at, last_used_at, expires_at, hash)
	SELECT $15::uuid, id, $16::bytea, $17::text, $18::timestamptz, $19::timestamptz, $20::timestamptz, $27::text FROM created WHERE $15::uuid IS NOT NULL
)
SELECT id FROM created`)

	updateApplication = qualified(`UPDATE oauth_applications a
SET name = $4::text, description = $5::text, homepage_url = $6::text, callback_urls = $7::text[], scopes = $8::text[],
	updated_at = $9::timestamptz, extra = $10::bytea, version = a.version + 1, revision = gen_random_uuid()
WHERE a.id = $1::uuid AND a.version = $3::bigint AND ` + isOwned)

	existsApplication = qualified(`SELECT a.id FROM oauth_applications a WHERE a.id = $1::uuid AND ` + isOwned)

	// $8 and what follows are the standing that is replaced. What is returned
	// tells whether it was.
	setStanding = qualified(`WITH was AS (
	SELECT ` + applicationColumns + fromApplications + `WHERE a.id = $1::uuid AND ` + isOwned + ` FOR NO KEY UPDATE OF a
), changed AS (
	UPDATE oauth_applications a
	SET suspended = $3::boolean, approved = $4::boolean, verified = $5::boolean, trusted = $6::boolean, standing_reason = $7::text, revision = gen_random_uuid()
	FROM was WHERE a.id = was.id AND was.suspended = $8::boolean AND was.approved = $9::boolean AND was.verified = $10::boolean
		AND was.trusted = $11::boolean AND was.standing_reason = $12::text
)
SELECT was.* FROM was`)

	// $4 is the limit of the new owner $3, whose lock is held.
	transferApplication = qualified(`WITH was AS (
	SELECT a.id, a.owner FROM oauth_applications a WHERE a.id = $1::uuid AND ` + isOwned + ` FOR NO KEY UPDATE OF a
), room AS (
	SELECT was.id FROM was WHERE was.owner = $3::text OR $4::bigint > (SELECT count(*) FROM
		(SELECT FROM oauth_applications WHERE owner = $3::text AND deleted_at IS NULL LIMIT greatest($4::bigint, 0)) others)
)
UPDATE oauth_applications a SET owner = $3::text, revision = gen_random_uuid(),
	approved = a.approved AND a.owner = $3::text, verified = a.verified AND a.owner = $3::text, trusted = a.trusted AND a.owner = $3::text
FROM room WHERE a.id = room.id`)

	// Revoke the tokens of the next applications of an owner, or of all. The
	// rows are locked in the order of their IDs.
	endAllTokens     = qualified(nextApplications + thenEnd)
	endTokensOfOwner = qualified(nextApplicationsOfOwner + thenEnd)
	nextApplications = `WITH seen AS MATERIALIZED (SELECT a.id FROM oauth_applications a
	WHERE a.id < $1::uuid AND a.deleted_at IS NULL`
	nextApplicationsOfOwner = nextApplications + ` AND a.owner = $3::text`
	thenEnd                 = ` ORDER BY a.id DESC LIMIT $2::bigint
), revoked AS (
	UPDATE oauth_applications SET token_epoch = token_epoch + 1 WHERE id = ANY (ARRAY(SELECT id FROM seen)) RETURNING id
)
SELECT (SELECT id FROM seen ORDER BY id LIMIT 1), (SELECT count(*) FROM seen), (SELECT count(*) FROM revoked)`

	endTokens = qualified(`UPDATE oauth_applications a SET token_epoch = a.token_epoch + 1 WHERE a.id = $1::uuid AND ` + isOwned)

	// What is left is a tombstone.
	deleteApplication = qualified(`WITH was AS (
	SELECT ` + applicationColumns + fromApplications + `WHERE a.id = $1::uuid AND ` + isOwned + ` FOR NO KEY UPDATE OF a
), forgotten AS (
	DELETE FROM oauth_application_uses WHERE application_id = (SELECT id FROM was)
)
UPDATE oauth_applications a
SET deleted_at = $3::timestamptz, revision = gen_random_uuid(), name = '', description = '', homepage_url = '', callback_urls = '{}', scopes = '{}',
	standing_reason = '', extra = NULL
FROM was WHERE a.id = was.id RETURNING was.*`)

	// countUsers counts the users with a grant of the epoch of a, up to $3. It
	// first reads the newest grants, twice as many as $3. They stand together
	// in the table, in which each is looked up until a vacuum has come by. That
	// is enough unless users have several grants each; then countByUser counts.
	// They are read in pieces: one long read would not stop at the grants that
	// a revocation ended, which come next in the index and may be very many.
	countUsers = `(WITH RECURSIVE pieces AS (
	SELECT ` + somePiece + toEpoch + newestFirst + `
	UNION ALL
	SELECT next.last, next.size, pieces.grants + next.size, next.users FROM pieces, LATERAL (
		SELECT ` + somePiece + `(g.application_id, g.application_epoch, g.id) < (a.id, a.token_epoch, pieces.last)` + newestFirst + `
	) next WHERE pieces.size = ` + pieceSize + ` AND pieces.grants < (2 * $3::bigint)
) SELECT CASE WHEN newest.grants < (2 * $3::bigint) OR newest.users >= $3::bigint THEN newest.users ELSE ` + countByUser + ` END
	FROM (SELECT max(grants) AS grants, count(DISTINCT CASE WHEN u <> '' THEN u END) AS users FROM pieces LEFT JOIN unnest(users) u ON true) newest)`
	somePiece = `min(id::text COLLATE "C")::uuid AS last, count(*) AS size, count(*) AS grants, array_agg(user_id) AS users FROM (
		SELECT g.application_id, g.application_epoch, g.id, g.user_id FROM oauth_grants g WHERE `
	newestFirst = `
		ORDER BY g.application_id DESC, g.application_epoch DESC, g.id DESC LIMIT ` + pieceSize + `
	) part WHERE application_id = a.id AND application_epoch = a.token_epoch`
	pieceSize = `100`

	// countByUser reads some grants in the order of users, then jumps behind
	// the user of the last one. So it does not read all grants of a user who
	// has many. It begins behind the application's own grant, which has no
	// user.
	countByUser = `(WITH RECURSIVE users AS (
	SELECT ` + someUsers + `(g.application_id, g.application_epoch, g.user_id) > (a.id, a.token_epoch, '')` + byUser + `
	UNION ALL
	SELECT next.last, users.counted + next.counted FROM users, LATERAL (
		SELECT ` + someUsers + `(g.application_id, g.application_epoch, g.user_id) > (a.id, a.token_epoch, users.last)` + byUser + `
	) next WHERE users.counted < $3::bigint AND next.counted > 0
) SELECT max(counted) FROM users)`
	someUsers = `max(user_id) AS last, count(DISTINCT user_id) AS counted FROM (SELECT g.user_id FROM oauth_grants g WHERE `
	byUser    = ` AND ` + toEpoch + ` ORDER BY g.application_id, g.application_epoch, g.user_id LIMIT 32) part`

	// Grants are read between two ends of an index instead of by equality. So
	// the planner expects a long list, whatever its statistics say, reads its
	// beginning in order, and neither gathers nor sorts.
	toEpoch = `(g.application_id, g.application_epoch) <= (a.id, a.token_epoch)`

	lastUsed = `(SELECT u.last_used_at FROM oauth_application_uses u WHERE u.application_id = a.id)`

	selectUsage = qualified(`SELECT ` + lastUsed + `, ` + countUsers + fromApplications + `
WHERE a.id = $1::uuid AND ` + isOwned)

	revokeTokens = qualified(`WITH revoked AS (
	UPDATE oauth_applications a SET token_epoch = a.token_epoch + 1 WHERE a.id = $1::uuid AND ` + isOwned + ` RETURNING a.id, a.token_epoch - 1 AS token_epoch
)
SELECT ` + lastUsed + `, ` + countUsers + ` FROM revoked a`)
)

// Client secrets.
var (
	secretColumns = `c.id, c.application_id, c.digest, c.hint, c.created_at, c.last_used_at, c.expires_at, c.hash`

	isLiveSecret = `(c.expires_at IS NULL OR c.expires_at > $3::timestamptz)`

	// One row without a secret where the application has none.
	selectSecrets = qualified(`SELECT ` + secretColumns + ` FROM oauth_applications a
LEFT JOIN oauth_client_secrets c ON c.application_id = a.id AND ` + isLiveSecret + `
WHERE a.id = $1::uuid AND ` + isOwned + ` ORDER BY c.id DESC`)

	findSecret = qualified(`SELECT ` + secretColumns + ` FROM oauth_client_secrets c
WHERE c.digest = $1::bytea AND (c.expires_at IS NULL OR c.expires_at > $2::timestamptz)
AND (SELECT a.deleted_at IS NULL FROM oauth_applications a WHERE a.id = c.application_id)`)

	// The application is locked first, as in revokeSecret.
	adoptSecret = qualified(`WITH was AS (
	SELECT c.application_id, c.id FROM oauth_applications a JOIN oauth_client_secrets c ON c.application_id = a.id
	WHERE a.id = $1::uuid AND a.deleted_at IS NULL AND c.id = $2::uuid AND c.hash = $3::text FOR NO KEY UPDATE OF a, c
), revised AS (
	UPDATE oauth_applications a SET revision = gen_random_uuid() FROM was WHERE a.id = was.application_id
)
UPDATE oauth_client_secrets c SET digest = $4::bytea, hash = NULL FROM was
WHERE c.application_id = was.application_id AND c.id = was.id`)

	// The lock is held to the end of the transaction, so that no two
	// transactions count an application's secrets at once.
	lockConfidential = qualified(`SELECT a.id FROM oauth_applications a
WHERE a.id = $1::uuid AND a.type = 'confidential' AND ` + isOwned + ` FOR NO KEY UPDATE`)

	// There is always room for an ID that is in use, as in createApplication.
	addSecret = qualified(`WITH room AS (
	SELECT a.id FROM oauth_applications a WHERE a.id = $1::uuid AND a.type = 'confidential' AND ` + isOwned + `
	AND ($5::bigint > CASE WHEN $4::timestamptz <= $3::timestamptz THEN 0
		ELSE (SELECT count(*) FROM oauth_client_secrets c WHERE c.application_id = $1::uuid AND ` + isLiveSecret + `) END
		OR EXISTS (SELECT FROM oauth_client_secrets c WHERE c.application_id = $1::uuid AND c.id = $6::uuid))
), expired AS (
	UPDATE oauth_client_secrets c SET expires_at = $4::timestamptz FROM room
	WHERE c.application_id = room.id AND (c.expires_at IS NULL OR c.expires_at > $4::timestamptz)
), revised AS (
	UPDATE oauth_applications a SET revision = gen_random_uuid() FROM room WHERE a.id = room.id
)
INSERT INTO oauth_client_secrets (application_id, id, created_at, digest, hint, last_used_at, expires_at, hash)
SELECT room.id, $6::uuid, $3::timestamptz, $7::bytea, $8::text, $9::timestamptz, $10::timestamptz, $11::text FROM room`)

	// The application is locked first, as in every statement that changes an
	// application and its secrets.
	revokeSecret = qualified(`WITH was AS (
	SELECT ` + secretColumns + ` FROM oauth_applications a JOIN oauth_client_secrets c ON c.application_id = a.id
	WHERE a.id = $1::uuid AND c.id = $4::uuid AND ` + isLiveSecret + ` AND ` + isOwned + ` FOR NO KEY UPDATE OF a, c
), revised AS (
	UPDATE oauth_applications a SET revision = gen_random_uuid() FROM was WHERE a.id = was.application_id
)
UPDATE oauth_client_secrets c SET expires_at = $3::timestamptz FROM was
WHERE c.application_id = was.application_id AND c.id = was.id RETURNING was.*`)
)

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
ARRAY[s.created_at, s.expires_at, s.code_expires_at, s.code_redeemed_at, s.access_token_issued_at, s.access_token_expires_at,
	s.previous_access_token_issued_at, s.previous_access_token_expires_at, s.refresh_token_expires_at, ` + rotatedAt + `, g.last_used_at],
ARRAY[s.code_digest, s.code_state_digest, s.access_token_digest, s.previous_access_token_digest, s.refresh_token_digest,
	s.previous_refresh_token_digest, s.refresh_family_digest, s.rotation_salt, s.extra],
g.id, g.application_id, g.user_id, g.account_id`
	sessionWidth = 12

	rotatedAt = `coalesce(s.rotated_at, CASE WHEN s.previous_refresh_token_digest IS NOT NULL THEN s.access_token_issued_at END)`

	// A grant that is looked up by its number has no other condition that an
	// index could serve. Otherwise a planner that believes that an application
	// has one grant may search all grants of the application. So the
	// application is an outer join, and the conditions on it accept NULL: they
	// do not turn it into an inner join.
	itsApplication   = ` LEFT JOIN oauth_applications a ON a.id = g.application_id AND a.deleted_at IS NULL `
	isLive           = `coalesce(a.token_epoch, -1) = g.application_epoch`
	isAccepted       = isLive + ` AND a.suspended IS NOT TRUE`
	fromLiveSessions = ` FROM oauth_sessions s JOIN oauth_grants g ON g.number = s.grant_number` + itsApplication + `WHERE s.id = $1::uuid AND ` + isAccepted

	selectSession = qualified(`SELECT ` + sessionColumns + `, a.client_id` + fromLiveSessions)

	// The session is NULL unless its grant is live and of the application.
	columnsOfClient = `CASE WHEN g.application_id = a.id AND g.application_epoch = a.token_epoch THEN s.id END, ` + furtherColumns
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
	// application, and so ends the grant and the session.
	beginSession = qualified(`WITH granted AS (
	INSERT INTO oauth_grants AS g (id, application_id, application_epoch, user_id, account_id, scopes, authorized_at)
	SELECT $22::uuid, a.id, a.token_epoch, $2::text, $3::text, $4::text[], $5::timestamptz
	FROM oauth_applications a WHERE a.id = $1::uuid AND a.deleted_at IS NULL AND NOT a.suspended
	ON CONFLICT ON CONSTRAINT oauth_grants_once DO UPDATE SET authorized_at = excluded.authorized_at, scopes = g.scopes || ARRAY(
		SELECT scope FROM unnest(excluded.scopes) WITH ORDINALITY AS added (scope, place) WHERE scope <> ALL (g.scopes) ORDER BY place)
	RETURNING g.number, ` + grantColumns + thenBegin)

	// Nobody is asked, so the grant stays as it is.
	beginSessionAgain = qualified(`WITH granted AS (
	SELECT g.number, ` + grantColumns + theGrant + ` AND g.scopes @> $4::text[]` + thenBegin)

	thenBegin = `
), begun AS (
	INSERT INTO oauth_sessions (id, grant_number, created_at, expires_at, scope, extra,
		code_digest, code_expires_at, code_redirect_uri, code_challenge, code_state_digest,
		access_token_digest, access_token_issued_at, access_token_expires_at, access_token_scope,
		refresh_token_digest, refresh_token_expires_at, refresh_family_digest)
	SELECT $6::uuid, number, $5::timestamptz, $7::timestamptz, $8::text, $9::bytea,
		$10::bytea, $11::timestamptz, $12::text, $13::text, $14::bytea,
		$15::bytea, $16::timestamptz, $17::timestamptz, CASE WHEN $18::text <> $8::text THEN $18::text END,
		$19::bytea, $20::timestamptz, $21::bytea FROM granted
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
` + whereLive + `AND s.refresh_token_digest = $2::bytea AND s.refresh_token_expires_at > $3::timestamptz AND s.expires_at > $3::timestamptz`)

	// Why one of the two above changed nothing.
	selectVerdict = qualified(`SELECT s.code_digest, s.code_redeemed_at, s.refresh_token_digest, s.refresh_token_expires_at, s.expires_at` +
		fromLiveSessions)

	endSession = qualified(`DELETE FROM oauth_sessions WHERE id = $1::uuid`)
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
