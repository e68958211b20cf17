-- Backups that were made, so that status and checks can say how old the last one is. The backups themselves are files elsewhere.

CREATE TABLE sync.backup (
    backup_id uuid        NOT NULL,
    taken_at  timestamptz NOT NULL,
    stored_at timestamptz NOT NULL,
    made_by   text        NOT NULL,
    bytes     bigint,
    sha256    bytea,
    CONSTRAINT backup_pk PRIMARY KEY (backup_id),
    CONSTRAINT backup_made_by CHECK (made_by <> ''),
    CONSTRAINT backup_sha256 CHECK (octet_length(sha256) = 32)
);
CREATE INDEX backup_taken_at_i ON sync.backup (taken_at);
COMMENT ON TABLE sync.backup IS 'Backups of this database, one row per backup that was stored completely. Rows older than a year are removed.';
COMMENT ON COLUMN sync.backup.backup_id IS 'Random.';
COMMENT ON COLUMN sync.backup.taken_at IS 'The backup holds the database as it was then.';
COMMENT ON COLUMN sync.backup.stored_at IS 'When it was stored completely, or noted.';
COMMENT ON COLUMN sync.backup.made_by IS 'fitnessctl backup, or what an admin''s own backup program is called in fitnessctl backup --record.';
COMMENT ON COLUMN sync.backup.bytes IS 'Size of the file in bytes; null: not known.';
COMMENT ON COLUMN sync.backup.sha256 IS 'SHA-256 of the file; null: not known.';
