-- The standing of an application, and what capabilities keep with it (extra, NULL for
-- nothing). epoch gets another name, so that a node of the version before,
-- which would not look at suspended, fails instead.
ALTER TABLE oauth_applications RENAME COLUMN epoch TO token_epoch;
ALTER TABLE oauth_applications
    ADD COLUMN suspended       boolean NOT NULL DEFAULT false,
    ADD COLUMN approved        boolean NOT NULL DEFAULT false,
    ADD COLUMN verified        boolean NOT NULL DEFAULT false,
    ADD COLUMN trusted         boolean NOT NULL DEFAULT false,
    ADD COLUMN standing_reason text    NOT NULL DEFAULT '',
    ADD COLUMN extra           bytea;
