PRAGMA user_version = 9;

-- A secret that was leaked is found by what is kept of it.
CREATE INDEX client_secrets_by_digest ON client_secrets (digest);
