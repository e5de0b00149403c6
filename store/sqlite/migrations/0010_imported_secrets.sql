PRAGMA user_version = 10;

-- hash is how another service kept a secret that was imported from it, and NULL
-- for every other. Its digest is zeros.
ALTER TABLE client_secrets ADD COLUMN hash TEXT;
