-- A session's scopes are one text, each after a space but the first, which is the scope of RFC 6749: an array of them took
-- thirty bytes more of every row. rotated_at is NULL, too, where a rotation was at the moment
-- from which its access token counts: so a session was rotated if it has a previous refresh token. Both leave
-- more room on each page for what the next rotation writes.
ALTER TABLE oauth_sessions
    ALTER COLUMN scopes                       TYPE text USING pg_catalog.array_to_string(scopes, ' '),
    ALTER COLUMN access_token_scopes          TYPE text USING pg_catalog.array_to_string(access_token_scopes, ' '),
    ALTER COLUMN previous_access_token_scopes TYPE text USING pg_catalog.array_to_string(previous_access_token_scopes, ' '),
    ALTER COLUMN rotated_at                   TYPE timestamptz USING nullif(rotated_at, access_token_issued_at);

-- The names are others, too, as PostgreSQL would take the array of a version before for a text, braces and all.
ALTER TABLE oauth_sessions RENAME COLUMN scopes TO scope;
ALTER TABLE oauth_sessions RENAME COLUMN access_token_scopes TO access_token_scope;
ALTER TABLE oauth_sessions RENAME COLUMN previous_access_token_scopes TO previous_access_token_scope;
