PRAGMA user_version = 7;

-- An application can go to another owner. Grants repeated its owner, to list by it.
DROP INDEX grants_by_owner;
ALTER TABLE grants DROP COLUMN owner;
