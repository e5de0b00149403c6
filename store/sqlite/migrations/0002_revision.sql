PRAGMA user_version = 2;

-- revision is drawn at random with each change of an application and its secrets, but for its last_used_at and epoch:
-- whoever remembers them reads it, and knows whether they are still what they were.
ALTER TABLE applications ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
UPDATE applications SET revision = random();
