package sqlite

// Every statement that a Store runs is a constant in this file. Those of reads
// are prepared once on every reading connection, those of writes on the writing
// one. Parameters are numbered. NULL for an owner or a criterion of a filter
// matches anything. Lists begin below an ID: the last of the page before, or
// the greatest ID for the first page.
var (
	reads = []string{
		selectApplication, selectApplicationByClientID, selectClient, listApplications, listApplicationsOfOwner, selectSecrets, findSecret, selectUsage,
		listGrants, listGrantsOfUser, listGrantsOfAccount, listGrantsOfApplication, listOwned,
		selectSession, selectRecord, walkSessions, walkGrants, walkSecrets, walkRecords,
		selectAPIToken, listAPITokensOfUser, listAPITokensOfAccount, walkAPITokens,
	}
	holds  = []string{beginRead, dataVersion, rollback}
	writes = []string{
		begin, commit, rollback, insertProbe, deleteProbe,
		selectApplication, countApplications, takenApplication, insertApplication, updateApplication, existsApplication, setStanding, transferApplication, deleteApplication,
		adoptSecret, lookUpSecrets, takenSecret, expireSecrets, insertSecret, selectSecret, expireSecret,
		selectUsage, revokeTokens, listApplicationIDs, listApplicationIDsOfOwner,
		lookUpGrant, insertGrant, extendGrant, selectGrantByID, deleteGrant, walkGrantsOfUser, walkGrantsOfAccount, removeGrant,
		insertSession, redeemCode, rotateRefreshToken, selectVerdict, deleteSession,
		touchGrant, touchApplication, touchSecret, keepRecord, selectRecord, replaceRecord, takeRecord,
		cleanSessions, cleanGrants, cleanSecrets, cleanRecords,
		takenAPIToken, countAPITokens, insertAPIToken, selectAPIToken, deleteAPIToken, touchAPIToken,
		walkAPITokensDown, walkAPITokensOfUser, walkAPITokensOfAccount, cleanAPITokens,
	}
)

// Transactions. IMMEDIATE takes the write lock at the beginning, so that no
// later statement finds the lock taken, or finds that what it read is out of
// date.
const (
	begin    = `BEGIN IMMEDIATE`
	commit   = `COMMIT`
	rollback = `ROLLBACK`

	beginRead   = `BEGIN`
	dataVersion = `PRAGMA data_version`
)

// Inserting and deleting a row in one transaction tells whether the database
// can be written, and leaves nothing behind. No record has its kind.
const (
	insertProbe = `INSERT INTO records (kind, digest, expires_at, value) VALUES ('', x'', 0, x'')`
	deleteProbe = `DELETE FROM records WHERE kind = '' AND digest = x''`
)

