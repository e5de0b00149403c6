-- The tables of the service. Those of the library are beside them, in the
-- schema "public". Every ID is random, and never given to anybody else.

CREATE SCHEMA IF NOT EXISTS taskboard;

CREATE TABLE IF NOT EXISTS taskboard.users (
    id       text PRIMARY KEY DEFAULT gen_random_uuid(),
    email    text NOT NULL UNIQUE,
    password bytea NOT NULL,                  -- bcrypt
    support  boolean NOT NULL DEFAULT false,  -- works at the support desk
    active   boolean NOT NULL DEFAULT true
);

CREATE TABLE IF NOT EXISTS taskboard.teams (
    id   text PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL
);

CREATE TABLE IF NOT EXISTS taskboard.members (
    team_id text NOT NULL REFERENCES taskboard.teams ON DELETE CASCADE,
    user_id text NOT NULL REFERENCES taskboard.users ON DELETE CASCADE,
    role    text NOT NULL CHECK (role IN ('owner', 'manager', 'member')),
    PRIMARY KEY (user_id, team_id)
);

CREATE TABLE IF NOT EXISTS taskboard.sessions (
    digest   bytea PRIMARY KEY,  -- SHA-256 of what the cookie holds
    user_id  text NOT NULL REFERENCES taskboard.users ON DELETE CASCADE,
    began_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS taskboard.sign_ins (  -- attempts, to bound guessing
    network text NOT NULL,
    at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS sign_ins_network ON taskboard.sign_ins (network, at);

CREATE TABLE IF NOT EXISTS taskboard.tasks (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    team_id text NOT NULL REFERENCES taskboard.teams ON DELETE CASCADE,
    title   text NOT NULL
);
CREATE INDEX IF NOT EXISTS tasks_team ON taskboard.tasks (team_id, id);

CREATE TABLE IF NOT EXISTS taskboard.audit (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL,
    type        text NOT NULL,
    actor_id    text NOT NULL,  -- who did it; '' for an application, or for nobody that is known
    remote_addr text NOT NULL,
    user_agent  text NOT NULL,
    client_id   text NOT NULL,
    user_id     text NOT NULL,  -- whom it was done to, and for which account
    account_id  text NOT NULL,
    endpoint    text NOT NULL,  -- of a request that was refused, with the error and the reason
    error       text NOT NULL,
    reason      text NOT NULL
);
