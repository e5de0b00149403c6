PRAGMA user_version = 11;

-- own_sessions counts the sessions that began under the grant of an application itself, and own_number is the number of
-- such a session: of them only the newest are live. secret_id is the client secret of its application that a session ends
-- with. All are NULL for the sessions of users.
ALTER TABLE grants ADD COLUMN own_sessions INTEGER;
ALTER TABLE sessions ADD COLUMN own_number INTEGER;
ALTER TABLE sessions ADD COLUMN secret_id BLOB;