// Applications.
const (
	applicationColumns = `a.id, a.client_id, a.owner, a.name, a.description, a.homepage_url, a.callback_urls, a.type, a.scopes,
a.created_at, a.updated_at, a.last_used_at, a.version,
a.suspended, a.approved, a.verified, a.trusted, a.standing_reason, a.extra`
	applicationWidth = 19

	selectApplication = `SELECT ` + applicationColumns + ` FROM applications a
WHERE a.id = ?1 AND (?2 IS NULL OR a.owner = ?2 AND a.owner <> '') AND a.deleted_at IS NULL`

	selectApplicationByClientID = `SELECT ` + applicationColumns + ` FROM applications a
WHERE a.client_id = ?1 AND (?2 IS NULL OR a.owner = ?2 AND a.owner <> '') AND a.deleted_at IS NULL`

	listApplications = `SELECT ` + applicationColumns + ` FROM applications a
WHERE a.id < ?1 AND a.deleted_at IS NULL ORDER BY a.id DESC LIMIT ?2`

	listApplicationsOfOwner = `SELECT ` + applicationColumns + ` FROM applications a
WHERE a.id < ?1 AND a.owner = ?3 AND a.owner <> '' AND a.deleted_at IS NULL ORDER BY a.id DESC LIMIT ?2`

	countApplications = `SELECT count(*) FROM (SELECT 1 FROM applications WHERE owner = ?1 AND deleted_at IS NULL LIMIT ?2)`

	// The IDs of deleted ones are taken too.
	takenApplication = `SELECT 1 FROM applications WHERE id = ?1 OR client_id = ?2`

	insertApplication = `INSERT INTO applications
(id, client_id, owner, name, description, homepage_url, callback_urls, type, scopes, created_at, updated_at, last_used_at, version,
suspended, approved, verified, trusted, standing_reason, extra, token_epoch)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, 0) ON CONFLICT DO NOTHING`

	updateApplication = `UPDATE applications
SET name = ?4, description = ?5, homepage_url = ?6, callback_urls = ?7, scopes = ?8, updated_at = ?9, extra = ?10, version = version + 1
WHERE id = ?1 AND (?2 IS NULL OR owner = ?2 AND owner <> '') AND version = ?3 AND deleted_at IS NULL`

	setStanding = `UPDATE applications SET suspended = ?2, approved = ?3, verified = ?4, trusted = ?5, standing_reason = ?6 WHERE id = ?1`

	transferApplication = `UPDATE applications SET owner = ?2, approved = 0, verified = 0, trusted = 0 WHERE id = ?1`

	// The applications of an owner, to list or end what is theirs.
	listOwned = `SELECT a.id FROM applications a WHERE a.owner = ?1 AND a.deleted_at IS NULL ORDER BY a.id DESC`

	listApplicationIDs = `SELECT a.id FROM applications a WHERE a.id < ?1 AND a.deleted_at IS NULL ORDER BY a.id DESC LIMIT ?2`

	listApplicationIDsOfOwner = `SELECT a.id FROM applications a
WHERE a.id < ?1 AND a.owner = ?3 AND a.deleted_at IS NULL ORDER BY a.id DESC LIMIT ?2`

	existsApplication = `SELECT 1 FROM applications WHERE id = ?1 AND (?2 IS NULL OR owner = ?2 AND owner <> '') AND deleted_at IS NULL`

	// What is left is a tombstone.
	deleteApplication = `UPDATE applications
SET deleted_at = ?2, name = '', description = '', homepage_url = '', callback_urls = '[]', scopes = '', standing_reason = '', extra = NULL WHERE id = ?1`

	// Counts users up to ?3 by jumping from one to the next in the index: a
	// user has any number of grants, one for each account. The application's
	// own grant has no user.
	selectUsage = `SELECT a.last_used_at, (WITH RECURSIVE users (user_id, place) AS (
	SELECT min(user_id), 1 FROM grants WHERE application_id = a.id AND application_epoch = a.token_epoch AND user_id > ''
	UNION ALL
	SELECT (SELECT min(g.user_id) FROM grants g
		WHERE g.application_id = a.id AND g.application_epoch = a.token_epoch AND g.user_id > users.user_id), place + 1
	FROM users WHERE user_id IS NOT NULL AND place < ?3
) SELECT count(user_id) FROM users), own.own_sessions, own.authorized_at, own.last_used_at
FROM applications a LEFT JOIN grants own
ON own.application_id = a.id AND own.application_epoch = a.token_epoch AND own.user_id = '' AND own.account_id = '' WHERE a.id = ?1 AND (?2 IS NULL OR a.owner = ?2 AND a.owner <> '') AND a.deleted_at IS NULL`

	revokeTokens = `UPDATE applications SET token_epoch = token_epoch + 1 WHERE id = ?1`

	touchApplication = `UPDATE applications SET last_used_at = ?2
WHERE id = ?1 AND deleted_at IS NULL AND (last_used_at IS NULL OR last_used_at < ?2)`
)

