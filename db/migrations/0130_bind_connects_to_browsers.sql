-- A connect belongs to the browser that began it, is counted for the client who began it, and how it ended is shown again to that browser.
-- States of before are ten minutes old at most and belong to no browser: their owners open the link again.
DELETE FROM sync.connect_state;

ALTER TABLE sync.connect_state
    ADD COLUMN browser_sha256 bytea NOT NULL,
    ADD COLUMN client text NOT NULL,
    ADD COLUMN taken_at timestamptz,
    ADD COLUMN outcome jsonb;

COMMENT ON TABLE sync.connect_state IS 'One-time OAuth states given out by /connect, kept only as hashes, with how each connect ended, until they expire.';
COMMENT ON COLUMN sync.connect_state.browser_sha256 IS 'Hash of the cookie of the browser that began the connect: only there it can be finished, and is its end shown.';
COMMENT ON COLUMN sync.connect_state.client IS 'Who began it: an IPv4 address or the /64 of an IPv6 address. Each has a limited number of open connects.';
COMMENT ON COLUMN sync.connect_state.taken_at IS 'When a callback came with this state; null: none has come.';
COMMENT ON COLUMN sync.connect_state.outcome IS 'How the connect ended: result, and where known athlete_id, name and scope. Null: it has not ended.';

CREATE INDEX connect_state_client_i ON sync.connect_state (client) WHERE outcome IS NULL;
CREATE INDEX connect_state_expires_at_i ON sync.connect_state (expires_at);

-- Who has a uid is asked at each connect and import. Not unique, since unique keys begin with athlete_id; the daemon sees to it that a uid
-- is not given to two. Athletes who shared one before keep it.
CREATE INDEX athlete_uid_i ON sync.athlete (uid) WHERE uid IS NOT NULL;
