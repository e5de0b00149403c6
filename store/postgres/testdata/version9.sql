-- What version 9 of the tables held: an application with a secret, a user's grant with a session of each kind (with a code,
-- with its first tokens, with tokens of a refresh), and the application's own grant with a session that has an access token.
INSERT INTO oauth_applications (id, client_id, token_epoch, owner, type, version, created_at, updated_at, scopes, name, homepage_url, callback_urls, description)
VALUES ('01000000000000000000000000000001', 'client', 3, 'owner', 'confidential', 1, '2025-10-09 08:53:20Z', '2025-10-09 08:53:20Z', '{read,write}', 'Name',
    'https://example.com/', '{https://example.com/cb}', '');
INSERT INTO oauth_client_secrets (application_id, id, digest, hint, created_at) VALUES ('01000000000000000000000000000001', '01000000000000000000000000000002',
    '\x0000000000000000000000000000000000000000000000000000000000000007', 'wxyz', '2025-10-09 08:53:20Z');
INSERT INTO oauth_grants (number, id, application_id, application_epoch, user_id, account_id, scopes, authorized_at) OVERRIDING SYSTEM VALUE VALUES
    (1, '01000000000000000000000000000003', '01000000000000000000000000000001', 3, 'user', 'account', '{read,write}', '2025-10-09 08:53:20Z'),
    (2, '01000000000000000000000000000004', '01000000000000000000000000000001', 3, '', '', '{read}', '2025-10-09 08:53:20Z');
INSERT INTO oauth_sessions (id, grant_number, created_at, expires_at, scope, code_digest, code_expires_at, code_redirect_uri) VALUES
    ('01000000000000000000000000000005', 1, '2025-10-09 08:53:20Z', '2033-05-18 03:33:20Z', 'read',
        '\x0000000000000000000000000000000000000000000000000000000000000005', '2033-05-18 03:33:20Z', 'https://example.com/cb');
INSERT INTO oauth_sessions (id, grant_number, created_at, expires_at, scope, code_digest, code_redeemed_at,
    access_token_digest, access_token_issued_at, access_token_expires_at, refresh_token_digest, refresh_token_expires_at, refresh_family_digest,
    previous_access_token_digest, previous_access_token_issued_at, previous_access_token_expires_at, previous_refresh_token_digest, rotation_salt)
VALUES
    ('01000000000000000000000000000006', 1, '2025-10-09 08:53:20Z', '2033-05-18 03:33:20Z', 'read',
        '\x0000000000000000000000000000000000000000000000000000000000000005', '2025-10-09 08:53:20Z',
        '\x0000000000000000000000000000000000000000000000000000000000000006', '2025-10-09 08:53:20Z', '2033-05-18 03:33:20Z',
        '\x0000000000000000000000000000000000000000000000000000000000000007', '2033-05-18 03:33:20Z', '\x0000000000000000000000000000000000000000000000000000000000000008',
        NULL, NULL, NULL, NULL, NULL),
    ('01000000000000000000000000000007', 1, '2025-10-09 08:53:20Z', '2033-05-18 03:33:20Z', 'read',
        '\x0000000000000000000000000000000000000000000000000000000000000005', '2025-10-09 08:53:20Z',
        '\x0000000000000000000000000000000000000000000000000000000000000006', '2025-10-09 08:53:20Z', '2033-05-18 03:33:20Z',
        '\x0000000000000000000000000000000000000000000000000000000000000007', '2033-05-18 03:33:20Z', '\x0000000000000000000000000000000000000000000000000000000000000008',
        '\x0000000000000000000000000000000000000000000000000000000000000009', '2025-10-09 08:53:20Z', '2033-05-18 03:33:20Z', '\x000000000000000000000000000000000000000000000000000000000000000a', '\x00000000000000000000000000000001');
INSERT INTO oauth_sessions (id, grant_number, created_at, expires_at, scope, access_token_digest, access_token_issued_at, access_token_expires_at) VALUES
    ('01000000000000000000000000000008', 2, '2025-10-09 08:53:20Z', '2033-05-18 03:33:20Z', 'read',
        '\x0000000000000000000000000000000000000000000000000000000000000006', '2025-10-09 08:53:20Z', '2033-05-18 03:33:20Z');