// Client secrets.
const (
	secretColumns = `c.id, c.application_id, c.digest, c.hint, c.created_at, c.last_used_at, c.expires_at, c.hash`
	secretWidth   = 8

	liveSecrets = `LEFT JOIN client_secrets c ON c.application_id = a.id AND (c.expires_at IS NULL OR c.expires_at > ?3)`

	// One row without a secret where the application has none.
	selectSecrets = `SELECT ` + secretColumns + ` FROM applications a ` + liveSecrets + `
WHERE a.id = ?1 AND (?2 IS NULL OR a.owner = ?2 AND a.owner <> '') AND a.deleted_at IS NULL ORDER BY c.id DESC`

	findSecret = `SELECT ` + secretColumns + ` FROM client_secrets c JOIN applications a ON a.id = c.application_id AND a.deleted_at IS NULL
WHERE c.digest = ?1 AND (c.expires_at IS NULL OR c.expires_at > ?2)`

	adoptSecret = `UPDATE client_secrets SET digest = ?4, hash = NULL WHERE application_id = ?1 AND id = ?2 AND hash = ?3
AND EXISTS (SELECT 1 FROM applications a WHERE a.id = ?1 AND a.deleted_at IS NULL)`

	lookUpSecrets = `SELECT a.type, (SELECT count(*) FROM client_secrets c
WHERE c.application_id = a.id AND (c.expires_at IS NULL OR c.expires_at > ?3))
FROM applications a WHERE a.id = ?1 AND (?2 IS NULL OR a.owner = ?2 AND a.owner <> '') AND a.deleted_at IS NULL`

	takenSecret = `SELECT 1 FROM client_secrets WHERE application_id = ?1 AND id = ?2`

	expireSecrets = `UPDATE client_secrets SET expires_at = ?2
WHERE application_id = ?1 AND (expires_at IS NULL OR expires_at > ?2)`

	insertSecret = `INSERT INTO client_secrets (id, application_id, digest, hint, created_at, last_used_at, expires_at, hash)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING`

	selectSecret = `SELECT ` + secretColumns + ` FROM client_secrets c JOIN applications a ON a.id = c.application_id
WHERE c.application_id = ?1 AND c.id = ?4 AND (c.expires_at IS NULL OR c.expires_at > ?3)
AND (?2 IS NULL OR a.owner = ?2 AND a.owner <> '') AND a.deleted_at IS NULL`

	expireSecret = `UPDATE client_secrets SET expires_at = ?3 WHERE application_id = ?1 AND id = ?2`

	touchSecret = `UPDATE client_secrets SET last_used_at = ?3
WHERE application_id = ?1 AND id = ?2 AND (last_used_at IS NULL OR last_used_at < ?3)`
)

