-- What is missing of each athlete and how old the data is, for dashboards, which can't read schema sync.
--
-- The ledger stays in sync, where each landing writes it anyway: a table in silver would be a second copy to keep true. The views therefore
-- belong to the owner of the schemas and read the ledger with the owner's rights; they show counts and times, no reason text, scope or token.
-- silver.may_read_athlete restricts them to the caller's athletes: a function in a view runs with the caller's rights, so row-level security
-- on silver.athlete applies to these views as well. What they show comes from the API, whatever sources the athlete has.

-- A login that reads every athlete also sees those who have no rows in silver yet: silver.completeness is to show what they lack.
CREATE FUNCTION silver.may_read_athlete(asked bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN NOT row_security_active('silver.athlete'::regclass)
        OR EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname IN ('fitness_dashboard', 'fitnessd') AND pg_has_role(r.oid, 'USAGE'))
        OR EXISTS (SELECT FROM silver.athlete AS a WHERE a.athlete_id = asked) AND silver.reader_has((silver.reader_rights()).api_rows);
END
$$;
COMMENT ON FUNCTION silver.may_read_athlete IS 'Whether the caller may read this athlete''s rows: always without restriction by row-level security, else if silver.athlete shows the athlete.';
-- It runs with its caller's rights and says nothing that the caller could not read.
GRANT EXECUTE ON FUNCTION silver.may_read_athlete TO PUBLIC;

CREATE VIEW silver.completeness WITH (security_barrier = true) AS
SELECT
    a.athlete_id, e.endpoint,
    coalesce(k.listed, 0) AS listed, coalesce(k.landed, 0) AS landed, coalesce(k.pending, 0) AS pending, coalesce(k.empty, 0) AS empty,
    coalesce(k.no_scope, 0) AS no_scope, coalesce(k.gone, 0) AS gone, coalesce(k.failed, 0) AS failed,
    coalesce(k.quarantined, 0) AS quarantined,
    (k.landed + k.empty)::float8 / nullif(k.listed - k.gone - k.expired, 0) AS share_complete,
    k.oldest_gap_at, coalesce(k.expired, 0) AS expired
FROM sync.athlete a
CROSS JOIN (VALUES ('summary'), ('detail'), ('streams'), ('zones'), ('profile'), ('athlete_zones'), ('athlete_stats'), ('gear')) AS e(endpoint)
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
COMMENT ON VIEW silver.completeness IS 'The state of each athlete''s data: one row per athlete and kind of answer. Counts are activities, or for the last four endpoints the athlete''s own objects.';
COMMENT ON COLUMN silver.completeness.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.completeness.endpoint IS 'Kind of answer: summary (from the list), detail (laps and more), streams (point by point), zones (Strava''s own of the activity, only with FITNESSD_ACTIVITY_ZONES=on); profile, athlete_zones, athlete_stats and gear, which belong to no single activity.';
COMMENT ON COLUMN silver.completeness.listed IS 'Activities that were ever listed, also those that are gone; of gear, the items that lists named.';
COMMENT ON COLUMN silver.completeness.landed IS 'Activities whose answer is here.';
COMMENT ON COLUMN silver.completeness.pending IS 'Activities whose answer will be fetched.';
COMMENT ON COLUMN silver.completeness.empty IS 'Activities for which Strava has none, for example streams of a manual entry.';
COMMENT ON COLUMN silver.completeness.no_scope IS 'Activities that the athlete''s grant does not cover.';
COMMENT ON COLUMN silver.completeness.gone IS 'Activities that were deleted at Strava, or may no longer be seen.';
COMMENT ON COLUMN silver.completeness.failed IS 'Activities whose fetch failed and will be tried again.';
COMMENT ON COLUMN silver.completeness.quarantined IS 'Activities in quarantine after repeated failures, until an admin acts.';
COMMENT ON COLUMN silver.completeness.share_complete IS 'Share (0 to 1) of the activities that are neither gone nor expired for which nothing is missing: landed, or empty. Null: none are known.';
COMMENT ON COLUMN silver.completeness.oldest_gap_at IS 'Start of the oldest activity whose answer is missing (pending, failed, quarantined or no_scope). Null: no gap.';
COMMENT ON COLUMN silver.completeness.expired IS 'Activities whose answer was here and was removed, when the time that copies may be kept had passed.';

CREATE VIEW silver.freshness WITH (security_barrier = true) AS
SELECT
    a.athlete_id,
    CASE WHEN a.state = 'active' AND a.paused_until > now() THEN 'paused' ELSE a.state END AS state,
    v.newest_start_at AS newest_activity_at, c.listed_at, c.history_complete_at,
    extract(epoch FROM now() - v.newest_start_at)::float8 AS newest_activity_age_s,
    extract(epoch FROM now() - c.listed_at)::float8 AS data_age_s,
    w.backlog AS silver_backlog, w.oldest_at AS silver_backlog_oldest_at
FROM sync.athlete a
LEFT JOIN sync.cursor c ON c.athlete_id = a.athlete_id
LEFT JOIN LATERAL (
    SELECT start_at AS newest_start_at FROM sync.activity
    WHERE athlete_id = a.athlete_id AND gone_at IS NULL ORDER BY start_at DESC LIMIT 1
) v ON true
LEFT JOIN LATERAL (
    -- What is made anew behind all live work is enqueued at infinity: it is a backlog, but it is not late.
    SELECT count(DISTINCT activity_id) AS backlog, min(enqueued_at) FILTER (WHERE enqueued_at < 'infinity') AS oldest_at
    FROM sync.transform_work WHERE athlete_id = a.athlete_id
) w ON true
WHERE silver.may_read_athlete(a.athlete_id);
COMMENT ON VIEW silver.freshness IS 'The age of each athlete''s data: one row per athlete.';
COMMENT ON COLUMN silver.freshness.athlete_id IS 'Strava''s number for the athlete.';
COMMENT ON COLUMN silver.freshness.state IS 'active; paused by an admin; reconnect: the grant is dead, no new data arrives; erasing.';
COMMENT ON COLUMN silver.freshness.newest_activity_at IS 'Start of the newest listed activity.';
COMMENT ON COLUMN silver.freshness.listed_at IS 'When the list was last read to its end: every activity that started after the newest known one and was at Strava by then is known. Null: never.';
COMMENT ON COLUMN silver.freshness.history_complete_at IS 'When the whole list was last walked, which finds late uploads, edits and deletions. Null: the first walk is under way.';
COMMENT ON COLUMN silver.freshness.newest_activity_age_s IS 'Seconds since the newest activity started.';
COMMENT ON COLUMN silver.freshness.data_age_s IS 'Age of the newest data in seconds: time since listed_at.';
COMMENT ON COLUMN silver.freshness.silver_backlog IS 'Activities (and athlete profiles) that landed and are not yet in the silver tables.';
COMMENT ON COLUMN silver.freshness.silver_backlog_oldest_at IS 'Since when the oldest of them has been waiting. Null: none, or only activities that are made again.';
