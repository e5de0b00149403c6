-- What version 1 of the tables held: an application with a secret, a grant and a session with tokens, and another application.
INSERT INTO applications (id, client_id, epoch, owner, type, version, created_at, updated_at, scopes, name, homepage_url, callback_urls, description) VALUES
    (X'01000000000000000000000000000001', 'client', 3, 'owner', 'confidential', 1, 1760000000000000, 1760000000000000, 'read write', 'Name',
        'https://example.com/', '["https://example.com/cb"]', ''),
    (X'01000000000000000000000000000005', 'other', 0, 'owner', 'confidential', 1, 1760000000000000, 1760000000000000, '', 'Other',
        'https://example.com/', '["https://example.com/cb"]', '');
INSERT INTO client_secrets (application_id, id, digest, hint, created_at)
VALUES (X'01000000000000000000000000000001', X'01000000000000000000000000000002', X'0000000000000000000000000000000000000000000000000000000000000007',
    'wxyz', 1760000000000000);
INSERT INTO grants (number, id, application_id, application_epoch, owner, user_id, account_id, scopes, authorized_at)
VALUES (1, X'01000000000000000000000000000003', X'01000000000000000000000000000001', 3, 'owner', 'user', 'account', 'read write', 1760000000000000);
INSERT INTO sessions (id, grant_number, created_at, expires_at, scopes, code_digest, code_redeemed_at,
    access_token_digest, access_token_issued_at, access_token_expires_at, refresh_token_digest, refresh_token_expires_at, refresh_family_digest,
    previous_access_token_digest, previous_access_token_issued_at, previous_access_token_expires_at, previous_refresh_token_digest)
VALUES (X'01000000000000000000000000000004', 1, 1760000000000000, 2000000000000000, 'read',
    X'0000000000000000000000000000000000000000000000000000000000000006', 1760000000000000,
    X'0000000000000000000000000000000000000000000000000000000000000008', 1760000000000000, 2000000000000000,
    X'0000000000000000000000000000000000000000000000000000000000000009', 2000000000000000, X'000000000000000000000000000000000000000000000000000000000000000A',
    zeroblob(32), 1760000000000000, 1760000000000000, zeroblob(32));
