-- The work list of the silver runner, rebuilds of silver, and the locks that let one process at a time make an athlete's silver.

-- Each landing adds rows of its own: a row shared with earlier landings would make a landing wait for the runner that holds it.
CREATE TABLE sync.transform_work (
    athlete_id  bigint      NOT NULL,
    activity_id bigint      NOT NULL,
    enqueued_at timestamptz NOT NULL DEFAULT now(),
    work_id     bigint      GENERATED ALWAYS AS IDENTITY,
    CONSTRAINT transform_work_pk PRIMARY KEY (athlete_id, activity_id, work_id)
);
CREATE INDEX transform_work_oldest ON sync.transform_work (enqueued_at);
COMMENT ON TABLE sync.transform_work IS 'Activities whose bronze is newer than their silver: one row per landing, written in its transaction, removed by the silver runner. activity_id 0 stands for the athlete''s own objects. enqueued_at is infinity for activities that are made again, and athletes whose thresholds are estimated, after all live work.';

-- While a rebuild of an athlete is running, the silver runner leaves the athlete's new work on its list, so that neither waits for the other.
CREATE TABLE sync.silver_rebuild (
    athlete_id   bigint      NOT NULL,
    is_dry_run   boolean     NOT NULL,
    requested_at timestamptz NOT NULL,
    started_at   timestamptz,
    finished_at  timestamptz,
    activities   integer,
    report       jsonb,
    error        text,
    CONSTRAINT silver_rebuild_pk PRIMARY KEY (athlete_id, is_dry_run),
    CONSTRAINT silver_rebuild_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE
);
CREATE INDEX silver_rebuild_waiting ON sync.silver_rebuild (requested_at) WHERE finished_at IS NULL;
COMMENT ON TABLE sync.silver_rebuild IS 'The last rebuild of an athlete''s silver that was requested, and the last dry run: one row each. Without an end it is waiting, running, or will go on after a restart.';
COMMENT ON COLUMN sync.silver_rebuild.is_dry_run IS 'The rows are made and compared, then discarded.';
COMMENT ON COLUMN sync.silver_rebuild.requested_at IS 'When it was last requested.';
COMMENT ON COLUMN sync.silver_rebuild.started_at IS 'Since when it has been running; null: it is waiting.';
COMMENT ON COLUMN sync.silver_rebuild.finished_at IS 'When it ended, with or without an error; null: not yet.';
COMMENT ON COLUMN sync.silver_rebuild.activities IS 'Activities that were made again.';
COMMENT ON COLUMN sync.silver_rebuild.report IS 'Rows per table (before, after, added, changed, removed) and sums of the main figures (before, after).';
COMMENT ON COLUMN sync.silver_rebuild.error IS 'Why the former rows were kept; null: they were replaced.';

-- A row, because any login, a reader's too, may take an advisory lock and so keep silver from being made; only a login that may write a row
-- can lock it.
CREATE TABLE sync.silver_lock (
    athlete_id bigint  NOT NULL,
    is_rebuild boolean NOT NULL,
    CONSTRAINT silver_lock_pk PRIMARY KEY (athlete_id, is_rebuild),
    CONSTRAINT silver_lock_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE
);
COMMENT ON TABLE sync.silver_lock IS 'Two rows per athlete, used as locks: a transaction that makes the athlete''s silver locks one of them to its end. Inserted with the athlete.';
COMMENT ON COLUMN sync.silver_lock.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN sync.silver_lock.is_rebuild IS 'True: locked by a rebuild, so that no other rebuild of this athlete begins. False: locked by a transaction that writes the athlete''s silver.';

-- Called row by row, so that no more athletes are locked than are wanted.
CREATE FUNCTION sync.try_silver_lock(p_athlete_id bigint, p_is_rebuild boolean) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM FROM sync.silver_lock WHERE athlete_id = p_athlete_id AND is_rebuild = p_is_rebuild FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND THEN
        RETURN true;
    END IF;
    IF EXISTS (SELECT FROM sync.silver_lock WHERE athlete_id = p_athlete_id AND is_rebuild = p_is_rebuild) THEN
        RETURN false;
    END IF;
    -- Not for an athlete who was erased meanwhile, whose work a statement that began before still sees.
    INSERT INTO sync.silver_lock
    SELECT athlete_id, p_is_rebuild FROM sync.athlete WHERE athlete_id = p_athlete_id FOR KEY SHARE
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION sync.try_silver_lock IS 'Locks the athlete''s row of silver_lock to the end of the transaction; false when another transaction holds it. Inserts the row, which registration makes, when it is missing and the athlete is not.';