// Grants.
const (
	grantColumns = `g.id, g.application_id, g.user_id, g.account_id, g.scopes, g.authorized_at, g.last_used_at`

	// Joins a grant g to its application a, if that makes it live.
	liveGrant = `JOIN applications a ON a.id = g.application_id AND a.token_epoch = g.application_epoch AND a.deleted_at IS NULL`

	// None selects the grant of an application itself.
	filterGrants = `g.user_id <> '' AND (?3 IS NULL OR g.user_id = ?3) AND (?4 IS NULL OR g.account_id = ?4)
AND (?5 IS NULL OR g.application_id = ?5) AND (?6 IS NULL OR a.owner = ?6)`

	// One statement for each index that a list can follow in its order. Those
	// of an owner are the newest of each of their applications.
	listGrants = `SELECT ` + grantColumns + `, ` + applicationColumns + ` FROM grants g ` + liveGrant + `
WHERE g.id < ?1 AND ` + filterGrants + ` ORDER BY g.id DESC LIMIT ?2`
	listGrantsOfUser = `SELECT ` + grantColumns + `, ` + applicationColumns + ` FROM grants g INDEXED BY grants_by_user ` + liveGrant + `
WHERE g.user_id = ?3 AND g.id < ?1 AND ` + filterGrants + ` ORDER BY g.id DESC LIMIT ?2`
	listGrantsOfAccount = `SELECT ` + grantColumns + `, ` + applicationColumns + ` FROM grants g INDEXED BY grants_by_account ` + liveGrant + `
WHERE g.account_id = ?4 AND g.id < ?1 AND ` + filterGrants + ` ORDER BY g.id DESC LIMIT ?2`
	listGrantsOfApplication = `SELECT ` + grantColumns + `, ` + applicationColumns + ` FROM applications a
JOIN grants g INDEXED BY grants_by_application ON g.application_id = a.id AND g.application_epoch = a.token_epoch AND a.deleted_at IS NULL
WHERE a.id = ?5 AND g.id < ?1 AND ` + filterGrants + ` ORDER BY g.id DESC LIMIT ?2`

	selectGrantByID = `SELECT ` + grantColumns + `, ` + applicationColumns + ` FROM grants g ` + liveGrant + `
WHERE g.id = ?1 AND ` + filterGrants + ` LIMIT ?2`

	deleteGrant = `DELETE FROM grants WHERE id = ?1`

	// The next grants of a user or an account, live or not: their number, ID,
	// whether the filter selects them and whether they are live.
	walkedGrant = `g.number, g.id, (?3 IS NULL OR g.user_id = ?3) AND (?4 IS NULL OR g.account_id = ?4) AND (?5 IS NULL OR g.application_id = ?5)
AND (?6 IS NULL OR a.owner = ?6), a.token_epoch = g.application_epoch AND a.deleted_at IS NULL FROM grants g `
	itsApplication      = `LEFT JOIN applications a ON a.id = g.application_id `
	walkGrantsOfUser    = `SELECT ` + walkedGrant + `INDEXED BY grants_by_user ` + itsApplication + `WHERE g.user_id = ?3 AND g.id < ?1 ORDER BY g.id DESC LIMIT ?2`
	walkGrantsOfAccount = `SELECT ` + walkedGrant + `INDEXED BY grants_by_account ` + itsApplication + `WHERE g.account_id = ?4 AND g.id < ?1 ORDER BY g.id DESC LIMIT ?2`

	removeGrant = `DELETE FROM grants WHERE number = ?1`

	// What a new session needs of its application and of the user's grant, if
	// there is one.
	lookUpGrant = `SELECT a.token_epoch, g.number, g.own_sessions, ` + grantColumns + ` FROM applications a
LEFT JOIN grants g ON g.application_id = a.id AND g.application_epoch = a.token_epoch AND g.user_id = ?2 AND g.account_id = ?3
WHERE a.id = ?1 AND a.deleted_at IS NULL AND a.suspended = 0`

	insertGrant = `INSERT INTO grants (id, application_id, application_epoch, user_id, account_id, scopes, authorized_at, own_sessions)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING`

	extendGrant = `UPDATE grants SET scopes = ?2, authorized_at = ?3, own_sessions = ?4 WHERE number = ?1`

	touchGrant = `UPDATE grants SET last_used_at = max(ifnull(last_used_at, ?2), ?2) WHERE id = ?1
AND EXISTS (SELECT 1 FROM applications a WHERE a.id = grants.application_id AND a.token_epoch = grants.application_epoch AND a.deleted_at IS NULL)
RETURNING application_id`
)

