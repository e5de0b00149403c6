-- A secret that was leaked is found by what is kept of it.
CREATE INDEX oauth_client_secrets_by_digest ON oauth_client_secrets (digest);
