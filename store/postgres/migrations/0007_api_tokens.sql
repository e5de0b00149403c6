-- Access tokens that users made for themselves, without an application. account_id is ''
-- for a token that is for every account of its user.
CREATE TABLE oauth_api_tokens (
    id           uuid        NOT NULL PRIMARY KEY,
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz,
    expires_at   timestamptz,
    digest       bytea       NOT NULL,
    user_id      text        NOT NULL COLLATE "C",
    account_id   text        NOT NULL COLLATE "C",
    hint         text        NOT NULL,
    scopes       text[]      NOT NULL,
    name         text        NOT NULL
) WITH (fillfactor = 85);

CREATE INDEX oauth_api_tokens_by_user ON oauth_api_tokens (user_id, id);
CREATE INDEX oauth_api_tokens_by_account ON oauth_api_tokens (account_id, id) WHERE account_id <> '';
