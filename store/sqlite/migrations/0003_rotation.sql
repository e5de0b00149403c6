PRAGMA user_version = 3;

-- rotation_salt is 16 bytes, of zeros where a later salt will take their place. extra is what capabilities keep
-- with the session, and NULL where that is nothing. code_challenge stays when the code is redeemed.
ALTER TABLE sessions ADD COLUMN rotation_salt BLOB;
ALTER TABLE sessions ADD COLUMN extra BLOB;
