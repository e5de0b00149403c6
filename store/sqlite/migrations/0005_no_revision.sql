PRAGMA user_version = 5;

ALTER TABLE applications DROP COLUMN revision;
