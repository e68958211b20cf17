-- What was removed because its time is over: a state of the ledger, the ages to find it by, and a book of what was done.

ALTER TABLE sync.completeness DROP CONSTRAINT completeness_state, ADD CONSTRAINT completeness_state
    CHECK (state IN ('pending', 'landed', 'empty', 'no_scope', 'gone', 'failed', 'quarantined', 'expired'));
ALTER TABLE sync.athlete_object DROP CONSTRAINT athlete_object_state, ADD CONSTRAINT athlete_object_state
    CHECK (state IN ('pending', 'landed', 'empty', 'no_scope', 'gone', 'failed', 'quarantined', 'expired'));
COMMENT ON COLUMN sync.completeness.state IS 'pending; landed; empty: Strava has none; no_scope: not granted; gone: deleted at Strava; failed: will be tried again at next_try_at; quarantined: set aside, see sync.quarantine; expired: it was here, and the time that copies may be kept is over.';

CREATE INDEX answer_by_age ON bronze_strava.answer (fetched_at) WHERE source_id = 1;
CREATE INDEX answer_version_by_receipt ON bronze_strava.answer_version (valid_from) WHERE source_id = 1;

CREATE TABLE sync.retention_run (
    run_id      bigint      GENERATED ALWAYS AS IDENTITY,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    api_cutoff  timestamptz,
    activities  bigint      NOT NULL,
    answers     bigint      NOT NULL,
    versions    bigint      NOT NULL,
    CONSTRAINT retention_run_pk PRIMARY KEY (run_id)
);
COMMENT ON TABLE sync.retention_run IS 'One row per pass of the retention that removed something. It names no athlete.';
COMMENT ON COLUMN sync.retention_run.api_cutoff IS 'Copies of API data received before this instant had to go; null: they are kept.';
COMMENT ON COLUMN sync.retention_run.activities IS 'Activities of which an answer expired: all of each went, in silver too.';
COMMENT ON COLUMN sync.retention_run.answers IS 'Answers removed from bronze.';
COMMENT ON COLUMN sync.retention_run.versions IS 'Earlier versions removed from bronze.';

CREATE OR REPLACE VIEW silver.completeness WITH (security_barrier = true) AS
SELECT
    a.athlete_id, e.endpoint,
    coalesce(k.listed, 0) AS listed, coalesce(k.landed, 0) AS landed, coalesce(k.pending, 0) AS pending, coalesce(k.empty, 0) AS empty,
    coalesce(k.no_scope, 0) AS no_scope, coalesce(k.gone, 0) AS gone, coalesce(k.failed, 0) AS failed,
    coalesce(k.quarantined, 0) AS quarantined,
    (k.landed + k.empty)::float8 / nullif(k.listed - k.gone - k.expired, 0) AS share_complete,
    k.oldest_gap_at, coalesce(k.expired, 0) AS expired
FROM sync.athlete a
CROSS JOIN (VALUES ('summary'), ('detail'), ('streams'), ('profile'), ('athlete_zones'), ('gear')) AS e(endpoint)
LEFT JOIN (
    SELECT
        athlete_id, endpoint, count(*) AS listed,
        count(*) FILTER (WHERE state = 'landed') AS landed, count(*) FILTER (WHERE state = 'pending') AS pending,
        count(*) FILTER (WHERE state = 'empty') AS empty, count(*) FILTER (WHERE state = 'no_scope') AS no_scope,
        count(*) FILTER (WHERE state = 'gone') AS gone, count(*) FILTER (WHERE state = 'failed') AS failed,
        count(*) FILTER (WHERE state = 'quarantined') AS quarantined, count(*) FILTER (WHERE state = 'expired') AS expired,
        min(start_at) FILTER (WHERE state NOT IN ('landed', 'empty', 'gone', 'expired')) AS oldest_gap_at
    FROM (
        SELECT athlete_id, endpoint, state, start_at FROM sync.completeness
        UNION ALL
        SELECT athlete_id, endpoint, state, NULL FROM sync.athlete_object
    ) AS l
    GROUP BY athlete_id, endpoint
) k ON k.athlete_id = a.athlete_id AND k.endpoint = e.endpoint
WHERE silver.may_read_athlete(a.athlete_id);
COMMENT ON COLUMN silver.completeness.share_complete IS 'Share (0 to 1) of the activities that are neither gone nor expired for which nothing is missing: landed, or empty. Null: none are known.';
COMMENT ON COLUMN silver.completeness.expired IS 'Activities whose answer was here and was removed, because the time that copies may be kept is over.';
