-- extra is what capabilities keep with a session, and rotation_salt what the tokens of its last rotation were derived with. The
-- challenge of a code stays when the code is redeemed; what belongs to the code alone is named after it: a version before,
-- which would leave extra as it was, fails at these names instead.
ALTER TABLE oauth_sessions ADD COLUMN rotation_salt bytea, ADD COLUMN extra bytea;
ALTER TABLE oauth_sessions RENAME COLUMN redirect_uri TO code_redirect_uri;
ALTER TABLE oauth_sessions RENAME COLUMN state_digest TO code_state_digest;

-- What is short-lived and used once, named by its kind and the SHA-256 of what names it to whoever presents it.
CREATE TABLE oauth_records (
    expires_at timestamptz NOT NULL,
    kind       text        NOT NULL COLLATE "C",
    digest     bytea       NOT NULL,
    value      bytea       NOT NULL,
    PRIMARY KEY (kind, digest)
);
