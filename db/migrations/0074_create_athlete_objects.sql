-- The ledger of what belongs to the athlete and not to one activity: the profile, the zones, each bike and pair of shoes.

CREATE TABLE sync.athlete_object (
    athlete_id  bigint      NOT NULL,
    endpoint    text        NOT NULL,
    object      text        NOT NULL DEFAULT '',
    state       text        NOT NULL DEFAULT 'pending',
    reason      text,
    attempts    integer     NOT NULL DEFAULT 0,
    next_try_at timestamptz,
    checked_at  timestamptz,
    used_at     timestamptz,
    CONSTRAINT athlete_object_pk PRIMARY KEY (athlete_id, endpoint, object),
    CONSTRAINT athlete_object_athlete_fk FOREIGN KEY (athlete_id) REFERENCES sync.athlete ON DELETE CASCADE,
    CONSTRAINT athlete_object_endpoint CHECK (endpoint IN ('profile', 'athlete_zones', 'gear')),
    CONSTRAINT athlete_object_state CHECK (state IN ('pending', 'landed', 'empty', 'no_scope', 'gone', 'failed', 'quarantined'))
);
COMMENT ON TABLE sync.athlete_object IS 'What is here and what is not, and why, of the athlete''s own objects: one row per athlete and object. A profile or zones without a row were never asked for.';
COMMENT ON COLUMN sync.athlete_object.endpoint IS 'profile, athlete_zones or gear.';
COMMENT ON COLUMN sync.athlete_object.object IS 'Strava''s id of the gear (b… a bike, g… shoes); empty for the others.';
COMMENT ON COLUMN sync.athlete_object.state IS 'As in sync.completeness.';
COMMENT ON COLUMN sync.athlete_object.checked_at IS 'When Strava last answered, with the same bytes or others; null: never.';
COMMENT ON COLUMN sync.athlete_object.used_at IS 'Start of the newest activity that a list named with this gear.';

INSERT INTO sync.athlete_object (athlete_id, endpoint, state, checked_at)
SELECT athlete_id, 'profile', 'landed', max(fetched_at) FROM bronze_strava.answer WHERE source_id = 1 AND endpoint = 4 GROUP BY athlete_id;

COMMENT ON COLUMN bronze_strava.answer.object_id IS 'Activity id for endpoints 1, 2, 3 and 6; athlete id for 4 and 5; for 7 the number in the gear''s id, negative for shoes.';

CREATE OR REPLACE VIEW silver.completeness WITH (security_barrier = true) AS
SELECT
    a.athlete_id, e.endpoint,
    coalesce(k.listed, 0) AS listed, coalesce(k.landed, 0) AS landed, coalesce(k.pending, 0) AS pending, coalesce(k.empty, 0) AS empty,
    coalesce(k.no_scope, 0) AS no_scope, coalesce(k.gone, 0) AS gone, coalesce(k.failed, 0) AS failed,
    coalesce(k.quarantined, 0) AS quarantined,
    (k.landed + k.empty)::float8 / nullif(k.listed - k.gone, 0) AS share_complete,
    k.oldest_gap_at
FROM sync.athlete a
CROSS JOIN (VALUES ('summary'), ('detail'), ('streams'), ('profile'), ('athlete_zones'), ('gear')) AS e(endpoint)
LEFT JOIN (
    SELECT
        athlete_id, endpoint, count(*) AS listed,
        count(*) FILTER (WHERE state = 'landed') AS landed, count(*) FILTER (WHERE state = 'pending') AS pending,
        count(*) FILTER (WHERE state = 'empty') AS empty, count(*) FILTER (WHERE state = 'no_scope') AS no_scope,
        count(*) FILTER (WHERE state = 'gone') AS gone, count(*) FILTER (WHERE state = 'failed') AS failed,
        count(*) FILTER (WHERE state = 'quarantined') AS quarantined,
        min(start_at) FILTER (WHERE state NOT IN ('landed', 'empty', 'gone')) AS oldest_gap_at
    FROM (
        SELECT athlete_id, endpoint, state, start_at FROM sync.completeness
        UNION ALL
        SELECT athlete_id, endpoint, state, NULL FROM sync.athlete_object
    ) AS l
    GROUP BY athlete_id, endpoint
) k ON k.athlete_id = a.athlete_id AND k.endpoint = e.endpoint
WHERE silver.may_read_athlete(a.athlete_id);
COMMENT ON VIEW silver.completeness IS 'What of each athlete is here and what is not: one row per athlete and kind of answer. Counts are activities, or for the last three endpoints objects of the athlete''s own.';
COMMENT ON COLUMN silver.completeness.endpoint IS 'Kind of answer: summary (from the list), detail (laps and more), streams (point by point); profile, athlete_zones and gear, which belong to no single activity.';
COMMENT ON COLUMN silver.completeness.listed IS 'Activities that a list ever named, also those that are gone; of gear, what a list named.';
