-- Sealed OAuth tokens, one row per athlete. How they are sealed: Sources/Ingest/Vault/SealedToken.swift.
-- None can be opened without the keyring file, which is never in the database.

CREATE TABLE vault.token (
    athlete_id        bigint      NOT NULL,
    key_id            text        NOT NULL,
    sealed_access     bytea       NOT NULL,
    sealed_refresh    bytea       NOT NULL,
    access_expires_at timestamptz NOT NULL,
    generation        bigint      NOT NULL DEFAULT 1,
    unanswered        integer     NOT NULL DEFAULT 0,
    dead_at           timestamptz,
    dead_reason       text,
    refreshed_at      timestamptz,
    updated_at        timestamptz NOT NULL,
    CONSTRAINT token_pk PRIMARY KEY (athlete_id),
    CONSTRAINT token_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE,
    CONSTRAINT token_dead_reason CHECK (
        (dead_at IS NULL) = (dead_reason IS NULL)
        AND dead_reason IN ('refresh_token_invalid', 'refresh_answer_lost'))
);
CREATE INDEX token_by_key ON vault.token (key_id, athlete_id);
COMMENT ON TABLE vault.token IS 'The athlete''s pair of OAuth tokens, sealed with AES-256-GCM. A refresh holds this row''s lock, so that only one is under way in all processes.';
COMMENT ON COLUMN vault.token.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN vault.token.key_id IS 'Name of the key in the keyring file that opens this row.';
COMMENT ON COLUMN vault.token.sealed_access IS 'Access token: version byte, nonce (12 bytes), ciphertext, tag (16 bytes); bound to athlete and purpose.';
COMMENT ON COLUMN vault.token.sealed_refresh IS 'Refresh token, sealed as sealed_access is, under its own purpose.';
COMMENT ON COLUMN vault.token.access_expires_at IS 'When the access token expires; 1970: Strava has refused it already.';
COMMENT ON COLUMN vault.token.generation IS 'Rises with each new pair; a change based on an older pair is refused.';
COMMENT ON COLUMN vault.token.unanswered IS 'Refreshes that began and whose outcome is unknown. Above 0 after a crash: the pair may have been replaced at Strava.';
COMMENT ON COLUMN vault.token.dead_at IS 'When Strava answered that the refresh token is no longer valid; null: alive.';
COMMENT ON COLUMN vault.token.dead_reason IS 'refresh_token_invalid: revoked or replaced; refresh_answer_lost: an answer with a newer pair was probably lost.';
COMMENT ON COLUMN vault.token.refreshed_at IS 'When a refresh brought this pair; null: it came from a connect or an import.';
COMMENT ON COLUMN vault.token.updated_at IS 'When this pair was stored.';

-- What is known of the keys themselves; none of it opens anything. How a rotation goes: Sources/Ingest/Vault/KeyringKeeper.swift.
CREATE TABLE vault.key (
    key_id        text        NOT NULL,
    fingerprint   bytea       NOT NULL,
    added_at      timestamptz NOT NULL,
    sealing_since timestamptz,
    retired_at    timestamptz,
    CONSTRAINT key_pk PRIMARY KEY (key_id),
    CONSTRAINT key_fingerprint CHECK (octet_length(fingerprint) = 32)
);
COMMENT ON TABLE vault.key IS 'The keys that instances have had in their keyrings, by name.';
COMMENT ON COLUMN vault.key.key_id IS 'Name of the key in the keyring file.';
COMMENT ON COLUMN vault.key.fingerprint IS 'Derived from the key by HMAC-SHA256: tells another key of the same name apart, and reveals nothing.';
COMMENT ON COLUMN vault.key.added_at IS 'When an instance first had it.';
COMMENT ON COLUMN vault.key.sealing_since IS 'When it last began to seal; null: it never has.';
COMMENT ON COLUMN vault.key.retired_at IS 'When nothing was sealed with it any more after another key had taken over; null: it may be in use.';

CREATE TABLE vault.sealing (
    is_only     boolean     NOT NULL DEFAULT true,
    key_id      text        NOT NULL,
    since       timestamptz NOT NULL,
    resealed_at timestamptz,
    CONSTRAINT sealing_pk PRIMARY KEY (is_only),
    CONSTRAINT sealing_is_only CHECK (is_only)
);
COMMENT ON TABLE vault.sealing IS 'One row: the key that seals new tokens in all instances. Whoever seals shares the row until the tokens are committed; who changes it waits for them.';
COMMENT ON COLUMN vault.sealing.is_only IS 'True: there is one row.';
COMMENT ON COLUMN vault.sealing.key_id IS 'Name of the key.';
COMMENT ON COLUMN vault.sealing.since IS 'When it began to seal.';
COMMENT ON COLUMN vault.sealing.resealed_at IS 'When all rows under other keys had been resealed with it, but for those that do not open; null: not yet.';

CREATE TABLE vault.instance (
    instance_id uuid        NOT NULL,
    host        text        NOT NULL,
    key_ids     text[]      NOT NULL,
    seen_at     timestamptz NOT NULL,
    CONSTRAINT instance_pk PRIMARY KEY (instance_id)
);
COMMENT ON TABLE vault.instance IS 'The running daemons on this database and the keys that each holds. A key seals only once all of them hold it. One that was not seen for ten minutes is removed.';
COMMENT ON COLUMN vault.instance.instance_id IS 'The installation''s identity, from its state directory.';
COMMENT ON COLUMN vault.instance.host IS 'Name of its machine, for people.';
COMMENT ON COLUMN vault.instance.key_ids IS 'Names of the keys in its keyring that open, in the order of the file.';
COMMENT ON COLUMN vault.instance.seen_at IS 'When it last reported.';
