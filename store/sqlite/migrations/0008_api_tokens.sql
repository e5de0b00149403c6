PRAGMA user_version = 8;

-- Access tokens that users made for themselves, without an application.
-- account_id is '' for a token that is for every account of its user.
CREATE TABLE api_tokens (
    id           BLOB    NOT NULL PRIMARY KEY,
    digest       BLOB    NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    expires_at   INTEGER,
    user_id      TEXT    NOT NULL,
    account_id   TEXT    NOT NULL,
    hint         TEXT    NOT NULL,
    scopes       TEXT    NOT NULL,
    name         TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX api_tokens_by_user ON api_tokens (user_id, id);
CREATE INDEX api_tokens_by_account ON api_tokens (account_id, id) WHERE account_id <> '';
