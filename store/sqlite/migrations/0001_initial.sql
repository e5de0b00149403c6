PRAGMA application_id = 1329684848;
PRAGMA user_version = 1;

-- Identifiers (UUIDs) and digests (SHA-256) are BLOBs, times are microseconds since
-- 1970 in UTC, scopes are separated by a space, other lists are JSON.

-- A deleted application stays as a tombstone with its texts blanked, so that its
-- id and client_id are taken for ever. epoch counts the revocations of all its
-- users' tokens. What every token check reads stands before the long texts.
CREATE TABLE applications (
    id            BLOB    NOT NULL PRIMARY KEY,
    client_id     TEXT    NOT NULL UNIQUE,
    epoch         INTEGER NOT NULL,
    deleted_at    INTEGER,
    owner         TEXT    NOT NULL,
    type          TEXT    NOT NULL,
    version       INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    last_used_at  INTEGER,
    scopes        TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    homepage_url  TEXT    NOT NULL,
    callback_urls TEXT    NOT NULL,
    description   TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX applications_by_owner ON applications (owner, id) WHERE deleted_at IS NULL;

CREATE TABLE client_secrets (
    application_id BLOB    NOT NULL REFERENCES applications (id),
    id             BLOB    NOT NULL,
    digest         BLOB    NOT NULL,
    hint           TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    last_used_at   INTEGER,
    expires_at     INTEGER,
    PRIMARY KEY (application_id, id)
) STRICT, WITHOUT ROWID;

-- A grant is live while application_epoch is the epoch of its application and that
-- is not deleted; a revoked grant is deleted. number is never used twice: it is
-- what sessions remember of their grant, so a session cannot outlive it. owner
-- repeats that of the application, which never changes, to list by it.
CREATE TABLE grants (
    number            INTEGER PRIMARY KEY AUTOINCREMENT,
    id                BLOB    NOT NULL UNIQUE,
    application_id    BLOB    NOT NULL REFERENCES applications (id),
    application_epoch INTEGER NOT NULL,
    owner             TEXT    NOT NULL,
    user_id           TEXT    NOT NULL,
    account_id        TEXT    NOT NULL,
    scopes            TEXT    NOT NULL,
    authorized_at     INTEGER NOT NULL,
    last_used_at      INTEGER,
    UNIQUE (application_id, application_epoch, user_id, account_id)
) STRICT;

CREATE INDEX grants_by_application ON grants (application_id, application_epoch, id);
CREATE INDEX grants_by_user ON grants (user_id, id);
CREATE INDEX grants_by_account ON grants (account_id, id);
CREATE INDEX grants_by_owner ON grants (owner, id);

-- A session is live while its row and its live grant exist; an ended one is
-- deleted. It has no foreign key to its grant and no second index: both would
-- have to be paid for by every session, and its validity is read through the
-- grant anyway. What is absent is NULL, or a digest of zeros where a later digest will
-- take its place. The scopes of an access token are NULL where they are those of
-- the session, and rotated_at where it is access_token_issued_at.
CREATE TABLE sessions (
    id                               BLOB    NOT NULL PRIMARY KEY,
    grant_number                     INTEGER NOT NULL,
    created_at                       INTEGER NOT NULL,
    expires_at                       INTEGER NOT NULL,
    scopes                           TEXT    NOT NULL,
    code_digest                      BLOB,
    code_expires_at                  INTEGER,
    code_redeemed_at                 INTEGER,
    redirect_uri                     TEXT,
    code_challenge                   TEXT,
    state_digest                     BLOB,
    access_token_digest              BLOB,
    access_token_issued_at           INTEGER,
    access_token_expires_at          INTEGER,
    access_token_scopes              TEXT,
    previous_access_token_digest     BLOB,
    previous_access_token_issued_at  INTEGER,
    previous_access_token_expires_at INTEGER,
    previous_access_token_scopes     TEXT,
    refresh_token_digest             BLOB,
    refresh_token_expires_at         INTEGER,
    previous_refresh_token_digest    BLOB,
    refresh_family_digest            BLOB,
    rotated_at                       INTEGER
) STRICT, WITHOUT ROWID;
