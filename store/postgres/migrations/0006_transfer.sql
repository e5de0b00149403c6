-- An application can go to another owner. Grants repeated its owner, to list by it.
ALTER TABLE oauth_grants DROP COLUMN owner; -- and oauth_grants_by_owner with it
