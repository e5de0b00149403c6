-- hash is how another service kept a secret that was imported from it, and NULL
-- for every other. Its digest is zeros.
ALTER TABLE oauth_client_secrets ADD COLUMN hash text;
