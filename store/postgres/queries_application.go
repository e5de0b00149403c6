package postgres

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

	// ownGrant joins an application a to its own grant, found as in theGrant.
	ownGrant = ` LEFT JOIN LATERAL (
	SELECT g.own_sessions, g.authorized_at, g.last_used_at FROM oauth_grants g
	WHERE ` + whoseGrant + ` >= (a.id, a.token_epoch, '', '') AND ` + whoseGrant + ` <= (a.id, a.token_epoch, '', '')
	ORDER BY g.application_id, g.application_epoch, g.user_id, g.account_id LIMIT 1
) own ON true `
	usageColumns = lastUsed + `, ` + countUsers + `, coalesce(own.own_sessions, 0), own.authorized_at, own.last_used_at`

	selectUsage = qualified(`SELECT ` + usageColumns + fromApplications + ownGrant + `
WHERE a.id = $1::uuid AND ` + isOwned)

	revokeTokens = qualified(`WITH revoked AS (
	UPDATE oauth_applications a SET token_epoch = a.token_epoch + 1 WHERE a.id = $1::uuid AND ` + isOwned + ` RETURNING a.id, a.token_epoch - 1 AS token_epoch
)
SELECT ` + usageColumns + ` FROM revoked a` + ownGrant)
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