// Sessions.
const (
	maxOwnSessions = "1000" // as store.MaxOwnSessions

	sessionColumns = `g.id, g.application_id, g.user_id, g.account_id, g.last_used_at,
s.id, s.created_at, ` + sessionEnd + `, s.scopes,
s.code_digest, s.code_expires_at, s.code_redeemed_at, s.redirect_uri, s.code_challenge, s.state_digest,
s.access_token_digest, s.access_token_issued_at, s.access_token_expires_at, s.access_token_scopes,
s.previous_access_token_digest, s.previous_access_token_issued_at, s.previous_access_token_expires_at, s.previous_access_token_scopes,
s.refresh_token_digest, s.refresh_token_expires_at, s.previous_refresh_token_digest, s.refresh_family_digest, s.rotated_at,
s.rotation_salt, s.extra`

	// Where a session ends with a secret, its end is that of the secret.
	sessionEnd = `iif(s.secret_id IS NULL, s.expires_at, min(s.expires_at, ifnull((
	SELECT ifnull(c.expires_at, s.expires_at) FROM client_secrets c WHERE c.application_id = g.application_id AND c.id = s.secret_id), s.created_at)))`

	// Of the sessions of an application itself only the newest are live.
	isNew = `ifnull(own_number > g.own_sessions - ` + maxOwnSessions + `, 1)`

	liveSession = `FROM sessions s JOIN grants g ON g.number = s.grant_number AND ` + isNew + ` ` + liveGrant

	isLive = `EXISTS (SELECT 1 FROM grants g ` + liveGrant + ` WHERE g.number = sessions.grant_number AND ` + isNew + `)`

	// For statements that change sessions.
	isAccepted = `EXISTS (SELECT 1 FROM grants g ` + liveGrant + ` WHERE g.number = sessions.grant_number AND ` + isNew + ` AND a.suspended = 0)`

	selectSession = `SELECT ` + sessionColumns + `, a.client_id ` + liveSession + ` WHERE s.id = ?1 AND a.suspended = 0`

	// One row for each live secret, or one without; each with the session,
	// which is there if its live grant is.
	selectClient = `SELECT ` + applicationColumns + `, ` + secretColumns + `, ` + sessionColumns + ` FROM applications a
` + liveSecrets + `
LEFT JOIN sessions s ON s.id = ?2
LEFT JOIN grants g ON g.number = s.grant_number AND g.application_id = a.id AND g.application_epoch = a.token_epoch AND ` + isNew + `
WHERE a.client_id = ?1 AND a.deleted_at IS NULL ORDER BY c.id DESC`

	// With a refresh token, insertSession and redeemCode make room for what a
	// rotation keeps of the tokens before, so that a rotation changes the row
	// in place: zeros stand for what is absent.
	insertSession = `INSERT INTO sessions (id, grant_number, created_at, expires_at, scopes,
code_digest, code_expires_at, redirect_uri, code_challenge, state_digest,
access_token_digest, access_token_issued_at, access_token_expires_at, access_token_scopes,
refresh_token_digest, refresh_token_expires_at, refresh_family_digest, extra,
previous_access_token_digest, previous_refresh_token_digest, rotation_salt, previous_access_token_issued_at, previous_access_token_expires_at,
own_number, secret_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, nullif(?14, ?5), ?15, ?16, ?17, ?18,
iif(?15 IS NULL, NULL, zeroblob(32)), iif(?15 IS NULL, NULL, zeroblob(32)), iif(?15 IS NULL, NULL, zeroblob(16)),
iif(?15 IS NULL, NULL, ?3), iif(?15 IS NULL, NULL, ?3), ?19, ?20) ON CONFLICT DO NOTHING`

	redeemCode = `UPDATE sessions SET expires_at = ?4,
code_expires_at = NULL, code_redeemed_at = ?3, redirect_uri = NULL, state_digest = NULL,
access_token_digest = ?5, access_token_issued_at = ?6, access_token_expires_at = ?7, access_token_scopes = nullif(?8, scopes),
refresh_token_digest = ?9, refresh_token_expires_at = ?10, refresh_family_digest = ?11, extra = ?12,
previous_access_token_digest = iif(?9 IS NULL, NULL, zeroblob(32)), previous_refresh_token_digest = iif(?9 IS NULL, NULL, zeroblob(32)),
rotation_salt = iif(?9 IS NULL, NULL, zeroblob(16)),
previous_access_token_issued_at = iif(?9 IS NULL, NULL, created_at), previous_access_token_expires_at = iif(?9 IS NULL, NULL, created_at)
WHERE id = ?1 AND code_digest = ?2 AND code_redeemed_at IS NULL AND code_expires_at > ?3 AND ` + isAccepted

	// Without a successor (?8) the refresh token stays, and so does what is
	// known of the rotation before.
	rotateRefreshToken = `UPDATE sessions SET
rotated_at = iif(?8 IS NOT NULL, nullif(?3, ?5), iif(previous_refresh_token_digest <> zeroblob(32), ifnull(rotated_at, access_token_issued_at), NULL)),
previous_access_token_digest = access_token_digest, previous_access_token_issued_at = access_token_issued_at,
previous_access_token_expires_at = access_token_expires_at, previous_access_token_scopes = access_token_scopes,
access_token_digest = ?4, access_token_issued_at = ?5, access_token_expires_at = ?6, access_token_scopes = nullif(?7, scopes),
previous_refresh_token_digest = iif(?8 IS NULL, previous_refresh_token_digest, refresh_token_digest),
refresh_token_digest = ifnull(?8, refresh_token_digest), refresh_token_expires_at = ?9,
rotation_salt = iif(?8 IS NULL, rotation_salt, ?10), extra = ?11
WHERE id = ?1 AND refresh_token_digest = ?2 AND refresh_token_expires_at > ?3 AND expires_at > ?3
AND (access_token_digest = ?12 OR ?12 IS NULL AND ?8 IS NOT NULL) AND ` + isAccepted

	// Why one of the two above changed nothing.
	selectVerdict = `SELECT s.code_digest, s.code_redeemed_at, s.refresh_token_digest, s.refresh_token_expires_at, s.expires_at
` + liveSession + ` WHERE s.id = ?1 AND a.suspended = 0`

	deleteSession = `DELETE FROM sessions WHERE id = ?1`
)

