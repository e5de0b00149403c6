-- What version 1 of the tables held: an application with a secret, a grant, and a session that was begun, one whose code was
-- redeemed, one whose refresh token was rotated, one rotated late and with an access token of no scopes, and one of a revoked epoch.
INSERT INTO oauth_applications (id, epoch, version, created_at, updated_at, client_id, owner, type, name, description, homepage_url, callback_urls, scopes)
VALUES ('01900000-0000-7000-8000-000000000001', 1, 1, '2026-10-01', '2026-10-01', 'client', 'owner', 'confidential', 'Name', '', 'https://example.com/',
    '{https://example.com/cb}', '{read,write}');
INSERT INTO oauth_application_uses VALUES ('01900000-0000-7000-8000-000000000001', '2026-11-01 12:09:00.123456Z');
INSERT INTO oauth_client_secrets (application_id, id, created_at, digest, hint)
VALUES ('01900000-0000-7000-8000-000000000001', '01900000-0000-7000-8000-000000000003', '2026-10-01', sha256('secret'), 'wxyz');
INSERT INTO oauth_grants (application_epoch, authorized_at, last_used_at, id, application_id, owner, user_id, account_id, scopes) VALUES
    (0, '2026-10-01', NULL, '01900000-0000-7000-8000-000000000004', '01900000-0000-7000-8000-000000000001', 'owner', 'user', 'account', '{read,write}'),
    (1, '2026-11-01 12:00:00.123456Z', '2026-11-01 12:09:00.123456Z', '01900000-0000-7000-8000-000000000002', '01900000-0000-7000-8000-000000000001',
        'owner', 'user', 'account', '{read,write}');
INSERT INTO oauth_sessions (id, grant_number, created_at, expires_at, scopes, code_digest, code_expires_at, redirect_uri, code_challenge, state_digest)
VALUES ('01000000-0000-0000-0000-000000000001', 2, '2026-11-01 12:00:00.123456Z', '2026-11-01 12:10:00.123456Z', '{read,write}',
    sha256('code'), '2026-11-01 12:10:00.123456Z', 'https://example.com/cb', 'challenge', sha256('state'));
INSERT INTO oauth_sessions (id, grant_number, created_at, expires_at, scopes, code_digest, code_redeemed_at,
    access_token_digest, access_token_issued_at, access_token_expires_at, access_token_scopes,
    previous_access_token_digest, previous_access_token_issued_at, previous_access_token_expires_at,
    refresh_token_digest, refresh_token_expires_at, previous_refresh_token_digest, refresh_family_digest, rotated_at) VALUES
    ('01000000-0000-0000-0000-000000000002', 2, '2026-11-01 12:00:00.123456Z', '2027-11-01 12:00Z', '{read,write}', sha256('code'), '2026-11-01 12:01:00.123456Z',
        sha256('access 1'), '2026-11-01 12:01:00.123456Z', '2026-11-01 13:01:00.123456Z', NULL,
        NULL, NULL, NULL, sha256('refresh 1'), '2027-11-01 12:00Z', NULL, sha256('family'), NULL),
    ('01000000-0000-0000-0000-000000000003', 2, '2026-11-01 12:00:00.123456Z', '2027-11-01 12:00Z', '{read,write}', sha256('code'), '2026-11-01 12:01:00.123456Z',
        sha256('access 2'), '2026-11-01 12:05:00.123456Z', '2026-11-01 13:05:00.123456Z', '{read}',
        sha256('access 1'), '2026-11-01 12:01:00.123456Z', '2026-11-01 13:01:00.123456Z',
        sha256('refresh 2'), '2027-11-01 12:00Z', sha256('refresh 1'), sha256('family'), '2026-11-01 12:05:00.123456Z'),
    ('01000000-0000-0000-0000-000000000004', 2, '2026-11-01 12:00:00.123456Z', '2027-11-01 12:00Z', '{read}', sha256('code'), '2026-11-01 12:01:00.123456Z',
        sha256('access 2'), '2026-11-01 12:05:00.123456Z', '2026-11-01 13:05:00.123456Z', '{}',
        sha256('access 1'), '2026-11-01 12:01:00.123456Z', '2026-11-01 13:01:00.123456Z',
        sha256('refresh 2'), '2027-11-01 12:00Z', sha256('refresh 1'), sha256('family'), '2026-11-01 12:06:00.123456Z'),
    ('01000000-0000-0000-0000-000000000005', 1, '2026-11-01 12:00:00.123456Z', '2027-11-01 12:00Z', '{read}', sha256('code'), '2026-11-01 12:01:00.123456Z',
        sha256('access 1'), '2026-11-01 12:01:00.123456Z', '2026-11-01 13:01:00.123456Z', NULL,
        NULL, NULL, NULL, sha256('refresh 1'), '2027-11-01 12:00Z', NULL, sha256('family'), NULL);
