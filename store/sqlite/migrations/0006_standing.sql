PRAGMA user_version = 6;

-- The standing of an application, and what capabilities keep with it (extra, NULL for
-- nothing). epoch gets another name, so that a process of the version before,
-- which would not look at suspended, fails instead.
ALTER TABLE applications RENAME COLUMN epoch TO token_epoch;
ALTER TABLE applications ADD COLUMN suspended INTEGER NOT NULL DEFAULT 0;
ALTER TABLE applications ADD COLUMN approved INTEGER NOT NULL DEFAULT 0;
ALTER TABLE applications ADD COLUMN verified INTEGER NOT NULL DEFAULT 0;
ALTER TABLE applications ADD COLUMN trusted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE applications ADD COLUMN standing_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE applications ADD COLUMN extra BLOB;