// One-time records. One that has expired by ?3 is as good as absent.
const (
	keepRecord = `INSERT INTO records (kind, digest, expires_at, value) VALUES (?1, ?2, ?4, ?5)
ON CONFLICT (kind, digest) DO UPDATE SET expires_at = excluded.expires_at, value = excluded.value WHERE records.expires_at <= ?3`

	selectRecord = `SELECT expires_at, value FROM records WHERE kind = ?1 AND digest = ?2 AND expires_at > ?3`

	replaceRecord = `UPDATE records SET expires_at = ?4, value = ?5
WHERE kind = ?1 AND digest = ?2 AND expires_at > ?3 AND value = ?6`

	takeRecord = `DELETE FROM records WHERE kind = ?1 AND digest = ?2 AND expires_at > ?3 RETURNING expires_at, value`
)

// API tokens.
const (
	apiTokenColumns = `t.id, t.digest, t.created_at, t.last_used_at, t.expires_at, t.user_id, t.account_id, t.hint, t.scopes, t.name`

	takenAPIToken = `SELECT 1 FROM api_tokens WHERE id = ?1`

	countAPITokens = `SELECT count(*) FROM (SELECT 1 FROM api_tokens WHERE user_id = ?1 AND (expires_at IS NULL OR expires_at > ?2) LIMIT ?3)`

	insertAPIToken = `INSERT INTO api_tokens (id, digest, created_at, last_used_at, expires_at, user_id, account_id, hint, scopes, name)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)`

	selectAPIToken = `SELECT ` + apiTokenColumns + ` FROM api_tokens t WHERE t.id = ?1 AND (t.expires_at IS NULL OR t.expires_at > ?2)`

	listAPITokensOfUser = `SELECT ` + apiTokenColumns + ` FROM api_tokens t WHERE t.id < ?1 AND t.user_id = ?3 AND t.account_id = ?4
AND (t.expires_at IS NULL OR t.expires_at > ?5) ORDER BY t.id DESC LIMIT ?2`

	listAPITokensOfAccount = `SELECT ` + apiTokenColumns + ` FROM api_tokens t WHERE t.id < ?1 AND ?3 = '' AND t.account_id = ?4 AND t.account_id <> ''
AND (t.expires_at IS NULL OR t.expires_at > ?5) ORDER BY t.id DESC LIMIT ?2`

	deleteAPIToken = `DELETE FROM api_tokens WHERE id = ?1`

	touchAPIToken = `UPDATE api_tokens SET last_used_at = ?2 WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)`

	// The next tokens of all, of a user or of an account, and whether the
	// filter selects them.
	walkAPITokensDown = `SELECT t.id, 1 FROM api_tokens t WHERE t.id < ?1 AND ?3 = '' AND ?4 = '' ORDER BY t.id DESC LIMIT ?2`

	walkAPITokensOfUser = `SELECT t.id, ?4 = '' OR t.account_id = ?4 FROM api_tokens t WHERE t.id < ?1 AND t.user_id = ?3 ORDER BY t.id DESC LIMIT ?2`

	walkAPITokensOfAccount = `SELECT t.id, 1 FROM api_tokens t WHERE t.id < ?1 AND ?3 = '' AND t.account_id = ?4 AND t.account_id <> '' ORDER BY t.id DESC LIMIT ?2`
)

