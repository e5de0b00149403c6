PRAGMA user_version = 4;

-- One-time records, each there until it expires. What the clean-up reads stands
-- before the value, which can be long.
CREATE TABLE records (
    kind       TEXT    NOT NULL,
    digest     BLOB    NOT NULL,
    expires_at INTEGER NOT NULL,
    value      BLOB    NOT NULL,
    PRIMARY KEY (kind, digest)
) STRICT, WITHOUT ROWID;
