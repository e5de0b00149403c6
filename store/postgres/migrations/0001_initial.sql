-- Identifiers are UUIDs, digests are SHA-256, times are timestamptz in whole
-- microseconds, lists are arrays. Texts that are looked up compare byte for byte (COLLATE "C"):
-- the order of their indexes does not depend on the C library of the server.

-- A deleted application stays as a tombstone with its texts blanked, so that its
-- id and client_id are taken for ever. epoch counts the revocations of all its
-- users' tokens. Every token check reads this row, and only its developer and
-- revocations write it: when it was last used is kept apart.
CREATE TABLE oauth_applications (
    id            uuid        NOT NULL PRIMARY KEY,
    epoch         bigint      NOT NULL DEFAULT 0,
    version       bigint      NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    deleted_at    timestamptz,
    client_id     text        NOT NULL COLLATE "C" UNIQUE,
    owner         text        NOT NULL COLLATE "C",
    type          text        NOT NULL,
    name          text        NOT NULL,
    description   text        NOT NULL,
    homepage_url  text        NOT NULL,
    callback_urls text[]      NOT NULL,
    scopes        text[]      NOT NULL
);

CREATE INDEX oauth_applications_by_owner ON oauth_applications (owner, id) WHERE deleted_at IS NULL;

-- One row for each application that is not deleted, small and with room on its page,
-- as each use by any user writes it.
CREATE TABLE oauth_application_uses (
    application_id uuid        NOT NULL PRIMARY KEY REFERENCES oauth_applications (id),
    last_used_at   timestamptz
) WITH (fillfactor = 50);

CREATE TABLE oauth_client_secrets (
    application_id uuid        NOT NULL REFERENCES oauth_applications (id),
    id             uuid        NOT NULL,
    created_at     timestamptz NOT NULL,
    last_used_at   timestamptz,
    expires_at     timestamptz,
    digest         bytea       NOT NULL,
    hint           text        NOT NULL,
    PRIMARY KEY (application_id, id)
) WITH (fillfactor = 80);

-- A grant is live while application_epoch is the epoch of its application and that
-- is not deleted; a revoked grant is deleted. So a dead grant stays dead. number is never
-- used twice: it is what sessions remember of their grant, so that none outlives it. owner
-- repeats that of the application, which never changes, to list by it. There is no
-- foreign key to the application: its row is never removed, and each new grant would have to
-- lock it.
CREATE TABLE oauth_grants (
    number            bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    application_epoch bigint      NOT NULL,
    authorized_at     timestamptz NOT NULL,
    last_used_at      timestamptz,
    id                uuid        NOT NULL UNIQUE,
    application_id    uuid        NOT NULL,
    owner             text        NOT NULL COLLATE "C",
    user_id           text        NOT NULL COLLATE "C",
    account_id        text        NOT NULL COLLATE "C",
    scopes            text[]      NOT NULL,
    CONSTRAINT oauth_grants_once UNIQUE (application_id, application_epoch, user_id, account_id)
) WITH (fillfactor = 85);

CREATE INDEX oauth_grants_by_application ON oauth_grants (application_id, application_epoch, id);
CREATE INDEX oauth_grants_by_user ON oauth_grants (user_id, id);
CREATE INDEX oauth_grants_by_account ON oauth_grants (account_id, id);
CREATE INDEX oauth_grants_by_owner ON oauth_grants (owner, id);

-- A session is live while its row and its live grant exist; an ended one is
-- deleted. It has no foreign key and no second index: both would have to be paid for by
-- every session, and without one every update can stay on its page (HOT), which keeps some room for it. What is absent is
-- NULL; the scopes of an access token are NULL where they are those of the session.
CREATE TABLE oauth_sessions (
    id                               uuid        NOT NULL PRIMARY KEY,
    grant_number                     bigint      NOT NULL,
    created_at                       timestamptz NOT NULL,
    expires_at                       timestamptz NOT NULL,
    code_expires_at                  timestamptz,
    code_redeemed_at                 timestamptz,
    access_token_issued_at           timestamptz,
    access_token_expires_at          timestamptz,
    previous_access_token_issued_at  timestamptz,
    previous_access_token_expires_at timestamptz,
    refresh_token_expires_at         timestamptz,
    rotated_at                       timestamptz,
    code_digest                      bytea,
    state_digest                     bytea,
    access_token_digest              bytea,
    previous_access_token_digest     bytea,
    refresh_token_digest             bytea,
    previous_refresh_token_digest    bytea,
    refresh_family_digest            bytea,
    scopes                           text[]      NOT NULL,
    access_token_scopes              text[],
    previous_access_token_scopes     text[],
    redirect_uri                     text,
    code_challenge                   text
) WITH (fillfactor = 90);