// Clean-up. Each walk returns the last key of the next rows and how many of
// them are dead. Each clean removes the dead rows up to that key.
const (
	// The negation of "something is left to accept". NULL compares as absent.
	deadSession = `(expires_at <= ?2 OR NOT (ifnull(code_redeemed_at IS NULL AND code_expires_at > ?2, 0)
OR ifnull(access_token_expires_at > ?2, 0) OR ifnull(previous_access_token_expires_at > ?2, 0)
OR ifnull(refresh_token_expires_at > ?2, 0)) OR NOT ` + isLive + `)`

	walkSessions = `SELECT max(id), count(*), sum(dead) FROM
(SELECT id, ` + deadSession + ` AS dead FROM sessions WHERE id > ?1 ORDER BY id LIMIT ?3)`
	cleanSessions = `DELETE FROM sessions WHERE id > ?1 AND id <= ?3 AND ` + deadSession

	deadGrant = `NOT EXISTS (SELECT 1 FROM applications a
WHERE a.id = grants.application_id AND a.token_epoch = grants.application_epoch AND a.deleted_at IS NULL)`

	walkGrants = `SELECT max(number), count(*), sum(dead) FROM
(SELECT number, ` + deadGrant + ` AS dead FROM grants WHERE number > ?1 ORDER BY number LIMIT ?2)`
	cleanGrants = `DELETE FROM grants WHERE number > ?1 AND number <= ?2 AND ` + deadGrant

	deadSecret = `(ifnull(expires_at <= ?3, 0) OR NOT EXISTS (SELECT 1 FROM applications a
WHERE a.id = client_secrets.application_id AND a.deleted_at IS NULL))`

	walkSecrets = `SELECT application_id, id, ` + deadSecret + ` FROM client_secrets
WHERE (application_id, id) > (?1, ?2) ORDER BY application_id, id LIMIT ?4`
	cleanSecrets = `DELETE FROM client_secrets WHERE (application_id, id) > (?1, ?2) AND (application_id, id) <= (?4, ?5) AND ` + deadSecret

	walkRecords = `SELECT kind, digest, expires_at <= ?3 FROM records
WHERE (kind, digest) > (?1, ?2) ORDER BY kind, digest LIMIT ?4`
	walkAPITokens = `SELECT max(id), count(*), sum(dead) FROM
(SELECT id, ifnull(expires_at <= ?2, 0) AS dead FROM api_tokens WHERE id > ?1 ORDER BY id LIMIT ?3)`
	cleanAPITokens = `DELETE FROM api_tokens WHERE id > ?1 AND id <= ?3 AND expires_at <= ?2`

	cleanRecords = `DELETE FROM records WHERE (kind, digest) > (?1, ?2) AND (kind, digest) <= (?4, ?5) AND expires_at <= ?3`
)
